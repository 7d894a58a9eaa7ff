import type { HistogramBin } from '../../charts/stream-series';

/** Bins of the counts are joined to this many: eight a doubling are too fine for a small plot. */
const JOINED = 4;
const LEAST_BINS = 10;

/** Indexes of the first and last joined bin that is used by any of the counts; null when none is. */
export function usedRange(...many: (readonly number[])[]): [first: number, last: number] | null {
  const used = many.flatMap((counts) =>
    counts.flatMap((count, bin) => (count > 0 ? [Math.floor(bin / JOINED)] : [])),
  );
  return used.length === 0 ? null : [Math.min(...used), Math.max(...used)];
}

/** Counts in log-spaced bins (`edges` are their lower ends) as wider bins for a plot, over the range that is used. */
export function histogramOf(
  counts: readonly number[],
  edges: readonly number[],
  range = usedRange(counts),
): HistogramBin[] {
  if (!range) return [];
  const [first, last] = range;
  const room = Math.max(2, LEAST_BINS - (last - first + 1));
  const from = Math.max(0, first - Math.floor(room / 2));
  const to = Math.min(Math.ceil(counts.length / JOINED) - 1, Math.max(last + 1, from + LEAST_BINS - 1));
  return Array.from({ length: to - from + 1 }, (_, index) => {
    const start = (from + index) * JOINED;
    const end = start + JOINED;
    return {
      from: edges[start]!,
      to: edges[end] ?? edges.at(-1)! * 2,
      count: counts.slice(start, end).reduce((sum, count) => sum + count, 0),
    };
  });
}
