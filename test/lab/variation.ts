/**
 * Numbers of one scenario. Without a seed counts and sizes are the documented ones; with a seed they are drawn around
 * them, so a rule cannot be tuned to the lab. Jitter is always drawn, and repeatable.
 */
export class Variation {
  readonly #next: () => number;
  readonly #varied: boolean;

  constructor(id: string, seed: number | undefined) {
    this.#varied = seed !== undefined;
    let hash = seed ?? 20251212;
    for (const letter of id) hash = Math.imul(hash ^ letter.charCodeAt(0), 0x01000193);
    this.#next = mulberry32(hash);
  }

  /** A whole number: `usual`, or with a seed anything within `spread` of it (a share of it). */
  count(usual: number, spread = 0.25): number {
    if (!this.#varied) return usual;
    return Math.max(1, Math.round(usual * (1 + spread * (2 * this.#next() - 1))));
  }

  /** `usual` without a seed, else one of all. */
  pick<Choice>(usual: Choice, ...others: Choice[]): Choice {
    if (!this.#varied) return usual;
    return [usual, ...others][Math.floor(this.#next() * (others.length + 1))] ?? usual;
  }

  /** A number within `share` of `middle`, drawn anew each time. */
  jitter(middle: number, share: number): number {
    return middle * (1 + share * (2 * this.#next() - 1));
  }

  /** A number from `low` to `high`, drawn anew each time. */
  between(low: number, high: number): number {
    return low + (high - low) * this.#next();
  }
}

/** A small repeatable generator, 32 bits of state: enough for a lab. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
