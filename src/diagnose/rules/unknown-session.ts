import { formatCount, formatMs } from '../../lib/format';
import { instancesOf } from '../facts/backends';
import { type EngineIoClient, endpointName } from '../facts/clients';
import { refusedStatusOf } from '../facts/handshakes';
import { type ClientLosses, DEFAULT_LIMIT_MS, type LostSession, lostSessions } from '../facts/lost-sessions';
import type { EngineIoSession, SessionExchange } from '../facts/sessions';
import type { TraceFacts } from '../facts/trace-facts';
import type { PlatformId } from '../platforms';
import type { Evidence, GroupRule, Judgement } from '../rule';

const MAX_GATHERED = 500;

/** An Engine.IO server says that it does not know a session that is alive. */
export const unknownSession: GroupRule = {
  id: 'unknown-session',
  title: 'The server does not know the session',
  scope: 'session',
  sources: ['004_eabe6d93a2f6ee54.txt'],
  judge(trace) {
    return trace.derived(lostSessions).flatMap((losses) => judgeClient(losses, trace));
  },
};

function judgeClient(
  { client, lost, unclear }: ClientLosses,
  trace: TraceFacts,
): ReturnType<GroupRule['judge']> {
  if (lost.length > 0) {
    return [{ streamId: lost[0]!.exchange.stream.id, judgement: describe(client, lost, trace) }];
  }
  if (unclear) {
    return [{ streamId: unclear.streamId, judgement: { verdict: 'incomplete', reason: unclear.reason } }];
  }
  const [first] = client.sessions;
  return first!.sid === null
    ? []
    : [{ streamId: first!.exchanges[0]!.stream.id, judgement: { verdict: 'pass' } }];
}

function describe(client: EngineIoClient, lost: LostSession[], trace: TraceFacts): Judgement {
  const name = endpointName(client.endpoint);
  const [first] = lost as [LostSession];
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
