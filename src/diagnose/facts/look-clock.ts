/**
 * The trace time of a look, and how often it was asked for. What was answered without it (most of what is said of an
 * open stream) is as true at the next look as at this one, unless the stream moves.
 */
export class LookClock {
  /** Grows with each answer that depended on the time. */
  reads = 0;
  #nowMs: number;

  constructor(nowMs = 0) {
    this.#nowMs = nowMs;
  }

  get nowMs(): number {
    this.reads++;
    return this.#nowMs;
  }

  set(nowMs: number): void {
    this.#nowMs = nowMs;
  }
}
