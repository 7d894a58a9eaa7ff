import type { Header } from '../../trace/types';
import type { HarView, NetworkView } from '../../trace/views';
import { IMPOSSIBLE } from './assign';
import { type TapSide, type WireSide, wireEnd, wireHeaders, wireStart } from './sides';

/**
 * How badly two views of a request fit together. Three kinds of evidence:
 *
 * - contradictions exclude a pair: another document, another status, another value of a header both saw, other bytes;
 * - order: requests of one page reach the network in the order in which it made them, so the square of the time
 *   between the starts is charged, which makes the pairing in order the cheapest one;
 * - causality: the page cannot have an answer before the network has it. Being later is cheap and the same for every
 *   pairing (a page may read late), being earlier is dear.
 */

/** The page asks, then the network starts. More than this apart is another request. */
const START_WITHIN_MS = 10_000;
/** A reconnecting EventSource is seen by the page when it fails or opens, by the network when it asks: farther apart. */
const RECONNECT_WITHIN_MS = 60_000;
/** Clocks of two processes and the way of an event through them. */
const CLOCK_SLACK_MS = 10;
/** Charge per millisecond by which an effect came before its cause. */
const CAUSALITY_PER_MS = 1000;
/** For pairs that are all but excluded: another size of a whole body. */
const STRONG = 1e10;
/** For requests booked on another document where that may happen: its own are preferred. */
const ELSEWHERE = 1e5;
/** Keeps order when starts are the same to the clock's last digit. */
const RANK_WEIGHT = 1e-3;

export function tapWireCost(
  tap: TapSide,
  wire: WireSide,
  context: { nowEpochMs: number; rankDifference: number; skewMs: number },
): number {
  const { network, har } = wire;
  const elsewhere = tap.frameKey !== null && network?.frameKey != null && tap.frameKey !== network.frameKey;
  if (elsewhere && !tap.borrowsFrame) return IMPOSSIBLE;
  if (har && har.kind !== 'other' && har.kind !== tap.start.kind) return IMPOSSIBLE;
  const startDelta = wireStart(wire) - context.skewMs - tap.startedEpochMs;
  const within = tap.start.kind === 'eventsource' ? RECONNECT_WITHIN_MS : START_WITHIN_MS;
  if (Math.abs(startDelta) > within) return IMPOSSIBLE;
  if (statusesDiffer(tap, wire) || headersDiffer(tap, wire) || contentDiffers(tap, har)) return IMPOSSIBLE;

  let cost = startDelta * startDelta + RANK_WEIGHT * context.rankDifference ** 2;
  if (startDelta < -CLOCK_SLACK_MS && tap.start.kind !== 'eventsource') cost += 1e4 * -startDelta;
  if (tap.head && tap.head.status > 0)
    cost += causality(tap.headEpochMs!, wireHeaders(wire), context.skewMs, context.nowEpochMs);
  if (tap.end && (tap.end.kind === 'complete' || tap.end.kind === 'error') && tap.start.kind !== 'websocket')
    cost += causality(tap.endEpochMs!, wireEnd(wire), context.skewMs, context.nowEpochMs);
  else if (!tap.end && wireEnd(wire) !== null) cost += Math.max(0, context.nowEpochMs - wireEnd(wire)!);
  if (elsewhere) cost += ELSEWHERE;
  if (sizesDiffer(tap, har)) cost += STRONG;
  return Math.min(cost, 1e12);
}

export function networkHarCost(
  network: NetworkView,
  har: HarView,
  context: { rankDifference: number; nowEpochMs: number },
): number {
  const startDelta = har.startedEpochMs - (network.hopStartedEpochMs ?? network.startedEpochMs);
  if (Math.abs(startDelta) > START_WITHIN_MS) return IMPOSSIBLE;
  if (!network.redirected && har.method.toUpperCase() !== network.method.toUpperCase()) return IMPOSSIBLE;
  const revalidated = har.status === 304 || network.fromCache;
  if (har.status > 0 && network.status && har.status !== network.status && !revalidated) return IMPOSSIBLE;
  if (
    !revalidated &&
    network.responseHeaders &&
    har.responseHeaders.length > 0 &&
    valuesDiffer(headerMap(har.responseHeaders), headerMap(network.responseHeaders))
  )
    return IMPOSSIBLE;
  let cost = startDelta * startDelta + RANK_WEIGHT * context.rankDifference ** 2;
  // A HAR entry is there because its request has ended, and both sides read the end off the network.
  const end = network.endedEpochMs ?? context.nowEpochMs;
  if (network.kind !== 'websocket') cost += 10 * Math.abs(har.endedEpochMs - end);
  return Math.min(cost, 1e12);
}

/** The page's moment must not be before the network's. */
function causality(
  pageEpochMs: number,
  networkEpochMs: number | null,
  skewMs: number,
  nowEpochMs: number,
): number {
  const lag = pageEpochMs - ((networkEpochMs ?? nowEpochMs) - skewMs);
  if (lag >= -CLOCK_SLACK_MS) return Math.max(0, lag);
  return CAUSALITY_PER_MS * -lag;
}

function statusesDiffer(tap: TapSide, wire: WireSide): boolean {
  const seen = tap.head?.status ?? 0;
  const known = wire.network?.status ?? wire.har?.status ?? 0;
  if (seen === 0 || known === 0 || seen === known) return false;
  // The page gets the stored 200 when the network revalidated it; a service worker answers what it likes.
  const replaced = known === 304 || wire.network?.fromCache || wire.network?.fromServiceWorker;
  // The tap cannot see the status of an EventSource or WebSocket: it only knows that it opened.
  return !replaced && (tap.start.kind === 'fetch' || tap.start.kind === 'xhr');
}

function headersDiffer(tap: TapSide, wire: WireSide): boolean {
  if (!tap.head || tap.head.headers.length === 0) return false;
  if (wire.network?.fromCache || wire.network?.fromServiceWorker || wire.har?.status === 304) return false;
  const known = wire.network?.responseHeaders ?? wire.har?.responseHeaders;
  return known ? valuesDiffer(headerMap(tap.head.headers), headerMap(known)) : false;
}

/** A header that both have, with another value. */
function valuesDiffer(seen: Map<string, string>, known: Map<string, string>): boolean {
  for (const [name, value] of seen) {
    const other = known.get(name);
    if (other !== undefined && other !== value) return true;
  }
  return false;
}

const maps = new WeakMap<object, Map<string, string>>();

/** Names in lower case, repeated headers joined as `Headers` joins them. Kept per list: pairs are judged often. */
function headerMap(headers: readonly Header[]): Map<string, string> {
  const kept = maps.get(headers);
  if (kept) return kept;
  const map = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    // Repeated cookies come in no fixed order; hop-by-hop fields are rewritten on the way.
    if (key === 'set-cookie' || key === 'connection' || key === 'keep-alive' || key === 'transfer-encoding')
      continue;
    const before = map.get(key);
    map.set(key, before === undefined ? value.trim() : `${before}, ${value.trim()}`);
  }
  // Bytes outside ASCII are decoded in more than one way: such a value proves nothing.
  for (const [key, value] of map) if (/[^\t\x20-\x7e]/.test(value)) map.delete(key);
  maps.set(headers, map);
  return map;
}

function contentDiffers(tap: TapSide, har: HarView | null): boolean {
  if (!har) return false;
  if (tap.texts.length > 0) {
    const texts =
      tap.start.kind === 'websocket'
        ? har.webSocketMessages.filter((one) => !one.sent && one.opcode === 1).map((one) => one.data)
        : har.eventSourceMessages.map((one) => one.data);
    // HAR may have missed the first ones (its reader attaches later), so only an event it has nowhere contradicts.
    if (texts.length === 0) return false;
    const known = new Set(texts.map((text) => text.slice(0, 200)));
    return !tap.texts.some((text) => known.has(text.slice(0, 200)));
  }
  if (tap.sampleLength === 0 || !har.contentText || har.contentIsBase64) return false;
  const known = new TextEncoder().encode(har.contentText.slice(0, tap.sampleLength));
  let index = 0;
  for (const piece of tap.sample) {
    for (const byte of piece) {
      if (index >= known.length) return false;
      const other = known[index]!;
      // Another charset than UTF-8: the texts cannot be compared byte by byte.
      if (byte > 0x7e || other > 0x7e) return false;
      if (byte !== other) return true;
      index++;
    }
  }
  return false;
}

function sizesDiffer(tap: TapSide, har: HarView | null): boolean {
  if (!har || har.contentSize < 0 || tap.end?.kind !== 'complete') return false;
  if (tap.start.kind === 'websocket' || tap.start.kind === 'eventsource') return false;
  const seen = tap.end.byteLength ?? tap.byteLength;
  return seen > 0 && har.contentSize > 0 && seen !== har.contentSize;
}
