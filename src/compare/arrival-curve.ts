import { EventKind } from '../decode/types';
import type { StreamFacts } from '../diagnose/facts/stream-facts';
import { Direction } from '../trace/types';
import type { ArrivalCurve } from './types';

/** Enough for a plot as wide as a screen. */
export const MAX_CURVE_POINTS = 600;

/** What had arrived by when, counted from the request: bytes by delivery, events as they were complete. */
export function arrivalCurve(facts: StreamFacts): ArrivalCurve {
  const { stream, decoded, requestAtMs } = facts;
  const { chunks, messages } = stream;
  const columns = chunks.atMs.length > 0 ? chunks : messages;
  const direction = columns === messages ? messages.direction : null;
  const { events } = decoded;
  const curve: ArrivalCurve = {
    atMs: [],
    bytes: [],
    events: [],
    endMs: stream.end ? Math.max(0, stream.end.atMs - requestAtMs) : null,
    timesKnown: facts.timesKnown,
  };
  let bytes = 0;
  let eventCount = 0;
  let nextEvent = 0;
  let latestMs = 0;
  for (let index = 0; index < columns.atMs.length; index++) {
    if (direction && direction[index] !== Direction.received) continue;
    bytes += columns.byteLength[index]!;
    for (; nextEvent < events.atMs.length && events.atMs[nextEvent]! <= columns.atMs[index]!; nextEvent++) {
      if (isReceivedData(events.kind[nextEvent]!, events.direction[nextEvent]!)) eventCount++;
    }
    latestMs = Math.max(latestMs, columns.atMs[index]! - requestAtMs);
    // What came at one time is one point: its totals are those after all of it.
    const point = curve.atMs.at(-1) === latestMs ? curve.atMs.length - 1 : curve.atMs.length;
    curve.atMs[point] = latestMs;
    curve.bytes[point] = bytes;
    curve.events[point] = eventCount;
  }
  if (curve.atMs.length === 0 && facts.byteLength > 0) {
    // The whole body is all there is: it was there at the end.
    curve.atMs.push(curve.endMs ?? 0);
    curve.bytes.push(facts.byteLength);
    curve.events.push(facts.eventCount);
  }
  return thinned(curve);
}

export function isReceivedData(kind: number, direction: number): boolean {
  return kind === EventKind.data && direction === Direction.received;
}

/** Keeps the curve's shape: of points that share a slice of time, the first and the last. */
function thinned(curve: ArrivalCurve): ArrivalCurve {
  const { atMs, bytes, events } = curve;
  if (atMs.length <= MAX_CURVE_POINTS) return curve;
  const slices = MAX_CURVE_POINTS / 2;
  const firstMs = atMs[0]!;
  const sliceMs = Math.max(1e-6, (atMs.at(-1)! - firstMs) / slices);
  const sliceOf = (index: number) => Math.min(slices - 1, Math.floor((atMs[index]! - firstMs) / sliceMs));
  const kept = atMs
    .map((_, index) => index)
    .filter(
      (index) =>
        index === 0 ||
        index === atMs.length - 1 ||
        sliceOf(index) !== sliceOf(index - 1) ||
        sliceOf(index) !== sliceOf(index + 1),
    );
  return {
    ...curve,
    atMs: kept.map((index) => atMs[index]!),
    bytes: kept.map((index) => bytes[index]!),
    events: kept.map((index) => events[index]!),
  };
}
