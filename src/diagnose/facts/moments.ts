import { Confidence, type StreamRecord } from '../../trace/types';
import { netErrorOf } from './endings';
import type { StreamFacts } from './stream-facts';

/** How long the server side let the request wait for headers, ms; null when no headers came or the time is unknown. */
export function answerWaitMs({ stream, requestAtMs }: StreamFacts): number | null {
  if (!stream.response) return null;
  const { phases, headersAtMs } = stream.timing;
  if (isWaitMisfiled(stream)) {
    const seenMs = headersAtMs === null ? 0 : headersAtMs - requestAtMs;
    return Math.max(seenMs, phases?.waitMs ?? 0);
  }
  if (phases?.waitMs != null) return phases.waitMs;
  return headersAtMs === null ? null : Math.max(0, headersAtMs - requestAtMs);
}

/**
 * DevTools drops the times of an answer that CORS keeps from the page, and of a request that was never answered; it
 * writes the whole wait as `blocked`, with nothing left for `wait` (measured in Chromium 156). Nothing comes and nothing
 * breaks in no time: then `blocked` is the wait.
 */
export function isWaitMisfiled(stream: StreamRecord): boolean {
  const { response, end } = stream;
  const { phases } = stream.timing;
  if (!end || !phases || phases.blockedMs === null) return false;
  const isAnswered = response !== null && response.status > 0;
  const isHidden = end.kind === 'refused' || netErrorOf(stream) === 'ERR_FAILED';
  const isLost = !isAnswered && end.kind === 'error';
  const rest = [phases.dnsMs, phases.connectMs, phases.sendMs, phases.waitMs];
  return (isAnswered ? isHidden : isLost) && rest.every((ms) => ms === null || ms === 0);
}

/** From the request's leaving to the end, ms; null while open. */
export function lifeMs({ stream, requestAtMs }: StreamFacts): number | null {
  return stream.end === null ? null : Math.max(0, stream.end.atMs - requestAtMs);
}

export interface LastActivity {
  atMs: number;
  /** What it was: a delivery, the headers, or the request itself. */
  what: 'delivery' | 'headers' | 'request';
}

/**
 * The last sign of life before the end: any byte counts, heartbeats too, and on a WebSocket what the page sent as well,
 * because a gateway's idle timer counts both directions. Null when bytes came at times nobody recorded.
 */
export function lastActivityOf({ stream, requestAtMs }: StreamFacts): LastActivity | null {
  const { chunks, messages, losses, response, timing } = stream;
  const columns = [chunks, messages].filter((one) => one.atMs.length > 0);
  if (columns.length > 0) {
    const latest = columns.reduce((a, b) => (b.atMs.at(-1)! > a.atMs.at(-1)! ? b : a));
    if (latest.confidence.at(-1) === Confidence.bounded) return null;
    return { atMs: latest.atMs.at(-1)!, what: 'delivery' };
  }
  const isBlind =
    losses.some((loss) => loss === 'no-body' || loss === 'no-chunk-times' || loss === 'consumed-natively') ||
    losses.includes('opaque') ||
    (response?.body?.byteLength ?? 0) > 0;
  if (isBlind) return null;
  if (response && timing.headersAtMs !== null) return { atMs: timing.headersAtMs, what: 'headers' };
  return response ? null : { atMs: requestAtMs, what: 'request' };
}
