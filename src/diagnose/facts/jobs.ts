import type { StreamRecord } from '../../trace/types';
import { headerValues } from './cookies';
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
  const jobs: Job[] = [];
  const inOrder = [...facts.streams.values()].sort(
    (a, b) => a.stream.timing.startedAtMs - b.stream.timing.startedAtMs,
  );
  inOrder.forEach((created, index) => {
    if (created.stream.kind !== 'fetch' && created.stream.kind !== 'xhr') return;
    const status = created.stream.response?.status ?? 0;
    if (status < 200 || status >= 300) return;
    const found = createdJob(created);
    if (!found) return;
    // A poll repeats the id in its answer; it does not create the job again.
    if (jobs.some((job) => job.jobId === found.jobId)) return;
    const knownAtMs = created.stream.timing.headersAtMs ?? created.stream.timing.startedAtMs;
    const polls = inOrder
      .slice(index + 1)
      .filter(
        (one) => one.stream.timing.startedAtMs >= knownAtMs && asksAbout(one.stream, created.stream, found),
      )
      .flatMap((one) => readPoll(one));
    if (polls.length > 0) jobs.push({ ...found, created, polls });
  });
  return jobs;
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

function asksAbout(poll: StreamRecord, created: StreamRecord, job: JobId): boolean {
  if (poll.kind !== 'fetch' && poll.kind !== 'xhr' && poll.kind !== 'eventsource') return false;
  if (poll.request.method !== 'GET' && poll.request.method !== 'HEAD' && poll.request.method !== 'POST')
    return false;
  if (job.location !== null) return sameAddress(poll.request.url, job.location);
  let url: URL;
  try {
    url = new URL(poll.request.url);
  } catch {
    return false;
  }
  const parts = [...url.pathname.split('/').map(decode), ...url.searchParams.values()];
  if (!parts.includes(job.jobId)) return false;
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

function sameAddress(a: string, b: string): boolean {
  try {
    const left = new URL(a);
    const right = new URL(b);
    return left.origin === right.origin && left.pathname === right.pathname;
  } catch {
    return false;
  }
}

function readPoll(facts: StreamFacts): JobPoll[] {
  const { stream } = facts;
  const status = stream.response?.status ?? 0;
  if (status === 0) return [];
  const fields = objectOf(jsonBodyOf(facts)) ?? {};
  const nested = objectOf(fields.job) ?? objectOf(fields.task) ?? objectOf(fields.data) ?? {};
  const state = stateOf(fields) ?? stateOf(nested);
  const isLost = status === 404 || status === 410 || (state !== null && UNKNOWN.test(state));
  return [
    {
      stream,
      atMs: stream.timing.headersAtMs ?? stream.end?.atMs ?? stream.timing.startedAtMs,
      status,
      outcome: isLost ? 'lost' : status < 400 ? 'found' : 'failed',
      state,
      isFinal: state !== null && FINAL.test(state),
      progress: progressOf(fields) ?? progressOf(nested),
    },
  ];
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
