/**
 * The trace: everything one recording holds. FORMAT.md beside this file specifies the saved form.
 *
 * Conventions
 * - `…AtMs` is milliseconds since the trace's origin (`meta.originEpochMs`), fractional, monotonic within one
 *   document. Wall-clock time appears once, in `meta`.
 * - `null` means "not known", never "none": an empty list or 0 means none.
 * - Columns are parallel arrays: index i of every array of one column set describes record i.
 * - Directions are the page's: `sent` left the page, `received` came to it.
 */

export const TRACE_FORMAT = 'streamgauge-trace';
export const TRACE_VERSION = 1;

/** A header as it was on the wire; names keep their case, repeated headers repeat. */
export type Header = readonly [name: string, value: string];

/** How sure an arrival time is. See src/trace/README.md for how each was measured. */
export const Confidence = {
  /** The page was waiting in `read()` and its main thread was free: the time is the arrival. */
  arrived: 0,
  /** The main thread was blocked around this time: the arrival is up to that block earlier. */
  uncertain: 1,
  /** The data lay there before the page read it: the arrival is earlier, by an unknown amount. */
  queued: 2,
  /** Only bounds are known: somewhere between the first byte and the end of the response. */
  bounded: 3,
} as const;
export type ConfidenceCode = (typeof Confidence)[keyof typeof Confidence];

export const Direction = { received: 0, sent: 1 } as const;
export type DirectionCode = (typeof Direction)[keyof typeof Direction];

/** Message opcodes: the WebSocket opcodes of RFC 6455, section 5.2; EventSource events are `text`. */
export const Opcode = { text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface Trace {
  readonly format: typeof TRACE_FORMAT;
  readonly version: typeof TRACE_VERSION;
  meta: TraceMeta;
  limits: TraceLimits;
  loss: TraceLoss;
  /** Documents (frames) that were seen; streams point here by id. */
  documents: DocumentRecord[];
  /** In order of their start. */
  streams: StreamRecord[];
}

export interface TraceMeta {
  /** Wall-clock time of the trace's origin: Unix epoch, milliseconds. */
  originEpochMs: number;
  /** Who recorded it. */
  recorder: 'extension' | 'cli' | 'har' | 'lab';
  /** Version of the recorder, or the HAR's creator ("WebInspector 537.36"). */
  recorderVersion: string;
  /** The browser, as it calls itself; null when the source does not say. */
  browser: string | null;
  /** Address of the top page when recording began; null when the source does not say. */
  pageUrl: string | null;
  /** Free text of the person who saved it. */
  note: string;
  /**
   * What the source could not carry at all: rules that need one of these answer `incomplete`.
   * A recording by the extension with DevTools open from the start carries everything.
   */
  missing: SourceGap[];
  /**
   * Trace time at which the recording ended: what was still open had been silent until then. Absent when nobody noted
   * it; then the last thing recorded is the end.
   */
  endedAtMs?: number;
}

export type SourceGap =
  /** Arrival times of single chunks. */
  | 'chunk-times'
  /** Cookie and Set-Cookie headers (sanitized HAR). */
  | 'cookies'
  /** Authorization and similar headers (sanitized HAR). */
  | 'secret-headers'
  /** Response bodies. */
  | 'bodies'
  /** Network error names (`net::ERR_…`). */
  | 'network-errors'
  /** Fetch options: credentials mode, abort signal. */
  | 'request-options'
  /** WebSocket frames. */
  | 'frames';

/** Bounds of one trace. Reaching one is written into `loss`, never silent. */
export interface TraceLimits {
  maxStreams: number;
  /** Chunk records, all streams together. */
  maxChunks: number;
  /** Message records, all streams together. */
  maxMessages: number;
  /** Captured payload bytes kept, all streams together; the oldest go first. */
  maxPayloadBytes: number;
  /** Captured payload bytes of one chunk or message. */
  maxChunkPayloadBytes: number;
  /** Captured payload bytes of one stream. */
  maxStreamPayloadBytes: number;
}

export const DEFAULT_LIMITS: TraceLimits = {
  maxStreams: 10_000,
  maxChunks: 2_000_000,
  maxMessages: 2_000_000,
  maxPayloadBytes: 64 * 1024 * 1024,
  maxChunkPayloadBytes: 16 * 1024,
  maxStreamPayloadBytes: 1024 * 1024,
};

/** What the trace as a whole is missing. All zero in a complete trace. */
export interface TraceLoss {
  /** Records the tap dropped because nobody took them in time. */
  droppedRecords: number;
  /** Streams that were not kept because `maxStreams` was reached. */
  droppedStreams: number;
  /** Chunks or messages that were not kept because a limit was reached. */
  overLimitRecords: number;
  /** Payload bytes given up to stay under `maxPayloadBytes`. */
  evictedPayloadBytes: number;
  /** Messages from the page that were refused because they did not fit the protocol. */
  refusedMessages: number;
}

export interface DocumentRecord {
  id: string;
  url: string;
  /** Top page, or a frame in it. */
  isTop: boolean;
  /** True: recording began after the page had loaded, so earlier streams are unknown. */
  joinedLate: boolean;
  /** When the tap started in it. */
  tappedAtMs: number | null;
  /** Spans in which its main thread was blocked (long tasks): arrivals within are uncertain. */
  blocked: { startMs: number[]; durationMs: number[] };
}

export type StreamKind = 'fetch' | 'xhr' | 'eventsource' | 'websocket' | 'document' | 'other';

/** One connection's worth of exchange: a request and its answer, or a WebSocket. */
export interface StreamRecord {
  id: string;
  kind: StreamKind;
  /** Into `Trace.documents`; null for worker traffic and sources without frames. */
  documentId: string | null;
  /**
   * The page's object behind it. One EventSource reconnects as several streams: they share this.
   * Null where nothing shares it.
   */
  objectId: string | null;
  /** Which recorders contributed. */
  seenBy: { tap: boolean; network: boolean; har: boolean };
  request: RequestRecord;
  /** Null until headers arrived; stays null when none ever did. */
  response: ResponseRecord | null;
  timing: TimingRecord;
  chunks: ChunkColumns;
  messages: MessageColumns;
  /** Null while it is open. */
  end: StreamEnd | null;
  /** What is missing of this stream, in the order in which it was noticed. */
  losses: StreamLoss[];
}

export interface RequestRecord {
  method: string;
  /** Absolute, without fragment. */
  url: string;
  headers: Header[];
  /** False: only what the page set itself; cookies and the browser's own headers are unknown. */
  headersComplete: boolean;
  /** The request body, cut at the payload limit. Bytes that are no text are one character each, as HAR writes them. */
  body: BodyText | null;
  /** Fetch credentials mode; XHR and EventSource: `include` when `withCredentials`, else `same-origin`. */
  credentials: 'omit' | 'same-origin' | 'include' | null;
  mode: string | null;
  /** Whether the page passed an `AbortSignal`. Null for kinds that have none or when unknown. */
  hasAbortSignal: boolean | null;
  /** WebSocket subprotocols asked for. */
  protocols: string[];
  /** Cookies the browser did not send, when the recorder could see why (DevTools protocol reasons). */
  withheldCookies: CookieRefusal[];
}

export interface CookieRefusal {
  name: string;
  reasons: string[];
}

export interface BodyText {
  text: string;
  /** Full length in bytes, also when `text` is cut. */
  byteLength: number;
  truncated: boolean;
}

export interface ResponseRecord {
  status: number;
  statusText: string;
  headers: Header[];
  /** False: only what CORS lets the page see. */
  headersComplete: boolean;
  /** Fetch response type: basic, cors, opaque, opaqueredirect, error. */
  type: string | null;
  /** Final address after redirects. */
  url: string;
  redirected: boolean;
  /** Normalised: `http/1.0`, `http/1.1`, `h2`, `h3`, `ws`; null when unknown. */
  protocol: string | null;
  remoteAddress: string | null;
  /** The browser's connection id: equal ids shared one connection. */
  connectionId: string | null;
  fromCache: boolean;
  fromServiceWorker: boolean;
  /** Whole body as text, when it was captured whole instead of by chunks (HAR content, `text()`). */
  body: BodyText | null;
  /** Cookies the browser refused to keep, when the recorder could see why. */
  refusedCookies: CookieRefusal[];
}

export interface TimingRecord {
  /** When the page asked. */
  startedAtMs: number;
  /** When the request left, if known; else null. */
  sentAtMs: number | null;
  /** When the headers were there. */
  headersAtMs: number | null;
  /** Earliest time at which body bytes can have been there (a lower bound). */
  firstByteAtMs: number | null;
  /** HAR `timings` in ms, -1 replaced by null. `blocked` includes waiting for a free connection. */
  phases: Phases | null;
}

export interface Phases {
  blockedMs: number | null;
  dnsMs: number | null;
  connectMs: number | null;
  sslMs: number | null;
  sendMs: number | null;
  waitMs: number | null;
  receiveMs: number | null;
}

/** Body bytes as one read delivered them. */
export interface ChunkColumns {
  atMs: number[];
  byteLength: number[];
  /** How long the page had been waiting in `read()` when it came; 0 when unknown. */
  waitedMs: number[];
  confidence: ConfidenceCode[];
  /** Captured prefix of the bytes; null: none was captured, or it was given up. */
  payload: (Uint8Array | null)[];
}

/** Units that the browser delivers whole: EventSource events and WebSocket frames. */
export interface MessageColumns {
  atMs: number[];
  byteLength: number[];
  confidence: ConfidenceCode[];
  direction: DirectionCode[];
  /** RFC 6455 opcode; EventSource events are text. */
  opcode: number[];
  /** EventSource event name; null for WebSocket frames. */
  name: (string | null)[];
  /** EventSource `lastEventId` at that event; null for WebSocket frames. */
  lastEventId: (string | null)[];
  /** Captured text or bytes, perhaps cut; null: none was captured, or it was given up. */
  payload: (string | Uint8Array | null)[];
}

export interface StreamEnd {
  atMs: number;
  /**
   * - `complete`: the protocol said it was whole (`done: true`, a clean close)
   * - `error`: the network or the server cut it
   * - `aborted`: the page ended it (abort signal, cancel, `close()`), or navigated away
   * - `refused`: it never opened: handshake failed, CORS refused, EventSource gave up on status or type
   */
  kind: 'complete' | 'error' | 'aborted' | 'refused';
  /** `net::ERR_…` when a network view saw it; null when none did or there was none. */
  netError: string | null;
  /** What the page saw: "TypeError: network error". */
  message: string | null;
  /** WebSocket close code (RFC 6455, 7.4) and reason. */
  closeCode: number | null;
  closeReason: string | null;
  wasClean: boolean | null;
}

export type StreamLoss =
  /** Recording began after the stream had begun. */
  | 'late-start'
  /** Records were dropped: page faster than the recorder, or a limit. */
  | 'dropped-records'
  /** Some payloads are cut or missing; sizes and times are whole. */
  | 'payload-capped'
  | 'payload-evicted'
  /** The body was consumed where nobody can watch: Cache.put, `new Response(body)`, WASM, never read. */
  | 'consumed-natively'
  /** Opaque (no-cors) response: nothing in it can be seen. */
  | 'opaque'
  /** Only the whole body's end is known, not its chunks. */
  | 'no-chunk-times'
  /** The body could not be had. */
  | 'no-body';
