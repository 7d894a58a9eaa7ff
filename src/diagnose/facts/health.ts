import type { RuleId } from '../../trace/ids';
import type { Diagnosis, Finding, Severity } from '../rule';
import { cutOf } from './cuts';
import { type Ending, endingOf, isOpened, netErrorOf } from './endings';
import { lineagesOf } from './lives';
import { BIN_EDGES_MS, LogHistogram } from './log-histogram';
import { type EngineIoSession, sessionsOf } from './sessions';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/**
 * How a stream came out.
 * - `complete` whole, as far as its own protocol tells · `cut` something other than the page ended it early
 * - `failed` answered with an error status · `refused` it never opened · `unanswered` it ended without a word why
 * - `page` the page ended it · `client` the user's own network went away · `open` it has not ended
 */
export type Outcome = 'complete' | 'cut' | 'failed' | 'refused' | 'unanswered' | 'page' | 'client' | 'open';

/** Outcomes that a rate is made of: the others say nothing about the service. */
const COUNTED: ReadonlySet<Outcome> = new Set(['complete', 'cut', 'failed', 'refused']);
const BAD: ReadonlySet<Outcome> = new Set(['cut', 'failed', 'refused']);

/** Several durations in a few numbers, ms; null where there are none. */
export interface Spread {
  count: number;
  meanMs: number | null;
  medianMs: number | null;
  /** Nineteen of twenty are no longer. */
  p95Ms: number | null;
  longestMs: number | null;
}

export interface Rate {
  done: number;
  of: number;
}

export interface FindingCount {
  id: RuleId;
  title: string;
  severity: Severity;
  count: number;
}

/** One endpoint (method and address with ids replaced). */
export interface EndpointHealth {
  endpoint: string;
  streams: number;
  outcomes: Partial<Record<Outcome, number>>;
  completion: Rate;
  firstByte: Spread;
  /** Of each stream the longest and the median silence between two deliveries. */
  longestGap: Spread;
  medianGap: Spread;
  findings: FindingCount[];
}

/** What happened to connections that are meant to last: WebSocket, EventSource, Socket.IO sessions. */
export interface ConnectionHealth {
  /** Opened, of those that were tried and not given up by the page. */
  opened: Rate;
  connect: Spread;
  /** Sessions that moved from polling to WebSocket, of those that tried, and how long they took for it. */
  upgraded: Rate;
  upgrade: Spread;
  /** Connections opened anew to a place where one of the same page had ended before. */
  reconnects: number;
}

/** When each stream was there, trace ms; null: open to the end. */
export interface StreamSpan {
  startMs: number;
  endMs: number | null;
  outcome: Outcome;
}

export interface TraceHealth {
  streams: number;
  /** Requests that are no streams: counted, and judged by their status only. */
  calls: number;
  outcomes: Partial<Record<Outcome, number>>;
  completion: Rate;
  /** Age of the streams that ended. */
  duration: Spread;
  /** Request to headers, of everything that was answered. */
  answer: Spread;
  firstByte: Spread;
  /** Answers with a 5xx status, and connections that were refused outright; of calls as well. */
  serverErrors: number;
  rejectedConnections: number;
  /** Why streams were cut, failed or never opened; the most frequent first. */
  causes: { cause: string; count: number }[];
  connections: ConnectionHealth;
  severities: Record<Severity, number>;
  /** Causes only: what another finding explains is not counted again. Worst first. */
  findings: FindingCount[];
  /** The ones with the worst findings first, then by their number of streams. */
  endpoints: EndpointHealth[];
  endpointsLeftOut: number;
  /** Distributions, log-spaced; lower edges ms. */
  firstByteBins: number[];
  gapBins: number[];
  binEdgesMs: readonly number[];
  spans: StreamSpan[];
  spansLeftOut: number;
  /** Last moment of the recording, trace ms. */
  endMs: number;
}

/** More endpoints or streams than this are no overview. */
const MAX_ENDPOINTS = 200;
const MAX_SPANS = 20_000;
const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** The figures by which a service is watched, of one recording. */
export function healthOf(trace: TraceFacts, diagnosis: Diagnosis): TraceHealth {
  const causes = diagnosis.findings.filter((one) => one.supersededBy === null);
  const byStream = findingsByStream(diagnosis.findings);
  const members = [...trace.streams.values()];
  const streams = members.filter(isStream);
  const judged = streams.map((facts) => ({ facts, outcome: outcomeOf(facts, trace) }));
  const outcomes = countOutcomes(judged.map(({ outcome }) => outcome));
  // A call with a finding (a lost job's poll) belongs to the picture as well.
  const ids = new Set(causes.map((one) => one.stream.id));
  const accused = members.filter((facts) => !isStream(facts) && ids.has(facts.stream.id));
  const endpoints = endpointsOf(
    [...judged, ...accused.map((facts) => ({ facts, outcome: outcomeOf(facts, trace) }))],
    causes,
  );
  const gaps = new LogHistogram();
  const gapBins = gaps.bins.slice();
  for (const facts of streams) {
    for (const [bin, count] of facts.gaps.histogram.entries()) gapBins[bin] = (gapBins[bin] ?? 0) + count;
  }
  const firstByteMs = known(streams.map((facts) => facts.firstByteMs));
  const firstByte = new LogHistogram();
  for (const ms of firstByteMs) firstByte.add(Math.max(0, ms));
  return {
    streams: streams.length,
    calls: members.length - streams.length,
    outcomes,
    completion: completionOf(outcomes),
    duration: spreadOf(streams.filter(({ stream }) => stream.end !== null).map(({ ageMs }) => ageMs)),
    answer: spreadOf(known(members.map(({ headersMs }) => headersMs))),
    firstByte: spreadOf(firstByteMs),
    serverErrors: members.filter(({ stream }) => (stream.response?.status ?? 0) >= 500).length,
    rejectedConnections: members.filter(({ stream }) => netErrorOf(stream) === 'ERR_CONNECTION_REFUSED')
      .length,
    causes: causesOf(judged, byStream),
    connections: connectionsOf(trace, judged),
    severities: countSeverities(causes),
    findings: countFindings(causes),
    endpoints: endpoints.slice(0, MAX_ENDPOINTS),
    endpointsLeftOut: Math.max(0, endpoints.length - MAX_ENDPOINTS),
    firstByteBins: firstByte.bins,
    gapBins,
    binEdgesMs: BIN_EDGES_MS,
    spans: judged.slice(0, MAX_SPANS).map(({ facts: { stream }, outcome }) => ({
      startMs: stream.timing.startedAtMs,
      endMs: stream.end?.atMs ?? null,
      outcome,
    })),
    spansLeftOut: Math.max(0, judged.length - MAX_SPANS),
    endMs: trace.nowMs,
  };
}

/** A stream, or what was meant to become one. */
function isStream(facts: StreamFacts): boolean {
  const { kind } = facts.stream;
  return facts.nature === 'stream' || facts.askedForStream || kind === 'websocket' || kind === 'eventsource';
}

export function outcomeOf(facts: StreamFacts, trace: TraceFacts): Outcome {
  const { stream } = facts;
  const ending = endingOf(stream);
  if (ending === 'client') return 'client';
  // The browser calls a failed handshake aborted; the record of the page's own view knows better.
  if (stream.kind === 'websocket' && stream.end?.kind === 'refused') return 'refused';
  // An error answer is one, whoever stopped reading it.
  if ((stream.response?.status ?? 0) >= 400) return 'failed';
  if (cutOf(facts, trace)) return isOpened(stream) ? 'cut' : 'refused';
  return OUTCOMES[ending];
}

const OUTCOMES: Record<Ending, Outcome> = {
  open: 'open',
  clean: 'complete',
  page: 'page',
  framing: 'cut',
  lost: 'refused',
  client: 'client',
  refused: 'refused',
  unnamed: 'unanswered',
};

type Judged = { facts: StreamFacts; outcome: Outcome };

function countOutcomes(outcomes: readonly Outcome[]): Partial<Record<Outcome, number>> {
  const counts: Partial<Record<Outcome, number>> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}

function completionOf(outcomes: Partial<Record<Outcome, number>>): Rate {
  let of = 0;
  for (const outcome of COUNTED) of += outcomes[outcome] ?? 0;
  return { done: outcomes.complete ?? 0, of };
}

/** The finding that explains it; else what the network or the server said. */
function causesOf(
  judged: readonly Judged[],
  byStream: ReadonlyMap<string, readonly Finding[]>,
): TraceHealth['causes'] {
  const counts = new Map<string, number>();
  for (const { facts, outcome } of judged) {
    if (!BAD.has(outcome)) continue;
    const cause = causeOf(facts, byStream.get(facts.stream.id) ?? []);
    counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  return [...counts].map(([cause, count]) => ({ cause, count })).sort((a, b) => b.count - a.count);
}

/** Rules that say why a stream ended as it did, as against how it flowed before. */
const ENDING_RULES: ReadonlySet<string> = new Set<RuleId>([
  'gateway-timeout',
  'idle-cut',
  'duration-cap',
  'http2-protocol-error',
  'connection-lost',
  'incomplete-stream',
  'wrong-content-type',
  'masked-status',
  'reconnect-loop',
  'cors-credentials',
  'refused-upgrade',
  'websocket-first',
  'unknown-session',
  'missing-affinity',
  'lost-job',
  'ping-timeout',
]);

function causeOf({ stream }: StreamFacts, findings: readonly Finding[]): string {
  const telling = findings.filter(({ id }) => ENDING_RULES.has(id));
  const finding = telling.find(({ supersededBy }) => supersededBy === null) ?? telling[0];
  if (finding) return finding.id;
  const status = stream.response?.status ?? 0;
  if (status >= 400) return `status ${status}`;
  if (stream.kind === 'websocket' && stream.end?.kind === 'refused') return 'handshake refused';
  return netErrorOf(stream) ?? 'no known cause';
}

function connectionsOf(trace: TraceFacts, judged: readonly Judged[]): ConnectionHealth {
  const sessions = sessionsOf(trace);
  const carried = new Set(sessions.flatMap(({ exchanges }) => exchanges.map(({ stream }) => stream.id)));
  const opened: Rate = { done: 0, of: 0 };
  const connectMs: number[] = [];
  for (const { facts, outcome } of judged) {
    const { stream } = facts;
    const lasts = stream.kind === 'websocket' || stream.kind === 'eventsource';
    // A session's own requests and sockets are told by the session.
    if (!lasts || carried.has(stream.id)) continue;
    const isOpen = isOpened(stream) && outcome !== 'refused' && outcome !== 'failed';
    if (!isOpen && (outcome === 'page' || outcome === 'client' || outcome === 'open')) continue;
    opened.of++;
    if (!isOpen) continue;
    opened.done++;
    if (facts.headersMs !== null) connectMs.push(facts.headersMs);
  }
  const upgraded: Rate = { done: 0, of: 0 };
  const upgradeMs: number[] = [];
  for (const session of sessions) {
    countSession(session, opened, connectMs);
    const settled = session.upgrades.filter(({ outcome }) => outcome !== 'pending' && outcome !== 'unknown');
    const changed = settled.find(({ outcome }) => outcome === 'changed');
    if (settled.length > 0) upgraded.of++;
    if (!changed) continue;
    upgraded.done++;
    if (changed.changedAtMs !== null) upgradeMs.push(changed.changedAtMs - changed.startedAtMs);
  }
  return {
    opened,
    connect: spreadOf(connectMs),
    upgraded,
    upgrade: spreadOf(upgradeMs),
    reconnects: reconnectsOf(trace, sessions, carried),
  };
}

function countSession({ handshake }: EngineIoSession, opened: Rate, connectMs: number[]): void {
  // Its beginning was not recorded: nothing is known of it.
  if (!handshake) return;
  opened.of++;
  if (handshake.openedAtMs === null) return;
  opened.done++;
  connectMs.push(handshake.openedAtMs - handshake.askedAtMs);
}

function reconnectsOf(
  trace: TraceFacts,
  sessions: readonly EngineIoSession[],
  carried: ReadonlySet<string>,
): number {
  let count = sessions.filter(({ previousId }) => previousId !== null).length;
  for (const { lives } of lineagesOf(trace)) {
    const own = lives.filter(({ facts }) => !carried.has(facts.stream.id));
    for (const [index, life] of own.entries()) {
      const before = own[index - 1];
      // Two at a time are two connections, not one that came back.
      if (before && before.endMs !== null && before.endMs <= life.startMs && before.diedByItself) count++;
    }
  }
  return count;
}

function endpointsOf(judged: readonly Judged[], causes: readonly Finding[]): EndpointHealth[] {
  const groups = new Map<string, Judged[]>();
  const endpointOfStream = new Map<string, string>();
  for (const one of judged) {
    const { endpoint, stream } = one.facts;
    endpointOfStream.set(stream.id, endpoint);
    const group = groups.get(endpoint);
    if (group) group.push(one);
    else groups.set(endpoint, [one]);
  }
  const findings = new Map<string, Finding[]>();
  for (const finding of causes) {
    const endpoint = endpointOfStream.get(finding.stream.id);
    if (endpoint === undefined) continue;
    const list = findings.get(endpoint);
    if (list) list.push(finding);
    else findings.set(endpoint, [finding]);
  }
  return [...groups]
    .map(([endpoint, group]) => endpointHealth(endpoint, group, findings.get(endpoint) ?? []))
    .sort((a, b) => badness(b) - badness(a) || b.streams - a.streams);
}

function endpointHealth(
  endpoint: string,
  group: readonly Judged[],
  findings: readonly Finding[],
): EndpointHealth {
  const outcomes = countOutcomes(group.map(({ outcome }) => outcome));
  const rhythmic = group.filter(({ facts }) => facts.arrivals.count > 1 && facts.timesKnown);
  return {
    endpoint,
    streams: group.length,
    outcomes,
    completion: completionOf(outcomes),
    firstByte: spreadOf(known(group.map(({ facts }) => facts.firstByteMs))),
    longestGap: spreadOf(rhythmic.map(({ facts }) => facts.gaps.longestMs)),
    medianGap: spreadOf(rhythmic.map(({ facts }) => facts.gaps.medianMs)),
    findings: countFindings(findings),
  };
}

const WEIGHTS: Record<Severity, number> = { error: 1_000_000, warning: 1000, info: 0 };

function badness({ findings }: EndpointHealth): number {
  return findings.reduce((sum, { severity, count }) => sum + WEIGHTS[severity] * Math.min(count, 999), 0);
}

function countSeverities(findings: readonly Finding[]): Record<Severity, number> {
  const counts: Record<Severity, number> = { error: 0, warning: 0, info: 0 };
  for (const { severity } of findings) counts[severity]++;
  return counts;
}

function countFindings(findings: readonly Finding[]): FindingCount[] {
  const counts = new Map<string, FindingCount>();
  for (const { id, title, severity } of findings) {
    const key = `${id} ${severity}`;
    const known = counts.get(key);
    if (known) known.count++;
    else counts.set(key, { id: id as RuleId, title, severity, count: 1 });
  }
  return [...counts.values()].sort(
    (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.count - a.count,
  );
}

function findingsByStream(findings: readonly Finding[]): Map<string, Finding[]> {
  const byStream = new Map<string, Finding[]>();
  for (const finding of findings) {
    const list = byStream.get(finding.stream.id);
    if (list) list.push(finding);
    else byStream.set(finding.stream.id, [finding]);
  }
  return byStream;
}

function known(values: readonly (number | null)[]): number[] {
  return values.filter((value) => value !== null);
}

/** Nearest-rank percentiles: with few values these are values that were measured. */
export function spreadOf(valuesMs: readonly number[]): Spread {
  if (valuesMs.length === 0) return { count: 0, meanMs: null, medianMs: null, p95Ms: null, longestMs: null };
  const sorted = [...valuesMs].sort((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return {
    count: sorted.length,
    meanMs: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    medianMs: rank(0.5),
    p95Ms: rank(0.95),
    longestMs: sorted.at(-1)!,
  };
}

/** How many streams were open at each of `columns` evenly spaced moments from 0 to `endMs`. */
export function openStreams(
  health: Pick<TraceHealth, 'spans' | 'endMs'>,
  columns: number,
): { atMs: number[]; open: number[]; bad: number[] } {
  const stepMs = Math.max(1e-3, health.endMs / columns);
  const change = new Array<number>(columns + 2).fill(0);
  const bad = new Array<number>(columns + 1).fill(0);
  const columnOf = (ms: number) => Math.min(columns, Math.max(0, Math.floor(ms / stepMs)));
  for (const { startMs, endMs, outcome } of health.spans) {
    const from = columnOf(startMs);
    // Streams shorter than a column are seen in it.
    const to = endMs === null ? columns : columnOf(endMs);
    change[from]! += 1;
    change[to + 1]! -= 1;
    if (BAD.has(outcome)) bad[to]! += 1;
  }
  let now = 0;
  const open = bad.map((_, column) => {
    now += change[column]!;
    return now;
  });
  return { atMs: open.map((_, column) => column * stepMs), open, bad };
}
