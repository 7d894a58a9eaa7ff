import type { Readable, Writable } from 'node:stream';

/** Parameters and results of the DevTools protocol are plain JSON; callers name the fields they use. */
export type CdpObject = Record<string, unknown>;
type Listener = (params: CdpObject, sessionId: string | undefined) => void;

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
      if (end < 0) {
        if (rest.length > 0) this.#parts.push(rest);
        return;
      }
      this.#parts.push(rest.subarray(0, end));
      const text = Buffer.concat(this.#parts).toString('utf8');
      this.#parts = [];
      rest = rest.subarray(end + 1);
      this.#dispatch(text);
    }
  }

  #dispatch(text: string): void {
    const message = JSON.parse(text) as {
      id?: number;
      method?: string;
      params?: CdpObject;
      result?: CdpObject;
      error?: { message: string };
      sessionId?: string;
    };
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
