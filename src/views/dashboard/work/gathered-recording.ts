import { TraceMeasure } from '../../../diagnose/facts/trace-measure';
import type { Diagnoser, Diagnosis } from '../../../diagnose/rule';
import { lastMoment } from '../../../store/open-recording';
import type { Recording } from '../../../store/types';
import { Gatherer, type Slice } from './slices';

/**
 * A recording that comes in slices: each is measured as it comes, as a live one is, so that no moment of opening a large
 * recording is long. The rules have run in the worker; here only what the views draw is measured.
 */
export class GatheredRecording {
  readonly #gatherer = new Gatherer();
  #measure: TraceMeasure | null = null;

  take(slice: Slice): void {
    const moved = this.#gatherer.take(slice);
    if (!this.#gatherer.trace) return;
    this.#measure ??= new TraceMeasure(this.#gatherer.trace);
    this.#measure.update(moved, null);
  }

  /** @throws Error when the first slice never came */
  finish(diagnosis: Diagnosis): Recording {
    const { trace } = this.#gatherer;
    const facts = this.#measure;
    if (!trace || !facts) throw new Error('A recording without its head');
    const nowMs = lastMoment(trace);
    facts.update(null, nowMs);
    const diagnoser: Diagnoser = {
      trace,
      diagnosis,
      facts,
      factsOf: (streamId) => facts.streams.get(streamId),
      update: () => diagnosis,
    };
    return {
      trace,
      diagnoser,
      diagnosis,
      state: 'paused',
      revision: 1,
      subscribe: () => () => undefined,
      nowMs: () => nowMs,
    };
  }
}
