import type { StreamFacts } from '../diagnose/facts/stream-facts';
import { PLATFORMS } from '../diagnose/platforms';
import type { Finding } from '../diagnose/rule';
import { formatCount, formatMs, formatValue } from '../lib/format';
import { CHANCE_MS, couldTellFailure, eventsPerBurst, eventTimesKnown } from './differences';
import type { Both, EventAlignment, Figure, FigureId, FindingChanges, HopChanges, Side } from './types';

export interface PairView {
  names: Both<string>;
  endpoint: string;
  facts: Both<StreamFacts>;
  figures: readonly Figure[];
  events: EventAlignment | null;
  hops: HopChanges;
  findings: FindingChanges;
  headersThatMatter: number;
}

export interface PairVerdict {
  sentence: string | null;
  weight: number;
}

/** A burst that holds this part of the events is the delivery; the rest is its ragged edge. */
const BURST_SHARE = 0.9;
const MIN_BURST_EVENTS = 5;
/** Bursts this many times larger than on the other side are made by something in between. */
const BATCH_RATIO = 3;

/** What differs within a pair, the most harmful difference first, and what it points to. */
export function judgePair(pair: PairView): PairVerdict {
  return (
    failure(pair) ??
    burst(pair) ??
    batches(pair) ??
    lateness(pair) ??
    otherAnswer(pair) ?? { sentence: null, weight: 0 }
  );
}

function failure(pair: PairView): PairVerdict | null {
  const failed = { a: failureOf(pair.facts.a), b: failureOf(pair.facts.b) };
  const said = (side: Side) => {
    const { verb, why } = failed[side]!;
    return `${capital(pair.names[side])} ${verb} ${pair.endpoint} after ${formatMs(ageMs(pair.facts[side]))}${why}`;
  };
  if (failed.a !== null && failed.b !== null) {
    // One failure, of which one source knows more than the other.
    const { a, b } = pair.facts;
    const isSameError = a.stream.end?.netError != null && a.stream.end.netError === b.stream.end?.netError;
    const isSameWay =
      failed.a.verb === failed.b.verb &&
      (failed.a.why === failed.b.why || failed.a.why === '' || failed.b.why === '');
    if (isSameError || isSameWay) return null;
    return { sentence: `${said('a')}. ${said('b')}${because(pair, 'b', null)}.`, weight: 100 };
  }
  if (failed.a === null && failed.b === null) return null;
  const worse: Side = failed.b === null ? 'a' : 'b';
  const better = other(worse);
  const { stream } = pair.facts[better];
  if (!couldTellFailure(pair.facts[better], pair.facts[worse])) return null;
  const success = stream.end
    ? `where ${pair.names[better]} comes to the end in ${formatMs(ageMs(pair.facts[better]))}`
    : `where it is still open in ${pair.names[better]}`;
  return {
    sentence: `${said(worse)}, ${success}${because(pair, worse, cutBy(pair, worse))}.`,
    weight: 100 + (worse === 'b' ? 1 : 0),
  };
}

interface Failure {
  /** Takes the request: "answers 504 to". */
  verb: string;
  /** In brackets behind it; empty when nothing is known. */
  why: string;
}

function failureOf({ stream }: StreamFacts): Failure | null {
  const { end, response } = stream;
  if (response && response.status >= 400) return { verb: `answers ${response.status} to`, why: '' };
  const why = end?.netError ? ` (${end.netError})` : '';
  if (end?.kind === 'refused') return { verb: 'refuses', why };
  return end?.kind === 'error' ? { verb: 'breaks off', why } : null;
}

/** What ended it, in the words of the finding that says so; else only who is on the way. */
function cutBy(pair: PairView, worse: Side): string | null {
  const hop = culprit(pair, worse);
  if (hop === null) return null;
  const ids = new Set(ownFindings(pair, worse).map(({ id }) => id));
  if (ids.has('gateway-timeout')) return `${hop} gives up waiting`;
  if (ids.has('idle-cut')) return `${hop} cuts it off when nothing comes`;
  if (ids.has('duration-cap')) return `${hop} cuts it off at that age`;
  return `${hop} is on the way only there`;
}

function burst(pair: PairView): PairVerdict | null {
  const isBurst = { a: isOneBurst(pair.facts.a), b: isOneBurst(pair.facts.b) };
  if (isBurst.a === isBurst.b) return null;
  const worse: Side = isBurst.b ? 'b' : 'a';
  const better = other(worse);
  const facts = pair.facts[worse];
  // Few events that came quickly on the other side as well are no spread that was lost.
  const spreadMs = pair.facts[better].bursts.spreadMs;
  if (!pair.facts[better].timesKnown || spreadMs < CHANCE_MS) return null;
  const lateMs = excessOf(pair, 'first-event', worse, better);
  const later = lateMs === null || lateMs <= CHANCE_MS ? null : `${formatMs(lateMs)} later than`;
  const sentence =
    later === null
      ? `${capital(pair.names[worse])} delivers the ${formatCount(facts.eventCount)} events of ${pair.endpoint} in one burst, ${pair.names[better]} over ${formatMs(spreadMs)}`
      : `${capital(pair.names[worse])} delivers the ${formatCount(facts.eventCount)} events of ${pair.endpoint} in one burst ${later} ${pair.names[better]}`;
  return {
    sentence: `${sentence}${because(pair, worse, holdsBack(pair, worse))}.`,
    weight: 50 + Math.min(40, Math.max(0, lateMs ?? 0) / 1000),
  };
}

function isOneBurst(facts: StreamFacts): boolean {
  const { eventCount, bursts } = facts;
  return (
    eventTimesKnown(facts) &&
    eventCount >= MIN_BURST_EVENTS &&
    bursts.largestEvents >= eventCount * BURST_SHARE
  );
}

function batches(pair: PairView): PairVerdict | null {
  const size = { a: eventsPerBurst(pair.facts.a), b: eventsPerBurst(pair.facts.b) };
  const worse: Side = size.b >= size.a ? 'b' : 'a';
  const better = other(worse);
  const isKnown = pair.facts.a.timesKnown && pair.facts.b.timesKnown;
  if (!isKnown || size[better] === 0 || size[worse] < size[better] * BATCH_RATIO) return null;
  const { bursts, eventCount } = pair.facts[worse];
  if (bursts.count < 2 || eventCount < MIN_BURST_EVENTS || pair.facts[better].bursts.spreadMs < CHANCE_MS)
    return null;
  return {
    sentence: `${capital(pair.names[worse])} delivers ${pair.endpoint} in batches of about ${formatCount(size[worse])} events, ${pair.names[better]} ${formatCount(size[better])} at a time${because(pair, worse, holdsBack(pair, worse))}.`,
    weight: 30 + Math.min(10, size[worse] / size[better]),
  };
}

function lateness(pair: PairView): PairVerdict | null {
  const id = (['first-event', 'first-byte', 'headers', 'duration'] as const).find(
    (one) => figure(pair, one)?.differs,
  );
  if (!id) return null;
  const differenceMs = excessOf(pair, id, 'b', 'a') ?? 0;
  const worse: Side = differenceMs > 0 ? 'b' : 'a';
  const better = other(worse);
  const late = formatMs(Math.abs(differenceMs));
  const what = {
    'first-event': `brings the first event of ${pair.endpoint} ${late} later than`,
    'first-byte': `brings the first byte of ${pair.endpoint} ${late} later than`,
    headers: `answers ${pair.endpoint} ${late} later than`,
    duration: `takes ${late} longer for ${pair.endpoint} than`,
  }[id];
  return {
    sentence: `${capital(pair.names[worse])} ${what} ${pair.names[better]}${because(pair, worse, serverOrPath(pair, worse))}.`,
    weight: 10 + Math.min(15, Math.abs(differenceMs) / 1000),
  };
}

/** Nothing happens at another time, but the answer is another: transport, encoding, amount, findings, headers. */
function otherAnswer(pair: PairView): PairVerdict | null {
  const changed = ['status', 'protocol', 'encoding', 'end', 'events', 'bytes'] as const;
  const differing = changed.flatMap((id) => {
    const one = figure(pair, id);
    return one?.differs ? [`${one.label} ${text(one.b, one.unit)} instead of ${text(one.a, one.unit)}`] : [];
  });
  const appeared = pair.findings.appeared.filter(isTold);
  const gone = pair.findings.gone.filter(isTold);
  const { onlyA, onlyB } = pair.hops;
  const weight =
    0.2 * differing.length +
    0.3 * (appeared.length + gone.length) +
    0.05 * (pair.findings.appeared.length + pair.findings.gone.length) +
    0.1 * (onlyA.length + onlyB.length) +
    0.02 * pair.headersThatMatter;
  if (weight === 0) return null;
  const isTellable = differing.length + appeared.length + gone.length > 0;
  if (!isTellable && onlyA.length + onlyB.length === 0)
    return { sentence: null, weight: Math.min(0.09, weight) };
  const answers = `${capital(pair.names.b)} answers ${pair.endpoint}`;
  if (!isTellable) {
    const way = onlyB.length > 0 ? `through ${onlyB.join(' and ')}` : `without ${onlyA.join(' and ')}`;
    return { sentence: `${answers} ${way} as fast as ${pair.names.a}.`, weight: Math.min(0.9, weight) };
  }
  const what =
    differing.length > 0
      ? ` with ${differing.slice(0, 3).join(', ')}`
      : ` as fast as ${pair.names.a}, but not alike`;
  return { sentence: `${answers}${what}${because(pair, 'b', null)}.`, weight: Math.min(0.9, weight) };
}

function text(value: Figure['a'], unit: string): string {
  return value === null ? 'unknown' : formatValue(value, unit);
}

/** ": nginx in between holds the answer back (buffered-stream appeared)". */
function because({ findings }: PairView, worse: Side, cause: string | null): string {
  const appeared = findings.appeared.filter(isTold).map(({ id }) => `${id} appeared`);
  const gone = findings.gone.filter(isTold).map(({ id }) => `${id} gone`);
  // Named from the side that is worse: what it has and the other has not comes first.
  const words = worse === 'b' ? [...appeared, ...gone] : [...gone, ...appeared];
  const said = [...new Set(words)].slice(0, 3).join(', ');
  return `${cause === null ? '' : `: ${cause}`}${said === '' ? '' : ` (${said})`}`;
}

/** A symptom is told by its cause, and what is only worth knowing is no reason. */
function isTold({ severity, supersededBy }: Finding): boolean {
  return severity !== 'info' && supersededBy === null;
}

/** Findings that only the worse side has. */
function ownFindings({ findings }: PairView, worse: Side): readonly Finding[] {
  return worse === 'b' ? findings.appeared : findings.gone;
}

function holdsBack(pair: PairView, worse: Side): string {
  const encoding = pair.facts[worse].contentEncoding;
  const isOnlyCompressed = encoding !== null && pair.facts[other(worse)].contentEncoding === null;
  const compressed = isOnlyCompressed ? `, and the answer is compressed there (${encoding})` : '';
  const hop = culprit(pair, worse);
  if (hop !== null) return `${hop} in between holds the answer back${compressed}`;
  if (isOnlyCompressed) return `the answer is compressed there (${encoding}), which can hold it back`;
  const sent = sentSpread(pair.facts[worse]);
  if (sent === 'at once') return 'its own send times say that the server sent all of it at once';
  return 'something in between that leaves no mark in the headers, or the server itself, holds the answer back';
}

/** Send times in the events tell whether the server spread what arrived together. */
function sentSpread({ serverClock }: StreamFacts): 'spread' | 'at once' | null {
  if (!serverClock || serverClock.isConstant || serverClock.isCoarse || serverClock.count < MIN_BURST_EVENTS)
    return null;
  return serverClock.sentSpreadMs > CHANCE_MS ? 'spread' : 'at once';
}

/** A late answer is the server's own or the path's; hops that only one side has make the path likely, no more. */
function serverOrPath(pair: PairView, worse: Side): string | null {
  const hop = culprit(pair, worse);
  return hop === null ? null : `${hop} is on the way only there`;
}

/** The hop or platform behind the difference: what a finding names, else what only the worse side's headers show. */
function culprit(pair: PairView, worse: Side): string | null {
  const { hops } = pair;
  const own = ownFindings(pair, worse);
  const only = worse === 'b' ? hops.onlyB : hops.onlyA;
  const named = own.find(({ severity, platforms }) => severity !== 'info' && platforms.length > 0);
  const platform = named?.platforms[0];
  if (platform !== undefined) {
    const name = PLATFORMS[platform];
    const isSeen = [...only, ...hops.both].find((label) =>
      label.toLowerCase().startsWith(name.toLowerCase()),
    );
    // One of several platforms that a limit fits is a guess.
    return (
      isSeen ?? (named?.confidence === 'proven' || named?.platforms.length === 1 ? name : `perhaps ${name}`)
    );
  }
  return only.length > 0 ? only.join(' or ') : null;
}

function figure({ figures }: PairView, id: FigureId): Figure | undefined {
  return figures.find((one) => one.id === id);
}

/** Difference of a figure, `side` minus `from`; null when one is not a number. */
function excessOf(pair: PairView, id: FigureId, side: Side, from: Side): number | null {
  const one = figure(pair, id);
  const value = one?.[side];
  const base = one?.[from];
  return typeof value === 'number' && typeof base === 'number' ? value - base : null;
}

function ageMs({ stream, requestAtMs, ageMs: wholeMs }: StreamFacts): number {
  return stream.end ? Math.max(0, stream.end.atMs - requestAtMs) : wholeMs;
}

function other(side: Side): Side {
  return side === 'a' ? 'b' : 'a';
}

function capital(name: string): string {
  // File names and hosts keep their case.
  return /^[a-z]+$/.test(name) ? `${name[0]!.toUpperCase()}${name.slice(1)}` : name;
}
