import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { rowOfKey } from './list-keys';
import { useFollow } from './use-follow';
import { useVirtual } from './use-virtual';

const ROW_PX = 20;

export interface GridColumn {
  title: string;
  numeric?: boolean;
  /** What the title alone does not say. */
  hint?: string;
}

export interface ListGridProps {
  /** What a row is, as it stands in ids: `event` makes `event-row-7`. */
  name: string;
  label: string;
  class: string;
  columns: readonly GridColumn[];
  count: number;
  /** Position of the chosen row; −1: none. */
  at: number;
  /** The chosen row is brought into view whenever it changes; else only once, when the list opens. */
  scrolls: boolean;
  /** Chooses a row of the list; null: none. */
  onPick(position: number | null): void;
  row(position: number, topPx: number): ComponentChildren;
}

/** A long list of rows of one height under titles, of which only those in view exist; moved in by keyboard and mouse. */
export function ListGrid(props: ListGridProps) {
  const { name, label, columns, count, at, scrolls, onPick, row } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(scroller, { count, rowPx: ROW_PX, paddingStart: ROW_PX + 2, overscan: 10 });
  const follow = useFollow(scroller, count);
  const opened = useRef(false);
  useEffect(() => {
    if (at >= 0 && (scrolls || !opened.current)) virtual.scrollTo(at, opened.current ? 'auto' : 'center');
    opened.current = true;
  }, [at]);
  const go = (to: number) => {
    const position = Math.max(0, Math.min(count - 1, to));
    follow.current = position === count - 1;
    onPick(position);
    virtual.scrollTo(position);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = rowOfKey(event.key, { at, count, scroller: scroller.current, rowPx: ROW_PX });
    if (to !== null) go(to);
    else if (event.key === 'Escape' && at >= 0) onPick(null);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const isInView = at >= 0 && virtual.items.some((item) => item.index === at);
  return (
    <div
      class={`${props.class} grid`}
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={count + 1}
      aria-activedescendant={isInView ? `${name}-row-${at}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        const { target } = event;
        const found = target instanceof Element ? target.closest<HTMLElement>('[data-position]') : null;
        if (found) onPick(Number(found.dataset.position));
      }}
    >
      <div class="grid-body" role="presentation" style={{ height: `${virtual.totalPx}px` }}>
        <div class="grid-row head" role="row" aria-rowindex={1}>
          {columns.map(({ title, numeric, hint }) => (
            <div key={title} class={`cell${numeric ? ' numeric' : ''}`} role="columnheader" title={hint}>
              {title}
            </div>
          ))}
        </div>
        {virtual.items.map((item) => row(item.index, item.start))}
      </div>
    </div>
  );
}

export interface GridRowProps {
  name: string;
  position: number;
  topPx: number;
  selected: boolean;
  /** Classes that say how the row is meant. */
  tone?: string;
  children: ComponentChildren;
}

/** One row of a `ListGrid`; its children are cells. */
export function GridRow({ name, position, topPx, selected, tone = '', children }: GridRowProps) {
  return (
    <div
      class={`grid-row${selected ? ' selected' : ''}${tone ? ` ${tone}` : ''}`}
      role="row"
      id={`${name}-row-${position}`}
      data-position={position}
      aria-rowindex={position + 2}
      aria-selected={selected}
      style={{ transform: `translateY(${topPx}px)` }}
    >
      {children}
    </div>
  );
}
