import type { StreamRecord } from '../../trace/types';
import { headerValues } from './cookies';
import { perStream } from './per-stream';
import { originOf } from './sites';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** One answer to a question about a job. */
export interface JobPoll {
  stream: StreamRecord;
  atMs: number;
  status: number;
  /**
   * - `found`: the server knows the job
   * - `lost`: it does not (404, 410, or a state that says so)
   * - `failed`: the answer says nothing about the job (5xx, 401, 429, …)
   */
  outcome: 'found' | 'lost' | 'failed';
  /** The job's own word for its state, lower case; null when the answer has none. */
  state: string | null;
  isFinal: boolean;
  /** 0 to 1; null when the answer has none. */
  progress: number | null;
}

/** Work that one call started and later calls ask about. */
export interface Job {
  /** The id the server gave it. */
  jobId: string;
  created: StreamFacts;
  /** Where the id was found: "job_id", "Location". */
  idFrom: string;
  polls: JobPoll[];
}

const ID_FIELDS = [
  'job_id',
  'jobId',
  'task_id',
  'taskId',
  'operation_id',
  'operationId',
  'run_id',
  'runId',
  'prediction_id',
  'execution_id',
  'executionId',
];
const STATE_FIELDS = ['status', 'state', 'job_status', 'task_status', 'phase'];
const PENDING =
  /^(queued|pending|accepted|created|submitted|scheduled|waiting|starting|started|running|processing|in[_ -]?progress|active|working)$/;
const FINAL =
  /^(succeeded|success|successful|complete|completed|done|finished|failed|failure|error|errored|cancell?ed|aborted|expired|timed[_ -]?out)$/;
const UNKNOWN = /^(not[_ -]?found|unknown|missing|no[_ -]?such[_ -]?(job|task))$/;

/** Jobs of a trace with the calls that asked about them; a created job that nobody asked about is none. */
export function findJobs(facts: TraceFacts): Job[] {
  const calls = [...facts.streams.values()]
    .sort((a, b) => a.stream.timing.startedAtMs - b.stream.timing.startedAtMs)
    .map((one, index): Call => ({ facts: one, index, ...roleOf(one) }));
  if (!calls.some(({ created }) => created)) return [];
  const byName = indexByName(calls);
  const jobs = new Map<string, Job>();
  for (const { facts: created, created: found, index } of calls) {
    // A poll repeats the id in its answer; it does not create the job again.
    if (!found || jobs.has(found.jobId)) continue;
    const knownAtMs = created.stream.timing.headersAtMs ?? created.stream.timing.startedAtMs;
    const named = byName.get(found.location === null ? found.jobId : addressOf(found.location)) ?? [];
    const polls = named.flatMap((call) => {
      const { stream } = call.facts;
      if (call.index <= index || stream.timing.startedAtMs < knownAtMs || !call.poll) return [];
      return asksAbout(stream, created.stream, found) ? [call.poll] : [];
    });
    if (polls.length > 0) jobs.set(found.jobId, { jobId: found.jobId, idFrom: found.idFrom, created, polls });
  }
  return [...jobs.values()];
}

/** What one call may have to do with jobs. */
interface Role {
  created: JobId | null;
  /** What it may ask about: the parts of its address, and the address itself. */
  names: readonly string[];
  poll: JobPoll | null;
}

interface Call extends Role {
  facts: StreamFacts;
  /** Its place in the order of time. */
  index: number;
}

const roleOf = perStream((facts): Role => {
  const { stream } = facts;
  const status = stream.response?.status ?? 0;
  const isCall = stream.kind === 'fetch' || stream.kind === 'xhr';
  const names = namesOf(stream);
  return {
    created: isCall && status >= 200 && status < 300 ? createdJob(facts) : null,
    names,
    poll: names.length > 0 ? readPoll(facts) : null,
  };
});

function indexByName(calls: readonly Call[]): Map<string, Call[]> {
  const index = new Map<string, Call[]>();
  for (const call of calls) {
    for (const name of call.names) {
      const list = index.get(name);
      if (list) list.push(call);
      else index.set(name, [call]);
    }
  }
  return index;
}

/** The JSON value of an answer's body, when it was captured and is JSON. */
export function jsonBodyOf(facts: StreamFacts): unknown {
  const text =
    facts.decoded.format === 'json' ? facts.decoded.events.data[0] : facts.stream.response?.body?.text;
  if (!text || text.length > 1_000_000) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface JobId {
  jobId: string;
  idFrom: string;
  /** Address to ask at, when the server named it. */
  location: string | null;
}

function createdJob(facts: StreamFacts): JobId | null {
  const { request, response } = facts.stream;
  const headers = response?.headers ?? [];
  const location =
    headerValues(headers, 'operation-location')[0] ??
    (response?.status === 202 || response?.status === 201 ? headerValues(headers, 'location')[0] : undefined);
  const body = jsonBodyOf(facts);
  const fields = objectOf(body) ?? {};
  const nested = objectOf(fields.job) ?? objectOf(fields.task) ?? objectOf(fields.data);
  for (const [holder, prefix] of [
    [fields, ''],
    [nested ?? {}, nested ? 'data.' : ''],
  ] as const) {
    for (const field of ID_FIELDS) {
      const id = idOf(holder[field]);
      if (id) return { jobId: id, idFrom: prefix + field, location: null };
    }
    const id = idOf(holder.id);
    const state = stateOf(holder);
    // An `id` alone is everywhere; with the state of unfinished work, from a call that creates, it is a job.
    if (id && state && PENDING.test(state) && request.method !== 'GET') {
      return { jobId: id, idFrom: `${prefix}id`, location: null };
    }
  }
  if (location) {
    try {
      const url = new URL(location, response?.url || request.url);
      const id = decodeURIComponent(url.pathname.split('/').filter(Boolean).at(-1) ?? '');
      if (id) return { jobId: id, idFrom: 'Location', location: url.href };
    } catch {
      // A broken Location names no job.
    }
  }
  return null;
}

const ASKING_METHODS = new Set(['GET', 'HEAD', 'POST']);
/** Addresses with more parts than this are no questions about a job. */
const MAX_NAMES = 50;

function namesOf({ kind, request }: StreamRecord): string[] {
  if (kind !== 'fetch' && kind !== 'xhr' && kind !== 'eventsource') return [];
  if (!ASKING_METHODS.has(request.method)) return [];
  let url: URL;
  try {
    url = new URL(request.url);
  } catch {
    return [];
  }
  const parts = [...url.pathname.split('/').map(decode), ...url.searchParams.values()].filter(Boolean);
  return [...new Set([...parts.slice(0, MAX_NAMES), url.origin + url.pathname])];
}

/** `poll` names the job; is it asked of the right server? */
function asksAbout(poll: StreamRecord, created: StreamRecord, job: JobId): boolean {
  if (job.location !== null) return true;
  // A short number could be anything's id: it must at least be asked of the same server.
  return job.jobId.length >= 6 || originOf(poll.request.url) === originOf(created.request.url);
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Without query and fragment; empty when it is none. */
function addressOf(address: string): string {
  try {
    const { origin, pathname } = new URL(address);
    return origin + pathname;
  } catch {
    return '';
  }
}

function readPoll(facts: StreamFacts): JobPoll | null {
  const { stream } = facts;
  const status = stream.response?.status ?? 0;
  if (status === 0) return null;
  const fields = objectOf(jsonBodyOf(facts)) ?? {};
  const nested = objectOf(fields.job) ?? objectOf(fields.task) ?? objectOf(fields.data) ?? {};
  const state = stateOf(fields) ?? stateOf(nested);
  const isLost = status === 404 || status === 410 || (state !== null && UNKNOWN.test(state));
  return {
    stream,
    atMs: stream.timing.headersAtMs ?? stream.end?.atMs ?? stream.timing.startedAtMs,
    status,
    outcome: isLost ? 'lost' : status < 400 ? 'found' : 'failed',
    state,
    isFinal: state !== null && FINAL.test(state),
    progress: progressOf(fields) ?? progressOf(nested),
  };
}

/** Answers that say the job is unknown although it had not finished: after its end it may expire. */
export function lostPolls(job: Job): JobPoll[] {
  const finishedAt = job.polls.findIndex((poll) => poll.outcome === 'found' && poll.isFinal);
  const open = finishedAt < 0 ? job.polls : job.polls.slice(0, finishedAt);
  return open.filter((poll) => poll.outcome === 'lost');
}

/** Known to one answer and unknown to another, by turns: more than one server answers, and they share nothing. */
export function alternates(job: Job): boolean {
  const lost = lostPolls(job);
  const found = job.polls.filter((poll) => poll.outcome === 'found');
  return (
    lost.length > 0 && found.length > 0 && lost.some((one) => found.some((other) => other.atMs > one.atMs))
  );
}

function objectOf(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : null;
}

function idOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  return typeof value === 'string' && value.length > 0 && value.length <= 256 ? value : null;
}

function stateOf(fields: Record<string, unknown>): string | null {
  for (const name of STATE_FIELDS) {
    const value = fields[name];
    if (typeof value === 'string' && value.length <= 64) return value.toLowerCase();
  }
  return null;
}

function progressOf(fields: Record<string, unknown>): number | null {
  const value = fields.progress ?? fields.percent ?? fields.percentage;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) return null;
  return value <= 1 ? value : Math.min(value / 100, 1);
}
