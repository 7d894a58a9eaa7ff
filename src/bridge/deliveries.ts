import type { TapBatch, TapHead } from '../protocol/messages';
import { STREAMING_TYPE, type TapDelivered } from '../protocol/wire';
import { withoutFragment } from './unpack';

/** A response whose body nobody has been seen to read. */
interface Unseen {
  url: string;
  startedAtMs: number;
  headAtMs: number;
  /** Its type is made to be read piece by piece: silence is no sign that nobody will. */
  isStreaming: boolean;
  /** When the network had delivered it; −1 until the browser says so. */
  deliveredAtMs: number;
  byteLength: number;
}

/** Streams, and entries of none so far, that are kept at once: the newest are the ones that matter. */
const MAX_KEPT = 256;
/** A body that nobody has touched so long after its headers counts as never read, if it is no stream by type. */
const UNREAD_MS = 5000;
const SWEEP_MS = 1000;
/** The entry's start lies this close after the call; the clock is coarse. */
const START_TOLERANCE_MS = 50;

/**
 * Tells a tap when the network has delivered bodies that the page may read where nobody can watch (`new Response(body)`,
 * Cache.put, WASM). Resource timing knows; whether such a body was taken, only the tap can see.
 */
export class Deliveries {
  readonly #tell: (command: TapDelivered) => void;
  readonly #unseen = new Map<number, Unseen>();
  /** Entries mostly come before the batch that names their stream. */
  #entries: PerformanceResourceTiming[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(tell: (command: TapDelivered) => void) {
    this.#tell = tell;
  }

  /** Follows what the tap has recorded. */
  batch(batch: TapBatch): void {
    for (const { stream, kind, url, atMs } of batch.starts) {
      if (kind !== 'fetch') continue;
      this.#unseen.set(stream, {
        url: withoutFragment(url),
        startedAtMs: atMs,
        headAtMs: -1,
        isStreaming: false,
        deliveredAtMs: -1,
        byteLength: -1,
      });
      if (this.#unseen.size > MAX_KEPT) this.#unseen.delete(this.#unseen.keys().next().value!);
    }
    for (const head of batch.heads) this.#head(head);
    for (const stream of batch.chunks?.stream ?? []) this.#unseen.delete(stream);
    for (const { stream } of batch.ends) this.#unseen.delete(stream);
    this.#entries = this.#entries.filter((entry) => !this.#match(entry));
  }

  /** Takes an entry of resource timing. */
  resource(entry: PerformanceResourceTiming): void {
    if (entry.initiatorType !== 'fetch' || this.#match(entry)) return;
    this.#entries.push(entry);
    if (this.#entries.length > MAX_KEPT) this.#entries.shift();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unseen.clear();
    this.#entries = [];
  }

  #head({ stream, atMs, headers }: TapHead): void {
    const unseen = this.#unseen.get(stream);
    if (!unseen) return;
    unseen.headAtMs = atMs;
    unseen.isStreaming = headers.some(([name, value]) => STREAMING_TYPE.test(`${name}: ${value}`));
    this.#timer ??= setTimeout(this.#sweep, SWEEP_MS);
  }

  /** Finds the stream that an entry is about, and asks about it; false when there is none. */
  #match(entry: PerformanceResourceTiming): boolean {
    const url = withoutFragment(entry.name);
    let found: number | null = null;
    let leastMs = START_TOLERANCE_MS;
    for (const [stream, one] of this.#unseen) {
      const lateMs = entry.startTime - one.startedAtMs;
      if (one.url === url && one.deliveredAtMs < 0 && lateMs > -1 && lateMs < leastMs) {
        found = stream;
        leastMs = lateMs;
      }
    }
    const unseen = found === null ? undefined : this.#unseen.get(found);
    if (found === null || !unseen) return false;
    unseen.deliveredAtMs = entry.responseEnd;
    unseen.byteLength = entry.decodedBodySize || -1;
    this.#ask(found, unseen);
    return true;
  }

  #ask(stream: number, { deliveredAtMs, byteLength, headAtMs, isStreaming }: Unseen): void {
    if (headAtMs < 0) return;
    this.#tell({
      type: 'delivered',
      stream,
      atMs: deliveredAtMs,
      byteLength,
      unread: !isStreaming && performance.now() - headAtMs >= UNREAD_MS,
    });
  }

  /** Asks again: a body may be taken long after it was delivered, or its response be collected as garbage. */
  #sweep = (): void => {
    for (const [stream, unseen] of this.#unseen) this.#ask(stream, unseen);
    this.#timer = this.#unseen.size > 0 ? setTimeout(this.#sweep, SWEEP_MS) : undefined;
  };
}
