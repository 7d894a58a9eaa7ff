import { formatBytes, formatMs } from '../../lib/format';
import { batchingOf } from '../facts/batching';
import { possibleHolders } from '../facts/holders';
import type { Evidence, StreamRule } from '../rule';

/** The first batch takes as long to fill as the others, and the application some time to begin. */
const WAIT_SLACK = 2;

/**
 * Events that come in bursts which a buffer or a timer made. Measured in facts/batching.ts, which compressed-stream
 * shares: what a buffer's size or a timer's period looks like, and what only resembles it, is written there.
 */
export const batchedStream: StreamRule = {
  id: 'batched-stream',
  title: 'Events arrive in batches that a buffer or a timer made',
  scope: 'stream',
  sources: ['002_1ebeed7eb15dba47.txt', '000_f43a27df2c069156.txt'],
  judge(facts) {
    const found = batchingOf(facts);
    if (found.state === 'unsure') return { verdict: 'incomplete', reason: found.reason };
    if (found.state !== 'batched') return { verdict: found.state === 'flowing' ? 'pass' : 'inapplicable' };
    const { by, value, matching, bursts, medianEvents, medianIntervalMs, sentShare } = found;
    const streamId = facts.stream.id;
    const each = `about ${Math.round(medianEvents)} events each`;
    const what =
      by === 'size'
        ? `${matching} of ${bursts} bursts are ${formatBytes(value)} in size, ${each}: a buffer of that size passes the stream on only when it is full`
        : `Events arrive every ${formatMs(value)}, ${each}: a timer passes the stream on`;
    const own = by === 'size' ? 'writes so much at a time' : 'sends in that rhythm';
    const doubt = sentShare === null ? `, unless the server itself ${own}` : '';
    const evidence: Evidence[] = [
      by === 'size'
        ? { label: 'buffer size that the bursts match', value, unit: 'bytes' }
        : { label: 'flush period', value: Math.round(value), unit: 'ms' },
      {
        label: by === 'size' ? 'bursts of that size' : 'bursts in that rhythm',
        value: matching,
        unit: 'count',
        at: { streamId, fromMs: facts.data?.firstAtMs ?? 0, toMs: facts.data?.lastAtMs ?? 0 },
      },
      { label: 'complete bursts', value: bursts, unit: 'count' },
      { label: 'median number of events in a burst', value: Math.round(medianEvents), unit: 'events' },
      { label: 'median time from burst to burst', value: Math.round(medianIntervalMs), unit: 'ms' },
    ];
    if (sentShare !== null) {
      evidence.push({
        label: 'part of that time over which the server says it sent a burst',
        value: Math.round(sentShare * 100) / 100,
        unit: 'ratio',
      });
    }
    for (const hop of facts.hops)
      evidence.push({ label: `hop: ${hop.label}`, value: hop.evidence, unit: 'header' });
    // Until the first batch is full nothing comes, headers included; a longer wait has another cause.
    const waitMs = (facts.data?.firstAtMs ?? 0) - facts.requestAtMs;
    const explainsWait = waitMs <= medianIntervalMs * WAIT_SLACK;
    return {
      verdict: 'fail',
      severity: 'warning',
      confidence: sentShare === null ? 'likely' : 'proven',
      summary: `${what}${doubt}.`,
      evidence,
      platforms: possibleHolders(facts),
      supersedes: explainsWait ? [{ rule: 'slow-first-byte' }] : [],
    };
  },
};
