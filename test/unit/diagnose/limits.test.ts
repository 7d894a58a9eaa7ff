import { describe, expect, it } from 'vitest';
import type { Hop } from '../../../src/diagnose/facts/stream-facts';
import {
  isNearLimit,
  type LimitContext,
  type LimitKind,
  limitClause,
  limitsMatching,
  namedMatches,
  platformsOf,
  toleranceMs,
} from '../../../src/diagnose/limits';
import { LIMITS } from '../../../src/diagnose/limits-table';
import { PLATFORMS, type PlatformId } from '../../../src/diagnose/platforms';
import { seeded } from '../../support/draw';

const WAITS: LimitKind[] = ['first-byte', 'idle', 'total'];

function hop(platform: PlatformId, label: string = PLATFORMS[platform]): Hop {
  return { platform, label, evidence: 'drawn' };
}
const named = (
  kinds: LimitKind | LimitKind[],
  ms: number,
  hops: Hop[] = [],
  context: LimitContext = {},
): PlatformId[] => platformsOf(namedMatches(limitsMatching(kinds, ms, hops, context)));

describe('the table of limits', () => {
  it('gives every row a name, a source and a plausible value', () => {
    for (const limit of LIMITS) {
      expect(limit.name.length, limit.name).toBeGreaterThan(10);
      expect(limit.source.length, limit.name).toBeGreaterThan(10);
      expect(limit.defaultMs, limit.name).toBeGreaterThanOrEqual(3000);
      expect(PLATFORMS).toHaveProperty(limit.platform);
      expect(limit.statuses.every((status) => status >= 400 && status < 600)).toBe(true);
    }
  });

  it('says where every adjustable limit is set', () => {
    expect(LIMITS.filter((limit) => limit.adjustable && limit.configure === null)).toEqual([]);
  });

  it.each([29, 30, 60, 100, 120, 230, 300])('knows a limit of %i s', (seconds) => {
    expect(LIMITS.some((limit) => limit.defaultMs === seconds * 1000)).toBe(true);
  });
});

describe('limitsMatching', () => {
  it.each<[string, LimitKind | LimitKind[], number, Hop[], LimitContext, PlatformId]>([
    [
      '29 s at a REST API',
      WAITS,
      29_000,
      [hop('api-gateway', 'API Gateway (REST)')],
      { status: 504 },
      'api-gateway',
    ],
    [
      '30 s at an HTTP API',
      WAITS,
      30_100,
      [hop('api-gateway', 'API Gateway (HTTP API)')],
      { status: 503 },
      'api-gateway',
    ],
    ['29 s at an execute-api host', WAITS, 29_050, [hop('api-gateway')], { status: 504 }, 'api-gateway'],
    ['60 s behind ALB', WAITS, 60_020, [hop('alb')], { status: 504 }, 'alb'],
    ['60 s behind nginx', WAITS, 60_020, [hop('nginx', 'nginx/1.22.1')], { status: 504 }, 'nginx'],
    ['100 s behind Cloudflare', WAITS, 100_300, [hop('cloudflare')], { status: 524 }, 'cloudflare'],
    ['121.4 s of silence behind Cloudflare', 'idle', 121_400, [hop('cloudflare')], {}, 'cloudflare'],
    ['230 s at App Service', WAITS, 230_400, [hop('azure')], { status: 500 }, 'azure'],
    ['300 s at Cloud Run', 'total', 301_000, [hop('cloud-run')], {}, 'cloud-run'],
    ['30 s, gunicorn', 'total', 30_600, [hop('nginx'), hop('gunicorn')], {}, 'gunicorn'],
    ['15 s, Envoy', WAITS, 15_020, [hop('envoy')], { status: 504 }, 'envoy'],
  ])('%s', (_, kinds, ms, hops, context, best) => {
    const matches = limitsMatching(kinds, ms, hops, context);
    expect(matches[0]?.limit.platform).toBe(best);
    expect(matches[0]?.hop).not.toBeNull();
    expect(named(kinds, ms, hops, context)).toEqual([best]);
  });

  it('ranks a fingerprint before a closer number', () => {
    const matches = limitsMatching('idle', 60_000, [hop('alb')]);
    expect(matches.map((match) => match.limit.platform).slice(0, 1)).toEqual(['alb']);
    expect(matches.length).toBeGreaterThan(1);
    expect(matches.slice(1).every((match) => match.hop === null)).toBe(true);
  });

  it('names candidates of a bare number, the closest first', () => {
    expect(named('idle', 60_000, [], { headersComplete: true })).toEqual(['alb', 'nginx']);
    expect(limitsMatching(WAITS, 29_000, [])[0]?.limit.name).toMatch(/API Gateway's integration/);
  });

  it('rules out platforms that sign their answers when the answer is unsigned', () => {
    const unsigned = named(WAITS, 30_000, [], { status: 504, headersComplete: true });
    expect(unsigned).not.toContain('api-gateway');
    expect(unsigned).not.toContain('cloudfront');
    expect(named(WAITS, 30_000, [], { status: 504 })).toContain('cloudfront');
  });

  it('does not lend the limit of one API Gateway product to the other', () => {
    const rest = [hop('api-gateway', 'API Gateway (REST)')];
    const http = [hop('api-gateway', 'API Gateway (HTTP API)')];
    expect(limitsMatching('total', 30_400, rest).map((m) => m.limit.variant)).not.toContain('HTTP API');
    expect(limitsMatching('total', 28_900, http).map((m) => m.limit.variant)).not.toContain('REST');
  });

  it('keeps HTTP limits from WebSockets and the other way round', () => {
    expect(named('total', 30_000, [hop('gunicorn')], { websocket: true })).not.toContain('gunicorn');
    expect(named('idle', 600_000, [hop('cloudfront')], { websocket: true })).toEqual(['cloudfront']);
    expect(named('idle', 600_000, [hop('cloudfront')])).not.toContain('cloudfront');
  });

  it.each([
    0,
    1,
    500,
    3_000,
    5_000,
    20_000 + 2_000,
    42_000,
    75_000,
    200_000,
    Number.NaN,
    Number.POSITIVE_INFINITY,
  ])('finds nothing at %s ms', (ms) => expect(limitsMatching(['idle', 'total'], ms, [])).toEqual([]));

  it('matches every limit within its tolerance and not outside, whatever the jitter', () => {
    const random = seeded(7);
    for (const limit of LIMITS) {
      const hops = [hop(limit.platform, `${PLATFORMS[limit.platform]} (${limit.variant ?? ''})`)];
      const context = { websocket: limit.carries === 'websocket' };
      const limitsAt = (ms: number) =>
        LIMITS.filter((one) => one === limit && isNearLimit(ms, one.defaultMs)).length;
      for (let round = 0; round < 40; round++) {
        const reach = toleranceMs(limit.defaultMs);
        const inside = limit.defaultMs + (random() * 2 - 1) * reach;
        expect(platformsOf(limitsMatching(limit.kind, inside, hops, context))).toContain(limit.platform);
        expect(limitsAt(limit.defaultMs + reach * (1.01 + random()))).toBe(0);
        expect(limitsAt(limit.defaultMs - reach * (1.01 + random()))).toBe(0);
      }
    }
  });
});

describe('limitClause', () => {
  it.each<[Hop[], LimitKind[], number, LimitContext, RegExp]>([
    [
      [hop('api-gateway', 'API Gateway (REST)')],
      WAITS,
      29_000,
      { status: 504 },
      /^: API Gateway's integration limit \(29 s\)$/,
    ],
    [
      [],
      ['idle'],
      60_000,
      { headersComplete: true },
      /^, which fits ALB's idle timeout \(60 s\) or nginx's .* \(60 s\)$/,
    ],
    [[hop('fly')], ['idle'], 60_000, {}, /^, which may be Fly\.io's idle timeout/],
    [[], ['idle'], 44_000, {}, /^$/],
  ])('%#', (hops, kinds, ms, context, clause) => {
    expect(limitClause(limitsMatching(kinds, ms, hops, context))).toMatch(clause);
  });
});
