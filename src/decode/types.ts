import type { ConfidenceCode, DirectionCode } from '../trace/types';

/** How a stream's body is framed. `none`: not a body of units (one JSON answer, a download, HTML). */
export type BodyFormat = 'sse' | 'ndjson' | 'json-seq' | 'text' | 'json' | 'binary' | 'websocket' | 'none';

export const EventKind = {
  /** Application data. */
  data: 0,
  /** SSE comment line (`: ping`), WebSocket ping, Engine.IO ping/pong: proves life, carries nothing. */
  heartbeat: 1,
} as const;
export type EventKindCode = (typeof EventKind)[keyof typeof EventKind];

/**
 * What the application meant to deliver, decoded from chunks or messages; columns as in the trace.
 * `atMs` is the time of the chunk that completed the event.
 */
export interface EventColumns {
  atMs: number[];
  confidence: ConfidenceCode[];
  /** Bytes on the wire, framing included. */
  byteLength: number[];
  /** Index of the chunk (or message) in which the event ended, and in which it began. */
  endChunk: number[];
  startChunk: number[];
  kind: EventKindCode[];
  direction: DirectionCode[];
  /** SSE event name (`message` by default), JSON `type` field is not looked at here. Null: none. */
  name: (string | null)[];
  /** SSE id, if the event set one. */
  id: (string | null)[];
  /** The event's text (SSE data, the NDJSON line, frame text), perhaps cut; null when not captured. */
  data: (string | null)[];
  /** The server's own clock in the event: Unix epoch ms; NaN when it carries none. */
  sentEpochMs: number[];
}

/** A decoder's complaint about the bytes; decoding goes on after it. */
export interface DecodeProblem {
  /** Index of the chunk or message. */
  chunk: number;
  message: string;
}

export interface DecodedStream {
  format: BodyFormat;
  events: EventColumns;
  /** SSE `retry:` value last seen, ms; null when none. */
  retryMs: number | null;
  /** Text after the last complete unit (an unfinished event at the end), in bytes. */
  tailByteLength: number;
  /** A multi-byte character was cut by a chunk border this many times. */
  splitCharacters: number;
  /** An event lay across two or more chunks this many times. */
  splitEvents: number;
  /** True when payloads are missing, so that events after that point are unknown. */
  partial: boolean;
  problems: DecodeProblem[];
}

/**
 * Decodes a stream as it grows. `update` reads only what came since the last call, so a live stream of a
 * million chunks is read once.
 */
export interface StreamDecoder {
  readonly decoded: DecodedStream;
  /**
   * Grows when decoding had to begin anew (a better source of the same stream came in): event indexes from before
   * are void then. `decoded` stays the same object.
   */
  readonly generation: number;
  update(): void;
}
