import * as v from 'valibot';
import {
  BATCH_RECORDS,
  MAX_MESSAGE_BYTES,
  type TapBatch,
  type TapChunks,
  type TapCommand,
  type TapMessage,
  type TapMessages,
} from './messages';

/**
 * Everything a tap sends can be forged by the page it runs in. This is the gate: what passes has the shape, the sizes
 * and the finite numbers that the store relies on; everything else is refused with a reason.
 */

/** A refusal, in words for the console and the loss count. */
export interface ProtocolProblem {
  problem: string;
}

/** Most records in one batch; a tap ships at `BATCH_RECORDS` or soon after. */
export const MAX_BATCH_RECORDS = 20 * BATCH_RECORDS;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.finite());
const headers = v.pipe(v.array(v.strictTuple([v.string(), v.string()])), v.maxLength(1000));
// A view on shared memory could change after it was checked.
const bytes = v.custom<Uint8Array>(
  (value) => value instanceof Uint8Array && value.buffer instanceof ArrayBuffer,
  'expected bytes',
);

const numbers = v.custom<number[] | Float64Array>(
  (value) =>
    value instanceof Float64Array || (Array.isArray(value) && value.every((one) => typeof one === 'number')),
  'expected a column of numbers',
);
const texts = v.custom<(string | null)[]>(
  (value) => Array.isArray(value) && value.every((one) => one === null || typeof one === 'string'),
  'expected a column of strings',
);

const Hello = v.object({
  type: v.literal('hello'),
  protocol: count,
  documentKey: v.pipe(v.string(), v.minLength(8), v.maxLength(200)),
  url: v.string(),
  isTop: v.boolean(),
  timeOriginEpochMs: time,
  tappedAtMs: time,
  joinedLate: v.boolean(),
  userAgent: v.string(),
});

const Start = v.object({
  stream: count,
  kind: v.picklist(['fetch', 'xhr', 'eventsource', 'websocket']),
  object: count,
  atMs: time,
  method: v.pipe(v.string(), v.maxLength(100)),
  url: v.string(),
  headers,
  body: v.nullable(v.string()),
  bodyByteLength: count,
  credentials: v.nullable(v.picklist(['omit', 'same-origin', 'include'])),
  mode: v.nullable(v.pipe(v.string(), v.maxLength(100))),
  hasAbortSignal: v.nullable(v.boolean()),
  protocols: v.pipe(v.array(v.pipe(v.string(), v.maxLength(1000))), v.maxLength(100)),
});

const Head = v.object({
  stream: count,
  atMs: time,
  status: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(999)),
  statusText: v.string(),
  headers,
  responseType: v.nullable(v.pipe(v.string(), v.maxLength(100))),
  url: v.string(),
  redirected: v.boolean(),
});

const Chunks = v.pipe(
  v.object({
    stream: numbers,
    atMs: numbers,
    waitedMs: numbers,
    byteLength: numbers,
    payloadLength: numbers,
    bytes,
  }),
  v.check(chunksFit, 'chunk columns do not fit together'),
);

const Messages = v.pipe(
  v.object({
    stream: numbers,
    atMs: numbers,
    byteLength: numbers,
    direction: numbers,
    opcode: numbers,
    name: texts,
    lastEventId: texts,
    text: texts,
    payloadLength: numbers,
    bytes,
  }),
  v.check(messagesFit, 'message columns do not fit together'),
);

const End = v.object({
  stream: count,
  atMs: time,
  kind: v.picklist(['complete', 'error', 'aborted', 'refused']),
  message: v.nullable(v.string()),
  closeCode: v.nullable(v.pipe(v.number(), v.integer())),
  closeReason: v.nullable(v.string()),
  wasClean: v.nullable(v.boolean()),
  byteLength: v.nullable(count),
});

const Loss = v.object({
  stream: count,
  reason: v.picklist(['consumed-natively', 'opaque', 'no-chunk-times', 'payload-capped', 'no-body']),
});

const few = <Schema extends v.GenericSchema>(schema: Schema) =>
  v.pipe(v.array(schema), v.maxLength(MAX_BATCH_RECORDS));

const Batch = v.pipe(
  v.object({
    type: v.literal('batch'),
    seq: count,
    dropped: count,
    starts: few(Start),
    heads: few(Head),
    chunks: v.nullable(Chunks),
    messages: v.nullable(Messages),
    losses: few(Loss),
    ends: few(End),
    blockedStartMs: numbers,
    blockedDurationMs: numbers,
  }),
  v.check(
    ({ blockedStartMs, blockedDurationMs }) =>
      blockedStartMs.length === blockedDurationMs.length &&
      blockedStartMs.length <= MAX_BATCH_RECORDS &&
      allFinite(blockedStartMs, -Infinity) &&
      allFinite(blockedDurationMs, 0),
    'blocked spans do not fit together',
  ),
);

const Bye = v.object({ type: v.literal('bye'), atMs: time });

const Message = v.variant('type', [Hello, Batch, Bye]);

const Command = v.variant('type', [
  v.object({ type: v.literal('config'), maxChunkPayloadBytes: count, maxStreamPayloadBytes: count }),
  v.object({ type: v.literal('credit'), batches: count }),
  v.object({ type: v.literal('restore') }),
]);

/**
 * A tap's message as it came out of the page, checked. Size is measured first, so that a huge message costs a walk
 * over at most `MAX_MESSAGE_BYTES`, not a validation.
 */
export function parseTapMessage(value: unknown): TapMessage | ProtocolProblem {
  if (!isWithin(value, MAX_MESSAGE_BYTES)) return { problem: 'larger than a message may be' };
  const result = v.safeParse(Message, value, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  return { problem: `${path ? `${path}: ` : ''}${issue.message}` };
}

/** A command as it came over a channel; null when it is none. */
export function parseTapCommand(value: unknown): TapCommand | null {
  const result = v.safeParse(Command, value);
  return result.success ? result.output : null;
}

/** Records a batch holds: what it costs to take it in. */
export function recordCount(batch: TapBatch): number {
  return (
    batch.starts.length +
    batch.heads.length +
    batch.ends.length +
    batch.losses.length +
    (batch.chunks?.stream.length ?? 0) +
    (batch.messages?.stream.length ?? 0)
  );
}

/** Whether a cloned value takes at most `limit` bytes, roughly as it would serialise. Stops as soon as it knows. */
export function isWithin(value: unknown, limit: number): boolean {
  let left = limit;
  const walk = (one: unknown, depth: number): void => {
    left -= 8;
    if (left < 0) return;
    if (typeof one === 'string') left -= one.length;
    else if (ArrayBuffer.isView(one)) left -= one.byteLength;
    else if (typeof one === 'object' && one !== null) {
      // A message is five levels deep; deeper, or anything exotic, is not ours.
      if (depth > 6 || !(Array.isArray(one) || Object.getPrototypeOf(one) === Object.prototype)) {
        left = -1;
        return;
      }
      if (Array.isArray(one)) {
        for (let index = 0; index < one.length && left >= 0; index++) walk(one[index], depth + 1);
        return;
      }
      for (const name in one) {
        left -= name.length;
        walk((one as Record<string, unknown>)[name], depth + 1);
        if (left < 0) return;
      }
    }
  };
  walk(value, 0);
  return left >= 0;
}

function chunksFit(columns: TapChunks): boolean {
  const { stream, atMs, waitedMs, byteLength, payloadLength } = columns;
  const length = stream.length;
  if (length > MAX_BATCH_RECORDS) return false;
  for (const column of [atMs, waitedMs, byteLength, payloadLength])
    if (column.length !== length) return false;
  if (!allFinite(atMs, -Infinity) || !allFinite(waitedMs, -1)) return false;
  if (!allCounts(stream) || !allCounts(byteLength) || !allCounts(payloadLength)) return false;
  let payload = 0;
  for (let index = 0; index < length; index++) {
    if (payloadLength[index]! > byteLength[index]!) return false;
    payload += payloadLength[index]!;
  }
  return payload === columns.bytes.length;
}

function messagesFit(columns: TapMessages): boolean {
  const { stream, atMs, byteLength, direction, opcode, name, lastEventId, text, payloadLength } = columns;
  const length = stream.length;
  if (length > MAX_BATCH_RECORDS) return false;
  const others = [atMs, byteLength, direction, opcode, name, lastEventId, text, payloadLength];
  for (const column of others) if (column.length !== length) return false;
  if (!allFinite(atMs, -Infinity)) return false;
  if (!allCounts(stream) || !allCounts(byteLength) || !allCounts(payloadLength)) return false;
  let payload = 0;
  for (let index = 0; index < length; index++) {
    if (direction[index] !== 0 && direction[index] !== 1) return false;
    const code = opcode[index]!;
    if (!Number.isInteger(code) || code < 0 || code > 15) return false;
    payload += payloadLength[index]!;
  }
  return payload === columns.bytes.length;
}

function allFinite(column: number[] | Float64Array, least: number): boolean {
  for (let index = 0; index < column.length; index++) {
    const value = column[index]!;
    if (!(value >= least && Number.isFinite(value))) return false;
  }
  return true;
}

function allCounts(column: number[] | Float64Array): boolean {
  for (let index = 0; index < column.length; index++) {
    const value = column[index]!;
    if (!(value >= 0 && Number.isSafeInteger(value))) return false;
  }
  return true;
}
