import { createEngineIoDecoder, type EngineIoDecoder } from '../../decode/engine-io';
import type { EngineIoPacket } from '../../decode/packets';
import { utf8ByteLength } from '../../lib/text';
import { Direction, type DirectionCode, Opcode } from '../../trace/types';
import { endingOf, isOpened } from './endings';
import type { ExchangeRole, SessionExchange } from './session';
import { originOf } from './sites';
import type { StreamFacts } from './stream-facts';

/** An Engine.IO packet with the stream it came by. */
export interface Carried {
  packet: EngineIoPacket;
  streamId: string;
  byteLength: number;
}

/** Reads one Engine.IO request or socket as it grows. */
export class ExchangeReader implements SessionExchange {
  readonly facts: StreamFacts;
  readonly server: string;
  readonly endpoint: string;
  readonly role: ExchangeRole;
  /** Grows when everything was read anew, because a better source came in. */
  generation = 0;
  #decoder: EngineIoDecoder;
  #seen: unknown[] = [];
  #seenLength = 0;
  #takenGeneration = 0;
  #takenPackets = 0;
  #takenRecords = 0;

  private constructor(facts: StreamFacts, decoder: EngineIoDecoder) {
    const { method, url } = facts.stream.request;
    this.facts = facts;
    this.#decoder = decoder;
    this.#seen = sourcesOf(facts);
    this.server = originOf(url) ?? '';
    this.endpoint = this.server + pathOf(url);
    const { request } = decoder;
    if (request.sid === null) this.role = 'handshake';
    else if (facts.stream.kind === 'websocket') this.role = 'websocket';
    else this.role = method.toUpperCase() === 'POST' ? 'post' : 'poll';
  }

  /** Null for streams that are not Engine.IO's. */
  static of(facts: StreamFacts): ExchangeReader | null {
    const { url, method } = facts.stream.request;
    // A preflight has the address of the request it asks for.
    if (!url.includes('EIO=') || method.toUpperCase() === 'OPTIONS') return null;
    const decoder = createEngineIoDecoder(facts.stream);
    return decoder && new ExchangeReader(facts, decoder);
  }

  update(): void {
    const { stream } = this.facts;
    const sources = sourcesOf(this.facts);
    const { length } = stream.messages.atMs;
    if (length < this.#seenLength || sources.some((one, index) => one !== this.#seen[index])) {
      this.#seen = sources;
      this.#decoder = createEngineIoDecoder(stream) ?? this.#decoder;
      this.generation++;
    } else this.#decoder.update();
    this.#seenLength = length;
  }

  get stream() {
    return this.facts.stream;
  }

  get transport() {
    return this.#decoder.request.transport;
  }

  get version() {
    return this.#decoder.request.version;
  }

  /** From the address, or from the `open` packet of a handshake. */
  get sid(): string | null {
    const sid = this.#decoder.request.sid ?? this.openPacket?.handshake?.sid ?? null;
    return sid === null ? null : withoutPadding(sid);
  }

  get openPacket(): EngineIoPacket | null {
    return this.packets.slice(0, 8).find(({ handshake }) => handshake !== null) ?? null;
  }

  get packets(): readonly EngineIoPacket[] {
    return this.#decoder.packets;
  }

  get refusal() {
    return this.#decoder.error;
  }

  get startedAtMs() {
    return this.facts.stream.timing.startedAtMs;
  }

  get endedAtMs() {
    return this.facts.stream.end?.atMs ?? null;
  }

  get status() {
    return this.facts.stream.response?.status ?? null;
  }

  get outcome(): SessionExchange['outcome'] {
    const { stream } = this.facts;
    if ((stream.response?.status ?? 0) >= 400) return 'failed';
    switch (endingOf(stream)) {
      case 'open':
        return 'open';
      case 'clean':
        return stream.kind === 'websocket' && !isOpened(stream) ? 'failed' : 'ok';
      case 'page':
        return 'page';
      default:
        return isClosedByPage(this.facts) ? 'page' : 'failed';
    }
  }

  /** When a socket was open, trace ms; null when it never was, or for requests. */
  get openedAtMs(): number | null {
    const { stream } = this.facts;
    if (stream.kind !== 'websocket') return null;
    if (stream.response?.status === 101) return stream.timing.headersAtMs ?? this.startedAtMs;
    return stream.messages.atMs[0] ?? null;
  }

  get problems(): { streamId: string; message: string }[] {
    const streamId = this.facts.stream.id;
    return this.#decoder.problems.map(({ message }) => ({ streamId, message }));
  }

  /** Packets that came since the last call, in order; all of them after `generation` grew. */
  take(): Carried[] {
    const { id, messages } = this.facts.stream;
    if (this.#takenGeneration !== this.generation) {
      this.#takenGeneration = this.generation;
      this.#takenPackets = 0;
      this.#takenRecords = 0;
    }
    const taken: Carried[] = this.packets
      .slice(this.#takenPackets)
      .map((packet) => ({ packet, streamId: id, byteLength: this.#byteLengthOf(packet) }));
    this.#takenPackets = this.packets.length;
    if (this.facts.stream.kind !== 'websocket') return taken;
    const read = taken.length;
    for (let record = this.#takenRecords; record < messages.atMs.length; record++) {
      const packet = this.#unreadPacket(record);
      if (packet) taken.push({ packet, streamId: id, byteLength: messages.byteLength[record]! });
    }
    this.#takenRecords = messages.atMs.length;
    return taken.length === read ? taken : taken.sort((a, b) => a.packet.record - b.packet.record);
  }

  /** `take` begins at the start again. */
  rewind(): void {
    this.#takenGeneration = -1;
  }

  /**
   * A frame that was not captured, or not whole. One byte can only be a ping or a pong, whatever it was; of others the
   * first character tells the type.
   */
  #unreadPacket(record: number): EngineIoPacket | null {
    const { messages } = this.facts.stream;
    if (messages.opcode[record] !== Opcode.text) return null;
    const payload = messages.payload[record];
    const isPrefix = typeof payload === 'string' && utf8ByteLength(payload) < messages.byteLength[record]!;
    if (payload !== null && !isPrefix) return null;
    const direction = messages.direction[record] as DirectionCode;
    const isPing = (direction === Direction.received) === (this.version !== 3);
    const isHeartbeat = payload === null && messages.byteLength[record] === 1;
    if (!isHeartbeat && !(isPrefix && payload.startsWith('4'))) return null;
    return {
      atMs: messages.atMs[record]!,
      confidence: messages.confidence[record]!,
      direction,
      transport: 'websocket',
      record,
      type: !isHeartbeat ? 'message' : isPing ? 'ping' : 'pong',
      data: null,
      bytes: null,
      isProbe: false,
      handshake: null,
    };
  }

  #byteLengthOf(packet: EngineIoPacket): number {
    if (packet.transport === 'websocket') return this.facts.stream.messages.byteLength[packet.record] ?? 0;
    return 1 + (packet.bytes?.length ?? packet.data?.length ?? 0);
  }
}

/** Chromium's words when a page closes a socket that is not open yet: no failure, and the page knows. */
const CLOSED_EARLY = /closed before the connection (?:is|was) established/i;

export function isClosedByPage({ stream }: StreamFacts): boolean {
  return stream.kind === 'websocket' && CLOSED_EARLY.test(stream.end?.message ?? '');
}

/** What is read from: when one of these is another object, a better source took its place. */
function sourcesOf({ stream }: StreamFacts): unknown[] {
  return [stream.messages, stream.chunks, stream.end === null ? null : (stream.response?.body ?? null)];
}

/**
 * Version 2 of Socket.IO also sets its `sid` as a cookie, so sanitized recordings have a mark for it: in addresses
 * `‹redacted:1f3a09cc›`, in bytes as many characters as there were, `redacted:1f3a09cc***`. Both are one session.
 */
function withoutPadding(sid: string): string {
  return /^‹?(redacted:[0-9a-f]{4,8})(?:›|\**)$/.exec(sid)?.[1] ?? sid;
}

function pathOf(url: string): string {
  const path = /^[a-z]+:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '';
  return path.endsWith('/') ? path.slice(0, -1) : path;
}
