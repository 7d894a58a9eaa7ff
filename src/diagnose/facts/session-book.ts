import type { StreamRecord } from '../../trace/types';
import { describeSession } from './session-describe';
import { ExchangeReader } from './session-exchange';
import { SessionLog } from './session-log';
import type { EngineIoSession } from './sessions';
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
  /** What was seen of its exchanges when it was described. */
  outline: string;
}

/** A handshake that could not be read belongs to a session that shows within this. */
const ADOPTION_MS = 5000;
/** A reconnect follows within this; clients back off to five seconds by default, and some to a minute. */
const RECONNECT_MS = 90_000;
/** Clocks of two sources may disagree by this. */
const SLACK_MS = 100;

/** Groups the streams of a trace into sessions and extends them as the trace grows. */
export class SessionBook {
  /** Null: looked at, and not Engine.IO. */
  #readers = new Map<string, { facts: StreamFacts; stream: StreamRecord; reader: ExchangeReader | null }>();
  #drafts = new Map<string, Draft>();

  update(facts: TraceFacts): readonly EngineIoSession[] {
    const readers = this.#readAll(facts);
    const drafts = this.#group(readers);
    const sessions = drafts.map((draft) => this.#describe(draft, facts));
    return chained(sessions);
  }

  #readAll(facts: TraceFacts): ExchangeReader[] {
    const all: ExchangeReader[] = [];
    const known = this.#readers;
    for (const [id, one] of facts.streams) {
      let entry = known.get(id);
      if (entry?.facts !== one) {
        entry = { facts: one, stream: one.stream, reader: ExchangeReader.of(one) };
        known.set(id, entry);
      }
      if (!entry.reader) continue;
      entry.reader.update();
      all.push(entry.reader);
    }
    if (known.size > facts.streams.size) {
      for (const id of known.keys()) if (!facts.streams.has(id)) known.delete(id);
    }
    return all.sort((a, b) => a.startedAtMs - b.startedAtMs);
  }

  #group(readers: readonly ExchangeReader[]): Draft[] {
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
            generations: 0,
            log: new SessionLog(),
            described: null,
            outline: '',
          };
      if (draft.readers.some((reader, index) => reader !== group.readers[index])) draft.generations = -1;
      draft.readers = group.readers;
      drafts.set(id, draft);
    }
    this.#drafts = drafts;
    return [...drafts.values()];
  }

  #describe(draft: Draft, facts: TraceFacts): EngineIoSession {
    const hasPackets = feed(draft);
    const isOpen = draft.readers.some(({ endedAtMs }) => endedAtMs === null);
    const outline = draft.readers
      .map((one) => `${one.status} ${one.outcome} ${one.endedAtMs} ${one.openedAtMs} ${one.refusal?.code}`)
      .join('|');
    if (!draft.described || hasPackets || isOpen || outline !== draft.outline) {
      draft.outline = outline;
      draft.described = describeSession(draft.id, draft.sid, draft.readers, draft.log, facts);
    }
    return draft.described;
  }
}

/** Brings the log up to date. New packets come last, as a rule; when one belongs further up, all are read again. */
function feed(draft: Draft): boolean {
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
  return fresh.length > 0 || mustRestart;
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
  return inOrder.map((session) => {
    const key = `${session.documentId} ${session.endpoint}`;
    const earlier = free.get(key) ?? [];
    const index = earlier.findLastIndex((one) => {
      // Over a dead path a socket stays open for long after its client has given it up.
      const overAtMs = one.endedAtMs ?? one.heartbeat.dueAtMs ?? Number.POSITIVE_INFINITY;
      return overAtMs <= session.startedAtMs + SLACK_MS && session.startedAtMs - overAtMs <= RECONNECT_MS;
    });
    const previousId = index < 0 ? null : earlier.splice(index, 1)[0]!.id;
    free.set(key, [...earlier, session].slice(-50));
    return session.previousId === previousId ? session : { ...session, previousId };
  });
}
