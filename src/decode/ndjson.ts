import { decodeUtf8 } from '../lib/text';
import { type Framer, MAX_UNIT_BYTES, OVERSIZED, type UnitSink } from './framer';
import { isJson } from './json';
import { type Line, LineSplitter } from './line-splitter';

/** Newline-delimited JSON: one value per line. Blank lines, which servers send to keep a line open, are heartbeats. */
export class NdjsonFramer implements Framer {
  readonly #sink: UnitSink;
  readonly #lines: LineSplitter;
  #isFirstLine = true;

  constructor(sink: UnitSink) {
    this.#sink = sink;
    this.#lines = new LineSplitter(
      { onLine: (line) => this.#readLine(line) },
      { crEndsLine: false, maxBytes: MAX_UNIT_BYTES },
    );
  }

  get tailByteLength(): number {
    return this.#lines.pendingByteLength;
  }

  feed(bytes: Uint8Array, chunk: number): void {
    this.#lines.feed(bytes, chunk);
  }

  gap(): void {
    this.#lines.gap();
    this.#isFirstLine = false;
  }

  /** The last line needs no line end, but it must be whole: half a value is a tail, not an event. */
  finish(chunk: number): void {
    if (this.#lines.pendingByteLength === 0 || !this.#lines.pendingIsWhole) return;
    const data = this.#text(this.#lines.pendingBytes);
    if (!isJson(data)) return;
    const byteLength = this.#lines.pendingByteLength;
    const startChunk = this.#lines.pendingStartChunk;
    this.gap();
    this.#sink.emit({ startChunk, endChunk: chunk, byteLength, data });
  }

  #readLine(line: Line): void {
    if (line.headless) return;
    if (line.cut) {
      this.#sink.problem(line.endChunk, OVERSIZED);
      this.#sink.emit({ ...line, data: null });
      return;
    }
    const data = this.#text(line.bytes);
    if (data.trim() === '') {
      this.#sink.emit({ ...line, isHeartbeat: true, data: '' });
      return;
    }
    if (!isJson(data)) this.#sink.problem(line.endChunk, 'A line is not JSON.');
    this.#sink.emit({ ...line, data });
  }

  #text(bytes: Uint8Array): string {
    const text = decodeUtf8(bytes);
    const start = this.#isFirstLine && text.charCodeAt(0) === 0xfeff ? 1 : 0;
    this.#isFirstLine = false;
    return text.slice(start, text.endsWith('\r') ? -1 : undefined);
  }
}
