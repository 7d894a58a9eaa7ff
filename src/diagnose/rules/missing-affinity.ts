import { formatCount } from '../../lib/format';
import { findSplitState, instancesOf, type SplitState } from '../facts/backends';
import { type CookieUse, readCookies } from '../facts/cookies';
import type { TraceFacts } from '../facts/trace-facts';
import type { GroupRule, Judgement } from '../rule';

/** Several backends answer, each with state of its own, and nothing pins the browser to one of them. */
export const missingAffinity: GroupRule = {
  id: 'missing-affinity',
  scope: 'trace',
  title: 'Several servers answer, and nothing pins the browser to one',
  sources: ['001_ca2a4bd3fe6f607d.txt', '004_eabe6d93a2f6ee54.txt'],
  needs: ['cookies'],
  judge(facts) {
    const split = facts.derived(findSplitState);
    if (split.length === 0) return [];
    const uses = facts.derived(readCookies);
    return split.map((one) => ({
      streamId: one.first.id,
      groupId: one.server,
      judgement: judgeServer(one, uses, facts),
    }));
  },
};

function judgeServer(split: SplitState, uses: CookieUse[], facts: TraceFacts): Judgement {
  const own = uses.filter((use) => use.server === split.server);
  // A pin that was set, kept or not, is the business of the rules about credentials.
  if (own.some((use) => use.set.some((cookie) => cookie.affinity))) return { verdict: 'pass' };
  if (!own.some((use) => use.stream.response?.headersComplete)) {
    return {
      verdict: 'incomplete',
      reason: 'The response headers that would set a cookie were not recorded.',
    };
  }
  const instances = instancesOf(facts.streams.values(), split.server);
  return {
    verdict: 'fail',
    severity: 'error',
    confidence: instances.length > 1 ? 'proven' : 'likely',
    summary: `${new URL(split.server).host} is answered by several servers that do not share their state (${split.sign}), and no affinity cookie was ever set.`,
    evidence: [
      { label: split.sign, value: split.count, unit: 'count', at: { streamId: split.first.id } },
      { label: 'affinity cookies set', value: 0, unit: 'count' },
      { label: 'answers looked at', value: formatCount(own.length), unit: 'text' },
      ...(instances.length > 1
        ? [{ label: 'backends that named themselves', value: instances.join(' · '), unit: 'header' }]
        : []),
    ],
    platforms: [
      ...new Set(
        [...facts.streams.values()]
          .filter((one) => one.stream.id === split.first.id)
          .flatMap((one) => one.hops.flatMap((hop) => hop.platform ?? [])),
      ),
    ],
    supersedes: split.lost.map((one) => ({ rule: one.rule, on: one.streamId })),
  };
}
