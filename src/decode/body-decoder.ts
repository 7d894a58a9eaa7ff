import { ByteBuffer } from '../lib/bytes';
import { encodeUtf8, missingUtf8Bytes } from '../lib/text';
import { Confidence, type StreamRecord } from '../trace/types';
import { FormatSniffer, formatOfType, type TypedFormat, untypedFormat } from './detect';
import type { EventLog } from './event-log';
import type { Framer, UnitSink } from './framer';
import { JsonFramer } from './json-body';
import { JsonSeqFramer } from './json-seq';
import { NdjsonFramer } from './ndjson';
import { SseFramer } from './sse';
import { TextFramer } from './text-stream';
import type { BodyFormat } from './types';

/** Bytes that tell text from binary where there is no content type. */
const HEAD_BYTES = 64;

const TEXT_FORMATS: ReadonlySet<BodyFormat> = new Set(['sse', 'ndjson', 'json-seq', 'text', 'json']);

/** Reads a stream's chunks (or its whole body, as one chunk) once, in order, as they come. */
export class BodyDecoder {
  readonly #stream: StreamRecord;
  readonly #log: EventLog;
  readonly #fromBody: boolean;
  readonly #typed: TypedFormat;
  readonly #isUntyped: boolean;
  #sniffer: FormatSniffer | null;
  #sniffedChunks = 0;
  readonly #head = new ByteBuffer();
  #framer: Framer | null = null;
  #nextChunk = 0;
  #hasFinished = false;
  /** Bytes that the last character of the last chunk still lacked. */
  #missingCharacterBytes = 0;
  #bodyBytes: Uint8Array | null = null;

  constructor(
    stream: StreamRecord,
    log: EventLog,
    options: { contentType: string | null; fromBody: boolean },
  ) {
    this.#stream = stream;
    this.#log = log;
    this.#fromBody = options.fromBody;
    this.#typed = formatOfType(options.contentType);
    this.#isUntyped = options.contentType === null || options.contentType.trim() === '';
    this.#sniffer = this.#typed.sniff ? new FormatSniffer() : null;
    if (!this.#sniffer) this.#decide(this.#typed.format);
  }

  update(): void {
    const count = this.#chunkCount();
    const hasEnded = this.#stream.end !== null;
    if (this.#sniffer) this.#sniff(count, hasEnded);
    if (this.#sniffer) return;
    while (this.#nextChunk < count) this.#read(this.#nextChunk++);
    if (hasEnded && !this.#hasFinished) {
      this.#hasFinished = true;
      this.#framer?.finish(Math.max(0, count - 1));
    }
    this.#log.decoded.tailByteLength = this.#framer?.tailByteLength ?? 0;
  }

  /** A body without chunk times is one chunk at the end; there is none before the end is known. */
  #chunkCount(): number {
    if (!this.#fromBody) return this.#stream.chunks.atMs.length;
    return this.#stream.end === null ? 0 : 1;
  }

  #payload(chunk: number): { bytes: Uint8Array | null; byteLength: number } {
    const { chunks, response } = this.#stream;
    if (!this.#fromBody) {
      return { bytes: chunks.payload[chunk] ?? null, byteLength: chunks.byteLength[chunk]! };
    }
    this.#bodyBytes ??= encodeUtf8(response?.body?.text ?? '');
    const isWhole = response?.body?.truncated !== true;
    const byteLength = isWhole ? this.#bodyBytes.length : (response?.body?.byteLength ?? 0);
    return { bytes: this.#bodyBytes, byteLength: Math.max(byteLength, this.#bodyBytes.length) };
  }

  #sniff(count: number, hasEnded: boolean): void {
    while (this.#sniffer && this.#sniffedChunks < count) {
      const { bytes, byteLength } = this.#payload(this.#sniffedChunks++);
      let verdict: BodyFormat | null | undefined;
      if (bytes) {
        this.#head.append(bytes.subarray(0, Math.max(0, HEAD_BYTES - this.#head.byteLength)));
        verdict = this.#sniffer.feed(bytes);
      }
      // Behind a hole nothing can be told any more.
      const hasHole = (bytes?.length ?? 0) < byteLength;
      const mustDecide = hasHole || (verdict === null && this.#hasWholeHead());
      if (verdict) this.#decide(verdict);
      else if (mustDecide) this.#decide(this.#fallback());
    }
    if (this.#sniffer && hasEnded) this.#decide(this.#sniffer.finish() ?? this.#fallback());
  }

  /** Without a content type the first bytes decide, so all of them must be there. */
  #hasWholeHead(): boolean {
    return !this.#isUntyped || this.#head.byteLength >= HEAD_BYTES;
  }

  #fallback(): BodyFormat {
    if (!this.#isUntyped || this.#head.byteLength === 0) return this.#typed.format;
    return untypedFormat(this.#head.view());
  }

  #decide(format: BodyFormat): void {
    this.#sniffer = null;
    this.#log.decoded.format = format;
    this.#framer = createFramer(format, this.#sink());
    const lostTheStart = this.#stream.losses.includes('late-start');
    if (lostTheStart && this.#framer && !this.#fromBody) {
      this.#framer.gap();
      this.#log.decoded.partial = true;
    }
  }

  #read(chunk: number): void {
    const { bytes, byteLength } = this.#payload(chunk);
    const { decoded } = this.#log;
    const isWhole = bytes !== null && bytes.length >= byteLength;
    if (bytes && TEXT_FORMATS.has(decoded.format)) this.#watchCharacters(bytes, isWhole);
    if (!isWhole && byteLength > 0) decoded.partial = true;
    if (this.#framer instanceof TextFramer) this.#framer.feedChunk(bytes, byteLength, chunk);
    else if (bytes) this.#framer?.feed(bytes, chunk);
    if (!isWhole && byteLength > 0) this.#framer?.gap();
  }

  #watchCharacters(bytes: Uint8Array, isWhole: boolean): void {
    if (bytes.length === 0) return;
    let missing = this.#missingCharacterBytes;
    if (missing > 0) {
      const isContinued = (bytes[0]! & 0xc0) === 0x80;
      if (isContinued) this.#log.decoded.splitCharacters++;
      missing = isContinued ? Math.max(0, missing - leadingContinuations(bytes, missing)) : 0;
    }
    // Only a chunk that lies wholly inside one character leaves it unfinished without starting it.
    const isInside = missing > 0 && bytes.length < this.#missingCharacterBytes;
    this.#missingCharacterBytes = !isWhole ? 0 : isInside ? missing : missingUtf8Bytes(bytes);
  }

  #sink(): UnitSink {
    const log = this.#log;
    return {
      emit: (unit) => log.emit(unit, this.#atMs(unit.endChunk), this.#confidence(unit.endChunk)),
      extendLast: () => log.extendLast(),
      problem: (chunk, message) => log.problem(chunk, message),
      retry: (retryMs) => {
        log.decoded.retryMs = retryMs;
      },
    };
  }

  #atMs(chunk: number): number {
    const { chunks, end, timing } = this.#stream;
    return chunks.atMs[chunk] ?? end?.atMs ?? timing.startedAtMs;
  }

  #confidence(chunk: number) {
    return this.#stream.chunks.confidence[chunk] ?? Confidence.bounded;
  }
}

function leadingContinuations(bytes: Uint8Array, atMost: number): number {
  let count = 0;
  while (count < atMost && count < bytes.length && (bytes[count]! & 0xc0) === 0x80) count++;
  return count;
}

function createFramer(format: BodyFormat, sink: UnitSink): Framer | null {
  switch (format) {
    case 'sse':
      return new SseFramer(sink);
    case 'ndjson':
      return new NdjsonFramer(sink);
    case 'json-seq':
      return new JsonSeqFramer(sink);
    case 'text':
      return new TextFramer(sink);
    case 'json':
      return new JsonFramer(sink);
    case 'binary':
    case 'websocket':
    case 'none':
      return null;
  }
}
