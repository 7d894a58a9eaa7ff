import { formatMs } from '../../lib/format';
import { Direction, type MessageColumns } from '../../trace/types';
import { markersOf } from '../facts/markers';
import type { StreamFacts } from '../facts/stream-facts';
import type { StreamRule } from '../rule';

const MIN_SILENCE_MS = 10_000;
/**
 * After five random pauses the chance of one four times as long as the longest of them is under 1 % (exponential pauses),
 * so this is more than a slow moment.
 */
const LONGEST_TIMES = 4;
const MIN_DELIVERIES = 6;
/** What comes at the opening (a snapshot, a handshake) is no rhythm. */
const MIN_SPREAD_MS = 2000;

/**
 * EventSources and WebSockets are often silent because nothing happens, and their heartbeats are not seen. Only a ticker
 * that has run for a while promises to go on.
 */
const TICKER = { deliveries: 10, spreadMs: 20_000, longestMs: 5000 };
/** A frame that the page sent around the last delivery may have asked for the silence. */
const REQUEST_MS = 2000;

/** A stream that is open and has gone silent for longer than it ever did. */
export const stalledStream: StreamRule = {
  id: 'stalled-stream',
  title: 'The stream has gone silent',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt'],
  needs: ['chunk-times'],
  judge(facts) {
    const { stream, arrivals, gaps } = facts;
    if (stream.end || facts.nature !== 'stream') return { verdict: 'inapplicable' };
    const { firstAtMs, lastAtMs } = arrivals;
    if (firstAtMs === null || lastAtMs === null || !facts.timesKnown) return { verdict: 'inapplicable' };
    const silenceMs = facts.tailSilenceMs;
    const thresholdMs = Math.max(MIN_SILENCE_MS, gaps.longestMs * LONGEST_TIMES);
    if (silenceMs <= thresholdMs) return { verdict: 'pass' };
    if (!hasRhythm(facts, lastAtMs - firstAtMs)) return { verdict: 'pass' };
    // The answer is there; only the connection was left open.
    const markers = markersOf(facts);
    if (markers.seen || markers.isSettled) return { verdict: 'pass' };
    return {
      verdict: 'fail',
      severity: 'warning',
      confidence: 'likely',
      summary: `Nothing has come for ${formatMs(silenceMs)}; until then the longest silence was ${formatMs(gaps.longestMs)}.`,
      evidence: [
        {
          label: 'silence until now',
          value: Math.round(silenceMs),
          unit: 'ms',
          threshold: Math.round(thresholdMs),
          at: { streamId: stream.id, fromMs: lastAtMs, toMs: lastAtMs + silenceMs },
        },
        { label: 'longest silence before', value: Math.round(gaps.longestMs), unit: 'ms' },
        { label: 'median silence', value: Math.round(gaps.medianMs), unit: 'ms' },
        { label: 'deliveries until then', value: arrivals.count, unit: 'count' },
      ],
    };
  },
};

function hasRhythm({ stream, arrivals, gaps }: StreamFacts, spreadMs: number): boolean {
  const mayIdle = stream.kind === 'websocket' || stream.chunks.atMs.length === 0;
  if (!mayIdle) return arrivals.count >= MIN_DELIVERIES && spreadMs >= MIN_SPREAD_MS;
  return (
    arrivals.count >= TICKER.deliveries &&
    spreadMs >= TICKER.spreadMs &&
    gaps.longestMs <= TICKER.longestMs &&
    !wasAskedForSilence(stream.messages, arrivals.lastAtMs ?? 0)
  );
}

function wasAskedForSilence({ direction, atMs }: MessageColumns, lastReceivedMs: number): boolean {
  for (let index = atMs.length - 1; index >= 0 && atMs[index]! >= lastReceivedMs - REQUEST_MS; index--) {
    if (direction[index] === Direction.sent) return true;
  }
  return false;
}
