import * as v from 'valibot';
import { decodeBase64, encodeBase64 } from '../lib/base64';
import { concatBytes } from '../lib/bytes';
import { parseJson } from '../lib/json-text';
import { decodeUtf8Strictly, encodeUtf8 } from '../lib/text';
import type { ChunkColumns, MessageColumns, StreamRecord, Trace } from './types';
import { upgradeTrace } from './upgrade';
import { type TraceFile, TraceFileSchema } from './validate';
import { UnusableTrace } from './version';

export type { TraceFile };

type StreamFile = TraceFile['streams'][number];
type PackedBytes = StreamFile['chunks']['payload'];
type PackedMessage = StreamFile['messages']['payload'][number];

/** The trace as a JSON-safe object (FORMAT.md). Times are rounded to the microsecond and never run backwards. */
export function encodeTrace(trace: Trace): TraceFile {
  return { ...encodeHead(trace), streams: trace.streams.map(encodeStream) };
}

/**
 * The file's text in pieces, stream by stream: one string of a large trace may be longer than an engine allows. Meant
 * for `new Blob([...])` and for writing to a file piece by piece.
 */
export function* tracePieces(trace: Trace): Generator<string> {
  const head = JSON.stringify({ ...encodeHead(trace), streams: [] });
  yield head.slice(0, -']}'.length);
  for (const [index, stream] of trace.streams.entries()) {
    yield `${index === 0 ? '\n' : ',\n'}${JSON.stringify(encodeStream(stream))}`;
  }
  yield ']}\n';
}

/** The whole file as one string. Throws a `RangeError` where an engine cannot make a string that long. */
export function stringifyTrace(trace: Trace): string {
  return [...tracePieces(trace)].join('');
}

/** The trace in a parsed file of any known version. Throws `UnusableTrace` with the place that is wrong. */
export function decodeTraceFile(value: unknown): Trace {
  const result = v.safeParse(TraceFileSchema, upgradeTrace(value), { abortEarly: true });
  if (!result.success) {
    const issue = result.issues[0];
    throw new UnusableTrace(`This trace is damaged: ${v.getDotPath(issue) ?? 'it'} ${describe(issue)}.`);
  }
  const file = result.output;
  return { ...file, streams: file.streams.map(decodeStream) };
}

/** The same from the file's text. */
export function parseTraceText(text: string): Trace {
  const parsed = parseJson(text);
  if ('value' in parsed) return decodeTraceFile(parsed.value);
  const { line, column, isTruncated } = parsed.fault;
  throw new UnusableTrace(
    isTruncated
      ? `This trace is cut off at line ${line}, column ${column}.`
      : `This trace is not JSON: line ${line}, column ${column}.`,
  );
}

function describe(issue: v.BaseIssue<unknown>): string {
  // Our own checks are worded to follow the place; the library's are not.
  if (issue.type === 'check') return issue.message;
  if (issue.type === 'custom') return `should be ${issue.message.replace(/^expected /, '')}`;
  if (issue.received === 'undefined') return 'is missing';
  return issue.expected ? `should be ${issue.expected}` : 'is not valid';
}

function encodeHead(trace: Trace): Omit<TraceFile, 'streams'> {
  const { format, version, meta, limits, loss } = trace;
  const documents = trace.documents.map((frame) => ({
    ...frame,
    blocked: {
      startMs: frame.blocked.startMs.map(rounded),
      durationMs: frame.blocked.durationMs.map(rounded),
    },
  }));
  return { format, version, meta, limits, loss, documents };
}

function encodeStream(stream: StreamRecord): StreamFile {
  const { chunks, messages } = stream;
  return {
    ...stream,
    chunks: {
      ...chunks,
      atMs: inOrder(chunks.atMs),
      waitedMs: chunks.waitedMs.map(rounded),
      payload: packBytes(chunks.payload),
    },
    messages: { ...messages, atMs: inOrder(messages.atMs), payload: messages.payload.map(packMessage) },
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Two clocks may disagree by a hair; readers rely on times that never go back. */
function inOrder(atMs: readonly number[]): number[] {
  let latest = Number.NEGATIVE_INFINITY;
  return atMs.map((at) => {
    latest = Math.max(latest, rounded(at));
    return latest;
  });
}

function packBytes(payload: ChunkColumns['payload']): PackedBytes {
  const bytes = concatBytes(payload.filter((piece) => piece !== null));
  const text = decodeUtf8Strictly(bytes);
  return {
    encoding: text === null ? 'base64' : 'utf8',
    data: text ?? encodeBase64(bytes),
    byteLength: payload.map((piece) => piece?.length ?? -1),
  };
}

function packMessage(payload: MessageColumns['payload'][number]): PackedMessage {
  return payload instanceof Uint8Array ? { base64: encodeBase64(payload) } : payload;
}

function decodeStream(stream: StreamFile): StreamRecord {
  const { chunks, messages } = stream;
  return {
    ...stream,
    chunks: { ...chunks, payload: unpackBytes(chunks.payload, stream.id) },
    messages: { ...messages, payload: messages.payload.map((one) => unpackMessage(one, stream.id)) },
  };
}

function unpackBytes(packed: PackedBytes, streamId: string): ChunkColumns['payload'] {
  const bytes = packed.encoding === 'utf8' ? encodeUtf8(packed.data) : decodeBase64(packed.data);
  const total = packed.byteLength.reduce((sum, length) => sum + Math.max(0, length), 0);
  if (bytes === null || bytes.length !== total) {
    throw new UnusableTrace(
      `This trace is damaged: the payload of stream ${streamId} does not have the length it says.`,
    );
  }
  let offset = 0;
  return packed.byteLength.map((length) => {
    if (length < 0) return null;
    offset += length;
    return bytes.subarray(offset - length, offset);
  });
}

function unpackMessage(packed: PackedMessage, streamId: string): MessageColumns['payload'][number] {
  if (packed === null || typeof packed === 'string') return packed;
  const bytes = decodeBase64(packed.base64);
  if (!bytes)
    throw new UnusableTrace(`This trace is damaged: a message of stream ${streamId} is not base64.`);
  return bytes;
}
