import type { Framer, UnitSink } from './framer';

/** Plain text has no units of its own: what one read delivered is one event. */
export class TextFramer implements Framer {
  readonly tailByteLength = 0;
  readonly #sink: UnitSink;
  #decoder = new TextDecoder();

  constructor(sink: UnitSink) {
    this.#sink = sink;
  }

  feed(bytes: Uint8Array, chunk: number): void {
    this.feedChunk(bytes, bytes.length, chunk);
  }

  /** `bytes` may be only the captured prefix of the chunk, or null when none was captured. */
  feedChunk(bytes: Uint8Array | null, byteLength: number, chunk: number): void {
    const data = bytes && this.#decoder.decode(bytes, { stream: true });
    if (byteLength > 0) this.#sink.emit({ startChunk: chunk, endChunk: chunk, byteLength, data });
  }

  gap(): void {
    this.#decoder = new TextDecoder();
  }

  finish(): void {}
}
