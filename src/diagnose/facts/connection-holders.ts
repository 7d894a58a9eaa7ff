import { engineIoRequestOf } from '../../decode/engine-io';
import { originOf } from './sites';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** Browsers open this many HTTP/1.1 connections to one host (Chromium, Firefox and Safari alike). */
export const MAX_CONNECTIONS = 6;
/** A call that waits for its answer so long holds its connection as a stream does (long polling). */
const LONG_CALL_MS = 8000;

/** Requests to one server that each keep an HTTP/1.1 connection for themselves while they last. */
export interface HeldServer {
  /** Scheme, host and port. */
  server: string;
  /** In the order of their start; more than `MAX_CONNECTIONS` of them at some time. */
  holders: StreamFacts[];
  /** All requests to it, in the order of their start. */
  requests: StreamFacts[];
  /** False: nobody recorded which protocol it speaks. */
  isProtocolKnown: boolean;
}

/** Servers all of whose HTTP/1.1 connections were held at once, by streams that went on. */
export function findHeldServers(trace: TraceFacts): HeldServer[] {
  const servers = new Map<string, StreamFacts[]>();
  for (const facts of trace.streams.values()) {
    // WebSockets have connections of their own, up to 255 in all.
    if (facts.stream.kind === 'websocket' || facts.stream.response?.fromCache) continue;
    if (facts.stream.response?.fromServiceWorker) continue;
    const server = originOf(facts.stream.request.url);
    if (!server) continue;
    const list = servers.get(server);
    if (list) list.push(facts);
    else servers.set(server, [facts]);
  }
  return [...servers].flatMap(([server, requests]) => {
    if (requests.length <= MAX_CONNECTIONS) return [];
    const protocols = new Set(requests.flatMap(({ stream }) => stream.response?.protocol ?? []));
    const speaksOther = [...protocols].some((one) => !one.startsWith('http/1'));
    if (speaksOther) return [];
    const holders = requests.filter(holdsConnection);
    if (mostAtOnce(holders, trace.nowMs) < MAX_CONNECTIONS) return [];
    const byStart = (a: StreamFacts, b: StreamFacts) => heldFromMs(a) - heldFromMs(b);
    return [
      {
        server,
        holders: holders.sort(byStart),
        requests: requests.sort(byStart),
        // Without TLS browsers speak nothing but HTTP/1.1.
        isProtocolKnown: protocols.size > 0 || server.startsWith('http:'),
      },
    ];
  });
}

export function heldFromMs({ stream }: StreamFacts): number {
  return stream.timing.startedAtMs;
}

/** While it is open: for ever. */
export function heldUntilMs({ stream }: StreamFacts): number {
  return stream.end?.atMs ?? Number.POSITIVE_INFINITY;
}

/** It has a connection (an answer came over it), and does not give it back soon. */
function holdsConnection(facts: StreamFacts): boolean {
  if (!facts.stream.response) return false;
  if (facts.nature === 'stream') return true;
  return engineIoRequestOf(facts.stream.request.url) !== null || (facts.headersMs ?? 0) >= LONG_CALL_MS;
}

function mostAtOnce(holders: readonly StreamFacts[], nowMs: number): number {
  const moments = holders.flatMap((one) => [
    { atMs: heldFromMs(one), step: 1 },
    { atMs: Math.min(heldUntilMs(one), nowMs + 1), step: -1 },
  ]);
  moments.sort((a, b) => a.atMs - b.atMs || a.step - b.step);
  let open = 0;
  let most = 0;
  for (const { step } of moments) {
    open += step;
    most = Math.max(most, open);
  }
  return most;
}
