/**
 * One spelling for HTTP versions: `http/1.0`, `http/1.1`, `h2`, `h3`. Browsers and proxies write `HTTP/2`, `http/2.0`,
 * `h2`, `h3-29`, `http/2+quic/46`, … Null when it is not a protocol ("unknown", "data", "").
 */
export function protocolName(spelled: string): string | null {
  const name = spelled.trim().toLowerCase();
  if (/quic|^h3(?:-|$)|^http\/?3(?:\.0)?$/.test(name)) return 'h3';
  if (/^h2c?$|^http\/?2(?:\.0)?$|^spdy/.test(name)) return 'h2';
  if (/^http\/?1(?:\.1)?$/.test(name)) return 'http/1.1';
  if (name === 'http/1.0') return 'http/1.0';
  return name === 'ws' || name === 'wss' || name === 'websocket' ? 'ws' : null;
}
