import { formatCount, formatMs } from '../../lib/format';
import { type EngineIoClient, endpointName, engineIoClients } from '../facts/clients';
import { refusedStatusOf } from '../facts/handshakes';
import type { EngineIoSession, UpgradeAttempt } from '../facts/sessions';
import type { TraceFacts } from '../facts/trace-facts';
import type { PlatformId } from '../platforms';
import type { Evidence, GroupRule, Judgement } from '../rule';

/** Engine.IO servers give an upgrade up after this (`upgradeTimeout`, ten seconds by default). */
const PROBE_LIMIT_MS = 10_000;
/** The probe begins before the second poll: who polls on has chosen to. */
const MIN_POLLS = 2;

type Why = { kind: 'failed'; attempt: UpgradeAttempt; atMs: number } | { kind: 'untried' };

/** A Socket.IO session stays on HTTP long-polling although its server offered WebSocket. */
export const stuckPolling: GroupRule = {
  id: 'stuck-polling',
  title: 'The session stays on long-polling',
  scope: 'session',
  sources: ['004_eabe6d93a2f6ee54.txt'],
  judge(trace) {
    return engineIoClients(trace).flatMap((client) => judgeClient(client, trace));
  },
};

function judgeClient(client: EngineIoClient, trace: TraceFacts): ReturnType<GroupRule['judge']> {
  const polling = client.sessions.filter((one) => one.exchanges[0]!.transport === 'polling');
  const stuck: { session: EngineIoSession; why: Why }[] = [];
  let upgradedAtMs = Number.NEGATIVE_INFINITY;
  let unreadable: EngineIoSession | null = null;
  for (const session of polling) {
    if (session.transport === 'websocket') upgradedAtMs = session.startedAtMs;
    const offered = session.handshake?.values?.upgrades ?? null;
    const why = whyOf(session, trace);
    // Only a client that was offered the change tries it, so an attempt stands for an offer that was not recorded.
    if (why?.kind === 'failed' || (why && offered?.includes('websocket'))) stuck.push({ session, why });
    else if (why && offered === null) unreadable ??= session;
  }
  const on = ({ exchanges }: EngineIoSession, judgement: Judgement) => [
    { streamId: exchanges[0]!.stream.id, judgement },
  ];
  const failing = stuck.filter(({ why }) => why.kind === 'failed');
  const worst = failing[0] ?? stuck[0];
  if (!worst) {
    if (unreadable) {
      return on(unreadable, {
        verdict: 'incomplete',
        reason:
          'The session polls, and the handshake that says whether the server offers WebSocket was not recorded.',
      });
    }
    return polling[0] ? on(polling[0], { verdict: 'pass' }) : [];
  }
  // The way is open by now.
  if (upgradedAtMs > worst.session.startedAtMs) return on(worst.session, { verdict: 'pass' });
  return on(worst.session, describe(client, worst, Math.max(1, failing.length), trace));
}

/** Why a session is on polling; null when it is not, or when it is too early or too late to tell. */
function whyOf(session: EngineIoSession, trace: TraceFacts): Why | null {
  if (session.transport !== 'polling' || session.end?.cause === 'unknown-session') return null;
  for (const attempt of session.upgrades) {
    const failedAtMs = failureOf(attempt, trace);
    if (failedAtMs === null) continue;
    // It stays only if it goes on afterwards.
    if (
      session.exchanges.some(({ role, startedAtMs }) => role !== 'websocket' && startedAtMs >= failedAtMs)
    ) {
      return { kind: 'failed', attempt, atMs: failedAtMs };
    }
  }
  if (session.upgrades.length > 0) return null;
  const polls = session.exchanges.filter(({ role, outcome }) => role === 'poll' && outcome === 'ok').length;
  return polls >= MIN_POLLS ? { kind: 'untried' } : null;
}

/** When an attempt had failed, trace ms; null while it may still succeed, and when the page or its session ended it. */
function failureOf(attempt: UpgradeAttempt, { nowMs }: TraceFacts): number | null {
  switch (attempt.outcome) {
    case 'refused':
    case 'unanswered':
      return attempt.endedAtMs;
    case 'pending':
    case 'unknown': {
      const limitMs = attempt.startedAtMs + PROBE_LIMIT_MS;
      return attempt.answeredAtMs === null && nowMs >= limitMs ? limitMs : null;
    }
    case 'abandoned': {
      // The page gave a probe up that had no answer for too long.
      const limitMs = attempt.startedAtMs + PROBE_LIMIT_MS;
      const isLate = attempt.answeredAtMs === null && (attempt.endedAtMs ?? 0) >= limitMs;
      return isLate ? limitMs : null;
    }
    default:
      return null;
  }
}

function describe(
  client: EngineIoClient,
  { session, why }: { session: EngineIoSession; why: Why },
  sessions: number,
  trace: TraceFacts,
): Judgement {
  const name = endpointName(client.endpoint);
  const requests = session.exchanges.filter(({ role }) => role !== 'websocket');
  const last = requests.at(-1)!;
  const endMs = last.endedAtMs ?? trace.nowMs;
  const evidence: Evidence[] = [
    {
      label: 'transports the server offered',
      value: session.handshake?.values?.upgrades.join(', ') || 'not recorded',
      unit: 'text',
      at: { streamId: session.exchanges[0]!.stream.id },
    },
    {
      label: 'polling requests',
      value: requests.length,
      unit: 'count',
      at: { streamId: session.exchanges[0]!.stream.id, fromMs: session.startedAtMs, toMs: endMs },
    },
    { label: 'attempts to upgrade', value: session.upgrades.length, unit: 'count' },
  ];
  if (why.kind === 'untried') {
    return {
      verdict: 'fail',
      severity: 'info',
      confidence: 'likely',
      summary: `${name} offers WebSocket, and the page never tried it: its client is told to use polling alone (${formatCount(requests.length)} requests).`,
      evidence,
      platforms: ['browser', 'socket-io'],
    };
  }
  const { attempt } = why;
  const exchange = session.exchanges.find(({ stream }) => stream.id === attempt.streamId);
  const status = exchange ? refusedStatusOf(exchange.stream) : null;
  const how =
    attempt.outcome === 'refused'
      ? `the WebSocket was refused${status === null ? '' : ` with ${status}`}`
      : 'the probe over WebSocket got no answer';
  const afterwards = requests.filter(({ startedAtMs }) => startedAtMs >= why.atMs).length;
  evidence.push(
    {
      label: attempt.outcome === 'refused' ? 'the WebSocket' : 'the probe',
      value:
        attempt.outcome === 'refused' ? `refused${status === null ? '' : `, ${status}`}` : 'not answered',
      unit: 'text',
      at: { streamId: attempt.streamId, fromMs: attempt.startedAtMs, toMs: why.atMs },
    },
    { label: 'polling requests after that', value: afterwards, unit: 'count' },
    { label: 'on polling for', value: Math.round(Math.max(0, endMs - session.startedAtMs)), unit: 'ms' },
  );
  if (sessions > 1)
    evidence.push({ label: 'sessions that stayed on polling', value: sessions, unit: 'count' });
  const hops = session.exchanges.flatMap(({ facts }) => facts.hops.flatMap(({ platform }) => platform ?? []));
  return {
    verdict: 'fail',
    severity: 'warning',
    confidence: attempt.outcome === 'refused' || attempt.outcome === 'unanswered' ? 'proven' : 'likely',
    summary: `${name} offers WebSocket, ${how}, and the session stayed on long-polling for ${formatMs(Math.max(0, endMs - session.startedAtMs))} (${formatCount(requests.length)} requests).`,
    evidence,
    platforms: [...new Set<PlatformId>([...hops, 'socket-io'])],
  };
}
