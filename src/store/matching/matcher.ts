import type { HarView, NetworkView } from '../../trace/views';
import { assign } from './assign';
import { networkHarCost, tapWireCost } from './cost';
import { groupOf, poolKey, type TapSide, type WireSide, wireEnd, wireStart, withoutFragment } from './sides';

/** A request seen from the network waits this long for its tap before it is listed by itself (worker traffic). */
const NETWORK_GRACE_MS = 400;
/** A HAR entry waits this long for its other views. */
const HAR_GRACE_MS = 800;
/** What has ended stays open for better evidence this long: later views of it can hardly come. */
const SETTLE_MS = 2000;
/** …and this long when its HAR entry has not come. */
const SETTLE_WITHOUT_HAR_MS = 5000;
/** Requests that ended without a HAR entry are remembered for a late one. */
const REMEMBERED_WIRES = 512;
/** Requests that can be confused are compared at most so many at a time. */
const WINDOW = 96;

export interface Tap extends TapSide {
  exchange: Exchange | null;
  settled: boolean;
  /** By how much the network's clock is ahead of the document's. */
  skewMs: number;
}

export interface Wire extends WireSide {
  exchange: Exchange | null;
  settled: boolean;
  pool: Pool;
  /** Where HAR entries look for it. */
  harUrl: string;
}

/** One exchange: the views that were found to belong together. The recording hangs its stream record on it. */
export interface Exchange {
  tap: Tap | null;
  wire: Wire | null;
}

/** What the matcher asks of the recording. */
export interface ExchangeHost {
  /** A new exchange for these views; null when it is not to be kept. */
  create(tap: Tap | null, wire: Wire | null): Exchange | null;
  /** The views of `exchange` changed. */
  changed(exchange: Exchange): void;
  /** All views of `exchange` went to others. */
  removed(exchange: Exchange): void;
  /** No better evidence will come: `tap` and `wire` of `exchange` are final. */
  settled(exchange: Exchange, sole: boolean): void;
}

interface Pool {
  key: string;
  taps: Tap[];
  wires: Wire[];
}

interface WaitingHar {
  view: HarView;
  seenEpochMs: number;
}

/**
 * Finds out which views belong to one exchange, and changes its mind while evidence grows.
 *
 * Two steps: HAR entries are given to network views (same clock, all headers on both sides), then the result is given
 * to the tap's streams, by which time it carries content as well. In each step the whole pool of requests that could
 * be confused (same kind, method and address) is paired at once, at the least total cost.
 */
export class Matcher {
  readonly #host: ExchangeHost;
  readonly #pools = new Map<string, Pool>();
  readonly #dirty = new Set<Pool>();
  readonly #byRequest = new Map<string, Wire>();
  readonly #byHarUrl = new Map<string, Set<Wire>>();
  readonly #waiting = new Map<string, WaitingHar[]>();
  readonly #dirtyHarUrls = new Set<string>();
  /** Settled wires without HAR, oldest first. */
  readonly #remembered = new Set<Wire>();

  constructor(host: ExchangeHost) {
    this.#host = host;
  }

  /** True while views wait for others, so that `resolve` should be called again without news. */
  get busy(): boolean {
    return this.#pools.size > 0 || this.#waiting.size > 0;
  }

  /** Whether this request was seen and is still in play. */
  knows(requestId: string): boolean {
    return this.#byRequest.has(requestId);
  }

  /** A stream of the tap's; it has its exchange when this returns, if the host keeps it. */
  addTap(tap: Tap, nowEpochMs: number): void {
    const group = tap.start.kind === 'websocket' ? 'websocket' : 'request';
    const pool = this.#pool(poolKey(group, tap.start.method, tap.start.url));
    pool.taps.push(tap);
    this.#dirty.add(pool);
    // Its deliveries need a place at once; the pairing can wait, unless a request is listed that may be its own.
    if (pool.wires.some((wire) => wire.exchange && !wire.exchange.tap)) this.#pair(pool, nowEpochMs);
    else tap.exchange = this.#host.create(tap, null);
  }

  tapChanged(tap: Tap): void {
    const group = tap.start.kind === 'websocket' ? 'websocket' : 'request';
    const pool = this.#pools.get(poolKey(group, tap.start.method, tap.start.url));
    if (pool) this.#dirty.add(pool);
  }

  /** A network view, new or grown. */
  network(view: NetworkView, nowEpochMs: number): void {
    let wire = this.#byRequest.get(view.requestId);
    if (!wire) {
      const pool = this.#pool(poolKey(groupOf(view.kind), view.method, view.url));
      wire = {
        network: view,
        har: null,
        firstSeenEpochMs: nowEpochMs,
        revision: 0,
        exchange: null,
        settled: false,
        pool,
        harUrl: '',
      };
      pool.wires.push(wire);
      this.#byRequest.set(view.requestId, wire);
    }
    wire.network = view;
    wire.revision++;
    const harUrl = withoutFragment(view.finalUrl ?? view.url);
    if (harUrl !== wire.harUrl) {
      this.#unindex(wire);
      wire.harUrl = harUrl;
      const set = this.#byHarUrl.get(harUrl) ?? new Set();
      set.add(wire);
      this.#byHarUrl.set(harUrl, set);
    }
    if (this.#waiting.has(harUrl)) this.#dirtyHarUrls.add(harUrl);
    if (!wire.settled) this.#dirty.add(wire.pool);
    else if (wire.exchange) this.#host.changed(wire.exchange);
  }

  har(view: HarView, nowEpochMs: number): void {
    const url = withoutFragment(view.url);
    const list = this.#waiting.get(url) ?? [];
    list.push({ view, seenEpochMs: nowEpochMs });
    this.#waiting.set(url, list);
    this.#dirtyHarUrls.add(url);
  }

  /** Pairs everything anew that changed since the last call. */
  resolve(nowEpochMs: number): void {
    for (const url of this.#dirtyHarUrls) this.#placeHars(url, nowEpochMs);
    this.#dirtyHarUrls.clear();
    this.#adoptLoneHars(nowEpochMs);
    for (const pool of this.#dirty) this.#pair(pool, nowEpochMs);
    this.#dirty.clear();
    for (const pool of this.#pools.values()) {
      this.#listLoneWires(pool, nowEpochMs);
      this.#settle(pool, nowEpochMs);
      if (pool.taps.length === 0 && pool.wires.length === 0) this.#pools.delete(pool.key);
    }
  }

  /** Forgets every view that `keep` does not want. */
  prune(keep: { tap(tap: Tap): boolean; wire(wire: Wire): boolean }): void {
    for (const pool of this.#pools.values()) {
      pool.taps = pool.taps.filter((tap) => keep.tap(tap));
      const kept = new Set(pool.wires.filter((wire) => keep.wire(wire)));
      for (const wire of pool.wires) if (!kept.has(wire)) this.#forget(wire);
      pool.wires = [...kept];
      if (pool.taps.length === 0 && kept.size === 0) this.#pools.delete(pool.key);
    }
    for (const wire of this.#remembered) if (!keep.wire(wire)) this.#forget(wire);
    this.#waiting.clear();
    this.#dirty.clear();
    this.#dirtyHarUrls.clear();
  }

  #pool(key: string): Pool {
    const known = this.#pools.get(key);
    if (known) return known;
    const pool: Pool = { key, taps: [], wires: [] };
    this.#pools.set(key, pool);
    return pool;
  }

  #placeHars(url: string, nowEpochMs: number): void {
    const wires = [...(this.#byHarUrl.get(url) ?? [])]
      .filter((wire) => wire.network && (!wire.settled || !wire.har))
      .sort((a, b) => hopStart(a) - hopStart(b))
      .slice(-4 * WINDOW);
    const views: WaitingHar[] = [...(this.#waiting.get(url) ?? [])];
    for (const wire of wires) {
      if (wire.har) views.push({ view: wire.har, seenEpochMs: nowEpochMs });
    }
    views.sort((a, b) => a.view.startedEpochMs - b.view.startedEpochMs);
    const partner = inWindows(views.length, wires.length, (rows, columns) =>
      assign(rows.length, columns.length, (row, column) =>
        networkHarCost(wires[columns[column]!]!.network!, views[rows[row]!]!.view, {
          rankDifference: rows[row]! - columns[column]!,
          nowEpochMs,
        }),
      ),
    );
    const given = new Map<Wire, HarView>();
    const left: WaitingHar[] = [];
    views.forEach((one, row) => {
      const column = partner[row]!;
      if (column >= 0) given.set(wires[column]!, one.view);
      else left.push(one);
    });
    for (const wire of wires) {
      const har = given.get(wire) ?? null;
      if (har === wire.har) continue;
      wire.har = har;
      wire.revision++;
      this.#remembered.delete(wire);
      if (!wire.settled) this.#dirty.add(wire.pool);
      else if (wire.exchange) {
        this.#host.changed(wire.exchange);
        this.#host.settled(wire.exchange, false);
        this.#forget(wire);
      }
    }
    if (left.length > 0) this.#waiting.set(url, left);
    else this.#waiting.delete(url);
  }

  /** HAR entries that no network view claims stand for themselves: answers of a service worker, for one. */
  #adoptLoneHars(nowEpochMs: number): void {
    for (const [url, list] of this.#waiting) {
      const left = list.filter((one) => {
        if (nowEpochMs - one.seenEpochMs < HAR_GRACE_MS) return true;
        const { view } = one;
        const pool = this.#pool(poolKey(groupOf(view.kind), view.method, view.url));
        pool.wires.push({
          network: null,
          har: view,
          firstSeenEpochMs: one.seenEpochMs,
          revision: 0,
          exchange: null,
          settled: false,
          pool,
          harUrl: url,
        });
        this.#dirty.add(pool);
        return false;
      });
      if (left.length > 0) this.#waiting.set(url, left);
      else this.#waiting.delete(url);
    }
  }

  #pair(pool: Pool, nowEpochMs: number): void {
    const taps = pool.taps.slice().sort((a, b) => a.startedEpochMs - b.startedEpochMs);
    const wires = pool.wires.slice().sort((a, b) => wireStart(a) - wireStart(b));
    const partner = inWindows(taps.length, wires.length, (rows, columns) =>
      assign(rows.length, columns.length, (row, column) => {
        const tap = taps[rows[row]!]!;
        return tapWireCost(tap, wires[columns[column]!]!, {
          nowEpochMs,
          rankDifference: rows[row]! - columns[column]!,
          skewMs: tap.skewMs,
        });
      }),
    );
    const wireOf = new Map<Tap, Wire | null>();
    const claimed = new Set<Wire>();
    taps.forEach((tap, row) => {
      const wire = partner[row]! >= 0 ? wires[partner[row]!]! : null;
      wireOf.set(tap, wire);
      if (wire) claimed.add(wire);
    });
    this.#apply(wires, wireOf, claimed);
  }

  /** Moves views between exchanges as `wireOf` says, without making or dropping more exchanges than needed. */
  #apply(wires: Wire[], wireOf: Map<Tap, Wire | null>, claimed: Set<Wire>): void {
    const touched = new Set<Exchange>();
    // Exchanges that had only a wire, and whose wire now belongs to a tap.
    const free: Exchange[] = [];
    for (const wire of wires) {
      const { exchange } = wire;
      if (!exchange) continue;
      if (claimed.has(wire)) {
        if (!exchange.tap) free.push(exchange);
      } else if (exchange.tap) wire.exchange = null;
    }
    for (const [tap, wire] of wireOf) {
      if (tap.exchange) continue;
      const own = wire?.exchange && free.includes(wire.exchange) ? wire.exchange : free[0];
      if (own) {
        free.splice(free.indexOf(own), 1);
        own.tap = tap;
        tap.exchange = own;
        touched.add(own);
      } else tap.exchange = this.#host.create(tap, null);
    }
    for (const [tap, wire] of wireOf) {
      const { exchange } = tap;
      if (!exchange) continue;
      if (exchange.wire !== wire) touched.add(exchange);
      exchange.wire = wire;
      if (wire) wire.exchange = exchange;
    }
    for (const wire of wires) {
      if (claimed.has(wire) || wire.exchange) continue;
      const own = free.shift();
      if (!own) continue;
      own.wire = wire;
      wire.exchange = own;
      touched.add(own);
    }
    for (const exchange of free) {
      exchange.wire = null;
      this.#host.removed(exchange);
      touched.delete(exchange);
    }
    for (const tap of wireOf.keys()) if (tap.exchange) touched.add(tap.exchange);
    for (const wire of wires) if (wire.exchange) touched.add(wire.exchange);
    for (const exchange of touched) this.#host.changed(exchange);
  }

  /** Lists requests by themselves that no tap claimed in time. */
  #listLoneWires(pool: Pool, nowEpochMs: number): void {
    for (const wire of pool.wires) {
      if (wire.exchange || wire.settled) continue;
      const kind = wire.network?.kind ?? wire.har!.kind;
      const waits = kind !== 'document' && wire.network !== null;
      if (waits && nowEpochMs - wire.firstSeenEpochMs < NETWORK_GRACE_MS) continue;
      const method = wire.network?.method ?? wire.har!.method;
      // A preflight is the browser's own question, not an exchange of the page's.
      const exchange = method.toUpperCase() === 'OPTIONS' ? null : this.#host.create(null, wire);
      if (exchange) {
        wire.exchange = exchange;
        this.#host.changed(exchange);
      } else if (wireEnd(wire) !== null) wire.settled = true;
    }
    if (pool.wires.some((wire) => wire.settled)) {
      for (const wire of pool.wires) if (wire.settled) this.#forget(wire);
      pool.wires = pool.wires.filter((wire) => !wire.settled);
    }
  }

  #settle(pool: Pool, nowEpochMs: number): void {
    const sole = pool.taps.length <= 1 && pool.wires.length <= 1;
    const done: Exchange[] = [];
    const all = new Set<Exchange>();
    for (const tap of pool.taps) if (tap.exchange) all.add(tap.exchange);
    for (const wire of pool.wires) if (wire.exchange) all.add(wire.exchange);
    for (const exchange of all) if (isOver(exchange, nowEpochMs)) done.push(exchange);
    for (const exchange of done) {
      const { tap, wire } = exchange;
      if (tap) tap.settled = true;
      if (wire) wire.settled = true;
      this.#host.settled(exchange, sole);
      if (!wire) continue;
      if (wire.har) this.#forget(wire);
      else {
        this.#remembered.add(wire);
        if (this.#remembered.size > REMEMBERED_WIRES) {
          const oldest = this.#remembered.values().next().value;
          if (oldest) this.#forget(oldest);
        }
      }
    }
    // A stream the trace had no room for has no exchange and nothing to wait for.
    pool.taps = pool.taps.filter((tap) => !tap.settled && (tap.exchange !== null || tap.end === null));
    pool.wires = pool.wires.filter((wire) => !wire.settled);
  }

  #forget(wire: Wire): void {
    this.#unindex(wire);
    this.#remembered.delete(wire);
    wire.settled = true;
    if (wire.network) this.#byRequest.delete(wire.network.requestId);
  }

  #unindex(wire: Wire): void {
    const set = this.#byHarUrl.get(wire.harUrl);
    set?.delete(wire);
    if (set?.size === 0) this.#byHarUrl.delete(wire.harUrl);
  }
}

function hopStart(wire: Wire): number {
  return wire.network?.hopStartedEpochMs ?? wireStart(wire);
}

/** Whether all views of an exchange that can still come have come. */
function isOver({ tap, wire }: Exchange, nowEpochMs: number): boolean {
  const tapEnd = tap?.endEpochMs ?? null;
  const networkEnd = wire ? wireEnd(wire) : null;
  // A WebSocket's network view ends with its handshake unless HAR closes it: the tap's word counts.
  const isSocket = (tap?.start.kind ?? wire?.network?.kind ?? wire?.har?.kind) === 'websocket';
  if (tap && tapEnd === null) return false;
  if (wire && networkEnd === null && !isSocket) {
    // The page is done with it (it may have aborted); the network side says so a moment later or never.
    return tapEnd !== null && nowEpochMs - tapEnd > SETTLE_WITHOUT_HAR_MS;
  }
  if (!tap && networkEnd === null) return false;
  const end = Math.max(tapEnd ?? 0, networkEnd ?? 0);
  return nowEpochMs - end > (wire?.har ? SETTLE_MS : SETTLE_WITHOUT_HAR_MS);
}

/**
 * Pairs two lists in the order of time, a window at a time, so that a page with thousands of like requests open costs
 * many small assignments, not one huge one. Returns the column of each row, -1 for none.
 */
function inWindows(
  rowCount: number,
  columnCount: number,
  solve: (rows: number[], columns: number[]) => number[],
): number[] {
  const result = new Array<number>(rowCount).fill(-1);
  let columns = Array.from({ length: columnCount }, (_, index) => index);
  for (let first = 0; first < rowCount && columns.length > 0; first += WINDOW) {
    const rows = Array.from({ length: Math.min(WINDOW, rowCount - first) }, (_, index) => first + index);
    const near = columns.slice(0, 2 * WINDOW);
    const partner = solve(rows, near);
    const used = new Set<number>();
    rows.forEach((row, index) => {
      const column = partner[index]!;
      if (column < 0) return;
      result[row] = near[column]!;
      used.add(near[column]!);
    });
    columns = columns.filter((column) => !used.has(column));
  }
  return result;
}
