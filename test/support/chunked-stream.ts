import { encodeUtf8 } from '../../src/lib/text';
import { createStream } from '../../src/trace/create';
import { Confidence, Direction, Opcode, type StreamKind, type StreamRecord } from '../../src/trace/types';

/** A stream whose chunk i arrives at (i + 1) × 100 ms, delivered as `pieces`. */
export function chunkedStream(
  pieces: (string | Uint8Array)[],
  options: { contentType?: string | null; url?: string; kind?: StreamKind; open?: boolean } = {},
): StreamRecord {
  const stream = createStream({
    id: 's1',
    kind: options.kind ?? 'fetch',
    url: options.url ?? 'https://app.example/chat',
    startedAtMs: 0,
  });
  const contentType = options.contentType === undefined ? 'text/event-stream' : options.contentType;
  stream.response = {
    status: 200,
    statusText: 'OK',
    headers: contentType === null ? [] : [['Content-Type', contentType]],
    headersComplete: true,
    type: 'basic',
    url: stream.request.url,
    redirected: false,
    protocol: 'h2',
    remoteAddress: null,
    connectionId: null,
    fromCache: false,
    fromServiceWorker: false,
    body: null,
    refusedCookies: [],
  };
  for (const piece of pieces) addChunk(stream, piece);
  if (!options.open) endStream(stream);
  return stream;
}

/** `captured`: how many of the bytes were kept; null for none. */
export function addChunk(
  stream: StreamRecord,
  piece: string | Uint8Array,
  captured: number | null = Number.POSITIVE_INFINITY,
): void {
  const bytes = typeof piece === 'string' ? encodeUtf8(piece) : piece;
  const { chunks } = stream;
  chunks.atMs.push((chunks.atMs.length + 1) * 100);
  chunks.byteLength.push(bytes.length);
  chunks.waitedMs.push(100);
  chunks.confidence.push(Confidence.arrived);
  chunks.payload.push(captured === null ? null : bytes.slice(0, captured));
}

export function addMessage(
  stream: StreamRecord,
  payload: string | Uint8Array | null,
  options: { sent?: boolean; opcode?: number; name?: string; id?: string } = {},
): void {
  const { messages } = stream;
  messages.atMs.push((messages.atMs.length + 1) * 100);
  messages.byteLength.push(payload === null ? 0 : payload.length);
  messages.confidence.push(Confidence.arrived);
  messages.direction.push(options.sent ? Direction.sent : Direction.received);
  messages.opcode.push(options.opcode ?? (payload instanceof Uint8Array ? Opcode.binary : Opcode.text));
  messages.name.push(options.name ?? null);
  messages.lastEventId.push(options.id ?? null);
  messages.payload.push(payload);
}

export function endStream(stream: StreamRecord): void {
  stream.end = {
    atMs: (Math.max(stream.chunks.atMs.length, stream.messages.atMs.length) + 1) * 100,
    kind: 'complete',
    netError: null,
    message: null,
    closeCode: null,
    closeReason: null,
    wasClean: null,
  };
}

/** A small seeded generator (mulberry32): the same numbers on every machine. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
