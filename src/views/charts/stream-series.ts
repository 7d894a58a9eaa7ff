import { EventKind } from '../../decode/types';
import type { StreamFacts } from '../../diagnose/facts/stream-facts';
import { Confidence, type ConfidenceCode, Direction } from '../../trace/types';

/** A span of time, ms since the stream's start. */
export interface Span {
  fromMs: number;
  toMs: number;
}

export interface Point {
  x: number;
  y: number;
}

/** A count that grows with time: `totals[i]` holds after the record at `atMs[i]` (ms since the stream's start). */
export interface Curve {
  atMs: number[];
  totals: number[];
}

export interface HistogramBin {
  from: number;
  to: number;
  count: number;
}

/** Buffer sizes that proxies and servers use, bytes. */
export const BUFFER_QUANTA = [4096, 8192, 16_384, 32_768] as const;

const GAP_BINS_PER_DECADE = 4;
const GAP_FIRST_DECADE = -1;
const GAP_DECADES = 7;
const SIZE_BINS_PER_OCTAVE = 2;
const SIZE_OCTAVES = 26;
/** How many of the longest silences are remembered for shading. */
const KEPT_GAPS = 32;
const LEAST_BINS = 12;
/** A silence is shaded from this part of the axis on, and from this long: shorter ones are how streams breathe. */
const IDLE_PART = 0.04;
const IDLE_MS = 250;

/**
 * What the plots of one stream need, read once: `update` takes only the records that came since, so that a live
 * stream costs the same per event however long it is.
 */
export class StreamSeries {
  readonly received: Curve = { atMs: [], totals: [] };
  readonly sent: Curve = { atMs: [], totals: [] };
  readonly bytes: Curve = { atMs: [], totals: [] };
  /** The server's own send times, Unix epoch ms: `serverCurve` puts them on the axis. */
  readonly #sentByServer: Curve = { atMs: [], totals: [] };
  /** Deliveries whose arrival time is not exact. */
  readonly doubtful: { atMs: number[]; totals: number[]; confidence: ConfidenceCode[] } = {
    atMs: [],
    totals: [],
    confidence: [],
  };
  readonly gapCounts = new Array<number>(GAP_BINS_PER_DECADE * GAP_DECADES).fill(0);
  readonly sizeCounts = new Array<number>(SIZE_BINS_PER_OCTAVE * SIZE_OCTAVES).fill(0);
  gapTotal = 0;
  sizeTotal = 0;
  heartbeats = 0;
  /** Longest silences between deliveries, longest first. */
  readonly longest: Span[] = [];

  #events = 0;
  #deliveries = 0;
  #lastDeliveryMs: number | null = null;
  #clockOffsetMs = Number.POSITIVE_INFINITY;

  constructor(readonly facts: StreamFacts) {}

  get startedAtMs(): number {
    return this.facts.stream.timing.startedAtMs;
  }

  /** Axis length, ms: the stream's age, or its last record where that is later. */
  get spanMs(): number {
    return Math.max(this.facts.ageMs, this.#lastDeliveryMs ?? 0, 1);
  }

  /** Takes what came since the last call. True when there was anything. */
  update(): boolean {
    const before = this.#events + this.#deliveries;
    this.#readEvents();
    this.#readDeliveries();
    return this.#events + this.#deliveries !== before;
  }

  #readEvents(): void {
    const { events } = this.facts.decoded;
    for (; this.#events < events.atMs.length; this.#events += 1) {
      const index = this.#events;
      if (events.kind[index] === EventKind.heartbeat) {
        this.heartbeats += 1;
        continue;
      }
      const at = (events.atMs[index] ?? 0) - this.startedAtMs;
      const curve = events.direction[index] === Direction.sent ? this.sent : this.received;
      push(curve, at, 1);
      if (curve === this.sent) continue;
      const sentEpochMs = events.sentEpochMs[index] ?? Number.NaN;
      if (Number.isFinite(sentEpochMs)) {
        this.#clockOffsetMs = Math.min(this.#clockOffsetMs, at - sentEpochMs);
        const times = this.#sentByServer.atMs;
        times.push(Math.max(sentEpochMs, times.at(-1) ?? sentEpochMs));
        this.#sentByServer.totals.push(curve.totals.length);
      }
      const confidence = events.confidence[index] ?? Confidence.arrived;
      if (confidence !== Confidence.arrived) {
        this.doubtful.atMs.push(at);
        this.doubtful.totals.push(curve.totals.length);
        this.doubtful.confidence.push(confidence);
      }
    }
  }

  #readDeliveries(): void {
    const { chunks, messages } = this.facts.stream;
    const columns = chunks.atMs.length > 0 ? chunks : messages;
    for (; this.#deliveries < columns.atMs.length; this.#deliveries += 1) {
      const index = this.#deliveries;
      if (columns === messages && messages.direction[index] === Direction.sent) continue;
      const at = (columns.atMs[index] ?? 0) - this.startedAtMs;
      const byteLength = columns.byteLength[index] ?? 0;
      push(this.bytes, at, byteLength);
      this.#countSize(byteLength);
      if (this.#lastDeliveryMs !== null) this.#countGap(this.#lastDeliveryMs, at);
      this.#lastDeliveryMs = at;
    }
  }

  #countSize(byteLength: number): void {
    const bin = Math.floor(Math.log2(Math.max(1, byteLength)) * SIZE_BINS_PER_OCTAVE + 1e-9);
    const clamped = Math.min(this.sizeCounts.length - 1, bin);
    this.sizeCounts[clamped] = (this.sizeCounts[clamped] ?? 0) + 1;
    this.sizeTotal += 1;
  }

  #countGap(fromMs: number, toMs: number): void {
    const gapMs = Math.max(0, toMs - fromMs);
    const bin = Math.floor(
      (Math.log10(Math.max(gapMs, 0.1)) - GAP_FIRST_DECADE) * GAP_BINS_PER_DECADE + 1e-9,
    );
    const clamped = Math.min(this.gapCounts.length - 1, Math.max(0, bin));
    this.gapCounts[clamped] = (this.gapCounts[clamped] ?? 0) + 1;
    this.gapTotal += 1;
    const shortest = this.longest.at(-1);
    if (this.longest.length >= KEPT_GAPS && shortest && gapMs <= shortest.toMs - shortest.fromMs) return;
    const at = this.longest.findIndex((one) => one.toMs - one.fromMs < gapMs);
    this.longest.splice(at < 0 ? this.longest.length : at, 0, { fromMs, toMs });
    if (this.longest.length > KEPT_GAPS) this.longest.pop();
  }

  /** How many events carry the server's own send time. */
  get serverTimes(): number {
    return this.#sentByServer.atMs.length;
  }

  /**
   * Events as the server says it sent them. The two clocks are not set alike, so its times are shifted as far as
   * they can be without an event arriving before it was sent: where nothing held the stream back the curves touch,
   * and where something did, the distance between them is the least that it was held.
   */
  serverCurve(fromMs: number, toMs: number, columns: number): Point[] {
    if (this.serverTimes < 2) return [];
    const shift = this.#clockOffsetMs;
    const first = (this.#sentByServer.atMs[0] ?? 0) + shift;
    return sampleCurve(this.#sentByServer, fromMs - shift, toMs - shift, columns)
      .map(({ x, y }) => ({ x: x + shift, y }))
      .filter(({ x }) => x >= first);
  }

  /** Bins of the gap histogram from the first to the last one used; edges in ms. */
  gapHistogram(): HistogramBin[] {
    return trimBins(
      this.gapCounts.map((count, index) => ({
        // Everything that is shorter than the first edge lies in the first bin.
        from: index === 0 ? 0 : 10 ** (GAP_FIRST_DECADE + index / GAP_BINS_PER_DECADE),
        to: 10 ** (GAP_FIRST_DECADE + (index + 1) / GAP_BINS_PER_DECADE),
        count,
      })),
    );
  }

  /** Bins of the chunk sizes from the first to the last one used; edges in bytes. */
  sizeHistogram(): HistogramBin[] {
    return trimBins(
      this.sizeCounts.map((count, index) => ({
        from: 2 ** (index / SIZE_BINS_PER_OCTAVE),
        to: 2 ** ((index + 1) / SIZE_BINS_PER_OCTAVE),
        count,
      })),
    );
  }

  /** The wait for the first byte, ms since the start; null when it is not known. */
  get waitMs(): number | null {
    return this.facts.firstByteMs;
  }

  /**
   * Silences worth shading: the wait for the first byte, gaps that are long against the stream's own rhythm and
   * against its whole life, and the silence since the last delivery while it is open.
   */
  idleSpans(): Span[] {
    const least = Math.max(this.spanMs * IDLE_PART, this.facts.gaps.medianMs * 4, IDLE_MS);
    const spans = this.longest.filter((one) => one.toMs - one.fromMs >= least);
    const wait = this.waitMs ?? (this.bytes.atMs.length === 0 ? this.spanMs : null);
    if (wait !== null && wait >= Math.max(this.spanMs * IDLE_PART, IDLE_MS))
      spans.push({ fromMs: 0, toMs: wait });
    const last = this.#lastDeliveryMs;
    if (!this.facts.stream.end && last !== null && this.spanMs - last >= least) {
      spans.push({ fromMs: last, toMs: this.spanMs });
    }
    return spans.sort((a, b) => a.fromMs - b.fromMs);
  }
}

/** Index of the first value greater than `x` in an ascending list. */
export function upperBound(sorted: ArrayLike<number>, x: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A curve between two times in at most about `columns` points, plus one on each border: every point when they are
 * few, else the last of each column. Costs columns × log(length), so zooming a million points is instant.
 */
export function sampleCurve(curve: Curve, fromMs: number, toMs: number, columns: number): Point[] {
  const { atMs, totals } = curve;
  if (atMs.length === 0) return [];
  const first = upperBound(atMs, fromMs);
  const last = upperBound(atMs, toMs);
  const points: Point[] = [{ x: fromMs, y: totals[first - 1] ?? 0 }];
  if (last - first <= columns) {
    for (let index = first; index < last; index += 1)
      points.push({ x: atMs[index] ?? 0, y: totals[index] ?? 0 });
  } else {
    let previous = first;
    for (let column = 1; column <= columns; column += 1) {
      const end = upperBound(atMs, fromMs + ((toMs - fromMs) * column) / columns);
      if (end === previous) continue;
      // First and last of the column, so that a jump after a silence stays a jump and does not become a ramp.
      points.push({ x: atMs[previous] ?? 0, y: totals[previous] ?? 0 });
      if (end - 1 > previous) points.push({ x: atMs[end - 1] ?? 0, y: totals[end - 1] ?? 0 });
      previous = end;
    }
  }
  return points;
}

function push(curve: Curve, at: number, amount: number): void {
  // Times of merged sources can step back a little; the curve may not.
  curve.atMs.push(Math.max(at, curve.atMs.at(-1) ?? 0));
  curve.totals.push((curve.totals.at(-1) ?? 0) + amount);
}

/** The bins from the first to the last one used, with neighbours up to a width that does not shout. */
function trimBins(bins: HistogramBin[]): HistogramBin[] {
  const first = bins.findIndex((bin) => bin.count > 0);
  if (first < 0) return [];
  const last = bins.findLastIndex((bin) => bin.count > 0);
  const room = Math.max(2, LEAST_BINS - (last - first + 1));
  const from = Math.max(0, first - Math.floor(room / 2));
  return bins.slice(from, Math.max(last + 2, from + LEAST_BINS));
}
