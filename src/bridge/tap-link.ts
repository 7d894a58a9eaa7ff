import type { TapBatch, TapCommand } from '../protocol/messages';
import { Deliveries } from './deliveries';
import { Unpacker } from './unpack';

/** Long tasks that wait for the next batch; older ones give way. */
const MAX_BLOCKED = 500;

/**
 * The bridge's end of a tap's port. The tap is as small as can be: this side makes whole messages of what it sends, and
 * adds what the browser tells every script of the document (long tasks, the end of bodies).
 */
export class TapLink {
  readonly #port: MessagePort;
  readonly #unpacker = new Unpacker();
  readonly #deliveries = new Deliveries((command) => this.#port.postMessage(command));
  #observer: PerformanceObserver | null = null;
  #blocked: PerformanceEntry[] = [];

  /** `onMessage` gets `TapMessage`s, or what was no such thing. */
  constructor(port: MessagePort, onMessage: (message: unknown) => void) {
    this.#port = port;
    port.onmessage = ({ data }) => {
      const message = this.#unpacker.message(data);
      if (Array.isArray(data) && isBatch(message)) this.#complete(message);
      onMessage(message);
    };
  }

  command(command: TapCommand): void {
    this.#port.postMessage(command);
    if (command.type === 'restore') this.#stop();
  }

  #complete(batch: TapBatch): void {
    // A page without streams has nothing observed.
    if (batch.starts.length > 0) this.#observe();
    this.#deliveries.batch(batch);
    this.#take(this.#observer?.takeRecords() ?? []);
    batch.blockedStartMs = this.#blocked.map(({ startTime }) => startTime);
    batch.blockedDurationMs = this.#blocked.map(({ duration }) => duration);
    this.#blocked = [];
  }

  #observe(): void {
    if (this.#observer) return;
    this.#observer = new PerformanceObserver((list) => this.#take(list.getEntries()));
    for (const type of ['longtask', 'resource']) this.#observer.observe({ type, buffered: true });
  }

  #take(entries: PerformanceEntryList): void {
    for (const entry of entries) {
      if (entry.entryType === 'resource') this.#deliveries.resource(entry as PerformanceResourceTiming);
      else this.#blocked.push(entry);
    }
    if (this.#blocked.length > MAX_BLOCKED) this.#blocked = this.#blocked.slice(-MAX_BLOCKED);
  }

  #stop(): void {
    this.#observer?.disconnect();
    this.#deliveries.stop();
  }
}

const isBatch = (message: unknown): message is TapBatch =>
  typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'batch';
