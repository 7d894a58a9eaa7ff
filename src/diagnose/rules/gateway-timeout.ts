import { formatMs } from '../../lib/format';
import { bodyTextOf } from '../facts/body-text';
import { endingOf } from '../facts/endings';
import { mediaType, responseHeader } from '../facts/headers';
import { intermediariesOf, isIntermediarySeen, isSignedByApplication } from '../facts/hops';
import { answerWaitMs, lifeMs } from '../facts/moments';
import type { Hop, StreamFacts } from '../facts/stream-facts';
import {
  commonLimitClause,
  commonLimitMs,
  type LimitMatch,
  limitClause,
  limitEvidence,
  limitsMatching,
  namedMatches,
  platformsOf,
} from '../limits';
import { LIMITS } from '../limits-table';
import { PLATFORMS, type PlatformId } from '../platforms';
import type { Evidence, Judgement, StreamRule } from '../rule';

/** 504 and 524 mean "I waited and gave up" whatever the limit; a faster one is an application's own answer. */
const MIN_WAIT_MS = 5000;
/** A platform's own words convict a wait this short too: limits can be set low. */
const MIN_WAIT_WITH_WORDS_MS = 1000;
/** A limit that does not give this status may still lie behind a 502 or 503, but short limits meet by chance. */
const MIN_FOREIGN_LIMIT_MS = 25_000;

/** Below lies only API Gateway's 29 s, and API Gateway signs its answers. */
const MIN_COMMON_LIMIT_MS = 30_000;

const TIMEOUT_STATUSES: ReadonlySet<number> = new Set([504, 522, 524]);
const GATEWAY_STATUSES: ReadonlySet<number> = new Set([
  408, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526, 527,
]);
/** Statuses by which a gateway reports an upstream that hung up, perhaps because of a limit of its own. */
const BROKEN_UPSTREAM: ReadonlySet<number> = new Set([502, 503]);

/** A gateway cannot give up before its time; timers and clocks of two machines differ by less than this. */
const EARLY_MS = 500;

/** Platforms whose own proxy is an Envoy. */
const ENVOY_INSIDE: ReadonlySet<PlatformId | null> = new Set<PlatformId>([
  'cloud-run',
  'app-runner',
  'google-lb',
  'azure',
]);

/** What platforms write when they gave up waiting. */
const WORDS: readonly { platform: PlatformId; header?: string; pattern: RegExp }[] = [
  { platform: 'api-gateway', pattern: /"message"\s*:\s*"Endpoint request timed out"/ },
  { platform: 'envoy', pattern: /upstream (request|response) timeout|stream timeout/i },
  { platform: 'envoy', pattern: /reset reason: connection timeout/i },
  { platform: 'kong', pattern: /"message"\s*:\s*"The upstream server is timing out"/ },
  { platform: 'apache', pattern: /The gateway did not receive a timely response\s+from the upstream server/ },
  { platform: 'fastly', pattern: /\b(?:first byte|between bytes) timeout\b/ },
  { platform: 'lambda', pattern: /Task timed out after \d+(?:\.\d+)? seconds/ },
  { platform: 'vercel', header: 'x-vercel-error', pattern: /FUNCTION_INVOCATION_TIMEOUT/ },
  { platform: 'vercel', pattern: /FUNCTION_INVOCATION_TIMEOUT/ },
  { platform: 'cloudflare', pattern: /Error(?: code)?:? 524|524: A timeout occurred/i },
  {
    platform: 'nginx',
    pattern: /<title>504 Gateway Time-?out<\/title>[\s\S]{0,300}<center>(nginx|openresty)/i,
  },
  { platform: 'haproxy', pattern: /<h1>504 Gateway Time-?out<\/h1>\s*The server didn't respond in time/i },
  { platform: 'azure', pattern: /500 - The request timed out/ },
  { platform: 'azure', header: 'x-azure-externalerror', pattern: /OriginTimeout/ },
  { platform: 'heroku', pattern: /herokucdn\.com\/error-pages\/application-error/ },
];

/** A gateway gave up waiting for the application, and answered in its place. */
export const gatewayTimeout: StreamRule = {
  id: 'gateway-timeout',
  title: 'A gateway gave up waiting for the answer',
  scope: 'stream',
  sources: ['003_e4d6598c67b82dc6.txt'],
  explains: ['slow-first-byte', 'masked-status', 'wrong-content-type', 'downgraded-stream'],
  judge(facts) {
    const { stream } = facts;
    if (stream.kind === 'websocket') return { verdict: 'inapplicable' };
    if (!stream.response) return judgeUnseen(facts);
    const { status } = stream.response;
    if (!GATEWAY_STATUSES.has(status)) return { verdict: status >= 100 ? 'pass' : 'inapplicable' };
    if (stream.response.fromCache) return { verdict: 'pass' };
    const waitMs = answerWaitMs(facts);
    if (waitMs === null) {
      return TIMEOUT_STATUSES.has(status)
        ? { verdict: 'incomplete', reason: `the answer was ${status}, but how long it took is not known` }
        : { verdict: 'pass' };
    }

    const words = wordsOf(facts);
    // Heroku shows one page for every failure: there the wait must fit as well.
    const saidSo = words !== null && words.platform !== 'heroku' && waitMs >= MIN_WAIT_WITH_WORDS_MS;
    const matches = limitsMatching(['first-byte', 'idle', 'total'], waitMs, facts.hops, {
      status,
      headersComplete: stream.response.headersComplete,
    })
      .filter((match) => match.offsetMs >= -EARLY_MS && isPlausible(match, status))
      .filter(({ hop }) => hop !== null || TIMEOUT_STATUSES.has(status) || !isOwnAnswer(facts))
      // Who says that it gave up need not be guessed,
      .filter(({ limit }) => !saidSo || limit.platform === words.platform)
      // nor who signs the answer, though its limit was set to another value than its default.
      .filter(({ hop }) => hop !== null || !isSignedByWaiter(facts.hops, status));
    const isTimeoutByMeaning = TIMEOUT_STATUSES.has(status) && waitMs >= MIN_WAIT_MS;
    const commonMs = matches.length === 0 ? commonMsBehind(facts, status, waitMs) : null;
    if (matches.length === 0 && !isTimeoutByMeaning && !saidSo && commonMs === null) {
      return { verdict: 'pass' };
    }

    const best = matches[0];
    const isOwnStatement = saidSo || (best?.hop != null && best.statusFits && !best.limit.unverified);
    const isProven = isOwnStatement && (saidSo || TIMEOUT_STATUSES.has(status));
    const clause =
      commonMs === null || saidSo
        ? clauseOf(facts, matches, words?.platform ?? null, status)
        : commonLimitClause(commonMs);
    const blind = isHiddenByCors(facts) ? ', and the page saw only a failed request' : '';
    return {
      verdict: 'fail',
      severity: 'error',
      confidence: isProven ? 'proven' : 'likely',
      summary: `${status} after ${formatMs(waitMs)}${clause}${blind}.`,
      evidence: evidenceOf(facts, waitMs, matches, words?.text ?? null),
      platforms: platformsToShow(facts, matches, words?.platform ?? null),
    };
  },
};

/** The page alone was watched and saw a failed request: host and wait together can still tell. */
function judgeUnseen(facts: StreamFacts): Judgement {
  const { stream } = facts;
  if (endingOf(stream) !== 'unnamed' && stream.end?.netError !== 'net::ERR_FAILED') {
    return { verdict: 'inapplicable' };
  }
  const waitMs = lifeMs(facts) ?? 0;
  if (waitMs < MIN_WAIT_MS) return { verdict: 'inapplicable' };
  const matches = limitsMatching(['first-byte', 'idle', 'total'], waitMs, facts.hops);
  if (!matches[0]?.hop) {
    return { verdict: 'incomplete', reason: 'the request failed before any status was seen' };
  }
  return {
    verdict: 'fail',
    severity: 'error',
    confidence: 'likely',
    summary: `The request failed after ${formatMs(waitMs)}${limitClause(matches)}; the status was hidden from the page.`,
    evidence: evidenceOf(facts, waitMs, matches, null),
    platforms: platformsToShow(facts, matches, null),
  };
}

/** A platform that was seen gives this time-out status itself, after a limit that its users can set. */
function isSignedByWaiter(hops: readonly Hop[], status: number): boolean {
  if (!TIMEOUT_STATUSES.has(status)) return false;
  return LIMITS.some(
    ({ platform, adjustable, statuses }) =>
      adjustable && statuses.includes(status) && hops.some((hop) => hop.platform === platform),
  );
}

/** The value that gateways are often set to, which fits a gateway's own word on an upstream that hung up. */
function commonMsBehind(facts: StreamFacts, status: number, waitMs: number): number | null {
  if (!BROKEN_UPSTREAM.has(status)) return null;
  // Lambda answers for a function whose time was up in JSON, and its limit is whatever the function was given.
  const isLambda = status === 502 && facts.hops.some(({ platform }) => platform === 'lambda');
  if (!isLambda && isOwnAnswer(facts)) return null;
  const limitMs = commonLimitMs('total', waitMs);
  return limitMs !== null && limitMs >= MIN_COMMON_LIMIT_MS ? limitMs : null;
}

function isPlausible(match: LimitMatch, status: number): boolean {
  if (match.statusFits) return status !== 500 && status !== 499 ? true : match.hop !== null;
  if (TIMEOUT_STATUSES.has(status)) return match.hop !== null;
  return BROKEN_UPSTREAM.has(status) && match.limit.defaultMs >= MIN_FOREIGN_LIMIT_MS;
}

function wordsOf(facts: StreamFacts): { platform: PlatformId; text: string } | null {
  const body = bodyTextOf(facts.stream);
  for (const { platform, header, pattern } of WORDS) {
    const text = header ? (responseHeader(facts.stream, header) ?? '') : body;
    const match = pattern.exec(text);
    if (!match) continue;
    return { platform: speakerOf(platform, facts.hops), text: match[0].slice(0, 120) };
  }
  return null;
}

/** Platforms that are built on another use its words: the one that was seen said them. */
function speakerOf(platform: PlatformId, hops: readonly Hop[]): PlatformId {
  const isSeen = (one: PlatformId) => hops.some((hop) => hop.platform === one);
  if (isSeen(platform)) return platform;
  if (platform === 'envoy') return hops.find((hop) => ENVOY_INSIDE.has(hop.platform))?.platform ?? platform;
  if (platform === 'lambda' && isSeen('netlify')) return 'netlify';
  return platform;
}

/** The application made this answer: it signed it, or put its own JSON in it where a gateway has an error page. */
function isOwnAnswer(facts: StreamFacts): boolean {
  return isSignedByApplication(facts.hops) || /[/+]json$/.test(mediaType(facts.stream));
}

function clauseOf(
  facts: StreamFacts,
  matches: readonly LimitMatch[],
  speaker: PlatformId | null,
  status: number,
): string {
  const isHearsay = speaker !== null && matches.every(({ limit }) => limit.unverified);
  if (matches.length > 0 && !isHearsay) return limitClause(matches);
  if (speaker) return `: ${PLATFORMS[speaker]} says that it gave up waiting`;
  // Apache signs what it says as a proxy, and nobody else says so in its name.
  const first = facts.hops.find(
    (hop) => hop.platform !== null && (isIntermediarySeen([hop]) || hop.platform === 'apache'),
  );
  // Cloudflare's own word for it is 524: what else comes through it was said behind it.
  const isBehind = first?.platform === 'cloudflare' && status === 504;
  const who =
    status === 524 || status === 522
      ? 'Cloudflare'
      : isBehind
        ? 'a gateway behind Cloudflare'
        : (first?.label ?? 'a gateway');
  return `: ${who} gave up waiting, at no limit known by default`;
}

function evidenceOf(
  facts: StreamFacts,
  waitMs: number,
  matches: readonly LimitMatch[],
  words: string | null,
): Evidence[] {
  const { stream } = facts;
  const fromMs = facts.requestAtMs;
  const named = namedMatches(matches);
  const evidence: Evidence[] = [
    {
      label: 'wait for the answer',
      value: Math.round(waitMs),
      unit: 'ms',
      ...(named[0] ? { threshold: named[0].limit.defaultMs } : {}),
      at: { streamId: stream.id, fromMs, toMs: fromMs + waitMs },
    },
  ];
  if (stream.response) evidence.push({ label: 'status', value: stream.response.status, unit: 'status' });
  evidence.push(...limitEvidence(matches));
  if (words) evidence.push({ label: "the platform's own words", value: words, unit: 'text' });
  return evidence;
}

function platformsToShow(
  facts: StreamFacts,
  matches: readonly LimitMatch[],
  speaker: PlatformId | null,
): PlatformId[] {
  const seen = intermediariesOf(facts.hops);
  return [...new Set([...(speaker ? [speaker] : []), ...platformsOf(namedMatches(matches)), ...seen])];
}

function isHiddenByCors({ stream }: StreamFacts): boolean {
  const end = stream.end;
  if (!end || (end.kind !== 'refused' && end.kind !== 'error')) return false;
  return end.netError === 'net::ERR_FAILED' || end.message !== null;
}
