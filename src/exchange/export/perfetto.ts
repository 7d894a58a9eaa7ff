import { createDecoder } from '../../decode/decoder';
import { EventKind } from '../../decode/types';
import type { Diagnosis, Finding } from '../../diagnose/rule';
import { formatMs } from '../../lib/format';
import { Direction, type StreamRecord, type Trace } from '../../trace/types';
import { type Redactor, redactorFor } from '../redact';
import type { ExportOptions } from './trace-json';

/** Silences from here on are drawn as slices of their own. */
const MIN_GAP_MS = 250;
/** Deliveries that are drawn; viewers grow slow far earlier than files grow large. */
const MAX_INSTANTS = 300_000;
const MAX_DATA_LENGTH = 200;

/** An event of the Trace Event Format; times are microseconds. */
interface TraceEvent {
  ph: 'M' | 'X' | 'i' | 'C' | 'b' | 'e';
  pid: number;
  tid: number;
  ts?: number;
  dur?: number;
  name: string;
  cat?: string;
  id?: string;
  s?: 't';
  args?: Record<string, unknown>;
}

/**
 * The recording in Chrome's Trace Event Format, which ui.perfetto.dev and chrome://tracing open: a track per stream with its
 * phases and silences as slices and its deliveries as instants, bytes as a counter, and findings as slices beside it.
 * Events come one per line.
 */
export function* perfettoPieces(
  trace: Trace,
  { findings }: Diagnosis,
  { redact = true, ...redaction }: ExportOptions = {},
): Generator<string> {
  const redactor = redact ? redactorFor(trace, redaction) : null;
  const { meta } = redactor?.head(trace) ?? trace;
  const otherData = {
    tool: `Streamgauge ${meta.recorderVersion}`,
    page: meta.pageUrl ?? '',
    browser: meta.browser ?? '',
    began: new Date(meta.originEpochMs).toISOString(),
  };
  // Times before the recording began would be negative, which viewers refuse.
  const originMs = Math.min(0, ...trace.streams.map(({ timing }) => timing.startedAtMs));
  const pen = new Pen(originMs, redactor);
  yield `{"displayTimeUnit":"ms","otherData":${JSON.stringify(otherData)},"traceEvents":[\n`;
  let isFirst = true;
  const lines = function* (events: Iterable<TraceEvent>) {
    for (const event of events) {
      yield `${isFirst ? '' : ',\n'}${JSON.stringify(event)}`;
      isFirst = false;
    }
  };
  yield* lines([{ ph: 'M', pid: 1, tid: 0, name: 'process_name', args: { name: 'Streams' } }]);
  const byStream = groupByStream(findings);
  for (const [index, stream] of trace.streams.entries()) {
    yield* lines(pen.streamEvents(redactor?.stream(stream) ?? stream, index + 1));
    yield* lines(pen.findingEvents(byStream.get(stream.id) ?? [], stream, index + 1));
  }
  yield '\n]}\n';
}

function groupByStream(findings: readonly Finding[]): Map<string, Finding[]> {
  const groups = new Map<string, Finding[]>();
  for (const finding of findings) {
    groups.set(finding.stream.id, [...(groups.get(finding.stream.id) ?? []), finding]);
  }
  return groups;
}

class Pen {
  readonly #originMs: number;
  readonly #redactor: Redactor | null;
  #instantsLeft = MAX_INSTANTS;

  constructor(originMs: number, redactor: Redactor | null) {
    this.#originMs = originMs;
    this.#redactor = redactor;
  }

  #micros(atMs: number): number {
    return Math.max(0, Math.round((atMs - this.#originMs) * 1000));
  }

  #slice(tid: number, name: string, cat: string, fromMs: number, toMs: number, args = {}): TraceEvent {
    const ts = this.#micros(fromMs);
    return { ph: 'X', pid: 1, tid, name, cat, ts, dur: Math.max(0, this.#micros(toMs) - ts), args };
  }

  /** Slices of one track lie within each other or beside each other: phases within the stream, silences within a phase. */
  *streamEvents(stream: StreamRecord, tid: number): Generator<TraceEvent> {
    const { request, response, timing, chunks, messages, end, kind } = stream;
    const columns = chunks.atMs.length > 0 ? chunks : messages;
    const startMs = timing.startedAtMs;
    const lastMs = Math.max(startMs, timing.headersAtMs ?? 0, columns.atMs.at(-1) ?? 0);
    const endMs = Math.max(end?.atMs ?? lastMs, startMs);
    const title = `${request.method} ${pathOf(request.url)}`;
    yield { ph: 'M', pid: 1, tid, name: 'thread_name', args: { name: `${stream.id} ${title}` } };
    yield { ph: 'M', pid: 1, tid, name: 'thread_sort_index', args: { sort_index: tid } };
    yield this.#slice(tid, title, 'stream', startMs, endMs, {
      url: request.url,
      kind,
      status: response?.status ?? null,
      protocol: response?.protocol ?? null,
      end: end?.kind ?? 'still open',
      ...(end?.netError && { error: end.netError }),
    });
    const headersMs = within(timing.headersAtMs, startMs, endMs);
    if (headersMs !== null) yield this.#slice(tid, 'waiting for headers', 'phase', startMs, headersMs);
    const bodyMs = headersMs ?? startMs;
    if (columns.atMs.length > 0 || end) {
      yield this.#slice(tid, kind === 'websocket' ? 'open' : 'body', 'phase', bodyMs, endMs);
    }
    yield* this.#silences(tid, columns.atMs, bodyMs, endMs);
    yield* this.#instants(tid, stream);
  }

  *#silences(tid: number, atMs: readonly number[], fromMs: number, endMs: number): Generator<TraceEvent> {
    let lastMs = fromMs;
    for (const at of [...atMs, endMs]) {
      if (at - lastMs >= MIN_GAP_MS) {
        yield this.#slice(tid, `silence ${formatMs(at - lastMs)}`, 'gap', lastMs, at, { gapMs: at - lastMs });
      }
      lastMs = Math.max(lastMs, at);
    }
  }

  *#instants(tid: number, stream: StreamRecord): Generator<TraceEvent> {
    const { chunks, messages } = stream;
    const columns = chunks.atMs.length > 0 ? chunks : messages;
    let bytes = 0;
    for (const [index, at] of columns.atMs.entries()) {
      if (this.#instantsLeft-- <= 0) return;
      const byteLength = columns.byteLength[index]!;
      const isSent = columns === messages && messages.direction[index] === Direction.sent;
      const name = isSent ? 'sent' : columns === messages ? 'message' : 'chunk';
      yield { ...this.#instant(tid, name, at), args: { index, byteLength } };
      if (isSent) continue;
      bytes += byteLength;
      yield { ph: 'C', pid: 1, tid, ts: this.#micros(at), name: `${stream.id} bytes`, args: { bytes } };
    }
    if (columns === messages) return;
    const { events } = createDecoder(stream).decoded;
    for (const [index, at] of events.atMs.entries()) {
      if (this.#instantsLeft-- <= 0) return;
      const isData = events.kind[index] === EventKind.data;
      const data = events.data[index]?.slice(0, MAX_DATA_LENGTH) ?? null;
      const name = isData ? (events.name[index] ?? 'event') : 'heartbeat';
      yield { ...this.#instant(tid, name, at), cat: 'event', args: { index, data } };
    }
  }

  #instant(tid: number, name: string, atMs: number): TraceEvent {
    return { ph: 'i', pid: 1, tid, ts: this.#micros(atMs), name, cat: 'delivery', s: 't' };
  }

  /** Findings may overlap, which slices of one track must not: they are pairs of begin and end with an id of their own. */
  *findingEvents(findings: readonly Finding[], stream: StreamRecord, tid: number): Generator<TraceEvent> {
    const hide = (text: string) => this.#redactor?.text(text) ?? text;
    for (const finding of findings) {
      const spans = finding.evidence.flatMap(({ at }) => (at?.fromMs === undefined ? [] : [at]));
      const fromMs = Math.min(
        ...spans.map((at) => at.fromMs!),
        ...(spans.length > 0 ? [] : [stream.timing.startedAtMs]),
      );
      const wholeMs = stream.end?.atMs ?? stream.chunks.atMs.at(-1) ?? stream.messages.atMs.at(-1) ?? fromMs;
      const toMs = Math.max(
        fromMs,
        ...spans.map((at) => at.toMs ?? at.fromMs!),
        ...(spans.length > 0 ? [] : [wholeMs]),
      );
      const common = { pid: 1, tid, name: finding.id, cat: 'finding', id: finding.key };
      yield {
        ...common,
        ph: 'b',
        ts: this.#micros(fromMs),
        args: {
          summary: hide(finding.summary),
          severity: finding.severity,
          confidence: finding.confidence,
          supersededBy: finding.supersededBy,
        },
      };
      yield { ...common, ph: 'e', ts: this.#micros(toMs) };
    }
  }
}

function within(atMs: number | null, fromMs: number, toMs: number): number | null {
  return atMs === null ? null : Math.min(Math.max(atMs, fromMs), toMs);
}

function pathOf(url: string): string {
  return url.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i, '').split(/[?#]/)[0] || '/';
}
