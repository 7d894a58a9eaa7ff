import { endMarkerOf } from '../../decode/end-marker';
import { isJson } from '../../decode/json';
import { EventKind } from '../../decode/types';
import { decodeUtf8 } from '../../lib/text';
import type { StreamRecord } from '../../trace/types';
import { endingOf } from './endings';
import { type MarkerFacts, markersOf } from './markers';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** Why a stream that ended cleanly is held to be incomplete all the same. */
export type Truncation =
  /** A raw HTTP error stands in the body: a gunicorn worker was killed while it wrote. */
  | { why: 'foreign-response'; text: string }
  /** The last event was never finished. */
  | { why: 'unfinished-event'; byteLength: number }
  /** The stream's protocol ends with a marker that never came. */
  | { why: 'protocol'; protocol: string; marker: string }
  /** Other streams of the endpoint ended with a marker, this one did not. */
  | { why: 'siblings'; marker: string; withMarker: number; without: number };

/** Siblings held against it: the nearest in time say most. */
const MAX_SIBLINGS = 64;
/** Share of the finished siblings that must have the marker: less, and the endpoint has more than one kind of answer. */
const MIN_SHARE = 0.5;
const TAIL_CHARACTERS = 4096;

/**
 * Evidence that a cleanly ended stream is incomplete. Null: none. `'unknown'`: a marker would be due, but the end of the
 * body was not captured.
 */
export function truncationOf(facts: StreamFacts, trace: TraceFacts): Truncation | 'unknown' | null {
  // Siblings ask for each other's: each is found once per look.
  const known = trace.derived(createKnown);
  let truncation = known.get(facts);
  if (truncation === undefined) {
    truncation = findTruncation(facts, trace);
    known.set(facts, truncation);
  }
  return truncation;
}

function createKnown(): Map<StreamFacts, Truncation | 'unknown' | null> {
  return new Map();
}

function findTruncation(facts: StreamFacts, trace: TraceFacts): Truncation | 'unknown' | null {
  const { stream, decoded } = facts;
  if (facts.nature !== 'stream' || stream.kind === 'websocket' || endingOf(stream) !== 'clean') return null;
  if (stream.response && (stream.response.status < 200 || stream.response.status > 299)) return null;

  const tail = tailOf(stream);
  const foreign = tail === null ? null : rawErrorIn(tail);
  if (foreign) return { why: 'foreign-response', text: foreign };

  const markers = markersOf(facts);
  if (markers.seen || (tail !== null && isMarked(facts, tail))) return null;
  if (tail !== null && !decoded.partial && decoded.tailByteLength > 0 && isUnfinished(facts, tail)) {
    return { why: 'unfinished-event', byteLength: decoded.tailByteLength };
  }
  const due = dueMarker(facts, trace, markers);
  if (!due) return null;
  return isTailKnown(facts, markers) ? due : 'unknown';
}

function dueMarker(facts: StreamFacts, trace: TraceFacts, markers: MarkerFacts): Truncation | null {
  if (markers.required && !markers.isSettled) return { why: 'protocol', ...markers.required };
  // An error that was reported is the server's own word on why no marker came.
  if (markers.isSettled && !markers.required) return null;
  let withMarker = 0;
  let without = 0;
  let marker: string | null = null;
  for (const sibling of nearSiblings(facts, trace)) {
    if (endingOf(sibling.stream) !== 'clean' && endingOf(sibling.stream) !== 'page') continue;
    const found = markersOf(sibling);
    if (found.seen) {
      withMarker++;
      marker ??= found.seen;
    } else if (endingOf(sibling.stream) === 'clean' && found.isKnown && !found.isSettled) without++;
  }
  if (!marker || withMarker / (withMarker + without) < MIN_SHARE) return null;
  if (hasOwnEnding(facts, trace)) return null;
  return { why: 'siblings', marker, withMarker, without };
}

/**
 * The last event is of a kind after which no stream of the endpoint goes on: another way to end (`requires_action`, a
 * question to the user). What is cut ends with an event like those in the middle.
 */
function hasOwnEnding(facts: StreamFacts, trace: TraceFacts): boolean {
  const kind = lastKindOf(facts);
  if (kind === null || goesOnAfter(facts, kind)) return false;
  return !nearSiblings(facts, trace).some((sibling) => goesOnAfter(sibling, kind));
}

/** How an event says of what kind it is: by its SSE name, or by a member of its JSON. */
interface EventKindMark {
  name: string | null;
  /** `"type":"tool_call"` as it stands in the event. */
  member: string | null;
}

const KIND_MEMBER = /"(?:type|event|kind|event_type)"\s*:\s*"[\w.:-]{1,80}"/;
/** The member that tells the kind stands near the beginning. */
const KIND_HEAD = 2000;

function lastKindOf({ decoded }: StreamFacts): EventKindMark | null {
  const { kind, name, data } = decoded.events;
  const last = kind.lastIndexOf(EventKind.data);
  if (last < 0) return null;
  const eventName = name[last] ?? null;
  if (eventName !== null && eventName !== 'message') return { name: eventName, member: null };
  const member = KIND_MEMBER.exec((data[last] ?? '').slice(0, KIND_HEAD))?.[0] ?? null;
  return member === null ? null : { name: null, member };
}

/** Asked by every stream that lacks the marker, of every other: the answer is kept until the stream grows. */
const goings = new WeakMap<StreamFacts, { length: number; byMark: Map<string, boolean> }>();

function goesOnAfter(facts: StreamFacts, mark: EventKindMark): boolean {
  const { kind, name, data } = facts.decoded.events;
  let known = goings.get(facts);
  if (known?.length !== kind.length) {
    known = { length: kind.length, byMark: new Map() };
    goings.set(facts, known);
  }
  const key = mark.name ?? mark.member ?? '';
  let goesOn = known.byMark.get(key);
  if (goesOn === undefined) {
    const last = kind.lastIndexOf(EventKind.data);
    const isLike = (index: number) =>
      mark.name !== null
        ? name[index] === mark.name
        : (data[index] ?? '').slice(0, KIND_HEAD).includes(mark.member!);
    goesOn = false;
    for (let index = 0; index < last && !goesOn; index++) goesOn = isLike(index);
    known.byMark.set(key, goesOn);
  }
  return goesOn;
}

/** The streams of the endpoint around this one, without it. */
export function nearSiblings(facts: StreamFacts, trace: TraceFacts): readonly StreamFacts[] {
  const all = trace.siblings(facts);
  const at = placeOf(facts, all);
  const from = Math.max(0, Math.min(at - MAX_SIBLINGS / 2, all.length - MAX_SIBLINGS));
  return all.slice(from, from + MAX_SIBLINGS).filter((sibling) => sibling !== facts);
}

/** Thousands of siblings ask for their places again and again; searching each time would cost the square. */
const places = new WeakMap<readonly StreamFacts[], Map<StreamFacts, number>>();

function placeOf(facts: StreamFacts, all: readonly StreamFacts[]): number {
  let known = places.get(all);
  if (known?.size !== all.length) {
    known = new Map(all.map((one, index) => [one, index]));
    places.set(all, known);
  }
  return known.get(facts) ?? 0;
}

function isTailKnown(facts: StreamFacts, markers: MarkerFacts): boolean {
  const { decoded, stream } = facts;
  const isCapped = stream.losses.some(
    (loss) => loss === 'payload-capped' || loss === 'payload-evicted' || loss === 'dropped-records',
  );
  return !decoded.partial && !isCapped && markers.isKnown;
}

/** The body's last characters; null when they were not captured. */
function tailOf(stream: StreamRecord): string | null {
  const { chunks, response } = stream;
  // HAR brings the text whole, with at most a chunk that stands for its size.
  if (response?.body) return response.body.truncated ? null : response.body.text.slice(-TAIL_CHARACTERS);
  let tail = '';
  for (let i = chunks.atMs.length - 1; i >= 0 && tail.length < TAIL_CHARACTERS; i--) {
    const payload = chunks.payload[i];
    if (!payload || payload.length < chunks.byteLength[i]!) return tail === '' ? null : tail;
    tail = decodeUtf8(payload.subarray(-TAIL_CHARACTERS)) + tail;
  }
  return tail.slice(-TAIL_CHARACTERS);
}

/**
 * gunicorn answers for a killed worker on the same connection, so its status line lands in the body. Within an event's
 * own text the line would begin with the framing, and a model may well write about status lines.
 */
function rawErrorIn(tail: string): string | null {
  const match =
    /(?:^|\n)[^\n:{"]{0,200}?(HTTP\/1\.[01] 5\d\d [A-Za-z ]{1,40})\r?\n(?:[A-Za-z-]{1,40}: |\r?\n)/.exec(
      tail,
    );
  return match?.[1] ?? null;
}

/** An end marker was written, but not the empty line that makes an event of it. */
function isMarked({ decoded }: StreamFacts, tail: string): boolean {
  if (decoded.tailByteLength === 0) return false;
  const block = tail.slice(-Math.min(tail.length, decoded.tailByteLength + 2));
  return block.split(/\r?\n/).some((line) => {
    const field = /^(data|event): ?(.*)$/s.exec(line);
    return field ? endMarkerOf(field[2]!, null) !== null : endMarkerOf(line, null) !== null;
  });
}

function isUnfinished({ decoded }: StreamFacts, tail: string): boolean {
  const last = tail.slice(tail.lastIndexOf('\n') + 1);
  if (decoded.format === 'ndjson') return last.trim() !== '' && !isJson(last);
  if (decoded.format !== 'sse') return false;
  // A server that leaves out the last empty line has still written its last line whole.
  return last !== '' && !last.startsWith(':') && !isJson(last.replace(/^data: ?/, ''));
}
