import { formatCount } from '../../lib/format';
import {
  byServer,
  type CookieSet,
  type CookieUse,
  concerns,
  readCookies,
  type Withholding,
  withholdingOf,
} from '../facts/cookies';
import { findJobs, lostPolls } from '../facts/jobs';
import { keepsState } from '../facts/kept-state';
import type { TraceFacts } from '../facts/trace-facts';
import { isUnknownSession } from '../facts/unknown-session';
import type { GroupRule, Judgement } from '../rule';

/** An affinity cookie was set, the requests asked for credentials, and still it never came back. */
export const unreturnedCookie: GroupRule = {
  id: 'unreturned-cookie',
  scope: 'trace',
  title: 'The affinity cookie was set, but the browser did not send it back',
  sources: ['001_ca2a4bd3fe6f607d.txt'],
  needs: ['cookies'],
  judge(facts) {
    return [...byServer(facts.derived(readCookies))].flatMap(([server, uses]) =>
      judgeServer(server, uses, facts),
    );
  },
};

interface Unreturned {
  use: CookieUse;
  cookie: CookieSet;
  why: Withholding;
}

function judgeServer(server: string, uses: CookieUse[], facts: TraceFacts): ReturnType<GroupRule['judge']> {
  const explained = symptomsOf(uses, facts);
  const missing: Unreturned[] = [];
  let returned = 0;
  let unknown = 0;
  const pins = new PinsSoFar(uses);
  for (const use of uses) {
    if (use.credentialed !== true) {
      if (use.credentialed === null) unknown++;
      continue;
    }
    const earlier = pins.until(use.stream.timing.startedAtMs).filter((cookie) => concerns(cookie, use));
    if (earlier.length === 0) continue;
    if (use.sent === null) {
      unknown++;
      continue;
    }
    // Families send one pin under several names (AWSALB, AWSALBCORS): either one coming back is enough.
    const families = new Set(earlier.map((cookie) => cookie.affinity!.family));
    for (const family of families) {
      const names = earlier.filter((cookie) => cookie.affinity!.family === family);
      if (names.some((cookie) => use.sent!.has(cookie.name))) {
        returned++;
        continue;
      }
      const latest = latestOfEach(names).map((cookie) => ({ use, cookie, why: withholdingOf(cookie, use) }));
      // Expired or deleted pins are as their server wanted them, and a pin for other paths is one for another service,
      // unless a job or a session went astray on these.
      const isMeant = ({ why }: Unreturned) =>
        why.reason === 'expired' || (why.reason === 'path' && explained.length === 0);
      if (latest.every(isMeant)) continue;
      const best = decisive(latest);
      if (best) missing.push(best);
    }
  }
  const first = missing[0];
  const any = uses[0]!;
  const on = (judgement: Judgement, streamId: string) => [{ streamId, groupId: server, judgement }];
  if (!first) {
    if (returned > 0) return on({ verdict: 'pass' }, any.stream.id);
    const isPinned = uses.some((use) => use.set.some((cookie) => cookie.affinity));
    if (!isPinned || unknown === 0) return [];
    return on(
      { verdict: 'incomplete', reason: 'The recording does not say which cookies the requests carried.' },
      any.stream.id,
    );
  }
  // Once may be a race: two requests under way before the first answer was there.
  if (missing.length === 1 && returned > 0) return on({ verdict: 'pass' }, any.stream.id);
  const others = latestOfEach(
    uses
      .flatMap((use) => use.set)
      .filter((cookie) => cookie.affinity?.family === first.cookie.affinity?.family),
  );
  return on(
    {
      verdict: 'fail',
      // Another site's counters and pictures lose nothing with their pin.
      severity: first.use.relation === 'cross-site' && !keepsState(uses, facts) ? 'info' : 'error',
      confidence: first.why.reason === 'unknown' || first.why.reason === 'third-party' ? 'likely' : 'proven',
      summary: `${new URL(server).host} set ${first.cookie.name}, the ${missing.length === 1 ? 'next request' : `next ${formatCount(missing.length)} requests`} asked for credentials, and the cookie was not sent: ${first.why.text}.`,
      evidence: [
        ...others.map((cookie) => ({
          label: `${cookie.name} did not come back`,
          value: withholdingOf(cookie, first.use).text,
          unit: 'text',
          at: { streamId: cookie.streamId, header: 'set-cookie' },
        })),
        {
          label: 'requests without it',
          value: missing.length,
          unit: 'count',
          at: { streamId: first.use.stream.id, header: 'cookie' },
        },
        { label: 'requests with it', value: returned, unit: 'count' },
        { label: 'page', value: first.use.pageUrl ?? 'unknown', unit: 'text' },
        ...first.cookie.problems.map((problem) => ({
          label: `${first.cookie.name} is broken`,
          value: problem,
          unit: 'text',
        })),
      ],
      platforms: first.cookie.affinity?.platform ? [first.cookie.affinity.platform, 'browser'] : ['browser'],
      supersedes: explained,
    },
    first.use.stream.id,
  );
}

function unknownSessions(facts: TraceFacts): string[] {
  return [...facts.streams.values()].filter(isUnknownSession).map(({ stream }) => stream.id);
}

/**
 * Of one pin's cookies the one that came nearest to coming back: what held that one is why the pin is lost. (ALB's plain
 * cookie never crosses sites; its twin for that does, unless the browser blocks it.)
 */
const NEARNESS: readonly Withholding['reason'][] = ['third-party', 'unknown', 'secure', 'path', 'expired'];

function decisive(latest: readonly Unreturned[]): Unreturned | undefined {
  const rank = ({ why }: Unreturned) => {
    const index = NEARNESS.indexOf(why.reason);
    return index < 0 ? NEARNESS.length : index;
  };
  return [...latest].sort((a, b) => rank(a) - rank(b))[0];
}

/** Jobs and sessions of this server that were lost. */
function symptomsOf(
  uses: readonly CookieUse[],
  facts: TraceFacts,
): { rule: 'lost-job' | 'unknown-session'; on: string }[] {
  const ids = new Set(uses.map((use) => use.stream.id));
  const jobs = facts.derived(findJobs).flatMap((job) => {
    const poll = lostPolls(job)[0]?.stream.id;
    return poll && ids.has(poll) ? [{ rule: 'lost-job' as const, on: poll }] : [];
  });
  const sessions = facts
    .derived(unknownSessions)
    .filter((id) => ids.has(id))
    .map((on) => ({ rule: 'unknown-session' as const, on }));
  return [...jobs, ...sessions];
}

/**
 * Affinity cookies as they stand while time goes on: of those that differ in nothing but their value, the latest. (ALB
 * sets its pin anew in every answer.)
 */
class PinsSoFar {
  readonly #coming: { cookie: CookieSet; order: number }[];
  readonly #latest = new Map<string, { cookie: CookieSet; order: number }>();
  #standing: CookieSet[] = [];

  constructor(uses: readonly CookieUse[]) {
    this.#coming = uses
      .filter(({ credentialed }) => credentialed !== false)
      .flatMap(({ set }) => set)
      .filter(({ affinity }) => affinity !== null)
      .map((cookie, order) => ({ cookie, order }))
      // The next one last.
      .sort((a, b) => b.cookie.atMs - a.cookie.atMs);
  }

  /** Set no later than `atMs`, which must not go back; in the order of the requests that set them. */
  until(atMs: number): readonly CookieSet[] {
    let hasNew = false;
    for (let next = this.#coming.at(-1); next && next.cookie.atMs <= atMs; next = this.#coming.at(-1)) {
      this.#coming.pop();
      const { name, host, domain, hostOnly, path } = next.cookie;
      const key = `${name} ${host} ${domain} ${hostOnly} ${path}`;
      const before = this.#latest.get(key);
      if (before && before.order > next.order) continue;
      this.#latest.set(key, next);
      hasNew = true;
    }
    if (hasNew) {
      this.#standing = [...this.#latest.values()]
        .sort((a, b) => a.order - b.order)
        .map(({ cookie }) => cookie);
    }
    return this.#standing;
  }
}

function latestOfEach(cookies: CookieSet[]): CookieSet[] {
  const latest = new Map<string, CookieSet>();
  for (const cookie of cookies) latest.set(cookie.name, cookie);
  return [...latest.values()];
}
