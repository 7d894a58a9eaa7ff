import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { EventColumns } from '../../decode/types';
import { EventKind } from '../../decode/types';
import { Confidence, Direction, type StreamRecord } from '../../trace/types';
import { useModel } from '../components/context';
import { CopyButton } from '../components/copy-button';
import { EmptyState } from '../components/empty-state';
import { Icon } from '../components/icons';
import { JsonTree } from '../components/json-tree';
import { rowOfKey } from '../components/list-keys';
import { useVirtual } from '../components/use-virtual';
import { formatBytes, formatCount, formatDuration, formatOffset, formatTimeOfDay, plural } from '../format';
import { ALL_EVENTS, type EventFilter, EventList } from '../model/event-list';
import { streamLossText } from '../model/losses';
import { PacketsView } from './packets-view';

const ROW_PX = 20;
const PREVIEW_CHARS = 240;
/** JSON longer than this is shown raw only: parsing and drawing it would hold up the page. */
const TREE_CHARS = 512 * 1024;
const RAW_CHARS = 256 * 1024;

/** Packets of a Socket.IO stream, or of a whole client; else the events of a stream as they came. */
export function EventsTab({ streamId }: { streamId: string }) {
  const model = useModel();
  void model.revision.value;
  const row = model.group(streamId);
  const sessions = row?.group.kind === 'session' ? row.group.sessions : null;
  if (!row || !sessions) return <StreamEvents streamId={streamId} mode={null} />;
  const whole = row.id === streamId;
  const isSocket = model.stream(streamId)?.kind === 'websocket';
  const mode = whole ? null : (
    <select
      aria-label="Show as"
      value={model.showsPackets.value ? 'packets' : 'raw'}
      onChange={(event) => {
        model.showsPackets.value = event.currentTarget.value === 'packets';
      }}
    >
      <option value="packets">Packets</option>
      <option value="raw">{isSocket ? 'Frames' : 'Body'}</option>
    </select>
  );
  if (!whole && !model.showsPackets.value) return <StreamEvents streamId={streamId} mode={mode} />;
  return (
    <PacketsView
      sessions={sessions}
      streamId={whole ? null : streamId}
      startedAtMs={model.row(streamId)?.startedAtMs ?? 0}
      mode={mode}
    />
  );
}

/** @param mode stands in the bar: the way back to the packets */
function StreamEvents({ streamId, mode }: { streamId: string; mode: ComponentChildren }) {
  const model = useModel();
  void model.revision.value;
  const facts = model.facts(streamId);
  const stream = model.stream(streamId);
  const [filter, setFilter] = useState<EventFilter>(ALL_EVENTS);
  const events = facts?.decoded.events;
  const list = useMemo(() => (events ? new EventList(events, filter) : null), [events, filter]);
  if (!facts || !stream || !events || !list)
    return <EmptyState title="This stream has not been decoded yet." />;
  if (events.atMs.length === 0) return <NoEvents stream={stream} mode={mode} />;
  const count = list.update();
  const sockets = stream.kind === 'websocket';
  const index = model.eventIndex.value;
  return (
    <div class="events" key={streamId}>
      <div class="events-bar" role="toolbar" aria-label="Events">
        <input
          type="text"
          class="text-field"
          placeholder="Filter events"
          aria-label="Filter events by data, type or id"
          spellcheck={false}
          onInput={(event) => setFilter({ ...filter, text: event.currentTarget.value.trim().toLowerCase() })}
        />
        {sockets && (
          <select
            aria-label="Direction"
            value={filter.direction}
            onChange={(event) =>
              setFilter({ ...filter, direction: event.currentTarget.value as EventFilter['direction'] })
            }
          >
            <option value="all">Both directions</option>
            <option value="received">Received</option>
            <option value="sent">Sent</option>
          </select>
        )}
        {(facts.heartbeatCount > 0 || filter.hideHeartbeats) && (
          <label class="check">
            <input
              type="checkbox"
              checked={!filter.hideHeartbeats}
              onChange={(event) => setFilter({ ...filter, hideHeartbeats: !event.currentTarget.checked })}
            />
            Heartbeats ({formatCount(facts.heartbeatCount)})
          </label>
        )}
        <span class="spacer" />
        <span class="number dim">
          {count === events.atMs.length
            ? plural(count, 'event')
            : `${formatCount(count)} of ${formatCount(events.atMs.length)}`}
        </span>
        {mode}
        <CopyButton
          small
          label="Copy the events shown, as JSON lines"
          text={() => linesOf(events, list, count, stream)}
        />
      </div>
      {facts.decoded.partial && (
        <p class="inline-note warn">Some contents are missing, so events may be missing after that point.</p>
      )}
      <div class="events-split">
        <EventRows
          stream={stream}
          events={events}
          list={list}
          count={count}
          sockets={sockets}
          selected={index}
        />
        {index !== null && index < events.atMs.length && (
          <EventDetail key={index} stream={stream} events={events} index={index} />
        )}
      </div>
    </div>
  );
}

interface EventRowsProps {
  stream: StreamRecord;
  events: EventColumns;
  list: EventList;
  count: number;
  sockets: boolean;
  selected: number | null;
}

function EventRows({ stream, events, list, count, sockets, selected }: EventRowsProps) {
  const model = useModel();
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtual(scroller, { count, rowPx: ROW_PX, paddingStart: ROW_PX + 2, overscan: 10 });
  const position = selected === null ? -1 : list.positionOf(selected);
  const follow = useFollow(scroller, count);
  const shownOnce = useRef(false);
  // A cursor that was set in the plot is brought into view when the list opens.
  useEffect(() => {
    if (!shownOnce.current && position >= 0) virtual.scrollTo(position, 'center');
    shownOnce.current = true;
  }, []);
  const go = (to: number) => {
    const at = Math.max(0, Math.min(count - 1, to));
    follow.current = at === count - 1;
    model.eventIndex.value = list.at(at);
    virtual.scrollTo(at);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = rowOfKey(event.key, { at: position, count, scroller: scroller.current, rowPx: ROW_PX });
    if (to !== null) go(to);
    else if (event.key === 'Escape' && selected !== null) model.eventIndex.value = null;
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const inView = position >= 0 && virtual.items.some((item) => item.index === position);
  return (
    <div
      class={`event-list grid${sockets ? ' sockets' : ''}`}
      ref={scroller}
      role="grid"
      aria-label="Events"
      aria-rowcount={count + 1}
      aria-activedescendant={inView ? `event-row-${position}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
      onClick={(event) => {
        const row =
          event.target instanceof Element ? event.target.closest<HTMLElement>('[data-event]') : null;
        if (row) model.eventIndex.value = Number(row.dataset.event);
      }}
    >
      <div class="grid-body" role="presentation" style={{ height: `${virtual.totalPx}px` }}>
        <div class="grid-row head" role="row" aria-rowindex={1}>
          <div class="cell numeric" role="columnheader">
            #
          </div>
          <div class="cell numeric" role="columnheader">
            Time
          </div>
          <div class="cell numeric" role="columnheader">
            Gap
          </div>
          <div class="cell numeric" role="columnheader">
            Size
          </div>
          <div class="cell" role="columnheader">
            Type
          </div>
          <div class="cell" role="columnheader">
            Data
          </div>
        </div>
        {virtual.items.map((item) => {
          const index = list.at(item.index);
          return (
            <EventRow
              key={index}
              events={events}
              index={index}
              position={item.index}
              topPx={item.start}
              startedAtMs={stream.timing.startedAtMs}
              sockets={sockets}
              selected={index === selected}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Keeps the end in view while somebody is there; events already drawn never change. */
function useFollow(scroller: { current: HTMLElement | null }, count: number) {
  const follow = useRef(false);
  useEffect(() => {
    const element = scroller.current;
    if (!element) return;
    const onScroll = () => {
      follow.current =
        element.scrollTop > 0 && element.scrollTop + element.clientHeight >= element.scrollHeight - 4;
    };
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => element.removeEventListener('scroll', onScroll);
  }, [scroller]);
  useLayoutEffect(() => {
    if (follow.current && scroller.current) scroller.current.scrollTop = scroller.current.scrollHeight;
  }, [count, scroller]);
  return follow;
}

interface EventRowProps {
  events: EventColumns;
  index: number;
  position: number;
  topPx: number;
  startedAtMs: number;
  sockets: boolean;
  selected: boolean;
}

const CONFIDENCE_WORDS = {
  [Confidence.arrived]: null,
  [Confidence.uncertain]: 'The main thread was busy: it arrived up to that long before.',
  [Confidence.queued]: 'It lay there before the page read it: it arrived earlier.',
  [Confidence.bounded]: 'Only bounds are known: between the first byte and the end of the response.',
} as const;

const EventRow = memo(function EventRow(props: EventRowProps) {
  const { events, index, position, topPx, startedAtMs, sockets, selected } = props;
  const at = events.atMs[index] ?? 0;
  const heartbeat = events.kind[index] === EventKind.heartbeat;
  const sent = events.direction[index] === Direction.sent;
  const doubt = CONFIDENCE_WORDS[events.confidence[index] ?? Confidence.arrived];
  const data = events.data[index] ?? null;
  return (
    <div
      class={`grid-row${selected ? ' selected' : ''}${heartbeat ? ' heartbeat' : ''}`}
      role="row"
      id={`event-row-${position}`}
      data-event={index}
      aria-rowindex={position + 2}
      aria-selected={selected}
      style={{ transform: `translateY(${topPx}px)` }}
    >
      <div class="cell numeric dim" role="gridcell">
        {formatCount(index + 1)}
      </div>
      <div class="cell numeric" role="gridcell" title={doubt ?? undefined}>
        {doubt && <span class="doubt">≤ </span>}
        {formatOffset(at - startedAtMs)}
      </div>
      <div class="cell numeric" role="gridcell">
        {index === 0 ? '' : formatDuration(at - (events.atMs[index - 1] ?? at))}
      </div>
      <div class="cell numeric" role="gridcell">
        {formatBytes(events.byteLength[index] ?? 0)}
      </div>
      <div class="cell type" role="gridcell">
        {sockets && (
          <>
            <Icon name={sent ? 'sent' : 'received'} />
            <span class="sr-only">{sent ? 'sent' : 'received'} </span>
          </>
        )}
        {typeOf(events, index, sockets)}
      </div>
      <div class="cell data" role="gridcell">
        {data === null ? <em class="dim">not captured</em> : data.slice(0, PREVIEW_CHARS)}
      </div>
    </div>
  );
});

function typeOf(events: EventColumns, index: number, sockets: boolean): string {
  if (events.kind[index] === EventKind.heartbeat) return 'heartbeat';
  return events.name[index] ?? (sockets ? '' : 'message');
}

function EventDetail({
  stream,
  events,
  index,
}: {
  stream: StreamRecord;
  events: EventColumns;
  index: number;
}) {
  const model = useModel();
  const data = events.data[index] ?? null;
  const [raw, setRaw] = useState(false);
  const parsed = useMemo(() => parseJson(data), [data]);
  const sentEpochMs = events.sentEpochMs[index] ?? Number.NaN;
  const at = events.atMs[index] ?? 0;
  return (
    <section class="event-detail" aria-label={`Event ${index + 1}`}>
      <header>
        <span class="event-title">Event {formatCount(index + 1)}</span>
        <span class="dim">
          {formatTimeOfDay(model.trace.meta.originEpochMs + at)}
          {Number.isFinite(sentEpochMs) && <> · sent by the server {formatTimeOfDay(sentEpochMs)}</>}
          {events.id[index] && <> · id {events.id[index]}</>}
        </span>
        <span class="spacer" />
        {parsed !== undefined && (
          <button type="button" class="link" aria-pressed={raw} onClick={() => setRaw(!raw)}>
            {raw ? 'Tree' : 'Raw'}
          </button>
        )}
        <button type="button" class="link" onClick={() => model.showInTiming(stream.id, at - 50, at + 50)}>
          Show in timing
        </button>
        {data !== null && <CopyButton small label="Copy data" text={() => data} />}
        <button
          type="button"
          class="icon-button"
          aria-label="Close the event"
          title="Close (Esc)"
          onClick={() => {
            model.eventIndex.value = null;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <div class="event-body" tabIndex={0} role="group" aria-label="Data">
        {data === null ? (
          <p class="inline-note">{whyMissing(stream)}</p>
        ) : parsed !== undefined && !raw ? (
          <JsonTree value={parsed} label={`Data of event ${index + 1}`} />
        ) : (
          <pre class="raw">{data.length > RAW_CHARS ? `${data.slice(0, RAW_CHARS)}…` : data}</pre>
        )}
      </div>
    </section>
  );
}

/** The value of a JSON object or array; undefined for everything else. */
function parseJson(data: string | null): unknown {
  if (data === null || data.length > TREE_CHARS || !/^\s*[[{]/.test(data)) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

function whyMissing(stream: StreamRecord): string {
  const loss = stream.losses.find((one) => one !== 'late-start' && one !== 'no-chunk-times');
  return loss
    ? streamLossText(loss).what
    : 'Its content was not captured: it is binary, or longer than the capture limit.';
}

function NoEvents({ stream, mode }: { stream: StreamRecord; mode: ComponentChildren }) {
  if (mode) return <EmptyState title="It has no body." action={mode} />;

  const loss = stream.losses.find((one) => one !== 'late-start');
  if (loss) {
    const { what, remedy } = streamLossText(loss);
    return (
      <EmptyState title="No event was recorded.">
        <p>{what}</p>
        {remedy && <p>{remedy}</p>}
      </EmptyState>
    );
  }
  if (!stream.end) {
    return (
      <EmptyState title="No event has arrived yet.">
        <p>The stream is open. Events appear here as they come.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="This answer holds no events.">
      <p>It is not a stream of events (SSE, NDJSON, WebSocket). Timing shows when its bytes came.</p>
    </EmptyState>
  );
}

function linesOf(events: EventColumns, list: EventList, count: number, stream: StreamRecord): string {
  const lines: string[] = [];
  for (let position = 0; position < count; position += 1) {
    const index = list.at(position);
    lines.push(
      JSON.stringify({
        event: index + 1,
        atMs: Number(((events.atMs[index] ?? 0) - stream.timing.startedAtMs).toFixed(3)),
        byteLength: events.byteLength[index],
        direction: events.direction[index] === Direction.sent ? 'sent' : 'received',
        type: events.kind[index] === EventKind.heartbeat ? 'heartbeat' : events.name[index],
        data: events.data[index],
      }),
    );
  }
  return lines.join('\n');
}
