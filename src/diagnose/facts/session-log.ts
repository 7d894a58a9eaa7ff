import type { EngineIoHandshake } from '../../decode/packets';
import { SocketIoDecoder } from '../../decode/socket-io';
import { Direction } from '../../trace/types';
import {
  MAX_SESSION_PACKETS,
  type PingPong,
  type SessionNamespace,
  type SessionPacket,
  type SessionSocketPacket,
} from './session';
import type { Carried } from './session-exchange';

const MAX_PINGS = 20_000;
const MAX_NAMESPACES = 100;
const MAX_PROBLEMS = 50;
/** Events that wait for their ack; the oldest are given up. */
const MAX_WAITING = 10_000;

/** The packets of one session in order, as they come. */
export class SessionLog {
  readonly packets: SessionPacket[] = [];
  readonly pings: PingPong[] = [];
  readonly namespaces: SessionNamespace[] = [];
  readonly problems: { streamId: string; message: string }[] = [];
  unkept = 0;
  handshake: { values: EngineIoHandshake; atMs: number } | null = null;
  lastAtMs = Number.NEGATIVE_INFINITY;
  /** The last packet of each sender. */
  lastReceivedAtMs: number | null = null;
  lastSentAtMs: number | null = null;
  /** A goodbye on the Engine.IO level, by its sender. */
  closed: { by: 'server' | 'page'; atMs: number; streamId: string } | null = null;
  #decoder = new SocketIoDecoder();
  #waiting = new Map<string, number>();

  /** Packets not earlier than `lastAtMs`. */
  feed({ packet, streamId, byteLength }: Carried): void {
    const isReceived = packet.direction === Direction.received;
    this.lastAtMs = Math.max(this.lastAtMs, packet.atMs);
    if (isReceived) this.lastReceivedAtMs = packet.atMs;
    else this.lastSentAtMs = packet.atMs;
    if (packet.handshake) this.handshake ??= { values: packet.handshake, atMs: packet.atMs };
    if (packet.type === 'close') {
      this.closed ??= { by: isReceived ? 'server' : 'page', atMs: packet.atMs, streamId };
    }
    if (!packet.isProbe) this.#readPing(packet.type, isReceived, packet.atMs, streamId);
    // What was not captured whole cannot be put together.
    const isUnread = packet.data === null && packet.bytes === null;
    const result = isUnread ? { packet: null, problem: null } : this.#decoder.feed(packet);
    if (result.problem && this.problems.length < MAX_PROBLEMS)
      this.problems.push({ streamId, message: result.problem });
    const isKept = this.packets.length < MAX_SESSION_PACKETS;
    const index = this.packets.length;
    let socket: SessionSocketPacket | null = null;
    if (result.packet) {
      const { type, namespace, event, ackId, args, attachmentCount, data } = result.packet;
      const message = type === 'connect_error' ? messageOf(data) : null;
      socket = {
        type,
        namespace,
        event,
        ackId,
        argCount: args.length,
        attachmentCount,
        message,
        pairIndex: null,
      };
      this.#readNamespace(socket, isReceived, packet.atMs);
      if (isKept && ackId !== null) this.#pair(socket, isReceived, index);
    }
    if (!isKept) {
      this.unkept++;
      return;
    }
    this.packets.push({
      atMs: packet.atMs,
      confidence: packet.confidence,
      direction: packet.direction,
      transport: packet.transport,
      streamId,
      record: packet.record,
      engine: packet.type,
      isProbe: packet.isProbe,
      text: packet.data,
      byteLength,
      socket,
    });
  }

  #readPing(type: string, isReceived: boolean, atMs: number, streamId: string): void {
    if (type === 'ping' && this.pings.length < MAX_PINGS) {
      this.pings.push({ by: isReceived ? 'server' : 'page', streamId, pingAtMs: atMs, pongAtMs: null });
    }
    if (type !== 'pong') return;
    const asker = isReceived ? 'page' : 'server';
    const last = this.pings.at(-1);
    if (last?.by === asker && last.pongAtMs === null) last.pongAtMs = atMs;
  }

  #readNamespace(packet: SessionSocketPacket, isReceived: boolean, atMs: number): void {
    const { type } = packet;
    if (type === 'event' || type === 'ack') return;
    let space = this.namespaces.findLast(({ name }) => name === packet.namespace);
    if (!space || (space.leftAtMs !== null && type !== 'disconnect')) {
      if (this.namespaces.length >= MAX_NAMESPACES) return;
      space = {
        name: packet.namespace,
        askedAtMs: null,
        joinedAtMs: null,
        refusedAtMs: null,
        message: null,
        leftAtMs: null,
        leftBy: null,
      };
      this.namespaces.push(space);
    }
    if (type === 'connect' && isReceived) space.joinedAtMs ??= atMs;
    else if (type === 'connect') space.askedAtMs ??= atMs;
    else if (type === 'connect_error') {
      space.refusedAtMs ??= atMs;
      space.message ??= packet.message;
    } else {
      space.leftAtMs ??= atMs;
      space.leftBy ??= isReceived ? 'server' : 'page';
    }
  }

  /** An ack goes the other way than its event, in the same namespace, with the same id. */
  #pair(packet: SessionSocketPacket, isReceived: boolean, index: number): void {
    const isEvent = packet.type === 'event';
    const key = `${isReceived === isEvent ? 'server' : 'page'} ${packet.namespace} ${packet.ackId}`;
    if (isEvent) {
      if (this.#waiting.size >= MAX_WAITING) this.#waiting.delete(this.#waiting.keys().next().value!);
      this.#waiting.set(key, index);
      return;
    }
    const eventIndex = this.#waiting.get(key);
    const event = eventIndex === undefined ? null : this.packets[eventIndex]?.socket;
    if (packet.type !== 'ack' || !event) return;
    this.#waiting.delete(key);
    event.pairIndex = index;
    packet.pairIndex = eventIndex!;
  }
}

/** `{message}` since version 3, bare text in version 2. */
function messageOf(data: unknown): string | null {
  if (typeof data === 'string') return data.slice(0, 1000);
  const message = (data as { message?: unknown } | null | undefined)?.message;
  return typeof message === 'string' ? message.slice(0, 1000) : null;
}
