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
  /** Grows when something of the stream is new: what was derived of it before is then out of date. */
  readonly revision: number;
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
  /** Wall-clock time of trace time 0: Unix epoch, ms. */
  readonly originEpochMs: number;
  /** When the request left, as far as known: waiting for a free connection is not the server's. Trace ms. */
  readonly requestAtMs: number;
  /** When headers can have been there at the earliest: before `headersAtMs` when the page was busy. Trace ms. */
  readonly headersEarliestMs: number | null;
  readonly arrivals: ArrivalFacts;
  /** Null until the first data event. */
  readonly data: DataSpan | null;
  readonly flushes: FlushFacts;
  /** `Content-Encoding` other than identity, lower case; null when none. */
  readonly contentEncoding: string | null;
}

/** Deliveries (chunks, or messages where there are no chunks) and how well their times are known. */
export interface ArrivalFacts {
  count: number;
  /** Those whose real arrival may be noticeably earlier: the page read late or was busy. */
  lateCount: number;
  /** Those of which only bounds are known. */
  boundedCount: number;
  /** Null when there was none. */
  firstAtMs: number | null;
  /** Earliest time at which the first can have come. */
  firstEarliestMs: number | null;
  lastAtMs: number | null;
}

/** From the first to the last data event. */
export interface DataSpan {
  /** When the first data event, or its first part, was seen; and the earliest time at which it can have come. */
  firstAtMs: number;
  firstEarliestMs: number;
  /** The latest time at which the last can have come: its own, or the end of the body when only bounds are known. */
  lastAtMs: number;
  byteLength: number;
  /** Deliveries before the first data event (heartbeats, a greeting), and when the first and last of them came. */
  leadingCount: number;
  leadingFirstMs: number;
  leadingLastMs: number;
  /** Times are bounds, not arrivals. */
  isBounded: boolean;
  /** Moments at which data came: events with only a few ms between them share one. */
  moments: number;
}

/**
 * The rhythm of bursts: what a buffer or a timer between server and page would leave behind. Complete bursts only
 * (the last one is still open, or holds what the end of the stream flushed).
 */
export interface FlushFacts {
  /** Complete bursts of data events. */
  count: number;
  /** Median number of data events of a burst. */
  medianEvents: number;
  /** Standard deviation of these numbers as a part of their mean. */
  sizeVariation: number;
  /** From burst to burst: median, the commonest interval, and the share of intervals within about 13 % of it. */
  medianIntervalMs: number;
  steadyIntervalMs: number;
  steadyShare: number;
  /** Standard deviation of those. */
  steadyDeviationMs: number;
  /** Part of the time in which nothing came, of the time from the first to the last burst: 0 to 1. */
  idleShare: number;
  /** Bursts that began with a delivery the page was waiting for; the others may be the page's own rhythm. */
  knownShare: number;
  /** Complete bursts of body bytes (of whole events with their framing, where only these are seen), and their rate. */
  byteBursts: number;
  bytesPerSecond: number;
  /** Buffer sizes (bytes) that bursts equal, with how many do; most first. */
  quanta: { byteLength: number; count: number }[];
  /** Of the bursts with send times: how long the server took to send a burst, over the interval between bursts. */
  sentShare: number | null;
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
  /** Latest minus earliest send time, ms. */
  sentSpreadMs: number;
  /** Last minus first arrival of the same events, ms. */
  arrivalSpreadMs: number;
  /** Send time (Unix epoch, ms) and arrival (trace ms) of the first of them. */
  firstSentEpochMs: number;
  firstAtMs: number;
  /** All stamps are the same: made once for the response, or by a server that sent all at once. */
  isConstant: boolean;
  /** All stamps are whole seconds. */
  isCoarse: boolean;
}

export interface Hop {
  platform: PlatformId | null;
  /** "nginx/1.22.1", "CloudFront". */
  label: string;
  /** The header or host that betrays it: "server: nginx/1.22.1". */
  evidence: string;
}
