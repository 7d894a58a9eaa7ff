import type { StreamRecord } from '../../trace/types';
import { headerValues, pageUrlOf } from '../facts/cookies';
import { relationOf } from '../facts/sites';
import type { StreamFacts } from '../facts/stream-facts';
import type { TraceFacts } from '../facts/trace-facts';
import type { Evidence, Judgement, StreamRule } from '../rule';

/**
 * A credentialed cross-origin answer that the browser must refuse (WHATWG Fetch, "CORS check"): `*` as the allowed
 * origin, or no `Access-Control-Allow-Credentials: true`.
 */
export const corsCredentials: StreamRule = {
  id: 'cors-credentials',
  scope: 'stream',
  title: 'The server’s CORS headers forbid credentials',
  sources: ['001_ca2a4bd3fe6f607d.txt', '004_eabe6d93a2f6ee54.txt'],
  judge,
};

function judge(facts: StreamFacts, trace: TraceFacts): Judgement {
  const { stream } = facts;
  // WebSockets are not subject to CORS (WHATWG WebSockets).
  if (stream.kind !== 'fetch' && stream.kind !== 'xhr' && stream.kind !== 'eventsource') {
    return { verdict: 'inapplicable' };
  }
  const pageUrl = pageUrlOf(stream, trace.trace);
  const relation = pageUrl ? relationOf(pageUrl, stream.request.url) : null;
  if (relation === 'same-origin') return { verdict: 'inapplicable' };
  const credentialed =
    stream.request.credentials === null
      ? headerValues(stream.request.headers, 'cookie').length > 0 || null
      : stream.request.credentials === 'include';
  if (credentialed === false) return { verdict: 'inapplicable' };
  if (relation === null)
    return { verdict: 'incomplete', reason: 'The page that made the request is not known.' };
  const headers = stream.response?.headers ?? [];
  const allowed = headerValues(headers, 'access-control-allow-origin')[0]?.trim();
  const credentials = headerValues(headers, 'access-control-allow-credentials')[0]?.trim();
  if (allowed === undefined) {
    // What ended for another reason than CORS may be shown without its headers, as opaque answers are.
    const netError = stream.end?.netError ?? null;
    const isNotCors = netError !== null && netError !== 'net::ERR_FAILED';
    return stream.response?.headersComplete || isNotCors
      ? { verdict: 'pass' }
      : { verdict: 'incomplete', reason: 'The CORS headers of the answer were not recorded.' };
  }
  const faults: Evidence[] = [];
  if (allowed === '*') {
    faults.push({
      label: 'Access-Control-Allow-Origin',
      value: '*',
      unit: 'header',
      threshold: originText(pageUrl),
      at: { streamId: stream.id, header: 'access-control-allow-origin' },
    });
  }
  if (credentials !== 'true') {
    faults.push({
      label: 'Access-Control-Allow-Credentials',
      value: credentials ?? 'missing',
      unit: 'header',
      threshold: 'true',
      at: { streamId: stream.id, header: 'access-control-allow-credentials' },
    });
  }
  if (faults.length === 0) return { verdict: 'pass' };
  const wasRefused = mayBeCors(stream);
  // An answer that allows this very origin, and was kept from the page all the same, was asked for with credentials.
  const isInferred = credentialed === null && isKeptFromPage(stream) && isAllowed(allowed, pageUrl);
  if (credentialed === null && !isInferred) {
    // A page that did not ask for credentials may well be answered with `*`.
    return wasRefused
      ? {
          verdict: 'incomplete',
          reason: 'The recording does not say whether the request was made with credentials.',
        }
      : { verdict: 'pass' };
  }
  const asked = isInferred
    ? 'The browser kept the answer from the page although it allows the origin, so the request was made with credentials'
    : 'The request was made with credentials';
  return {
    verdict: 'fail',
    severity: 'error',
    confidence: isInferred ? 'likely' : 'proven',
    summary:
      allowed === '*'
        ? `${asked}, and the answer allows any origin (*), which browsers refuse for such requests.`
        : `${asked}, and the answer lacks Access-Control-Allow-Credentials: true, so the browser keeps it from the page.`,
    evidence: [
      ...faults,
      { label: 'status behind it', value: stream.response?.status ?? 0, unit: 'status' },
      { label: 'page', value: originText(pageUrl), unit: 'text' },
      ...(stream.end?.message
        ? [{ label: 'what the page saw', value: stream.end.message, unit: 'text' }]
        : []),
    ],
    platforms: ['fastapi', 'express'],
    supersedes: [{ rule: 'connection-lost' }, { rule: 'wrong-content-type' }, { rule: 'masked-status' }],
  };
}

/** What broke off in the middle was let through before, and an EventSource refuses statuses and types by itself. */
function mayBeCors({ kind, end }: StreamRecord): boolean {
  if (end?.kind !== 'refused' && end?.kind !== 'error') return false;
  if (end.netError !== null) return end.netError === 'net::ERR_FAILED';
  return kind !== 'eventsource';
}

function isKeptFromPage({ response, end }: StreamRecord): boolean {
  return (
    response !== null && response.status > 0 && end?.kind === 'refused' && end.netError === 'net::ERR_FAILED'
  );
}

function isAllowed(allowed: string, pageUrl: string | null): boolean {
  return allowed === '*' || (pageUrl !== null && allowed === new URL(pageUrl).origin);
}

function originText(pageUrl: string | null): string {
  return pageUrl ? new URL(pageUrl).origin : 'unknown';
}
