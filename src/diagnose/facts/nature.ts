import type { BodyFormat, DecodedStream } from '../../decode/types';
import { headerValue } from '../../trace/headers';
import type { StreamRecord } from '../../trace/types';
import { mediaType, responseHeader } from './headers';

export type Nature = 'stream' | 'download' | 'call';

const UNIT_FORMATS: ReadonlySet<BodyFormat> = new Set(['sse', 'ndjson', 'json-seq']);

/** Types that carry a file or media, whatever the page does with them. */
const BULK_TYPE =
  /^(?:image|audio|video|font|model)\/|^application\/(?:octet-stream|zip|gzip|x-gzip|x-tar|x-7z|pdf|wasm|vnd\.|x-protobuf|grpc)/;

/**
 * A text or untyped body that the page reads piece by piece is a stream when the pieces are small: at least this many,
 * and smaller on average than this. Files come in pieces of one network read (16 to 64 KB), generated text in words.
 */
const MIN_SMALL_CHUNKS = 5;
const MAX_SMALL_CHUNK_BYTES = 2048;

/**
 * What kind of exchange this is, from its causes: how the page opened it, what it asked for, what came back. The
 * content wins over its label (SSE served as text/html is still a stream); a JSON answer read by chunk is still a call.
 */
export function natureOf(stream: StreamRecord, decoded: DecodedStream, askedForStream: boolean): Nature {
  if (stream.kind === 'websocket' || stream.kind === 'eventsource') return 'stream';
  const { response } = stream;
  if (!response) return askedForStream ? 'stream' : 'call';
  if (stream.kind === 'document') return 'call';
  const type = mediaType(stream);
  const isAttachment = /^\s*attachment/i.test(responseHeader(stream, 'content-disposition') ?? '');
  // Lines of JSON are a common export format; nobody offers a stream for saving.
  if (isAttachment && decoded.format !== 'sse' && !askedForStream) return 'download';
  if (UNIT_FORMATS.has(decoded.format)) return 'stream';
  if (BULK_TYPE.test(type) || isAttachment) return 'download';
  const isText = type === 'text/plain' || type === '';
  if (!isText || decoded.format === 'json' || response.status >= 400) return 'call';
  const { byteLength } = stream.chunks;
  if (byteLength.length < MIN_SMALL_CHUNKS || !stream.seenBy.tap || stream.kind !== 'fetch') return 'call';
  // The first pieces tell: a stream's nature must not cost more to find the longer it gets.
  let bytes = 0;
  const looked = Math.min(byteLength.length, 64);
  for (let index = 0; index < looked; index++) bytes += byteLength[index]!;
  if (bytes / looked > MAX_SMALL_CHUNK_BYTES) return decoded.format === 'text' ? 'call' : 'download';
  return 'stream';
}

/** Types by which a server says that its lines are to be read as they come. */
const LINE_TYPE = /ndjson|jsonl|json-?lines|json-seq|stream\+json/i;

/** The answer is lines of JSON by its own word, not only by its looks: log files and query results look the same. */
export function declaresLines(stream: StreamRecord): boolean {
  return LINE_TYPE.test(mediaType(stream));
}

const STREAM_TYPE = /text\/event-stream|ndjson|jsonlines?|json-seq|stream\+json/i;
const STREAM_FLAG = /"stream"\s*:\s*true/;
const STREAM_QUERY = /[?&]stream(?:ing)?=(?:true|1)(?:&|$)/i;

/** The page asked for a stream in so many words. */
export function asksForStream(stream: StreamRecord): boolean {
  if (stream.kind === 'eventsource') return true;
  if (STREAM_TYPE.test(headerValue(stream.request.headers, 'accept') ?? '')) return true;
  if (STREAM_QUERY.test(stream.request.url)) return true;
  const { body } = stream.request;
  return body !== null && STREAM_FLAG.test(body.text);
}
