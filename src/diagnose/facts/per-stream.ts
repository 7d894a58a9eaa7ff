import type { StreamFacts } from './stream-facts';

/**
 * `compute`, remembered for each stream until the stream moves: what is derived of a thousand streams costs, look after
 * look, only what those few cost that moved. `compute` may look at nothing but the stream.
 */
export function perStream<Value>(compute: (facts: StreamFacts) => Value): (facts: StreamFacts) => Value {
  const known = new WeakMap<StreamFacts, { revision: number; value: Value }>();
  return (facts) => {
    const one = known.get(facts);
    if (one?.revision === facts.revision) return one.value;
    const value = compute(facts);
    known.set(facts, { revision: facts.revision, value });
    return value;
  };
}
