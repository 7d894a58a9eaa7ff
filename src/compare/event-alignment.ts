import type { StreamFacts } from '../diagnose/facts/stream-facts';
import { alignKeys, type Match } from './align';
import { isReceivedData } from './arrival-curve';
import { eventTimesKnown } from './differences';
import type { AlignedEvent, EventAlignment } from './types';

/** Events of one stream that are held against the other's. */
export const MAX_ALIGNED_EVENTS = 20_000;

/** Two texts of a model have words in common by chance; below this share of equal events, only their order is compared. */
const MIN_EQUAL_SHARE = 0.5;

/** Longer texts are told apart by their beginning and their length. */
const MAX_KEY_LENGTH = 400;

/**
 * Holds the received data events of two streams against each other. Times in events, ids and request numbers differ from
 * run to run and are left out of the comparison. Null when one of the streams has no events, or
 * when one is an error page or another format: there is nothing to hold against each other.
 */
export function alignEvents(a: StreamFacts, b: StreamFacts): EventAlignment | null {
  if (a.decoded.format !== b.decoded.format || isErrorPage(a) || isErrorPage(b)) return null;
  const ofA = dataIndexes(a);
  const ofB = dataIndexes(b);
  if (ofA.length === 0 || ofB.length === 0) return null;
  const isCut = ofA.length > MAX_ALIGNED_EVENTS || ofB.length > MAX_ALIGNED_EVENTS;
  const firstA = ofA.slice(0, MAX_ALIGNED_EVENTS);
  const firstB = ofB.slice(0, MAX_ALIGNED_EVENTS);
  const equal = alignKeys(
    firstA.map((index) => keyOf(a, index)),
    firstB.map((index) => keyOf(b, index)),
  );
  const shorter = Math.min(firstA.length, firstB.length);
  const by = equal.length >= shorter * MIN_EQUAL_SHARE ? 'content' : 'order';
  const matches =
    by === 'content' ? equal : Array.from({ length: shorter }, (_, index): Match => [index, index]);
  const rows = [...rowsOf(a, b, firstA, firstB, matches)];
  const delays = rows.flatMap(({ delayMs }) => (delayMs === null ? [] : [delayMs])).sort((x, y) => x - y);
  return {
    by,
    rows,
    matched: matches.length,
    unmatched: { a: firstA.length - matches.length, b: firstB.length - matches.length },
    medianDelayMs: delays.length > 0 ? delays[delays.length >> 1]! : null,
    largestDelayMs: delays.at(-1) ?? null,
    smallestDelayMs: delays[0] ?? null,
    isCut,
  };
}

function isErrorPage({ stream }: StreamFacts): boolean {
  return (stream.response?.status ?? 0) >= 400;
}

function dataIndexes({ decoded: { events } }: StreamFacts): number[] {
  const indexes: number[] = [];
  for (let index = 0; index < events.atMs.length; index++) {
    if (isReceivedData(events.kind[index]!, events.direction[index]!)) indexes.push(index);
    if (indexes.length > MAX_ALIGNED_EVENTS) break;
  }
  return indexes;
}

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/gi;
const ISO_TIME = /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?/g;
/** Epoch times, with a fraction or without, and ids: `chatcmpl-9aB3…`, `msg_01Xy…`, `1f0c…`. */
const LONG_NUMBER = /\d{9,}(?:\.\d+)?/g;
const RANDOM_ID = /\b(?=[a-z_-]*\d)(?=[\d_-]*[a-z])[\w-]{16,}\b/gi;

function keyOf({ decoded: { events } }: StreamFacts, index: number): string {
  const data = events.data[index];
  const name = events.name[index] ?? '';
  if (data === null || data === undefined) return `${name}\0${events.byteLength[index]} bytes`;
  const text = data
    .slice(0, MAX_KEY_LENGTH)
    .replace(UUID, '#')
    .replace(ISO_TIME, '#')
    .replace(LONG_NUMBER, '#')
    .replace(RANDOM_ID, '#');
  return data.length > MAX_KEY_LENGTH ? `${name}\0${text}\0${data.length}` : `${name}\0${text}`;
}

function* rowsOf(
  a: StreamFacts,
  b: StreamFacts,
  ofA: readonly number[],
  ofB: readonly number[],
  matches: readonly Match[],
): Generator<AlignedEvent> {
  const isTimed = new Map([a, b].map((facts) => [facts, eventTimesKnown(facts)]));
  const timeIn = (facts: StreamFacts, index: number | undefined) =>
    index === undefined || !isTimed.get(facts) ? null : facts.decoded.events.atMs[index]! - facts.requestAtMs;
  const row = (aIndex: number | undefined, bIndex: number | undefined): AlignedEvent => {
    const aMs = timeIn(a, aIndex);
    const bMs = timeIn(b, bIndex);
    const delayMs = aMs === null || bMs === null ? null : bMs - aMs;
    return { aIndex: aIndex ?? null, bIndex: bIndex ?? null, aMs, bMs, delayMs };
  };
  let aNext = 0;
  let bNext = 0;
  for (const [aAt, bAt] of [...matches, [ofA.length, ofB.length] as const]) {
    for (; aNext < aAt; aNext++) yield row(ofA[aNext], undefined);
    for (; bNext < bAt; bNext++) yield row(undefined, ofB[bNext]);
    if (aAt < ofA.length) yield row(ofA[aAt], ofB[bAt]);
    aNext = aAt + 1;
    bNext = bAt + 1;
  }
}
