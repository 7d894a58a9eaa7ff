import { findJobs, type Job, type JobPoll } from '../../diagnose/facts/jobs';
import { type EngineIoSession, sessionsOf } from '../../diagnose/facts/sessions';
import type { TraceFacts } from '../../diagnose/facts/trace-facts';
import type { Finding, Severity } from '../../diagnose/rule';
import type { StreamRecord } from '../../trace/types';
import { nameOf, rootsOf, type StreamRow, type StreamState, severityRank } from './stream-row';

/** A Socket.IO client: its session, and those that it opened after that one ended. */
export interface SessionGroup {
  kind: 'session';
  /** Stable while the trace grows. */
  id: string;
  /** First to last; never empty. */
  sessions: readonly EngineIoSession[];
  members: readonly Member[];
}

/** A job: the call that created it, and those that asked for it. */
export interface JobGroup {
  kind: 'job';
  id: string;
  job: Job;
  /** Calls that ask like its polls do and have no answer (yet). */
  unanswered: readonly StreamRecord[];
  members: readonly Member[];
}

export type StreamGroup = SessionGroup | JobGroup;

export interface Member {
  streamId: string;
  /** Its part in the group, for its row: "poll", "created". */
  part: string;
}

/** Row of a group. It sums up its members, and is filtered and sorted like a stream. */
export interface GroupRow extends StreamRow {
  readonly group: StreamGroup;
  readonly members: readonly StreamRow[];
}

export function isGroupRow(row: StreamRow): row is GroupRow {
  return 'group' in row;
}

/**
 * What belongs together, in the order of its first stream. A stream is in one group at most; sessions of a single socket
 * are groups too, so that they have their view, but have no row of their own.
 */
export function findGroups(facts: TraceFacts): StreamGroup[] {
  const groups: StreamGroup[] = [...sessionGroups(facts)];
  const taken = new Set(groups.flatMap(({ members }) => members.map((one) => one.streamId)));
  const jobs = facts.derived(findJobs);
  if (jobs.length === 0) return groups;
  const waiting = unansweredCalls(facts);
  for (const job of jobs) {
    const unanswered = unansweredOf(job, waiting);
    const members: Member[] = [
      { streamId: job.created.stream.id, part: 'created' },
      ...job.polls.map((poll) => ({ streamId: poll.stream.id, part: `poll: ${pollWord(poll)}` })),
      ...unanswered.map(({ id, end }) => ({ streamId: id, part: end ? 'poll: no answer' : 'poll: waiting' })),
    ].filter(({ streamId }) => !taken.has(streamId));
    if (members.length < 2) continue;
    for (const { streamId } of members) taken.add(streamId);
    groups.push({ kind: 'job', id: `job ${job.created.stream.id}`, job, unanswered, members });
  }
  return groups;
}

/** By address: so that a poll is in its group from its start, not only from its answer on. */
function unansweredCalls(facts: TraceFacts): Map<string, StreamRecord[]> {
  const calls = new Map<string, StreamRecord[]>();
  for (const { stream } of facts.streams.values()) {
    if (stream.response !== null) continue;
    const key = callKey(stream);
    const known = calls.get(key);
    if (known) known.push(stream);
    else calls.set(key, [stream]);
  }
  return calls;
}

function unansweredOf({ created, polls }: Job, calls: ReadonlyMap<string, StreamRecord[]>): StreamRecord[] {
  const keys = new Set(polls.map(({ stream }) => callKey(stream)));
  return [...keys]
    .flatMap((key) => calls.get(key) ?? [])
    .filter((stream) => stream.timing.startedAtMs > created.stream.timing.startedAtMs);
}

function callKey({ request }: StreamRecord): string {
  return `${request.method} ${request.url}`;
}

/** What an answer says of the job, in one word. */
export function pollWord(poll: JobPoll): string {
  if (poll.outcome === 'lost') return poll.status >= 400 ? `not found (${poll.status})` : 'not found';
  if (poll.outcome === 'failed') return `failed (${poll.status})`;
  return poll.state ?? 'found';
}

function sessionGroups(facts: TraceFacts): SessionGroup[] {
  const chains = new Map<string, EngineIoSession[]>();
  for (const session of sessionsOf(facts)) {
    const chain = session.previousId === null ? undefined : chains.get(session.previousId);
    if (chain) {
      chain.push(session);
      chains.set(session.id, chain);
    } else chains.set(session.id, [session]);
  }
  return [...new Set(chains.values())].map((sessions) => ({
    kind: 'session',
    id: `session ${sessions[0]!.exchanges[0]!.stream.id}`,
    sessions,
    members: sessions.flatMap((session) =>
      session.exchanges.map(({ stream, role }) => ({
        streamId: stream.id,
        part:
          role === 'handshake'
            ? `connect over ${stream.kind === 'websocket' ? 'WebSocket' : 'polling'}`
            : PARTS[role],
      })),
    ),
  }));
}

const PARTS = { poll: 'poll', post: 'send', websocket: 'upgrade' } as const;

/** @param members rows of the group's streams, in its order; at least one */
export function groupRow(
  group: StreamGroup,
  members: readonly StreamRow[],
  findings: readonly Finding[],
): GroupRow {
  const first = members[0]!;
  const severities = findings.map((one) => one.severity);
  const { name, host } = group.kind === 'session' ? endpointName(group) : jobName(group);
  const kindLabel = group.kind === 'session' ? 'Socket.IO' : 'job';
  const { state, stateWord } = group.kind === 'session' ? sessionState(group) : jobState(group, members);
  return {
    id: group.id,
    order: first.order,
    name,
    host,
    url: first.url,
    method: first.method,
    kind: group.kind === 'session' ? 'socket.io' : 'job',
    kindLabel,
    format: null,
    nature: 'stream',
    protocol: group.kind === 'session' ? (group.sessions.at(-1)?.transport ?? null) : first.protocol,
    status: null,
    state,
    stateWord,
    firstByteMs: first.firstByteMs,
    events: members.reduce((sum, row) => sum + row.events, 0),
    byteLength: members.reduce((sum, row) => sum + row.byteLength, 0),
    longestGapMs: members.reduce<number | null>(
      (most, row) => (row.longestGapMs === null ? most : Math.max(most ?? 0, row.longestGapMs)),
      null,
    ),
    startedAtMs: first.startedAtMs,
    severity: severities.reduce<Severity | null>(
      (worst, one) => (severityRank(one) > severityRank(worst) ? one : worst),
      null,
    ),
    severities,
    findingIds: findings.map((one) => one.id),
    findingCount: rootsOf(findings).filter((one) => one.severity !== 'info').length,
    haystack: `${name} ${host} ${kindLabel}`.toLowerCase(),
    group,
    members,
  };
}

function endpointName({ sessions }: SessionGroup): { name: string; host: string } {
  const { endpoint } = sessions[0]!;
  try {
    const url = new URL(endpoint);
    return { name: url.pathname === '/' ? url.host : url.pathname, host: url.host };
  } catch {
    return { name: endpoint, host: '' };
  }
}

function jobName({ job }: JobGroup): { name: string; host: string } {
  const url = job.polls[0]?.stream.request.url ?? job.created.stream.request.url;
  return nameOf(url);
}

const END_STATES = {
  page: 'done',
  server: 'done',
  unknown: 'done',
  silence: 'cut',
  lost: 'cut',
  'unknown-session': 'cut',
  refused: 'refused',
} as const;

function sessionState({ sessions }: SessionGroup): { state: StreamState; stateWord: string } {
  const end = sessions.at(-1)?.end ?? null;
  const state = end ? END_STATES[end.cause] : 'open';
  return { state, stateWord: state };
}

const BAD_END = /^(fail|err|cancel|abort|expir|timed)/;

function jobState(
  { job }: JobGroup,
  members: readonly StreamRow[],
): { state: StreamState; stateWord: string } {
  const last = job.polls.at(-1);
  const finished = job.polls.findLast((poll) => poll.isFinal);
  if (finished?.state && BAD_END.test(finished.state)) return { state: 'failed', stateWord: 'failed' };
  if (finished) return { state: 'done', stateWord: 'done' };
  if (members.some((row) => row.state === 'open')) return { state: 'open', stateWord: 'open' };
  if (last?.outcome === 'lost') return { state: 'failed', stateWord: 'lost' };
  if (last?.outcome === 'failed') return { state: 'failed', stateWord: String(last.status) };
  // The page asks no more, and the job had not ended.
  return { state: 'aborted', stateWord: 'left' };
}
