import type { Trace } from '../../trace/types';
import type { StreamFacts } from './stream-facts';

/** Facts over all streams: siblings, sessions, jobs, cookies. */
export interface TraceFacts {
  readonly trace: Trace;
  /** Trace time of the look. */
  readonly nowMs: number;
  readonly streams: ReadonlyMap<string, StreamFacts>;
  /** Streams of the same endpoint, this one included, in order. */
  siblings(facts: StreamFacts): readonly StreamFacts[];
  /** Streams to the same host (with port), in order. */
  ofHost(host: string): readonly StreamFacts[];
  /** `compute(this)`, once per look however many rules ask: for what is derived from many streams. */
  derived<Value>(compute: (facts: TraceFacts) => Value): Value;
  /** One object per trace, made at first use, that stays from look to look: for what is extended, not computed anew. */
  kept<Value>(create: () => Value): Value;
}
