import type { Diagnoser } from '../../../src/diagnose/rule';
import type { TapBatch, TapEnd, TapHead, TapHello, TapStart } from '../../../src/protocol/messages';
import { LiveRecording, type LiveRecordingOptions } from '../../../src/store/recording';
import type { Trace } from '../../../src/trace/types';
import { firstNetworkView, type HarView, type NetworkView } from '../../../src/trace/views';

/** Unix epoch ms at which simulated time begins. */
export const EPOCH = 1_800_000_000_000;

/** Pseudo-random numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), 1 | state);
    value = (value + Math.imul(value ^ (value >>> 7), 61 | value)) ^ value;
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Time that passes when the test says so; timers of the recording run in it. */
export class Simulation {
  nowMs = 0;
  #queue: { atMs: number; order: number; task: () => void }[] = [];
  #order = 0;

  at(atMs: number, task: () => void): () => void {
    const entry = { atMs, order: this.#order++, task };
    this.#queue.push(entry);
    return () => {
      this.#queue = this.#queue.filter((one) => one !== entry);
    };
  }

  /** Runs what is due until `untilMs`. */
  run(untilMs: number): void {
    for (;;) {
      this.#queue.sort((a, b) => a.atMs - b.atMs || a.order - b.order);
      const next = this.#queue[0];
      if (!next || next.atMs > untilMs) break;
      this.#queue.shift();
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.task();
    }
    this.nowMs = untilMs;
  }

  recording(options: Partial<LiveRecordingOptions> = {}): LiveRecording {
    return new LiveRecording({
      meta: { recorder: 'extension' },
      clock: () => EPOCH + this.nowMs,
      schedule: (task, delayMs) => this.at(this.nowMs + delayMs, task),
      createDiagnoser: idleDiagnoser,
      ...options,
    });
  }
}

/** Says nothing about anything: for tests of the recording alone. */
export function idleDiagnoser(trace: Trace): Diagnoser {
  const diagnosis = { findings: [], incomplete: [], failures: [] };
  return {
    trace,
    diagnosis,
    factsOf: () => undefined,
    facts: { trace, nowMs: 0, streams: new Map(), siblings: () => [] } as unknown as Diagnoser['facts'],
    update: () => diagnosis,
  };
}

export function hello(parts: Partial<TapHello> = {}): TapHello {
  return {
    type: 'hello',
    protocol: 1,
    documentKey: 'document-one',
    url: 'https://app.test/',
    isTop: true,
    timeOriginEpochMs: EPOCH,
    tappedAtMs: 0,
    joinedLate: false,
    userAgent: 'Test/1',
    ...parts,
  };
}

export function start(parts: Partial<TapStart> = {}): TapStart {
  return {
    stream: 1,
    kind: 'fetch',
    object: 1,
    atMs: 0,
    method: 'GET',
    url: 'https://app.test/api',
    headers: [],
    body: null,
    bodyByteLength: 0,
    credentials: 'same-origin',
    mode: 'cors',
    hasAbortSignal: false,
    protocols: [],
    ...parts,
  };
}

export function head(parts: Partial<TapHead> = {}): TapHead {
  return {
    stream: 1,
    atMs: 0,
    status: 200,
    statusText: 'OK',
    headers: [],
    responseType: 'basic',
    url: 'https://app.test/api',
    redirected: false,
    ...parts,
  };
}

export function end(parts: Partial<TapEnd> = {}): TapEnd {
  return {
    stream: 1,
    atMs: 0,
    kind: 'complete',
    message: null,
    closeCode: null,
    closeReason: null,
    wasClean: null,
    byteLength: null,
    ...parts,
  };
}

let seq = 0;

export interface BatchParts {
  seq?: number;
  dropped?: number;
  starts?: TapStart[];
  heads?: TapHead[];
  ends?: TapEnd[];
  losses?: TapBatch['losses'];
  chunks?: { stream?: number; atMs: number; text?: string; waitedMs?: number; byteLength?: number }[];
  messages?: {
    stream?: number;
    atMs: number;
    text?: string;
    sent?: boolean;
    name?: string;
    opcode?: number;
  }[];
  blocked?: [startMs: number, durationMs: number][];
}

/** A batch as a tap ships it, columns and all. */
export function batch(parts: BatchParts): TapBatch {
  const encoder = new TextEncoder();
  const { chunks = [], messages = [], blocked = [] } = parts;
  const payloads = chunks.map(({ text }) => encoder.encode(text ?? ''));
  const bytes = new Uint8Array(payloads.reduce((sum, one) => sum + one.length, 0));
  let offset = 0;
  for (const payload of payloads) {
    bytes.set(payload, offset);
    offset += payload.length;
  }
  return {
    type: 'batch',
    seq: parts.seq ?? seq++,
    dropped: parts.dropped ?? 0,
    starts: parts.starts ?? [],
    heads: parts.heads ?? [],
    chunks:
      chunks.length === 0
        ? null
        : {
            stream: Float64Array.from(chunks, (one) => one.stream ?? 1),
            atMs: Float64Array.from(chunks, (one) => one.atMs),
            waitedMs: Float64Array.from(chunks, (one) => one.waitedMs ?? 5),
            byteLength: Float64Array.from(chunks, (one, index) => one.byteLength ?? payloads[index]!.length),
            payloadLength: Float64Array.from(payloads, (one) => one.length),
            bytes,
          },
    messages:
      messages.length === 0
        ? null
        : {
            stream: messages.map((one) => one.stream ?? 1),
            atMs: messages.map((one) => one.atMs),
            byteLength: messages.map((one) => (one.text ?? '').length),
            direction: messages.map((one) => (one.sent ? 1 : 0)),
            opcode: messages.map((one) => one.opcode ?? 1),
            name: messages.map((one) => one.name ?? null),
            lastEventId: messages.map(() => null),
            text: messages.map((one) => one.text ?? null),
            payloadLength: messages.map(() => 0),
            bytes: new Uint8Array(0),
          },
    losses: parts.losses ?? [],
    ends: parts.ends ?? [],
    blockedStartMs: blocked.map(([startMs]) => startMs),
    blockedDurationMs: blocked.map(([, durationMs]) => durationMs),
  };
}

/** A network view of a request that began at `atMs` of simulated time. */
export function network(parts: Partial<NetworkView> & { atMs?: number } = {}): NetworkView {
  const { atMs = 0, ...rest } = parts;
  return firstNetworkView({
    requestId: 'n1',
    kind: 'fetch',
    frameKey: 'frame-one',
    method: 'GET',
    url: 'https://app.test/api',
    startedEpochMs: EPOCH + atMs,
    ...rest,
  });
}

/** A finished HAR entry from `atMs` to `endMs` of simulated time. */
export function har(parts: Partial<HarView> & { atMs?: number; endMs?: number } = {}): HarView {
  const { atMs = 0, endMs = 100, ...rest } = parts;
  return {
    method: 'GET',
    url: 'https://app.test/api',
    kind: 'fetch',
    startedEpochMs: EPOCH + atMs,
    endedEpochMs: EPOCH + endMs,
    status: 200,
    statusText: 'OK',
    requestHeaders: [],
    responseHeaders: [],
    protocol: 'h2',
    remoteAddress: null,
    connectionId: null,
    phases: null,
    netError: null,
    bodySize: -1,
    requestBody: null,
    contentText: null,
    contentIsBase64: false,
    contentSize: -1,
    eventSourceMessages: [],
    webSocketMessages: [],
    ...rest,
  };
}

export function textOf(trace: Trace, id: string): string {
  const stream = trace.streams.find((one) => one.id === id)!;
  const decoder = new TextDecoder();
  return stream.chunks.payload.map((bytes) => (bytes ? decoder.decode(bytes) : '')).join('');
}
