/**
 * What crosses the contexts: tap → bridge (a MessagePort) → collector (a runtime port, or a DevTools-protocol
 * binding in `streamgauge record`), and back. Types only: the tap must stay small and validates nothing.
 * The collector validates everything with `schema.ts`: a page can forge all of it.
 *
 * All times are `performance.now()` of the sending document, in ms; `hello.timeOriginEpochMs` turns them into
 * wall-clock time. Stream ids are small integers, unique in their document.
 */

export const PROTOCOL_VERSION = 1;

/** First message of a tap. */
export interface TapHello {
  type: 'hello';
  protocol: number;
  /** Random, so that two documents at one address are told apart. */
  documentKey: string;
  url: string;
  isTop: boolean;
  timeOriginEpochMs: number;
  /** `performance.now()` when the tap had patched the page. */
  tappedAtMs: number;
  /** The page had already run scripts of its own. */
  joinedLate: boolean;
  userAgent: string;
}

export type TapStreamKind = 'fetch' | 'xhr' | 'eventsource' | 'websocket';

export interface TapStart {
  stream: number;
  kind: TapStreamKind;
  /** The page's object; an EventSource that reconnects starts new streams with the same object. */
  object: number;
  atMs: number;
  method: string;
  /** Absolute. */
  url: string;
  /** Only those the page set itself. */
  headers: [string, string][];
  /** Text bodies only, cut at the payload cap. */
  body: string | null;
  bodyByteLength: number;
  credentials: 'omit' | 'same-origin' | 'include' | null;
  mode: string | null;
  hasAbortSignal: boolean | null;
  protocols: string[];
}

export interface TapHead {
  stream: number;
  atMs: number;
  status: number;
  statusText: string;
  /** Only those CORS lets the page see. */
  headers: [string, string][];
  responseType: string | null;
  url: string;
  redirected: boolean;
}

/** Body chunks in columns: record i is `stream[i]`, `atMs[i]`, …; payloads lie one behind the other in `bytes`. */
export interface TapChunks {
  stream: number[] | Float64Array;
  atMs: number[] | Float64Array;
  /** Time since the page called `read()`; -1 when no read was watched (clone at consumption, XHR progress). */
  waitedMs: number[] | Float64Array;
  byteLength: number[] | Float64Array;
  /** Captured bytes of this chunk, 0 to byteLength. */
  payloadLength: number[] | Float64Array;
  bytes: Uint8Array;
}

/** WebSocket frames and EventSource events in columns. */
export interface TapMessages {
  stream: number[] | Float64Array;
  atMs: number[] | Float64Array;
  byteLength: number[] | Float64Array;
  /** 0 received, 1 sent. */
  direction: number[] | Float64Array;
  /** RFC 6455 opcode. */
  opcode: number[] | Float64Array;
  /** EventSource: name and id; WebSocket: null. */
  name: (string | null)[];
  lastEventId: (string | null)[];
  /** Text payload, cut; null for binary or when over the cap. */
  text: (string | null)[];
  /** Captured bytes of a binary frame, taken from `bytes` in order; 0 for text. */
  payloadLength: number[] | Float64Array;
  bytes: Uint8Array;
}

export interface TapEnd {
  stream: number;
  atMs: number;
  kind: 'complete' | 'error' | 'aborted' | 'refused';
  /** "TypeError: network error"; null when there was none. */
  message: string | null;
  closeCode: number | null;
  closeReason: string | null;
  wasClean: boolean | null;
  /** Whole-body size when chunks were not watched (text(), json(), blob()); else null. */
  byteLength: number | null;
}

export type TapLossReason = 'consumed-natively' | 'opaque' | 'no-chunk-times' | 'payload-capped' | 'no-body';

export interface TapLoss {
  stream: number;
  reason: TapLossReason;
}

/** A body taken whole by text(), json() …: content is only captured for streaming types. */
export interface TapBatch {
  type: 'batch';
  /** Counts up by one per batch of a document; a gap is a lost batch. */
  seq: number;
  /** Records dropped since the last batch because nobody took them. */
  dropped: number;
  starts: TapStart[];
  heads: TapHead[];
  chunks: TapChunks | null;
  messages: TapMessages | null;
  losses: TapLoss[];
  ends: TapEnd[];
  /** Long tasks of the main thread: start and duration. */
  blockedStartMs: number[] | Float64Array;
  blockedDurationMs: number[] | Float64Array;
}

/** The document goes away (pagehide); open streams of it end as aborted by navigation. */
export interface TapBye {
  type: 'bye';
  atMs: number;
}

export type TapMessage = TapHello | TapBatch | TapBye;

/** Collector → tap. */
export interface TapConfig {
  type: 'config';
  maxChunkPayloadBytes: number;
  maxStreamPayloadBytes: number;
}
/** Takes the place of acknowledgements: how many more batches the tap may send. Nothing is sent without credit. */
export interface TapCredit {
  type: 'credit';
  batches: number;
}
/** Restore every patched function and forget everything. */
export interface TapRestore {
  type: 'restore';
}
export type TapCommand = TapConfig | TapCredit | TapRestore;

/** Credits a collector grants at once. */
export const CREDIT_BATCHES = 8;
/** A batch is shipped when it has this many records, or is this old. */
export const BATCH_RECORDS = 500;
export const BATCH_AGE_MS = 50;
/** Largest serialised message the collector accepts. */
export const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;
