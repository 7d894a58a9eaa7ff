import { Decoder, type Packet, PacketType } from 'socket.io-parser';
import { Direction, type DirectionCode } from '../trace/types';
import type { EngineIoPacket, SocketIoPacket, SocketIoType } from './packets';

/** Attachments one packet may announce: a forged number must not make the decoder wait for ever. */
const MAX_ATTACHMENTS = 1000;

const TYPES: Record<number, SocketIoType> = {
  [PacketType.CONNECT]: 'connect',
  [PacketType.DISCONNECT]: 'disconnect',
  [PacketType.EVENT]: 'event',
  [PacketType.ACK]: 'ack',
  [PacketType.CONNECT_ERROR]: 'connect_error',
  [PacketType.BINARY_EVENT]: 'event',
  [PacketType.BINARY_ACK]: 'ack',
};

/** What became of one Engine.IO packet. */
export interface SocketIoResult {
  /** The Socket.IO packet that this one completed; null while attachments are missing, and for other packets. */
  packet: SocketIoPacket | null;
  /** What is wrong, one sentence; null when nothing is. */
  problem: string | null;
}

/**
 * Puts the Socket.IO packets of one session together from its Engine.IO packets, whatever transport they came by: feed
 * them in the order of their times. Both directions have their own state, because binary attachments follow their
 * packet in one direction while the other goes on.
 */
export class SocketIoDecoder {
  readonly #directions: Record<DirectionCode, OneWay> = {
    [Direction.received]: new OneWay(),
    [Direction.sent]: new OneWay(),
  };

  feed(carrier: EngineIoPacket): SocketIoResult {
    if (carrier.type !== 'message') return { packet: null, problem: null };
    return this.#directions[carrier.direction].feed(carrier);
  }

  /** The session has ended: tells what still waits for attachments. */
  finish(): string[] {
    return Object.values(this.#directions).flatMap((one) => one.finish() ?? []);
  }
}

const MISSING = 'A packet announced attachments that never came.';

class OneWay {
  #decoder = this.#create();
  #decoded: Packet | null = null;
  /** Attachments that the packet under way has announced; 0 when none is under way. */
  #announced = 0;

  feed(carrier: EngineIoPacket): SocketIoResult {
    let problem: string | null = null;
    if (this.#announced > 0 && carrier.data !== null) {
      problem = MISSING;
      this.#reset();
    }
    const isWaiting = this.#announced > 0;
    if (carrier.bytes && !isWaiting) {
      return { packet: null, problem: 'An attachment came that no packet had announced.' };
    }
    // The library takes both for a packet: no text for a connect, and a bare type for an event without a name.
    if (carrier.data === '' || /^[23]\d*$/.test(carrier.data ?? '')) {
      return { packet: null, problem: 'A Socket.IO packet is malformed: it has no content.' };
    }
    try {
      this.#decoder.add(carrier.bytes ?? carrier.data);
    } catch (error) {
      this.#reset();
      const reason = error instanceof Error ? error.message : 'it cannot be read';
      return { packet: null, problem: `A Socket.IO packet is malformed: ${reason}.` };
    }
    if (!isWaiting) this.#announced = Number(/^[56](\d+)-/.exec(carrier.data ?? '')?.[1] ?? 0);
    const decoded = this.#take();
    if (!decoded) return { packet: null, problem };
    const attachmentCount = this.#announced;
    this.#announced = 0;
    // The library lets an event pass that has a namespace and nothing else.
    if (TYPES[decoded.type] === 'event' && !hasName(decoded)) {
      return { packet: null, problem: 'A Socket.IO packet is malformed: it has no content.' };
    }
    return { packet: toPacket(decoded, attachmentCount, carrier), problem };
  }

  finish(): string | null {
    const problem = this.#announced > 0 ? MISSING : null;
    this.#reset();
    return problem;
  }

  #take(): Packet | null {
    const decoded = this.#decoded;
    this.#decoded = null;
    return decoded;
  }

  #reset(): void {
    this.#decoder.destroy();
    this.#decoder = this.#create();
    this.#announced = 0;
    this.#decoded = null;
  }

  #create(): Decoder {
    const decoder = new Decoder({ maxAttachments: MAX_ATTACHMENTS });
    decoder.on('decoded', (packet) => {
      this.#decoded = packet;
    });
    return decoder;
  }
}

function hasName({ data }: Packet): boolean {
  return Array.isArray(data) && (typeof data[0] === 'string' || typeof data[0] === 'number');
}

function toPacket(decoded: Packet, attachmentCount: number, carrier: EngineIoPacket): SocketIoPacket {
  const type = TYPES[decoded.type]!;
  const list: unknown[] = Array.isArray(decoded.data) ? decoded.data : [];
  const isEvent = type === 'event';
  return {
    type,
    namespace: type === 'connect' ? withoutQuery(decoded.nsp) : decoded.nsp,
    ackId: decoded.id ?? null,
    event: isEvent ? String(list[0]) : null,
    args: isEvent ? list.slice(1) : type === 'ack' ? list : [],
    data: type === 'connect' || type === 'connect_error' ? decoded.data : undefined,
    attachmentCount,
    carrier,
  };
}

/** Version 2 asks for a namespace with the query of its address, and nothing after that has it: `0/admin?ticket=7,`. */
const withoutQuery = (namespace: string) => namespace.replace(/\?.*$/s, '');
