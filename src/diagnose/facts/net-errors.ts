/** What the browser's error names mean, as clauses that follow "because". Names without an entry speak for themselves. */
const MEANINGS: Record<string, string> = {
  ERR_INCOMPLETE_CHUNKED_ENCODING: 'the server or a proxy closed the connection before the last chunk',
  ERR_INVALID_CHUNKED_ENCODING:
    'bytes that are no chunk stood in the body, as when a killed worker writes an error page into it',
  ERR_CONTENT_LENGTH_MISMATCH: 'the body was shorter than its declared length',
  ERR_EMPTY_RESPONSE: 'the server closed the connection before it sent anything',
  ERR_CONNECTION_RESET: 'the connection was reset',
  ERR_CONNECTION_CLOSED: 'the connection was closed in the middle',
  ERR_CONNECTION_ABORTED: 'the connection was aborted',
  ERR_CONNECTION_REFUSED: 'nothing accepts connections there',
  ERR_CONNECTION_TIMED_OUT: 'no connection could be made in time',
  ERR_TIMED_OUT: 'the operation timed out',
  ERR_NAME_NOT_RESOLVED: 'the host name could not be resolved',
  ERR_ADDRESS_UNREACHABLE: 'the address cannot be reached',
  ERR_HTTP2_PING_FAILED: "the browser's own ping got no answer, so the path was dead",
  ERR_HTTP2_SERVER_REFUSED_STREAM:
    'the server refused the stream before working on it, as it does when it shuts down',
  ERR_HTTP2_CONNECTION_ERROR: 'the HTTP/2 connection failed',
  ERR_HTTP_1_1_REQUIRED: 'the server asked for HTTP/1.1',
  ERR_CONTENT_DECODING_FAILED: 'the compressed body was broken',
  ERR_NETWORK_CHANGED: "the user's network changed",
  ERR_INTERNET_DISCONNECTED: "the user's machine went offline",
  ERR_NETWORK_IO_SUSPENDED: "the user's machine went to sleep",
  ERR_PROXY_CONNECTION_FAILED: "the user's own proxy could not be reached",
};

/** The meaning of an error name (`ERR_…`); null when there is nothing to add to the name. */
export function netErrorMeaning(name: string): string | null {
  return Object.hasOwn(MEANINGS, name) ? MEANINGS[name]! : null;
}
