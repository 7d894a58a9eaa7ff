import { ByteBuffer } from '../lib/bytes';

const LF = 10;
const CR = 13;

/** Bytes kept of a line that went over the limit: enough to tell what kind of line it was. */
const HEAD_BYTES = 64;

/** Every second line of an event stream is empty; a view costs more than all its bytes. */
const NO_BYTES = new Uint8Array(0);

export interface Line {
  /** Without its end; only the first bytes when `cut`. Valid until the next line. */
  bytes: Uint8Array;
  /** Its end included (of CR LF only the CR: the LF comes as `onLateLf`). */
  byteLength: number;
  startChunk: number;
  endChunk: number;
  /** It was longer than the limit. */
  cut: boolean;
  /** Its beginning is unknown: bytes before it are missing. */
  headless: boolean;
}

interface LineHandlers {
  onLine(line: Line): void;
  /** The LF of a CR LF pair, which belongs to the line that has just been given out. */
  onLateLf?(): void;
}

/**
 * Cuts bytes into lines wherever the chunks are cut. Lines are cut as bytes, so no character is ever torn: LF and CR
 * never occur inside a UTF-8 sequence. A CR ends its line at once, as browsers do it, because waiting for the LF that
 * may follow would give the line the time of the next chunk.
 */
export class LineSplitter {
  readonly #handlers: LineHandlers;
  readonly #crEndsLine: boolean;
  readonly #maxBytes: number;
  readonly #pending = new ByteBuffer();
  #pendingByteLength = 0;
  #startChunk = 0;
  #cut = false;
  #headless = false;
  #afterCr = false;

  constructor(handlers: LineHandlers, options: { crEndsLine: boolean; maxBytes: number }) {
    this.#handlers = handlers;
    this.#crEndsLine = options.crEndsLine;
    this.#maxBytes = options.maxBytes;
  }

  /** Bytes of the line that has not ended yet. */
  get pendingByteLength(): number {
    return this.#pendingByteLength;
  }

  /** The text of the unfinished line, as far as it is kept. */
  get pendingBytes(): Uint8Array {
    return this.#pending.view();
  }

  get pendingStartChunk(): number {
    return this.#startChunk;
  }

  get pendingIsWhole(): boolean {
    return !this.#cut && !this.#headless;
  }

  /** Bytes are missing here: what was begun is given up, and the next line is headless. */
  gap(): void {
    this.#pending.clear();
    this.#pendingByteLength = 0;
    this.#cut = false;
    this.#headless = true;
    this.#afterCr = false;
  }

  feed(bytes: Uint8Array, chunk: number): void {
    let position = 0;
    let nextLf = bytes.indexOf(LF);
    // Searched again only when passed, or a chunk without CR would be searched to its end for every line.
    let nextCr = this.#crEndsLine ? bytes.indexOf(CR) : -1;
    while (position < bytes.length) {
      if (this.#afterCr) {
        this.#afterCr = false;
        if (bytes[position] === LF) {
          position++;
          this.#handlers.onLateLf?.();
          continue;
        }
      }
      if (nextLf !== -1 && nextLf < position) nextLf = bytes.indexOf(LF, position);
      if (nextCr !== -1 && nextCr < position) nextCr = bytes.indexOf(CR, position);
      const end = nextLf === -1 ? nextCr : nextCr === -1 ? nextLf : Math.min(nextLf, nextCr);
      if (end === -1) {
        this.#keep(bytes.subarray(position), chunk);
        return;
      }
      this.#finishLine(end === position ? NO_BYTES : bytes.subarray(position, end), chunk);
      this.#afterCr = bytes[end] === CR;
      position = end + 1;
    }
  }

  #keep(piece: Uint8Array, chunk: number): void {
    if (this.#pendingByteLength === 0) this.#startChunk = chunk;
    this.#pendingByteLength += piece.length;
    if (this.#cut) return;
    if (this.#pendingByteLength > this.#maxBytes) {
      this.#cut = true;
      this.#pending.append(piece.subarray(0, HEAD_BYTES));
      const head = this.#pending.view().slice(0, HEAD_BYTES);
      this.#pending.clear();
      this.#pending.append(head);
      return;
    }
    this.#pending.append(piece);
  }

  #finishLine(rest: Uint8Array, chunk: number): void {
    const isWholeInChunk = this.#pendingByteLength === 0 && rest.length <= this.#maxBytes;
    if (!isWholeInChunk) this.#keep(rest, chunk);
    const line: Line = {
      bytes: isWholeInChunk ? rest : this.#pending.view(),
      byteLength: (isWholeInChunk ? rest.length : this.#pendingByteLength) + 1,
      startChunk: isWholeInChunk ? chunk : this.#startChunk,
      endChunk: chunk,
      cut: this.#cut,
      headless: this.#headless,
    };
    this.#cut = false;
    this.#headless = false;
    this.#pendingByteLength = 0;
    this.#handlers.onLine(line);
    this.#pending.clear();
  }
}
