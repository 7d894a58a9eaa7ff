import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { formatBytes, formatCount, formatDuration, plural } from '../format';
import { type GroupRow, isGroupRow } from '../model/groups';
import type { SortColumn, StreamRow } from '../model/stream-row';
import type { TableItem } from '../model/table-items';
import { ArrivalsStrip, GroupStrip } from './arrivals-strip';
import { useModel } from './context';
import { EmptyState } from './empty-state';
import { SeverityIcon, StateIcon } from './icons';
import { rowOfKey } from './list-keys';
import { useVirtual } from './use-virtual';
import { useWidth } from './use-width';

const ROW_PX = 24;

interface Column {
  id:
    | 'state'
    | 'name'
    | 'kind'
    | 'protocol'
    | 'firstByte'
    | 'events'
    | 'size'
    | 'gap'
    | 'arrivals'
    | 'findings';
  title: string;
  hint: string;
  sort: SortColumn | null;
  /** Share of the width; a CSS grid track. */
  track: string;
  /** The table must be this wide for the column to be there. */
  fromPx: number;
  numeric?: boolean;
}

const COLUMNS: readonly Column[] = [
  {
    id: 'state',
    title: 'State',
    hint: 'Worst finding, and how the stream stands',
    sort: 'state',
    track: '76px',
    fromPx: 0,
  },
  {
    id: 'name',
    title: 'Name',
    hint: 'Last part of the address, and the host',
    sort: 'name',
    track: 'minmax(90px, 1fr)',
    fromPx: 0,
  },
  { id: 'kind', title: 'Kind', hint: 'How the page asked for it', sort: 'kind', track: '92px', fromPx: 500 },
  {
    id: 'protocol',
    title: 'Protocol',
    hint: 'Protocol of the connection',
    sort: 'protocol',
    track: '68px',
    fromPx: 840,
  },
  {
    id: 'firstByte',
    title: 'First byte',
    hint: 'From the request to the first byte of the answer',
    sort: 'firstByte',
    track: '74px',
    fromPx: 600,
    numeric: true,
  },
  {
    id: 'events',
    title: 'Events',
    hint: 'Events received, heartbeats not counted',
    sort: 'events',
    track: '60px',
    fromPx: 420,
    numeric: true,
  },
  {
    id: 'size',
    title: 'Size',
    hint: 'Bytes of the body',
    sort: 'size',
    track: '62px',
    fromPx: 680,
    numeric: true,
  },
  {
    id: 'gap',
    title: 'Longest gap',
    hint: 'Longest silence, the wait for the first byte included',
    sort: 'gap',
    track: '90px',
    fromPx: 760,
    numeric: true,
  },
  {
    id: 'arrivals',
    title: 'Arrivals',
    hint: 'When data arrived, over the life of the stream',
    sort: null,
    track: 'minmax(90px, 0.62fr)',
    fromPx: 560,
  },
  {
    id: 'findings',
    title: 'Findings',
    hint: 'Findings that are not symptoms of another',
    sort: 'findings',
    track: '68px',
    fromPx: 0,
    numeric: true,
  },
];

/** The recorded streams: a grid of which only the rows in view exist. */
export function StreamTable() {
  const model = useModel();
  const scroller = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(scroller);
  const items = model.items.value;
  const selectedId = model.selectedId.value;
  const columns = useMemo(() => COLUMNS.filter((column) => widthPx >= column.fromPx), [widthPx]);
  const list = useVirtual(scroller, { count: items.length, rowPx: ROW_PX, paddingStart: ROW_PX });
  const selectedAt = useMemo(() => items.findIndex(({ row }) => row.id === selectedId), [items, selectedId]);
  const isTree = items.some((item) => item.expanded !== null);

  useLayoutEffect(() => {
    scroller.current?.style.setProperty('--columns', columns.map((column) => column.track).join(' '));
  }, [columns]);
  useStickToEnd(scroller, items.length);

  const go = (to: number) => {
    const at = Math.max(0, Math.min(items.length - 1, to));
    const item = items[at];
    if (!item) return;
    model.select(item.row.id);
    list.scrollTo(at);
  };
  const toggle = (item: TableItem) => {
    // What is inside a closed group cannot stay selected: nobody would see it.
    if (item.expanded && selectedId !== null && model.group(selectedId)?.id === item.row.id) {
      model.select(item.row.id);
    }
    model.setOpened(item.row.id, !item.expanded);
  };
  /** Right opens a group and goes into it, left closes it or goes to it, as in a tree. */
  const onSideKey = (right: boolean): boolean => {
    const item = items[selectedAt];
    if (!item) return false;
    if (item.expanded !== null && item.expanded !== right) toggle(item);
    else if (right && item.expanded) go(selectedAt + 1);
    else if (!right && item.level === 2)
      go(items.findLastIndex((one, at) => at < selectedAt && one.level === 1));
    else return false;
    return true;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.target !== event.currentTarget) return;
    const to = rowOfKey(event.key, {
      at: selectedAt,
      count: items.length,
      scroller: scroller.current,
      rowPx: ROW_PX,
    });
    if (to !== null) go(to);
    else if (event.key === 'ArrowRight' && onSideKey(true)) event.preventDefault();
    else if (event.key === 'ArrowLeft' && onSideKey(false)) event.preventDefault();
    else if (event.key === 'Enter' && selectedAt >= 0) openDetail();
    else if (event.key === 'Escape' && selectedId !== null) model.select(null);
    else return;
    event.preventDefault();
  };
  const openDetail = () => {
    model.detailOpen.value = true;
    // The detail may be drawn only now.
    requestAnimationFrame(() =>
      document.querySelector<HTMLElement>('.detail [role=tab][tabindex="0"]')?.focus(),
    );
  };
  const activeRow = selectedAt >= 0 && list.items.some((item) => item.index === selectedAt);
  return (
    <div class="table-frame">
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: grid and treegrid both take them */}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: it is one of the two */}
      <div
        class={`stream-table grid${columns.length < 5 ? ' narrow' : ''}`}
        ref={scroller}
        role={isTree ? 'treegrid' : 'grid'}
        aria-label="Streams"
        aria-rowcount={items.length + 1}
        aria-colcount={COLUMNS.length}
        aria-activedescendant={activeRow ? `stream-row-${selectedAt}` : undefined}
        tabIndex={0}
        onKeyDown={onKeyDown}
        onClick={(event) => {
          const id = rowOf(event.target)?.dataset.id;
          if (id === undefined) return;
          const isTwisty = event.target instanceof Element && event.target.closest('[data-twisty]') !== null;
          const item = isTwisty ? items.find(({ row }) => row.id === id) : undefined;
          if (item) toggle(item);
          else model.select(id);
        }}
        onDblClick={(event) => {
          if (rowOf(event.target)) openDetail();
        }}
      >
        <div class="grid-body" role="presentation" style={{ height: `${list.totalPx}px` }}>
          <div class="grid-row head" role="row" aria-rowindex={1}>
            {columns.map((column) => (
              <ColumnHead key={column.id} column={column} />
            ))}
          </div>
          {list.items.map((item) => {
            const shown = items[item.index];
            return (
              shown && (
                <TableRow
                  key={shown.row.id}
                  {...shown}
                  isTree={isTree}
                  index={item.index}
                  topPx={item.start}
                  columns={columns}
                  selected={shown.row.id === selectedId}
                />
              )
            );
          })}
        </div>
      </div>
      {items.length === 0 && <NoRows />}
    </div>
  );
}

function rowOf(target: EventTarget | null): HTMLElement | null {
  return target instanceof Element ? target.closest<HTMLElement>('[data-id]') : null;
}

/** Follows new rows only when the end was in view, as DevTools does. */
function useStickToEnd(scroller: { current: HTMLElement | null }, count: number): void {
  const atEnd = useRef(false);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const onScroll = () => {
      // At the very top of a list that fits there is nothing to follow yet.
      atEnd.current =
        element.scrollTop > 0 && element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [scroller]);
  useLayoutEffect(() => {
    const element = scroller.current;
    if (element && atEnd.current) element.scrollTop = element.scrollHeight;
  }, [count, scroller]);
}

function ColumnHead({ column }: { column: Column }) {
  const model = useModel();
  const { column: sorted, descending } = model.sort.value;
  const isSorted = column.sort !== null && sorted === column.sort;
  const index = COLUMNS.indexOf(column) + 1;
  return (
    <div
      class={`cell ${column.id}${column.numeric ? ' numeric' : ''}`}
      role="columnheader"
      aria-colindex={index}
      aria-sort={isSorted ? (descending ? 'descending' : 'ascending') : undefined}
    >
      {column.sort === null ? (
        <span title={column.hint}>{column.title}</span>
      ) : (
        <button
          type="button"
          title={column.hint}
          onClick={(event) => {
            event.stopPropagation();
            if (column.sort) model.sortBy(column.sort);
          }}
        >
          <span class="head-title">{column.title}</span>
          {isSorted && (
            <svg class="sort-mark" viewBox="0 0 8 8" aria-hidden="true">
              <path d={descending ? 'M1 2.5h6L4 6.5z' : 'M1 5.5h6L4 1.5z'} />
            </svg>
          )}
        </button>
      )}
    </div>
  );
}

interface RowProps extends TableItem {
  /** Some row can be opened: all tell their level then. */
  isTree: boolean;
  index: number;
  topPx: number;
  columns: readonly Column[];
  selected: boolean;
}

const TableRow = memo(function TableRow(props: RowProps) {
  const { row, level, expanded, position, siblings, part, isTree, index, topPx, columns, selected } = props;
  const tree = isTree
    ? {
        'aria-level': level,
        'aria-posinset': position,
        'aria-setsize': siblings,
        ...(expanded === null ? {} : { 'aria-expanded': expanded }),
      }
    : {};
  return (
    <div
      class={`grid-row${selected ? ' selected' : ''}${expanded === null ? '' : ' group'}${level === 2 ? ' member' : ''}`}
      role="row"
      id={`stream-row-${index}`}
      data-id={row.id}
      aria-rowindex={index + 2}
      aria-selected={selected}
      {...tree}
      style={{ transform: `translateY(${topPx}px)` }}
    >
      {columns.map((column) => (
        <div
          key={column.id}
          class={`cell ${column.id}${column.numeric ? ' numeric' : ''}`}
          role="gridcell"
          aria-colindex={COLUMNS.indexOf(column) + 1}
        >
          <Cell row={row} column={column} expanded={expanded} part={part} />
        </div>
      ))}
    </div>
  );
});

interface CellProps {
  row: StreamRow;
  column: Column;
  expanded: boolean | null;
  part: string | null;
}

function Cell({ row, column, expanded, part }: CellProps) {
  switch (column.id) {
    case 'state':
      return (
        <span class="state" title={stateTitle(row)}>
          <StateIcon severity={row.severity} state={row.state} />
          <span class="state-word">{row.stateWord}</span>
        </span>
      );
    case 'name':
      return (
        <span class="name-line" title={isGroupRow(row) ? groupTitle(row) : `${row.method} ${row.url}`}>
          {expanded !== null && (
            <span class="twisty-button" data-twisty>
              <svg class={`twisty${expanded ? ' open' : ''}`} viewBox="0 0 8 8" aria-hidden="true">
                <path d="M2 1l4 3-4 3z" />
              </svg>
            </span>
          )}
          {part && <span class="part">{part} </span>}
          <span class={part ? 'host' : 'name-text'}>{row.name}</span>{' '}
          {isGroupRow(row) && <span class="count-note">({formatCount(row.members.length)})</span>}
          <span class="host">{part || row.host === row.name ? '' : row.host}</span>
        </span>
      );
    case 'kind':
      return <>{row.kindLabel}</>;
    case 'protocol':
      return <>{row.protocol ?? '–'}</>;
    case 'firstByte':
      return <>{formatDuration(row.firstByteMs)}</>;
    case 'events':
      return <>{formatCount(row.events)}</>;
    case 'size':
      return <span title={plural(row.byteLength, 'byte')}>{formatBytes(row.byteLength)}</span>;
    case 'gap':
      return <>{formatDuration(row.longestGapMs)}</>;
    case 'arrivals':
      return isGroupRow(row) ? (
        <GroupStrip row={row} />
      ) : (
        // A long poll waits by design.
        <ArrivalsStrip row={row} waits={part !== 'poll'} />
      );
    case 'findings':
      return row.severity && row.findingCount > 0 ? (
        <span class={`badge ${row.severity}`} title={row.findingIds.join(', ')}>
          <SeverityIcon severity={row.severity} />
          {row.findingCount}
          <span class="sr-only"> {row.severity === 'error' ? 'with an error' : 'warning'}</span>
        </span>
      ) : null;
  }
}

function groupTitle({ group, members }: GroupRow): string {
  const what =
    group.kind === 'job' ? `Job ${group.job.jobId}` : `Socket.IO client of ${group.sessions[0]?.endpoint}`;
  return `${what}: ${plural(members.length, 'stream')}. Right arrow opens, left arrow closes.`;
}

function stateTitle(row: StreamRow): string {
  if (isGroupRow(row)) return `${GROUP_STATES[row.group.kind][row.state]}${worstOf(row)}`;
  const words: Record<StreamRow['state'], string> = {
    open: 'Open: data may still come',
    done: 'Done: it ended as it should',
    cut: 'Cut: the network or the server ended it',
    refused: 'Refused: it never opened',
    aborted: 'Aborted by the page',
    failed: 'The server answered with an error',
  };
  return `${words[row.state]}${row.status ? ` (HTTP ${row.status})` : ''}${worstOf(row)}`;
}

function worstOf({ severity }: StreamRow): string {
  return severity && severity !== 'info' ? `. Worst finding: ${severity}` : '';
}

const GROUP_STATES: Record<GroupRow['group']['kind'], Record<StreamRow['state'], string>> = {
  session: {
    open: 'Open: the session lasts',
    done: 'Done: the page or the server ended it',
    cut: 'Cut: the session was lost',
    refused: 'Refused: no session came about',
    aborted: 'Ended by the page',
    failed: 'Failed',
  },
  job: {
    open: 'Open: the page is asking',
    done: 'Done: the job has finished',
    cut: 'Cut',
    refused: 'Refused',
    aborted: 'Left: the page stopped asking before the job had finished',
    failed: 'Failed, or not found by the last poll',
  },
};

function NoRows() {
  const model = useModel();
  const all = model.rows.value.length;
  if (all > 0) {
    return (
      <EmptyState
        title="No stream matches the filter."
        action={
          <button
            type="button"
            class="pill"
            onClick={() => {
              model.filterText.value = '';
            }}
          >
            Show all {formatCount(all)}
          </button>
        }
      />
    );
  }
  if (model.trace.meta.recorder === 'har') {
    return (
      <EmptyState title="This file holds no streams.">
        <p>Export a HAR with content from the Network panel while the page streams, and open it here.</p>
      </EmptyState>
    );
  }
  if (model.state.value === 'paused') {
    return (
      <EmptyState
        title="Recording is paused."
        action={
          <button type="button" class="pill" onClick={() => model.controls.resume()}>
            Resume recording
          </button>
        }
      >
        <p>What the page streams now is not kept.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState
      title="Recording. Nothing has streamed yet."
      action={
        model.controls.reload && (
          <button type="button" class="pill" onClick={() => model.controls.reload?.()}>
            Reload and record
          </button>
        )
      }
    >
      <p>
        Use the page: its fetch bodies, XHR, EventSource and WebSocket traffic appear here as they arrive. Or
        drop a trace or a HAR file anywhere in this panel.
      </p>
    </EmptyState>
  );
}
