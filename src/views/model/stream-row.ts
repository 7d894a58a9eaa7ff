import type { BodyFormat } from '../../decode/types';
import type { StreamFacts } from '../../diagnose/facts/stream-facts';
import type { Finding, Severity } from '../../diagnose/rule';
import type { StreamKind, StreamRecord } from '../../trace/types';

/** How a stream stands, in one word that the table, the filter and screen readers share. */
export type StreamState = 'open' | 'done' | 'cut' | 'refused' | 'aborted' | 'failed';

/** Everything the table shows, sorts and filters by. Never changed in place: a stream that moved gets a new row. */
export interface StreamRow {
  readonly id: string;
  /** Position in the recording, from 0. */
  readonly order: number;
  readonly name: string;
  readonly host: string;
  readonly url: string;
  readonly method: string;
  /** The last two are groups of streams (`groups.ts`). */
  readonly kind: StreamKind | 'socket.io' | 'job';
  readonly kindLabel: string;
  readonly format: BodyFormat | null;
  readonly nature: StreamFacts['nature'] | null;
  readonly protocol: string | null;
  readonly status: number | null;
  readonly state: StreamState;
  /** The word of the state column: the state, or the HTTP status when that says more. */
  readonly stateWord: string;
  readonly firstByteMs: number | null;
  readonly events: number;
  readonly byteLength: number;
  /** Longest silence, ms: before the first byte, between deliveries, or since the last one while open. */
  readonly longestGapMs: number | null;
  readonly startedAtMs: number;
  readonly severity: Severity | null;
  readonly severities: readonly Severity[];
  readonly findingIds: readonly string[];
  /** Findings that matter and that no other finding of this stream explains: what the badge counts. */
  readonly findingCount: number;
  /** Lower-case text that a plain word is looked for in. */
  readonly haystack: string;
}

const KIND_LABELS: Record<StreamKind, string> = {
  fetch: 'fetch',
  xhr: 'XHR',
  eventsource: 'EventSource',
  websocket: 'WebSocket',
  document: 'document',
  other: 'other',
};

const SEVERITY_ORDER: Record<Severity, number> = { error: 3, warning: 2, info: 1 };

export function severityRank(severity: Severity | null): number {
  return severity ? SEVERITY_ORDER[severity] : 0;
}

/** Name and host of an address: last path segment with its query, as the Network panel does. */
export function nameOf(url: string): { name: string; host: string } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return { name: url || '(no address)', host: '' };
  }
  if (!parsed.host) return { name: url, host: '' };
  const parts = parsed.pathname.split('/').filter(Boolean);
  const last = parts.at(-1);
  // A bare id says little without what it belongs to: "jobs/abc123".
  const before = parts.at(-2);
  const isId = last !== undefined && before !== undefined && /\d/.test(last) && !/^v\d+$/.test(last);
  const name = isId ? `${before}/${last}` : (last ?? '/');
  return { name: safeDecode(name) + parsed.search, host: parsed.host };
}

export function stateOf(stream: StreamRecord): StreamState {
  const status = stream.response?.status ?? 0;
  if (!stream.end) return 'open';
  if (stream.end.kind === 'refused') return 'refused';
  if (stream.end.kind === 'error') return 'cut';
  if (stream.end.kind === 'aborted') return 'aborted';
  return status >= 400 ? 'failed' : 'done';
}

/** Builds a row from the record and its facts; without facts (not judged yet) the measured columns are unknown. */
export function streamRow(
  order: number,
  stream: StreamRecord,
  facts: StreamFacts | undefined,
  findings: readonly Finding[],
): StreamRow {
  const { name, host } = nameOf(stream.request.url);
  const state = stateOf(stream);
  const status = stream.response?.status || null;
  const severities = findings.map((one) => one.severity);
  const kindLabel = KIND_LABELS[stream.kind];
  const protocol = stream.response?.protocol ?? null;
  return {
    id: stream.id,
    order,
    name,
    host,
    url: stream.request.url,
    method: stream.request.method,
    kind: stream.kind,
    kindLabel,
    format: facts?.decoded.format ?? null,
    nature: facts?.nature ?? null,
    protocol,
    status,
    state,
    stateWord: status !== null && status >= 400 ? String(status) : state,
    firstByteMs: facts?.firstByteMs ?? null,
    events: facts?.eventCount ?? 0,
    byteLength: facts?.byteLength ?? 0,
    longestGapMs: facts ? longestSilenceMs(stream, facts) : null,
    startedAtMs: stream.timing.startedAtMs,
    severity: severities.reduce<Severity | null>(
      (worst, one) => (severityRank(one) > severityRank(worst) ? one : worst),
      null,
    ),
    severities,
    findingIds: findings.map((one) => one.id),
    findingCount: rootsOf(findings).filter((one) => one.severity !== 'info').length,
    haystack: `${stream.request.method} ${stream.request.url} ${kindLabel}`.toLowerCase(),
  };
}

/** Findings that none of the others given explains. */
export function rootsOf(findings: readonly Finding[]): Finding[] {
  const keys = new Set(findings.map((one) => one.key));
  return findings.filter((one) => one.supersededBy === null || !keys.has(one.supersededBy));
}

/** Before the first byte, between deliveries, or since the last one while open, ms. */
export function longestSilenceMs(stream: StreamRecord, facts: StreamFacts): number | null {
  if (facts.firstByteMs === null && facts.byteLength === 0) return stream.end ? null : facts.ageMs;
  return Math.max(facts.firstByteMs ?? 0, facts.gaps.longestMs, stream.end ? 0 : facts.tailSilenceMs);
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export const SORT_COLUMNS = [
  'order',
  'state',
  'name',
  'kind',
  'protocol',
  'firstByte',
  'events',
  'size',
  'gap',
  'findings',
] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

export interface Sort {
  column: SortColumn;
  descending: boolean;
}

type Key = (row: StreamRow) => number | string | null;
const SORT_KEYS: Record<SortColumn, Key> = {
  order: (row) => row.order,
  state: (row) => `${3 - severityRank(row.severity)}${row.stateWord}`,
  name: (row) => `${row.name.toLowerCase()} ${row.host}`,
  kind: (row) => row.kindLabel.toLowerCase(),
  protocol: (row) => row.protocol,
  firstByte: (row) => row.firstByteMs,
  events: (row) => row.events,
  size: (row) => row.byteLength,
  gap: (row) => row.longestGapMs,
  findings: (row) => severityRank(row.severity) * 1000 + row.findingCount,
};

/** A sorted copy; unknown values come last in either direction, and equal ones keep the order of the recording. */
export function sortRows(rows: readonly StreamRow[], sort: Sort): StreamRow[] {
  const key = SORT_KEYS[sort.column];
  const sign = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = key(a);
    const right = key(b);
    if (left === right) return a.order - b.order;
    if (left === null) return 1;
    if (right === null) return -1;
    return (left < right ? -1 : 1) * sign;
  });
}
