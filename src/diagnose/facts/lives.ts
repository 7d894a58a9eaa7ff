import { bodyTextOf } from './body-text';
import { endingOf } from './endings';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** One connection in a row of connections to the same place. */
export interface Life {
  facts: StreamFacts;
  startMs: number;
  /** Null while it lasts. */
  endMs: number | null;
  /** It ended, and neither the page nor the user's network ended it. */
  diedByItself: boolean;
}

/** Connections of one document to one endpoint, in order: EventSources, WebSockets, Engine.IO handshakes. */
export interface Lineage {
  what: 'EventSource' | 'WebSocket' | 'Socket.IO session';
  lives: Life[];
}

/** A close with these codes is an orderly goodbye, of either side. */
const GOODBYES: ReadonlySet<number | null> = new Set([null, 1000, 1001, 1005]);

/** Fewer handshakes than this are not worth gathering their sessions for. */
const MIN_HANDSHAKES = 4;

export function lineagesOf(trace: TraceFacts): Lineage[] {
  const lineages = new Map<string, Lineage>();
  const join = (what: Lineage['what'], facts: StreamFacts, life: Life) => {
    const key = `${what} ${facts.stream.documentId} ${facts.endpoint}`;
    const lineage = lineages.get(key);
    if (lineage) lineage.lives.push(life);
    else lineages.set(key, { what, lives: [life] });
  };
  const handshakes: StreamFacts[] = [];
  for (const facts of trace.streams.values()) {
    const { kind, documentId } = facts.stream;
    if (kind === 'eventsource') join('EventSource', facts, connectionLife(facts));
    else if (kind === 'websocket') join('WebSocket', facts, connectionLife(facts));
    // Two pages at one address are told apart only by their documents.
    else if (documentId !== null && isPollingHandshake(facts)) handshakes.push(facts);
  }
  if (handshakes.length >= MIN_HANDSHAKES) {
    const exchanges = exchangesBySession(trace);
    for (const facts of handshakes) join('Socket.IO session', facts, sessionLife(facts, exchanges));
  }
  const all = [...lineages.values()];
  for (const { lives } of all) lives.sort((a, b) => a.startMs - b.startMs);
  return all;
}

function exchangesBySession(trace: TraceFacts): Map<string, StreamFacts[]> {
  const sessions = new Map<string, StreamFacts[]>();
  for (const facts of trace.streams.values()) {
    const { url } = facts.stream.request;
    const sid = url.includes('sid=') ? /[?&]sid=([\w-]{1,100})/.exec(url)?.[1] : undefined;
    if (sid === undefined) continue;
    const session = sessions.get(sid);
    if (session) session.push(facts);
    else sessions.set(sid, [facts]);
  }
  return sessions;
}

function connectionLife(facts: StreamFacts): Life {
  const { stream } = facts;
  return {
    facts,
    startMs: stream.timing.startedAtMs,
    endMs: stream.end?.atMs ?? null,
    diedByItself: hasDied(facts),
  };
}

function hasDied({ stream }: StreamFacts): boolean {
  switch (endingOf(stream)) {
    case 'lost':
    case 'framing':
      return true;
    case 'unnamed':
      return stream.kind === 'eventsource';
    case 'clean':
      // An EventSource reconnects after a normal end as well.
      return stream.kind === 'eventsource' || !GOODBYES.has(stream.end?.closeCode ?? null);
    default:
      return false;
  }
}

function isPollingHandshake({ stream }: StreamFacts): boolean {
  const { url, method } = stream.request;
  return (
    method === 'GET' &&
    url.includes('EIO=') &&
    /[?&]EIO=\d/.test(url) &&
    /[?&]transport=polling/.test(url) &&
    !/[?&]sid=/.test(url)
  );
}

/** A session lives until the last exchange that carries its id; it died when one of them failed. */
function sessionLife(facts: StreamFacts, sessions: ReadonlyMap<string, StreamFacts[]>): Life {
  const { stream } = facts;
  const failed = (one: StreamFacts) =>
    (one.stream.response?.status ?? 0) >= 400 ||
    ['lost', 'framing', 'unnamed'].includes(endingOf(one.stream));
  const sid = /"sid"\s*:\s*"([\w-]{1,100})"/.exec(bodyTextOf(stream))?.[1];
  const all = [facts, ...((sid && sessions.get(sid)) || [])];
  let endMs: number | null = 0;
  for (const { stream: one } of all) {
    endMs = endMs === null || one.end === null ? null : Math.max(endMs, one.end.atMs);
  }
  return {
    facts,
    startMs: stream.timing.startedAtMs,
    endMs,
    diedByItself: endMs !== null && all.some(failed),
  };
}
