import { BATCH_AGE_MS, BATCH_RECORDS } from '../protocol/messages';
import {
  LOSS_CAPPED,
  MESSAGE_BINARY,
  ROW_CHUNK,
  ROW_END,
  ROW_HEAD,
  ROW_LOSS,
  ROW_MESSAGE,
  ROW_NUMBERS,
  ROW_START,
} from '../protocol/wire';
import {
  addListener,
  arrayFrom,
  Bytes,
  bytesOf,
  clearTimer,
  cutText,
  fullSizeOf,
  min,
  NativeBuffer,
  Numbers,
  now,
  removeListener,
  setBytes,
  setTimer,
  sizeOf,
  utf8Length,
} from './natives';

/**
 * Collects records into batches and ships them as far as there is credit. Bounded; what it drops it counts. A record is
 * a row of numbers, and where numbers do not suffice a note beside it: see `protocol/wire.ts`.
 */

/** One exchange being recorded. */
export interface Stream {
  readonly id_: number;
  /** False once it has ended, or when there was no room for its start: nothing more is recorded of it. */
  open_: boolean;
  payloadBytes_: number;
  /** A bit for each loss that was reported. */
  losses_: number;
  /** Undoes what was attached to the page's objects for it. */
  release_: (() => void) | undefined;
}

/** Held before any collector spoke. */
const UNCLAIMED_BYTES = 256 * 1024;
/** Held while a collector is slow; as much again can be under way, so 4 MB in all. */
const CLAIMED_BYTES = 2 * 1024 * 1024;
const BATCH_BYTES = 256 * 1024;
const MAX_CONFIGURED_BYTES = 1024 * 1024;
/** Rough bytes of one record without its payload or note. */
const ROW_BYTES = 64;
const LIFE_BYTES = 256;
/** Longest text in a note, in UTF-8; all headers of an answer are one text. */
const MAX_TEXT_BYTES = 64 * 1024;
/** Shares of the room: payloads give way first, then chunks and messages; starts and ends last. */
const PAYLOAD_SHARE = 0.5;
const ROW_SHARE = 0.75;
/** Two flushes for ended streams are at least this far apart: a page may make hundreds of calls at once. */
const END_FLUSH_GAP_MS = 10;

type Send = (message: unknown[], transfer: ArrayBuffer[]) => void;
interface Batch {
  message_: unknown[];
  transfer_: ArrayBuffer[];
  bytes_: number;
  next_: Batch | null;
}

let send: Send;
export let isStopped = false;
let streams = 0;
let objects = 0;
let maxChunk = 16 * 1024;
let maxStream = 1024 * 1024;

let credits = 0;
let claimed = false;
let seq = 0;
let timer = 0;
let lastFlushMs = 0;

/** Sealed batches that wait for credit. */
let first: Batch | null = null;
let last: Batch | null = null;
let held = 0;
let dropped = 0;

/** The draft. Memory is taken with the first record. */
let records = 0;
let draftBytes = 0;
let rowBuffer: ArrayBuffer | undefined;
let rows: Float64Array;
let notes: unknown[];
let payloadBuffer = new NativeBuffer(0);
let payload: Uint8Array;
let payloadRoom = 0;
let payloadLength = 0;

/** By the number of its stream: what to do when the network has delivered a body that may not be watched. */
export const deliveries = { __proto__: null } as unknown as Record<
  number,
  (atMs: number, byteLength: number, unread: boolean) => void
>;

export const startRecorder = (to: Send): void => {
  send = to;
};

/** A number for an object of the page's that may have several streams. */
export const newObject = (): number => ++objects;

const hasRoom = (bytes: number, share: number): boolean =>
  !isStopped && held + bytes <= (claimed ? CLAIMED_BYTES : UNCLAIMED_BYTES) * share;

const take = (bytes: number): void => {
  held += bytes;
  draftBytes += bytes;
};

/** Whether a chunk or message may be added: what cannot is not measured first. */
function canAdd(stream: Stream): boolean {
  if (!stream.open_) return false;
  const can = hasRoom(ROW_BYTES, ROW_SHARE);
  if (!can) dropped++;
  return can;
}

/** Adds a record; false when there was no room. */
function add(
  row: number,
  stream: Stream,
  atMs: number,
  note: unknown,
  bytes: number,
  a = 0,
  b = 0,
  c = 0,
): boolean {
  if (!stream.open_) return false;
  if (!hasRoom(bytes, 1)) {
    dropped++;
    return false;
  }
  take(bytes);
  if (!rowBuffer) {
    rowBuffer = new NativeBuffer(BATCH_RECORDS * ROW_NUMBERS * 8);
    rows = new Numbers(rowBuffer);
    notes = arrayFrom({ __proto__: null, length: BATCH_RECORDS } as object, () => null);
  }
  notes[records] = note;
  const at = records++ * ROW_NUMBERS;
  rows[at] = row;
  rows[at + 1] = stream.id_;
  rows[at + 2] = atMs;
  rows[at + 3] = a;
  rows[at + 4] = b;
  rows[at + 5] = c;
  if (records === BATCH_RECORDS || draftBytes >= BATCH_BYTES) {
    seal();
    flush();
  } else if (!timer && credits) timer = setTimer(flush, BATCH_AGE_MS);
  return true;
}

/** An exact copy, which can be transferred. */
function copyOf(source: ArrayBuffer, byteLength: number): ArrayBuffer {
  const copy = new NativeBuffer(byteLength);
  setBytes(new Bytes(copy), new Bytes(source, 0, byteLength));
  return copy;
}

/** Makes a batch of the draft. */
function seal(): void {
  if (!records && !dropped) return;
  const numbers = copyOf(rowBuffer ?? payloadBuffer, records * ROW_NUMBERS * 8);
  const bytes = copyOf(payloadBuffer, payloadLength);
  const batch: Batch = {
    message_: [
      seq++,
      dropped,
      numbers,
      bytes,
      arrayFrom({ __proto__: null, length: records } as object, (_, index) => {
        const note = notes[index];
        notes[index] = null;
        return note;
      }),
    ],
    transfer_: [numbers, bytes],
    bytes_: draftBytes,
    next_: null,
  };
  if (last) last.next_ = batch;
  else first = batch;
  last = batch;
  records = dropped = draftBytes = payloadLength = 0;
}

/** Sends what there is, as far as credit goes. */
export function flush(): void {
  clearTimer(timer);
  timer = 0;
  lastFlushMs = now();
  while (credits) {
    if (!first) seal();
    if (!first) break;
    const { message_, transfer_, bytes_, next_ } = first;
    first = next_;
    if (!first) last = null;
    credits--;
    held -= bytes_;
    send(message_, transfer_);
  }
}

function onPageHide(): void {
  flush();
  send([now()], []);
}

/** A record of a stream's life. Its note keeps texts, numbers and truth values; anything else becomes null. */
function addLife(
  row: number,
  stream: Stream,
  atMs: number,
  note: unknown[],
  a?: number,
  b?: number,
): boolean {
  let bytes = LIFE_BYTES;
  for (let i = 0; i < note.length; i++) {
    let one = note[i];
    if (typeof one === 'string') {
      if (one.length * 3 > MAX_TEXT_BYTES) one = cutText(one, MAX_TEXT_BYTES);
      bytes += 2 * (one as string).length;
    } else if (typeof one !== 'number' && typeof one !== 'boolean') one = null;
    note[i] = one;
  }
  return add(row, stream, atMs, note, bytes, a, b);
}

/** `note` is a `StartNote`. */
export function startStream(atMs: number, note: unknown[], bodyByteLength = 0, object = ++objects): Stream {
  if (!streams) {
    // A page without streams has nothing of ours to run.
    addListener(globalThis, 'visibilitychange', flush, true);
    addListener(globalThis, 'pagehide', onPageHide, true);
  }
  const stream: Stream = { id_: ++streams, open_: true, payloadBytes_: 0, losses_: 0, release_: undefined };
  stream.open_ = addLife(ROW_START, stream, atMs, note, object, bodyByteLength);
  return stream;
}

/** `note` is a `HeadNote`. */
export const addHead = (stream: Stream, status: number, note: unknown[]): boolean =>
  addLife(ROW_HEAD, stream, now(), note, status);

/** `loss` is an index of `LOSSES`; each is noted once for a stream. */
export function addLoss(stream: Stream, loss: number): void {
  if (stream.losses_ & (1 << loss)) return;
  stream.losses_ |= 1 << loss;
  add(ROW_LOSS, stream, 0, null, LIFE_BYTES, loss);
}

/** Largest payload that may still be captured of this stream's next record. */
export const roomOf = (stream: Stream): number => min(maxChunk, maxStream - stream.payloadBytes_);

/** How many of `wanted` payload bytes may be kept. */
function grant(stream: Stream, wanted: number): number {
  let granted = min(roomOf(stream), wanted);
  if (!hasRoom(granted, PAYLOAD_SHARE)) granted = 0;
  if (granted < wanted) addLoss(stream, LOSS_CAPPED);
  stream.payloadBytes_ += granted;
  take(granted);
  return granted;
}

/** Keeps payload for the record that is added next. At once: the page may overwrite or transfer its bytes. */
function keep(data: unknown, from: number, length: number): void {
  const needed = payloadLength + length;
  if (needed > payloadRoom) {
    payloadRoom = needed * 2;
    const larger = new NativeBuffer(payloadRoom);
    payload = new Bytes(larger);
    setBytes(payload, new Bytes(payloadBuffer, 0, payloadLength));
    payloadBuffer = larger;
  }
  setBytes(payload, bytesOf(data, from, length), payloadLength);
  payloadLength = needed;
}

/** `wanted` bytes of `data`, `from` on, are its payload. */
export function addChunk(
  stream: Stream,
  atMs: number,
  waitedMs: number,
  byteLength: number,
  data?: unknown,
  from = 0,
  wanted = byteLength,
): void {
  if (!canAdd(stream)) return;
  const granted = data ? grant(stream, wanted) : 0;
  if (granted) keep(data, from, granted);
  add(ROW_CHUNK, stream, atMs, null, ROW_BYTES, waitedMs, byteLength, granted);
}

/** A frame or an event. `sent` is 0 or `MESSAGE_SENT`; `name` and `id` are an event's. */
export function addMessage(
  stream: Stream,
  atMs: number,
  sent: number,
  data: unknown,
  name?: string,
  id?: string,
): void {
  if (!canAdd(stream)) return;
  let text: string | null = null;
  let byteLength: number | undefined;
  let granted = 0;
  let flags = sent;
  if (typeof data === 'string') {
    byteLength = utf8Length(data);
    const kept = grant(stream, byteLength);
    if (kept === byteLength) text = data;
    else if (kept) text = cutText(data, kept);
  } else {
    byteLength = fullSizeOf(data);
    if (byteLength !== undefined) flags |= MESSAGE_BINARY;
    if (byteLength) {
      // Of a Blob the size is known, but not the content.
      if (sizeOf(data) === undefined) addLoss(stream, LOSS_CAPPED);
      else granted = grant(stream, byteLength);
      if (granted) keep(data, 0, granted);
    }
  }
  const note = name === undefined ? text : [text, name, id];
  add(ROW_MESSAGE, stream, atMs, note, ROW_BYTES, flags, byteLength, granted);
}

/** `kind` is an index of `ENDS`, `note` an `EndNote`; `byteLength` −1: unknown. */
export function endStream(
  stream: Stream,
  kind: number,
  note: unknown[] = [],
  byteLength = -1,
  atMs = now(),
): void {
  if (!stream.open_) return;
  addLife(ROW_END, stream, atMs, note, kind, byteLength);
  stream.open_ = false;
  stream.release_?.();
  delete deliveries[stream.id_];
  // A hidden page runs timers once a second: what an end completes should not wait for that.
  if (now() - lastFlushMs >= END_FLUSH_GAP_MS) flush();
}

const within = (value: unknown, fallback: number, max: number): number =>
  typeof value === 'number' && value >= 0 ? min(value, max) | 0 : fallback;

/** Payload caps; anything but a sensible number is ignored. */
export function configure(chunkBytes: unknown, streamBytes: unknown): void {
  maxChunk = within(chunkBytes, maxChunk, MAX_CONFIGURED_BYTES);
  maxStream = within(streamBytes, maxStream, 64 * MAX_CONFIGURED_BYTES);
}

/** How many more batches may be sent. */
export function addCredit(batches: unknown): void {
  credits += within(batches, 0, 1024);
  if (credits) {
    claimed = true;
    flush();
  }
}

export function stopRecorder(): void {
  isStopped = true;
  credits = 0;
  clearTimer(timer);
  removeListener(globalThis, 'visibilitychange', flush, true);
  removeListener(globalThis, 'pagehide', onPageHide, true);
  // Nothing is added any more: what was held is let go.
  first = last = null;
  notes = [];
  payloadBuffer = rowBuffer = new NativeBuffer(0);
  payload = new Bytes(0);
  rows = new Numbers(0);
}
