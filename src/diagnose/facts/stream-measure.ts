import { createDecoder } from '../../decode/decoder';
import type { DecodedStream, StreamDecoder } from '../../decode/types';
import { Confidence, type DocumentRecord, type StreamRecord } from '../../trace/types';
import { DataMeter } from './data-meter';
import { blockStartOf, DeliveryMeter, QUANTA } from './deliveries';
import { endpointOf, hostOf } from './endpoint';
import { responseHeader } from './headers';
import { hopsOf } from './hops';
import { LookClock } from './look-clock';
import { isWaitMisfiled } from './moments';
import { asksForStream, natureOf } from './nature';
import type {
  ArrivalFacts,
  BurstFacts,
  DataSpan,
  FlushFacts,
  GapFacts,
  Hop,
  ServerClockFacts,
  StreamFacts,
} from './stream-facts';

/** Timing is judged only when at least this part of the deliveries has a time worth the name. */
const KNOWN_SHARE = 0.7;

/**
 * Measures one stream as it grows: `read` takes only the chunks, messages and events that came since the last one.
 * When a better source of the same stream comes in (or records were taken away), everything is read anew, once.
 */
export class StreamMeasure implements StreamFacts {
  readonly stream: StreamRecord;
  readonly host: string;
  readonly endpoint: string;
  readonly originEpochMs: number;
  askedForStream = false;
  nature: StreamFacts['nature'] = 'call';
  requestAtMs = 0;
  revision = 0;
  /** Tells the time of the look: an open stream is as old as that. */
  readonly #clock: LookClock;
  #decoder: StreamDecoder;
  #document: DocumentRecord | null;
  #deliveries: DeliveryMeter;
  #data = new DataMeter();
  #generation = 0;
  #columns: object;
  #columnLength = 0;
  #seen: readonly unknown[] = [];
  #hops: Hop[] = [];
  #hopsSource: { headers: unknown; length: number } | null = null;

  constructor(
    stream: StreamRecord,
    document: DocumentRecord | null,
    originEpochMs: number,
    clock = new LookClock(),
  ) {
    this.stream = stream;
    this.#clock = clock;
    this.originEpochMs = originEpochMs;
    this.host = hostOf(stream.request.url);
    this.endpoint = endpointOf(stream.request.method, stream.request.url);
    this.#document = document;
    this.#decoder = createDecoder(stream);
    this.#deliveries = new DeliveryMeter(stream.timing.startedAtMs);
    this.#columns = stream.chunks;
  }

  /**
   * Reads what the stream gained since the last call. `isNamed`: it is known to have moved; else its parts are looked at.
   */
  read(isNamed = true): void {
    const { stream } = this;
    const parts = partsOf(stream, this.#document);
    if (isNamed || parts.some((one, index) => one !== this.#seen[index])) this.revision++;
    else return;
    this.#seen = parts;
    this.requestAtMs = requestAtMsOf(stream);
    this.#decoder.update();
    const columns = stream.chunks.atMs.length > 0 ? stream.chunks : stream.messages;
    if (columns !== this.#columns || columns.atMs.length < this.#columnLength) {
      this.#columns = columns;
      this.#deliveries = new DeliveryMeter(stream.timing.startedAtMs);
    }
    this.#columnLength = columns.atMs.length;
    this.#deliveries.read(columns, this.headersEarliestMs, this.#document);
    if (this.#decoder.generation !== this.#generation) {
      this.#generation = this.#decoder.generation;
      this.#data = new DataMeter();
    }
    this.#data.read(this.decoded.events);
    this.askedForStream ||= asksForStream(stream);
    this.nature = natureOf(stream, this.decoded, this.askedForStream);
  }

  /** The last thing known of it, trace ms: an open trace without a clock is measured up to it. */
  get lastKnownMs(): number {
    const { timing, end } = this.stream;
    return Math.max(
      timing.startedAtMs,
      timing.headersAtMs ?? 0,
      this.#deliveries.lastAtMs ?? 0,
      this.stream.messages.atMs.at(-1) ?? 0,
      end?.atMs ?? 0,
    );
  }

  get decoded(): DecodedStream {
    return this.#decoder.decoded;
  }

  get headersEarliestMs(): number | null {
    const { headersAtMs } = this.stream.timing;
    if (headersAtMs === null) return null;
    const blockStartMs = blockStartOf(this.#document, headersAtMs);
    return blockStartMs === null
      ? headersAtMs
      : Math.max(this.requestAtMs, Math.min(headersAtMs, blockStartMs));
  }

  get headersMs(): number | null {
    const { headersAtMs, startedAtMs } = this.stream.timing;
    return headersAtMs === null ? null : headersAtMs - startedAtMs;
  }

  get firstByteMs(): number | null {
    const { timing } = this.stream;
    const seenMs = this.#deliveries.boundedCount === 0 ? this.#deliveries.firstAtMs : null;
    const atMs = seenMs ?? timing.firstByteAtMs;
    return atMs === null ? null : atMs - timing.startedAtMs;
  }

  get ageMs(): number {
    return Math.max(0, this.#endMs - this.stream.timing.startedAtMs);
  }

  get tailSilenceMs(): number {
    const { timing } = this.stream;
    return Math.max(0, this.#endMs - (this.#deliveries.lastAtMs ?? timing.headersAtMs ?? timing.startedAtMs));
  }

  get byteLength(): number {
    return this.#deliveries.count > 0
      ? this.#deliveries.byteLength
      : (this.stream.response?.body?.byteLength ?? 0);
  }

  get eventCount(): number {
    return this.#data.count;
  }

  get heartbeatCount(): number {
    return this.#data.heartbeats;
  }

  get gaps(): GapFacts {
    const { gaps, longestGapMs, longestGapStartMs } = this.#deliveries;
    return {
      longestMs: longestGapMs,
      longestStartMs: longestGapStartMs,
      medianMs: gaps.median,
      histogram: gaps.bins,
    };
  }

  get bursts(): BurstFacts {
    const data = this.#data;
    return {
      count: data.count === 0 ? 0 : data.bursts + 1,
      largestEvents: data.largestEvents,
      largestSpanMs: data.largestSpanMs,
      spreadMs: data.count === 0 ? 0 : data.lastAtMs - this.decoded.events.atMs[data.firstIndex]!,
    };
  }

  get serverClock(): ServerClockFacts | null {
    const data = this.#data;
    if (data.clockCount === 0) return null;
    return {
      count: data.clockCount,
      sentSpreadMs: data.sentMaxMs - data.sentMinMs,
      arrivalSpreadMs: data.clockLastAtMs - data.clockFirstAtMs,
      firstSentEpochMs: data.clockFirstSentMs,
      firstAtMs: data.clockFirstAtMs,
      isConstant: data.sentMaxMs === data.sentMinMs,
      isCoarse: data.isCoarse,
    };
  }

  get hops(): Hop[] {
    const headers = this.stream.response?.headers ?? null;
    const source = this.#hopsSource;
    if (!source || source.headers !== headers || source.length !== (headers?.length ?? 0)) {
      this.#hopsSource = { headers, length: headers?.length ?? 0 };
      this.#hops = hopsOf(this.stream);
    }
    return this.#hops;
  }

  get timesKnown(): boolean {
    const { count, lateCount, boundedCount } = this.#deliveries;
    if (count === 0 || this.stream.losses.includes('no-chunk-times')) return false;
    return count - lateCount - boundedCount >= count * KNOWN_SHARE;
  }

  get contentEncoding(): string | null {
    const value = responseHeader(this.stream, 'content-encoding')?.trim().toLowerCase();
    return value === undefined || value === '' || value === 'identity' ? null : value;
  }

  get arrivals(): ArrivalFacts {
    const { count, lateCount, boundedCount, firstAtMs, lastAtMs } = this.#deliveries;
    return {
      count,
      lateCount,
      boundedCount,
      firstAtMs,
      firstEarliestMs: firstAtMs === null ? null : this.#earliestDelivery(0, firstAtMs),
      lastAtMs,
    };
  }

  get data(): DataSpan | null {
    const data = this.#data;
    if (data.firstIndex < 0) return null;
    const { events } = this.decoded;
    const { chunks, messages } = this.stream;
    const eventMs = events.atMs[data.firstIndex]!;
    const startChunk = events.startChunk[data.firstIndex]!;
    const columns = chunks.atMs.length > 0 ? chunks : messages;
    const startMs = columns.atMs[startChunk];
    const seenAtMs = startMs === undefined ? eventMs : Math.min(startMs, eventMs);
    // DevTools stamps events that came before it listened with the request's start.
    const isStamped = events.confidence[data.firstIndex] === Confidence.bounded;
    const firstAtMs = isStamped ? Math.max(seenAtMs, this.#bodyEarliestMs()) : seenAtMs;
    const isBounded = data.boundedCount > 0;
    const leading = startMs === undefined ? 0 : startChunk;
    return {
      firstAtMs,
      firstEarliestMs:
        startMs === undefined ? this.#bodyEarliestMs() : this.#earliestDelivery(startChunk, firstAtMs),
      lastAtMs:
        events.confidence.at(-1) === Confidence.bounded
          ? Math.max(data.lastAtMs, this.stream.end?.atMs ?? 0)
          : data.lastAtMs,
      byteLength: data.byteLength,
      leadingCount: leading,
      leadingFirstMs: leading > 0 ? columns.atMs[0]! : firstAtMs,
      leadingLastMs: leading > 0 ? columns.atMs[leading - 1]! : firstAtMs,
      isBounded,
      moments: data.moments,
    };
  }

  get flushes(): FlushFacts {
    const data = this.#data;
    const deliveries = this.#deliveries;
    const steady = data.intervals.mode();
    const spanMs = deliveries.burstSpanMs;
    const seesBytes = this.stream.kind !== 'websocket';
    return {
      count: data.bursts,
      medianEvents: data.sizes.median,
      sizeVariation: data.sizes.variation,
      medianIntervalMs: data.intervals.median,
      steadyIntervalMs: steady.value,
      steadyShare: steady.share,
      steadyDeviationMs: steady.deviation,
      idleShare: spanMs > 0 ? Math.min(1, deliveries.idleMs / spanMs) : 0,
      knownShare: deliveries.bursts > 0 ? deliveries.knownBursts / deliveries.bursts : 0,
      byteBursts: seesBytes ? deliveries.bursts : 0,
      bytesPerSecond: spanMs > 0 ? (deliveries.burstBytes / spanMs) * 1000 : 0,
      quanta: QUANTA.map((byteLength, index) => ({ byteLength, count: deliveries.quantumCounts[index]! }))
        .filter(({ count }) => seesBytes && count > 0)
        .sort((a, b) => b.count - a.count),
      sentShare: data.sentIntervalsMs > 0 ? data.sentInBurstsMs / data.sentIntervalsMs : null,
    };
  }

  get #endMs(): number {
    return this.stream.end?.atMs ?? Math.max(this.#clock.nowMs, this.lastKnownMs);
  }

  /** Body bytes cannot have been there before this. */
  #bodyEarliestMs(): number {
    const { firstByteAtMs, phases } = this.stream.timing;
    const headersMs = this.headersEarliestMs;
    // With HAR phases the first byte is the network's own measurement; without, it is the page's first read.
    if (phases && firstByteAtMs !== null) return Math.max(firstByteAtMs, headersMs ?? firstByteAtMs);
    return headersMs ?? firstByteAtMs ?? this.requestAtMs;
  }

  /** Earliest time at which the delivery at `index` can have come: its own when the page was waiting for it. */
  #earliestDelivery(index: number, atMs: number): number {
    const { chunks, messages } = this.stream;
    const { confidence, atMs: times } = chunks.atMs.length > 0 ? chunks : messages;
    if (confidence[index] === Confidence.arrived) return atMs;
    let emptyAtMs = this.#bodyEarliestMs();
    for (let before = index - 1; before >= 0; before--) {
      if (confidence[before] !== Confidence.arrived) continue;
      emptyAtMs = Math.max(emptyAtMs, times[before]!);
      break;
    }
    const blockStartMs =
      confidence[index] === Confidence.uncertain ? blockStartOf(this.#document, atMs) : null;
    return Math.min(atMs, Math.max(emptyAtMs, blockStartMs ?? emptyAtMs));
  }
}

/** What changes when a stream moves: a live one is extended in place, or parts of it are replaced. */
function partsOf(stream: StreamRecord, page: DocumentRecord | null): unknown[] {
  const { chunks, messages, request, response, timing, end, losses, documentId } = stream;
  return [
    chunks,
    chunks.atMs.length,
    messages,
    messages.atMs.length,
    request.headers,
    request.headers.length,
    request.body,
    response,
    response?.headers.length,
    response?.body,
    timing.headersAtMs,
    timing.phases,
    end,
    losses.length,
    documentId,
    page?.blocked.startMs.length,
  ];
}

/** When the request left. HAR phases before it (queue, DNS, connection) are the browser's and the network's. */
function requestAtMsOf(stream: StreamRecord): number {
  const { startedAtMs, sentAtMs, headersAtMs, phases } = stream.timing;
  // A time that was computed from phases without a wait is no better than these.
  const isComputed = sentAtMs === null || sentAtMs === headersAtMs;
  if (isComputed && isWaitMisfiled(stream)) return startedAtMs;
  if (sentAtMs !== null) return sentAtMs;
  const before = phases
    ? (phases.blockedMs ?? 0) + (phases.dnsMs ?? 0) + (phases.connectMs ?? 0) + (phases.sendMs ?? 0)
    : 0;
  // In HAR `connect` contains `ssl`. Phases of another clock must not push the request behind its own answer.
  return Math.min(startedAtMs + before, headersAtMs ?? Number.POSITIVE_INFINITY);
}
