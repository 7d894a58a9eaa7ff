import { formatCount } from '../../lib/format';
import { pageUrlOf } from '../facts/cookies';
import { errorNameOf, handshakeOutcome, refusedStatusOf, serviceOf } from '../facts/handshakes';
import { responseHeader } from '../facts/headers';
import { netErrorMeaning } from '../facts/net-errors';
import { sessionOf } from '../facts/sessions';
import type { StreamFacts } from '../facts/stream-facts';
import type { TraceFacts } from '../facts/trace-facts';
import type { PlatformId } from '../platforms';
import type { Evidence, GroupRule, Judgement } from '../rule';

/** Findings of this many handshakes are gathered. */
const MAX_GATHERED = 500;
const LOOPBACK = /^wss?:\/\/(localhost|127(\.\d+){3}|\[::1\]|[^/]+\.localhost)[:/]/i;

/** Sockets that never open, from this many on, are no change of mind. */
const MIN_UNSEEN = 2;

/** Symptoms that a socket which never opened may show. */
const SYMPTOMS = ['reconnect-loop', 'connection-lost', 'slow-first-byte', 'http2-protocol-error'] as const;

/** A WebSocket handshake failed, which the page sees as close code 1006 and nothing else. */
export const refusedUpgrade: GroupRule = {
  id: 'refused-upgrade',
  title: 'The WebSocket handshake was refused',
  scope: 'trace',
  sources: ['004_eabe6d93a2f6ee54.txt'],
  judge(trace) {
    const services = new Map<string, StreamFacts[]>();
    for (const facts of trace.streams.values()) {
      if (facts.stream.kind !== 'websocket') continue;
      const key = serviceOf(facts.stream.request.url);
      const list = services.get(key);
      if (list) list.push(facts);
      else services.set(key, [facts]);
    }
    return [...services.values()].flatMap((sockets) => judgeService(sockets, trace));
  },
};

function judgeService(sockets: StreamFacts[], trace: TraceFacts): ReturnType<GroupRule['judge']> {
  const outcomes = new Map(sockets.map((facts) => [facts, handshakeOutcome(facts)] as const));
  const having = (...wanted: string[]) => sockets.filter((facts) => wanted.includes(outcomes.get(facts)!));
  const opened = having('opened');
  const unseen = having('unseen');
  // Chrome writes a failed handshake and one that the page gave up alike into the HARs it saves. Who tries again and
  // again gave nothing up, nor did a session that goes on.
  const neverOpens = opened.length === 0 && having('unseen', 'refused', 'unreached').length >= MIN_UNSEEN;
  const suspects = unseen.filter((facts) => neverOpens || goesOnPolling(facts, trace));
  const told = having('refused', 'unreached').filter((facts) => !isOptional(facts, outcomes, trace));
  const failed = [...told, ...suspects].sort((a, b) => startOf(a) - startOf(b));
  const on = (facts: StreamFacts, judgement: Judgement) => [{ streamId: facts.stream.id, judgement }];
  const first = failed[0];
  if (!first) {
    if (unseen[0]) {
      return on(unseen[0], {
        verdict: 'incomplete',
        reason:
          'The WebSocket never opened, and the recording does not say whether it was refused or given up.',
      });
    }
    return opened[0] ? on(opened[0], { verdict: 'pass' }) : [];
  }
  // A server that was away for a moment and is back refused nobody; that the connection was lost is told elsewhere.
  const lastOpened = opened.at(-1);
  if (lastOpened && failed.every((facts) => outcomes.get(facts) === 'unreached')) {
    return on(lastOpened, { verdict: 'pass' });
  }
  const isOver = lastOpened !== undefined && startOf(lastOpened) > startOf(failed.at(-1)!);
  const hasRecovered = isOver && failed.length === 1;
  return on(first, describe({ failed, opened, hasRecovered, isTold: told.length > 0 }));
}

/** The session that a socket wanted to upgrade polls on after the socket had ended. */
function goesOnPolling({ stream }: StreamFacts, trace: TraceFacts): boolean {
  const session = sessionOf(trace, stream.id);
  const endMs = stream.end?.atMs ?? Number.POSITIVE_INFINITY;
  return session?.exchanges.some((one) => one.role === 'poll' && one.startedAtMs >= endMs) ?? false;
}

const startOf = ({ stream }: StreamFacts) => stream.timing.startedAtMs;

/** Pages look for helper programs on the user's own machine; that none is there is no fault. */
function isOptional(
  { stream }: StreamFacts,
  outcomes: ReadonlyMap<StreamFacts, string>,
  trace: TraceFacts,
): boolean {
  if (!LOOPBACK.test(`${stream.request.url}/`)) return false;
  const page = (pageUrlOf(stream, trace.trace) ?? '').replace(/^http/, 'ws');
  const isUnreached = [...outcomes.values()].every((one) => one !== 'refused' && one !== 'opened');
  return isUnreached && !LOOPBACK.test(`${page}/`);
}

interface Refusals {
  failed: StreamFacts[];
  opened: StreamFacts[];
  hasRecovered: boolean;
  /** The recording says that at least one failed; else it is inferred. */
  isTold: boolean;
}

function describe({ failed, opened, hasRecovered, isTold }: Refusals): Judgement {
  const first = failed[0]!;
  const { host } = first;
  const statuses = failed.map(({ stream }) => refusedStatusOf(stream)).filter((one) => one !== null);
  const status = statuses.length > 0 ? commonest(statuses) : null;
  const errors = failed.map(({ stream }) => errorNameOf(stream)).filter((one) => one !== null);
  const error = errors.length > 0 ? commonest(errors) : null;
  const times = failed.length === 1 ? '' : `, ${formatCount(failed.length)} times`;
  const how =
    status !== null
      ? `was answered ${status} instead of 101`
      : error !== null
        ? `failed with ${error}`
        : 'failed';
  const why = reasonOf(status, first) ?? (error === null ? null : netErrorMeaning(error));
  const unseen = status === null && error === null ? '; the status was not recorded' : '';
  return {
    verdict: 'fail',
    severity: hasRecovered ? 'info' : 'error',
    confidence: isTold ? 'proven' : 'likely',
    summary: `The WebSocket handshake with ${host} ${how}${times}, and the page saw only close code 1006${why ? `: ${why}` : ''}${unseen}.`,
    evidence: evidenceOf(failed, opened, status, error),
    platforms: platformsOf(failed, status),
    supersedes: failed
      .slice(0, MAX_GATHERED)
      .flatMap(({ stream }) => SYMPTOMS.map((rule) => ({ rule, on: stream.id }))),
  };
}

function evidenceOf(
  failed: StreamFacts[],
  opened: StreamFacts[],
  status: number | null,
  error: string | null,
): Evidence[] {
  const last = failed.at(-1)!.stream;
  const telling = failed.find(({ stream }) => refusedStatusOf(stream) === status) ?? failed[0]!;
  const { stream } = telling;
  const evidence: Evidence[] = [];
  if (status !== null) {
    evidence.push({
      label: 'status of the handshake',
      value: status,
      unit: 'status',
      threshold: 101,
      at: { streamId: stream.id },
    });
  }
  if (error !== null) evidence.push({ label: 'network error', value: error, unit: 'text' });
  if (status === null && stream.end?.message) {
    evidence.push({ label: 'the browser says', value: stream.end.message.slice(0, 300), unit: 'text' });
  }
  evidence.push(
    {
      label: 'handshakes that failed',
      value: failed.length,
      unit: 'count',
      at: {
        streamId: failed[0]!.stream.id,
        fromMs: startOf(failed[0]!),
        toMs: last.end?.atMs ?? last.timing.startedAtMs,
      },
    },
    { label: 'handshakes that succeeded there', value: opened.length, unit: 'count' },
  );
  for (const header of ['server', 'via', 'location', 'content-type']) {
    const value = responseHeader(stream, header);
    if (value !== null) {
      evidence.push({
        label: header,
        value: value.slice(0, 300),
        unit: 'header',
        at: { streamId: stream.id, header },
      });
    }
  }
  return evidence;
}

/** Why a server or a hop answers a handshake so, as far as the status tells (RFC 6455, 4.2.2; RFC 9110, 15). */
function reasonOf(status: number | null, { stream, hops }: StreamFacts): string | null {
  const isEngineIo = /[?&]EIO=\d/.test(stream.request.url);
  if (hops.some(({ platform }) => platform === 'app-runner')) return 'App Runner does not pass WebSockets';
  if (status === null) return null;
  if (status === 400 && isEngineIo) {
    return 'a proxy that drops the Upgrade header is the commonest reason, a server that does not know the session the next';
  }
  if (status === 200 || status === 404) return 'the request reached something that speaks no WebSocket';
  if (status >= 300 && status < 400) return 'a WebSocket does not follow redirects';
  if (status === 401) return 'the server wants other credentials';
  if (status === 403) return 'a gateway that passes no WebSockets, or a check of the origin or of the user';
  if (status === 426) return 'the Upgrade header did not get through';
  if (status >= 502 && status <= 504) return 'a gateway could not get an answer from the application';
  return null;
}

function platformsOf(failed: StreamFacts[], status: number | null): PlatformId[] {
  const seen = failed.flatMap(({ hops }) => hops.flatMap(({ platform }) => platform ?? []));
  const isSocketIo = failed.some(({ stream }) => /[?&]EIO=\d/.test(stream.request.url));
  // nginx as installed passes no upgrade on, and the server's own answer hides it.
  const suspects: PlatformId[] = isSocketIo && status === 400 ? ['nginx'] : [];
  return [...new Set([...seen, ...suspects, ...(isSocketIo ? (['socket-io'] as const) : [])])];
}

function commonest<T>(items: readonly T[]): T {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}
