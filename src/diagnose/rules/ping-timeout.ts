import { formatMs } from '../../lib/format';
import type { DocumentRecord } from '../../trace/types';
import { type EngineIoClient, endpointName, engineIoClients } from '../facts/clients';
import { PING_SLACK_MS } from '../facts/session-describe';
import type { EngineIoSession } from '../facts/sessions';
import type { TraceFacts } from '../facts/trace-facts';
import type { PlatformId } from '../platforms';
import type { Evidence, GroupRule, Judgement } from '../rule';

/** A client gives up on time; when it did so much later, its timers were held up (sleep, a tab in the background). */
const LATE_MS = 3000;
/** An open session that missed its time by this much without closing was not watched by anybody. */
const OPEN_LATE_MS = 2000;

const SYMPTOMS = ['stalled-stream', 'idle-cut', 'connection-lost', 'duration-cap', 'reconnect-loop'] as const;

/** No Engine.IO ping came (or was answered) within the time that the handshake itself named. */
export const pingTimeout: GroupRule = {
  id: 'ping-timeout',
  title: 'No ping came in time',
  scope: 'session',
  sources: ['004_eabe6d93a2f6ee54.txt'],
  judge(trace) {
    return engineIoClients(trace).flatMap((client) => judgeClient(client, trace));
  },
};

interface Silence {
  session: EngineIoSession;
  streamId: string;
  fromMs: number;
  toMs: number;
  /** Who gave up: the page, which missed a ping, or the server, which missed the answer to one. */
  by: 'page' | 'server';
  /** Somebody gave up; else it is only too late. */
  isOver: boolean;
}

type Standing =
  | { kind: 'silent'; silence: Silence }
  | { kind: 'fine' }
  | { kind: 'none' }
  | { kind: 'unclear'; reason: string };

function judgeClient(client: EngineIoClient, trace: TraceFacts): ReturnType<GroupRule['judge']> {
  const silences: Silence[] = [];
  let unclear: { session: EngineIoSession; reason: string } | null = null;
  let fine: EngineIoSession | null = null;
  for (const session of client.sessions) {
    const standing = standingOf(session, client, trace);
    if (standing.kind === 'silent') silences.push(standing.silence);
    else if (standing.kind === 'unclear') unclear ??= { session, reason: standing.reason };
    else if (standing.kind === 'fine') fine ??= session;
  }
  const [first] = silences;
  if (first) return [{ streamId: first.streamId, judgement: describe(client, silences) }];
  if (unclear) {
    return [
      { streamId: carrierOf(unclear.session), judgement: { verdict: 'incomplete', reason: unclear.reason } },
    ];
  }
  return fine ? [{ streamId: carrierOf(fine), judgement: { verdict: 'pass' } }] : [];
}

/** The stream on which a session's pings come, or came last. */
function carrierOf({ exchanges, end, transport }: EngineIoSession): string {
  const last = exchanges.findLast((one) => (one.stream.kind === 'websocket') === (transport === 'websocket'));
  return end?.streamId ?? (last ?? exchanges[0]!).stream.id;
}

function standingOf(session: EngineIoSession, client: EngineIoClient, trace: TraceFacts): Standing {
  const { heartbeat, end, sid } = session;
  const cause = end?.cause;
  if (sid === null || cause === 'refused' || cause === 'unknown-session') return { kind: 'none' };
  const { limitMs, dueAtMs, lastAtMs } = heartbeat;
  if (limitMs === null || dueAtMs === null || lastAtMs === null) return { kind: 'none' };
  if (end && cause !== 'silence') {
    // With packets missing the end is not taken for silence, although it may have been.
    const isSuspect =
      session.partial && end.atMs >= dueAtMs - PING_SLACK_MS && cause !== 'page' && cause !== 'server';
    return isSuspect
      ? {
          kind: 'unclear',
          reason: 'Not all packets of the session were recorded: pings may have come unseen.',
        }
      : { kind: 'fine' };
  }
  const serverGaveUp = end !== null && end.atMs < dueAtMs - PING_SLACK_MS;
  const fromMs = serverGaveUp ? (heartbeat.unansweredSinceMs ?? lastAtMs) : lastAtMs;
  const successor = successorOf(session, client, dueAtMs);
  const toMs = Math.min(end?.atMs ?? trace.nowMs, successor?.startedAtMs ?? Number.POSITIVE_INFINITY);
  if (!end && !successor) {
    if (toMs < dueAtMs + OPEN_LATE_MS) return { kind: 'fine' };
    if (session.partial) return { kind: 'unclear', reason: 'Not all packets of the session were recorded.' };
  }
  const silence: Silence = {
    session,
    streamId: carrierOf(session),
    fromMs,
    toMs,
    by: serverGaveUp ? 'server' : 'page',
    isOver: end !== null || successor !== undefined,
  };
  const page = trace.trace.documents.find(({ id }) => id === session.documentId) ?? null;
  if (!serverGaveUp && wasBusy(page, dueAtMs)) {
    return {
      kind: 'unclear',
      reason: 'The page was busy when the ping was due: it may have lain there unread.',
    };
  }
  if (toMs > dueAtMs + LATE_MS && !wasAwake(session, dueAtMs, toMs, trace)) {
    return {
      kind: 'unclear',
      reason:
        'The session went on for long after the ping was due, and nothing else happened: the page may have slept.',
    };
  }
  return { kind: 'silent', silence };
}

/**
 * The session with which the same client began again when the ping was due. A dead path keeps the old socket open: it
 * swallows the goodbye, too.
 */
function successorOf(
  session: EngineIoSession,
  { sessions }: EngineIoClient,
  dueAtMs: number,
): EngineIoSession | undefined {
  return sessions.find(
    (one) => one !== session && one.previousId === session.id && one.startedAtMs >= dueAtMs - PING_SLACK_MS,
  );
}

/** Its main thread was blocked around the time at which the ping was due. */
function wasBusy(page: DocumentRecord | null, dueAtMs: number): boolean {
  if (!page) return false;
  const { startMs, durationMs } = page.blocked;
  return startMs.some(
    (start, index) => start <= dueAtMs && start + durationMs[index]! >= dueAtMs - PING_SLACK_MS,
  );
}

/** Something else of the same page moved between the time the ping was due and the end: the page was not asleep. */
function wasAwake(session: EngineIoSession, fromMs: number, toMs: number, trace: TraceFacts): boolean {
  const isBetween = (atMs: number | null | undefined) => atMs != null && atMs > fromMs && atMs < toMs;
  const own = new Set(session.exchanges.map(({ stream }) => stream.id));
  // What the page still sends shows that its timers run.
  if (session.packets.some(({ direction, atMs }) => direction === 1 && isBetween(atMs))) return true;
  for (const { stream } of trace.streams.values()) {
    if (stream.documentId !== session.documentId || own.has(stream.id)) continue;
    if (isBetween(stream.timing.startedAtMs) || isBetween(stream.chunks.atMs.at(-1))) return true;
    if (isBetween(stream.messages.atMs.at(-1))) return true;
  }
  return false;
}

function describe(client: EngineIoClient, silences: Silence[]): Judgement {
  const [first] = silences as [Silence];
  const { session, fromMs, toMs, by, isOver } = first;
  const { limitMs, lastPingAtMs } = session.heartbeat;
  const values = session.handshake?.values;
  const thresholdMs = by === 'page' ? limitMs! : (values?.pingTimeoutMs ?? limitMs!);
  const name = endpointName(client.endpoint);
  const silenceMs = Math.max(0, toMs - fromMs);
  const ends = isOver ? 'and the session was given up' : 'and the session is dead';
  const isFirstPing = lastPingAtMs === null || by === 'server';
  const what =
    by === 'server'
      ? `A ping of ${name} was not answered for ${formatMs(silenceMs)}, and the server closed the session`
      : session.version === 3
        ? `Nothing came from ${name} for ${formatMs(silenceMs)}, not even the answer to a ping, ${ends}`
        : `No ping came from ${name} for ${formatMs(silenceMs)}${isFirstPing ? ' after the handshake' : ''}, ${ends}`;
  const times = silences.length > 1 ? ` (${silences.length} sessions)` : '';
  const evidence: Evidence[] = [
    {
      label: by === 'server' ? 'the ping went unanswered for' : 'no ping for',
      value: Math.round(silenceMs),
      unit: 'ms',
      threshold: thresholdMs,
      at: { streamId: first.streamId, fromMs, toMs },
    },
    { label: 'pingInterval', value: values?.pingIntervalMs ?? 0, unit: 'ms' },
    { label: 'pingTimeout', value: values?.pingTimeoutMs ?? 0, unit: 'ms' },
    { label: 'pings until then', value: session.pings.length, unit: 'count' },
    { label: 'transport', value: session.transport, unit: 'text' },
  ];
  if (silences.length > 1)
    evidence.push({ label: 'sessions that ended so', value: silences.length, unit: 'count' });
  const hops = session.exchanges.flatMap(({ facts }) => facts.hops.flatMap(({ platform }) => platform ?? []));
  return {
    verdict: 'fail',
    severity: 'error',
    confidence: isOver ? 'proven' : 'likely',
    summary: `${what}${times}; the handshake allows ${formatMs(thresholdMs)}.`,
    evidence,
    platforms: [...new Set<PlatformId>(['socket-io', ...hops])],
    supersedes: silences.slice(-200).flatMap(({ session: one, streamId }) => {
      const ids = new Set([streamId, one.exchanges[0]!.stream.id]);
      return [...ids].flatMap((on) => SYMPTOMS.map((rule) => ({ rule, on })));
    }),
  };
}
