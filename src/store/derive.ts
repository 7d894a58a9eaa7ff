import type { CookieRefusal, Header, ResponseRecord, StreamEnd, StreamRecord } from '../trace/types';
import type { HarView, NetworkView } from '../trace/views';
import type { Tap, Wire } from './matching/matcher';
import { wireEnd, wireHeaders, wireStart, withoutFragment } from './matching/sides';

/** Longest address or header value that is kept: longer ones are data in disguise. */
const MAX_TEXT = 16 * 1024;
const MAX_HEADERS = 256;
/**
 * The network is done before the page is: the tap's last batch is on its way, or the page reads slowly. Only after this
 * long does the network's word end a stream that a tap watches.
 */
export const TAP_LAGS_MS = 1500;

/**
 * Writes what the views say into a stream record: request, response, times and end. Called again whenever the views
 * change, with whatever views then belong together; it reads nothing back from the record but its columns.
 */
export function deriveRecord(
  record: StreamRecord,
  tap: Tap | null,
  wire: Wire | null,
  originEpochMs: number,
  nowEpochMs: number,
): void {
  const network = wire?.network ?? null;
  const har = wire?.har ?? null;
  const skewMs = tap?.skewMs ?? 0;
  const at = (epochMs: number) => epochMs - originEpochMs;
  const atWire = (epochMs: number) => epochMs - skewMs - originEpochMs;

  record.seenBy = { tap: tap !== null, network: network !== null, har: har !== null };
  record.kind = kindOf(tap, network, har);
  deriveRequest(record, tap, network, har);
  record.response = deriveResponse(tap, network, har, record.response);

  const { timing } = record;
  timing.startedAtMs = tap ? at(tap.startedEpochMs) : at(wireStart(wire!));
  // A reconnect is seen by the page when it fails or opens; the network knows when it was asked.
  if (tap?.start.kind === 'eventsource' && wire) timing.startedAtMs = atWire(wireStart(wire));
  timing.sentAtMs = network?.sentEpochMs != null ? atWire(network.sentEpochMs) : null;
  const headers = wire ? wireHeaders(wire) : null;
  const seen = tap?.head && tap.headEpochMs !== null ? at(tap.headEpochMs) : null;
  // The page hears of headers when its thread is free; the network's time is earlier and nearer to the truth.
  timing.headersAtMs = least(headers === null ? null : atWire(headers), seen);
  if (timing.headersAtMs !== null && timing.headersAtMs < timing.startedAtMs)
    timing.headersAtMs = timing.startedAtMs;
  timing.firstByteAtMs = timing.headersAtMs;
  timing.phases = har?.phases ?? null;
  record.end = deriveEnd(tap, wire, at, atWire, nowEpochMs);
}

function kindOf(tap: Tap | null, network: NetworkView | null, har: HarView | null): StreamRecord['kind'] {
  if (tap) return tap.start.kind;
  // webRequest calls fetch, XHR and EventSource by one name; HAR knows better.
  if (har && har.kind !== 'other') return har.kind;
  return network?.kind ?? 'other';
}

function deriveRequest(
  record: StreamRecord,
  tap: Tap | null,
  network: NetworkView | null,
  har: HarView | null,
): void {
  const { request } = record;
  const start = tap?.start ?? null;
  request.method = (start?.method ?? network?.method ?? har?.method ?? 'GET').toUpperCase();
  request.url = cut(withoutFragment(start?.url ?? network?.url ?? har?.url ?? ''));
  const complete = network?.requestHeaders ?? har?.requestHeaders ?? null;
  request.headers = cutHeaders(complete ?? start?.headers ?? []);
  request.headersComplete = complete !== null;
  if (start) {
    request.credentials = start.credentials;
    request.mode = start.mode;
    request.hasAbortSignal = start.hasAbortSignal;
    request.protocols = start.protocols.map(cut);
  }
  const body = start?.body ?? har?.requestBody ?? null;
  if (body !== null) {
    const byteLength = start?.body != null ? start.bodyByteLength : body.length;
    const text = body.length > MAX_TEXT ? body.slice(0, MAX_TEXT) : body;
    request.body = { text, byteLength, truncated: text.length < body.length || byteLength > 4 * text.length };
  }
  request.withheldCookies = cutCookies(network?.withheldCookies ?? []);
}

function deriveResponse(
  tap: Tap | null,
  network: NetworkView | null,
  har: HarView | null,
  before: ResponseRecord | null,
): ResponseRecord | null {
  const head = tap?.head ?? null;
  const networkStatus = network?.status || null;
  const harStatus = har?.status || null;
  if (!head && networkStatus === null && harStatus === null) return null;
  const headers =
    network?.responseHeaders ?? (har && har.responseHeaders.length > 0 ? har.responseHeaders : null);
  return {
    // What the page got, unless it may not see it (opaque).
    status: head?.status || networkStatus || harStatus || 0,
    statusText: cut(head?.statusText || network?.statusText || har?.statusText || ''),
    headers: cutHeaders(headers ?? head?.headers ?? []),
    headersComplete: headers !== null,
    type: head?.responseType ?? null,
    url: cut(withoutFragment(network?.finalUrl ?? head?.url ?? har?.url ?? network?.url ?? '')),
    redirected: head?.redirected ?? network?.redirected ?? false,
    protocol: har?.protocol ?? network?.protocol ?? null,
    remoteAddress: har?.remoteAddress ?? network?.remoteAddress ?? null,
    connectionId: har?.connectionId ?? network?.connectionId ?? null,
    fromCache: network?.fromCache ?? false,
    fromServiceWorker: network?.fromServiceWorker ?? false,
    body: before?.body ?? null,
    refusedCookies: cutCookies(network?.refusedCookies ?? []),
  };
}

function deriveEnd(
  tap: Tap | null,
  wire: Wire | null,
  at: (epochMs: number) => number,
  atWire: (epochMs: number) => number,
  nowEpochMs: number,
): StreamEnd | null {
  const networkError = wire?.network?.netError ?? wire?.har?.netError ?? null;
  const networkEnd = wire ? wireEnd(wire) : null;
  const status = wire?.network?.status || wire?.har?.status || 0;
  // Only here the browser tells how a handshake was answered: "Unexpected response code: 403".
  const socketError = wire?.har?.webSocketMessages.find(({ isError }) => isError)?.data || null;
  const message = tap?.end?.message ?? socketError;
  if (tap?.end) {
    const { end } = tap;
    // The browser reports an abort for streams that were read to their end, too: the page's word counts.
    const netError = end.kind === 'complete' && networkError === 'net::ERR_ABORTED' ? null : networkError;
    // The page says "Failed to fetch" for everything; with an answer on the wire it was CORS that refused it.
    const refused = end.kind === 'error' && !tap.head && netError === 'net::ERR_FAILED' && status > 0;
    return {
      atMs: at(tap.endEpochMs!),
      kind: refused ? 'refused' : end.kind,
      netError,
      message: message === null ? null : cut(message),
      closeCode: end.closeCode,
      closeReason: end.closeReason === null ? null : cut(end.closeReason),
      wasClean: end.wasClean,
    };
  }
  if (networkEnd === null || (tap && nowEpochMs - networkEnd < TAP_LAGS_MS)) return null;
  const isSocket = (tap?.start.kind ?? wire?.network?.kind ?? wire?.har?.kind) === 'websocket';
  return {
    atMs: tap ? atWire(networkEnd) : at(networkEnd),
    kind: networkEndKind(networkError, isSocket && status !== 101, status),
    netError: networkError,
    message: message === null ? null : cut(message),
    closeCode: null,
    closeReason: null,
    wasClean: null,
  };
}

function networkEndKind(
  netError: string | null,
  handshakeFailed: boolean,
  status: number,
): StreamEnd['kind'] {
  if (handshakeFailed) return netError === 'net::ERR_ABORTED' ? 'aborted' : 'refused';
  if (netError === null) return 'complete';
  if (netError === 'net::ERR_ABORTED') return 'aborted';
  return netError === 'net::ERR_FAILED' && status > 0 ? 'refused' : 'error';
}

function least(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.min(a, b);
}

function cut(text: string): string {
  return text.length > MAX_TEXT ? text.slice(0, MAX_TEXT) : text;
}

function cutHeaders(headers: readonly Header[]): Header[] {
  return headers.slice(0, MAX_HEADERS).map(([name, value]) => [cut(name), cut(value)] as const);
}

function cutCookies(cookies: readonly CookieRefusal[]): CookieRefusal[] {
  return cookies
    .slice(0, MAX_HEADERS)
    .map(({ name, reasons }) => ({ name: cut(name), reasons: reasons.slice(0, 20).map(cut) }));
}
