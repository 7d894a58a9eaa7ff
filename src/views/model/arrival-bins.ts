/**
 * How full each slice of a stream's time is, for the strip in the table. A slice is as wide as it must be: when time
 * runs past the last one, neighbours are merged and all become twice as wide. So adding an arrival costs the same for
 * a stream of ten and of ten million, and nothing is ever read again.
 */
export class ArrivalBins {
  /** Arrivals per slice. */
  readonly counts: Uint32Array;
  /** Width of one slice, ms. */
  binMs: number;
  /** Arrivals taken so far. */
  total = 0;

  /** @param bins number of slices, even */
  constructor(
    readonly bins = 512,
    firstBinMs = 1,
  ) {
    this.counts = new Uint32Array(bins);
    this.binMs = firstBinMs;
  }

  /** @param offsetMs time since the stream's start; negative counts as its start */
  add(offsetMs: number): void {
    if (!Number.isFinite(offsetMs)) return;
    const offset = Math.max(0, offsetMs);
    while (offset >= this.bins * this.binMs) this.#widen();
    const bin = Math.floor(offset / this.binMs);
    this.counts[bin] = (this.counts[bin] ?? 0) + 1;
    this.total += 1;
  }

  /**
   * The slices drawn over `width` pixels of an axis of `spanMs`: runs of pixels that hold arrivals.
   * @returns [from, to) pixel runs, at most `width` of them
   */
  runs(spanMs: number, width: number): [from: number, to: number][] {
    const runs: [number, number][] = [];
    const pixelMs = Math.max(spanMs, Number.EPSILON) / width;
    const used = Math.min(this.bins, Math.ceil(spanMs / this.binMs) + 1);
    for (let bin = 0; bin < used; bin += 1) {
      if (!this.counts[bin]) continue;
      const from = Math.min(width - 1, Math.floor((bin * this.binMs) / pixelMs));
      const last = runs.at(-1);
      if (last && from <= last[1]) last[1] = Math.max(last[1], from + 1);
      else runs.push([from, from + 1]);
    }
    return runs;
  }

  #widen(): void {
    const half = this.bins / 2;
    for (let bin = 0; bin < half; bin += 1) {
      this.counts[bin] = (this.counts[bin * 2] ?? 0) + (this.counts[bin * 2 + 1] ?? 0);
    }
    this.counts.fill(0, half);
    this.binMs *= 2;
  }
}
