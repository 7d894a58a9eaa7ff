import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api';
import { JsonTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { StreamFacts } from '../../diagnose/facts/stream-facts';
import type { Diagnosis, Finding } from '../../diagnose/rule';
import { createDiagnoser } from '../../diagnose/run';
import { decodeUtf8, encodeUtf8 } from '../../lib/text';
import { headerValue } from '../../trace/headers';
import { Direction, type StreamRecord, type Trace } from '../../trace/types';
import { redactorFor } from '../redact';
import { sipHash } from '../redaction/fingerprint';
import type { ExportOptions } from './trace-json';

type Span = Parameters<typeof JsonTraceSerializer.serializeRequest>[0][number];
type Attributes = Span['attributes'];
type SpanEvent = Span['events'][number];
type HrTime = Span['startTime'];

/** Spans in one request: collectors refuse bodies of more than a few megabytes. */
const SPANS_PER_REQUEST = 200;
/** Span events for deliveries; of more, the first and the last ones are kept, and how many are missing is told. */
const MAX_EVENTS = 256;

/**
 * The recording as OTLP/JSON: one `ExportTraceServiceRequest` per line (the format of OpenTelemetry's file exporter), each
 * of which can be posted to `/v1/traces`. A stream is a client span; where the page sent a `traceparent`, the span joins that
 * trace as a child of the page's own span. Names follow the semantic conventions for HTTP; what these have no name for is
 * under `streamgauge.`.
 */
export function* otlpLines(
  trace: Trace,
  { findings }: Diagnosis,
  { redact = true, ...redaction }: ExportOptions = {},
): Generator<string> {
  const redactor = redact ? redactorFor(trace, redaction) : null;
  const { meta } = redactor?.head(trace) ?? trace;
  const diagnoser = createDiagnoser(trace, []);
  diagnoser.update();
  const common = {
    resource: resourceOf(meta),
    instrumentationScope: { name: 'streamgauge', version: meta.recorderVersion },
  };
  const byStream = new Map<string, Finding[]>();
  for (const finding of findings) {
    byStream.set(finding.stream.id, [...(byStream.get(finding.stream.id) ?? []), finding]);
  }
  let batch: Span[] = [];
  for (const original of trace.streams) {
    const stream = redactor?.stream(original) ?? original;
    const told = (byStream.get(stream.id) ?? []).map((finding) => ({
      ...finding,
      summary: redactor?.text(finding.summary) ?? finding.summary,
    }));
    const facts = diagnoser.factsOf(stream.id)!;
    batch.push({ ...common, ...spanOf(stream, facts, told, trace.meta.originEpochMs, redaction.salt ?? '') });
    if (batch.length < SPANS_PER_REQUEST) continue;
    yield lineOf(batch);
    batch = [];
  }
  if (batch.length > 0) yield lineOf(batch);
}

function lineOf(spans: Span[]): string {
  const bytes = JsonTraceSerializer.serializeRequest(spans);
  if (!bytes) throw new Error('The spans could not be written as OTLP.');
  return `${decodeUtf8(bytes)}\n`;
}

function resourceOf(meta: Trace['meta']): Span['resource'] {
  const attributes: Attributes = {
    'service.name': 'streamgauge',
    'service.version': meta.recorderVersion,
    ...(meta.browser !== null && { 'user_agent.name': meta.browser }),
    ...(meta.pageUrl !== null && { 'streamgauge.page.url': meta.pageUrl }),
  };
  // The transformer reads these two members; the rest of the class is for merging.
  return { attributes, asyncAttributesPending: false } as Span['resource'];
}

function spanOf(
  stream: StreamRecord,
  facts: StreamFacts,
  findings: readonly Finding[],
  originEpochMs: number,
  salt: string,
): Omit<Span, 'resource' | 'instrumentationScope'> {
  const { request, response, timing, end } = stream;
  const context = contextOf(stream, originEpochMs, salt);
  const startMs = timing.startedAtMs;
  const endMs = Math.max(startMs, end?.atMs ?? startMs + facts.ageMs);
  const error = errorOf(stream);
  const { events, dropped } = eventsOf(stream, originEpochMs);
  const hrTime = (atMs: number) => hrTimeOf(originEpochMs + atMs);
  return {
    name: request.method,
    kind: SpanKind.CLIENT,
    spanContext: () => context.own,
    ...(context.parent && { parentSpanContext: context.parent }),
    startTime: hrTime(startMs),
    endTime: hrTime(endMs),
    duration: hrTimeOf(endMs - startMs),
    ended: true,
    status: error === null ? { code: SpanStatusCode.UNSET } : { code: SpanStatusCode.ERROR, message: error },
    attributes: {
      'http.request.method': request.method,
      'url.full': request.url,
      ...serverOf(request.url),
      ...(response && response.status > 0 && { 'http.response.status_code': response.status }),
      ...protocolOf(response?.protocol ?? null),
      ...(response?.remoteAddress && { 'network.peer.address': response.remoteAddress }),
      ...(error !== null && { 'error.type': error }),
      'http.response.body.size': facts.byteLength,
      'streamgauge.stream.id': stream.id,
      'streamgauge.stream.kind': stream.kind,
      'streamgauge.stream.nature': facts.nature,
      'streamgauge.stream.end': end?.kind ?? 'open',
      'streamgauge.stream.event_count': facts.eventCount,
      ...(facts.firstByteMs !== null && { 'streamgauge.stream.first_byte_ms': facts.firstByteMs }),
      ...(facts.timesKnown && { 'streamgauge.stream.longest_gap_ms': facts.gaps.longestMs }),
      ...findingAttributes(findings),
    },
    links: [],
    events,
    droppedAttributesCount: 0,
    droppedEventsCount: dropped,
    droppedLinksCount: 0,
  };
}

function findingAttributes(findings: readonly Finding[]): Attributes {
  if (findings.length === 0) return {};
  const attributes: Attributes = { 'streamgauge.findings': findings.map(({ id }) => id) };
  for (const { id, severity, confidence, summary, supersededBy } of findings) {
    attributes[`streamgauge.finding.${id}.severity`] = severity;
    attributes[`streamgauge.finding.${id}.confidence`] = confidence;
    attributes[`streamgauge.finding.${id}.summary`] = summary;
    if (supersededBy !== null) attributes[`streamgauge.finding.${id}.explained_by`] = supersededBy;
  }
  return attributes;
}

interface Contexts {
  own: ReturnType<Span['spanContext']>;
  parent: ReturnType<Span['spanContext']> | null;
}

/** W3C Trace Context, level 1, section 3.2. */
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:-|$)/;

/** Ids are made of the recording and the salt: there is no chance here, and the same export gives the same ids. */
function contextOf(stream: StreamRecord, originEpochMs: number, salt: string): Contexts {
  const seed = `${salt}\n${originEpochMs}\n${stream.id}\n${stream.request.url}`;
  const spanId = hexId(seed, 2, 1);
  const sent = TRACEPARENT.exec(headerValue(stream.request.headers, 'traceparent')?.trim() ?? '');
  if (!sent) {
    return {
      own: { traceId: hexId(`${seed}\ntrace`, 4, 2), spanId, traceFlags: TraceFlags.SAMPLED },
      parent: null,
    };
  }
  const [, traceId = '', parentId = '', flags = '01'] = sent;
  const traceFlags = Number.parseInt(flags, 16) & TraceFlags.SAMPLED;
  return {
    own: { traceId, spanId, traceFlags },
    parent: { traceId, spanId: parentId, traceFlags, isRemote: true },
  };
}

function hexId(seed: string, words: number, rounds: number): string {
  const bytes = encodeUtf8(seed);
  let id = '';
  for (let round = 0; round < rounds; round++) {
    for (const word of sipHash([round, 1, 2, 3], bytes)) id += word.toString(16).padStart(8, '0');
  }
  const cut = id.slice(0, words * 8);
  // All zero means "no id".
  return /^0+$/.test(cut) ? `${cut.slice(1)}1` : cut;
}

function hrTimeOf(epochMs: number): HrTime {
  const seconds = Math.floor(epochMs / 1000);
  return [seconds, Math.round((epochMs - seconds * 1000) * 1e6)];
}

function eventsOf(stream: StreamRecord, originEpochMs: number): { events: SpanEvent[]; dropped: number } {
  const { chunks, messages, timing } = stream;
  const columns = chunks.atMs.length > 0 ? chunks : messages;
  const count = columns.atMs.length;
  const events: SpanEvent[] = [];
  if (timing.headersAtMs !== null) {
    events.push({ name: 'http.response.headers', time: hrTimeOf(originEpochMs + timing.headersAtMs) });
  }
  for (let index = 0; index < count; index++) {
    if (index === MAX_EVENTS / 2) index = Math.max(index, count - MAX_EVENTS / 2);
    const isSent = columns === messages && messages.direction[index] === Direction.sent;
    events.push({
      name: columns === messages ? 'message' : 'http.response.body.chunk',
      time: hrTimeOf(originEpochMs + columns.atMs[index]!),
      attributes: {
        'streamgauge.chunk.index': index,
        'streamgauge.chunk.size': columns.byteLength[index]!,
        ...(columns === messages && { 'network.io.direction': isSent ? 'transmit' : 'receive' }),
      },
    });
  }
  return { events, dropped: Math.max(0, count - MAX_EVENTS) };
}

/** What went wrong, in few different words, as `error.type` asks for. */
function errorOf({ response, end }: StreamRecord): string | null {
  if (end?.kind === 'error' || end?.kind === 'refused') return end.netError ?? end.kind;
  return response && response.status >= 400 ? String(response.status) : null;
}

const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443, 'ws:': 80, 'wss:': 443 };

function serverOf(url: string): Attributes {
  if (!URL.canParse(url)) return {};
  const { hostname, port, protocol } = new URL(url);
  if (hostname === '') return {};
  const number = port === '' ? DEFAULT_PORTS[protocol] : Number(port);
  return { 'server.address': hostname, ...(number !== undefined && { 'server.port': number }) };
}

function protocolOf(protocol: string | null): Attributes {
  if (protocol === null) return {};
  if (protocol === 'ws') return { 'network.protocol.name': 'websocket' };
  const version = protocol.replace(/^http\/|^h(?=\d)/, '');
  return { 'network.protocol.name': 'http', 'network.protocol.version': version };
}
