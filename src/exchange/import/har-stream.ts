import { decodeBase64 } from '../../lib/base64';
import { cutUtf8, decodeUtf8Strictly, utf8ByteLength } from '../../lib/text';
import { createStream } from '../../trace/create';
import { headerValue } from '../../trace/headers';
import {
  type BodyText,
  Confidence,
  type ConfidenceCode,
  DEFAULT_LIMITS,
  Direction,
  type MessageColumns,
  Opcode,
  type StreamEnd,
  type StreamRecord,
} from '../../trace/types';
import type { HarView } from '../../trace/views';

/** What is kept of one stream; reaching a bound is noted in the stream's losses. */
export interface HarStreamLimits {
  maxMessages: number;
  maxBodyBytes: number;
  maxMessageBytes: number;
  /** Payload bytes of all messages of the stream. */
  maxStreamBytes: number;
}

const LIMITS: HarStreamLimits = {
  maxMessages: DEFAULT_LIMITS.maxMessages,
  maxBodyBytes: DEFAULT_LIMITS.maxStreamPayloadBytes,
  maxMessageBytes: DEFAULT_LIMITS.maxStreamPayloadBytes,
  maxStreamBytes: DEFAULT_LIMITS.maxStreamPayloadBytes,
};

/** Enough of a page or an error page to see who wrote it. */
const DOCUMENT_BODY_BYTES = 4 * 1024;
/** DevTools rounds times; an event may look this much earlier than the byte that carried it. */
const ROUNDING_MS = 1;

/**
 * The stream that a finished HAR entry describes. `originEpochMs` is the trace's origin (Unix epoch, ms).
 *
 * What the times mean: an event stamped before the first byte can have come (DevTools stamps what it missed with the
 * request's start) did not arrive then; it gets the first byte's time, as a bound. A body without event times arrived
 * between the first byte and the end, which is all that is known: one chunk at the end, `bounded`. That says nothing
 * about whether it was held back.
 */
export function harViewToStream(
  view: HarView,
  originEpochMs: number,
  id: string,
  limits: HarStreamLimits = LIMITS,
): StreamRecord {
  const stream = createStream({
    id,
    kind: view.kind,
    url: view.url,
    method: view.method,
    startedAtMs: view.startedEpochMs - originEpochMs,
  });
  stream.seenBy.har = true;
  fillRequest(stream, view, limits);
  fillResponse(stream, view);
  fillTiming(stream, view);
  if (view.kind === 'websocket') fillFrames(stream, view, originEpochMs, limits);
  else if (view.eventSourceMessages.length > 0) fillEvents(stream, view, originEpochMs, limits);
  if (view.kind !== 'websocket') fillBody(stream, view, originEpochMs, limits);
  stream.end = view.isOpen ? null : endOf(stream, view, originEpochMs);
  return stream;
}

function fillRequest(stream: StreamRecord, view: HarView, limits: HarStreamLimits): void {
  const { request } = stream;
  request.headers = view.requestHeaders;
  request.headersComplete = view.requestHeaders.length > 0;
  request.body = view.requestBody === null ? null : bodyText(view.requestBody, limits.maxBodyBytes);
  request.mode = headerValue(view.requestHeaders, 'sec-fetch-mode');
  if (view.kind === 'websocket') {
    const protocols = headerValue(view.requestHeaders, 'sec-websocket-protocol') ?? '';
    request.protocols = protocols.split(',').flatMap((one) => one.trim() || []);
  }
}

function fillResponse(stream: StreamRecord, view: HarView): void {
  if (view.status === 0) return;
  stream.response = {
    status: view.status,
    statusText: view.statusText,
    headers: view.responseHeaders,
    // No answer is without headers: they were taken out.
    headersComplete: view.responseHeaders.length > 0,
    type: null,
    url: view.url,
    redirected: false,
    protocol: view.protocol,
    remoteAddress: view.remoteAddress,
    connectionId: view.connectionId,
    fromCache: view.fromCache ?? false,
    fromServiceWorker: view.fromServiceWorker ?? false,
    body: null,
    refusedCookies: [],
  };
}

function fillTiming(stream: StreamRecord, view: HarView): void {
  const { timing } = stream;
  timing.phases = view.phases;
  if (!view.phases) return;
  const { blockedMs, dnsMs, connectMs, sendMs, waitMs } = view.phases;
  const beforeSend = (blockedMs ?? 0) + (dnsMs ?? 0) + (connectMs ?? 0);
  // Of a request that was never answered DevTools knows no phases, and writes all of its time as `blocked`.
  if (view.status === 0 && (waitMs ?? 0) === 0) return;
  timing.sentAtMs = timing.startedAtMs + beforeSend + (sendMs ?? 0);
  if (view.status === 0 || waitMs === null) return;
  if (hasNoHandshakeTime(view, timing.sentAtMs + waitMs - timing.startedAtMs)) return;
  timing.headersAtMs = timing.sentAtMs + waitMs;
  timing.firstByteAtMs = timing.headersAtMs;
}

/**
 * Chrome counts `wait` of a WebSocket up to its last frame or its close, not up to the handshake's answer. It is only
 * believed where frames came after it.
 */
function hasNoHandshakeTime(view: HarView, waitEndMs: number): boolean {
  if (view.kind !== 'websocket') return false;
  const firstFrame = view.webSocketMessages.find(({ isError }) => !isError);
  return firstFrame === undefined || firstFrame.epochMs - view.startedEpochMs < waitEndMs;
}

interface NewMessage {
  epochMs: number;
  byteLength: number;
  payload: string | Uint8Array | null;
  sent: boolean;
  opcode: number;
  name: string | null;
  lastEventId: string | null;
}

/** Appends messages in order, within limits, never before the first byte and never back in time. */
function addMessages(
  stream: StreamRecord,
  items: readonly NewMessage[],
  originEpochMs: number,
  limits: HarStreamLimits,
): void {
  const { messages, timing } = stream;
  // WebSocket frames are stamped as they come; only the reader of event streams joins late.
  const earliestMs =
    stream.kind === 'websocket' ? timing.startedAtMs : (timing.firstByteAtMs ?? timing.startedAtMs);
  const columns: MessageColumns = messages;
  let roomBytes = limits.maxStreamBytes;
  let lastMs = earliestMs;
  for (const item of items) {
    if (columns.atMs.length >= limits.maxMessages) {
      stream.losses.push('dropped-records');
      break;
    }
    const stampMs = item.epochMs - originEpochMs;
    const isTooEarly =
      stampMs < earliestMs - ROUNDING_MS || item.epochMs <= originEpochMs + timing.startedAtMs;
    const atMs = Math.max(lastMs, stampMs);
    lastMs = atMs;
    const kept = item.payload && cut(item.payload, Math.min(limits.maxMessageBytes, roomBytes));
    if (kept !== item.payload) markCapped(stream);
    if (kept !== null) roomBytes -= typeof kept === 'string' ? utf8ByteLength(kept) : kept.length;
    const confidence: ConfidenceCode = isTooEarly ? Confidence.bounded : Confidence.arrived;
    columns.atMs.push(atMs);
    columns.byteLength.push(item.byteLength);
    columns.confidence.push(confidence);
    columns.direction.push(item.sent ? Direction.sent : Direction.received);
    columns.opcode.push(item.opcode);
    columns.name.push(item.name);
    columns.lastEventId.push(item.lastEventId);
    columns.payload.push(kept);
  }
}

function cut(payload: string | Uint8Array, maxBytes: number): string | Uint8Array | null {
  if (maxBytes <= 0 && payload.length > 0) return null;
  if (typeof payload === 'string') return cutUtf8(payload, maxBytes);
  return payload.length > maxBytes ? payload.slice(0, maxBytes) : payload;
}

function markCapped(stream: StreamRecord): void {
  if (!stream.losses.includes('payload-capped')) stream.losses.push('payload-capped');
}

function fillEvents(
  stream: StreamRecord,
  view: HarView,
  originEpochMs: number,
  limits: HarStreamLimits,
): void {
  const items = view.eventSourceMessages.map((message) => ({
    epochMs: message.epochMs,
    byteLength: utf8ByteLength(message.data),
    payload: message.isWithoutData ? null : message.data,
    sent: false,
    opcode: Opcode.text,
    name: message.name,
    lastEventId: message.id,
  }));
  addMessages(stream, items, originEpochMs, limits);
  if (view.eventSourceMessages.some(({ isWithoutData }) => isWithoutData)) stream.losses.push('no-body');
}

function fillFrames(
  stream: StreamRecord,
  view: HarView,
  originEpochMs: number,
  limits: HarStreamLimits,
): void {
  const items = view.webSocketMessages
    .filter(({ isError }) => !isError)
    .map((message) => {
      // Binary frames are written in base64. What is not base64 is kept as the text it is.
      const bytes = message.opcode === Opcode.binary ? decodeBase64(message.data) : null;
      return {
        epochMs: message.epochMs,
        byteLength: bytes?.length ?? utf8ByteLength(message.data),
        payload: bytes ?? message.data,
        sent: message.sent,
        opcode: message.opcode >= 0 && message.opcode <= 15 ? message.opcode : Opcode.text,
        name: null,
        lastEventId: null,
      };
    });
  addMessages(stream, items, originEpochMs, limits);
}

function fillBody(stream: StreamRecord, view: HarView, originEpochMs: number, limits: HarStreamLimits): void {
  // Pictures, scripts and styles count as connections only.
  if (view.kind === 'other' || !stream.response) return;
  const bytes = view.contentText !== null && view.contentIsBase64 ? decodeBase64(view.contentText) : null;
  const text = view.contentIsBase64 ? bytes && decodeUtf8Strictly(bytes) : view.contentText;
  const maxBytes = view.kind === 'document' ? DOCUMENT_BODY_BYTES : limits.maxBodyBytes;
  if (text) {
    stream.response.body = bodyText(text, maxBytes);
    if (stream.response.body.truncated) markCapped(stream);
  }
  if (view.eventSourceMessages.length > 0) return;
  const byteLength = text
    ? utf8ByteLength(text)
    : (bytes?.length ?? Math.max(0, view.contentSize > 0 ? view.contentSize : view.bodySize));
  if (byteLength === 0) return;
  if (!text && !bytes) stream.losses.push('no-body');
  stream.losses.push('no-chunk-times');
  stream.chunks.atMs.push(view.endedEpochMs - originEpochMs);
  stream.chunks.byteLength.push(byteLength);
  stream.chunks.waitedMs.push(0);
  stream.chunks.confidence.push(Confidence.bounded);
  stream.chunks.payload.push(null);
}

function bodyText(text: string, maxBytes: number): BodyText {
  const kept = cutUtf8(text, maxBytes);
  return { text: kept, byteLength: utf8ByteLength(text), truncated: kept.length < text.length };
}

function endOf(stream: StreamRecord, view: HarView, originEpochMs: number): StreamEnd {
  const error = view.webSocketMessages.find(({ isError }) => isError);
  return {
    atMs: Math.max(view.endedEpochMs - originEpochMs, stream.messages.atMs.at(-1) ?? 0),
    kind: endKind(view, error !== undefined),
    netError: view.netError,
    message: error?.data || view.failure || (error && view.status === 0 ? REFUSED_WORDS : null),
    closeCode: null,
    closeReason: null,
    wasClean: null,
  };
}

/**
 * Chrome notes without words that a WebSocket's handshake failed. That the page closed it before it was open has words:
 * "WebSocket is closed before the connection is established." (measured in Chromium 156).
 */
const REFUSED_WORDS = 'WebSocket handshake failed';

/** How Firefox, WebKit and proxies word that the page ended it, and that the browser kept the answer from the page. */
const ABORTED =
  /^(?:(?:Abort|Timeout)Error\b.*|NS_BINDING_ABORTED|(?:load )?request (?:was |has been )?cancell?ed|cancell?ed|client disconnect(?:ed)?)\.?$/i;
const REFUSED = /^NS_ERROR_(?:DOM_(?:BAD_URI|CORP_FAILED)|BLOCKED_BY|CONTENT_BLOCKED)|access control checks/;

function endKind(view: HarView, hasErrorFrame: boolean): StreamEnd['kind'] {
  if (view.kind === 'websocket') {
    const opened = view.status === 101 || view.webSocketMessages.some(({ isError }) => !isError);
    if (!opened) return 'refused';
    return hasErrorFrame || view.netError ? 'error' : 'complete';
  }
  // The page ended it, navigated away, or (seen in Chromium) had read it to the end: never a fault by itself.
  if (view.netError === 'net::ERR_ABORTED') return 'aborted';
  // An answer that the page was not given: CORS, or a blocker.
  if (view.netError === 'net::ERR_FAILED' && view.status > 0) return 'refused';
  if (view.netError && /^net::ERR_BLOCKED_BY_/.test(view.netError)) return 'refused';
  if (view.failure)
    return ABORTED.test(view.failure) ? 'aborted' : REFUSED.test(view.failure) ? 'refused' : 'error';
  if (view.netError || view.status === 0) return 'error';
  if (view.kind === 'eventsource' && !isEventStream(view)) return 'refused';
  return 'complete';
}

/** What an EventSource accepts; with anything else it gives up (WHATWG HTML, section 9.2.3). */
function isEventStream(view: HarView): boolean {
  const contentType = headerValue(view.responseHeaders, 'content-type') ?? '';
  const type = contentType.split(';', 1)[0]!.trim().toLowerCase();
  const isRedirect = view.status >= 300 && view.status < 400;
  return isRedirect || view.status === 204 || (view.status === 200 && type === 'text/event-stream');
}
