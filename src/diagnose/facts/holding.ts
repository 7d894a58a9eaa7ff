import { formatMs } from '../../lib/format';
import { responseHeader } from './headers';
import { declaresLines } from './nature';
import type { DataSpan, ServerClockFacts, StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** Fewer events than this are a short answer: too little to tell a held stream from a brief one. */
export const MIN_EVENTS = 5;
/** A person notices a second without a sign of life; below it holding does little harm and is hard to tell from work. */
export const MIN_WAIT_MS = 1000;
/** One flush reaches the page within this, whatever its size: segments, records and reads of one burst. */
const FLUSH_MS = 50;
/** A slow link (400 kbit/s mobile is 50 KB/s): a held body takes its transfer time at this rate, and is still held. */
const SLOW_LINK_BYTES_PER_MS = 50;
/** However slow the link, the body must come within this part of the wait; else it came while it was made. */
const MAX_SPAN_SHARE = 0.25;
/** A burst of many events per read may stretch to this part of the wait (a busy machine, a few flushes in a row). */
const PACKED_SPAN_SHARE = 0.1;
const PACKED_EVENTS_PER_MOMENT = 4;
/**
 * Events that each come alone, at least this far apart on average, were paced by somebody: a buffer lets go of all at once
 * (a held stream comes in one to three moments, whatever its length). A few may come alone on a busy machine.
 */
const PACED_GAP_MS = 8;
const MANY_EVENTS = 10;
/** A body of a few kilobytes that was ready comes within this, whatever the distance: it is one flight of packets. */
const ONE_READ_MS = 20;
const MANY_PACED_GAP_MS = 1.5;
/** The end comes with the burst, because the end is what made the buffer let go. Page code may take this long. */
const MAX_TAIL_MS = 500;
/** Send times prove holding when the server took at least this long, and this many times longer than the arrivals. */
const MIN_SENT_SPREAD_MS = 500;
const MIN_SPREAD_RATIO = 4;
/** Stamps that span more than the stream's life (and a clock that counts seconds) are records, not send times. */
const LIFE_SLACK_MS = 2500;
/** Two deliveries during the wait, this far apart (part of the wait), show that the line passes bytes on. */
const FLOW_SHARE = 0.2;

/** So many streams of the host, the latest, are looked at for one whose send times prove that the host holds. */
const MAX_CANARIES = 200;

/** How a stream was held back, or why nothing can be said. */
export type Holding =
  | { state: 'inapplicable' }
  /** It flowed, or the server itself made it at once. */
  | { state: 'flowing' }
  | { state: 'unsure'; reason: string }
  | HeldFacts;

export interface HeldFacts {
  state: 'held';
  /** `clock`: its own send times; `canary`: another stream of that host did; null: only the shape. */
  proof: 'clock' | 'canary' | null;
  /** The stream whose send times prove it, when it is not this one. */
  canaryId: string | null;
  waitMs: number;
  spanMs: number;
  /** The longest span that still counts as one burst. */
  spanLimitMs: number;
  /** Trace ms of the burst. */
  fromMs: number;
  toMs: number;
  eventCount: number;
  /** Over how long the server sent it; null when unknown. */
  sentSpreadMs: number | null;
  /** Headers came early and only the body was held. */
  headersWereEarly: boolean;
}

interface Shape {
  waitMs: number;
  spanMs: number;
  spanLimitMs: number;
  isBurst: boolean;
}

/** Whether the whole body of a stream came in one burst at its end, and who did that. */
export function holdingOf(facts: StreamFacts, trace: TraceFacts): Holding {
  const own = ownHolding(facts);
  if (own.state !== 'held' || own.proof !== null) return own;
  const canary = trace
    .ofHost(facts.host)
    .slice(-MAX_CANARIES)
    .find((other) => other !== facts && isHeldByItsClock(other));
  if (canary) return { ...own, proof: 'canary', canaryId: canary.stream.id };
  if (!isMeantToStream(facts)) {
    const reason =
      'Lines of JSON came at once, after a wait. Nobody asked for a stream, and no send times tell whether they were held back or made at once, as the rows of a query are.';
    return { state: 'unsure', reason };
  }
  if (trace.siblings(facts).some((other) => other !== facts && flowed(other, facts))) {
    const reason =
      'Everything came at once, but another stream of the same endpoint flowed. Without send times in the events, a hop that held it and a server that made it at once look the same.';
    return { state: 'unsure', reason };
  }
  return own;
}

/**
 * Without a proof, events that came at once are held against the way only where somebody meant them to stream: the page
 * asked for it, they are server-sent events, or lines under a type of their own whose length nobody knew beforehand.
 * Queries and log files answer in lines as well, all at once and with good reason.
 */
function isMeantToStream({ stream, decoded, askedForStream }: StreamFacts): boolean {
  if (askedForStream || decoded.format === 'sse') return true;
  return declaresLines(stream) && responseHeader(stream, 'content-length') === null;
}

/** What the stream shows by itself, without its neighbours. */
function ownHolding(facts: StreamFacts): Holding {
  const { stream, data } = facts;
  if (facts.nature !== 'stream' || stream.kind === 'websocket') return { state: 'inapplicable' };
  if (!stream.response || stream.response.status >= 400 || stream.response.fromCache)
    return { state: 'inapplicable' };
  if (!data || facts.eventCount < MIN_EVENTS) return tooFewEvents(facts);

  const observed = shapeOf(facts, data, data.firstAtMs);
  if (observed.waitMs < MIN_WAIT_MS) return { state: 'flowing' };
  const clock = clockVerdict(facts, observed);
  if (clock === 'server') return { state: 'flowing' };
  if (!observed.isBurst && clock !== 'held') return { state: 'flowing' };

  const { end } = stream;
  if (!end) return { state: 'unsure', reason: 'The stream is still open: more may come.' };
  const lost = lossReason(facts);
  if (lost) return { state: 'unsure', reason: lost };
  if (end.atMs - data.lastAtMs > Math.max(MAX_TAIL_MS, observed.spanLimitMs)) return { state: 'flowing' };

  // The same measure, taken as if the first event had come at the earliest time it can have: doubt is the server's.
  const earliest = shapeOf(facts, data, data.firstEarliestMs);
  const isClockSure = clock === 'held' && isFarBeyond(facts.serverClock!.sentSpreadMs, earliest.spanMs);
  if (earliest.waitMs < MIN_WAIT_MS || !(earliest.isBurst || isClockSure)) {
    return { state: 'unsure', reason: doubtReason(facts, data) };
  }
  if (clock !== 'held' && data.isBounded && mayBePaced(earliest, facts.eventCount)) {
    return { state: 'unsure', reason: doubtReason(facts, data) };
  }
  if (clock !== 'held') {
    const early = earlyBytes(facts, data, observed);
    if (early) return early;
  }
  const headersMs = facts.headersEarliestMs;
  // Where single events have no times, all that is known is within which they came.
  const shown = data.isBounded ? earliest : observed;
  return {
    state: 'held',
    proof: clock === 'held' && isClockSure ? 'clock' : null,
    canaryId: null,
    waitMs: shown.waitMs,
    spanMs: shown.spanMs,
    spanLimitMs: shown.spanLimitMs,
    fromMs: data.isBounded ? data.firstEarliestMs : data.firstAtMs,
    toMs: data.lastAtMs,
    eventCount: facts.eventCount,
    sentSpreadMs: clock === 'held' ? facts.serverClock!.sentSpreadMs : null,
    headersWereEarly: headersMs !== null && headersMs - facts.requestAtMs < observed.waitMs / 2,
  };
}

function tooFewEvents(facts: StreamFacts): Holding {
  const { stream, arrivals } = facts;
  const waitMs = (arrivals.firstEarliestMs ?? facts.requestAtMs) - facts.requestAtMs;
  const isSuspicious = facts.decoded.partial && facts.byteLength > 0 && stream.end && waitMs >= MIN_WAIT_MS;
  if (!isSuspicious || arrivals.lastAtMs! - arrivals.firstAtMs! > FLUSH_MS) return { state: 'inapplicable' };
  return {
    state: 'unsure',
    reason: 'The body came in one piece after a wait, but its content was not captured.',
  };
}

function shapeOf(facts: StreamFacts, data: DataSpan, firstMs: number): Shape {
  const waitMs = firstMs - facts.requestAtMs;
  const spanMs = Math.max(0, data.lastAtMs - firstMs);
  const count = facts.eventCount;
  const isPacked = count >= data.moments * PACKED_EVENTS_PER_MOMENT;
  const pacedGapMs = count >= MANY_EVENTS ? MANY_PACED_GAP_MS : PACED_GAP_MS;
  const isPaced = data.moments > count / 2 && spanMs / (count - 1) >= pacedGapMs;
  const flushMs = Math.max(
    FLUSH_MS + data.byteLength / SLOW_LINK_BYTES_PER_MS,
    isPacked ? waitMs * PACKED_SPAN_SHARE : 0,
  );
  const spanLimitMs = Math.min(waitMs * MAX_SPAN_SHARE, flushMs);
  return { waitMs, spanMs, spanLimitMs, isBurst: spanMs <= spanLimitMs && !isPaced };
}

/** Where single events have no times: the body took so long that a fast model may have made it meanwhile. */
function mayBePaced({ spanMs }: Shape, count: number): boolean {
  return spanMs > ONE_READ_MS && spanMs / (count - 1) >= MANY_PACED_GAP_MS;
}

function isFarBeyond(sentSpreadMs: number, arrivalSpreadMs: number): boolean {
  return sentSpreadMs >= MIN_SENT_SPREAD_MS && sentSpreadMs >= arrivalSpreadMs * MIN_SPREAD_RATIO;
}

function isClockFull(clock: ServerClockFacts, { eventCount }: StreamFacts): boolean {
  return clock.count >= Math.max(3, eventCount / 2);
}

/** The stamps of the events span more than the stream's life: rows of a log or a table, made long before. */
export function areRecords(facts: StreamFacts): boolean {
  const clock = facts.serverClock;
  if (!clock || !isClockFull(clock, facts)) return false;
  return clock.sentSpreadMs > facts.ageMs * 1.25 + LIFE_SLACK_MS;
}

/**
 * What the server's own clock says. Only differences of send times are used, so its offset does not matter.
 * `held`: sent over a long time, came in a short one. `server`: the server sent them together, or they are records
 * older than the request. Null: there is no such clock.
 */
function clockVerdict(facts: StreamFacts, shape: Shape): 'held' | 'server' | null {
  const clock = facts.serverClock;
  if (!clock || !isClockFull(clock, facts)) return null;
  if (areRecords(facts)) return 'server';
  if (isPerResponse(clock, facts)) return null;
  const cameTogether = shape.spanMs <= shape.waitMs * MAX_SPAN_SHARE;
  if (cameTogether && isFarBeyond(clock.sentSpreadMs, shape.spanMs)) return 'held';
  return 'server';
}

/**
 * One stamp for the whole response (the `created` of chat completions) says nothing about single events: whole seconds
 * that never change, or a stamp that was made long before the events came.
 */
function isPerResponse(clock: ServerClockFacts, facts: StreamFacts): boolean {
  if (!clock.isConstant) return false;
  if (clock.isCoarse) return true;
  const arrivedMs = clock.firstAtMs - facts.requestAtMs;
  const sentMs = clock.firstSentEpochMs - facts.originEpochMs - facts.requestAtMs;
  return sentMs < arrivedMs / 2;
}

/** Bytes that came during the wait: the line flows, or at least it let something through. */
function earlyBytes(facts: StreamFacts, data: DataSpan, shape: Shape): Holding | null {
  const { leadingCount, leadingFirstMs, leadingLastMs } = data;
  if (leadingCount === 0) return null;
  const beforeMs = data.firstAtMs - leadingFirstMs;
  if (beforeMs <= Math.max(FLUSH_MS, shape.waitMs * FLOW_SHARE)) return null;
  if (leadingCount > 1 && leadingLastMs - leadingFirstMs > shape.waitMs * FLOW_SHARE)
    return { state: 'flowing' };
  const reason = `Bytes came ${formatMs(leadingFirstMs - facts.requestAtMs)} after the request, all events much later and at once. Without send times in the events, a hop that held them and a server that made them at once look the same.`;
  return { state: 'unsure', reason };
}

function lossReason(facts: StreamFacts): string | null {
  const { losses } = facts.stream;
  if (losses.includes('late-start'))
    return 'The recording began after the stream: its first events may be missing.';
  if (losses.includes('dropped-records')) return 'Records of this stream were dropped.';
  return null;
}

function doubtReason(facts: StreamFacts, data: DataSpan): string {
  if (data.isBounded || facts.stream.losses.includes('no-chunk-times')) {
    return 'The recording has no arrival times of single events, and the body took too long to come for one burst.';
  }
  return 'The page was busy or read the body late, so when it came is not known.';
}

function isHeldByItsClock(facts: StreamFacts): boolean {
  const holding = ownHolding(facts);
  return holding.state === 'held' && holding.proof === 'clock';
}

/** A stream like this one whose events came one by one. */
function flowed(facts: StreamFacts, like: StreamFacts): boolean {
  const { data } = facts;
  if (!data || facts.eventCount < MIN_EVENTS || !facts.timesKnown) return false;
  const isAlike = facts.contentEncoding === like.contentEncoding && facts.hops.length === like.hops.length;
  return isAlike && data.moments >= MIN_EVENTS && data.lastAtMs - data.firstAtMs >= MIN_WAIT_MS;
}
