import { formatMs } from '../../lib/format';
import { causeOf, cutOf } from '../facts/cuts';
import { endingOf } from '../facts/endings';
import { intermediariesOf } from '../facts/hops';
import {
  commonLimitClause,
  limitClause,
  limitEvidence,
  namedMatches,
  platformsOf,
  thresholdOf,
} from '../limits';
import type { StreamRule } from '../rule';

/** The connection was cut because it had lasted too long, although data still flowed. */
export const durationCap: StreamRule = {
  id: 'duration-cap',
  title: 'The connection was cut at a fixed age',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt', '003_e4d6598c67b82dc6.txt'],
  explains: ['http2-protocol-error', 'connection-lost', 'incomplete-stream', 'reconnect-loop'],
  judge(facts, trace) {
    const { stream } = facts;
    const cut = cutOf(facts, trace);
    if (!cut) return { verdict: endingOf(stream) === 'clean' ? 'pass' : 'inapplicable' };
    const cause = causeOf(facts, trace);
    if (cause?.kind !== 'total') return { verdict: 'pass' };
    const named = namedMatches(cause.matches);
    const fromMs = facts.requestAtMs;
    const clause =
      limitClause(cause.matches) ||
      (cause.commonMs !== null && commonLimitClause(cause.commonMs)) ||
      `, and ${cause.repeats} streams of this endpoint died at the same age`;
    return {
      verdict: 'fail',
      severity: 'error',
      confidence: named[0]?.hop && cause.repeats > 2 ? 'proven' : 'likely',
      summary: `The stream was cut ${cause.isFlowing ? 'in the middle of its data ' : ''}at an age of ${formatMs(cause.measuredMs)}${clause}.`,
      evidence: [
        {
          label: 'age at the cut',
          value: Math.round(cause.measuredMs),
          unit: 'ms',
          ...thresholdOf(named[0]?.limit.defaultMs ?? cause.commonMs),
          at: { streamId: stream.id, fromMs, toMs: fromMs + cause.measuredMs },
        },
        ...(cut.silenceMs === null
          ? []
          : [{ label: 'silence before the cut', value: Math.round(cut.silenceMs), unit: 'ms' }]),
        { label: 'events until then', value: facts.eventCount, unit: 'events' },
        ...(cut.netError ? [{ label: 'network error', value: cut.netError, unit: 'text' }] : []),
        ...(cause.repeats > 1
          ? [{ label: 'streams of this endpoint cut at the same age', value: cause.repeats, unit: 'count' }]
          : []),
        ...limitEvidence(cause.matches),
      ],
      platforms: named.length > 0 ? platformsOf(named) : intermediariesOf(facts.hops),
    };
  },
};
