import {
  BATCH_AGE_MS,
  BATCH_RECORDS,
  type TapBatch,
  type TapEnd,
  type TapHead,
  type TapLoss,
  type TapLossReason,
  type TapStart,
  type TapStreamKind,
} from '../protocol/messages';
import { createByteLog, createColumns, createTextColumn } from './columns';
import { append, bytesOf, clearTimer, cutText, min, now, safeSet, setTimer } from './primordials';

/** Sends one batch away; `transfer` lists the buffers that go with it. */
export type Ship = (batch: TapBatch, transfer: ArrayBuffer[]) => void;

/** One exchange being recorded. */
export interface Stream {
  readonly id: number;
  /** False once it has ended, or when there was no room for its start: nothing more is recorded of it. */
  open: boolean;
  payloadBytes: number;
  losses: TapLossReason[];
  /** Undo what was attached to the page's objects for it. */
  release: (() => void) | null;
}

export type StartInfo = Omit<TapStart, 'stream' | 'kind' | 'object'>;

export interface Recorder {
  /** A number for an object of the page's that may have several streams. */
  newObject(): number;
  /** `object` 0: an object of its own. */
  start(kind: TapStreamKind, object: number, info: StartInfo): Stream;
  head(stream: Stream, head: Omit<TapHead, 'stream'>): void;
  /** `wanted` bytes of `data`, `from` on, are copied at once: the page may overwrite or transfer them. */
  chunk(
    stream: Stream,
    atMs: number,
    waitedMs: number,
    byteLength: number,
    data: unknown,
    from: number,
    wanted: number,
  ): void;
  message(
    stream: Stream,
    atMs: number,
    sent: boolean,
    byteLength: number,
    data: unknown,
    binary: boolean,
    name: string | null,
    lastEventId: string | null,
  ): void;
  loss(stream: Stream, reason: TapLossReason): void;
  end(
    stream: Stream,
    kind: TapEnd['kind'],
    message?: string | null,
    byteLength?: number | null,
    atMs?: number,
    closing?: { code: number; reason: string; clean: boolean } | null,
  ): void;
  blocked(startMs: number, durationMs: number): void;
  /** Largest payload that may still be captured of this stream's next record. */
  payloadRoom(stream: Stream): number;
  /** Payload caps; anything but a sensible number is ignored. */
  configure(maxChunkPayloadBytes: unknown, maxStreamPayloadBytes: unknown): void;
  credit(batches: unknown): void;
  /** Sends what there is, as far as credit goes. */
  flush(): void;
  stop(): void;
  isStopped(): boolean;
}

/** Held before any collector spoke. */
const UNCLAIMED_BYTES = 256 * 1024;
/** Held while a collector is slow; as much again can be under way, so 4 MB in all. */
const CLAIMED_BYTES = 2 * 1024 * 1024;
const BATCH_BYTES = 256 * 1024;
const MAX_CONFIGURED_BYTES = 1024 * 1024;
/** Rough bytes of one record without its payload. */
const ROW_BYTES = 64;
const LIFE_BYTES = 256;
/** Shares of the room: payloads give way first, then chunks and messages; starts and ends last. */
const PAYLOAD_SHARE = 0.5;
const ROW_SHARE = 0.75;
/** Two flushes for ended streams are at least this far apart: a page may make hundreds of calls at once. */
const END_FLUSH_GAP_MS = 10;

/** Collects records into batches and ships them as far as there is credit. Bounded; what it drops it counts. */
export function createRecorder(ship: Ship, onFirstStream: () => void): Recorder {
  let stopped = false;
  let streams = 0;
  let objects = 0;
  let maxChunk = 16 * 1024;
  let maxStream = 1024 * 1024;

  let credits = 0;
  let claimed = false;
  let seq = 0;
  let timer = 0;
  let lastFlushMs = 0;

  let waiting: { batch: TapBatch; transfer: ArrayBuffer[]; bytes: number }[] = [];
  let waitingFrom = 0;
  let held = 0;
  let dropped = 0;

  let draftBytes = 0;
  let draftRecords = 0;
  let starts: TapStart[] = [];
  let heads: TapHead[] = [];
  let losses: TapLoss[] = [];
  let ends: TapEnd[] = [];
  const chunks = createColumns(5, BATCH_RECORDS);
  const chunkBytes = createByteLog();
  const messages = createColumns(6, BATCH_RECORDS);
  const messageBytes = createByteLog();
  const names = createTextColumn(BATCH_RECORDS);
  const ids = createTextColumn(BATCH_RECORDS);
  const texts = createTextColumn(BATCH_RECORDS);
  const blocked = createColumns(2, BATCH_RECORDS);

  const running = safeSet<Stream>();

  const roomFor = (bytes: number, share: number) =>
    held + bytes <= (claimed ? CLAIMED_BYTES : UNCLAIMED_BYTES) * share;

  function admit(bytes: number, share: number): boolean {
    if (stopped) return false;
    if (!roomFor(bytes, share)) {
      dropped++;
      return false;
    }
    held += bytes;
    draftBytes += bytes;
    draftRecords++;
    return true;
  }

  function admitted(): void {
    if (draftRecords >= BATCH_RECORDS || draftBytes >= BATCH_BYTES) {
      seal();
      flush();
    } else if (!timer && credits > 0) {
      timer = setTimer(() => {
        timer = 0;
        flush();
      }, BATCH_AGE_MS);
    }
  }

  function seal(): void {
    if (draftRecords === 0 && dropped === 0) return;
    const transfer: ArrayBuffer[] = [];
    const batch: TapBatch = {
      type: 'batch',
      seq: seq++,
      dropped,
      starts,
      heads,
      chunks: null,
      messages: null,
      losses,
      ends,
      blockedStartMs: [],
      blockedDurationMs: [],
    };
    if (chunks.length > 0) {
      const { buffer, columns } = chunks.take();
      const payload = chunkBytes.take();
      append(transfer, buffer);
      append(transfer, payload.buffer);
      batch.chunks = {
        stream: columns[0]!,
        atMs: columns[1]!,
        waitedMs: columns[2]!,
        byteLength: columns[3]!,
        payloadLength: columns[4]!,
        bytes: payload.bytes,
      };
    }
    const { length } = messages;
    if (length > 0) {
      const { buffer, columns } = messages.take();
      const payload = messageBytes.take();
      append(transfer, buffer);
      append(transfer, payload.buffer);
      batch.messages = {
        stream: columns[0]!,
        atMs: columns[1]!,
        byteLength: columns[2]!,
        direction: columns[3]!,
        opcode: columns[4]!,
        payloadLength: columns[5]!,
        name: names.take(length),
        lastEventId: ids.take(length),
        text: texts.take(length),
        bytes: payload.bytes,
      };
    }
    if (blocked.length > 0) {
      const { buffer, columns } = blocked.take();
      append(transfer, buffer);
      batch.blockedStartMs = columns[0]!;
      batch.blockedDurationMs = columns[1]!;
    }
    append(waiting, { batch, transfer, bytes: draftBytes });
    starts = [];
    heads = [];
    losses = [];
    ends = [];
    dropped = 0;
    draftBytes = 0;
    draftRecords = 0;
  }

  function flush(): void {
    if (stopped || credits === 0) return;
    if (timer) clearTimer(timer);
    timer = 0;
    lastFlushMs = now();
    if (waitingFrom === waiting.length) seal();
    while (credits > 0 && waitingFrom < waiting.length) {
      const { batch, transfer, bytes } = waiting[waitingFrom++]!;
      credits--;
      held -= bytes;
      ship(batch, transfer);
      if (waitingFrom === waiting.length) {
        waiting = [];
        waitingFrom = 0;
        if (credits > 0) seal();
      }
    }
  }

  function payloadRoom(stream: Stream): number {
    const room = maxStream - stream.payloadBytes;
    return min(room, maxChunk);
  }

  /** How many of `wanted` payload bytes may be kept; a cut is noted once for each stream. */
  function grant(stream: Stream, wanted: number): number {
    let granted = payloadRoom(stream);
    if (granted > wanted) granted = wanted;
    if (!roomFor(granted, PAYLOAD_SHARE)) granted = 0;
    stream.payloadBytes += granted;
    held += granted;
    draftBytes += granted;
    if (granted < wanted) loss(stream, 'payload-capped');
    return granted;
  }

  function close(stream: Stream): void {
    stream.open = false;
    running.delete(stream);
    stream.release?.();
    stream.release = null;
  }

  function loss(stream: Stream, reason: TapLossReason): void {
    if (!stream.open) return;
    for (let i = 0; i < stream.losses.length; i++) if (stream.losses[i] === reason) return;
    append(stream.losses, reason);
    if (admit(LIFE_BYTES, 1)) append(losses, { stream: stream.id, reason });
  }

  return {
    newObject: () => ++objects,
    start(kind, object, info) {
      if (streams === 0) onFirstStream();
      const id = ++streams;
      const bytes = LIFE_BYTES + 2 * (info.url.length + (info.body?.length ?? 0)) + 64 * info.headers.length;
      const stream: Stream = { id, open: admit(bytes, 1), payloadBytes: 0, losses: [], release: null };
      if (stream.open) {
        running.add(stream);
        append(starts, { stream: id, kind, object: object || ++objects, ...info });
        admitted();
      }
      return stream;
    },
    head(stream, head) {
      if (!stream.open || !admit(LIFE_BYTES + 128 * head.headers.length, 1)) return;
      append(heads, { stream: stream.id, ...head });
      admitted();
    },
    chunk(stream, atMs, waitedMs, byteLength, data, from, wanted) {
      if (!stream.open || !admit(ROW_BYTES, ROW_SHARE)) return;
      const granted = wanted > 0 ? grant(stream, wanted) : 0;
      if (granted > 0) chunkBytes.add(bytesOf(data, from, granted), granted);
      chunks.add(stream.id, atMs, waitedMs, byteLength, granted);
      admitted();
    },
    message(stream, atMs, sent, byteLength, data, binary, name, lastEventId) {
      if (!stream.open || !admit(ROW_BYTES, ROW_SHARE)) return;
      let text: string | null = null;
      let granted = 0;
      if (typeof data === 'string') {
        const kept = grant(stream, byteLength);
        if (kept === byteLength) text = data;
        else if (kept > 0) text = cutText(data, kept);
      } else if (data && byteLength > 0) {
        granted = grant(stream, byteLength);
        if (granted > 0) messageBytes.add(bytesOf(data, 0, granted), granted);
      } else if (byteLength > 0) loss(stream, 'payload-capped');
      const row = messages.length;
      messages.add(stream.id, atMs, byteLength, sent ? 1 : 0, binary ? 2 : 1, granted);
      if (name !== null) names.set(row, name);
      if (lastEventId !== null) ids.set(row, lastEventId);
      if (text !== null) texts.set(row, text);
      admitted();
    },
    loss,
    end(stream, kind, message = null, byteLength = null, atMs = now(), closing = null) {
      if (!stream.open) return;
      close(stream);
      if (!admit(LIFE_BYTES, 1)) return;
      append(ends, {
        stream: stream.id,
        atMs,
        kind,
        message,
        closeCode: closing ? closing.code : null,
        closeReason: closing ? closing.reason : null,
        wasClean: closing ? closing.clean : null,
        byteLength,
      });
      admitted();
      // A hidden page runs timers once a second: what an end completes should not wait for that.
      if (now() - lastFlushMs >= END_FLUSH_GAP_MS) flush();
    },
    blocked(startMs, durationMs) {
      if (!admit(ROW_BYTES, ROW_SHARE)) return;
      blocked.add(startMs, durationMs);
      admitted();
    },
    payloadRoom,
    configure(chunkBytes, streamBytes) {
      maxChunk = within(chunkBytes, maxChunk, MAX_CONFIGURED_BYTES);
      maxStream = within(streamBytes, maxStream, 64 * MAX_CONFIGURED_BYTES);
    },
    credit(batches) {
      if (typeof batches !== 'number' || !(batches > 0)) return;
      claimed = true;
      credits += batches < 1024 ? batches | 0 : 1024;
      flush();
    },
    flush,
    isStopped: () => stopped,
    stop() {
      stopped = true;
      running.forEach(close);
      if (timer) clearTimer(timer);
      waiting = [];
      starts = [];
      heads = [];
      losses = [];
      ends = [];
    },
  };
}

function within(value: unknown, fallback: number, max: number): number {
  if (typeof value !== 'number' || !(value >= 0)) return fallback;
  return value < max ? value | 0 : max;
}
