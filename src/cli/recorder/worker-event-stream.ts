import { createParser } from 'eventsource-parser';
import type { HarEvent } from '../../trace/views';

/** Pieces that came before the browser was asked for them: it answers within milliseconds. */
const MAX_UNREAD = 10_000;

/**
 * Reads the event stream of a worker, in which no tap is. The browser tells of every piece of a body when it comes
 * (`Network.dataReceived`: its length and time) but gives its bytes only after it was asked
 * (`Network.streamResourceContent`), together with all that had come until then. Lengths and bytes are brought together
 * here, so that each event bears the time of the piece that completed it.
 */
export class WorkerEventStream {
  readonly #startedEpochMs: number;
  readonly #parser: ReturnType<typeof createParser>;
  readonly #decoder = new TextDecoder();
  /** What came before the answer: pieces whose bytes it holds, then perhaps pieces with bytes of their own. */
  #unread: { byteLength: number; bytes: Uint8Array | null; epochMs: number }[] | null = [];
  #atEpochMs: number;

  constructor(startedEpochMs: number, onEvent: (event: HarEvent) => void) {
    this.#startedEpochMs = startedEpochMs;
    this.#atEpochMs = startedEpochMs;
    this.#parser = createParser({
      onEvent: ({ event, id, data }) =>
        onEvent({ epochMs: this.#atEpochMs, name: event ?? 'message', id: id ?? '', data }),
    });
  }

  /** The browser told of a piece; `bytes` is null before it was asked for them. */
  piece(byteLength: number, bytes: Uint8Array | null, epochMs: number): void {
    if (!this.#unread) {
      if (bytes) this.#feed(bytes, epochMs);
    } else if (this.#unread.length < MAX_UNREAD) this.#unread.push({ byteLength, bytes, epochMs });
  }

  /** The browser's answer: all bytes that it had told of without giving them. */
  buffered(bytes: Uint8Array): void {
    const unread = this.#unread ?? [];
    this.#unread = null;
    let at = 0;
    for (const piece of unread) {
      if (piece.bytes) continue;
      this.#feed(bytes.subarray(at, at + piece.byteLength), piece.epochMs);
      at += piece.byteLength;
    }
    // Nothing says when the rest came: like what DevTools has missed, it bears the request's own time.
    if (at < bytes.length) this.#feed(bytes.subarray(at), this.#startedEpochMs);
    for (const piece of unread) if (piece.bytes) this.#feed(piece.bytes, piece.epochMs);
  }

  #feed(bytes: Uint8Array, epochMs: number): void {
    this.#atEpochMs = epochMs;
    this.#parser.feed(this.#decoder.decode(bytes, { stream: true }));
  }
}
