import type { ComponentChildren } from 'preact';
import { memo } from 'preact/compat';
import { useMemo, useState } from 'preact/hooks';
import type { EngineIoSession, SessionPacket } from '../../diagnose/facts/sessions';
import { Direction } from '../../trace/types';
import { useModel } from '../components/context';
import { CopyButton } from '../components/copy-button';
import { EmptyState } from '../components/empty-state';
import { EventFilterBar } from '../components/event-filter-bar';
import { Icon } from '../components/icons';
import { JsonTree } from '../components/json-tree';
import { GridRow, ListGrid } from '../components/list-grid';
import { formatBytes, formatCount, formatDuration, formatOffset, formatTimeOfDay, plural } from '../format';
import { ALL_EVENTS, type EventFilter } from '../model/event-list';
import { packetContent } from '../model/packet-content';
import { isHousekeeping, PacketList, type PacketRow } from '../model/packet-list';
import { ackWord, askedBy, packetPreview, packetWord } from '../model/packet-words';

const COLUMNS = [
  { title: '#', numeric: true },
  { title: 'Time', numeric: true },
  { title: 'Gap', numeric: true },
  { title: 'Size', numeric: true },
  { title: 'Packet' },
  { title: 'Ack', numeric: true, hint: 'From the event to its ack' },
  { title: 'Data' },
];
const RAW_CHARS = 256 * 1024;

export interface PacketsViewProps {
  sessions: readonly EngineIoSession[];
  /** Only what came by this stream; null: the whole client. */
  streamId: string | null;
  /** Times are told since this, trace ms. */
  startedAtMs: number;
  /** Stands in the bar: the way to the frames. */
  mode: ComponentChildren;
}

/** Socket.IO packets, decoded: what each is, and which ack answers which event after how long. */
export function PacketsView({ sessions, streamId, startedAtMs, mode }: PacketsViewProps) {
  const model = useModel();
  const [filter, setFilter] = useState<EventFilter>(ALL_EVENTS);
  const list = useMemo(() => new PacketList(streamId, filter), [streamId, filter]);
  const count = list.update(sessions);
  const chosen = model.packet.value;
  const position = chosen ? list.positionOf(chosen.sessionId, chosen.index) : -1;
  const row = list.rows[position];
  const session = row && list.session(row);
  const problems = sessions
    .flatMap((one) => one.problems)
    .filter((one) => streamId === null || one.streamId === streamId);
  return (
    <div class="events">
      <EventFilterBar
        things="packets"
        fields="name, type or data"
        filter={filter}
        onFilter={setFilter}
        hasDirections
        heartbeats="Heartbeats"
        heartbeatsHint="Handshake, pings and pongs, probes"
        count={plural(count, 'packet')}
        lines={() => linesOf(list, startedAtMs)}
      >
        {mode}
      </EventFilterBar>
      {problems.length > 0 && (
        <details class="packet-problems">
          <summary>{plural(problems.length, 'packet')} could not be read</summary>
          <ul>
            {problems.map((one, index) => (
              <li key={index}>{one.message}</li>
            ))}
          </ul>
        </details>
      )}
      {count === 0 && filter === ALL_EVENTS ? (
        <EmptyState title="No packet came by this stream.">
          <p>
            A poll is read when it has ended. One that was refused has no packets: Headers has its answer.
          </p>
        </EmptyState>
      ) : (
        <div class="events-split">
          <PacketRows list={list} count={count} position={position} startedAtMs={startedAtMs} />
          {row && session && <PacketDetail key={`${session.id} ${row.index}`} session={session} row={row} />}
        </div>
      )}
    </div>
  );
}

interface PacketRowsProps {
  list: PacketList;
  count: number;
  position: number;
  startedAtMs: number;
}

function PacketRows({ list, count, position: at, startedAtMs }: PacketRowsProps) {
  const model = useModel();
  return (
    <ListGrid
      name="packet"
      label="Packets"
      class="event-list packets"
      columns={COLUMNS}
      count={count}
      at={at}
      scrolls
      onPick={(position) => {
        const row = position === null ? undefined : list.rows[position];
        const session = row && list.session(row);
        if (row && session) model.choosePacket(session, row.index);
        else model.packet.value = null;
      }}
      row={(position, topPx) => {
        const row = list.rows[position];
        const before = list.rows[position - 1];
        const session = row && list.session(row);
        return (
          row &&
          session && (
            <PacketLine
              key={`${row.session} ${row.index}`}
              session={session}
              index={row.index}
              packet={session.packets[row.index]!}
              ack={ackWord(session, row.index)}
              beforeMs={(before && list.packet(before)?.atMs) ?? null}
              position={position}
              topPx={topPx}
              startedAtMs={startedAtMs}
              selected={position === at}
            />
          )
        );
      }}
    />
  );
}

interface PacketLineProps {
  session: EngineIoSession;
  index: number;
  packet: SessionPacket;
  ack: string | null;
  beforeMs: number | null;
  position: number;
  topPx: number;
  startedAtMs: number;
  selected: boolean;
}

function PacketLineView(props: PacketLineProps) {
  const { session, index, packet, ack, beforeMs, position, topPx, startedAtMs, selected } = props;
  const sent = packet.direction === Direction.sent;
  const word = packetWord(session, index);
  const isBad = word === 'malformed packet' || packet.socket?.type === 'connect_error';
  const tone = isBad ? 'bad' : isHousekeeping(packet) ? 'heartbeat' : '';
  return (
    <GridRow name="packet" position={position} topPx={topPx} selected={selected} tone={tone}>
      <div class="cell numeric dim" role="gridcell">
        {formatCount(position + 1)}
      </div>
      <div class="cell numeric" role="gridcell">
        {formatOffset(packet.atMs - startedAtMs)}
      </div>
      <div class="cell numeric" role="gridcell">
        {beforeMs === null ? '' : formatDuration(packet.atMs - beforeMs)}
      </div>
      <div class="cell numeric" role="gridcell">
        {formatBytes(packet.byteLength)}
      </div>
      <div class="cell type" role="gridcell" title={word}>
        <Icon name={sent ? 'sent' : 'received'} />
        <span class="sr-only">{sent ? 'sent' : 'received'} </span>
        <span class="step-word">{word}</span>
      </div>
      <div
        class={`cell numeric${ack === 'never' ? ' doubt' : ''}`}
        role="gridcell"
        title={ackTitle(packet, ack)}
      >
        {ack}
      </div>
      <div class="cell data" role="gridcell">
        {packetPreview(session, index)}
      </div>
    </GridRow>
  );
}

/** A session under way is another object each time: what matters of it is in the other props. */
const PacketLine = memo(PacketLineView, (before, now) =>
  (Object.keys(now) as (keyof PacketLineProps)[]).every(
    (key) => key === 'session' || before[key] === now[key],
  ),
);

function ackTitle({ socket }: SessionPacket, ack: string | null): string | undefined {
  if (!socket || ack === null) return undefined;
  if (socket.type === 'ack')
    return socket.pairIndex === null ? 'Its event was not seen' : `After its event: ${ack}`;
  if (socket.pairIndex !== null) return `Answered after ${ack}`;
  return ack === 'never' ? 'The session ended before an ack came' : 'No ack has come yet';
}

function PacketDetail({ session, row }: { session: EngineIoSession; row: PacketRow }) {
  const model = useModel();
  const [asRaw, setAsRaw] = useState(false);
  const packet = session.packets[row.index];
  const content = useMemo(
    () => packetContent(session, row.index, (id) => model.stream(id)),
    [session.packets, row.index],
  );
  if (!packet) return null;
  const { value, raw, problem } = content;
  const isTree = typeof value === 'object' && value !== null && !asRaw;
  const namespace = packet.socket?.namespace ?? '/';
  return (
    <section class="event-detail" aria-label="Packet">
      <header>
        <span class="event-title">{packetWord(session, row.index)}</span>
        <span class="dim">
          {formatTimeOfDay(model.trace.meta.originEpochMs + packet.atMs)}
          {namespace !== '/' && <> · namespace {namespace}</>}
          {packet.socket && packet.socket.attachmentCount > 0 && (
            <> · {plural(packet.socket.attachmentCount, 'attachment')}</>
          )}
          {' · '}
          {packet.transport}
        </span>
        <span class="spacer" />
        {raw !== null && value !== undefined && (
          <button type="button" class="link" aria-pressed={asRaw} onClick={() => setAsRaw(!asRaw)}>
            {asRaw ? 'Tree' : 'Raw'}
          </button>
        )}
        {raw !== null && <CopyButton small label="Copy data" text={() => raw} />}
        <button
          type="button"
          class="icon-button"
          aria-label="Close the packet"
          title="Close (Esc)"
          onClick={() => {
            model.packet.value = null;
          }}
        >
          <Icon name="close" />
        </button>
      </header>
      <AckLine session={session} packet={packet} index={row.index} />
      <div class="event-body" tabIndex={0} role="group" aria-label="Data">
        {problem && <p class="packet-problem">{problem}</p>}
        {isTree ? (
          <JsonTree value={value} label={`Data of ${packetWord(session, row.index)}`} />
        ) : value !== undefined && !asRaw ? (
          <pre class="raw">{JSON.stringify(value)}</pre>
        ) : raw !== null ? (
          <pre class="raw">{raw.length > RAW_CHARS ? `${raw.slice(0, RAW_CHARS)}…` : raw}</pre>
        ) : (
          !problem && <p class="inline-note">This packet carries no data.</p>
        )}
      </div>
    </section>
  );
}

/** Which event an ack answers, or which ack an event got: with the way there. */
function AckLine({
  session,
  packet,
  index,
}: {
  session: EngineIoSession;
  packet: SessionPacket;
  index: number;
}) {
  const model = useModel();
  const { socket } = packet;
  if (!socket || socket.ackId === null) return null;
  const other = askedBy(session, index);
  const isAck = socket.type === 'ack';
  if (!other || socket.pairIndex === null) {
    return (
      <p class="ack-line">
        {isAck
          ? `Ack ${socket.ackId} of an event that was not seen.`
          : session.endedAtMs === null
            ? `Asks for ack ${socket.ackId}, which has not come yet.`
            : `Asked for ack ${socket.ackId}, which never came.`}
      </p>
    );
  }
  const pair = socket.pairIndex;
  return (
    <p class="ack-line">
      {isAck ? 'Answers ' : 'Answered by '}
      <button
        type="button"
        class="link"
        onClick={() => {
          const isHere =
            other.streamId === packet.streamId ||
            model.row(model.selectedId.value ?? '')?.kind === 'socket.io';
          if (!isHere) model.select(other.streamId);
          model.choosePacket(session, pair);
        }}
      >
        {isAck ? packetWord(session, pair) : 'its ack'}
      </button>{' '}
      ({socket.ackId}) {formatDuration(Math.abs(other.atMs - packet.atMs))} {isAck ? 'before' : 'later'}.
    </p>
  );
}

function linesOf(list: PacketList, startedAtMs: number): string {
  return list.rows
    .map((row) => {
      const session = list.session(row);
      const packet = list.packet(row);
      if (!session || !packet) return '';
      return JSON.stringify({
        atMs: Number((packet.atMs - startedAtMs).toFixed(3)),
        direction: packet.direction === Direction.sent ? 'sent' : 'received',
        transport: packet.transport,
        packet: packetWord(session, row.index),
        namespace: packet.socket?.namespace ?? null,
        ackId: packet.socket?.ackId ?? null,
        data: packetPreview(session, row.index),
      });
    })
    .join('\n');
}
