import type { Diagnoser } from '../diagnose/rule';
import { createDiagnoser } from '../diagnose/run';
import type { Trace } from '../trace/types';
import type { Recording } from './types';

/** A trace that does not grow any more (an opened file), diagnosed once. */
export function openRecording(
  trace: Trace,
  diagnoserFor: (trace: Trace) => Diagnoser = createDiagnoser,
): Recording {
  const diagnoser = diagnoserFor(trace);
  const diagnosis = diagnoser.update();
  const nowMs = lastMoment(trace);
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

/** Trace time at which the recording ended, or of the last thing recorded. */
export function lastMoment(trace: Trace): number {
  let last = trace.meta.endedAtMs ?? 0;
  for (const { timing, chunks, messages, end } of trace.streams) {
    last = Math.max(
      last,
      timing.startedAtMs,
      timing.headersAtMs ?? 0,
      chunks.atMs.at(-1) ?? 0,
      messages.atMs.at(-1) ?? 0,
      end?.atMs ?? 0,
    );
  }
  return last;
}
