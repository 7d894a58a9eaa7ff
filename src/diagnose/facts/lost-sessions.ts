import { type EngineIoClient, engineIoClients } from './clients';
import type { EngineIoSession, SessionExchange } from './sessions';
import type { TraceFacts } from './trace-facts';
import { isUnknownSession } from './unknown-session';

/** What a server forgets after, where the handshake that says so was not recorded: the defaults, 25 s and 20 s. */
export const DEFAULT_LIMIT_MS = 45_000;
/** Requests that reach different servers lose a session at once; one that got on for longer had a server of its own. */
const FRESH_MS = 30_000;

/** A session that was alive, and that a server did not know. */
export interface LostSession {
  session: EngineIoSession;
  exchange: SessionExchange;
  /** Since the last sign that the server knew it. */
  aliveMs: number;
}

export interface ClientLosses {
  client: EngineIoClient;
  lost: LostSession[];
  /** The first refusal of which it cannot be told, and why; null when there is none. */
  unclear: { streamId: string; reason: string } | null;
}

/** Which sessions of each client were lost to “Session ID unknown”. */
export function lostSessions(trace: TraceFacts): ClientLosses[] {
  return engineIoClients(trace).map((client) => {
    const losses: ClientLosses = { client, lost: [], unclear: null };
    const refused = client.sessions.flatMap((session) => {
      const exchange = session.exchanges.find((one) => isUnknownSession(one.facts)) ?? unreadRefusal(session);
      return exchange ? [{ session, exchange }] : [];
    });
    for (const { session, exchange } of refused) {
      const standing = standingOf(session, exchange, () =>
        refused.flatMap((one) =>
          one.exchange !== exchange && isUnknownSession(one.exchange.facts) ? one.exchange.startedAtMs : [],
        ),
      );
      if (standing.kind === 'lost') losses.lost.push(standing.lost);
      else if (standing.kind === 'unclear')
        losses.unclear ??= { streamId: exchange.stream.id, reason: standing.reason };
    }
    return losses;
  });
}

/** Of these those that were lost young, and each only after the one before it. */
export function freshlyLost(lost: readonly LostSession[]): LostSession[] {
  const row: LostSession[] = [];
  for (const one of lost) {
    if (one.exchange.startedAtMs - one.session.startedAtMs > FRESH_MS) continue;
    const before = row.at(-1);
    if (!before || one.session.startedAtMs >= before.exchange.startedAtMs) row.push(one);
  }
  return row;
}

type Standing = { kind: 'lost'; lost: LostSession } | { kind: 'fine' } | { kind: 'unclear'; reason: string };

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

function standingOf(
  session: EngineIoSession,
  exchange: SessionExchange,
  otherTimesMs: () => number[],
): Standing {
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
    // A client has one session at a time: when others are refused around this one, each was new.
    const nearMs = otherTimesMs().reduce(
      (least, atMs) => Math.min(least, Math.abs(atMs - startedAtMs)),
      Infinity,
    );
    if (nearMs <= DEFAULT_LIMIT_MS) return { kind: 'lost', lost: { session, exchange, aliveMs: nearMs } };
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
