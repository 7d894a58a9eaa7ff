import type { Diagnosis } from '../../diagnose/rule';
import { headerValue } from '../../trace/headers';
import type { Header, StreamRecord, Trace } from '../../trace/types';
import { redactorFor, redactStream } from '../redact';
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
export function curlLine(stream: StreamRecord, { redact = true, ...redaction }: ExportOptions = {}): string {
  return commandOf(redact ? redactStream(stream, redaction) : stream);
}

interface CurlVariant {
  /** Stands for `-i`, `--compressed` and the HTTP version of the recording. */
  options: string[];
}

function commandOf({ request, response, kind }: StreamRecord, variant?: CurlVariant): string {
  const words = ['curl', '-N', ...(variant?.options ?? ['-i'])];
  // curl would take brackets and braces in an address for a pattern.
  if (/[[\]{}]/.test(request.url)) words.push('-g');
  if (!variant) {
    const version = versionFlag(response?.protocol ?? null, kind);
    if (version) words.push(version);
    if (response && headerValue(response.headers, 'content-encoding')) words.push('--compressed');
  }
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
  const bytes = request.body && isBinary(request.body.text) ? printf(request.body.text) : null;
  if (bytes !== null) words.push('--data-binary', '@-');
  else if (request.body) words.push('--data-raw', quote(request.body.text));
  const line = `${bytes === null ? '' : `${bytes} | `}${words.join(' ')}`;
  return request.body?.truncated ? `# The body was longer than what was recorded.\n${line}` : line;
}

/** Bytes, one character each, of which some could not stand in a word of a shell. */
const isBinary = (body: string): boolean =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is looked for
  /[\0-\x08\x0e-\x1f\x7f]/.test(body) && !/[^\0-\xff]/.test(body);

/** A command that prints bytes, octal where they are no letters or digits (POSIX printf). */
const printf = (bytes: string): string =>
  `printf '${bytes.replace(/[^\w]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, '0')}`)}'`;

/** Streams in one script; more nobody runs by hand. */
const MAX_STREAMS = 200;

/**
 * A script that tells where an answer is held back: for each stream the request as it was, and then with and without
 * compression, over HTTP/1.1 and HTTP/2, printing when each piece arrives. A hop that buffers only one of them is found by
 * comparing the times.
 */
export function* curlSetPieces(
  trace: Trace,
  { findings }: Diagnosis,
  { redact = true, ...redaction }: ExportOptions = {},
): Generator<string> {
  const redactor = redact ? redactorFor(trace, redaction) : null;
  const accused = new Set(findings.map(({ stream }) => stream.id));
  const isStream = (stream: StreamRecord) =>
    accused.has(stream.id) ||
    stream.kind === 'eventsource' ||
    /event-stream|ndjson|json-?seq|jsonl/i.test(
      headerValue(stream.response?.headers ?? [], 'content-type') ?? '',
    );
  const all = trace.streams.filter(isStream);
  yield [
    '#!/bin/sh',
    '# When does each piece of an answer arrive? Each command below prints a line per piece, with its time.',
    '# Pieces that come one by one in one command and all at once in another: what differs between the two holds them back.',
    '# Replace what is marked as redacted before running. Run them at the server itself as well, and through each hop.',
    '',
  ].join('\n');
  for (const original of all.slice(0, MAX_STREAMS)) {
    const stream = redactor ? redactor.stream(original) : original;
    const { request, kind } = stream;
    yield `\n# ${comment(`${request.method} ${request.url}`)}\n`;
    const truth = request.body?.truncated ? '# The body was longer than what was recorded.\n' : '';
    if (kind === 'websocket') {
      yield `${truth}${commandOf(stream)}\n`;
      continue;
    }
    for (const { title, options } of variantsFor(request.url)) {
      const command = commandOf(stream, { options: ['-sS', ...TIMED, ...options] });
      yield `# ${title}\n${truth}${command.replace(/^# .*\n/, '')} | grep -a '<= Recv data'\n`;
    }
  }
  if (all.length > MAX_STREAMS) yield `\n# ${all.length - MAX_STREAMS} more streams are not listed.\n`;
}

/** curl's own log of what it receives, each line with its time. */
const TIMED = ['--trace-time', '--trace-ascii', '-', '-o', '/dev/null'];

function variantsFor(url: string): { title: string; options: string[] }[] {
  const variants = [
    { title: 'HTTP/1.1, not compressed', options: ['--http1.1', '-H', quote('Accept-Encoding: identity')] },
    { title: 'HTTP/1.1, compressed', options: ['--http1.1', '--compressed'] },
  ];
  // Browsers and most servers speak HTTP/2 over TLS only.
  if (!/^(?:https|wss):/i.test(url)) return variants;
  return [
    ...variants,
    { title: 'HTTP/2, not compressed', options: ['--http2', '-H', quote('Accept-Encoding: identity')] },
    { title: 'HTTP/2, compressed', options: ['--http2', '--compressed'] },
  ];
}

/** Text from outside in a comment of a script: it stays on its line. */
function comment(text: string): string {
  return text.replace(CONTROL, ' ').slice(0, 300);
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

/** One word for a POSIX shell, whatever is in it. A NUL cannot be passed to a program at all and is left out. */
export function quote(word: string): string {
  const text = word.replaceAll('\0', '');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
