import type { EngineIoTransport } from '../../decode/packets';
import { Direction } from '../../trace/types';
import { netErrorOf } from './endings';
import type { EngineIoSession, Heartbeat, SessionEnd, SessionHandshake, UpgradeAttempt } from './session';
import type { ExchangeReader } from './session-exchange';
import type { SessionLog } from './session-log';
import type { TraceFacts } from './trace-facts';
import { isUnknownSession } from './unknown-session';

/** The probe and the change come at the start of a socket. */
const PROBE_PACKETS = 50;
/** Between two polls nothing is open; a session whose last request ended this long ago is over. */
const QUIET_MS = 5000;
/** Arrival times and the page's own timers differ by a little. */
export const PING_SLACK_MS = 100;

/** Reads the story of a session off its exchanges (in order, never empty) and the log of its packets. */
export function describeSession(
  id: string,
  sid: string | null,
  readers: readonly ExchangeReader[],
  log: SessionLog,
  facts: TraceFacts,
): EngineIoSession {
  const first = readers[0]!;
  const upgrades = readers.filter(({ role }) => role === 'websocket').map((one) => upgradeOf(one, facts));
  const changed = upgrades.find(({ outcome }) => outcome === 'changed');
  const begins: EngineIoTransport = first.transport;
  const transport = changed ? 'websocket' : begins;
  const carrier = changed
    ? readers.find(({ stream }) => stream.id === changed.streamId)!
    : first.stream.kind === 'websocket'
      ? first
      : null;
  const version = readers.find((one) => one.version !== null)?.version ?? null;
  const heartbeat = heartbeatOf(log, version);
  const partial = isPartial(readers, carrier, facts);
  const end = endOf({ readers, carrier, log, heartbeat, partial, facts });
  return {
    id,
    sid,
    endpoint: first.endpoint,
    server: first.server,
    documentId: readers.find(({ stream }) => stream.documentId !== null)?.stream.documentId ?? null,
    version,
    startedAtMs: first.startedAtMs,
    endedAtMs: end?.atMs ?? null,
    handshake: handshakeOf(first, log),
    exchanges: [...readers],
    upgrades,
    transport,
    packets: log.packets,
    unkeptPackets: log.unkept,
    pings: log.pings,
    heartbeat,
    namespaces: log.namespaces,
    end,
    problems: [...readers.flatMap(({ problems }) => problems), ...log.problems].slice(0, 100),
    partial,
    previousId: null,
  };
}

function handshakeOf(first: ExchangeReader, log: SessionLog): SessionHandshake | null {
  if (first.role !== 'handshake') return null;
  return {
    streamId: first.stream.id,
    transport: first.transport,
    askedAtMs: first.startedAtMs,
    openedAtMs: log.handshake?.atMs ?? null,
    values: log.handshake?.values ?? null,
  };
}

function upgradeOf(reader: ExchangeReader, facts: TraceFacts): UpgradeAttempt {
  const start = reader.packets.slice(0, PROBE_PACKETS);
  const when = (direction: number, type: string, isProbe: boolean) =>
    start.find((one) => one.direction === direction && one.type === type && one.isProbe === isProbe)?.atMs ??
    null;
  const probedAtMs = when(Direction.sent, 'ping', true);
  const answeredAtMs = when(Direction.received, 'pong', true);
  // A recording that began late shows the traffic and not the change before it.
  const traffic = start.find(({ type, isProbe }) => type === 'message' || (type === 'ping' && !isProbe));
  const changedAtMs = when(Direction.sent, 'upgrade', false) ?? traffic?.atMs ?? null;
  const { openedAtMs, endedAtMs, outcome: ended } = reader;
  const isBlind = facts.trace.meta.missing.includes('frames') || reader.stream.messages.atMs.length === 0;
  let outcome: UpgradeAttempt['outcome'] = 'pending';
  if (changedAtMs !== null) outcome = 'changed';
  else if (openedAtMs === null && endedAtMs !== null) outcome = ended === 'page' ? 'abandoned' : 'refused';
  else if (openedAtMs !== null && isBlind) outcome = 'unknown';
  else if (openedAtMs !== null && endedAtMs !== null) {
    outcome = answeredAtMs === null && ended !== 'page' ? 'unanswered' : 'abandoned';
  }
  return {
    streamId: reader.stream.id,
    startedAtMs: reader.startedAtMs,
    openedAtMs,
    probedAtMs,
    answeredAtMs,
    changedAtMs,
    endedAtMs,
    outcome,
  };
}

/** What the client does: version 4 waits for the server's pings, version 3 pings, and takes any packet for a sign. */
function heartbeatOf(log: SessionLog, version: 3 | 4 | null): Heartbeat {
  const values = log.handshake?.values;
  const intervalMs = values?.pingIntervalMs ?? null;
  const timeoutMs = values?.pingTimeoutMs ?? null;
  const limitMs = intervalMs === null || timeoutMs === null ? null : intervalMs + timeoutMs;
  const lastPing = log.pings.at(-1) ?? null;
  const openedAtMs = log.handshake?.atMs ?? null;
  const lastPingAtMs = lastPing?.pingAtMs ?? null;
  const lastAtMs = version === 3 ? log.lastReceivedAtMs : (lastPingAtMs ?? openedAtMs);
  let dueAtMs = lastAtMs === null || limitMs === null ? null : lastAtMs + limitMs;
  if (version === 3 && dueAtMs !== null && lastPingAtMs !== null && lastPingAtMs > lastAtMs!) {
    dueAtMs = lastPingAtMs + timeoutMs!;
  }
  const isUnanswered = lastPing?.by === 'server' && lastPing.pongAtMs === null;
  return { limitMs, lastAtMs, lastPingAtMs, dueAtMs, unansweredSinceMs: isUnanswered ? lastPingAtMs : null };
}

/** Pings may have come that nobody recorded. (One byte is known for a ping even when its payload is not.) */
function isPartial(
  readers: readonly ExchangeReader[],
  carrier: ExchangeReader | null,
  { trace }: TraceFacts,
): boolean {
  const { missing } = trace.meta;
  if (carrier) {
    const { losses, messages } = carrier.stream;
    if (missing.includes('frames') || losses.includes('dropped-records') || losses.includes('late-start'))
      return true;
    return carrier.openedAtMs !== null && messages.atMs.length === 0;
  }
  if (missing.includes('bodies')) return true;
  return readers.some(({ stream, problems }) => problems.length > 0 || stream.losses.includes('no-body'));
}

interface Ending {
  readers: readonly ExchangeReader[];
  carrier: ExchangeReader | null;
  log: SessionLog;
  heartbeat: Heartbeat;
  partial: boolean;
  facts: TraceFacts;
}

function endOf({ readers, carrier, log, heartbeat, partial, facts }: Ending): SessionEnd | null {
  const first = readers[0]!;
  const last = readers.reduce((a, b) => ((b.endedAtMs ?? 0) >= (a.endedAtMs ?? 0) ? b : a));
  const end = (one: ExchangeReader, cause: SessionEnd['cause'], reason: string): SessionEnd => ({
    atMs: one.endedAtMs ?? one.startedAtMs,
    streamId: one.stream.id,
    cause,
    reason,
  });
  if (first.role === 'handshake' && readers.length === 1 && !log.handshake && first.outcome === 'failed') {
    return end(first, 'refused', failureOf(first));
  }
  const goodbye = goodbyeOf(log);
  const unknown = readers.find(({ facts: one }) => isUnknownSession(one));
  const isOver = carrier
    ? carrier.endedAtMs !== null
    : readers.every(({ endedAtMs }) => endedAtMs !== null) &&
      (goodbye !== null || unknown || last.outcome !== 'ok' || facts.nowMs - last.endedAtMs! >= QUIET_MS);
  if (unknown && !(goodbye && goodbye.atMs <= (unknown.endedAtMs ?? unknown.startedAtMs))) {
    return end(unknown, 'unknown-session', 'Session ID unknown');
  }
  if (!isOver) return null;
  const closing = carrier ?? last;
  if (goodbye) {
    return {
      ...end(closing, goodbye.by, goodbye.reason),
      atMs: Math.max(goodbye.atMs, closing.endedAtMs ?? 0),
    };
  }
  if (!partial && isSilence(closing, heartbeat, log)) return end(closing, 'silence', 'ping timeout');
  switch (closing.outcome) {
    case 'page':
      return end(closing, 'page', 'the page closed it or left');
    case 'failed':
      return end(closing, 'lost', carrier ? 'transport close' : failureOf(closing));
    default: {
      // A HAR does not tell who closed a socket.
      const isTold = carrier !== null && carrier.stream.end?.closeCode != null;
      return end(closing, isTold ? 'server' : 'unknown', carrier ? 'transport close' : 'no further request');
    }
  }
}

function isSilence(closing: ExchangeReader, heartbeat: Heartbeat, log: SessionLog): boolean {
  const { dueAtMs, unansweredSinceMs } = heartbeat;
  const endMs = closing.endedAtMs ?? 0;
  if (dueAtMs !== null && endMs >= dueAtMs - PING_SLACK_MS) return true;
  const timeoutMs = log.handshake?.values.pingTimeoutMs ?? null;
  if (unansweredSinceMs === null || timeoutMs === null || closing.outcome === 'page') return false;
  return endMs >= unansweredSinceMs + timeoutMs - PING_SLACK_MS;
}

function goodbyeOf(log: SessionLog): { by: 'server' | 'page'; atMs: number; reason: string } | null {
  const isGone = log.namespaces.length > 0 && log.namespaces.every(({ leftAtMs }) => leftAtMs !== null);
  const left = isGone ? log.namespaces.at(-1)! : null;
  if (left) {
    return {
      by: left.leftBy!,
      atMs: left.leftAtMs!,
      reason: left.leftBy === 'server' ? 'io server disconnect' : 'io client disconnect',
    };
  }
  if (!log.closed) return null;
  const { by, atMs } = log.closed;
  return { by, atMs, reason: by === 'server' ? 'transport close' : 'forced close' };
}

function failureOf({ stream, status, refusal, transport }: ExchangeReader): string {
  if (refusal) return `${status}: ${refusal.message}`.slice(0, 200);
  if (status !== null && status >= 300) return `answered ${status}`;
  const error = netErrorOf(stream);
  if (error) return error;
  return transport === 'websocket' ? 'websocket error' : 'xhr poll error';
}
