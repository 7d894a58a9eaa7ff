import type { Header, StreamRecord } from '../../trace/types';
import { redactStream } from '../redact';
import type { ExportOptions } from './trace-json';

/** Set by curl itself, or true only of the browser's own connection. */
const NOT_SENT = new Set([
  'content-length',
  'host',
  'connection',
  'accept-encoding',
  'sec-websocket-key',
  'sec-websocket-extensions',
  'sec-websocket-version',
  'upgrade',
]);

const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** Everything below the space, and DEL. */
const CONTROL = /[^ -~\u0080-\uffff]/g;

/**
 * The request as a command for a POSIX shell. `-N` shows each piece as it comes, which is the point: a stream that
 * flows here and not in the browser is held up on the way. `--compressed` only where the answer was compressed, since
 * asking for compression can change how an intermediary buffers.
 */
export function curlLine(stream: StreamRecord, { redact = true }: ExportOptions = {}): string {
  const { request, response, kind } = redact ? redactStream(stream) : stream;
  const words = ['curl', '-N', '-i'];
  // curl would take brackets and braces in an address for a pattern.
  if (/[[\]{}]/.test(request.url)) words.push('-g');
  const version = versionFlag(response?.protocol ?? null, kind);
  if (version) words.push(version);
  if (response && headerOf(response.headers, 'content-encoding')) words.push('--compressed');
  const hasBody = request.body !== null;
  const isDefault = request.method === (hasBody ? 'POST' : 'GET');
  if (request.method === 'HEAD') words.push('-I');
  else if (!isDefault) words.push('-X', quote(request.method));
  words.push(quote(kind === 'websocket' ? request.url.replace(/^ws/i, 'http') : request.url));
  if (kind === 'websocket') words.push(...handshakeHeaders(request.protocols));
  for (const [name, value] of request.headers) {
    // What is no header name is left out: `-H @name` would read a file.
    if (NOT_SENT.has(name.toLowerCase()) || !HEADER_NAME.test(name)) continue;
    const text = value.replace(CONTROL, ' ').trim();
    // curl sends an empty header only when it ends in a semicolon.
    words.push('-H', quote(text === '' ? `${name};` : `${name}: ${text}`));
  }
  if (request.body) words.push('--data-raw', quote(request.body.text));
  const line = words.join(' ');
  return request.body?.truncated ? `# The body was longer than what was recorded.\n${line}` : line;
}

function versionFlag(protocol: string | null, kind: StreamRecord['kind']): string | null {
  if (kind === 'websocket' || protocol === 'http/1.1') return '--http1.1';
  if (protocol === 'http/1.0') return '--http1.0';
  if (protocol === 'h2') return '--http2';
  return protocol === 'h3' ? '--http3' : null;
}

function handshakeHeaders(protocols: readonly string[]): string[] {
  const headers: Header[] = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    // The example key of RFC 6455: any 16 bytes will do.
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ];
  if (protocols.length > 0) headers.push(['Sec-WebSocket-Protocol', protocols.join(', ')]);
  return headers.flatMap(([name, value]) => ['-H', quote(`${name}: ${value}`)]);
}

function headerOf(headers: readonly Header[], wanted: string): string | null {
  return headers.find(([name]) => name.toLowerCase() === wanted)?.[1] ?? null;
}

/** One word for a POSIX shell, whatever is in it. A NUL cannot be passed to a program at all and is left out. */
export function quote(word: string): string {
  const text = word.replaceAll('\0', '');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
