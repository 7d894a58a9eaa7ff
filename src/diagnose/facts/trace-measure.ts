import type { Trace } from '../../trace/types';
import { LookClock } from './look-clock';
import type { StreamFacts } from './stream-facts';
import { StreamMeasure } from './stream-measure';
import type { TraceFacts } from './trace-facts';

const NONE: readonly StreamFacts[] = [];

/** Measures a trace as it grows: one `StreamMeasure` per stream, found again by endpoint and by host. */
export class TraceMeasure implements TraceFacts {
  readonly trace: Trace;
  readonly clock = new LookClock();
  readonly streams = new Map<string, StreamMeasure>();
  #byEndpoint = new Map<string, StreamMeasure[]>();
  #byHost = new Map<string, StreamMeasure[]>();
  #derived = new Map<unknown, { value: unknown; usesClock: boolean }>();
  #kept = new Map<unknown, unknown>();

  constructor(trace: Trace) {
    this.trace = trace;
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  /**
   * Takes in what the `changed` streams gained (all when null); new and open streams are always looked at. Returns the
   * measures that were looked at. `nowMs` null: the end of the recording.
   */
  update(changed: ReadonlySet<string> | null, nowMs: number | null): StreamMeasure[] {
    this.#derived.clear();
    const fresh = this.#takeStreams(changed === null);
    const looked: StreamMeasure[] = [];
    for (const measure of this.streams.values()) {
      const { id, end } = measure.stream;
      if (changed === null || end === null || changed.has(id) || fresh.has(measure)) looked.push(measure);
    }
    let lastMs = this.nowMs;
    for (const measure of looked) {
      measure.read(changed === null || changed.has(measure.stream.id) || fresh.has(measure));
      lastMs = Math.max(lastMs, measure.lastKnownMs);
    }
    this.clock.set(nowMs ?? Math.max(lastMs, this.trace.meta.endedAtMs ?? lastMs));
    return looked;
  }

  siblings(facts: StreamFacts): readonly StreamFacts[] {
    return this.#byEndpoint.get(facts.endpoint) ?? NONE;
  }

  ofHost(host: string): readonly StreamFacts[] {
    return this.#byHost.get(host) ?? NONE;
  }

  derived<Value>(compute: (facts: TraceFacts) => Value): Value {
    let known = this.#derived.get(compute);
    if (!known) {
      const before = this.clock.reads;
      const value = compute(this);
      known = { value, usesClock: this.clock.reads > before };
      this.#derived.set(compute, known);
    } else if (known.usesClock) this.clock.reads++;
    return known.value as Value;
  }

  kept<Value>(create: () => Value): Value {
    if (!this.#kept.has(create)) this.#kept.set(create, create());
    return this.#kept.get(create) as Value;
  }

  /** Follows streams that came, went or were replaced. Returns the measures that are new. */
  #takeStreams(thoroughly: boolean): Set<StreamMeasure> {
    const fresh = new Set<StreamMeasure>();
    const { streams, documents } = this.trace;
    if (!thoroughly && streams.length === this.streams.size) return fresh;
    const known = new Map(this.streams);
    this.streams.clear();
    this.#byEndpoint.clear();
    this.#byHost.clear();
    for (const stream of streams) {
      let measure = known.get(stream.id);
      if (measure?.stream !== stream) {
        const document = documents.find(({ id }) => id === stream.documentId) ?? null;
        measure = new StreamMeasure(stream, document, this.trace.meta.originEpochMs, this.clock);
        fresh.add(measure);
      }
      this.streams.set(stream.id, measure);
      addTo(this.#byEndpoint, measure.endpoint, measure);
      addTo(this.#byHost, measure.host, measure);
    }
    return fresh;
  }
}

function addTo<T>(index: Map<string, T[]>, key: string, item: T): void {
  const list = index.get(key);
  if (list) list.push(item);
  else index.set(key, [item]);
}
