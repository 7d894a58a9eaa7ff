import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  type VirtualItem,
  Virtualizer,
} from '@tanstack/virtual-core';
import type { RefObject } from 'preact';
import { useEffect, useLayoutEffect, useReducer, useState } from 'preact/hooks';

export interface VirtualList {
  items: VirtualItem[];
  totalPx: number;
  /** Brings a row into view with the least movement, or to the given edge. */
  scrollTo(index: number, align?: 'auto' | 'center' | 'end'): void;
}

/** Rows of one height in a scrolling element, of which only those in view exist. */
export function useVirtual(
  scroller: RefObject<HTMLElement | null>,
  options: { count: number; rowPx: number; overscan?: number; paddingStart?: number },
): VirtualList {
  const [, draw] = useReducer((count: number, _: null) => count + 1, 0);
  const all = {
    count: options.count,
    getScrollElement: () => scroller.current,
    estimateSize: () => options.rowPx,
    overscan: options.overscan ?? 6,
    paddingStart: options.paddingStart ?? 0,
    // The sticky head covers the first rows' worth of the viewport.
    scrollPaddingStart: options.paddingStart ?? 0,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange: () => draw(null),
  };
  const [virtualizer] = useState(() => new Virtualizer<HTMLElement, HTMLElement>(all));
  virtualizer.setOptions(all);
  useEffect(() => virtualizer._didMount(), [virtualizer]);
  useLayoutEffect(() => virtualizer._willUpdate());
  return {
    items: virtualizer.getVirtualItems(),
    totalPx: virtualizer.getTotalSize(),
    scrollTo: (index, align = 'auto') => virtualizer.scrollToIndex(index, { align }),
  };
}
