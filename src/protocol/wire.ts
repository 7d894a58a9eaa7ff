/**
 * What really goes over the port of a tap: the shortest form of `messages.ts`, so that the script in the page stays
 * small. Arrays by position, rows of numbers, no names. `bridge/unpack.ts` makes messages of it.
 *
 * - hello: `[tappedAtMs, joinedLate]`. The bridge knows the rest: it lives in the same document.
 * - batch: `[seq, dropped, rows, bytes, notes]`. `rows` is an ArrayBuffer of 64-bit floats, `ROW_NUMBERS` a record;
 *   `notes` has one entry a record; the payloads of chunks and binary messages lie one behind the other in `bytes`.
 * - bye: `[atMs]`.
 *
 * A row is `kind, stream, atMs, a, b, c`:
 *
 * | kind          | a                   | b                    | c             | note                                       |
 * | ------------- | ------------------- | -------------------- | ------------- | ------------------------------------------ |
 * | `ROW_START`   | object              | size of the body     |               | `StartNote`                                |
 * | `ROW_HEAD`    | status              |                      |               | `HeadNote`                                 |
 * | `ROW_CHUNK`   | `waitedMs`          | `byteLength`         | payload bytes | null                                       |
 * | `ROW_MESSAGE` | flags               | `byteLength`         | payload bytes | its text, or `[text, name, lastEventId]`   |
 * | `ROW_LOSS`    | index of `LOSSES`   |                      |               | null                                       |
 * | `ROW_END`     | index of `ENDS`     | `byteLength`, or −1  |               | `EndNote`                                  |
 */
import type { TapEnd, TapLossReason, TapStreamKind } from './messages';

export const ROW_NUMBERS = 6;
export const ROW_START = 0;
export const ROW_HEAD = 1;
export const ROW_CHUNK = 2;
export const ROW_MESSAGE = 3;
export const ROW_LOSS = 4;
export const ROW_END = 5;

export const MESSAGE_SENT = 1;
export const MESSAGE_BINARY = 2;

export const LOSSES: readonly TapLossReason[] = [
  'consumed-natively',
  'opaque',
  'no-chunk-times',
  'payload-capped',
  'no-body',
];
export const LOSS_NATIVE = 0;
export const LOSS_OPAQUE = 1;
export const LOSS_TIMES = 2;
export const LOSS_CAPPED = 3;

export const ENDS: readonly TapEnd['kind'][] = ['complete', 'error', 'aborted', 'refused'];
export const END_COMPLETE = 0;
export const END_ERROR = 1;
export const END_ABORTED = 2;
export const END_REFUSED = 3;

export const KINDS: readonly TapStreamKind[] = ['fetch', 'xhr', 'eventsource', 'websocket'];
export const KIND_FETCH = 0;
export const KIND_XHR = 1;
export const KIND_EVENT_SOURCE = 2;
export const KIND_WEB_SOCKET = 3;

/** What may stand in a note: null where it was nothing that can be told. */
type Told = string | number | boolean | null;

/**
 * `[kind, url, headers, body, method, credentials, mode, known, protocols]`: `headers` as lines of `name: value`, method,
 * credentials and mode as the page gave them, `known` the sum of the `START_…` that hold.
 */
export type StartNote = Told[];
/** The page passed an AbortSignal. */
export const START_SIGNAL = 1;
/** The request is a Request, with a signal of its own in any case. */
export const START_REQUEST = 2;
/** The init is a plain object or absent: what it does not say is the browser's default. */
export const START_PLAIN = 4;

/** `[statusText, headers, type, url, redirected]`; `redirected` null: where the URL is not the one that was asked for. */
export type HeadNote = Told[];
/** `[name, message]` of an error; `[null, null, code, reason, clean]` of a WebSocket. */
export type EndNote = Told[];

/** Collector's end → tap, beside `TapCommand`: the network has delivered the body of a response. */
export interface TapDelivered {
  type: 'delivered';
  stream: number;
  atMs: number;
  /** Its size; −1 when the browser does not tell. */
  byteLength: number;
  /** Nobody has touched it for so long that nobody will. */
  unread: boolean;
}

/** Among header lines: a content type that is made to be read piece by piece. */
export const STREAMING_TYPE =
  /^content-type: *(text\/event-stream|application\/((x-)?(ndjson|jsonlines|json-stream)|jsonl|json-seq|stream\+json))\s*(;|$)/im;
