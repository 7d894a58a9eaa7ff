import { decodeUtf8 } from '../lib/text';
import { type Framer, MAX_UNIT_BYTES, OVERSIZED, type UnitSink } from './framer';
import { isJson } from './json';
import { type Line, LineSplitter } from './line-splitter';

const RECORD_SEPARATOR = '\x1e';

/**
 * What may be spent on trying whether a record is whole: so many times its own size, or so many bytes if it is short.
 * Real records need two or three tries; one written to be tried at every line would take for ever.
 */
const TRIES = 8;
const FREE_TRY_BYTES = 64 * 1024;

/** JSON text sequences (RFC 7464): each record is RS, a JSON text that may span lines, LF. */
export class JsonSeqFramer implements Framer {
  readonly #sink: UnitSink;
  readonly #lines: LineSplitter;
  #record: string[] | null = null;
  #recordByteLength = 0;
  #recordStartChunk = 0;
  #recordEndChunk = 0;
  #triedBytes = 0;
  /** The record went over the limit, or its start is unknown: nothing is put together until the next RS. */
  #isSkipping = false;

  constructor(sink: UnitSink) {
    this.#sink = sink;
    this.#lines = new LineSplitter(
      { onLine: (line) => this.#readLine(line) },
      { crEndsLine: false, maxBytes: MAX_UNIT_BYTES },
    );
  }

  get tailByteLength(): number {
    return this.#recordByteLength + this.#lines.pendingByteLength;
  }

  feed(bytes: Uint8Array, chunk: number): void {
    this.#lines.feed(bytes, chunk);
  }

  gap(): void {
    this.#lines.gap();
    this.#drop();
    this.#isSkipping = true;
  }

  /** RFC 7464 has every record end with LF; one without it was cut short and stays the tail. */
  finish(): void {
    if (this.#record && this.#lines.pendingByteLength === 0) this.#tryRecord();
  }

  #readLine(line: Line): void {
    if (line.cut) {
      this.#sink.problem(line.endChunk, OVERSIZED);
      this.#drop();
      this.#isSkipping = true;
      return;
    }
    const [before = '', ...records] = decodeUtf8(line.bytes).split(RECORD_SEPARATOR);
    if (this.#record) this.#extend(before, line, records.length === 0);
    else if (before.trim() !== '' && !this.#isSkipping && !line.headless) {
      this.#sink.problem(line.endChunk, 'Text outside of a record.');
    }
    for (const [index, text] of records.entries()) {
      this.#closeTruncated(line.endChunk);
      // Two separators in a row stand for one (RFC 7464, 2.1).
      if (text === '' && index < records.length - 1) continue;
      this.#isSkipping = false;
      this.#record = [];
      this.#recordStartChunk = line.startChunk;
      this.#extend(text, line, index === records.length - 1);
    }
  }

  #extend(text: string, line: Line, endsLine: boolean): void {
    this.#record?.push(text);
    // Of a line with several records only the last one gets the line's bytes; such lines are not valid anyway.
    if (endsLine) this.#recordByteLength += line.byteLength;
    if (this.#recordByteLength > MAX_UNIT_BYTES) {
      this.#sink.problem(line.endChunk, OVERSIZED);
      this.#drop();
      this.#isSkipping = true;
      return;
    }
    this.#recordEndChunk = line.endChunk;
    // A record that spans lines is tried only where a line begins unindented.
    if (!endsLine || (this.#record!.length > 1 && /^[\s]/.test(text))) return;
    const budget = Math.max(FREE_TRY_BYTES, TRIES * this.#recordByteLength);
    if (this.#triedBytes + this.#recordByteLength <= budget) this.#tryRecord();
  }

  /** Gives the record out if it is whole. */
  #tryRecord(): boolean {
    this.#triedBytes += this.#recordByteLength;
    const data = this.#record!.join('\n').trim();
    if (data === '' || !isJson(data)) return false;
    const unit = {
      startChunk: this.#recordStartChunk,
      endChunk: this.#recordEndChunk,
      byteLength: this.#recordByteLength,
      data,
    };
    this.#drop();
    this.#sink.emit(unit);
    return true;
  }

  #closeTruncated(chunk: number): void {
    // The last line may have come after the tries were used up.
    if (this.#record?.some((text) => text.trim() !== '') && !this.#tryRecord()) {
      this.#sink.problem(chunk, 'A record was cut short.');
    }
    this.#drop();
  }

  #drop(): void {
    this.#record = null;
    this.#recordByteLength = 0;
    this.#triedBytes = 0;
  }
}
