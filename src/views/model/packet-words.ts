import type { EngineIoSession, SessionPacket } from '../../diagnose/facts/sessions';
import { Direction } from '../../trace/types';
import { formatBytes, formatDuration } from '../format';

/** Characters of content that a line of a list shows. */
const PREVIEW_CHARS = 240;

/** Packet type, attachments, namespace and ack id before the JSON of a Socket.IO packet. */
const PREFIX = /^[0-6](?:(\d+)-)?(?:(\/[^,]*),)?(\d+)?/;

/** What a packet is, in two or three words: "event chat", "ack of chat", "ping". */
export function packetWord(session: EngineIoSession, index: number): string {
  const packet = session.packets[index];
  if (!packet) return '';
  const { socket } = packet;
  if (!socket) return carrierWord(packet);
  switch (socket.type) {
    case 'event':
      return `event ${socket.event ?? ''}`;
    case 'ack': {
      const asked = askedBy(session, index);
      return asked?.socket?.event ? `ack of ${asked.socket.event}` : 'ack';
    }
    case 'connect':
      return packet.direction === Direction.received ? 'connected' : 'connect';
    case 'connect_error':
      return 'connection refused';
    case 'disconnect':
      return 'disconnect';
  }
}

function carrierWord({ engine, isProbe, text, byteLength }: SessionPacket): string {
  if (isProbe) return engine === 'ping' ? 'probe' : 'probe answered';
  if (engine === 'upgrade') return 'upgrade';
  if (engine !== 'message') return engine;
  if (text === null) return byteLength > 0 ? 'binary part' : 'message';
  if (/^[56]\d+-/.test(text)) return 'packet with parts';
  return 'malformed packet';
}

/** Its content in one line: namespace, when it is not `/`, and the arguments as they were on the wire. */
export function packetPreview(session: EngineIoSession, index: number): string {
  const packet = session.packets[index];
  if (!packet) return '';
  const { socket } = packet;
  if (!socket) {
    // A binary part has no text, and a heartbeat nothing at all.
    const size = packet.engine === 'message' ? formatBytes(packet.byteLength) : '';
    return (packet.text ?? size).slice(0, PREVIEW_CHARS);
  }
  const namespace = socket.namespace === '/' ? '' : `${socket.namespace} `;
  if (socket.type === 'connect_error') return `${namespace}${socket.message ?? ''}`.slice(0, PREVIEW_CHARS);
  const text = headOf(session.packets, index)?.text ?? '';
  const [prefix = ''] = PREFIX.exec(text) ?? [];
  let rest = text.slice(prefix.length, prefix.length + PREVIEW_CHARS * 4);
  // The name is beside it already: `["chat",{…}]` is shown as `{…}`.
  if (socket.type === 'event') rest = rest.replace(/^\["(?:[^"\\]|\\.)*",?/, '').replace(/\]$/, '');
  return (namespace + rest.replace(PLACEHOLDER, '⟨binary⟩')).slice(0, PREVIEW_CHARS);
}

const PLACEHOLDER = /\{"_placeholder":true,"num":\d+\}/g;

/** The text packet that a packet with attachments began with; the packet itself when it has none. */
export function headOf(packets: readonly SessionPacket[], index: number): SessionPacket | undefined {
  return packets[partsOf(packets, index)[0] ?? index];
}

/**
 * Indexes of all Engine.IO packets that make up the Socket.IO packet that `index` completes, in order. Attachments
 * follow their packet in one direction while the other goes on.
 */
export function partsOf(packets: readonly SessionPacket[], index: number): number[] {
  const last = packets[index];
  const parts = [index];
  let missing = last?.socket?.attachmentCount ?? 0;
  if (missing === 0) return parts;
  for (let at = index - 1; at >= 0 && missing > 0; at -= 1) {
    const packet = packets[at];
    if (packet?.engine !== 'message' || packet.direction !== last?.direction) continue;
    parts.unshift(at);
    missing -= 1;
  }
  return parts;
}

/** The event that an ack answers, or the ack that answers an event. */
export function askedBy(session: EngineIoSession, index: number): SessionPacket | undefined {
  const pair = session.packets[index]?.socket?.pairIndex ?? null;
  return pair === null ? undefined : session.packets[pair];
}

/**
 * How an event with an ack id stands, or which event an ack answers: "12 ms", "waiting", "never". Null for packets that
 * have nothing to do with acks.
 */
export function ackWord(session: EngineIoSession, index: number): string | null {
  const packet = session.packets[index];
  if (!packet?.socket || packet.socket.ackId === null) return null;
  const other = askedBy(session, index);
  if (other) return formatDuration(Math.abs(other.atMs - packet.atMs));
  if (packet.socket.type === 'ack') return 'of nothing seen';
  return session.endedAtMs === null ? 'waiting' : 'never';
}
