import type { Readable, Writable } from 'node:stream';

/** Parameters and results of the DevTools protocol are plain JSON; callers name the fields they use. */
export type CdpObject = Record<string, unknown>;
type Listener = (params: CdpObject, sessionId: string | undefined) => void;

/** Longer messages are not read: no text of this length may be made, and pages can make the browser send them. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;

/** A protocol error as the browser worded it. */
export class CdpError extends Error {
  override name = 'CdpError';
}

/**
 * A DevTools-protocol connection over a pipe: JSON messages, each ended by a NUL byte. Targets are attached in flat
 * mode, so one connection carries every session.
 */
export class CdpConnection {
  #nextId = 1;
  #pending = new Map<
    number,
    { resolve: (value: CdpObject) => void; reject: (error: Error) => void; method: string }
  >();
  #listeners = new Map<string, Set<Listener>>();
  #parts: Buffer[] = [];
  #partsLength = 0;
  #closed: Error | null = null;
  readonly #output: Writable;

  constructor(output: Writable, input: Readable) {
    this.#output = output;
    input.on('data', (data: Buffer) => this.#take(data));
    input.on('close', () => this.#close(new CdpError('The browser closed the connection')));
    input.on('error', (error) => this.#close(error));
    output.on('error', (error) => this.#close(error));
  }

  /** Sends a command and resolves with its result; rejects with the browser's error. */
  send<Result = CdpObject>(method: string, params: CdpObject = {}, sessionId?: string): Promise<Result> {
    if (this.#closed) return Promise.reject(this.#closed);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: CdpObject) => void, reject, method });
      this.#output.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
    });
  }

  /** Calls `listener` for each such event of any session; returns the way to stop. */
  on(method: string, listener: Listener): () => void {
    const set = this.#listeners.get(method) ?? new Set();
    set.add(listener);
    this.#listeners.set(method, set);
    return () => set.delete(listener);
  }

  /** One session of this connection: commands and events of one target. */
  session(sessionId: string): CdpSession {
    return new CdpSession(this, sessionId);
  }

  dispose(): void {
    this.#close(new CdpError('The connection was closed'));
    this.#output.destroy();
  }

  #take(data: Buffer): void {
    let rest = data;
    for (;;) {
      const end = rest.indexOf(0);
      this.#keep(end < 0 ? rest : rest.subarray(0, end));
      if (end < 0) return;
      const message = this.#partsLength > MAX_MESSAGE_BYTES ? null : parse(Buffer.concat(this.#parts));
      this.#parts = [];
      this.#partsLength = 0;
      rest = rest.subarray(end + 1);
      if (message) this.#dispatch(message);
    }
  }

  #keep(part: Buffer): void {
    this.#partsLength += part.length;
    if (this.#partsLength > MAX_MESSAGE_BYTES) this.#parts = [];
    else if (part.length > 0) this.#parts.push(part);
  }

  #dispatch(message: CdpMessage): void {
    if (message.id !== undefined) {
      const waiting = this.#pending.get(message.id);
      this.#pending.delete(message.id);
      if (message.error) waiting?.reject(new CdpError(`${waiting.method}: ${message.error.message}`));
      else waiting?.resolve(message.result ?? {});
      return;
    }
    for (const listener of [...(this.#listeners.get(message.method ?? '') ?? [])]) {
      listener(message.params ?? {}, message.sessionId);
    }
  }

  #close(error: Error): void {
    if (this.#closed) return;
    this.#closed = error;
    for (const waiting of this.#pending.values()) waiting.reject(error);
    this.#pending.clear();
  }
}

interface CdpMessage {
  id?: number;
  method?: string;
  params?: CdpObject;
  result?: CdpObject;
  error?: { message: string };
  sessionId?: string;
}

/** Null for what is no JSON: half a message from a browser that is going down. */
function parse(bytes: Buffer): CdpMessage | null {
  try {
    return JSON.parse(bytes.toString('utf8')) as CdpMessage;
  } catch {
    return null;
  }
}

export class CdpSession {
  constructor(
    readonly connection: CdpConnection,
    readonly id: string,
  ) {}

  send<Result = CdpObject>(method: string, params: CdpObject = {}): Promise<Result> {
    return this.connection.send<Result>(method, params, this.id);
  }

  on(method: string, listener: (params: CdpObject) => void): () => void {
    return this.connection.on(method, (params, sessionId) => {
      if (sessionId === this.id) listener(params);
    });
  }
}
