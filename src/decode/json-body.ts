import { concatBytes } from '../lib/bytes';
import { decodeUtf8Strictly } from '../lib/text';
import { type Framer, MAX_UNIT_BYTES, OVERSIZED, type UnitSink } from './framer';
import { isJson } from './json';

/** One JSON value: an event when it is whole, at the body's end. */
export class JsonFramer implements Framer {
  readonly #sink: UnitSink;
  #pieces: Uint8Array[] = [];
  #byteLength = 0;
  #startChunk = -1;
  #hasGap = false;

  constructor(sink: UnitSink) {
    this.#sink = sink;
  }

  get tailByteLength(): number {
    return this.#byteLength;
  }

  feed(bytes: Uint8Array, chunk: number): void {
    if (bytes.length === 0) return;
    if (this.#startChunk === -1) this.#startChunk = chunk;
    this.#byteLength += bytes.length;
    if (this.#hasGap) return;
    if (this.#byteLength > MAX_UNIT_BYTES) {
      this.#sink.problem(chunk, OVERSIZED);
      this.gap();
    } else this.#pieces.push(bytes);
  }

  gap(): void {
    this.#hasGap = true;
    this.#pieces = [];
  }

  finish(chunk: number): void {
    if (this.#hasGap || this.#byteLength === 0) return;
    const data = decodeUtf8Strictly(concatBytes(this.#pieces))?.replace(/^\ufeff/, '');
    if (data === undefined || !isJson(data)) return;
    this.#sink.emit({ startChunk: this.#startChunk, endChunk: chunk, byteLength: this.#byteLength, data });
    this.#byteLength = 0;
  }
}
