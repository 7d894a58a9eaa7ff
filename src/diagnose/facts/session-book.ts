import type { EngineIoSession } from './session';
import { describeSession } from './session-describe';
import { ExchangeReader } from './session-exchange';
import { SessionLog } from './session-log';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** A session under way: its exchanges, and the log of its packets. */
interface Draft {
  id: string;
  sid: string | null;
  readers: ExchangeReader[];
  generations: number;
  log: SessionLog;
  /** Null: something moved since it was described. */
  described: EngineIoSession | null;
  /** Grows with its exchanges: what it was when it was described. */
  outline: number;
}

/** A handshake that could not be read belongs to a session that shows within this. */
const ADOPTION_MS = 5000;
/** A reconnect follows within this; clients back off to five seconds by default, and some to a minute. */
const RECONNECT_MS = 90_000;
/** Sessions of one client that may still be continued. */
const MAX_WAITING = 50;
/** Clocks of two sources may disagree by this. */
const SLACK_MS = 100;

/** A stream that was looked at; `reader` null: it is not Engine.IO's. */
interface Entry {
  facts: StreamFacts;
  revision: number;
  reader: ExchangeReader | null;
}

/** Groups the streams of a trace into sessions and extends them as the trace grows. */
export class SessionBook {
  #entries = new Map<string, Entry>();
  #drafts = new Map<string, Draft>();
  #sessions: readonly EngineIoSession[] = [];
  #chained: readonly EngineIoSession[] = [];

  update(facts: TraceFacts): readonly EngineIoSession[] {
    if (this.#readAll(facts)) this.#group();
    const sessions = [...this.#drafts.values()].map((draft) => describe(draft, facts));
    const isSame =
      sessions.length === this.#sessions.length && sessions.every((one, at) => one === this.#sessions[at]);
    if (isSame) return this.#chained;
    this.#sessions = sessions;
    this.#chained = chained(sessions);
    return this.#chained;
  }

  /** Reads what moved. False: nothing of Engine.IO did. */
  #readAll(facts: TraceFacts): boolean {
    const entries = this.#entries;
    let hasMoved = false;
    for (const [id, one] of facts.streams) {
      let entry = entries.get(id);
      if (entry?.facts !== one) {
        if (entry?.reader) hasMoved = true;
        entry = { facts: one, revision: -1, reader: ExchangeReader.of(one) };
        entries.set(id, entry);
      }
      if (!entry.reader || entry.revision === one.revision) continue;
      entry.revision = one.revision;
      entry.reader.update();
      hasMoved = true;
    }
    if (entries.size > facts.streams.size) {
      for (const [id, { reader }] of entries) {
        if (facts.streams.has(id)) continue;
        entries.delete(id);
        if (reader) hasMoved = true;
      }
    }
    return hasMoved;
  }

  #group(): void {
    const readers = [...this.#entries.values()]
      .flatMap(({ reader }) => reader ?? [])
      .sort((a, b) => a.startedAtMs - b.startedAtMs);
    const groups = new Map<string, { sid: string | null; readers: ExchangeReader[] }>();
    for (const reader of readers) {
      const { sid } = reader;
      const key = sid === null ? `attempt ${reader.stream.id}` : `${reader.endpoint} ${sid}`;
      const group = groups.get(key);
      if (group) group.readers.push(reader);
      else groups.set(key, { sid, readers: [reader] });
    }
    adoptHandshakes(groups);
    const drafts = new Map<string, Draft>();
    for (const [id, group] of groups) {
      const known = this.#drafts.get(id);
      const isSame = known && known.readers.length <= group.readers.length;
      const draft: Draft = isSame
        ? known
        : {
            id,
            sid: group.sid,
            readers: [],
            generations: -1,
            log: new SessionLog(),
            described: null,
            outline: -1,
          };
      if (draft.readers.some((reader, index) => reader !== group.readers[index])) draft.generations = -1;
      draft.readers = group.readers;
      drafts.set(id, draft);
    }
    this.#drafts = drafts;
  }
}

/** Again only when something of it moved, or while it lasts: then its silences grow. */
function describe(draft: Draft, facts: TraceFacts): EngineIoSession {
  const outline = draft.readers.reduce((sum, { facts: one }) => sum + one.revision, draft.readers.length);
  if (!draft.described || draft.described.end === null || outline !== draft.outline) {
    feed(draft);
    draft.outline = outline;
    draft.described = describeSession(draft.id, draft.sid, draft.readers, draft.log, facts);
  }
  return draft.described;
}

/** Brings the log up to date. New packets come last, as a rule; when one belongs further up, all are read again. */
function feed(draft: Draft): void {
  const generations = draft.readers.reduce((sum, { generation }) => sum + generation, 0);
  let mustRestart = draft.generations !== generations;
  draft.generations = generations;
  let fresh = mustRestart ? [] : draft.readers.flatMap((reader) => reader.take());
  if (fresh.some(({ packet }) => packet.atMs < draft.log.lastAtMs)) mustRestart = true;
  if (mustRestart) {
    draft.log = new SessionLog();
    for (const reader of draft.readers) reader.rewind();
    fresh = draft.readers.flatMap((reader) => reader.take());
  }
  fresh.sort((a, b) => a.packet.atMs - b.packet.atMs);
  for (const carried of fresh) draft.log.feed(carried);
}

/** Sanitized recordings lack the handshake's body, and with it the `sid`: what follows it at once tells. */
function adoptHandshakes(groups: Map<string, { sid: string | null; readers: ExchangeReader[] }>): void {
  const lost = [...groups].filter(
    ([, { sid, readers }]) =>
      sid === null && readers[0]!.outcome !== 'failed' && readers[0]!.endedAtMs !== null,
  );
  if (lost.length === 0) return;
  for (const group of groups.values()) {
    const first = group.readers[0]!;
    if (group.sid === null || first.role === 'handshake') continue;
    const index = lost.findLastIndex(([, { readers }]) => {
      const one = readers[0]!;
      const pauseMs = first.startedAtMs - one.endedAtMs!;
      const isNear = pauseMs >= -SLACK_MS && pauseMs <= ADOPTION_MS;
      return isNear && one.endpoint === first.endpoint && isSamePage(one, first);
    });
    if (index < 0) continue;
    const [[key, { readers }]] = lost.splice(index, 1) as [(typeof lost)[number]];
    groups.delete(key);
    group.readers.unshift(...readers);
  }
}

function isSamePage(a: ExchangeReader, b: ExchangeReader): boolean {
  const [one, other] = [a.stream.documentId, b.stream.documentId];
  return one === null || other === null || one === other;
}

/** Finds for each session the one that it continues: the last that had ended, and that none continues yet. */
function chained(sessions: readonly EngineIoSession[]): readonly EngineIoSession[] {
  const inOrder = [...sessions].sort((a, b) => a.startedAtMs - b.startedAtMs);
  const free = new Map<string, EngineIoSession[]>();
  for (const session of inOrder) {
    const key = `${session.documentId} ${session.endpoint}`;
    const earlier = free.get(key) ?? [];
    const index = earlier.findLastIndex((one) => {
      // Over a dead path a socket stays open for long after its client has given it up.
      const overAtMs = one.endedAtMs ?? one.heartbeat.dueAtMs ?? Number.POSITIVE_INFINITY;
      return overAtMs <= session.startedAtMs + SLACK_MS && session.startedAtMs - overAtMs <= RECONNECT_MS;
    });
    // The book's own objects: nobody else has seen them with another predecessor, but for streams that were taken away.
    (session as { previousId: string | null }).previousId =
      index < 0 ? null : earlier.splice(index, 1)[0]!.id;
    free.set(key, [...earlier, session].slice(-MAX_WAITING));
  }
  return inOrder;
}
