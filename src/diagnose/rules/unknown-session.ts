import { formatCount, formatMs } from '../../lib/format';
import { instancesOf, isUnknownSession } from '../facts/backends';
import { type EngineIoClient, endpointName, engineIoClients } from '../facts/clients';
import { refusedStatusOf } from '../facts/handshakes';
import type { EngineIoSession, SessionExchange } from '../facts/sessions';
import type { TraceFacts } from '../facts/trace-facts';
import type { PlatformId } from '../platforms';
import type { Evidence, GroupRule, Judgement } from '../rule';

/** What a server forgets after, where the handshake that says so was not recorded: the defaults, 25 s and 20 s. */
const DEFAULT_LIMIT_MS = 45_000;
const MAX_GATHERED = 500;

/** An Engine.IO server says that it does not know a session that is alive. */
export const unknownSession: GroupRule = {
  id: 'unknown-session',
  title: 'The server does not know the session',
  scope: 'session',
  sources: ['004_eabe6d93a2f6ee54.txt'],
  judge(trace) {
    return engineIoClients(trace).flatMap((client) => judgeClient(client, trace));
  },
};

interface Lost {
  session: EngineIoSession;
  exchange: SessionExchange;
  /** Since the last sign that the server knew it. */
  aliveMs: number;
}

type Standing = { kind: 'lost'; lost: Lost } | { kind: 'fine' } | { kind: 'unclear'; reason: string };

function judgeClient(client: EngineIoClient, trace: TraceFacts): ReturnType<GroupRule['judge']> {
  const lost: Lost[] = [];
  let unclear: { streamId: string; reason: string } | null = null;
  for (const session of client.sessions) {
    const exchange = session.exchanges.find((one) => isUnknownSession(one.facts)) ?? unreadRefusal(session);
    if (!exchange) continue;
    const standing = standingOf(session, exchange);
    if (standing.kind === 'lost') lost.push(standing.lost);
    else if (standing.kind === 'unclear')
      unclear ??= { streamId: exchange.stream.id, reason: standing.reason };
  }
  if (lost.length > 0) {
    return [{ streamId: lost[0]!.exchange.stream.id, judgement: describe(client, lost, trace) }];
  }
  if (unclear)
    return [{ streamId: unclear.streamId, judgement: { verdict: 'incomplete', reason: unclear.reason } }];
  const [first] = client.sessions;
  return first!.sid === null
    ? []
    : [{ streamId: first!.exchanges[0]!.stream.id, judgement: { verdict: 'pass' } }];
}

/** A request answered 400 whose body nobody recorded may say this or something else. */
function unreadRefusal({ exchanges }: EngineIoSession): SessionExchange | undefined {
  return exchanges.find(
    ({ role, status, refusal, facts }) =>
      (role === 'poll' || role === 'post') &&
      status === 400 &&
      refusal === null &&
      facts.stream.response?.body == null &&
      facts.decoded.events.data.length === 0 &&
      (facts.byteLength > 0 || facts.stream.losses.length > 0),
  );
}

function standingOf(session: EngineIoSession, exchange: SessionExchange): Standing {
  if (!isUnknownSession(exchange.facts)) {
    return {
      kind: 'unclear',
      reason: 'The server refused a request of the session with 400, and its reason was not recorded.',
    };
  }
  const { startedAtMs } = exchange;
  // Who said goodbye is forgotten, and a request that was still under way finds that out.
  if (session.end?.cause === 'page' || session.end?.cause === 'server') return { kind: 'fine' };
  const contactMs = lastContact(session, exchange);
  if (contactMs === null) {
    return {
      kind: 'unclear',
      reason: 'Nothing of the session was recorded before, so it may have been over for long.',
    };
  }
  const silenceMs = startedAtMs - contactMs;
  const limitMs = session.heartbeat.limitMs ?? DEFAULT_LIMIT_MS;
  // A server forgets who has been silent for longer than its own limit: the page slept.
  if (silenceMs > limitMs) return { kind: 'fine' };
  return { kind: 'lost', lost: { session, exchange, aliveMs: Math.max(0, silenceMs) } };
}

/** The last time before `exchange` at which the server knew the session, trace ms; null when none was recorded. */
function lastContact(session: EngineIoSession, exchange: SessionExchange): number | null {
  let contactMs: number | null = null;
  for (const one of session.exchanges) {
    if (one === exchange || one.startedAtMs > exchange.startedAtMs) continue;
    const isAnswered = one.outcome === 'ok' && (one.stream.kind === 'websocket' || one.status === 200);
    const hasMessages = one.stream.kind === 'websocket' && one.stream.messages.atMs.length > 0;
    if (!isAnswered && !hasMessages) continue;
    contactMs = Math.max(
      contactMs ?? 0,
      Math.min(one.endedAtMs ?? exchange.startedAtMs, exchange.startedAtMs),
    );
  }
  return contactMs;
}

function describe(client: EngineIoClient, lost: Lost[], trace: TraceFacts): Judgement {
  const name = endpointName(client.endpoint);
  const [first] = lost as [Lost];
  const { stream } = first.exchange;
  const instances = instancesOf(trace.streams.values(), first.session.server);
  const isOne = lost.length === 1;
  const ageMs = Math.max(0, first.exchange.startedAtMs - first.session.startedAtMs);
  const evidence: Evidence[] = [
    {
      label: 'answer',
      value: `400, code 1: ${first.exchange.refusal?.message ?? 'Session ID unknown'}`.slice(0, 200),
      unit: 'text',
      at: { streamId: stream.id },
    },
    { label: 'sessions that were not known', value: lost.length, unit: 'count' },
    {
      label: 'sessions in all',
      value: client.sessions.filter(({ sid }) => sid !== null).length,
      unit: 'count',
    },
    {
      label: 'since the server last knew it',
      value: Math.round(first.aliveMs),
      unit: 'ms',
      threshold: first.session.heartbeat.limitMs ?? DEFAULT_LIMIT_MS,
    },
  ];
  if (instances.length > 1) {
    evidence.push({ label: 'backends that named themselves', value: instances.join(' · '), unit: 'header' });
  }
  const hops = first.exchange.facts.hops.flatMap(({ platform }) => platform ?? []);
  return {
    verdict: 'fail',
    severity: 'error',
    confidence: 'proven',
    summary: isOne
      ? `${name} answered 400 “Session ID unknown” to a session that was ${formatMs(ageMs)} old: another server answered, or this one was restarted.`
      : `${name} answered 400 “Session ID unknown” to ${formatCount(lost.length)} sessions, the first ${formatMs(ageMs)} old: requests of one session reach different servers.`,
    evidence,
    platforms: [...new Set<PlatformId>([...hops, 'socket-io'])],
    supersedes: lost.slice(-MAX_GATHERED).flatMap(({ session, exchange }) => symptomsOf(session, exchange)),
  };
}

/** What a lost session looks like to other rules. */
function symptomsOf(
  session: EngineIoSession,
  exchange: SessionExchange,
): NonNullable<Extract<Judgement, { verdict: 'fail' }>['supersedes']> {
  const handshake = session.exchanges[0]!.stream.id;
  // The other server does not know the session over WebSocket either, and answers 400 there too.
  const refused = session.exchanges.filter(
    ({ role, stream }) => role === 'websocket' && [null, 400].includes(refusedStatusOf(stream)),
  );
  return [
    { rule: 'reconnect-loop' as const, on: handshake },
    { rule: 'stuck-polling' as const, on: handshake },
    { rule: 'masked-status' as const, on: exchange.stream.id },
    ...refused.map(({ stream }) => ({ rule: 'refused-upgrade' as const, on: stream.id })),
  ];
}
