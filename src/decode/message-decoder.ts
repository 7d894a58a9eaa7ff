import { Opcode, type StreamRecord } from '../trace/types';
import type { EventLog } from './event-log';
import { isHeartbeat } from './heartbeat';

/**
 * EventSource events and WebSocket frames: each message is an event already. `data` is null for binary frames, whose
 * bytes stay in the trace, and for texts that were not captured. Close frames end the connection and are no events.
 */
export class MessageDecoder {
  readonly #stream: StreamRecord;
  readonly #log: EventLog;
  readonly #speaksEngineIo: boolean;
  #next = 0;

  constructor(stream: StreamRecord, log: EventLog) {
    this.#stream = stream;
    this.#log = log;
    this.#speaksEngineIo = /[?&]EIO=\d/.test(stream.request.url);
  }

  update(): void {
    const { messages } = this.#stream;
    for (; this.#next < messages.atMs.length; this.#next++) this.#read(this.#next);
  }

  #read(index: number): void {
    const { messages } = this.#stream;
    const opcode = messages.opcode[index]!;
    if (opcode === Opcode.close) return;
    const payload = messages.payload[index] ?? null;
    const data = typeof payload === 'string' ? payload : null;
    const name = messages.name[index] ?? null;
    const isControl = opcode === Opcode.ping || opcode === Opcode.pong;
    this.#log.push(
      {
        startChunk: index,
        endChunk: index,
        byteLength: messages.byteLength[index]!,
        name,
        id: messages.lastEventId[index] || null,
        data,
      },
      messages.atMs[index]!,
      messages.confidence[index]!,
      messages.direction[index]!,
      isControl || isHeartbeat(data, name, this.#speaksEngineIo),
    );
  }
}
