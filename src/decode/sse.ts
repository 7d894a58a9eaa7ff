import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { decodeUtf8, decodeUtf8Strictly } from '../lib/text';
import { type Framer, MAX_UNIT_BYTES, NOT_UTF8, OVERSIZED, type UnitSink } from './framer';
import { type Line, LineSplitter } from './line-splitter';

const COLON = 58;
const LETTER_E = 101;

/**
 * Server-sent events (WHATWG HTML, section 9.2). `eventsource-parser` reads the fields; lines are handed to it one by
 * one, so that each event's bytes and chunks are known.
 *
 * Differences from the browser: comments, and blocks without data (which the browser drops), come out as heartbeats,
 * because they show that the line is alive.
 */
export class SseFramer implements Framer {
  readonly #sink: UnitSink;
  readonly #lines: LineSplitter;
  readonly #parser;
  #completed: EventSourceMessage | null = null;
  #currentChunk = 0;
  #isFirstLine = true;
  /** Between a hole in the bytes and the next blank line: fields here belong to an event whose start is unknown. */
  #isSkipping = false;
  #isOversized = false;
  #unitByteLength = 0;
  #unitStartChunk = 0;
  #unitName: string | null = null;
  #lastLineEndedEvent = false;
  #sawInvalidUtf8 = false;

  constructor(sink: UnitSink) {
    this.#sink = sink;
    this.#lines = new LineSplitter(
      { onLine: (line) => this.#readLine(line), onLateLf: () => this.#countLateLf() },
      { crEndsLine: true, maxBytes: MAX_UNIT_BYTES },
    );
    this.#parser = createParser({
      onEvent: (event) => {
        this.#completed = event;
      },
      onRetry: (retryMs) => sink.retry(retryMs),
      onError: (error) => sink.problem(this.#currentChunk, `${error.message}.`),
    });
  }

  get tailByteLength(): number {
    return this.#unitByteLength + this.#lines.pendingByteLength;
  }

  feed(bytes: Uint8Array, chunk: number): void {
    this.#lines.feed(bytes, chunk);
  }

  gap(): void {
    this.#lines.gap();
    this.#isFirstLine = false;
    this.#startUnit();
    this.#isSkipping = true;
  }

  // The standard drops an unfinished event at the end of the body; `tailByteLength` tells of it.
  finish(): void {}

  #readLine(line: Line): void {
    this.#currentChunk = line.endChunk;
    this.#lastLineEndedEvent = false;
    let bytes = line.bytes;
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
    }
    if (line.headless) return;
    if (bytes.length === 0) {
      this.#endUnit(line);
    } else if (bytes[0] === COLON) {
      const text = line.cut ? null : this.#text(bytes, line.endChunk).replace(/^: ?/, '');
      this.#emit({ ...line, isHeartbeat: true, data: text });
    } else if (!this.#isSkipping) {
      this.#readField(line, bytes);
    }
  }

  #readField(line: Line, bytes: Uint8Array): void {
    if (this.#unitByteLength === 0) this.#unitStartChunk = line.startChunk;
    this.#unitByteLength += line.byteLength;
    if (this.#isOversized) return;
    if (line.cut || this.#unitByteLength > MAX_UNIT_BYTES) {
      this.#isOversized = true;
      this.#parser.reset();
      this.#sink.problem(line.endChunk, OVERSIZED);
      return;
    }
    const text = this.#text(bytes, line.endChunk);
    if (bytes[0] === LETTER_E) this.#unitName = /^event: ?(.*)$/s.exec(text)?.[1] ?? this.#unitName;
    this.#parser.feed(`${text}\n`);
  }

  #endUnit(line: Line): void {
    if (!this.#isSkipping && this.#unitByteLength > 0) {
      if (!this.#isOversized) this.#parser.feed('\n');
      const event = this.#completed;
      this.#emit({
        startChunk: this.#unitStartChunk,
        endChunk: line.endChunk,
        byteLength: this.#unitByteLength + line.byteLength,
        isHeartbeat: event === null && !this.#isOversized,
        name: event ? (event.event ?? 'message') : this.#unitName,
        id: event?.id ?? null,
        data: event?.data ?? null,
      });
    }
    this.#startUnit();
  }

  #emit(unit: Parameters<UnitSink['emit']>[0]): void {
    this.#sink.emit(unit);
    this.#lastLineEndedEvent = true;
  }

  #startUnit(): void {
    if (this.#isSkipping || this.#unitByteLength > 0) this.#parser.reset();
    this.#completed = null;
    this.#isSkipping = false;
    this.#isOversized = false;
    this.#unitByteLength = 0;
    this.#unitName = null;
  }

  #countLateLf(): void {
    if (this.#lastLineEndedEvent) this.#sink.extendLast();
    else if (this.#unitByteLength > 0) this.#unitByteLength++;
  }

  #text(bytes: Uint8Array, chunk: number): string {
    const text = decodeUtf8(bytes);
    if (!this.#sawInvalidUtf8 && text.includes('\ufffd') && decodeUtf8Strictly(bytes) === null) {
      this.#sawInvalidUtf8 = true;
      this.#sink.problem(chunk, NOT_UTF8);
    }
    return text;
  }
}
