import type { BodyText, ConfidenceCode, DirectionCode, StreamLoss, StreamRecord, Trace } from './types';

/** One delivery of body bytes. `payload` is kept as given: hand over bytes nobody changes any more. */
export interface NewChunk {
  atMs: number;
  byteLength: number;
  waitedMs: number;
  confidence: ConfidenceCode;
  payload: Uint8Array | null;
}

/** One EventSource event or WebSocket frame. */
export interface NewMessage {
  atMs: number;
  byteLength: number;
  confidence: ConfidenceCode;
  direction: DirectionCode;
  opcode: number;
  name: string | null;
  lastEventId: string | null;
  payload: string | Uint8Array | null;
}

/** What holds a payload: a chunk, a message, or a whole body (`index` is then meaningless). */
type Holder = 'chunk' | 'message' | 'body';

/**
 * Adds records to a trace within its limits. Whatever does not fit is counted in `trace.loss` and marked on its
 * stream; when the payload budget is used up, the oldest payloads are given up first, sizes and times stay.
 *
 * There is one appender per trace: it knows what the trace already holds and in which order payloads came.
 */
export class TraceAppender {
  readonly trace: Trace;
  #chunkCount = 0;
  #messageCount = 0;
  #payloadBytes = 0;
  readonly #streamPayloadBytes = new WeakMap<StreamRecord, number>();
  /** Payload holders, oldest first, as three parallel arrays; those before `#oldest` are given up. */
  #holders: StreamRecord[] = [];
  #holderIndex: number[] = [];
  #holderKind: Holder[] = [];
  #oldest = 0;

  constructor(trace: Trace) {
    this.trace = trace;
    for (const stream of trace.streams) this.#count(stream);
    this.#evict();
  }

  get payloadBytes(): number {
    return this.#payloadBytes;
  }

  /** Adds a stream at its place in the order of starts; false when the trace is full. */
  addStream(stream: StreamRecord): boolean {
    const { streams, limits, loss } = this.trace;
    if (streams.length >= limits.maxStreams) {
      loss.droppedStreams++;
      return false;
    }
    let place = streams.length;
    while (place > 0 && streams[place - 1]!.timing.startedAtMs > stream.timing.startedAtMs) place--;
    streams.splice(place, 0, stream);
    this.#count(stream);
    return true;
  }

  /** False when the trace is full: the loss is counted and marked. */
  appendChunk(stream: StreamRecord, chunk: NewChunk): boolean {
    if (this.#chunkCount >= this.trace.limits.maxChunks) return this.#refuse(stream);
    this.#chunkCount++;
    const { chunks } = stream;
    const payload = this.#takeBytes(stream, chunk.payload);
    chunks.atMs.push(chunk.atMs);
    chunks.byteLength.push(chunk.byteLength);
    chunks.waitedMs.push(chunk.waitedMs);
    chunks.confidence.push(chunk.confidence);
    chunks.payload.push(payload);
    if (payload) this.#hold(stream, 'chunk', chunks.payload.length - 1, payload.length);
    return true;
  }

  /** False when the trace is full: the loss is counted and marked. */
  appendMessage(stream: StreamRecord, message: NewMessage): boolean {
    if (this.#messageCount >= this.trace.limits.maxMessages) return this.#refuse(stream);
    this.#messageCount++;
    const { messages } = stream;
    const payload =
      typeof message.payload === 'string'
        ? this.#takeText(stream, message.payload)
        : this.#takeBytes(stream, message.payload);
    messages.atMs.push(message.atMs);
    messages.byteLength.push(message.byteLength);
    messages.confidence.push(message.confidence);
    messages.direction.push(message.direction);
    messages.opcode.push(message.opcode);
    messages.name.push(message.name);
    messages.lastEventId.push(message.lastEventId);
    messages.payload.push(payload);
    if (payload) this.#hold(stream, 'message', messages.payload.length - 1, payload.length);
    return true;
  }

  /** Keeps a whole response body, cut at the limit of one stream. Does nothing without a response. */
  setBody(stream: StreamRecord, text: string, byteLength: number): void {
    if (!stream.response || stream.response.body) return;
    const room = this.#room(stream, this.trace.limits.maxStreamPayloadBytes);
    const body: BodyText = {
      text: text.length > room ? text.slice(0, room) : text,
      byteLength,
      truncated: text.length > room,
    };
    if (body.truncated) this.mark(stream, 'payload-capped');
    stream.response.body = body;
    if (body.text) this.#hold(stream, 'body', 0, body.text.length);
  }

  /** Notes what is missing of a stream, once. */
  mark(stream: StreamRecord, loss: StreamLoss): void {
    if (!stream.losses.includes(loss)) stream.losses.push(loss);
  }

  #refuse(stream: StreamRecord): false {
    this.trace.loss.overLimitRecords++;
    this.mark(stream, 'dropped-records');
    return false;
  }

  #room(stream: StreamRecord, most: number): number {
    const used = this.#streamPayloadBytes.get(stream) ?? 0;
    return Math.max(0, Math.min(most, this.trace.limits.maxStreamPayloadBytes - used));
  }

  #takeBytes(stream: StreamRecord, payload: Uint8Array | null): Uint8Array | null {
    if (!payload || payload.length === 0) return payload;
    const room = this.#room(stream, this.trace.limits.maxChunkPayloadBytes);
    if (payload.length <= room) return payload;
    this.mark(stream, 'payload-capped');
    return room > 0 ? payload.slice(0, room) : null;
  }

  #takeText(stream: StreamRecord, payload: string): string | null {
    const room = this.#room(stream, this.trace.limits.maxChunkPayloadBytes);
    if (payload.length <= room) return payload;
    this.mark(stream, 'payload-capped');
    return room > 0 ? payload.slice(0, room) : null;
  }

  #hold(stream: StreamRecord, kind: Holder, index: number, byteLength: number): void {
    this.#holders.push(stream);
    this.#holderIndex.push(index);
    this.#holderKind.push(kind);
    this.#payloadBytes += byteLength;
    this.#streamPayloadBytes.set(stream, (this.#streamPayloadBytes.get(stream) ?? 0) + byteLength);
    if (this.#payloadBytes > this.trace.limits.maxPayloadBytes) this.#evict();
  }

  #evict(): void {
    while (this.#payloadBytes > this.trace.limits.maxPayloadBytes && this.#oldest < this.#holders.length) {
      const stream = this.#holders[this.#oldest]!;
      const given = giveUp(stream, this.#holderKind[this.#oldest]!, this.#holderIndex[this.#oldest]!);
      this.#oldest++;
      if (given === 0) continue;
      this.#payloadBytes -= given;
      this.trace.loss.evictedPayloadBytes += given;
      this.mark(stream, 'payload-evicted');
    }
    // Without this the list of holders would grow as long as the recording runs.
    if (this.#oldest > 4096 && this.#oldest > this.#holders.length / 2) {
      this.#holders = this.#holders.slice(this.#oldest);
      this.#holderIndex = this.#holderIndex.slice(this.#oldest);
      this.#holderKind = this.#holderKind.slice(this.#oldest);
      this.#oldest = 0;
    }
  }

  /** Takes a stream that already has records into account. */
  #count(stream: StreamRecord): void {
    const { chunks, messages, response } = stream;
    this.#chunkCount += chunks.atMs.length;
    this.#messageCount += messages.atMs.length;
    chunks.payload.forEach((payload, index) => {
      if (payload) this.#hold(stream, 'chunk', index, payload.length);
    });
    messages.payload.forEach((payload, index) => {
      if (payload) this.#hold(stream, 'message', index, payload.length);
    });
    if (response?.body?.text) this.#hold(stream, 'body', 0, response.body.text.length);
  }
}

/** Clears one payload and returns how many bytes that freed. */
function giveUp(stream: StreamRecord, kind: Holder, index: number): number {
  if (kind === 'body') {
    const length = stream.response?.body?.text.length ?? 0;
    if (stream.response) stream.response.body = null;
    return length;
  }
  const column: (string | Uint8Array | null)[] =
    kind === 'chunk' ? stream.chunks.payload : stream.messages.payload;
  const length = column[index]?.length ?? 0;
  column[index] = null;
  return length;
}
