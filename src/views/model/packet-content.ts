import { createEngineIoDecoder } from '../../decode/engine-io';
import { SocketIoDecoder } from '../../decode/socket-io';
import type { EngineIoSession, SessionPacket } from '../../diagnose/facts/sessions';
import { decodeBase64 } from '../../lib/base64';
import type { StreamRecord } from '../../trace/types';
import { headOf, partsOf } from './packet-words';

/** What is inside a packet, read again from the trace when somebody looks at it. */
export interface PacketContent {
  /** Arguments, or the data of a connect, with attachments (`Uint8Array`) in their places; undefined when there is none. */
  value: unknown;
  /** As it was on the wire; null when it was not captured. */
  raw: string | null;
  /** What is wrong with it, one sentence; null when nothing is. */
  problem: string | null;
}

/** @param streamOf records by id; packets of one session come by many streams */
export function packetContent(
  session: EngineIoSession,
  index: number,
  streamOf: (id: string) => StreamRecord | undefined,
): PacketContent {
  const packet = session.packets[index];
  const raw = headOf(session.packets, index)?.text ?? null;
  if (packet?.engine !== 'message') return { value: undefined, raw: packet?.text || null, problem: null };
  const decoder = new SocketIoDecoder();
  let problem: string | null = null;
  for (const part of partsOf(session.packets, index)) {
    const carrier = session.packets[part];
    if (!carrier) continue;
    const bytes = carrier.text === null ? bytesOf(session, part, streamOf(carrier.streamId)) : null;
    if (carrier.text === null && !bytes) {
      return { value: undefined, raw, problem: 'Its content was not captured whole.' };
    }
    const result = decoder.feed({
      ...carrier,
      type: carrier.engine,
      data: carrier.text,
      bytes,
      handshake: null,
    });
    problem ??= result.problem;
    if (!result.packet) continue;
    const { type, args, data } = result.packet;
    if (type === 'event' || type === 'ack')
      return { value: args.length === 1 ? args[0] : args, raw, problem };
    return { value: data, raw, problem };
  }
  return { value: undefined, raw, problem: problem ?? decoder.finish()[0] ?? null };
}

/** The bytes of a binary packet: the session does not keep them a second time. */
function bytesOf(
  session: EngineIoSession,
  index: number,
  stream: StreamRecord | undefined,
): Uint8Array | null {
  const packet = session.packets[index];
  if (!packet || !stream) return null;
  if (packet.transport !== 'websocket') {
    const sameRecord = (one: { record: number }) => one.record === packet.record;
    const before = session.packets
      .slice(0, index)
      .filter((one) => one.streamId === packet.streamId && sameRecord(one)).length;
    return createEngineIoDecoder(stream)?.packets.filter(sameRecord)[before]?.bytes ?? null;
  }
  const payload = stream.messages.payload[packet.record] ?? null;
  // Version 3 puts the packet type before the bytes.
  const skipped = session.version === 3 ? 1 : 0;
  if (payload instanceof Uint8Array) return payload.subarray(skipped);
  return payload?.startsWith('b') ? decodeBase64(payload.slice(1 + skipped)) : null;
}

/** Index of the packet's frame among the decoded events of its socket, or null. */
export function eventIndexOf(packet: SessionPacket, endChunks: readonly number[]): number | null {
  if (packet.transport !== 'websocket') return null;
  let low = 0;
  let high = endChunks.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((endChunks[middle] ?? 0) < packet.record) low = middle + 1;
    else high = middle;
  }
  return endChunks[low] === packet.record ? low : null;
}
