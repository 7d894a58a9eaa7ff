import { createDecoder } from '../../decode/decoder';
import { encodeBase64 } from '../../lib/base64';
import { concatBytes } from '../../lib/bytes';
import { decodeUtf8Strictly, encodeUtf8 } from '../../lib/text';
import { headerValue } from '../../trace/headers';
import { Confidence, Direction, type Header, Opcode, type StreamRecord, type Trace } from '../../trace/types';
import { redactTrace } from '../redact';
import type { ExportOptions } from './trace-json';

/** What HAR has no place for; a trace file keeps all of it. */
export const HAR_LOSSES: readonly string[] = [
  'Times and sizes of single chunks: only events keep their times.',
  'How sure each time is.',
  'Fetch options: credentials mode, abort signal.',
  'Frames, reconnecting objects, and spans in which the page was blocked.',
  'What the recording lost.',
  'Close codes of WebSockets, and whether a stream was still open.',
  'Heartbeats (SSE comments), other than in the body text.',
];

/**
 * HAR 1.2 with Chrome's extensions (`_eventSourceMessages`, `_webSocketMessages`, `_error`, `_resourceType`), which
 * Chrome's network panel and this program's own import read. What is lost: `HAR_LOSSES`, also in `log.comment`.
 */
export function exportHar(
  trace: Trace,
  { redact = true, ...redaction }: ExportOptions = {},
): { log: object } {
  const shown = redact ? redactTrace(trace, redaction) : trace;
  const entries = shown.streams.map((stream) => entryOf(stream, shown.meta.originEpochMs));
  return { log: { ...headOf(shown), entries } };
}

/** The same as text, entry by entry: a large recording is never one string. */
export function* harPieces(
  trace: Trace,
  { redact = true, ...redaction }: ExportOptions = {},
): Generator<string> {
  const shown = redact ? redactTrace(trace, redaction) : trace;
  yield JSON.stringify({ log: { ...headOf(shown), entries: [] } }).slice(0, -']}}'.length);
  for (const [index, stream] of shown.streams.entries()) {
    yield `${index === 0 ? '\n' : ',\n'}${JSON.stringify(entryOf(stream, shown.meta.originEpochMs))}`;
  }
  yield ']}}\n';
}

function headOf({ meta }: Trace): object {
  return {
    version: '1.2',
    creator: { name: 'Streamgauge', version: meta.recorderVersion },
    ...(meta.browser && { browser: { name: meta.browser, version: '' } }),
    pages: [
      {
        startedDateTime: isoTime(meta.originEpochMs),
        id: 'page_1',
        title: meta.pageUrl ?? '',
        pageTimings: { onContentLoad: -1, onLoad: -1 },
      },
    ],
    // Underscored, as HAR wants members of its own: an import knows from it what not to expect.
    _missing: meta.missing,
    comment: `Exported by Streamgauge. Not in this file: ${HAR_LOSSES.join(' ')}`,
  };
}

function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

function entryOf(stream: StreamRecord, originEpochMs: number): object {
  const { request, response, timing, end } = stream;
  const timings = timingsOf(stream);
  const content = contentOf(stream);
  const isSocket = stream.kind === 'websocket';
  const sumMs =
    Object.values(timings).reduce((sum, ms) => sum + Math.max(0, ms), 0) - Math.max(0, timings.ssl);
  // Some sources know how long it took, and not what the time went on.
  const time = Math.max(sumMs, end ? end.atMs - timing.startedAtMs : 0);
  return {
    pageref: 'page_1',
    startedDateTime: isoTime(originEpochMs + timing.startedAtMs),
    time,
    timings,
    cache: {},
    serverIPAddress: response?.remoteAddress ?? '',
    ...(response?.connectionId && { _connectionId: response.connectionId }),
    _resourceType: stream.kind,
    ...(response?.fromCache && { _fromCache: 'disk' }),
    request: {
      method: request.method,
      url: request.url,
      httpVersion: response?.protocol ?? '',
      headers: named(request.headers),
      queryString: queryOf(request.url),
      cookies: [],
      headersSize: -1,
      bodySize: request.body?.byteLength ?? 0,
      ...(request.body && {
        postData: { mimeType: headerValue(request.headers, 'content-type') ?? '', text: request.body.text },
      }),
    },
    response: {
      status: response?.status ?? statusOfSocket(stream),
      statusText: response?.statusText ?? '',
      httpVersion: response?.protocol ?? '',
      headers: named(response?.headers ?? []),
      cookies: [],
      content,
      redirectURL: headerValue(response?.headers ?? [], 'location') ?? '',
      headersSize: -1,
      bodySize: -1,
      _transferSize: stream.chunks.byteLength.reduce((sum, length) => sum + length, 0),
      _error: end?.netError ?? (isSocket || end?.kind === 'complete' ? null : (end?.message ?? null)),
      ...(response?.fromServiceWorker && { _fetchedViaServiceWorker: true }),
    },
    ...messagesOf(stream, originEpochMs, 'text' in content),
  };
}

/** The page never sees the handshake's status; that a WebSocket opened says it. */
function statusOfSocket({ kind, end }: StreamRecord): number {
  return kind === 'websocket' && end?.kind !== 'refused' ? 101 : 0;
}

function named(headers: readonly Header[]): { name: string; value: string }[] {
  return headers.map(([name, value]) => ({ name, value }));
}

function queryOf(url: string): { name: string; value: string }[] {
  try {
    return [...new URL(url).searchParams].map(([name, value]) => ({ name, value }));
  } catch {
    return [];
  }
}

interface Timings {
  blocked: number;
  dns: number;
  connect: number;
  ssl: number;
  send: number;
  wait: number;
  receive: number;
}

/** The network's own phases where they are known, else what the page saw. HAR has -1 for "not known". */
function timingsOf({ timing, chunks, messages, end }: StreamRecord): Timings {
  const { phases } = timing;
  const lastMs =
    end?.atMs ?? Math.max(chunks.atMs.at(-1) ?? 0, messages.atMs.at(-1) ?? 0, timing.startedAtMs);
  if (phases) {
    return {
      blocked: phases.blockedMs ?? -1,
      dns: phases.dnsMs ?? -1,
      connect: phases.connectMs ?? -1,
      ssl: phases.sslMs ?? -1,
      send: phases.sendMs ?? 0,
      wait: phases.waitMs ?? -1,
      receive: phases.receiveMs ?? -1,
    };
  }
  const sentAtMs = timing.sentAtMs ?? timing.startedAtMs;
  const answeredAtMs = timing.headersAtMs ?? timing.firstByteAtMs ?? lastMs;
  return {
    blocked: Math.max(0, sentAtMs - timing.startedAtMs),
    dns: -1,
    connect: -1,
    ssl: -1,
    send: 0,
    wait: Math.max(0, answeredAtMs - sentAtMs),
    receive: Math.max(0, lastMs - Math.max(answeredAtMs, sentAtMs)),
  };
}

function contentOf({ response, chunks }: StreamRecord): object {
  const mimeType = (response && headerValue(response.headers, 'content-type')) ?? 'x-unknown';
  const size = chunks.byteLength.reduce((sum, length) => sum + length, 0);
  if (response?.body) {
    return { size: response.body.byteLength, mimeType, text: response.body.text };
  }
  const isWhole = chunks.payload.every((one, index) => one?.length === chunks.byteLength[index]);
  if (size === 0 || !isWhole) return { size, mimeType };
  const bytes = concatBytes(chunks.payload.filter((one) => one !== null));
  const text = decodeUtf8Strictly(bytes);
  return text === null
    ? { size, mimeType, text: encodeBase64(bytes), encoding: 'base64' }
    : { size, mimeType, text };
}

function messagesOf(stream: StreamRecord, originEpochMs: number, hasContent: boolean): object {
  const seconds = (atMs: number) => (originEpochMs + atMs) / 1000;
  if (stream.kind === 'websocket') return { _webSocketMessages: framesOf(stream, seconds) };
  const { decoded } = createDecoder(stream);
  if (decoded.format !== 'sse') return {};
  const { events } = decoded;
  // Comments are no messages, and a block without data is none unless the browser itself reported it.
  const cameWhole = stream.messages.atMs.length > 0;
  const messages = [...events.atMs.keys()].filter(
    (index) => events.name[index] !== null && (events.data[index] !== null || cameWhole),
  );
  const isBound = (index: number) => events.confidence[index] === Confidence.bounded;
  // Where not one time is known the body's text tells all there is, if it is there.
  if (messages.length === 0 || (hasContent && messages.every(isBound))) return {};
  return {
    _eventSourceMessages: messages.map((index) => ({
      // What DevTools did not see arrive it stamps with the request's start, and so it is read.
      time: seconds(isBound(index) ? stream.timing.startedAtMs : events.atMs[index]!),
      eventName: events.name[index],
      eventId: events.id[index] ?? '',
      ...(events.data[index] !== null && { data: events.data[index] }),
    })),
  };
}

function framesOf({ messages, end }: StreamRecord, seconds: (atMs: number) => number): object[] {
  const frames: object[] = messages.atMs.map((atMs, index) => {
    const payload = messages.payload[index] ?? '';
    const isBinary = messages.opcode[index] === Opcode.binary;
    const bytes = typeof payload === 'string' ? encodeUtf8(payload) : payload;
    return {
      type: messages.direction[index] === Direction.sent ? 'send' : 'receive',
      time: seconds(atMs),
      opcode: messages.opcode[index],
      data: isBinary || typeof payload !== 'string' ? encodeBase64(bytes) : payload,
    };
  });
  const failed = end && (end.kind === 'refused' || end.kind === 'error');
  if (failed) frames.push({ type: 'error', time: seconds(end.atMs), opcode: -1, data: end.message ?? '' });
  return frames;
}
