import { EventKind } from '../../decode/types';
import { formatMs } from '../../lib/format';
import { Confidence } from '../../trace/types';
import { intermediariesOf } from '../facts/hops';
import type { StreamFacts } from '../facts/stream-facts';
import type { TraceFacts } from '../facts/trace-facts';
import type { StreamRule } from '../rule';

/** WHATWG HTML suggests a comment "every 15 seconds or so"; timers are late by a little. */
const GAP_MS = 15_000;
const SLACK_MS = 500;
/** Where heartbeats are sent, only a silence near the shortest common idle limits (55 to 60 s) is worth a word. */
const GAP_WITH_HEARTBEATS_MS = 54_000;

/** What waits behind a block is read some time after its end. */
const BLOCK_SLACK_MS = 1000;

/** A long silence with nothing to prove that the line was alive: the next proxy's idle limit will cut it. */
export const missingHeartbeat: StreamRule = {
  id: 'missing-heartbeat',
  title: 'A long silence without a heartbeat',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt', '003_e4d6598c67b82dc6.txt'],
  needs: ['chunk-times'],
  judge(facts, trace) {
    const { stream, gaps } = facts;
    // A WebSocket's pings are answered by the browser below the page: neither tap nor DevTools sees them.
    if (facts.nature !== 'stream' || stream.kind === 'websocket') return { verdict: 'inapplicable' };
    if (facts.arrivals.count < 2) return { verdict: 'inapplicable' };
    const thresholdMs = hasHeartbeats(facts) ? GAP_WITH_HEARTBEATS_MS : GAP_MS;
    if (gaps.longestMs <= thresholdMs + SLACK_MS) return { verdict: 'pass' };
    const endMs = gaps.longestStartMs + gaps.longestMs;
    const doubtMs = doubtOf(facts, trace, endMs);
    if (!facts.timesKnown || doubtMs === null || gaps.longestMs - doubtMs <= thresholdMs + SLACK_MS) {
      return { verdict: 'incomplete', reason: 'the page read late, so the silence may have been its own' };
    }
    if (!seesComments(facts)) {
      return {
        verdict: 'incomplete',
        reason: 'comments, with which servers keep an EventSource alive, cannot be seen from here',
      };
    }
    return {
      verdict: 'fail',
      severity: 'warning',
      confidence: 'proven',
      summary: `Nothing came for ${formatMs(gaps.longestMs)}, not even a heartbeat: a proxy with an idle limit may cut such a stream.`,
      evidence: [
        {
          label: 'longest silence',
          value: Math.round(gaps.longestMs),
          unit: 'ms',
          threshold: thresholdMs,
          at: { streamId: stream.id, fromMs: gaps.longestStartMs, toMs: endMs },
        },
        { label: 'heartbeats in the whole stream', value: facts.heartbeatCount, unit: 'events' },
        { label: 'median silence', value: Math.round(gaps.medianMs), unit: 'ms' },
      ],
      platforms: intermediariesOf(facts.hops),
    };
  },
};

/** Heartbeats that come again and again; a comment at the opening is a greeting. */
function hasHeartbeats({ heartbeatCount, decoded }: StreamFacts): boolean {
  return heartbeatCount - (decoded.events.kind[0] === EventKind.heartbeat ? 1 : 0) >= 1;
}

/**
 * How much earlier than it was seen what ended the silence can have come, ms: not at all when the page was waiting for
 * it, by the length of the block when its thread was busy. Null: nobody knows.
 */
function doubtOf({ stream }: StreamFacts, { trace }: TraceFacts, atMs: number): number | null {
  const { atMs: times, confidence } = stream.chunks.atMs.length > 0 ? stream.chunks : stream.messages;
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle]! < atMs) low = middle + 1;
    else high = middle;
  }
  if (confidence[low] === Confidence.arrived) return 0;
  if (confidence[low] !== Confidence.uncertain) return null;
  const blocked = trace.documents.find(({ id }) => id === stream.documentId)?.blocked;
  const block = blocked?.startMs.findLastIndex((startMs) => startMs <= atMs) ?? -1;
  return block < 0
    ? null
    : Math.min(atMs - blocked!.startMs[block]!, blocked!.durationMs[block]! + BLOCK_SLACK_MS);
}

/** Bodies show comments. Where only events were recorded, the text of the whole body can still rule them out. */
function seesComments({ stream }: StreamFacts): boolean {
  if (stream.chunks.atMs.length > 0) return true;
  const body = stream.response?.body;
  return body != null && !body.truncated && body.text !== '' && !/^:/m.test(body.text);
}
