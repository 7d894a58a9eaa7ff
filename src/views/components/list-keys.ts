/** How far PageUp and PageDown go in a list of rows of one height: what is in view, less the head and a row of overlap. */
function pageOf(scroller: HTMLElement | null, rowPx: number): number {
  return Math.max(1, Math.floor((scroller?.clientHeight ?? 0) / rowPx) - 2);
}

export interface ListPlace {
  /** The chosen row; −1: none. */
  at: number;
  count: number;
  scroller: HTMLElement | null;
  rowPx: number;
}

/** The row that a key leads to, perhaps beyond the first or the last; null when the key is none that moves. */
export function rowOfKey(key: string, { at, count, scroller, rowPx }: ListPlace): number | null {
  switch (key) {
    case 'ArrowDown':
      return at + 1;
    case 'ArrowUp':
      return at < 0 ? count - 1 : at - 1;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    case 'PageDown':
      return at + pageOf(scroller, rowPx);
    case 'PageUp':
      return at - pageOf(scroller, rowPx);
    default:
      return null;
  }
}
