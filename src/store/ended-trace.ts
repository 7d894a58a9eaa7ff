import type { Trace } from '../trace/types';
import type { Recording } from './types';

/**
 * The trace as it is to be kept: a recording under way ends with it, so that what is silent now is as silent to whoever
 * opens it. Shares its streams with the recording.
 */
export function endedTrace(recording: Pick<Recording, 'trace' | 'state' | 'nowMs'>): Trace {
  const { trace, state } = recording;
  if (state !== 'recording') return trace;
  return { ...trace, meta: { ...trace.meta, endedAtMs: Math.max(0, Math.round(recording.nowMs())) } };
}
