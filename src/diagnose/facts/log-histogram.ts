const BINS_PER_OCTAVE = 8;
const LOWEST = 0.25;
const OCTAVES = 26;
/** Below the lowest edge, the log-spaced bins, above the highest edge. */
const BIN_COUNT = OCTAVES * BINS_PER_OCTAVE + 2;

/** Shared by all that are empty; nobody writes into bins but their histogram. */
const NO_BINS: number[] = new Array(BIN_COUNT).fill(0);
Object.freeze(NO_BINS);

/**
 * Lower edge of each bin of a `LogHistogram`, ms; the first is 0. JavaScript engines differ in the last digit of such a
 * power: it is left out, so that a browser and a command line write the same edges.
 */
export const BIN_EDGES_MS: readonly number[] = Array.from({ length: BIN_COUNT }, (_, bin) => {
  const octave = Math.floor((bin - 1) / BINS_PER_OCTAVE);
  const step = (bin - 1) % BINS_PER_OCTAVE;
  return bin === 0 ? 0 : LOWEST * 2 ** octave * Math.fround(2 ** (step / BINS_PER_OCTAVE));
});

/**
 * Durations (ms) or numbers counted in log-spaced bins (8 per doubling, 0.25 to 17 million): median, mode and the plot's histogram of
 * a million values in constant memory. Means within a bin are exact, so equal values give back that very value.
 */
export class LogHistogram {
  /** Made with the first value: most streams of a page are calls, which have none. */
  #bins: number[] | null = null;
  #sums: number[] = [];
  #squares: number[] = [];
  count = 0;
  sum = 0;
  /** Sum of the squares. */
  squares = 0;

  get bins(): number[] {
    return this.#bins ?? NO_BINS;
  }

  add(value: number): void {
    if (this.#bins === null) {
      this.#bins = new Array(BIN_COUNT).fill(0);
      this.#sums = new Array(BIN_COUNT).fill(0);
      this.#squares = new Array(BIN_COUNT).fill(0);
    }
    const place = value < LOWEST ? 0 : 1 + Math.floor(Math.log2(value / LOWEST) * BINS_PER_OCTAVE);
    const bin = Math.min(BIN_COUNT - 1, place);
    this.#bins[bin]! += 1;
    this.#sums[bin]! += value;
    this.#squares[bin]! += value * value;
    this.count++;
    this.sum += value;
    this.squares += value * value;
  }

  /** Standard deviation of all values as a part of their mean; 0 when empty. */
  get variation(): number {
    if (this.sum === 0) return 0;
    const mean = this.sum / this.count;
    return Math.sqrt(Math.max(0, this.squares / this.count - mean * mean)) / mean;
  }

  /** 0 when empty. */
  get median(): number {
    if (this.#bins === null) return 0;
    let left = (this.count + 1) / 2;
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      left -= this.#bins[bin]!;
      if (left <= 0 && this.#bins[bin]! > 0) return this.#sums[bin]! / this.#bins[bin]!;
    }
    return 0;
  }

  /**
   * The value around which most lie (within about ±13 %), the share of all values that lie there, and their standard
   * deviation.
   */
  mode(): { value: number; share: number; deviation: number } {
    if (this.#bins === null) return { value: 0, share: 0, deviation: 0 };
    let best = 0;
    let bestCount = 0;
    for (let bin = 0; bin < BIN_COUNT; bin++) {
      const count = windowSum(this.#bins, bin);
      if (count > bestCount) {
        bestCount = count;
        best = bin;
      }
    }
    const value = windowSum(this.#sums, best) / bestCount;
    const variance = windowSum(this.#squares, best) / bestCount - value * value;
    return { value, share: bestCount / this.count, deviation: Math.sqrt(Math.max(0, variance)) };
  }
}

/** Sum of a bin and both its neighbours: a value near an edge must not split in two. */
function windowSum(bins: readonly number[], bin: number): number {
  return (bins[bin - 1] ?? 0) + bins[bin]! + (bins[bin + 1] ?? 0);
}
