import { decodeUtf8, decodeUtf8Strictly, missingUtf8Bytes } from '../lib/text';
import { parseObject } from './json';
import { LineSplitter } from './line-splitter';
import type { BodyFormat } from './types';

/** Bytes looked at before the content type alone decides. */
export const MAX_SNIFF_BYTES = 64 * 1024;

/** What the content type says, and whether the first bytes may say otherwise. */
export interface TypedFormat {
  format: BodyFormat;
  /** Look at the content: SSE and NDJSON are often served under these types by mistake or out of habit. */
  sniff: boolean;
}

const BY_TYPE: Record<string, BodyFormat> = {
  'text/event-stream': 'sse',
  'application/x-ndjson': 'ndjson',
  'application/ndjson': 'ndjson',
  'application/jsonl': 'ndjson',
  'application/jsonlines': 'ndjson',
  'application/x-jsonlines': 'ndjson',
  'application/json-lines': 'ndjson',
  'application/json-l': 'ndjson',
  'application/stream+json': 'ndjson',
  'application/x-json-stream': 'ndjson',
  'text/x-ndjson': 'ndjson',
  'application/json-seq': 'json-seq',
};

/** `contentType`: the header's value, null when there is none. */
export function formatOfType(contentType: string | null): TypedFormat {
  const type = (contentType ?? '').split(';')[0]!.trim().toLowerCase();
  const known = BY_TYPE[type];
  if (known) return { format: known, sniff: false };
  if (type.endsWith('+json-seq')) return { format: 'json-seq', sniff: false };
  if (type === 'application/json' || type.endsWith('+json') || type === 'text/json') {
    return { format: 'json', sniff: true };
  }
  if (type === 'text/plain') return { format: 'text', sniff: true };
  if (type === 'application/octet-stream') return { format: 'binary', sniff: true };
  if (type === 'text/html' || type === '') return { format: 'none', sniff: true };
  if (/^(?:application\/grpc|application\/vnd\.|audio\/|video\/)/.test(type)) {
    return { format: 'binary', sniff: false };
  }
  return { format: 'none', sniff: false };
}

const SSE_FIELD = /^(?:data|event|id|retry)(?::|$)|^:/;
const SSE_FIELDS = ['data', 'event', 'id', 'retry'];

/**
 * Tells SSE and NDJSON from everything else by the first lines. Careful: SSE needs a whole block with data whose
 * every line is an SSE field; NDJSON needs two lines that are each a whole JSON object. So one JSON answer that
 * contains the word `data` stays JSON.
 */
export class FormatSniffer {
  readonly #lines: LineSplitter;
  #seenBytes = 0;
  #canBeSse = true;
  #canBeNdjson = true;
  #sawSseData = false;
  #jsonLines = 0;
  #isFirstLine = true;
  #found: BodyFormat | null = null;

  constructor() {
    this.#lines = new LineSplitter(
      { onLine: (line) => this.#readLine(line.bytes) },
      { crEndsLine: true, maxBytes: MAX_SNIFF_BYTES },
    );
  }

  /** `undefined`: more bytes are needed. `null`: neither. */
  feed(bytes: Uint8Array): BodyFormat | null | undefined {
    this.#seenBytes += bytes.length;
    this.#lines.feed(bytes.subarray(0, MAX_SNIFF_BYTES), 0);
    if (this.#found) return this.#found;
    this.#judgePending();
    const isOpen = (this.#canBeSse || this.#canBeNdjson) && this.#seenBytes < MAX_SNIFF_BYTES;
    return isOpen ? undefined : null;
  }

  /** The body has ended: its last line needs no line end. */
  finish(): BodyFormat | null {
    if (this.#canBeNdjson && this.#jsonLines > 0) this.#readLine(this.#lines.pendingBytes);
    return this.#found;
  }

  #readLine(bytes: Uint8Array): void {
    if (this.#found) return;
    const text = this.#text(bytes);
    this.#isFirstLine = false;
    if (text === '') {
      if (this.#canBeSse && this.#sawSseData) this.#found = 'sse';
      return;
    }
    this.#canBeSse &&= SSE_FIELD.test(text);
    this.#sawSseData ||= /^data(?::|$)/.test(text);
    this.#canBeNdjson &&= parseObject(text) !== null;
    if (this.#canBeNdjson && ++this.#jsonLines === 2) this.#found = 'ndjson';
  }

  /** A line that has begun can already rule a format out, long before it ends. */
  #judgePending(): void {
    const { pendingBytes } = this.#lines;
    if (pendingBytes.length === 0) return;
    const start = this.#text(pendingBytes.subarray(0, 16));
    if (start === '') return;
    this.#canBeSse &&= SSE_FIELD.test(start) || SSE_FIELDS.some((field) => field.startsWith(start));
    this.#canBeNdjson &&= /^\s*(?:\{|$)/.test(start);
  }

  #text(bytes: Uint8Array): string {
    if (!this.#isFirstLine) return decodeUtf8(bytes);
    // A byte-order mark, perhaps not all of it yet.
    const mark = [0xef, 0xbb, 0xbf];
    const marked = bytes[0] === mark[0];
    if (!marked) return decodeUtf8(bytes);
    return mark.every((byte, index) => index >= bytes.length || bytes[index] === byte)
      ? decodeUtf8(bytes.subarray(3))
      : decodeUtf8(bytes);
  }
}

/** What a body without a content type is when it is neither SSE nor NDJSON, by its first bytes. */
export function untypedFormat(head: Uint8Array): BodyFormat {
  const whole = head.subarray(0, head.length - unfinishedBytes(head));
  const text = decodeUtf8Strictly(whole);
  if (text === null || text.includes('\0')) return 'binary';
  if (/^\ufeff?\s*[[{]/.test(text)) return 'json';
  return /^\ufeff?\s*</.test(text) ? 'none' : 'text';
}

/** Length of a multi-byte character that `bytes` ends in the middle of. */
function unfinishedBytes(bytes: Uint8Array): number {
  if (missingUtf8Bytes(bytes) === 0) return 0;
  for (let back = 1; back <= 3; back++) {
    if (bytes[bytes.length - back]! >= 0xc0) return back;
  }
  return 0;
}
