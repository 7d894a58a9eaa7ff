import type { PlatformId } from '../platforms';
import { responseHeader } from './headers';
import type { StreamFacts } from './stream-facts';

/** Platforms known to hold a whole answer, surest first: gateways that always do, then those that do by default. */
const HOLD_ALL: readonly PlatformId[] = [
  'api-gateway',
  'lambda',
  'app-engine',
  'nginx',
  'azure',
  'cloudflare',
];
/** Application servers and frameworks whose compression or middleware holds an answer. */
const HOLD_BY_MIDDLEWARE: readonly PlatformId[] = ['express', 'next', 'node', 'fastapi', 'uvicorn', 'flask'];
/** Known not to hold an answer (ALB only in front of Lambda): named last, for completeness. */
const PASS_ON: readonly PlatformId[] = [
  'alb',
  'heroku',
  'caddy',
  'fly',
  'railway',
  'haproxy',
  'traefik',
  'envoy',
];

/**
 * Platforms seen on the way that may hold or batch this stream, the likeliest first. A compressed answer points at
 * whoever compressed it; a visible `X-Accel-Buffering` clears nginx, which would have consumed it.
 */
export function possibleHolders(facts: StreamFacts): PlatformId[] {
  const isNginxCleared = responseHeader(facts.stream, 'x-accel-buffering') !== null;
  const isWhole = responseHeader(facts.stream, 'content-length') !== null;
  const score = (platform: PlatformId) => {
    if (platform === 'nginx' && isNginxCleared) return 3;
    if (PASS_ON.includes(platform)) return 4;
    const isMiddleware = HOLD_BY_MIDDLEWARE.includes(platform);
    // The application itself read the whole body first, or compressed it.
    if (isMiddleware) return isWhole || facts.contentEncoding !== null ? 0 : 2;
    return HOLD_ALL.includes(platform) ? 1 : 3;
  };
  const seen = [...new Set(facts.hops.flatMap(({ platform }) => (platform === null ? [] : [platform])))];
  return seen
    .map((platform, index) => ({ platform, index, rank: HOLD_ALL.indexOf(platform) }))
    .sort((a, b) => score(a.platform) - score(b.platform) || a.rank - b.rank || a.index - b.index)
    .map(({ platform }) => platform);
}
