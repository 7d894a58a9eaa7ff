import { headerValue } from '../../trace/headers';
import { endingOf } from '../facts/endings';
import { responseHeader } from '../facts/headers';
import { intermediariesOf } from '../facts/hops';
import type { StreamRule } from '../rule';

/** An error answer without CORS headers: the page learns only that something failed. */
export const maskedStatus: StreamRule = {
  id: 'masked-status',
  title: 'CORS hides an error status from the page',
  scope: 'stream',
  sources: ['003_e4d6598c67b82dc6.txt', '001_ca2a4bd3fe6f607d.txt'],
  judge(facts) {
    const { stream } = facts;
    const { response, end } = stream;
    if ((stream.kind !== 'fetch' && stream.kind !== 'xhr') || !end) return { verdict: 'inapplicable' };
    const isFailedFetch =
      end.netError === 'net::ERR_FAILED' ||
      (end.netError === null && ['refused', 'unnamed', 'lost'].includes(endingOf(stream)));
    if (!isFailedFetch) return { verdict: 'pass' };
    if (!response || response.status < 100) {
      return end.netError === null && !stream.seenBy.network && !stream.seenBy.har
        ? { verdict: 'incomplete', reason: 'only a network view knows the status behind a failed fetch' }
        : { verdict: 'inapplicable' };
    }
    if (response.status < 400) return { verdict: 'pass' };
    if (!response.headersComplete) {
      return { verdict: 'incomplete', reason: 'the CORS headers of the answer were not recorded' };
    }
    const allowed = responseHeader(stream, 'access-control-allow-origin')?.trim() ?? null;
    const origin = headerValue(stream.request.headers, 'origin');
    // A body that broke off, or an origin that is allowed: the page did see the status.
    if (allowed !== null && (allowed === '*' || origin === null || allowed === origin))
      return { verdict: 'pass' };
    if (end.netError === null && stream.chunks.atMs.length > 0) return { verdict: 'pass' };
    return {
      verdict: 'fail',
      severity: 'error',
      confidence: end.netError === null ? 'likely' : 'proven',
      summary: `The answer was ${response.status}, but it ${allowed === null ? 'carries no CORS headers' : `allows only ${allowed.slice(0, 80)}`}, so the page learned only that the request failed.`,
      evidence: [
        { label: 'status on the network', value: response.status, unit: 'status' },
        {
          label: 'Access-Control-Allow-Origin',
          value: allowed?.slice(0, 120) ?? 'missing',
          unit: 'header',
          ...(origin ? { threshold: origin.slice(0, 120) } : {}),
          at: { streamId: stream.id, header: 'access-control-allow-origin' },
        },
        {
          label: 'what the page saw',
          value: (end.message ?? 'a failed request').slice(0, 120),
          unit: 'text',
        },
      ],
      platforms: intermediariesOf(facts.hops),
    };
  },
};
