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

/** The connection was cut because nothing had been sent for too long. */
export const idleCut: StreamRule = {
  id: 'idle-cut',
  title: 'The connection was cut after a silence',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt'],
  explains: [
    'http2-protocol-error',
    'connection-lost',
    'incomplete-stream',
    'missing-heartbeat',
    'reconnect-loop',
  ],
  judge(facts, trace) {
    const { stream } = facts;
    const cut = cutOf(facts, trace);
    if (!cut) return { verdict: endingOf(stream) === 'clean' ? 'pass' : 'inapplicable' };
    if (cut.silenceMs === null) {
      return { verdict: 'incomplete', reason: 'when the last bytes arrived before the cut is not known' };
    }
    const cause = causeOf(facts, trace);
    if (cause?.kind !== 'idle') return { verdict: 'pass' };
    const named = namedMatches(cause.matches);
    const silence = formatMs(cause.measuredMs);
    const repeated =
      cause.repeats > 1 ? `, as ${cause.repeats} streams of this endpoint were after the same silence` : '';
    const clause =
      limitClause(cause.matches) || (cause.commonMs === null ? '' : commonLimitClause(cause.commonMs));
    const since = { delivery: 'the last byte', headers: 'the headers', request: 'the request' } as const;
    return {
      verdict: 'fail',
      severity: 'error',
      confidence: named[0]?.hop && cause.repeats > 2 ? 'proven' : 'likely',
      summary: `The connection was cut ${silence} after ${since[cut.lastSign ?? 'delivery']}${clause || repeated}.`,
      evidence: [
        {
          label: 'silence before the cut',
          value: Math.round(cause.measuredMs),
          unit: 'ms',
          ...thresholdOf(named[0]?.limit.defaultMs ?? cause.commonMs),
          at: { streamId: stream.id, fromMs: stream.end!.atMs - cause.measuredMs, toMs: stream.end!.atMs },
        },
        { label: 'age at the cut', value: Math.round(cut.ageMs), unit: 'ms' },
        ...(cut.netError ? [{ label: 'network error', value: cut.netError, unit: 'text' }] : []),
        ...(cause.repeats > 1
          ? [
              {
                label: 'streams of this endpoint cut after the same time',
                value: cause.repeats,
                unit: 'count',
              },
            ]
          : []),
        ...limitEvidence(cause.matches),
      ],
      platforms: named.length > 0 ? platformsOf(named) : intermediariesOf(facts.hops),
    };
  },
};
