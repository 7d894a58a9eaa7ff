import { formatCount, formatMs } from '../../lib/format';
import {
  findHeldServers,
  type HeldServer,
  heldFromMs,
  heldUntilMs,
  MAX_CONNECTIONS,
} from '../facts/connection-holders';
import { readCookies } from '../facts/cookies';
import { isWaitMisfiled } from '../facts/moments';
import type { StreamFacts } from '../facts/stream-facts';
import type { TraceFacts } from '../facts/trace-facts';
import type { GroupRule, Judgement } from '../rule';

/** Shorter waits for a connection are everyday life over HTTP/1.1. */
const MIN_QUEUE_MS = 500;
/** A connection that is given back and the request that takes it: a new TCP and TLS handshake may lie between. */
const HANDOVER_MS = 1000;
/** Times of two sources. */
const SLACK_MS = 50;

/** Streams hold all connections that a browser opens to one host over HTTP/1.1, and another request waits for one. */
export const connectionLimit: GroupRule = {
  id: 'connection-limit',
  title: 'Streams hold all connections to the host',
  scope: 'trace',
  sources: ['000_f43a27df2c069156.txt'],
  judge(trace) {
    return trace.derived(findHeldServers).flatMap((held) => judgeServer(held, trace));
  },
};

interface Queued {
  facts: StreamFacts;
  holders: StreamFacts[];
  waitMs: number;
  /** When a connection became free; null: not until the end. */
  freedAtMs: number | null;
  /** The network measured the wait; else it is inferred. */
  isMeasured: boolean;
}

function judgeServer(held: HeldServer, trace: TraceFacts): ReturnType<GroupRule['judge']> {
  const queued = held.requests
    .map((facts) => queueOf(facts, held, trace))
    .filter((one): one is Queued => one !== null);
  const [first] = queued;
  const on = (judgement: Judgement) => [
    { streamId: (first?.facts ?? held.holders[0]!).stream.id, judgement },
  ];
  if (!first) return on({ verdict: 'pass' });
  if (!held.isProtocolKnown) {
    return on({
      verdict: 'incomplete',
      reason:
        'Which protocol the host speaks was not recorded; over HTTP/2 and HTTP/3 streams share one connection.',
    });
  }
  return on(describe(held, queued, first));
}

/** How long `facts` waited for a connection while others held all of them; null when it did not. */
function queueOf(facts: StreamFacts, { holders }: HeldServer, trace: TraceFacts): Queued | null {
  const { stream } = facts;
  const { startedAtMs, phases, headersAtMs } = stream.timing;
  const before = holders.filter(
    (one) =>
      one !== facts &&
      heldFromMs(one) <= startedAtMs + SLACK_MS &&
      heldUntilMs(one) > startedAtMs + MIN_QUEUE_MS,
  );
  if (before.length < MAX_CONNECTIONS) return null;
  // The first of them that ends frees a connection, if no more than six hold one.
  const untilMs = before.map(heldUntilMs).sort((a, b) => b - a)[MAX_CONNECTIONS - 1]!;
  const lookedMs = stream.end?.atMs ?? trace.nowMs;
  const freedAtMs = untilMs <= lookedMs ? untilMs : null;
  const hasNoAnswer = stream.response === null;
  if (phases?.blockedMs != null && !isWaitMisfiled(stream)) {
    const { blockedMs } = phases;
    const leftAtMs = startedAtMs + blockedMs;
    const isHandedOver =
      freedAtMs !== null && leftAtMs >= freedAtMs - SLACK_MS && leftAtMs <= freedAtMs + HANDOVER_MS;
    const isStuck = hasNoAnswer && freedAtMs === null;
    if (blockedMs < MIN_QUEUE_MS || !(isHandedOver || isStuck)) return null;
    return { facts, holders: before, waitMs: blockedMs, freedAtMs, isMeasured: true };
  }
  const waitMs = Math.min(untilMs, lookedMs) - startedAtMs;
  if (waitMs < MIN_QUEUE_MS) return null;
  // Answered while all six were held: it had a connection of its own, in another pool.
  if (headersAtMs !== null && headersAtMs < untilMs - SLACK_MS) return null;
  if (!sharesPool(facts, before, trace)) return null;
  return { facts, holders: before, waitMs, freedAtMs, isMeasured: false };
}

/** Requests with and without credentials use different connections (Fetch, "connection pool"). */
function sharesPool(facts: StreamFacts, holders: readonly StreamFacts[], trace: TraceFacts): boolean {
  const ids = new Set(holders.map(({ stream }) => stream.id));
  const uses = trace.derived(readCookies);
  const own = uses.find(({ stream }) => stream.id === facts.stream.id)?.credentialed ?? null;
  if (own === null) return true;
  return uses.every(
    ({ stream, credentialed }) => !ids.has(stream.id) || credentialed === null || credentialed === own,
  );
}

function describe({ server, holders }: HeldServer, queued: Queued[], first: Queued): Judgement {
  const { host } = new URL(server);
  const longest = queued.reduce((a, b) => (b.waitMs > a.waitMs ? b : a));
  const { stream } = longest.facts;
  const isOne = queued.length === 1;
  const path = new URL(stream.request.url).pathname;
  const count = longest.holders.length;
  const who = isOne
    ? `${stream.request.method} ${path} waited`
    : `${formatCount(queued.length)} requests waited, ${path} the longest:`;
  const until = longest.freedAtMs === null ? 'and got none' : 'until one of them ended';
  return {
    verdict: 'fail',
    severity: 'warning',
    confidence: queued.some(({ isMeasured }) => isMeasured) ? 'proven' : 'likely',
    summary: `${count === MAX_CONNECTIONS ? 'Six' : formatCount(count)} ${longest.holders.every(({ nature }) => nature === 'stream') ? 'streams' : 'requests that stay open'} held the ${MAX_CONNECTIONS} HTTP/1.1 connections to ${host}, and ${who} ${formatMs(longest.waitMs)} for one ${until}.`,
    evidence: [
      {
        label: 'streams that held a connection',
        value: count,
        unit: 'count',
        threshold: MAX_CONNECTIONS,
        at: { streamId: longest.holders[0]!.stream.id },
      },
      {
        label: 'wait for a connection',
        value: Math.round(longest.waitMs),
        unit: 'ms',
        threshold: MIN_QUEUE_MS,
        at: {
          streamId: stream.id,
          fromMs: stream.timing.startedAtMs,
          toMs: stream.timing.startedAtMs + longest.waitMs,
        },
      },
      {
        label: 'requests that waited',
        value: queued.length,
        unit: 'count',
        at: { streamId: first.facts.stream.id },
      },
      {
        label: 'protocol',
        value: holders.find((one) => one.stream.response?.protocol)?.stream.response?.protocol ?? 'http/1.1',
        unit: 'text',
      },
    ],
    platforms: [
      ...new Set(longest.holders.flatMap(({ hops }) => hops.flatMap(({ platform }) => platform ?? []))),
      'browser',
    ],
    supersedes: queued.slice(0, 500).flatMap(({ facts }) =>
      (['slow-first-byte', 'stalled-stream', 'gateway-timeout'] as const).map((rule) => ({
        rule,
        on: facts.stream.id,
      })),
    ),
  };
}
