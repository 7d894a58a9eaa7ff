import { affinityOf } from '../diagnose/facts/affinity-cookies';
import { headerValues } from '../diagnose/facts/cookies';
import type { StreamFacts } from '../diagnose/facts/stream-facts';
import type { Header, StreamRecord, Trace } from '../trace/types';
import type { CookieTraffic, Figure, FigureId, HeaderDifference, HopChanges } from './types';

/** Two runs of one page differ by this much without any reason: both must be exceeded. */
export const CHANCE_MS = 250;
const CHANCE_TIME_RATIO = 1.5;
const CHANCE_DURATION_MS = 1000;
/** Counts (events, bytes, bursts): answers of a model vary in length. */
const CHANCE_COUNT_RATIO = 2;
const CHANCE_COUNT = 3;

export function figuresOf(a: StreamFacts, b: StreamFacts): Figure[] {
  const figures: Figure[] = [];
  const add = (id: FigureId, label: string, unit: string, of: (facts: StreamFacts) => Figure['a']) => {
    const [one, other] = [of(a), of(b)];
    const differs = isComparable(id, a, b) && isDifferent(one, other, unit);
    figures.push({ id, label, unit, a: one, b: other, differs });
  };
  const whenKnown = (of: (facts: StreamFacts) => number | null) => (facts: StreamFacts) =>
    facts.timesKnown ? of(facts) : null;
  add('status', 'status', 'status', ({ stream }) => stream.response?.status ?? null);
  add('protocol', 'protocol', 'text', ({ stream }) => stream.response?.protocol ?? null);
  add('encoding', 'content encoding', 'text', (facts) =>
    facts.stream.response ? (facts.contentEncoding ?? 'none') : null,
  );
  add('end', 'end', 'text', ({ stream }) => endOf(stream));
  add('headers', 'headers', 'ms', ({ headersMs, stream, requestAtMs }) =>
    headersMs === null ? null : Math.max(0, stream.timing.startedAtMs + headersMs - requestAtMs),
  );
  add('first-byte', 'first byte', 'ms', ({ firstByteMs, stream, requestAtMs }) =>
    firstByteMs === null ? null : Math.max(0, stream.timing.startedAtMs + firstByteMs - requestAtMs),
  );
  add(
    'first-event',
    'first event',
    'ms',
    whenKnown(({ data, requestAtMs }) => (data ? Math.max(0, data.firstAtMs - requestAtMs) : null)),
  );
  add('duration', 'request to end', 'ms', ({ stream, requestAtMs }) =>
    stream.end ? Math.max(0, stream.end.atMs - requestAtMs) : null,
  );
  add(
    'longest-gap',
    'longest silence',
    'ms',
    whenKnown(({ gaps }) => gaps.longestMs),
  );
  add(
    'median-gap',
    'median silence',
    'ms',
    whenKnown(({ gaps }) => gaps.medianMs),
  );
  add('events', 'events', 'count', ({ eventCount }) => eventCount);
  // Events without bytes came from a source that does not count them.
  add('bytes', 'body', 'bytes', ({ byteLength, eventCount }) =>
    byteLength === 0 && eventCount > 0 ? null : byteLength,
  );
  add(
    'deliveries',
    'deliveries',
    'count',
    whenKnown(({ arrivals }) => arrivals.count),
  );
  add(
    'bursts',
    'bursts',
    'count',
    whenKnown(({ bursts }) => bursts.count),
  );
  add('events-per-burst', 'events in a burst, mean', 'count', whenKnown(eventsPerBurst));
  add(
    'largest-burst',
    'events in the largest burst',
    'count',
    whenKnown(({ bursts }) => bursts.largestEvents),
  );
  return figures;
}

/** Not every two values that are unequal say something about the way between. */
function isComparable(id: FigureId, a: StreamFacts, b: StreamFacts): boolean {
  // Whole bodies have their framing, events have not.
  if (id === 'bytes') return bytesAreOf(a) === bytesAreOf(b);
  // Whether the page or the server closed first is chance, and some sources cannot tell.
  if (id === 'end') {
    if (isFailure(a) === isFailure(b)) return false;
    return isFailure(a) ? couldTellFailure(b, a) : couldTellFailure(a, b);
  }
  // The units of plain text are the chunks themselves.
  if (id === 'events') return a.decoded.format === b.decoded.format && a.decoded.format !== 'text';
  // When the page has read all of a short answer is the page's own matter.
  if (id === 'duration') return Math.abs(lifeMsOf(a) - lifeMsOf(b)) > CHANCE_DURATION_MS;
  return true;
}

/** A source without the page's view sees an answer end well that the page refused: it would not tell of that failure. */
export function couldTellFailure(better: StreamFacts, worse: StreamFacts): boolean {
  const status = worse.stream.response?.status;
  const isSameAnswer = status !== undefined && status < 400 && status === better.stream.response?.status;
  return better.stream.seenBy.tap || !worse.stream.seenBy.tap || !isSameAnswer;
}

function lifeMsOf({ stream, requestAtMs }: StreamFacts): number {
  return (stream.end?.atMs ?? requestAtMs) - requestAtMs;
}

function bytesAreOf({ stream }: StreamFacts): 'body' | 'messages' {
  return stream.chunks.atMs.length === 0 && stream.messages.atMs.length > 0 ? 'messages' : 'body';
}

function isFailure({ stream: { end } }: StreamFacts): boolean {
  return end?.kind === 'error' || end?.kind === 'refused';
}

/**
 * Whether times of events say something: arrivals that were seen, or bounds that are close together (a body that is known
 * to have come at once).
 */
export function eventTimesKnown({ timesKnown, data }: StreamFacts): boolean {
  return timesKnown || (data?.isBounded === true && data.lastAtMs - data.firstEarliestMs < CHANCE_MS);
}

export function eventsPerBurst({ bursts, eventCount }: StreamFacts): number {
  return bursts.count === 0 ? 0 : Math.round((eventCount / bursts.count) * 10) / 10;
}

function isDifferent(a: Figure['a'], b: Figure['b'], unit: string): boolean {
  if (a === null || b === null) return false;
  if (typeof a === 'string' || typeof b === 'string' || unit === 'status') return a !== b;
  const small = Math.min(a, b);
  const large = Math.max(a, b);
  if (unit === 'ms') return large - small > CHANCE_MS && large > small * CHANCE_TIME_RATIO;
  return large >= Math.max(small * CHANCE_COUNT_RATIO, small + CHANCE_COUNT);
}

/** "complete", "net::ERR_…", "aborted by the page", "still open". */
function endOf({ end }: StreamRecord): string {
  if (!end) return 'still open';
  if (end.kind === 'aborted') return 'aborted by the page';
  if (end.closeCode !== null) return `closed with ${end.closeCode}`;
  return end.netError && end.kind !== 'complete' ? end.netError : end.kind;
}

/** Headers by which servers, hops and browsers decide how an answer is delivered; the others differ between any two. */
const MATTERS =
  /^(?:cache-control|content-type|content-encoding|connection|upgrade|server|via|vary|pragma|x-accel-.*|x-cache|x-powered-by|x-served-by|x-envoy-.*|cf-cache-status|access-control-.*|accept|accept-encoding|last-event-id|sec-websocket-(?:protocol|extensions)|.*affinity.*)$/;
/** That they are there matters; their value does not. */
const PRESENCE_MATTERS =
  /^(?:content-length|transfer-encoding|x-amz-cf-id|cf-ray|x-amz-apigw-id|apigw-requestid)$/;

/** More than this is no headers any more. */
const MAX_HEADERS = 300;
const MAX_VALUE_LENGTH = 1000;

/** Headers that only one side has or that have other values; where a side's headers are not known, nothing is said. */
export function headerDifferences(a: StreamRecord, b: StreamRecord): HeaderDifference[] {
  const differences: HeaderDifference[] = [];
  if (a.request.headersComplete && b.request.headersComplete) {
    differences.push(...differencesOf('request', a.request.headers, b.request.headers));
  }
  if (a.response?.headersComplete && b.response?.headersComplete) {
    differences.push(...differencesOf('response', a.response.headers, b.response.headers));
  }
  return differences.sort((one, other) => Number(other.matters) - Number(one.matters));
}

function differencesOf(
  of: HeaderDifference['of'],
  a: readonly Header[],
  b: readonly Header[],
): HeaderDifference[] {
  const inA = valuesByName(a);
  const inB = valuesByName(b);
  const names = [...new Set([...inA.keys(), ...inB.keys()])].sort();
  return names.flatMap((name) => {
    const one = inA.get(name) ?? null;
    const other = inB.get(name) ?? null;
    if (one === other) return [];
    const isOneSided = one === null || other === null;
    const matters = MATTERS.test(name) || (isOneSided && PRESENCE_MATTERS.test(name));
    return { of, name, a: one, b: other, matters };
  });
}

function valuesByName(headers: readonly Header[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const [name, value] of headers.slice(0, MAX_HEADERS)) {
    const key = name.toLowerCase();
    const known = values.get(key);
    values.set(key, (known === undefined ? value : `${known}, ${value}`).slice(0, MAX_VALUE_LENGTH));
  }
  return values;
}

export function hopChanges(a: StreamFacts, b: StreamFacts): HopChanges {
  const inA = new Set(a.hops.map(({ label }) => label));
  const inB = new Set(b.hops.map(({ label }) => label));
  return {
    both: [...inA].filter((label) => inB.has(label)),
    onlyA: [...inA].filter((label) => !inB.has(label)),
    onlyB: [...inB].filter((label) => !inA.has(label)),
  };
}

export function cookieTraffic({ request, response }: StreamRecord, { meta }: Trace): CookieTraffic {
  const headers = headerValues(request.headers, 'cookie');
  const isKnown = headers.length > 0 || (request.headersComplete && !meta.missing.includes('cookies'));
  const nameOf = (pair: string) => (pair.split('=')[0] ?? '').trim();
  const sent = headers.flatMap((line) => line.split(';').map(nameOf)).filter(Boolean);
  const set = headerValues(response?.headers ?? [], 'set-cookie')
    .flatMap((lines) => lines.split('\n'))
    .map((line) => nameOf(line.split(';')[0] ?? ''))
    .filter(Boolean);
  return {
    sent: isKnown ? [...new Set(sent)] : null,
    set: [...new Set(set)],
    refused: response?.refusedCookies ?? [],
    withheld: request.withheldCookies,
    affinity: [...new Set([...sent, ...set])].filter((name) => affinityOf(name) !== null),
  };
}
