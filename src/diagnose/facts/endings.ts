import type { StreamRecord } from '../../trace/types';

/**
 * How a stream ended, as far as its own record says.
 * - `open`: it has not
 * - `clean`: the protocol said it was whole, which is not the same as complete
 * - `page`: the page ended it, or navigated away
 * - `framing`: `ERR_HTTP2_PROTOCOL_ERROR` or its HTTP/3 twin
 * - `lost`: any other failure of the connection
 * - `client`: the user's own network went away or changed
 * - `refused`: it never opened (CORS, a failed handshake, an EventSource's refusal, a blocker)
 * - `unnamed`: an error without a name that may as well be a normal end or a CORS refusal: no accusation rests on it alone
 */
export type Ending = 'open' | 'clean' | 'page' | 'framing' | 'lost' | 'client' | 'refused' | 'unnamed';

const CLIENT_ERRORS: ReadonlySet<string> = new Set([
  'ERR_NETWORK_CHANGED',
  'ERR_INTERNET_DISCONNECTED',
  'ERR_NETWORK_IO_SUSPENDED',
  'ERR_NETWORK_ACCESS_DENIED',
  'ERR_PROXY_CONNECTION_FAILED',
]);

/** Not failures of a connection: the browser itself or an extension said no, or the name says nothing (CORS). */
const REFUSAL =
  /^ERR_(FAILED|BLOCKED_BY|ACCESS_DENIED|DISALLOWED|UNSAFE|INSECURE|CACHE_MISS|INVALID_URL|UNKNOWN_URL)/;
const FRAMING = /^ERR_(HTTP2|SPDY|QUIC)_PROTOCOL_ERROR\b/;

/** `ERR_…` without the `net::` before it; null when no network view named an error. */
export function netErrorOf(stream: StreamRecord): string | null {
  const name = stream.end?.netError?.replace(/^net::/, '') ?? '';
  // What stands here is shown: nothing but an error's name may.
  return /^ERR_[A-Z0-9_.]{1,80}$/.test(name) ? name : null;
}

export function endingOf(stream: StreamRecord): Ending {
  const { end } = stream;
  if (!end) return 'open';
  const netError = netErrorOf(stream);
  // ERR_ABORTED is also reported for streams that the page read to the end: never a fault by itself.
  if (end.kind === 'aborted' || netError === 'ERR_ABORTED') return end.kind === 'complete' ? 'clean' : 'page';
  if (end.kind === 'complete') return 'clean';
  if (!netError && /^(AbortError|TimeoutError)\b/.test(end.message ?? '')) return 'page';
  if (netError) {
    if (CLIENT_ERRORS.has(netError)) return 'client';
    if (FRAMING.test(netError)) return 'framing';
    return REFUSAL.test(netError) ? 'refused' : 'lost';
  }
  if (stream.kind === 'websocket') return isOpened(stream) && end.kind === 'error' ? 'lost' : 'refused';
  if (stream.kind === 'eventsource') {
    if (end.kind === 'refused') return 'refused';
    // To the page a normal end and a lost connection look alike. A network view would have named an error.
    return stream.seenBy.network || stream.seenBy.har ? 'clean' : 'unnamed';
  }
  if (!stream.response) return 'unnamed';
  return end.kind === 'refused' ? 'refused' : 'lost';
}

/** An answer came: headers, or for a WebSocket the handshake's success or a first frame. */
export function isOpened(stream: StreamRecord): boolean {
  const { response, messages, chunks } = stream;
  if (messages.atMs.length > 0 || chunks.atMs.length > 0) return true;
  if (stream.kind === 'websocket')
    return response !== null && (response.status === 101 || response.status === 0);
  return response !== null;
}
