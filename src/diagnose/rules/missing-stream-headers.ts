import { mediaType, responseHeader } from '../facts/headers';
import { isIntermediarySeen } from '../facts/hops';
import type { StreamFacts } from '../facts/stream-facts';
import type { Evidence, StreamRule } from '../rule';

/**
 * SSE response headers that keep caches, transformers and old clients from harming a stream. Not asked for: `Connection`
 * and `Transfer-Encoding` (hop-by-hop, forbidden on HTTP/2: RFC 9113, 8.2.2), `X-Accel-Buffering` (the first nginx that
 * reads it takes it away, so its absence says nothing), and a charset (event streams are UTF-8 by definition).
 */
export const missingStreamHeaders: StreamRule = {
  id: 'missing-stream-headers',
  title: 'Response headers that protect a stream are missing',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt', '002_1ebeed7eb15dba47.txt'],
  judge(facts) {
    const { stream } = facts;
    const isSse = mediaType(stream) === 'text/event-stream';
    if (!isSse || stream.response?.status !== 200) return { verdict: 'inapplicable' };
    // Cache-Control and Content-Type are among the headers that CORS always lets through, so they are known.
    const missing = missingOf(facts);
    if (missing.length === 0) return { verdict: 'pass' };
    return {
      verdict: 'fail',
      severity: 'info',
      confidence: 'proven',
      summary: `The event stream lacks ${missing.map(({ what }) => what).join(' and ')}.`,
      evidence: missing.map(({ label, value, header }) => ({
        label,
        value,
        unit: 'header',
        at: { streamId: stream.id, header },
      })),
      platforms: facts.hops.flatMap(({ platform }) => (platform === null ? [] : [platform])).reverse(),
    };
  },
};

interface Missing extends Pick<Evidence, 'label'> {
  what: string;
  value: string;
  header: string;
}

function missingOf({ stream, hops }: StreamFacts): Missing[] {
  const missing: Missing[] = [];
  const cacheControl = responseHeader(stream, 'cache-control');
  const directives = (cacheControl ?? '')
    .toLowerCase()
    .split(',')
    .map((one) => one.trim());
  const value = cacheControl?.slice(0, 200) ?? 'absent';
  if (!directives.some((one) => /^no-(?:cache|store)$/.test(one))) {
    missing.push({
      what: 'Cache-Control: no-cache',
      label: 'Cache-Control without no-cache or no-store: a cache may keep the stream, or collect it first',
      value,
      header: 'cache-control',
    });
  }
  if (isIntermediarySeen(hops) && !directives.includes('no-transform')) {
    missing.push({
      what: 'no-transform (something stands between the browser and the application)',
      label: 'Cache-Control without no-transform: a proxy may compress the stream and hold it',
      value,
      header: 'cache-control',
    });
  }
  const contentType = responseHeader(stream, 'content-type') ?? '';
  const charset = /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1];
  if (charset && !/^utf-?8$/i.test(charset)) {
    missing.push({
      what: 'a UTF-8 content type',
      label: 'Content-Type with another charset: EventSource refuses it, other readers misread it',
      value: contentType.slice(0, 200),
      header: 'content-type',
    });
  }
  return missing;
}
