import type { DecodedStream } from '../../decode/types';
import type { StreamRecord } from '../../trace/types';
import type { PlatformId } from '../platforms';

/**
 * Shared measurements of one stream, computed once and extended as it grows. Rules read these, never raw columns,
 * so that a rule costs the same for ten events and for a million.
 */
export interface StreamFacts {
  readonly stream: StreamRecord;
  readonly decoded: DecodedStream;
  /**
   * - `stream`: delivered piece by piece on purpose (SSE, NDJSON, WebSocket, a body the page read by chunk and whose
   *   content is made of units)
   * - `download`: bulk bytes (file, media)
   * - `call`: an ordinary request
   */
  readonly nature: 'stream' | 'download' | 'call';
  /** The page asked for a stream: EventSource, `Accept: text/event-stream` or NDJSON, `"stream": true` in the body. */
  readonly askedForStream: boolean;
  readonly host: string;
  /** Method and URL with ids replaced, so that calls of one endpoint are siblings. */
  readonly endpoint: string;
  /** Request start to headers, ms; null when unknown. */
  readonly headersMs: number | null;
  /** Request start to the first body byte, ms; null when unknown. */
  readonly firstByteMs: number | null;
  /** Start to end (or to now while open), ms. */
  readonly ageMs: number;
  /** From the last byte to the end (or now), ms. */
  readonly tailSilenceMs: number;
  readonly byteLength: number;
  /** Data events received (heartbeats not counted). */
  readonly eventCount: number;
  readonly heartbeatCount: number;
  readonly gaps: GapFacts;
  readonly bursts: BurstFacts;
  readonly serverClock: ServerClockFacts | null;
  /** Hops the headers and host betray, browser side first. */
  readonly hops: Hop[];
  /** Arrival times are good enough to judge timing: real chunk or event times, mostly `arrived`. */
  readonly timesKnown: boolean;
}

/** Silences between deliveries (data or heartbeat), ms. */
export interface GapFacts {
  /** Longest silence between two deliveries, and when it began. 0 when fewer than two deliveries. */
  longestMs: number;
  longestStartMs: number;
  /** Median silence between deliveries. */
  medianMs: number;
  /** Log-spaced histogram for the plot. */
  histogram: number[];
}

/** Deliveries grouped where the silence between them is under a few ms: what one flush brought. */
export interface BurstFacts {
  count: number;
  /** The largest burst: how many events, over what time. */
  largestEvents: number;
  largestSpanMs: number;
  /** First to last event, ms. */
  spreadMs: number;
}

/** The server's own send times against the arrivals. */
export interface ServerClockFacts {
  /** Events that carry a send time. */
  count: number;
  /** Last minus first send time, ms. */
  sentSpreadMs: number;
  /** Last minus first arrival of the same events, ms. */
  arrivalSpreadMs: number;
}

export interface Hop {
  platform: PlatformId | null;
  /** "nginx/1.22.1", "CloudFront". */
  label: string;
  /** The header or host that betrays it: "server: nginx/1.22.1". */
  evidence: string;
}
