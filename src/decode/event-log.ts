import { type ConfidenceCode, Direction, type DirectionCode } from '../trace/types';
import { isHeartbeat } from './heartbeat';
import { sentEpochMsOf } from './send-time';
import type { BodyFormat, DecodedStream, EventColumns } from './types';
import { EventKind } from './types';

/** Events of one body. A hostile body of two-byte comments would otherwise cost far more memory than it has bytes. */
export const MAX_BODY_EVENTS = 250_000;
/** Problems kept of one stream; the rest repeat them. */
export const MAX_PROBLEMS = 50;

/** What a framer hands over when a unit is complete. */
export interface Unit {
  startChunk: number;
  endChunk: number;
  byteLength: number;
  /** True: the framing itself says that it carries nothing (an SSE comment). */
  isHeartbeat?: boolean;
  name?: string | null;
  id?: string | null;
  data: string | null;
}

export function createEvents(): EventColumns {
  return {
    atMs: [],
    confidence: [],
    byteLength: [],
    endChunk: [],
    startChunk: [],
    kind: [],
    direction: [],
    name: [],
    id: [],
    data: [],
    sentEpochMs: [],
  };
}

/** The growing result of one decoder. */
export class EventLog {
  readonly decoded: DecodedStream = {
    format: 'none',
    events: createEvents(),
    retryMs: null,
    tailByteLength: 0,
    splitCharacters: 0,
    splitEvents: 0,
    partial: false,
    problems: [],
  };
  readonly #speaksEngineIo: boolean;
  #isFull = false;

  constructor(options: { speaksEngineIo: boolean }) {
    this.#speaksEngineIo = options.speaksEngineIo;
  }

  /** Forgets everything; the object stays the same, so that whoever holds it sees the new content. */
  restart(format: BodyFormat): void {
    const { decoded } = this;
    for (const column of Object.values(decoded.events)) column.length = 0;
    decoded.format = format;
    decoded.retryMs = null;
    decoded.tailByteLength = 0;
    decoded.splitCharacters = 0;
    decoded.splitEvents = 0;
    decoded.partial = false;
    decoded.problems.length = 0;
    this.#isFull = false;
  }

  emit(unit: Unit, atMs: number, confidence: ConfidenceCode): void {
    const { decoded } = this;
    if (decoded.events.atMs.length >= MAX_BODY_EVENTS) {
      if (!this.#isFull) {
        this.#isFull = true;
        decoded.partial = true;
        this.problem(unit.endChunk, `More than ${MAX_BODY_EVENTS} events: the rest was not read.`);
      }
      return;
    }
    const heartbeat =
      unit.isHeartbeat === true || isHeartbeat(unit.data, unit.name ?? null, this.#speaksEngineIo);
    this.push(unit, atMs, confidence, Direction.received, heartbeat);
    if (!heartbeat && unit.startChunk !== unit.endChunk) decoded.splitEvents++;
  }

  push(
    unit: Unit,
    atMs: number,
    confidence: ConfidenceCode,
    direction: DirectionCode,
    heartbeat: boolean,
  ): void {
    const { events } = this.decoded;
    events.atMs.push(atMs);
    events.confidence.push(confidence);
    events.byteLength.push(unit.byteLength);
    events.endChunk.push(unit.endChunk);
    events.startChunk.push(unit.startChunk);
    events.kind.push(heartbeat ? EventKind.heartbeat : EventKind.data);
    events.direction.push(direction);
    events.name.push(unit.name ?? null);
    events.id.push(unit.id ?? null);
    events.data.push(unit.data);
    events.sentEpochMs.push(unit.data === null ? Number.NaN : sentEpochMsOf(unit.data));
  }

  /** One byte more belongs to the last event: the LF of a CR LF pair. */
  extendLast(): void {
    const { byteLength } = this.decoded.events;
    if (byteLength.length > 0 && !this.#isFull) byteLength[byteLength.length - 1]! += 1;
  }

  problem(chunk: number, message: string): void {
    if (this.decoded.problems.length < MAX_PROBLEMS) this.decoded.problems.push({ chunk, message });
  }
}
