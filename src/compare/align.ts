/** Two indexes that belong together. */
export type Match = readonly [a: number, b: number];

/** A block of more pairs than this is searched in windows: two hundred thousand cells take about a millisecond. */
const MAX_CELLS = 200_000;
const WINDOW = 440;
const KEPT_SHARE = 0.75;

/**
 * Longest common subsequence of two lists of keys, in order: patience first (keys that occur once on each side anchor
 * the rest), dynamic programming between the anchors where the block is small, and window by window where it is not.
 * Exact for small lists without anchors; for others a good answer in bounded time.
 */
export function alignKeys(a: readonly string[], b: readonly string[]): Match[] {
  const matches: Match[] = [];
  alignBlock(a, b, { a: 0, b: 0 }, { a: a.length, b: b.length }, matches);
  return matches;
}

interface Corner {
  a: number;
  b: number;
}

function alignBlock(
  a: readonly string[],
  b: readonly string[],
  from: Corner,
  to: Corner,
  out: Match[],
  isAnchored = false,
): void {
  let { a: aFrom, b: bFrom } = from;
  let { a: aTo, b: bTo } = to;
  while (aFrom < aTo && bFrom < bTo && a[aFrom] === b[bFrom]) out.push([aFrom++, bFrom++]);
  const tail: Match[] = [];
  while (aFrom < aTo && bFrom < bTo && a[aTo - 1] === b[bTo - 1]) tail.push([--aTo, --bTo]);
  if (aFrom < aTo && bFrom < bTo) {
    const start = { a: aFrom, b: bFrom };
    const end = { a: aTo, b: bTo };
    const anchors = isAnchored ? [] : uniqueAnchors(a, b, start, end);
    if (anchors.length > 0) {
      let last = start;
      for (const [aIndex, bIndex] of anchors) {
        alignBlock(a, b, last, { a: aIndex, b: bIndex }, out, true);
        out.push([aIndex, bIndex]);
        last = { a: aIndex + 1, b: bIndex + 1 };
      }
      alignBlock(a, b, last, end, out, true);
    } else if ((aTo - aFrom) * (bTo - bFrom) <= MAX_CELLS) alignExactly(a, b, start, end, out);
    else alignInWindows(a, b, start, end, out);
  }
  for (const match of tail.reverse()) out.push(match);
}

/** Keys that occur once on each side, as the longest run of them that is in order on both. */
function uniqueAnchors(a: readonly string[], b: readonly string[], from: Corner, to: Corner): Match[] {
  const inA = occurrences(a, from.a, to.a);
  const inB = occurrences(b, from.b, to.b);
  const candidates: Match[] = [];
  for (const [key, aIndex] of inA) {
    const bIndex = inB.get(key);
    if (aIndex >= 0 && bIndex !== undefined && bIndex >= 0) candidates.push([aIndex, bIndex]);
  }
  candidates.sort((one, other) => one[0] - other[0]);
  return longestIncreasing(candidates);
}

/** Where each key stands; -1 when it stands there more than once. */
function occurrences(keys: readonly string[], from: number, to: number): Map<string, number> {
  const places = new Map<string, number>();
  for (let index = from; index < to; index++) places.set(keys[index]!, places.has(keys[index]!) ? -1 : index);
  return places;
}

/** Patience sorting: the longest subsequence whose second numbers increase. */
function longestIncreasing(matches: readonly Match[]): Match[] {
  const tops: number[] = [];
  const before: number[] = [];
  for (const [index, match] of matches.entries()) {
    let low = 0;
    let high = tops.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (matches[tops[middle]!]![1] < match[1]) low = middle + 1;
      else high = middle;
    }
    before[index] = low > 0 ? tops[low - 1]! : -1;
    tops[low] = index;
  }
  const run: Match[] = [];
  for (let at = tops.at(-1) ?? -1; at >= 0; at = before[at]!) run.push(matches[at]!);
  return run.reverse();
}

function alignExactly(
  a: readonly string[],
  b: readonly string[],
  from: Corner,
  to: Corner,
  out: Match[],
): void {
  const rows = to.a - from.a;
  const columns = to.b - from.b;
  const width = columns + 1;
  // lengths[i * width + j]: the longest common part of what follows i and j.
  const lengths = new Uint32Array((rows + 1) * width);
  for (let i = rows - 1; i >= 0; i--) {
    for (let j = columns - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[from.a + i] === b[from.b + j]
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  let i = 0;
  let j = 0;
  while (i < rows && j < columns) {
    if (a[from.a + i] === b[from.b + j]) out.push([from.a + i++, from.b + j++]);
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
}

/**
 * A block that is too large, window by window: of each the first part is kept, since the end of a window does not know what
 * follows it.
 */
function alignInWindows(
  a: readonly string[],
  b: readonly string[],
  from: Corner,
  to: Corner,
  out: Match[],
): void {
  let at = from;
  while (at.a < to.a && at.b < to.b) {
    const end = { a: Math.min(to.a, at.a + WINDOW), b: Math.min(to.b, at.b + WINDOW) };
    const found: Match[] = [];
    alignExactly(a, b, at, end, found);
    const isLast = end.a === to.a && end.b === to.b;
    const kept = isLast
      ? found
      : found.filter(([i, j]) => i < at.a + WINDOW * KEPT_SHARE && j < at.b + WINDOW * KEPT_SHARE);
    out.push(...kept);
    if (isLast) return;
    const last = kept.at(-1);
    at = last
      ? { a: last[0] + 1, b: last[1] + 1 }
      : { a: Math.min(to.a, at.a + WINDOW / 2), b: Math.min(to.b, at.b + WINDOW / 2) };
  }
}
