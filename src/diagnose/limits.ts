import type { Hop } from './facts/stream-facts';
import { LIMITS, type Limit, type LimitKind } from './limits-table';
import type { PlatformId } from './platforms';
import type { Evidence } from './rule';

export type { Limit, LimitKind } from './limits-table';

/** A limit that a measured time fits, and why it is thought of. */
export interface LimitMatch {
  limit: Limit;
  /** Measured minus limit, ms: positive when the cut came later than the limit says. */
  offsetMs: number;
  /** The hop that betrays the platform; null: only the number fits. */
  hop: Hop | null;
  /** The status seen is one that this limit gives. Always true when no status was asked about. */
  statusFits: boolean;
}

export interface LimitContext {
  /** Status of the answer, when one came: limits that give another rank behind. */
  status?: number;
  /** All response headers are known: platforms that always sign their answers and did not are ruled out. */
  headersComplete?: boolean;
  websocket?: boolean;
}

/**
 * A gateway's timer starts when the request reaches it, so the page measures a little more than the limit: the way
 * there and back, a cold connection, a timer that ticks once a second (a 3 s gunicorn limit fired after 3.1 to
 * 3.6 s). It measures less only where the last byte came late. Hence the same ±1.5 s both ways, but earliness costs
 * more in the ranking; less for short limits, where 1.5 s would swallow half the scale; a little more for long ones.
 */
const TOLERANCE_MS = 1500;
const SHORT_SHARE = 0.08;
const LONG_SHARE = 0.01;
const EARLY_COST = 3;
/** Candidates that fit this much worse than the best are not worth naming. */
const COST_SPAN_MS = 1000;
/** A status that the limit does not give costs this much. */
const STATUS_COST_MS = 2000;

/** How far a measured time may be from `limitMs` and still match it, ms. */
export function toleranceMs(limitMs: number): number {
  return Math.max(Math.min(TOLERANCE_MS, limitMs * SHORT_SHARE), limitMs * LONG_SHARE);
}

/** Whether `ms` is within the tolerance of `limitMs`. */
export function isNearLimit(ms: number, limitMs: number): boolean {
  return Math.abs(ms - limitMs) <= toleranceMs(limitMs);
}

/**
 * Limits that a measured time fits, best first: platforms that a header, host or cookie betrays, then the others;
 * among equals the closest. One platform appears once per kind. A number alone names candidates, it proves nothing.
 */
export function limitsMatching(
  kinds: LimitKind | readonly LimitKind[],
  ms: number,
  hops: readonly Hop[],
  context: LimitContext = {},
): LimitMatch[] {
  const wanted: readonly LimitKind[] = typeof kinds === 'string' ? [kinds] : kinds;
  const matches: (LimitMatch & { costMs: number })[] = [];
  for (const limit of LIMITS) {
    if (!wanted.includes(limit.kind) || !isNearLimit(ms, limit.defaultMs)) continue;
    if (limit.carries && (limit.carries === 'websocket') !== (context.websocket ?? false)) continue;
    const seen = hops.filter((hop) => hop.platform === limit.platform);
    const hop = seen.find((one) => fitsVariant(limit, one)) ?? null;
    // The platform is there, as another product of it.
    if (!hop && seen.length > 0) continue;
    if (!hop && limit.signed && context.headersComplete) continue;
    if (!hop && limit.signsAs && hops.some((one) => isServerOther(one, limit.signsAs!))) continue;
    // Hearsay about a platform that nothing points to is no candidate.
    if (!hop && (limit.unverified || limit.onlySeen)) continue;
    const statusFits = context.status === undefined || limit.statuses.includes(context.status);
    const offsetMs = ms - limit.defaultMs;
    const costMs = (offsetMs < 0 ? -offsetMs * EARLY_COST : offsetMs) + (statusFits ? 0 : STATUS_COST_MS);
    matches.push({ limit, offsetMs, hop, statusFits, costMs });
  }
  matches.sort((a, b) => Number(b.hop !== null) - Number(a.hop !== null) || a.costMs - b.costMs);
  const kept: LimitMatch[] = [];
  const named = new Set<PlatformId>();
  const best = { true: Number.POSITIVE_INFINITY, false: Number.POSITIVE_INFINITY };
  for (const { costMs, ...match } of matches) {
    const group = match.hop ? 'true' : 'false';
    best[group] = Math.min(best[group], costMs);
    if (costMs - best[group] > COST_SPAN_MS || named.has(match.limit.platform)) continue;
    named.add(match.limit.platform);
    kept.push(match);
  }
  return kept;
}

/**
 * Values that gateways, load balancers and servers are commonly set to, by default or by hand, where nothing betrays
 * which one it was: a limit that fits no platform seen is still a limit.
 */
const COMMON_LIMITS_MS: Record<'idle' | 'total', readonly number[]> = {
  idle: [30, 60, 100, 120, 230, 300, 350, 600].map((seconds) => seconds * 1000),
  total: [29, 30, 60, 100, 120, 230, 300, 600, 900, 3600].map((seconds) => seconds * 1000),
};
/** A limit cannot strike before its time; only rounding, and a first byte that was late itself, are forgiven. */
const COMMON_EARLY_MS = 500;

/** The common limit that a measured time fits, ms; null when there is none. */
export function commonLimitMs(kind: 'idle' | 'total', ms: number): number | null {
  const fits = COMMON_LIMITS_MS[kind].filter(
    (limitMs) => ms - limitMs >= -COMMON_EARLY_MS && isNearLimit(ms, limitMs),
  );
  return fits.sort((a, b) => Math.abs(a - ms) - Math.abs(b - ms))[0] ?? null;
}

/** ", a value that gateways are often set to (30 s)". */
export function commonLimitClause(limitMs: number): string {
  return `, which fits a limit that gateways are often set to (${limitText(limitMs)})`;
}

/** The matches to name: those with a fingerprint when there is one, else all of them. */
export function namedMatches(matches: readonly LimitMatch[]): LimitMatch[] {
  const betrayed = matches.filter((match) => match.hop !== null);
  return betrayed.length > 0 ? betrayed : [...matches];
}

/** Platforms for recipes, best first, without repeats. */
export function platformsOf(matches: readonly LimitMatch[]): PlatformId[] {
  return [...new Set(matches.map((match) => match.limit.platform))];
}

function isServerOther({ platform, evidence }: Hop, than: PlatformId): boolean {
  return platform !== than && evidence.startsWith('server:');
}

/** Labels of hops that name one product of a platform that has several. */
const PRODUCT = /REST|HTTP API|Front Door|Application Gateway|App Service|Container Apps/;

function fitsVariant(limit: Limit, hop: Hop): boolean {
  if (!limit.variant) return true;
  // API Gateway known only by its host does not say which product it is.
  return !PRODUCT.test(hop.label) || hop.label.includes(limit.variant);
}

/** Candidates named in one sentence. */
const MAX_NAMED = 4;

/**
 * The matches as a clause that follows a measured time: ": API Gateway's integration limit (29 s)" when a fingerprint
 * shows the platform, ", which fits ALB's idle timeout (60 s) or nginx's proxy_read_timeout (60 s)" when only the number
 * does. Empty when there is none.
 */
export function limitClause(matches: readonly LimitMatch[]): string {
  const named = namedMatches(matches).slice(0, MAX_NAMED);
  const first = named[0];
  if (!first) return '';
  const names = orList(named.map(({ limit }) => `${limit.name} (${limitText(limit.defaultMs)})`));
  if (named.every(({ limit }) => limit.unverified)) return `, which may be ${names}`;
  return first.hop && first.statusFits ? `: ${names}` : `, which fits ${names}`;
}

/** The threshold of an evidence line, where there is a limit to hold it against. */
export function thresholdOf(limitMs: number | null): { threshold?: number } {
  return limitMs === null ? {} : { threshold: limitMs };
}

/** One line of evidence for each limit that is named. */
export function limitEvidence(matches: readonly LimitMatch[]): Evidence[] {
  return namedMatches(matches)
    .slice(0, MAX_NAMED)
    .map(({ limit, hop }) => ({
      label: hop ? `limit, shown by ${hop.evidence}` : 'limit with this value',
      value: `${limit.name} (${limitText(limit.defaultMs)})`,
      unit: 'text',
    }));
}

/** "29 s", "5 min", as documentation writes limits. */
function limitText(ms: number): string {
  return ms <= 350_000 ? `${ms / 1000} s` : `${ms / 60_000} min`;
}

/** "a", "a or b", "a, b or c". */
function orList(items: readonly string[]): string {
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} or ${last}`;
}
