import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { decodeUtf8, decodeUtf8Strictly } from '../lib/text';
import { type Framer, MAX_UNIT_BYTES, NOT_UTF8, OVERSIZED, type UnitSink } from './framer';
import { type Line, LineSplitter } from './line-splitter';

const COLON = 58;
const LETTER_E = 101;
const DATA = 'data:';
const SPACE = 32;

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
  /**
   * The unit's only line so far, when it is a `data:` line. Nearly every event has no other, and for those one `slice`
   * does what the parser would do with two calls and a reset.
   */
  #onlyDataLine: string | null = null;
  #isParsing = false;
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
      this.#onlyDataLine = null;
      this.#resetParser();
      this.#sink.problem(line.endChunk, OVERSIZED);
      return;
    }
    const text = this.#text(bytes, line.endChunk);
    if (bytes[0] === LETTER_E) this.#unitName = /^event: ?(.*)$/s.exec(text)?.[1] ?? this.#unitName;
    if (!this.#isParsing && this.#onlyDataLine === null && text.startsWith(DATA)) {
      this.#onlyDataLine = text;
      return;
    }
    this.#parseOnlyDataLine();
    this.#parse(text);
  }

  #parseOnlyDataLine(): void {
    const first = this.#onlyDataLine;
    this.#onlyDataLine = null;
    if (first !== null) this.#parse(first);
  }

  #parse(text: string): void {
    this.#isParsing = true;
    this.#parser.feed(`${text}\n`);
  }

  #resetParser(): void {
    if (this.#isParsing) this.#parser.reset();
    this.#isParsing = false;
  }

  #endUnit(line: Line): void {
    if (!this.#isSkipping && this.#unitByteLength > 0) {
      const only = this.#onlyDataLine;
      if (!this.#isOversized && only === null) this.#parse('');
      const event = only === null ? this.#completed : { data: dataOf(only), event: undefined, id: undefined };
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
    this.#resetParser();
    this.#onlyDataLine = null;
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

/** The value of a `data:` line: one space after the colon does not count (WHATWG HTML, 9.2.6). */
function dataOf(line: string): string {
  return line.slice(line.charCodeAt(DATA.length) === SPACE ? DATA.length + 1 : DATA.length);
}
