import type { StreamFacts } from './stream-facts';

/** "Many events each": fewer per burst are an application that writes its events in twos and threes. */
const MIN_EVENTS_PER_BURST = 4;
/**
 * Hardly anybody sees a pause shorter than this. Proxies that flush ten times a second (Traefik) stay below it, and so
 * do small writes that wait for a delayed acknowledgement (200 ms; 227 measured behind HAProxy).
 */
const MIN_INTERVAL_MS = 240;
/** A rhythm takes this many complete bursts to hear, with send times to prove it two. */
const MIN_STEADY_BURSTS = 5;
const MIN_QUANTUM_BURSTS = 3;
const MIN_PROVEN_BURSTS = 2;
/** Share of intervals at one length. A stream that makes pauses of its own does not come near it. */
const MIN_STEADY_SHARE = 0.8;
/**
 * A timer strikes by the clock, and the way to the page adds a few tens of milliseconds. Intervals that stray further (in
 * standard deviations) are steps of the work itself, unless send times say otherwise.
 */
const MAX_TIMER_JITTER_MS = 30;
const MAX_TIMER_JITTER_SHARE = 0.05;
/**
 * What flows at some pace fills each period of a timer with about as many events; a server that looks for news once a
 * second finds now none and now many. Standard deviation as a part of the mean.
 */
const MAX_SIZE_VARIATION = 0.5;
/** Share of bursts of exactly a buffer's size. */
const MIN_QUANTUM_SHARE = 0.6;
/** Nothing comes for most of the time: a link that is merely full is never idle. */
const MIN_IDLE_SHARE = 0.7;
/**
 * TLS records (16 KB) and windows (64 KB) cut a bulky body into equal pieces in a steady rhythm: at this rate and above
 * a slow link (400 kbit/s, the slowest that DevTools offers) may be at work. Generated text comes far slower.
 */
const MAX_BYTES_PER_SECOND = 40 * 1024;
/** The page was waiting when most bursts began; else the rhythm may be the page's own. */
const MIN_KNOWN_SHARE = 0.7;
/** A server that takes this part of the interval to send a burst did not send it as one. */
const MIN_SENT_SHARE = 0.4;

/** A buffer or a timer between server and page, as its bursts show it. */
export type Batching =
  | { state: 'inapplicable' | 'flowing' }
  | { state: 'unsure'; reason: string }
  | {
      state: 'batched';
      by: 'size' | 'period';
      /** Buffer size in bytes, or flush period in ms. */
      value: number;
      /** Bursts that show it, of all complete bursts. */
      matching: number;
      bursts: number;
      medianEvents: number;
      medianIntervalMs: number;
      /** From send times: the part of an interval over which the server sent a burst. Null: no send times. */
      sentShare: number | null;
    };

/** Whether events come in bursts that a buffer's size or a timer's period explains. */
export function batchingOf(facts: StreamFacts): Batching {
  const { stream, flushes } = facts;
  if (facts.nature !== 'stream' || stream.kind === 'websocket') return { state: 'inapplicable' };
  if (facts.eventCount < MIN_EVENTS_PER_BURST * MIN_PROVEN_BURSTS) return { state: 'inapplicable' };
  const { medianEvents, medianIntervalMs, idleShare, bytesPerSecond } = flushes;
  const isBursty = medianEvents >= MIN_EVENTS_PER_BURST && medianIntervalMs >= MIN_INTERVAL_MS;
  if (!isBursty || idleShare < MIN_IDLE_SHARE) return { state: 'flowing' };

  const sentShare = sentShareOf(facts);
  const isSpaced = sentShare !== null && sentShare >= MIN_SENT_SHARE;
  if (sentShare !== null && !isSpaced) return { state: 'flowing' };

  if (bytesPerSecond > MAX_BYTES_PER_SECOND && !isSpaced) return { state: 'flowing' };
  const found = bySize(facts, isSpaced) ?? byPeriod(facts, isSpaced);
  if (!found) return { state: 'flowing' };
  if (flushes.knownShare < MIN_KNOWN_SHARE || !hasTimes(facts)) {
    return {
      state: 'unsure',
      reason: 'The page was busy or read in bursts of its own, so the rhythm may be its own.',
    };
  }
  if (stream.losses.includes('dropped-records')) {
    return { state: 'unsure', reason: 'Records of this stream were dropped.' };
  }
  return { state: 'batched', ...found, bursts: flushes.count, medianEvents, medianIntervalMs, sentShare };
}

type Found = { by: 'size' | 'period'; value: number; matching: number };

function bySize({ flushes, stream }: StreamFacts, isSpaced: boolean): Found | null {
  const best = flushes.quanta[0];
  // Sizes put together from whole events are not exact: there the send times must speak, too.
  if (!best || (!isSpaced && stream.chunks.atMs.length === 0)) return null;
  // nginx mixes buffers of two sizes (4 KB and 16 KB); every exact one counts.
  const exact = flushes.quanta.reduce((sum, { count }) => sum + count, 0);
  const enough = isSpaced ? MIN_PROVEN_BURSTS : MIN_QUANTUM_BURSTS;
  if (exact < enough || exact < flushes.byteBursts * MIN_QUANTUM_SHARE) return null;
  return { by: 'size', value: best.byteLength, matching: exact };
}

/**
 * A period alone, without send times, may be the server's own: dashboards push ten readings every second. On an
 * EventSource, their usual carrier, it is silent; on a body the page reads, it is likely a hop's timer.
 */
function byPeriod({ flushes, stream }: StreamFacts, isSpaced: boolean): Found | null {
  if (flushes.count < MIN_STEADY_BURSTS || flushes.steadyShare < MIN_STEADY_SHARE) return null;
  const jitterMs = Math.max(MAX_TIMER_JITTER_MS, flushes.steadyIntervalMs * MAX_TIMER_JITTER_SHARE);
  const isTimer =
    stream.kind !== 'eventsource' &&
    flushes.steadyDeviationMs <= jitterMs &&
    flushes.sizeVariation <= MAX_SIZE_VARIATION;
  if (!isSpaced && !isTimer) return null;
  return {
    by: 'period',
    value: flushes.steadyIntervalMs,
    matching: Math.round(flushes.steadyShare * flushes.count),
  };
}

/** Null where stamps do not move with the stream: one stamp per response, or dates of old records. */
function sentShareOf({ serverClock, flushes, eventCount, data }: StreamFacts): number | null {
  if (!serverClock || !data || serverClock.count < eventCount / 2) return null;
  const arrivalSpreadMs = data.lastAtMs - data.firstAtMs;
  const movesAlong =
    serverClock.sentSpreadMs > arrivalSpreadMs * 0.5 && serverClock.sentSpreadMs < arrivalSpreadMs * 2 + 2500;
  return movesAlong ? flushes.sentShare : null;
}

function hasTimes({ arrivals, stream }: StreamFacts): boolean {
  return arrivals.boundedCount < arrivals.count / 2 && !stream.losses.includes('no-chunk-times');
}
