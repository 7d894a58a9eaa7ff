/** Cost of a pair that must not be. */
export const IMPOSSIBLE = Number.POSITIVE_INFINITY;
/** Above every cost of a possible pair: leaving a row without a partner is never cheaper than a possible pair. */
const UNPAIRED = 1e13;
const FORBIDDEN = 1e15;

/**
 * Pairs rows with columns so that as many pairs as possible are made and their costs add up to the least.
 * `cost(row, column)` is at most 1e12, or `IMPOSSIBLE`. Returns the column of each row, -1 for none.
 *
 * The Hungarian method with potentials, O(n³): fine for the some dozen requests that can be confused with one another.
 */
export function assign(
  rowCount: number,
  columnCount: number,
  cost: (row: number, column: number) => number,
): number[] {
  if (rowCount === 0 || columnCount === 0) return new Array<number>(rowCount).fill(-1);
  // Each row has an own stand-in column for "no partner", so every row can be placed.
  const width = columnCount + rowCount;
  const at = (row: number, column: number): number => {
    if (column >= columnCount) return column - columnCount === row ? UNPAIRED : FORBIDDEN;
    const value = cost(row, column);
    return Number.isFinite(value) ? Math.min(value, 1e12) : FORBIDDEN;
  };
  const table = Array.from({ length: rowCount }, (_, row) =>
    Float64Array.from({ length: width }, (_, column) => at(row, column)),
  );
  // Indices are one-based: 0 stands for "none" in `rowOf` and is the virtual column each search starts from.
  const rowPotential = new Float64Array(rowCount + 1);
  const columnPotential = new Float64Array(width + 1);
  const rowOf = new Int32Array(width + 1);
  const cameFrom = new Int32Array(width + 1);
  for (let row = 1; row <= rowCount; row++) {
    rowOf[0] = row;
    let column = 0;
    const least = new Float64Array(width + 1).fill(Number.POSITIVE_INFINITY);
    const used = new Uint8Array(width + 1);
    do {
      used[column] = 1;
      const current = rowOf[column]!;
      let delta = Number.POSITIVE_INFINITY;
      let next = 0;
      for (let other = 1; other <= width; other++) {
        if (used[other]) continue;
        const reduced = table[current - 1]![other - 1]! - rowPotential[current]! - columnPotential[other]!;
        if (reduced < least[other]!) {
          least[other] = reduced;
          cameFrom[other] = column;
        }
        if (least[other]! < delta) {
          delta = least[other]!;
          next = other;
        }
      }
      for (let other = 0; other <= width; other++) {
        if (used[other]) {
          rowPotential[rowOf[other]!]! += delta;
          columnPotential[other]! -= delta;
        } else {
          least[other]! -= delta;
        }
      }
      column = next;
    } while (rowOf[column] !== 0);
    do {
      const previous = cameFrom[column]!;
      rowOf[column] = rowOf[previous]!;
      column = previous;
    } while (column !== 0);
  }
  const result = new Array<number>(rowCount).fill(-1);
  for (let column = 1; column <= columnCount; column++) {
    const row = rowOf[column]!;
    if (row > 0 && table[row - 1]![column - 1]! < UNPAIRED) result[row - 1] = column - 1;
  }
  return result;
}
