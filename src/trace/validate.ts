import * as v from 'valibot';
import { TRACE_FORMAT, TRACE_VERSION } from './types';

/**
 * The shape of a saved trace, bounded everywhere: a file can claim anything. FORMAT.md says the same in words. The
 * bounds lie far above what a recording holds, and below what would hurt.
 */

const MAX_STREAMS = 50_000;
const MAX_DOCUMENTS = 50_000;
const MAX_RECORDS = 4_000_000;
const MAX_HEADERS = 2000;
const MAX_TEXT_LENGTH = 1024 * 1024;
const MAX_PAYLOAD_LENGTH = 128 * 1024 * 1024;
/** A year, ms: no recording lasts longer, and sums of such times stay exact. */
const MAX_TIME_MS = 366 * 24 * 3600 * 1000;
const MAX_EPOCH_MS = 8_640_000_000_000_000;

const text = v.pipe(v.string(), v.maxLength(MAX_TEXT_LENGTH));
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const time = v.pipe(v.number(), v.finite(), v.minValue(-MAX_TIME_MS), v.maxValue(MAX_TIME_MS));
const maybe = <T extends v.GenericSchema>(schema: T) => v.nullable(schema);

// Columns are long, so they are checked in one go instead of item by item.
function column<T>(what: string, fits: (value: unknown) => boolean) {
  return v.custom<T[]>(
    (value) => Array.isArray(value) && value.length <= MAX_RECORDS && value.every(fits),
    `expected a column of ${what}`,
  );
}
const isTime = (value: unknown) => typeof value === 'number' && Math.abs(value) <= MAX_TIME_MS;
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0;
const isText = (value: unknown) => typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;

const times = v.pipe(
  column<number>('times', isTime),
  v.check(
    (values) => values.every((at, index) => index === 0 || at >= values[index - 1]!),
    'goes back in time',
  ),
);
const durations = column<number>('durations', isTime);
const counts = column<number>('counts', isCount);
const texts = column<string | null>('texts', (value) => value === null || isText(value));
const codes = <T extends number>(most: number) =>
  column<T>('codes', (value) => isCount(value) && (value as number) <= most);

const header = v.pipe(v.tuple([text, text]), v.readonly());
const headers = v.pipe(v.array(header), v.maxLength(MAX_HEADERS));
const refusals = v.pipe(
  v.array(v.object({ name: text, reasons: v.pipe(v.array(text), v.maxLength(100)) })),
  v.maxLength(MAX_HEADERS),
);
const body = v.object({
  text: v.pipe(v.string(), v.maxLength(MAX_PAYLOAD_LENGTH)),
  byteLength: count,
  truncated: v.boolean(),
});

/** All columns of one set describe the same records. */
function sameLength(columns: Record<string, unknown>): boolean {
  const lengths = Object.values(columns).map((one) =>
    Array.isArray(one) ? one.length : (one as { byteLength: unknown[] }).byteLength.length,
  );
  return lengths.every((length) => length === lengths[0]);
}

/** `byteLength[i]` is -1 where nothing was captured. */
const packedBytes = v.object({
  encoding: v.picklist(['utf8', 'base64']),
  data: v.pipe(v.string(), v.maxLength(MAX_PAYLOAD_LENGTH)),
  byteLength: column<number>('payload lengths', (value) => value === -1 || isCount(value)),
});

const chunks = v.pipe(
  v.object({
    atMs: times,
    byteLength: counts,
    waitedMs: durations,
    confidence: codes<0 | 1 | 2 | 3>(3),
    payload: packedBytes,
  }),
  v.check((columns) => sameLength(columns), 'has columns of different lengths'),
  v.check(
    ({ byteLength, payload }) => payload.byteLength.every((kept, index) => kept <= byteLength[index]!),
    'has a payload longer than its chunk',
  ),
);

const messages = v.pipe(
  v.object({
    atMs: times,
    byteLength: counts,
    confidence: codes<0 | 1 | 2 | 3>(3),
    direction: codes<0 | 1>(1),
    opcode: codes<number>(15),
    name: texts,
    lastEventId: texts,
    payload: column<string | null | { base64: string }>('payloads', isPayload),
  }),
  v.check((columns) => sameLength(columns), 'has columns of different lengths'),
);

function isPayload(value: unknown): boolean {
  if (value === null) return true;
  const data = typeof value === 'object' ? (value as { base64?: unknown }).base64 : value;
  return typeof data === 'string' && data.length <= MAX_PAYLOAD_LENGTH;
}

const phases = v.object({
  blockedMs: maybe(time),
  dnsMs: maybe(time),
  connectMs: maybe(time),
  sslMs: maybe(time),
  sendMs: maybe(time),
  waitMs: maybe(time),
  receiveMs: maybe(time),
});

const stream = v.object({
  id: v.pipe(text, v.minLength(1)),
  kind: v.picklist(['fetch', 'xhr', 'eventsource', 'websocket', 'document', 'other']),
  documentId: maybe(text),
  objectId: maybe(text),
  seenBy: v.object({ tap: v.boolean(), network: v.boolean(), har: v.boolean() }),
  request: v.object({
    method: text,
    url: text,
    headers,
    headersComplete: v.boolean(),
    body: maybe(body),
    credentials: maybe(v.picklist(['omit', 'same-origin', 'include'])),
    mode: maybe(text),
    hasAbortSignal: maybe(v.boolean()),
    protocols: v.pipe(v.array(text), v.maxLength(100)),
    withheldCookies: refusals,
  }),
  response: maybe(
    v.object({
      status: v.pipe(count, v.maxValue(999)),
      statusText: text,
      headers,
      headersComplete: v.boolean(),
      type: maybe(text),
      url: text,
      redirected: v.boolean(),
      protocol: maybe(text),
      remoteAddress: maybe(text),
      connectionId: maybe(text),
      fromCache: v.boolean(),
      fromServiceWorker: v.boolean(),
      body: maybe(body),
      refusedCookies: refusals,
    }),
  ),
  timing: v.object({
    startedAtMs: time,
    sentAtMs: maybe(time),
    headersAtMs: maybe(time),
    firstByteAtMs: maybe(time),
    phases: maybe(phases),
  }),
  chunks,
  messages,
  end: maybe(
    v.object({
      atMs: time,
      kind: v.picklist(['complete', 'error', 'aborted', 'refused']),
      netError: maybe(text),
      message: maybe(text),
      closeCode: maybe(v.pipe(count, v.maxValue(65_535))),
      closeReason: maybe(text),
      wasClean: maybe(v.boolean()),
    }),
  ),
  losses: v.pipe(
    v.array(
      v.picklist([
        'late-start',
        'dropped-records',
        'payload-capped',
        'payload-evicted',
        'consumed-natively',
        'opaque',
        'no-chunk-times',
        'no-body',
      ]),
    ),
    v.maxLength(100),
  ),
});

const uniqueIds = (items: readonly { id: string }[]) =>
  new Set(items.map(({ id }) => id)).size === items.length;

export const TraceFileSchema = v.object({
  format: v.literal(TRACE_FORMAT),
  version: v.literal(TRACE_VERSION),
  meta: v.object({
    originEpochMs: v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_EPOCH_MS)),
    recorder: v.picklist(['extension', 'cli', 'har', 'lab']),
    recorderVersion: text,
    browser: maybe(text),
    pageUrl: maybe(text),
    note: text,
    missing: v.pipe(
      v.array(
        v.picklist([
          'chunk-times',
          'cookies',
          'secret-headers',
          'bodies',
          'network-errors',
          'request-options',
          'frames',
        ]),
      ),
      v.maxLength(100),
    ),
    endedAtMs: v.exactOptional(time),
  }),
  limits: v.object({
    maxStreams: count,
    maxChunks: count,
    maxMessages: count,
    maxPayloadBytes: count,
    maxChunkPayloadBytes: count,
    maxStreamPayloadBytes: count,
  }),
  loss: v.object({
    droppedRecords: count,
    droppedStreams: count,
    overLimitRecords: count,
    evictedPayloadBytes: count,
    refusedMessages: count,
  }),
  documents: v.pipe(
    v.array(
      v.object({
        id: v.pipe(text, v.minLength(1)),
        url: text,
        isTop: v.boolean(),
        joinedLate: v.boolean(),
        tappedAtMs: maybe(time),
        blocked: v.pipe(
          v.object({ startMs: durations, durationMs: durations }),
          v.check((columns) => sameLength(columns), 'has columns of different lengths'),
        ),
      }),
    ),
    v.maxLength(MAX_DOCUMENTS),
    v.check((items) => uniqueIds(items), 'has two documents with one id'),
  ),
  streams: v.pipe(
    v.array(stream),
    v.maxLength(MAX_STREAMS),
    v.check((items) => uniqueIds(items), 'has two streams with one id'),
    v.check(
      (streams) => streams.reduce((sum, one) => sum + one.chunks.atMs.length, 0) <= MAX_RECORDS,
      'has too many chunks',
    ),
    v.check(
      (streams) => streams.reduce((sum, one) => sum + one.messages.atMs.length, 0) <= MAX_RECORDS,
      'has too many messages',
    ),
  ),
});

/** A saved trace as it lies in the file. */
export type TraceFile = v.InferOutput<typeof TraceFileSchema>;
