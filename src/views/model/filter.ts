import type { StreamRow } from './stream-row';

/**
 * The filter line: words that must all hold. `text`, `"two words"`, `key:value`, `key:a,b` (either), and a minus in
 * front of any of them for "not". A key that is not one of ours is text, so that `localhost:8000` finds that host.
 */
export const FILTER_KEYS = [
  'kind',
  'host',
  'finding',
  'severity',
  'is',
  'method',
  'status',
  'protocol',
] as const;
export type FilterKey = (typeof FILTER_KEYS)[number];

export const IS_VALUES = [
  'open',
  'done',
  'cut',
  'refused',
  'aborted',
  'failed',
  'stream',
  'healthy',
] as const;
export const SEVERITY_VALUES = ['error', 'warning', 'info'] as const;

export interface FilterTerm {
  /** Null: plain text, looked for in the address, kind and findings. */
  key: FilterKey | null;
  /** Lower case; any of them is enough. Never empty. */
  values: string[];
  negated: boolean;
}

export interface Filter {
  terms: FilterTerm[];
  /** What cannot be meant: `is:closed`. Shown beside the field; such a term matches nothing. */
  problems: string[];
}

const CLOSED_VALUES: Partial<Record<FilterKey, readonly string[]>> = {
  is: IS_VALUES,
  severity: SEVERITY_VALUES,
};

/** Reads a filter line; never throws. A key without a value yet (`kind:`) is being typed and is left out. */
export function parseFilter(line: string): Filter {
  const filter: Filter = { terms: [], problems: [] };
  for (const word of splitWords(line)) {
    // A minus alone is the beginning of a word.
    if (word.text === '-' && !word.quoted) continue;
    const negated = word.text.startsWith('-') && !word.quoted;
    const body = negated ? word.text.slice(1) : word.text;
    const colon = word.quoted ? -1 : body.indexOf(':');
    const key = colon > 0 ? asKey(body.slice(0, colon)) : null;
    const rest = key ? body.slice(colon + 1) : body;
    const values = (key ? rest.split(',') : [rest]).map((one) => one.toLowerCase()).filter(Boolean);
    if (values.length === 0) continue;
    filter.terms.push({ key, values, negated });
    const known = key && CLOSED_VALUES[key];
    const strange = known ? values.filter((value) => !known.includes(value)) : [];
    if (strange.length > 0 && known) {
      filter.problems.push(`${key}: takes ${known.join(', ')}; not ${strange.join(', ')}`);
    }
  }
  return filter;
}

/** True when every term holds for the row. */
export function matchesFilter(filter: Filter, row: StreamRow): boolean {
  return filter.terms.every(
    (term) => term.values.some((value) => holds(term.key, value, row)) !== term.negated,
  );
}

/** True when a term is about kinds and names this row's. */
export function namesKind(term: FilterTerm, row: StreamRow): boolean {
  return term.key === 'kind' && term.values.some((value) => holds('kind', value, row));
}

/** The line with `term` (`severity:error`) added, or taken out when it is there already. */
export function toggleTerm(line: string, term: string): string {
  const words = line.split(/\s+/).filter(Boolean);
  const at = words.indexOf(term);
  if (at >= 0) words.splice(at, 1);
  else words.push(term);
  return words.join(' ');
}

function holds(key: FilterKey | null, value: string, row: StreamRow): boolean {
  switch (key) {
    case null:
      return row.haystack.includes(value) || row.findingIds.some((id) => id.includes(value));
    case 'kind':
      return row.kind.includes(value) || row.kindLabel.toLowerCase().includes(value) || row.format === value;
    case 'host':
      return row.host.toLowerCase().includes(value);
    case 'finding':
      return (
        row.findingIds.some((id) => id.includes(value)) || (value === 'any' && row.findingIds.length > 0)
      );
    case 'severity':
      return row.severities.some((severity) => severity === value);
    case 'is':
      if (value === 'stream') return row.nature === 'stream';
      if (value === 'healthy') return row.severity !== 'error' && row.severity !== 'warning';
      return row.state === value;
    case 'method':
      return row.method.toLowerCase() === value;
    case 'status':
      return row.status !== null && String(row.status).startsWith(value.replace(/x+$/, ''));
    case 'protocol':
      return (row.protocol ?? '').toLowerCase().includes(value);
  }
}

function asKey(text: string): FilterKey | null {
  const lower = text.toLowerCase();
  return FILTER_KEYS.find((key) => key === lower) ?? null;
}

function splitWords(line: string): { text: string; quoted: boolean }[] {
  const words: { text: string; quoted: boolean }[] = [];
  // A quote that is never closed runs to the end: somebody is still typing.
  for (const match of line.matchAll(/"([^"]*)(?:"|$)|(\S+)/g)) {
    const quoted = match[1] !== undefined;
    const text = (quoted ? match[1] : match[2]) ?? '';
    if (text) words.push({ text, quoted });
  }
  return words;
}

export interface Suggestion {
  /** The whole line once it is taken. */
  line: string;
  /** What the list shows: the word that would be completed. */
  label: string;
  hint: string;
}

const KEY_HINTS: Record<FilterKey, string> = {
  kind: 'fetch, websocket, socket.io, job …',
  host: 'part of the host name',
  finding: 'id of a finding, or any',
  severity: 'error, warning, info',
  is: 'open, done, cut, refused, stream, healthy …',
  method: 'GET, POST …',
  status: '504, or 5xx',
  protocol: 'h2, http/1.1 …',
};

/**
 * What could complete the word under the cursor, at most `limit`.
 * @param rows where values of open keys (hosts, findings, kinds) come from
 */
export function suggest(line: string, caret: number, rows: Iterable<StreamRow>, limit = 12): Suggestion[] {
  const start = line.lastIndexOf(' ', caret - 1) + 1;
  const after = line.indexOf(' ', caret);
  const end = after < 0 ? line.length : after;
  const word = line.slice(start, caret);
  const minus = word.startsWith('-') ? '-' : '';
  const bare = word.slice(minus.length);
  const put = (text: string) => `${line.slice(0, start)}${text}${line.slice(end)}`;
  const colon = bare.indexOf(':');
  const key = colon > 0 ? asKey(bare.slice(0, colon)) : null;
  if (!key) {
    const typed = bare.toLowerCase();
    return FILTER_KEYS.filter((one) => one.startsWith(typed) && one !== typed).map((one) => ({
      line: put(`${minus}${one}:`),
      label: `${minus}${one}:`,
      hint: KEY_HINTS[one],
    }));
  }
  const values = bare.slice(colon + 1);
  const comma = values.lastIndexOf(',');
  const kept = values.slice(0, comma + 1);
  const typed = values.slice(comma + 1).toLowerCase();
  return [...valuesOf(key, rows)]
    .filter(([value]) => value.toLowerCase().includes(typed) && value.toLowerCase() !== typed)
    .slice(0, limit)
    .map(([value, count]) => ({
      line: put(`${minus}${key}:${kept}${value} `),
      label: `${minus}${key}:${kept}${value}`,
      hint: count > 0 ? String(count) : '',
    }));
}

function valuesOf(key: FilterKey, rows: Iterable<StreamRow>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const value of CLOSED_VALUES[key] ?? []) counts.set(value, 0);
  const add = (value: string | null) => {
    if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  };
  for (const row of rows) {
    if (key === 'kind') add(row.kind);
    else if (key === 'host') add(row.host);
    else if (key === 'finding') for (const id of new Set(row.findingIds)) add(id);
    else if (key === 'severity') for (const severity of new Set(row.severities)) add(severity);
    else if (key === 'is') add(row.state);
    else if (key === 'method') add(row.method);
    else if (key === 'status') add(row.status ? String(row.status) : null);
    else if (key === 'protocol') add(row.protocol);
  }
  return new Map([...counts].sort((a, b) => b[1] - a[1]));
}
