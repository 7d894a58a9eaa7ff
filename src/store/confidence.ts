import {
  Confidence,
  type ConfidenceCode,
  Direction,
  type DocumentRecord,
  type StreamRecord,
} from '../trace/types';

/** A read that waited at least this long was there before its data. */
const WAITED_MS = 1;
/**
 * After a blocked span the tasks that piled up run first; those shorter than 50 ms are not reported, so one of them
 * may lie between the span and our look.
 */
export const BLOCK_TAIL_MS = 50;
/** Spans are looked for backwards from the newest; more than this many are not in question at one moment. */
const LOOK_BACK = 64;

/** Whether the document's main thread was blocked when something became visible at `atMs`. */
export function wasBlocked(blocked: DocumentRecord['blocked'], atMs: number): boolean {
  const { startMs, durationMs } = blocked;
  for (let index = startMs.length - 1; index >= Math.max(0, startMs.length - LOOK_BACK); index--) {
    const start = startMs[index]!;
    if (atMs >= start && atMs <= start + durationMs[index]! + BLOCK_TAIL_MS) return true;
  }
  return false;
}

/**
 * What a chunk's time is worth. `waitedMs` is how long the page had been in `read()`; -1 when no read was watched:
 * then a delivery on its own counts as an arrival, one right behind another as queued.
 */
export function chunkConfidence(
  waitedMs: number,
  sincePreviousMs: number | null,
  isProgress: boolean,
  blocked: boolean,
): ConfidenceCode {
  if (waitedMs >= 0 && waitedMs < WAITED_MS) return Confidence.queued;
  // Nobody can say how long the body lay there before the page asked for it.
  if (waitedMs < 0 && !isProgress && (sincePreviousMs === null || sincePreviousMs < WAITED_MS))
    return Confidence.queued;
  return blocked ? Confidence.uncertain : Confidence.arrived;
}

/**
 * Takes back what was called an arrival but fell into a span that was reported later. Returns whether anything
 * changed. Columns are in the order of time, so the search stops at the span's start.
 */
export function doubtArrivals(stream: StreamRecord, startMs: number, durationMs: number): boolean {
  const endMs = startMs + durationMs + BLOCK_TAIL_MS;
  let changed = false;
  for (const columns of [stream.chunks, stream.messages]) {
    const { atMs, confidence } = columns;
    // Sent frames are stamped when the page sends them: that is their time, blocked or not.
    const direction = 'direction' in columns ? columns.direction : null;
    for (let index = atMs.length - 1; index >= 0 && atMs[index]! >= startMs; index--) {
      if (atMs[index]! > endMs || confidence[index] !== Confidence.arrived) continue;
      if (direction?.[index] === Direction.sent) continue;
      confidence[index] = Confidence.uncertain;
      changed = true;
    }
  }
  return changed;
}
