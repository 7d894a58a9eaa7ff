import { parseObject } from '../../decode/json';
import type { StreamRecord } from '../../trace/types';
import { bodyTextOf } from './body-text';
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
  /** When the page itself cancelled or deleted it, trace ms; null when it did not. */
  cancelledAtMs: number | null;
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
  /^(queued|in[_ -]?queue|enqueued|pending|accepted|created|submitted|scheduled|waiting|not[_ -]?started|validating|preparing|initializing|starting|started|running|processing|in[_ -]?progress|active|working)$/;
const FINAL =
  /^(succeeded|succeed|success|successful|ok|complete|completed|done|finish|finished|ready|ended|fail|failed|failure|error|errored|rejected|cancell?ed|aborted|stopped|terminated|killed|deleted|revoked|incomplete|expired|timeout|timed[_ -]?out|partially[_ -]completed|completed[_ -]with[_ -]errors)$/;
/** Members that are there when the work is done, where nothing names its state. */
const RESULT_FIELDS = ['result', 'results', 'output', 'outputs'];
/** Members that say by being true that there is no more to come (long-running operations of Google's APIs: `done`). */
const FINAL_FLAGS = ['done', 'finished', 'completed', 'is_done', 'isDone', 'is_finished', 'isFinished'];
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
    const calledSo = byName.get(found.location === null ? found.jobId : addressOf(found.location)) ?? [];
    const later = calledSo.filter(
      (call) =>
        call.index > index &&
        call.facts.stream.timing.startedAtMs >= knownAtMs &&
        asksAbout(call.facts.stream, created.stream, found),
    );
    const named = later.flatMap(({ poll }) => (poll ? [aboutJob(poll, found.jobId)] : []));
    const polls = settled(withoutNamesakes(named));
    const cancel = later.find((call) => call.cancels);
    if (polls.length === 0) continue;
    const cancelledAtMs = cancel?.facts.stream.timing.startedAtMs ?? null;
    jobs.set(found.jobId, { jobId: found.jobId, idFrom: found.idFrom, created, polls, cancelledAtMs });
  }
  return [...jobs.values()];
}

/** What one call may have to do with jobs. */
interface Role {
  created: JobId | null;
  /** What it may ask about: the parts of its address, and the address itself. */
  names: readonly string[];
  poll: JobPoll | null;
  /** It ends a job instead of asking about it. */
  cancels: boolean;
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
  const cancels = names.length > 0 && isCancel(stream);
  return {
    created: isCall && !cancels && status >= 200 && status < 300 ? createdJob(facts) : null,
    names,
    poll: names.length > 0 && !cancels ? readPoll(facts) : null,
    cancels: cancels && status < 400,
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

const NAMING_METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);
const CANCEL_WORD = /^(cancel|abort|stop|kill|terminate|delete|remove|dismiss|archive)$/i;
/** Addresses with more parts than this are no questions about a job. */
const MAX_NAMES = 50;

function namesOf({ kind, request }: StreamRecord): string[] {
  if (kind !== 'fetch' && kind !== 'xhr' && kind !== 'eventsource') return [];
  if (!NAMING_METHODS.has(request.method)) return [];
  let url: URL;
  try {
    url = new URL(request.url);
  } catch {
    return [];
  }
  const path = url.pathname.split('/').map(decode);
  const parts = [...path, ...url.searchParams.values()].filter(Boolean);
  // `POST /jobs/cancel` names its job in the body.
  if (CANCEL_WORD.test(path.at(-1) ?? '')) parts.push(...Object.values(bodyFieldsOf(request)));
  return [...new Set([...parts.slice(0, MAX_NAMES), url.origin + url.pathname])];
}

function bodyFieldsOf({ body }: StreamRecord['request']): Record<string, string> {
  const value = body && body.text.length <= 10_000 ? parseObject(body.text) : null;
  const texts = Object.entries(value ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return Object.fromEntries(texts);
}

/** `DELETE /jobs/7`, `POST /jobs/7/cancel`, `POST /jobs/cancel`, `POST /jobs/7:cancel` (Google's APIs). */
function isCancel({ request }: StreamRecord): boolean {
  if (request.method === 'DELETE') return true;
  if (request.method === 'GET' || request.method === 'HEAD') return false;
  const path = addressOf(request.url);
  return CANCEL_WORD.test(/[/:]([a-z]+)\/?$/i.exec(path)?.[1] ?? '');
}

/** `poll` names the job; is it asked of the right server? */
function asksAbout(poll: StreamRecord, created: StreamRecord, job: JobId): boolean {
  if (job.location !== null) return true;
  if (job.jobId.length >= 6) return true;
  // A short number could be anything's id: it must be asked of the same server, at an address about work.
  if (originOf(poll.request.url) !== originOf(created.request.url)) return false;
  const path = partsOf(poll.request.url);
  const isAboutWork = WORK_WORD.test(path.join('/'));
  return (
    isAboutWork || partsOf(created.request.url).some((part) => part !== job.jobId && path.includes(part))
  );
}

/** Path and query of an address about work that goes on. */
const WORK_WORD =
  /job|task|operation|run|execution|prediction|workflow|queue|status|progress|poll|result|batch|report|export|import/i;

function partsOf(url: string): string[] {
  const { pathname, search } = new URL(url);
  return [...pathname.split('/'), search].filter(Boolean);
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
    isFinal: state !== null ? FINAL.test(state) : isDone(fields) || isDone(nested),
    progress: progressOf(fields) ?? progressOf(nested),
  };
}

function isDone(fields: Record<string, unknown>): boolean {
  return (
    FINAL_FLAGS.some((flag) => fields[flag] === true) || RESULT_FIELDS.some((name) => fields[name] != null)
  );
}

/** What follows the id in an address that still asks about the job itself. */
const STATUS_WORD = /^(status|state|progress|poll|info|check|events|stream|subscribe|updates)$/i;

const JOB_NOUN = '(?:job|task|operation|run|execution|prediction|workflow)';
/** The answer itself says that there is no such job. */
const NO_SUCH_JOB = new RegExp(
  `\\b${JOB_NOUN}s?\\b(?: id)?(?: ?['"\\w:-]{1,80})? ?(?:was |is |has )?(?:not[ _-]?found|unknown|expired|does ?n[o']t exist)|\\b(?:no such|unknown|missing|invalid) ${JOB_NOUN}\\b|\\b${JOB_NOUN}_not_found`,
  'i',
);

/**
 * A part of the job (its result, a picture, an invoice) that is not there yet says nothing about the job, unless the
 * answer says so.
 */
function aboutJob(poll: JobPoll, jobId: string): JobPoll {
  if (poll.outcome !== 'lost' || poll.status < 400 || poll.stream.kind === 'eventsource') return poll;
  const parts = addressOf(poll.stream.request.url).split('/').map(decode).filter(Boolean);
  const idAt = parts.lastIndexOf(jobId);
  const isWhole = idAt < 0 || idAt === parts.length - 1 || STATUS_WORD.test(parts.at(-1)!);
  if (isWhole || NO_SUCH_JOB.test(bodyTextOf(poll.stream).slice(0, 1000))) return poll;
  return { ...poll, outcome: 'failed' };
}

/**
 * The id may name other things as well (feedback on a run): an address that never knew it, while another address did,
 * asks about something else, unless its answer speaks of the job.
 */
function withoutNamesakes(polls: JobPoll[]): JobPoll[] {
  const known = new Set(
    polls.filter(({ outcome }) => outcome === 'found').map(({ stream }) => addressOf(stream.request.url)),
  );
  if (known.size === 0) return polls;
  return polls.filter(
    ({ outcome, stream }) =>
      outcome !== 'lost' ||
      known.has(addressOf(stream.request.url)) ||
      NO_SUCH_JOB.test(bodyTextOf(stream).slice(0, 1000)),
  );
}

/** Long-running operations say with another status that they are done: 202 while they run, then 200; or 303 to the result. */
function settled(polls: readonly JobPoll[]): JobPoll[] {
  let hasWaited = false;
  return polls.map((poll) => {
    if (poll.status === 202) hasWaited = true;
    const isDone = poll.status === 303 || (poll.status === 200 && hasWaited && poll.state === null);
    return isDone ? { ...poll, isFinal: true } : poll;
  });
}

/** Answers that say the job is unknown although it had not finished: after its end it may expire. */
export function lostPolls(job: Job): JobPoll[] {
  return openPolls(job).filter((poll) => poll.outcome === 'lost');
}

/** Those of its life: up to the one that found it finished, and before the page ended it. */
function openPolls({ polls, cancelledAtMs }: Job): JobPoll[] {
  const finishedAt = polls.findIndex((poll) => poll.outcome === 'found' && poll.isFinal);
  const open = finishedAt < 0 ? polls : polls.slice(0, finishedAt + 1);
  return cancelledAtMs === null
    ? open
    : open.filter(({ stream }) => stream.timing.startedAtMs < cancelledAtMs);
}

/**
 * Known to one answer and unknown to another, by turns: more than one server answers, and they share nothing. Once from
 * unknown to known is a job that was asked about too early, once from known to unknown one that was forgotten.
 */
export function alternates(job: Job): boolean {
  const told = openPolls(job).filter(({ outcome }) => outcome !== 'failed');
  const changes = told.filter((poll, index) => index > 0 && poll.outcome !== told[index - 1]!.outcome);
  return changes.length >= 2;
}

/** Unknown at first, and known from then on. */
export function appearsLate(job: Job): boolean {
  const told = openPolls(job).filter(({ outcome }) => outcome !== 'failed');
  const firstFound = told.findIndex(({ outcome }) => outcome === 'found');
  const known = firstFound < 0 ? [] : told.slice(firstFound);
  if (firstFound < 1 || known.some(({ outcome }) => outcome === 'lost')) return false;
  return known.length >= 2 || known[0]!.isFinal;
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
