import { formatCount } from '../../lib/format';
import { byServer, type CookieUse, readCookies } from '../facts/cookies';
import { responseHeader } from '../facts/headers';
import { findJobs, lostPolls } from '../facts/jobs';
import { keepsWork } from '../facts/kept-state';
import type { TraceFacts } from '../facts/trace-facts';
import { isUnknownSession } from '../facts/unknown-session';
import type { PlatformId } from '../platforms';
import type { GroupRule, Judgement } from '../rule';

/** Cross-origin requests without credentials to a server that pins browsers, or remembers them, by cookie. */
export const omittedCredentials: GroupRule = {
  id: 'omitted-credentials',
  scope: 'trace',
  title: 'The requests were made without credentials, so the cookie is neither kept nor sent',
  sources: ['001_ca2a4bd3fe6f607d.txt'],
  needs: ['cookies'],
  judge(facts) {
    const across = facts
      .derived(readCookies)
      .filter(({ relation }) => relation !== null && relation !== 'same-origin');
    return [...byServer(across)].flatMap(([server, uses]) => judgeServer(server, uses, facts));
  },
};

function judgeServer(server: string, uses: CookieUse[], facts: TraceFacts): ReturnType<GroupRule['judge']> {
  const cookies = uses.flatMap((use) => use.set).filter((cookie) => cookie.affinity || cookie.isSession);
  const cookie = cookies.find((one) => one.affinity) ?? cookies[0];
  // With one request there is no second one that could have gone astray.
  if (!cookie || uses.length < 2) return [];
  const without = uses.filter((use) => use.credentialed === false);
  const first = without[0];
  const on = (judgement: Judgement, streamId: string) => [{ streamId, groupId: server, judgement }];
  if (!first) {
    const unknown = uses.find((use) => use.credentialed === null);
    if (!unknown) return on({ verdict: 'pass' }, uses[0]!.stream.id);
    return on(
      {
        verdict: 'incomplete',
        reason: 'The recording does not say whether the requests were made with credentials.',
      },
      unknown.stream.id,
    );
  }
  const ids = new Set(uses.map((use) => use.stream.id));
  const explained = [
    ...facts.derived(findJobs).flatMap((job) => {
      const poll = lostPolls(job)[0]?.stream.id;
      return poll && ids.has(poll) ? [{ rule: 'lost-job' as const, on: poll }] : [];
    }),
    ...[...facts.streams.values()]
      .filter((one) => ids.has(one.stream.id) && isUnknownSession(one))
      .map((one) => ({ rule: 'unknown-session' as const, on: one.stream.id })),
  ];
  // A framework's session cookie may be of no use to these calls; that it is set anew every time shows that it was lost.
  const isLostAgain = cookies.filter((one) => one.name === cookie.name).length >= 2;
  if (!cookie.affinity && !isLostAgain && explained.length === 0) {
    return on({ verdict: 'pass' }, first.stream.id);
  }
  const host = new URL(server).host;
  // A server that answers every origin alike, and keeps nothing between the calls, wants no credentials: who counts
  // visits or hands out pictures may stand behind a balancer that pins all the same.
  const isPublic = without.every(allowsAnyOrigin) && !keepsWork(uses, facts);
  const mode = first.stream.request.credentials;
  return on(
    {
      verdict: 'fail',
      severity: isPublic ? 'info' : 'error',
      confidence: isPublic ? 'likely' : explained.length > 0 || isLostAgain ? 'proven' : 'likely',
      summary: `${host} sets ${cookie.name}${cookie.affinity ? ' to keep a browser on one server' : ' to remember the browser'}, but ${formatCount(without.length)} cross-origin ${without.length === 1 ? 'request was' : 'requests were'} made without credentials, so the cookie was neither kept nor sent.`,
      evidence: [
        {
          label: `credentials of the ${kindWord(first)}`,
          value: wordOf(first, mode),
          unit: 'text',
          threshold: 'include',
          at: { streamId: first.stream.id },
        },
        {
          label: 'cookie that was set',
          value: `${cookie.name}${cookie.affinity ? ` (${cookie.affinity.setBy})` : ''}`,
          unit: 'header',
          at: { streamId: cookie.streamId, header: 'set-cookie' },
        },
        {
          label: 'times it was set anew',
          value: cookies.filter((one) => one.name === cookie.name).length,
          unit: 'count',
        },
        { label: 'requests without credentials', value: without.length, unit: 'count' },
        { label: 'page', value: first.pageUrl ?? 'unknown', unit: 'text' },
      ],
      platforms: platformsOf(cookie.affinity?.platform ?? null),
      supersedes: explained,
    },
    first.stream.id,
  );
}

function allowsAnyOrigin({ stream }: CookieUse): boolean {
  return responseHeader(stream, 'access-control-allow-origin')?.trim() === '*';
}

function kindWord(use: CookieUse): string {
  const { kind } = use.stream;
  return kind === 'eventsource' ? 'EventSource' : kind === 'xhr' ? 'XMLHttpRequest' : 'fetch call';
}

function wordOf(use: CookieUse, mode: string | null): string {
  if (mode === null) return 'none, as the answers show';
  if (use.stream.kind === 'fetch') return mode;
  return mode === 'omit' ? 'omit' : 'withCredentials = false';
}

function platformsOf(platform: PlatformId | null): PlatformId[] {
  return ['browser', ...(platform ? [platform] : [])];
}
