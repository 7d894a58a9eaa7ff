import type { StreamRule } from '../rule';

/** The page reads a stream that it has no way to give up. */
export const missingAbort: StreamRule = {
  id: 'missing-abort',
  title: 'The page cannot abort the stream',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt'],
  needs: ['request-options'],
  judge(facts) {
    const { stream } = facts;
    if (stream.kind !== 'fetch' || facts.nature !== 'stream') return { verdict: 'inapplicable' };
    if (stream.request.hasAbortSignal === null) {
      return { verdict: 'incomplete', reason: "the page's fetch options were not seen" };
    }
    if (stream.request.hasAbortSignal) return { verdict: 'pass' };
    return {
      verdict: 'fail',
      severity: 'info',
      confidence: 'proven',
      summary:
        'The page reads this stream without an AbortSignal, so a stream that hangs hangs the page with it.',
      evidence: [{ label: 'AbortSignal passed to fetch', value: false, unit: 'text' }],
      platforms: ['browser'],
    };
  },
};
