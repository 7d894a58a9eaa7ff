import type { TapBatch, TapEnd, TapHello, TapStart } from '../protocol/messages';
import type { TraceAppender } from '../trace/append';
import { headerValue } from '../trace/headers';
import { Confidence, Direction, type DocumentRecord, Opcode, type StreamRecord } from '../trace/types';
import { chunkConfidence, doubtArrivals, wasBlocked } from './confidence';
import { addWholeBody } from './har-columns';
import type { Exchange, Tap } from './matching/matcher';
import { SAMPLE_BYTES, SAMPLE_TEXTS } from './matching/sides';

/** What a document asks of the recording it belongs to. */
export interface DocumentHost {
  readonly originEpochMs: number;
  readonly appender: TraceAppender;
  readonly paused: boolean;
  nowEpochMs(): number;
  recordOf(exchange: Exchange): StreamRecord;
  /** Gives `tap` an exchange, unless there is no room for one. */
  started(tap: Tap, document: LiveDocument): void;
  /** The views of a tap's stream grew (head, end). */
  grew(tap: Tap): void;
  /** A record gained deliveries or losses. */
  touch(record: StreamRecord): void;
}

/** A document says times relative to its own start; this far off the recorder's clock it is not believed. */
const LATE_HELLO_MS = 10_000;
const EARLY_HELLO_MS = 2_000;
/** Clocks of documents stand still while the machine sleeps. */
const SLEEP_MS = 120_000;
const MAX_BLOCKED_SPANS = 10_000;

/** One tapped document: takes its batches and keeps its streams. */
export class LiveDocument {
  readonly record: DocumentRecord;
  readonly frameKey: string | null;
  readonly key: string;
  readonly taps = new Map<number, Tap>();
  #host: DocumentHost;
  /** Unix epoch ms of the document's time 0. */
  #zeroEpochMs: number;
  readonly tappedEpochMs: number;
  readonly startedEpochMs: number;
  #nextSeq: number | null = null;
  /** Streams that lost records while the recording was paused. */
  readonly #skipped = new Set<Tap>();
  #closed = false;

  constructor(
    host: DocumentHost,
    init: { id: string; frameKey: string | null; isTop: boolean; hello: TapHello },
  ) {
    const { hello } = init;
    this.#host = host;
    this.frameKey = init.frameKey;
    this.key = hello.documentKey;
    const nowEpochMs = host.nowEpochMs();
    const claimed = hello.timeOriginEpochMs + hello.tappedAtMs;
    const trusted = claimed < nowEpochMs + EARLY_HELLO_MS && claimed > nowEpochMs - LATE_HELLO_MS;
    this.#zeroEpochMs = trusted ? hello.timeOriginEpochMs : nowEpochMs - hello.tappedAtMs;
    this.tappedEpochMs = this.#zeroEpochMs + hello.tappedAtMs;
    this.startedEpochMs = this.#zeroEpochMs;
    this.record = {
      id: init.id,
      url: hello.url.slice(0, 16 * 1024),
      isTop: init.isTop,
      joinedLate: hello.joinedLate,
      tappedAtMs: this.tappedEpochMs - host.originEpochMs,
      blocked: { startMs: [], durationMs: [] },
    };
  }

  batch(batch: TapBatch): void {
    if (this.#closed) return;
    this.#wakeUp(batch);
    const { loss } = this.#host.appender.trace;
    const lost = this.#nextSeq !== null && batch.seq > this.#nextSeq ? batch.seq - this.#nextSeq : 0;
    this.#nextSeq = batch.seq + 1;
    if (batch.dropped > 0 || lost > 0) {
      loss.droppedRecords += batch.dropped + lost;
      // Nobody knows whose they were.
      for (const tap of this.taps.values()) if (!tap.end) this.#mark(tap, 'dropped-records');
    }
    // Spans first: they say what the times of the chunks behind them are worth.
    this.#block(batch);
    if (this.#host.paused) this.#skip(batch);
    else this.#take(batch);
    for (const loss of batch.losses) {
      const tap = this.taps.get(loss.stream);
      if (tap) this.#mark(tap, loss.reason);
    }
    for (const end of batch.ends) this.#end(end);
  }

  /** The document is gone: what was open ended with it. */
  bye(atMs: number | null): void {
    const nowEpochMs = this.#host.nowEpochMs();
    const epochMs = atMs === null ? nowEpochMs : Math.min(this.#zeroEpochMs + atMs, nowEpochMs);
    for (const tap of this.taps.values()) {
      if (tap.end) continue;
      tap.end = {
        stream: tap.start.stream,
        atMs: epochMs - this.#zeroEpochMs,
        kind: 'aborted',
        message: null,
        closeCode: null,
        closeReason: null,
        wasClean: null,
        byteLength: null,
      };
      tap.endEpochMs = Math.max(epochMs, this.#lastOf(tap));
      this.#host.grew(tap);
    }
  }

  /** Ends what is open and takes nothing any more. */
  close(): void {
    this.bye(null);
    this.#closed = true;
  }

  /** Recording goes on: streams that lost records in the pause say so. */
  resumed(): void {
    for (const tap of this.#skipped) this.#mark(tap, 'dropped-records');
    this.#skipped.clear();
  }

  forget(tap: Tap): void {
    this.taps.delete(tap.start.stream);
    this.#skipped.delete(tap);
  }

  #take(batch: TapBatch): void {
    for (const start of batch.starts) this.#start(start);
    for (const head of batch.heads) {
      const tap = this.taps.get(head.stream);
      if (!tap || tap.head) continue;
      tap.head = head;
      tap.headEpochMs = this.#epoch(head.atMs);
      this.#host.grew(tap);
    }
    this.#chunks(batch);
    this.#messages(batch);
  }

  #skip(batch: TapBatch): void {
    const { chunks, messages } = batch;
    for (const columns of [chunks, messages]) {
      for (const stream of columns?.stream ?? []) {
        const tap = this.taps.get(stream);
        if (tap) this.#skipped.add(tap);
      }
    }
    for (const head of batch.heads) {
      const tap = this.taps.get(head.stream);
      if (tap) this.#skipped.add(tap);
    }
  }

  #start(start: TapStart): void {
    if (this.taps.has(start.stream)) return;
    const tap: Tap = {
      frameKey: this.frameKey,
      borrowsFrame: this.record.url.startsWith('about:'),
      start,
      startedEpochMs: this.#epoch(start.atMs),
      head: null,
      headEpochMs: null,
      end: null,
      endEpochMs: null,
      byteLength: 0,
      sample: [],
      sampleLength: 0,
      texts: [],
      exchange: null,
      settled: false,
      skewMs: 0,
    };
    this.taps.set(start.stream, tap);
    this.#host.started(tap, this);
    if (!tap.exchange) this.taps.delete(start.stream);
  }

  #end(end: TapEnd): void {
    const tap = this.taps.get(end.stream);
    if (!tap || tap.end) return;
    tap.end = end;
    tap.endEpochMs = Math.max(this.#epoch(end.atMs), this.#lastOf(tap));
    this.#host.grew(tap);
    if (!tap.exchange || end.byteLength === null) return;
    const record = this.#host.recordOf(tap.exchange);
    // For a streaming type HAR may yet bring the times of its events; anything else is told at once.
    if (!/event-stream|ndjson|json-seq/i.test(contentType(tap)))
      addWholeBody(this.#host.appender, record, end, null);
  }

  #chunks({ chunks }: TapBatch): void {
    if (!chunks) return;
    const { appender, originEpochMs } = this.#host;
    let offset = 0;
    for (let index = 0; index < chunks.stream.length; index++) {
      const payloadLength = chunks.payloadLength[index]!;
      const payload = chunks.bytes.subarray(offset, offset + payloadLength);
      offset += payloadLength;
      const tap = this.taps.get(chunks.stream[index]!);
      if (!tap?.exchange) continue;
      const record = this.#host.recordOf(tap.exchange);
      const previous = record.chunks.atMs.at(-1);
      const atMs = Math.max(this.#epoch(chunks.atMs[index]!) - originEpochMs, previous ?? -Infinity);
      const waitedMs = chunks.waitedMs[index]!;
      appender.appendChunk(record, {
        atMs,
        byteLength: chunks.byteLength[index]!,
        waitedMs: Math.max(0, waitedMs),
        confidence: chunkConfidence(
          waitedMs,
          previous === undefined ? null : atMs - previous,
          record.kind === 'xhr',
          wasBlocked(this.record.blocked, atMs),
        ),
        payload: payloadLength > 0 ? payload : null,
      });
      if (tap.sampleLength === tap.byteLength && tap.sampleLength < SAMPLE_BYTES && payloadLength > 0) {
        const piece = payload.slice(0, SAMPLE_BYTES - tap.sampleLength);
        tap.sample.push(piece);
        tap.sampleLength += piece.length;
      }
      tap.byteLength += chunks.byteLength[index]!;
      this.#host.touch(record);
    }
  }

  #messages({ messages }: TapBatch): void {
    if (!messages) return;
    const { appender, originEpochMs } = this.#host;
    let offset = 0;
    for (let index = 0; index < messages.stream.length; index++) {
      const payloadLength = messages.payloadLength[index]!;
      const bytes = messages.bytes.subarray(offset, offset + payloadLength);
      offset += payloadLength;
      const tap = this.taps.get(messages.stream[index]!);
      if (!tap?.exchange) continue;
      const record = this.#host.recordOf(tap.exchange);
      const atMs = Math.max(
        this.#epoch(messages.atMs[index]!) - originEpochMs,
        record.messages.atMs.at(-1) ?? -Infinity,
      );
      const sent = messages.direction[index] === Direction.sent;
      const text = messages.text[index]!;
      appender.appendMessage(record, {
        atMs,
        byteLength: messages.byteLength[index]!,
        confidence:
          !sent && wasBlocked(this.record.blocked, atMs) ? Confidence.uncertain : Confidence.arrived,
        direction: sent ? Direction.sent : Direction.received,
        opcode: messages.opcode[index]!,
        name: messages.name[index]!,
        lastEventId: messages.lastEventId[index]!,
        payload: text ?? (payloadLength > 0 ? bytes : null),
      });
      if (!sent && text !== null && messages.opcode[index] === Opcode.text && tap.texts.length < SAMPLE_TEXTS)
        tap.texts.push(text.slice(0, 200));
      this.#host.touch(record);
    }
  }

  #block(batch: TapBatch): void {
    const { blocked } = this.record;
    for (let index = 0; index < batch.blockedStartMs.length; index++) {
      const startMs = this.#epoch(batch.blockedStartMs[index]!) - this.#host.originEpochMs;
      const durationMs = batch.blockedDurationMs[index]!;
      if (blocked.startMs.length >= MAX_BLOCKED_SPANS) {
        blocked.startMs.shift();
        blocked.durationMs.shift();
      }
      blocked.startMs.push(startMs);
      blocked.durationMs.push(durationMs);
      for (const tap of this.taps.values()) {
        if (!tap.exchange) continue;
        const record = this.#host.recordOf(tap.exchange);
        if (doubtArrivals(record, startMs, durationMs)) this.#host.touch(record);
      }
    }
  }

  #mark(tap: Tap, loss: StreamRecord['losses'][number]): void {
    if (!tap.exchange) return;
    const record = this.#host.recordOf(tap.exchange);
    this.#host.appender.mark(record, loss);
    this.#host.touch(record);
  }

  /** Times from the page are kept between its start and now: it can say what it likes. */
  #epoch(atMs: number): number {
    const epochMs = this.#zeroEpochMs + atMs;
    return Math.min(Math.max(epochMs, this.#zeroEpochMs), this.#host.nowEpochMs() + EARLY_HELLO_MS);
  }

  #lastOf(tap: Tap): number {
    if (!tap.exchange) return 0;
    const { chunks, messages } = this.#host.recordOf(tap.exchange);
    return (
      Math.max(chunks.atMs.at(-1) ?? -Infinity, messages.atMs.at(-1) ?? -Infinity) + this.#host.originEpochMs
    );
  }

  #wakeUp(batch: TapBatch): void {
    const { chunks, messages, starts, ends } = batch;
    const newest = Math.max(
      chunks?.atMs[chunks.atMs.length - 1] ?? -Infinity,
      messages?.atMs[messages.atMs.length - 1] ?? -Infinity,
      starts.at(-1)?.atMs ?? -Infinity,
      ends.at(-1)?.atMs ?? -Infinity,
    );
    if (newest === -Infinity) return;
    const behindMs = this.#host.nowEpochMs() - (this.#zeroEpochMs + newest);
    if (behindMs > SLEEP_MS) this.#zeroEpochMs += behindMs;
  }
}

function contentType(tap: Tap): string {
  return headerValue(tap.head?.headers ?? [], 'content-type') ?? '';
}
