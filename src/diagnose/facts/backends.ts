import type { StreamRecord } from '../../trace/types';
import { headerValues } from './cookies';
import { alternates, findJobs, lostPolls } from './jobs';
import { freshlyLost, lostSessions } from './lost-sessions';
import { originOf } from './sites';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** A sign that one server name is answered by several backends that share no state. */
export interface SplitState {
  /** Scheme, host and port. */
  server: string;
  /** The request on which it shows first. */
  first: StreamRecord;
  /** Findings it explains: the jobs that were lost, the sessions that were unknown. */
  lost: { rule: 'lost-job' | 'unknown-session'; streamId: string }[];
  /** In words, with the count. */
  sign: string;
  count: number;
}

/** Response headers in which backends name themselves. */
const INSTANCE_HEADERS = [
  'x-served-by',
  'x-backend',
  'x-backend-server',
  'x-instance',
  'x-instance-id',
  'x-server',
  'x-server-id',
  'x-hostname',
  'x-host',
  'x-node',
  'x-node-id',
  'x-pod',
  'x-pod-name',
  'x-upstream',
  'x-replica',
];

/** Different names under which the backends of one server answered; empty when they do not tell. */
export function instancesOf(facts: Iterable<StreamFacts>, server: string): string[] {
  const names = new Set<string>();
  for (const { stream } of facts) {
    if (originOf(stream.request.url) !== server || !stream.response) continue;
    for (const header of INSTANCE_HEADERS) {
      for (const value of headerValues(stream.response.headers, header)) names.add(`${header}: ${value}`);
    }
  }
  const byHeader = new Map<string, number>();
  for (const name of names) {
    const header = name.split(':')[0] ?? '';
    byHeader.set(header, (byHeader.get(header) ?? 0) + 1);
  }
  return [...names].filter((name) => (byHeader.get(name.split(':')[0] ?? '') ?? 0) > 1).slice(0, 6);
}

/** Servers whose answers show that several backends stand behind them and share no state. */
export function findSplitState(facts: TraceFacts): SplitState[] {
  const split = new Map<string, SplitState>();
  for (const job of facts.derived(findJobs)) {
    const lost = lostPolls(job);
    const first = lost[0]?.stream;
    const server = first ? originOf(first.request.url) : null;
    if (!first || !server || !alternates(job)) continue;
    const known = split.get(server);
    if (known) {
      known.count += lost.length;
      known.lost.push({ rule: 'lost-job', streamId: first.id });
    } else {
      split.set(server, {
        server,
        first,
        lost: [{ rule: 'lost-job', streamId: first.id }],
        sign: 'one job known and unknown by turns',
        count: lost.length,
      });
    }
  }
  const unknown = facts.derived(lostSessions).flatMap(({ lost }) => lost);
  const byServer = groupBy(unknown, ({ session }) => session.server);
  for (const [server, list] of byServer) {
    const fresh = freshlyLost(list);
    const first = list[0]?.exchange.stream;
    // One session lost is a restarted server, and so are several at once; fresh ones again and again are other backends.
    if (!server || !first || fresh.length < 2) continue;
    const lost = list.map((one) => ({ rule: 'unknown-session' as const, streamId: one.exchange.stream.id }));
    const known = split.get(server);
    if (known) known.lost.push(...lost);
    else {
      split.set(server, {
        server,
        first,
        lost,
        sign: `${fresh.length} fresh sessions answered with “Session ID unknown”`,
        count: list.length,
      });
    }
  }
  return [...split.values()];
}

function groupBy<Item>(items: Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
