import {
  PROTOCOL_VERSION,
  type TapBatch,
  type TapChunks,
  type TapEnd,
  type TapHead,
  type TapMessages,
  type TapStart,
} from '../protocol/messages';
import {
  ENDS,
  KIND_EVENT_SOURCE,
  KIND_FETCH,
  KIND_WEB_SOCKET,
  KINDS,
  LOSS_NATIVE,
  LOSS_TIMES,
  LOSSES,
  MESSAGE_BINARY,
  MESSAGE_SENT,
  ROW_CHUNK,
  ROW_END,
  ROW_HEAD,
  ROW_LOSS,
  ROW_MESSAGE,
  ROW_NUMBERS,
  ROW_START,
  START_PLAIN,
  START_REQUEST,
  START_SIGNAL,
} from '../protocol/wire';

/** What is remembered of a stream until it ends. */
interface OpenStream {
  url: string;
  /** Size that its headers promise; null when unknown or compressed. */
  promisedByteLength: number | null;
  /** It ended in one piece, or out of sight: only its size can be told. */
  isWhole: boolean;
}

/** Streams that are remembered: a page can forge more starts than it ends. */
const MAX_OPEN = 4096;
const MAX_HEADERS = 256;

/**
 * Makes messages of what a tap puts on its port (`protocol/wire.ts`). Whatever is not of that form passes through as it
 * is: the collector refuses it and says so.
 */
export class Unpacker {
  readonly #documentKey = [...crypto.getRandomValues(new Uint32Array(4))]
    .map((word) => word.toString(36))
    .join('-');
  readonly #open = new Map<number, OpenStream>();

  message(value: unknown): unknown {
    if (!Array.isArray(value)) return value;
    try {
      if (value.length === 5) return this.#batch(value);
      return value.length === 1 ? { type: 'bye', atMs: value[0] } : this.#hello(value);
    } catch {
      return value;
    }
  }

  #hello([tappedAtMs, joinedLate]: unknown[]): object {
    return {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      documentKey: this.#documentKey,
      url: location.href,
      isTop: window.top === window.self,
      timeOriginEpochMs: performance.timeOrigin,
      tappedAtMs,
      joinedLate,
      userAgent: navigator.userAgent,
    };
  }

  #batch([seq, dropped, buffer, payload, notes]: unknown[]): TapBatch {
    if (!(buffer instanceof ArrayBuffer && payload instanceof ArrayBuffer && Array.isArray(notes)))
      throw new TypeError('No batch');
    const rows = new Float64Array(buffer);
    const bytes = new Uint8Array(payload);
    const count = rows.length / ROW_NUMBERS;
    const batch: TapBatch = {
      type: 'batch',
      seq: seq as number,
      dropped: dropped as number,
      starts: [],
      heads: [],
      chunks: null,
      messages: null,
      losses: [],
      ends: [],
      blockedStartMs: [],
      blockedDurationMs: [],
    };
    const chunks = new Draft(rows, ROW_CHUNK, bytes.length);
    const messages = new Draft(rows, ROW_MESSAGE, bytes.length);
    let at = 0;
    for (let index = 0; index < count; index++) {
      const from = index * ROW_NUMBERS;
      const kind = rows[from]!;
      const stream = rows[from + 1]!;
      const atMs = rows[from + 2]!;
      const a = rows[from + 3]!;
      const b = rows[from + 4]!;
      const c = rows[from + 5]!;
      const note: unknown = notes[index];
      switch (kind) {
        case ROW_START:
          batch.starts.push(this.#start(stream, atMs, a, b, fields(note)));
          break;
        case ROW_HEAD:
          batch.heads.push(this.#head(stream, atMs, a, fields(note)));
          break;
        case ROW_CHUNK:
        case ROW_MESSAGE: {
          const draft = kind === ROW_CHUNK ? chunks : messages;
          draft.bytes.set(bytes.subarray(at, at + c), draft.byteLength);
          draft.byteLength += c;
          draft.rows[draft.length++] = index;
          at += c;
          break;
        }
        case ROW_LOSS: {
          const open = this.#open.get(stream);
          if (open && (a === LOSS_NATIVE || a === LOSS_TIMES)) open.isWhole = true;
          batch.losses.push({ stream, reason: LOSSES[a]! });
          break;
        }
        case ROW_END:
          batch.ends.push(this.#end(stream, atMs, a, b, fields(note)));
          break;
        default:
          throw new Error(`No row of kind ${kind}`);
      }
    }
    if (chunks.length > 0) batch.chunks = chunkColumns(chunks);
    if (messages.length > 0) batch.messages = messageColumns(messages, notes);
    return batch;
  }

  #start(stream: number, atMs: number, object: number, bodyByteLength: number, note: unknown[]): TapStart {
    const [kind, url, headers, body, method, credentials, mode, known, protocols] = note;
    const isFetch = kind === KIND_FETCH;
    const has = (bit: number) => ((known as number) & bit) !== 0;
    // What a plain init does not say is the browser's default; of any other it is unknown.
    const isDefault = !isFetch || (has(START_PLAIN) && !has(START_REQUEST));
    this.#open.set(stream, { url: url as string, promisedByteLength: null, isWhole: false });
    if (this.#open.size > MAX_OPEN) this.#open.delete(this.#open.keys().next().value!);
    return {
      stream,
      kind: KINDS[kind as number]!,
      object,
      atMs,
      method: methodOf(method),
      url: url as string,
      headers: headerPairs(headers as string),
      body: body as string | null,
      bodyByteLength,
      credentials:
        credentials === 'omit' || credentials === 'same-origin' || credentials === 'include'
          ? credentials
          : kind === KIND_WEB_SOCKET
            ? 'include'
            : isDefault
              ? 'same-origin'
              : null,
      mode:
        kind === KIND_EVENT_SOURCE || (isFetch && typeof mode !== 'string' && isDefault)
          ? 'cors'
          : kind === KIND_WEB_SOCKET
            ? 'websocket'
            : typeof mode === 'string'
              ? mode.slice(0, 100)
              : null,
      hasAbortSignal: isFetch && has(START_SIGNAL) ? true : isFetch && isDefault ? false : null,
      protocols: typeof protocols === 'string' && protocols ? protocols.split(',') : [],
    };
  }

  #head(stream: number, atMs: number, status: number, note: unknown[]): TapHead {
    const [statusText, text, responseType, url, redirected] = note;
    const headers = headerPairs(text as string);
    const open = this.#open.get(stream);
    if (open) open.promisedByteLength = promisedByteLength(headers);
    return {
      stream,
      atMs,
      status,
      statusText: statusText as string,
      headers,
      responseType: responseType as string | null,
      url: url as string,
      redirected:
        typeof redirected === 'boolean'
          ? redirected
          : open !== undefined && withoutFragment(open.url) !== url,
    };
  }

  #end(stream: number, atMs: number, kind: number, byteLength: number, note: unknown[]): TapEnd {
    const [name, message, code = null, reason = null, clean = null] = note;
    const open = this.#open.get(stream);
    this.#open.delete(stream);
    const text = [name, message].filter((one) => typeof one === 'string' && one !== '').join(': ');
    return {
      stream,
      atMs,
      kind: ENDS[kind]!,
      message: text || null,
      closeCode: code as number | null,
      closeReason: reason as string | null,
      wasClean: clean as boolean | null,
      byteLength: byteLength >= 0 ? byteLength : open?.isWhole && kind === 0 ? open.promisedByteLength : null,
    };
  }
}

/** The rows of one kind in a batch, and their payload. */
class Draft {
  readonly source: Float64Array;
  readonly rows: Uint32Array;
  readonly bytes: Uint8Array;
  length = 0;
  byteLength = 0;

  constructor(source: Float64Array, kind: number, mostBytes: number) {
    let rows = 0;
    let bytes = 0;
    for (let at = 0; at < source.length; at += ROW_NUMBERS)
      if (source[at] === kind) {
        rows++;
        bytes += source[at + 5]!;
      }
    if (!(bytes <= mostBytes)) throw new RangeError('More payload than there is');
    this.source = source;
    this.rows = new Uint32Array(rows);
    this.bytes = new Uint8Array(bytes);
  }

  column(number: number): Float64Array {
    const column = new Float64Array(this.length);
    for (let index = 0; index < this.length; index++)
      column[index] = this.source[this.rows[index]! * ROW_NUMBERS + number]!;
    return column;
  }
}

function chunkColumns(draft: Draft): TapChunks {
  return {
    stream: draft.column(1),
    atMs: draft.column(2),
    waitedMs: draft.column(3),
    byteLength: draft.column(4),
    payloadLength: draft.column(5),
    bytes: draft.bytes,
  };
}

function messageColumns(draft: Draft, notes: unknown[]): TapMessages {
  const flags = draft.column(3);
  const told = Array.from(draft.rows, (row) => notes[row]);
  const part = (note: unknown, index: number) =>
    ((Array.isArray(note) ? note[index] : index === 0 ? note : null) ?? null) as string | null;
  return {
    stream: draft.column(1),
    atMs: draft.column(2),
    byteLength: draft.column(4),
    direction: flags.map((one) => (one & MESSAGE_SENT ? 1 : 0)),
    opcode: flags.map((one) => (one & MESSAGE_BINARY ? 2 : 1)),
    payloadLength: draft.column(5),
    name: told.map((note) => part(note, 1)),
    lastEventId: told.map((note) => part(note, 2)),
    text: told.map((note) => part(note, 0)),
    bytes: draft.bytes,
  };
}

function fields(note: unknown): unknown[] {
  if (!Array.isArray(note)) throw new TypeError('No note');
  return note;
}

function headerPairs(text: string): [string, string][] {
  const pairs: [string, string][] = [];
  for (const line of text.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon > 0 && pairs.length < MAX_HEADERS)
      pairs.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
  return pairs;
}

function promisedByteLength(headers: [string, string][]): number | null {
  const value = (name: string) => headers.find((one) => one[0] === name)?.[1] ?? '';
  const length = value('content-length');
  return /^\d{1,15}$/.test(length) && value('content-encoding') === '' ? Number(length) : null;
}

/** The browser upper-cases exactly these; `patch` stays `patch`. */
const NORMALISED = /^(delete|get|head|options|post|put)$/i;

function methodOf(value: unknown): string {
  if (typeof value !== 'string') return 'GET';
  return NORMALISED.test(value) ? value.toUpperCase() : value.slice(0, 100);
}

export function withoutFragment(url: string): string {
  const hash = url.indexOf('#');
  return hash < 0 ? url : url.slice(0, hash);
}
