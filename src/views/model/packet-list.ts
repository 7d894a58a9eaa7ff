import type { EngineIoSession, SessionPacket } from '../../diagnose/facts/sessions';
import { Direction } from '../../trace/types';
import type { EventFilter } from './event-list';
import { packetPreview, packetWord, partsOf } from './packet-words';

/** One line: a packet of one of the sessions. */
export interface PacketRow {
  session: number;
  index: number;
}

/** How far back the parts of a packet are looked for among the lines: attachments follow their packet closely. */
const TAIL = 2000;

/**
 * The packets of a client's sessions that pass a filter. Packets that came in parts are one line, where the last part
 * came. Grows with the sessions: only what came since the last look is tested.
 */
export class PacketList {
  rows: PacketRow[] = [];
  #sessions: readonly EngineIoSession[] = [];
  #read: { packets: readonly SessionPacket[]; count: number }[] = [];

  /** @param streamId only what came by this stream; null for all */
  constructor(
    readonly streamId: string | null,
    readonly filter: EventFilter,
  ) {}

  update(sessions: readonly EngineIoSession[]): number {
    this.#sessions = sessions;
    const last = this.#read.length - 1;
    const isSame = this.#read.every(
      ({ packets, count }, index) =>
        sessions[index]?.packets === packets && (index === last || packets.length === count),
    );
    if (!isSame) {
      this.rows = [];
      this.#read = [];
    }
    sessions.forEach(({ packets }, session) => {
      const read = this.#read[session] ?? { packets, count: 0 };
      this.#read[session] = read;
      for (; read.count < packets.length; read.count += 1) this.#add(session, read.count);
    });
    return this.rows.length;
  }

  session(row: PacketRow): EngineIoSession | undefined {
    return this.#sessions[row.session];
  }

  packet(row: PacketRow): SessionPacket | undefined {
    return this.#sessions[row.session]?.packets[row.index];
  }

  /** Line of a packet, or -1. */
  positionOf(sessionId: string, index: number): number {
    const session = this.#sessions.findIndex(({ id }) => id === sessionId);
    return this.rows.findIndex((row) => row.session === session && row.index === index);
  }

  #add(session: number, index: number): void {
    const holder = this.#sessions[session];
    const packet = holder?.packets[index];
    if (!holder || !packet) return;
    if (this.streamId !== null && packet.streamId !== this.streamId) return;
    if (packet.socket && packet.socket.attachmentCount > 0)
      this.#dropParts(session, partsOf(holder.packets, index));
    if (passes(holder, index, packet, this.filter)) this.rows.push({ session, index });
  }

  #dropParts(session: number, parts: readonly number[]): void {
    const first = parts[0] ?? 0;
    const stop = Math.max(0, this.rows.length - TAIL);
    for (let at = this.rows.length - 1; at >= stop; at -= 1) {
      const row = this.rows[at];
      if (!row || row.session !== session || row.index < first) return;
      if (parts.includes(row.index)) this.rows.splice(at, 1);
    }
  }
}

/** Pings and pongs, and what Engine.IO says for itself. */
export function isHousekeeping({ engine }: SessionPacket): boolean {
  return engine !== 'message';
}

function passes(
  session: EngineIoSession,
  index: number,
  packet: SessionPacket,
  filter: EventFilter,
): boolean {
  if (filter.hideHeartbeats && isHousekeeping(packet)) return false;
  const sent = packet.direction === Direction.sent;
  if (filter.direction !== 'all' && sent !== (filter.direction === 'sent')) return false;
  if (filter.text === '') return true;
  return `${packetWord(session, index)} ${packetPreview(session, index)} ${packet.text ?? ''}`
    .toLowerCase()
    .includes(filter.text);
}
