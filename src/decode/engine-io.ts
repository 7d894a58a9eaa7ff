import { decodePacket } from 'engine.io-parser';
import { decodeBase64 } from '../lib/base64';
import { concatBytes } from '../lib/bytes';
import { decodeUtf8, decodeUtf8Strictly, encodeUtf8, utf8ByteLength } from '../lib/text';
import { Direction, Opcode, type StreamRecord } from '../trace/types';
import { parseObject } from './json';
import type {
  EngineIoError,
  EngineIoHandshake,
  EngineIoPacket,
  EngineIoRequest,
  EngineIoTransport,
  EngineIoType,
} from './packets';
import type { DecodeProblem } from './types';

/** Packets kept of one stream. */
const MAX_PACKETS = 250_000;
const MAX_PROBLEMS = 50;

const TYPES: readonly EngineIoType[] = ['open', 'close', 'ping', 'pong', 'message', 'upgrade', 'noop'];

/** Null for addresses that are not Engine.IO's. */
export function engineIoRequestOf(url: string): EngineIoRequest | null {
  const query = new URLSearchParams(url.slice(url.indexOf('?') + 1));
  const transport = query.get('transport');
  const version = query.get('EIO');
  if (version === null || !url.includes('?')) return null;
  if (transport !== 'polling' && transport !== 'websocket' && transport !== 'webtransport') return null;
  return {
    transport,
    version: version === '3' ? 3 : version === '4' ? 4 : null,
    sid: query.get('sid') || null,
  };
}

/** The error in the body of a refused request, or null. */
export function engineIoErrorOf(text: string): EngineIoError | null {
  const value = parseObject(text);
  const isError = typeof value?.code === 'number' && typeof value.message === 'string';
  return isError ? { code: value.code as number, message: value.message as string } : null;
}

/** Engine.IO packets of one stream, read as it grows. */
export interface EngineIoDecoder {
  readonly request: EngineIoRequest;
  /** In the order of their times. */
  readonly packets: EngineIoPacket[];
  /** What the server said instead of packets. */
  readonly error: EngineIoError | null;
  readonly problems: DecodeProblem[];
  /** Reads what came since the last call. A polling answer is read when it has ended: packets are not framed before. */
  update(): void;
}

/** Null when the stream's address is not Engine.IO's. Malformed input becomes a problem, never an exception. */
export function createEngineIoDecoder(stream: StreamRecord): EngineIoDecoder | null {
  const request = engineIoRequestOf(stream.request.url);
  return request && new Decoder(stream, request);
}

/** A packet without its place: what the wire formats have in common. */
interface Parsed {
  type: EngineIoType;
  data: string | null;
  bytes: Uint8Array | null;
}

class Decoder implements EngineIoDecoder {
  readonly request: EngineIoRequest;
  readonly packets: EngineIoPacket[] = [];
  readonly problems: DecodeProblem[] = [];
  error: EngineIoError | null = null;
  readonly #stream: StreamRecord;
  #nextMessage = 0;
  #readRequest = false;
  #readResponse = false;
  #isFull = false;

  constructor(stream: StreamRecord, request: EngineIoRequest) {
    this.#stream = stream;
    this.request = request;
    this.update();
  }

  update(): void {
    if (this.#stream.kind === 'websocket') this.#readFrames();
    else this.#readPolling();
  }

  #readFrames(): void {
    const { messages } = this.#stream;
    for (; this.#nextMessage < messages.atMs.length; this.#nextMessage++) {
      const record = this.#nextMessage;
      const opcode = messages.opcode[record];
      if (opcode !== Opcode.text && opcode !== Opcode.binary) continue;
      const payload = messages.payload[record] ?? null;
      if (payload === null || isCut(payload, messages.byteLength[record]!)) {
        this.#problem(record, 'A frame was not captured whole.');
        continue;
      }
      const parsed = typeof payload === 'string' ? this.#parseText(payload) : this.#parseBinaryFrame(payload);
      this.#add(parsed, record, 'websocket');
    }
  }

  #parseText(packet: string): Parsed | null {
    return this.request.version === 3 ? parseTextOfVersion3(packet) : parseText(packet);
  }

  /** Version 4 sends binary messages bare; version 3 puts the packet type before them. */
  #parseBinaryFrame(bytes: Uint8Array): Parsed | null {
    if (this.request.version !== 3) return { type: 'message', data: null, bytes };
    return parseTypedBytes(bytes);
  }

  #readPolling(): void {
    const { request, response, end } = this.#stream;
    if (!this.#readRequest && request.body) {
      this.#readRequest = true;
      if (request.body.truncated) this.#problem(-1, 'The request body was not captured whole.');
      else this.#addAll(this.#parsePosted(request.body.text), -1);
    }
    if (this.#readResponse || end === null || !response) return;
    this.#readResponse = true;
    const record = Math.max(0, this.#stream.chunks.atMs.length - 1);
    const body = this.#body();
    if (body === null) {
      this.#problem(record, 'The answer was not captured whole.');
      return;
    }
    if (response.status >= 400) {
      this.error = engineIoErrorOf(decodeUtf8(body));
      return;
    }
    // The answer to a POST is the word "ok" in a polling transport, not a packet.
    if (body.length === 0 || request.method.toUpperCase() === 'POST') return;
    const isFramedBinary = this.request.version === 3 && body[0]! <= 1;
    this.#addAll(
      isFramedBinary ? this.#parseBinaryPayload(body) : this.#parsePayload(decodeUtf8(body)),
      record,
    );
  }

  #body(): Uint8Array | null {
    const { chunks, response } = this.#stream;
    const isWhole = chunks.payload.every((one, index) => one?.length === chunks.byteLength[index]);
    if (isWhole) {
      const bytes = concatBytes(chunks.payload.filter((one) => one !== null));
      if (bytes.length > 0 || !response?.body) return bytes;
    }
    return response?.body && !response.body.truncated ? encodeUtf8(response.body.text) : null;
  }

  /** Browsers post binary packets of version 3 as bytes, of which each is one character here. */
  #parsePosted(text: string): (Parsed | null)[] {
    const isFramedBinary = this.request.version === 3 && text.charCodeAt(0) <= 1;
    if (!isFramedBinary) return this.#parsePayload(unwrapForm(text));
    return this.#parseBinaryPayload(Uint8Array.from(text, (character) => character.charCodeAt(0)));
  }

  #parsePayload(text: string): (Parsed | null)[] {
    const payload = unwrapJsonp(text);
    if (this.request.version === 3) return this.#parseLengthPrefixed(payload);
    return payload.split('\x1e', MAX_PACKETS).map((packet) => parseText(packet));
  }

  /** Version 3: `<length>:<packet>`, again and again; the length counts UTF-16 units. */
  #parseLengthPrefixed(text: string): (Parsed | null)[] {
    const packets: (Parsed | null)[] = [];
    let at = 0;
    while (at < text.length && packets.length < MAX_PACKETS) {
      const colon = text.indexOf(':', at);
      const digits = colon === -1 || colon - at > 10 ? '' : text.slice(at, colon);
      const length = /^\d+$/.test(digits) ? Number(digits) : Number.NaN;
      // Without a length there is no telling where the next packet begins.
      if (!(colon + 1 + length <= text.length)) return [...packets, null];
      at = colon + 1 + length;
      packets.push(parseTextOfVersion3(text.slice(colon + 1, at)));
    }
    return packets;
  }

  /** Version 3 with binary XHR: 0 or 1 (text, bytes), the length as digits of one byte each, 255, the packet. */
  #parseBinaryPayload(bytes: Uint8Array): (Parsed | null)[] {
    const packets: (Parsed | null)[] = [];
    let at = 0;
    while (at < bytes.length && packets.length < MAX_PACKETS) {
      const isText = bytes[at] === 0;
      const end = bytes.indexOf(255, at);
      const digits = end === -1 || end - at > 11 ? [] : [...bytes.subarray(at + 1, end)];
      const length =
        digits.length > 0 && digits.every((one) => one <= 9) ? Number(digits.join('')) : Number.NaN;
      if (bytes[at]! > 1 || !(end + 1 + length <= bytes.length)) return [...packets, null];
      const packet = bytes.subarray(end + 1, end + 1 + length);
      const text = isText ? decodeUtf8Strictly(packet) : null;
      packets.push(isText ? parseTextOfVersion3(text ?? '') : parseTypedBytes(packet));
      at = end + 1 + length;
    }
    return packets;
  }

  #addAll(packets: readonly (Parsed | null)[], record: number): void {
    for (const packet of packets) this.#add(packet, record, 'polling');
  }

  #add(parsed: Parsed | null, record: number, transport: EngineIoTransport): void {
    if (parsed === null) {
      this.#problem(record, 'An Engine.IO packet is malformed.');
      return;
    }
    if (this.packets.length >= MAX_PACKETS) {
      if (!this.#isFull) this.#problem(record, `More than ${MAX_PACKETS} packets: the rest was not read.`);
      this.#isFull = true;
      return;
    }
    const { chunks, messages, timing, end } = this.#stream;
    const isFrame = transport === 'websocket';
    const isSent = isFrame ? messages.direction[record] === Direction.sent : record === -1;
    const handshake = parsed.type === 'open' ? readHandshake(parsed.data ?? '') : null;
    if (parsed.type === 'open' && !handshake)
      this.#problem(record, 'The Engine.IO handshake cannot be read.');
    this.packets.push({
      atMs: isFrame
        ? messages.atMs[record]!
        : isSent
          ? (timing.sentAtMs ?? timing.startedAtMs)
          : (chunks.atMs[record] ?? end?.atMs ?? timing.startedAtMs),
      confidence: (isFrame ? messages.confidence[record] : chunks.confidence[record]) ?? (isSent ? 0 : 3),
      direction: isSent ? Direction.sent : Direction.received,
      transport,
      record,
      ...parsed,
      isProbe: (parsed.type === 'ping' || parsed.type === 'pong') && parsed.data === 'probe',
      handshake,
    });
  }

  #problem(chunk: number, message: string): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ chunk, message });
  }
}

function isCut(payload: string | Uint8Array, byteLength: number): boolean {
  return (typeof payload === 'string' ? utf8ByteLength(payload) : payload.length) < byteLength;
}

/** Null when it is no packet. */
function parseText(packet: string): Parsed | null {
  if (packet.startsWith('b')) {
    const bytes = decodeBase64(packet.slice(1));
    return bytes && { type: 'message', data: null, bytes };
  }
  const { type, data } = decodePacket(packet);
  return type === 'error' ? null : { type, data: (data as string | undefined) ?? '', bytes: null };
}

/** Version 3 has the packet type also before base64: `b4AQID`. */
function parseTextOfVersion3(packet: string): Parsed | null {
  if (!packet.startsWith('b')) return parseText(packet);
  const type = TYPES[Number(packet[1] ?? Number.NaN)];
  const bytes = decodeBase64(packet.slice(2));
  return type && bytes ? { type, data: null, bytes } : null;
}

function parseTypedBytes(bytes: Uint8Array): Parsed | null {
  const type = TYPES[bytes[0] ?? -1];
  return type ? { type, data: null, bytes: bytes.subarray(1) } : null;
}

/** Polling by script tags: `___eio[0]("…");` around the payload. */
function unwrapJsonp(text: string): string {
  const wrapped = /^___eio\[\d+\]\(("[\s\S]*")\);?\s*$/.exec(text)?.[1];
  if (wrapped === undefined) return text;
  try {
    return String(JSON.parse(wrapped));
  } catch {
    return text;
  }
}

/** The other way they post a form: `d=` and the payload, its newlines as `\\n` and escaped ones with one backslash more. */
function unwrapForm(text: string): string {
  if (!text.startsWith('d=')) return text;
  const payload = new URLSearchParams(text).get('d') ?? '';
  return payload
    .replace(/(\\)?\\n/g, (match, isEscaped) => (isEscaped ? match : '\n'))
    .replaceAll('\\\\n', '\\n');
}

function readHandshake(text: string): EngineIoHandshake | null {
  const value = parseObject(text);
  if (typeof value?.sid !== 'string') return null;
  const duration = (ms: unknown) => (typeof ms === 'number' && Number.isFinite(ms) && ms >= 0 ? ms : null);
  const upgrades = Array.isArray(value.upgrades) ? value.upgrades.slice(0, 10) : [];
  return {
    sid: value.sid,
    upgrades: upgrades.filter((one) => typeof one === 'string'),
    pingIntervalMs: duration(value.pingInterval),
    pingTimeoutMs: duration(value.pingTimeout),
    maxPayload: duration(value.maxPayload),
  };
}
