import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useMemo, useState } from 'preact/hooks';
import type { EventColumns } from '../../decode/types';
import { EventKind } from '../../decode/types';
import { Confidence, Direction, type StreamRecord } from '../../trace/types';
import { useModel } from '../components/context';
import { CopyButton } from '../components/copy-button';
import { EmptyState } from '../components/empty-state';
import { EventFilterBar } from '../components/event-filter-bar';
import { Icon } from '../components/icons';
import { JsonTree } from '../components/json-tree';
import { GridRow, ListGrid } from '../components/list-grid';
import { formatBytes, formatCount, formatDuration, formatOffset, formatTimeOfDay, plural } from '../format';
import { ALL_EVENTS, type EventFilter, EventList } from '../model/event-list';
import { streamLossText } from '../model/losses';
import { PacketsView } from './packets-view';

const COLUMNS = [
  { title: '#', numeric: true },
  { title: 'Time', numeric: true },
  { title: 'Gap', numeric: true },
  { title: 'Size', numeric: true },
  { title: 'Type' },
  { title: 'Data' },
];
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
      <EventFilterBar
        things="events"
        fields="data, type or id"
        filter={filter}
        onFilter={setFilter}
        hasDirections={sockets}
        heartbeats={
          facts.heartbeatCount > 0 || filter.hideHeartbeats
            ? `Heartbeats (${formatCount(facts.heartbeatCount)})`
            : null
        }
        count={
          count === events.atMs.length
            ? plural(count, 'event')
            : `${formatCount(count)} of ${formatCount(events.atMs.length)}`
        }
        lines={() => linesOf(events, list, count, stream)}
      >
        {mode}
      </EventFilterBar>
      {facts.decoded.partial && (
        <p class="inline-note warn">Some contents are missing, so events may be missing after that point.</p>
      )}
      <div class="events-split">
        <ListGrid
          name="event"
          label="Events"
          class={`event-list${sockets ? ' sockets' : ''}`}
          columns={COLUMNS}
          count={count}
          at={index === null ? -1 : list.positionOf(index)}
          // A cursor that was set in the plot is brought into view when the list opens.
          scrolls={false}
          onPick={(position) => {
            model.eventIndex.value = position === null ? null : list.at(position);
          }}
          row={(position, topPx) => (
            <EventRow
              key={list.at(position)}
              events={events}
              index={list.at(position)}
              position={position}
              topPx={topPx}
              startedAtMs={stream.timing.startedAtMs}
              sockets={sockets}
              selected={list.at(position) === index}
            />
          )}
        />
        {index !== null && index < events.atMs.length && (
          <EventDetail key={index} stream={stream} events={events} index={index} />
        )}
      </div>
    </div>
  );
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
    <GridRow
      name="event"
      position={position}
      topPx={topPx}
      selected={selected}
      tone={heartbeat ? 'heartbeat' : ''}
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
    </GridRow>
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
