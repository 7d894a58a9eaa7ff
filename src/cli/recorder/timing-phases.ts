import type { Phases } from '../../trace/types';

/** `Network.ResourceTiming`: `requestTime` in s on the protocol's clock, the others in ms since then, -1 for "not". */
export interface ResourceTiming {
  requestTime: number;
  dnsStart: number;
  dnsEnd: number;
  connectStart: number;
  connectEnd: number;
  sslStart: number;
  sslEnd: number;
  sendStart: number;
  sendEnd: number;
  receiveHeadersEnd: number;
}

/**
 * The phases of a request as DevTools writes them into a HAR (`HARLog.js`, `buildTimings`); times in ms on the
 * protocol's clock. `blocked` includes the wait for a free connection.
 */
export function timingPhases(request: {
  issuedMs: number;
  responseMs: number | null;
  endedMs: number;
  timing: ResourceTiming | null;
}): Phases | null {
  const { issuedMs, responseMs, endedMs, timing } = request;
  if (!timing) {
    if (responseMs !== null) return null;
    return { ...NOTHING, blockedMs: Math.max(0, endedMs - issuedMs) };
  }
  const startMs = timing.requestTime * 1000;
  const blockedEnd = firstKnown([timing.dnsStart, timing.connectStart, timing.sendStart]);
  const dnsEnd = timing.dnsEnd >= 0 ? timing.dnsEnd : -1;
  const connectEnd = timing.connectEnd >= 0 ? timing.connectEnd : -1;
  const connectStart = firstKnown([dnsEnd, blockedEnd]);
  const sendStart = Math.max(connectEnd, dnsEnd, blockedEnd);
  const waitStart = Math.max(timing.sendEnd, connectEnd, timing.sslEnd, dnsEnd, blockedEnd, 0);
  const headersAt =
    timing.receiveHeadersEnd > 0 ? startMs + timing.receiveHeadersEnd : Number.POSITIVE_INFINITY;
  const answeredMs = Math.min(responseMs ?? endedMs, headersAt);
  const waitEnd = answeredMs - startMs;
  return {
    blockedMs: Math.max(0, startMs - issuedMs) + blockedEnd,
    dnsMs: dnsEnd >= 0 ? dnsEnd - blockedEnd : null,
    connectMs: connectEnd >= 0 ? connectEnd - connectStart : null,
    sslMs: timing.sslEnd > 0 ? timing.sslEnd - timing.sslStart : null,
    sendMs: timing.sendEnd >= 0 ? Math.max(0, timing.sendEnd - sendStart) : 0,
    waitMs: Math.max(0, waitEnd - waitStart),
    receiveMs: Math.max(0, endedMs - startMs - waitEnd),
  };
}

const NOTHING: Phases = {
  blockedMs: null,
  dnsMs: null,
  connectMs: null,
  sslMs: null,
  sendMs: 0,
  waitMs: 0,
  receiveMs: 0,
};

function firstKnown(values: readonly number[]): number {
  return values.find((value) => value >= 0) ?? 0;
}
