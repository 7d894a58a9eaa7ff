import type { Job, JobPoll } from '../../diagnose/facts/jobs';
import type {
  EngineIoSession,
  SessionExchange,
  SessionPacket,
  UpgradeAttempt,
} from '../../diagnose/facts/sessions';
import { Direction, type StreamRecord } from '../../trace/types';
import { type JobGroup, pollWord, type StreamGroup } from './groups';
import type { Span } from './time-range';

export type Tone = 'http' | 'socket' | 'beat' | 'dim' | 'good' | 'bad';

export type LaneId =
  | 'session'
  | 'polls'
  | 'posts'
  | 'websocket'
  | 'heartbeat'
  | 'received'
  | 'sent'
  | 'created'
  | 'asked'
  | 'state'
  | 'progress';

/** Something that is drawn: a bar, or a tick when it takes no time. */
export interface Mark extends Span {
  tone: Tone;
  /** Index of the step it belongs to. */
  step: number;
  /** 0 to 1, in the lane of the progress. */
  value?: number;
  /** Written into the bar where it fits. */
  label?: string;
}

export interface Lane {
  id: LaneId;
  label: string;
  /** In the order of their start. */
  marks: Mark[];
}

/** One line of the story, in order. What it says is put into words only when it is shown (`step-words.ts`). */
export type Step = {
  atMs: number;
  /** Null: a moment, or not over yet. */
  toMs: number | null;
  streamId: string;
  tone: Tone;
} & (
  | { kind: 'exchange'; session: EngineIoSession; exchange: SessionExchange }
  | { kind: 'packet'; session: EngineIoSession; packet: SessionPacket; index: number }
  | { kind: 'upgrade'; session: EngineIoSession; upgrade: UpgradeAttempt }
  | { kind: 'reconnect'; session: EngineIoSession; previous: EngineIoSession }
  | { kind: 'end'; session: EngineIoSession }
  /** The time at which a ping had to be there, and was not. */
  | { kind: 'overdue'; session: EngineIoSession }
  | { kind: 'created'; job: Job }
  | { kind: 'poll'; job: Job; poll: JobPoll; index: number }
  /** A call that asks like the polls do, and has no answer (yet). */
  | { kind: 'unanswered'; stream: StreamRecord }
);

/** A line through all lanes. */
export interface Landmark {
  atMs: number;
  label: string;
  tone: Tone;
  step: number;
}

/** A Socket.IO client or a job on one time axis. Times are trace ms. */
export interface Story extends Span {
  lanes: Lane[];
  steps: Step[];
  landmarks: Landmark[];
  /** Times without a connection: between a session and the one after it. */
  away: Span[];
  /** Something is under way. */
  isOpen: boolean;
}

/** @param nowMs trace time now: what is open is drawn up to it */
export function storyOf(group: StreamGroup, nowMs: number): Story {
  const steps = group.kind === 'session' ? mergedSteps(group.sessions, nowMs) : jobSteps(group);
  const isOpen = steps.some((step) => isBar(step) && step.toMs === null);
  const fromMs = steps.reduce((least, step) => Math.min(least, step.atMs), steps[0]?.atMs ?? 0);
  const lastMs = steps.reduce((most, step) => Math.max(most, step.toMs ?? step.atMs), fromMs);
  const toMs = Math.max(isOpen ? nowMs : lastMs, lastMs, fromMs + 1);
  const lanes = group.kind === 'session' ? sessionLanes(group.sessions, steps, toMs) : jobLanes(steps, toMs);
  return {
    fromMs,
    toMs,
    lanes: lanes.filter((lane) => lane.marks.length > 0),
    steps,
    landmarks: landmarksOf(steps),
    away: group.kind === 'session' ? awayOf(group.sessions) : [],
    isOpen,
  };
}

/** Index of the step at a time in a lane: the shortest that is there, else the nearest within `slackMs`; -1 for none. */
export function stepAt(lane: Lane, atMs: number, slackMs: number): number {
  let best = -1;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const mark of lane.marks) {
    if (mark.fromMs - slackMs > atMs) break;
    const away = Math.max(mark.fromMs - atMs, atMs - mark.toMs, 0);
    if (away > slackMs) continue;
    const cost = away + (mark.toMs - mark.fromMs) * 1e-3;
    if (cost >= bestCost) continue;
    bestCost = cost;
    best = mark.step;
  }
  return best;
}

/** Packets and what they came by, in one order. Packets are many and sorted already, the rest are few. */
function mergedSteps(sessions: readonly EngineIoSession[], nowMs: number): Step[] {
  const steps: Step[] = [];
  sessions.forEach((session, index) => {
    const rest = exchangeSteps(session);
    const overdue = overdueStep(session, nowMs);
    if (overdue) rest.push(overdue);
    const previous = sessions[index - 1];
    if (previous) {
      const { startedAtMs, exchanges } = session;
      const streamId = exchanges[0]!.stream.id;
      rest.push({
        kind: 'reconnect',
        session,
        previous,
        atMs: startedAtMs,
        toMs: null,
        streamId,
        tone: 'dim',
      });
    }
    rest.sort((a, b) => a.atMs - b.atMs || RANK[a.kind] - RANK[b.kind]);
    let next = 0;
    session.packets.forEach((packet, at) => {
      // The handshake says all that its packet says.
      if (packet.engine === 'open') return;
      for (let one = rest[next]; one && one.atMs <= packet.atMs && one.kind !== 'end'; one = rest[next]) {
        steps.push(one);
        next += 1;
      }
      const { atMs, streamId } = packet;
      steps.push({
        kind: 'packet',
        session,
        packet,
        index: at,
        atMs,
        toMs: null,
        streamId,
        tone: packetTone(packet),
      });
    });
    steps.push(...rest.slice(next));
  });
  return steps;
}

const RANK: Record<Step['kind'], number> = {
  reconnect: 0,
  exchange: 1,
  upgrade: 2,
  packet: 3,
  created: 4,
  poll: 5,
  unanswered: 5,
  overdue: 5,
  end: 6,
};

function exchangeSteps(session: EngineIoSession): Step[] {
  const steps: Step[] = session.exchanges.map((exchange) => ({
    kind: 'exchange',
    session,
    exchange,
    atMs: exchange.startedAtMs,
    toMs: exchange.endedAtMs,
    streamId: exchange.stream.id,
    tone: exchangeTone(exchange),
  }));
  for (const upgrade of session.upgrades) {
    const atMs =
      upgrade.outcome === 'changed'
        ? upgrade.changedAtMs
        : upgrade.outcome === 'refused' || upgrade.outcome === 'unanswered'
          ? upgrade.endedAtMs
          : null;
    if (atMs === null) continue;
    const tone = upgrade.outcome === 'changed' ? 'good' : 'bad';
    steps.push({ kind: 'upgrade', session, upgrade, atMs, toMs: null, streamId: upgrade.streamId, tone });
  }
  const { end } = session;
  if (end) {
    const tone = end.cause === 'page' || end.cause === 'server' || end.cause === 'unknown' ? 'dim' : 'bad';
    steps.push({ kind: 'end', session, atMs: end.atMs, toMs: null, streamId: end.streamId, tone });
  }
  return steps;
}

/** Only where it mattered: the page gave up for it, or still waits. */
function overdueStep(session: EngineIoSession, nowMs: number): Step | null {
  const { dueAtMs } = session.heartbeat;
  const isMissed = session.end ? session.end.cause === 'silence' : dueAtMs !== null && nowMs > dueAtMs;
  if (dueAtMs === null || !isMissed) return null;
  const atMs = Math.min(dueAtMs, session.end?.atMs ?? dueAtMs);
  const streamId = session.end?.streamId ?? session.exchanges.at(-1)!.stream.id;
  return { kind: 'overdue', session, atMs, toMs: null, streamId, tone: 'bad' };
}

function exchangeTone({ outcome, stream }: SessionExchange): Tone {
  if (outcome === 'failed') return 'bad';
  return stream.kind === 'websocket' ? 'socket' : 'http';
}

function packetTone({ engine, socket, isProbe }: SessionPacket): Tone {
  if (isProbe || engine === 'upgrade') return 'socket';
  if (engine === 'ping' || engine === 'pong') return 'beat';
  if (socket?.type === 'connect_error') return 'bad';
  return socket ? 'socket' : 'dim';
}

function sessionLanes(sessions: readonly EngineIoSession[], steps: readonly Step[], endMs: number): Lane[] {
  const lanes = {
    session: lane('session', sessions.length > 1 ? 'Sessions' : 'Session'),
    polls: lane('polls', 'Polls'),
    posts: lane('posts', 'Sends'),
    websocket: lane('websocket', 'WebSocket'),
    heartbeat: lane('heartbeat', 'Heartbeat'),
    received: lane('received', 'Received'),
    sent: lane('sent', 'Sent'),
  };
  const shown = new Set<EngineIoSession>();
  steps.forEach((step, index) => {
    const at = (target: Lane, fromMs: number, toMs: number, tone: Tone) =>
      target.marks.push({ fromMs, toMs, tone, step: index });
    if ('session' in step && !shown.has(step.session)) {
      shown.add(step.session);
      const failed = step.session.end && step.session.end.cause === 'refused';
      at(lanes.session, step.session.startedAtMs, step.session.endedAtMs ?? endMs, failed ? 'bad' : 'dim');
    }
    if (step.kind === 'exchange') {
      const toMs = step.toMs ?? endMs;
      const { stream, role } = step.exchange;
      if (stream.kind !== 'websocket') {
        at(role === 'post' ? lanes.posts : lanes.polls, step.atMs, toMs, step.tone);
        return;
      }
      // Until it carries the session, a socket only tries to.
      const upgrade = step.session.upgrades.find((one) => one.streamId === stream.id);
      const carriesFromMs = upgrade ? upgrade.changedAtMs : (step.session.handshake?.openedAtMs ?? null);
      if (step.tone === 'bad' && carriesFromMs === null) at(lanes.websocket, step.atMs, toMs, 'bad');
      else {
        at(lanes.websocket, step.atMs, Math.min(carriesFromMs ?? toMs, toMs), 'dim');
        if (carriesFromMs !== null) at(lanes.websocket, carriesFromMs, toMs, 'socket');
      }
    } else if (step.kind === 'packet') {
      const { engine, isProbe, direction } = step.packet;
      const isBeat = (engine === 'ping' || engine === 'pong') && !isProbe;
      const carries = direction === Direction.received ? lanes.received : lanes.sent;
      at(isBeat ? lanes.heartbeat : carries, step.atMs, step.atMs, step.tone);
    }
  });
  return Object.values(lanes);
}

function awayOf(sessions: readonly EngineIoSession[]): Span[] {
  return sessions.flatMap((session, index) => {
    const endedAtMs = sessions[index - 1]?.endedAtMs ?? null;
    return endedAtMs === null || endedAtMs >= session.startedAtMs
      ? []
      : [{ fromMs: endedAtMs, toMs: session.startedAtMs }];
  });
}

function jobSteps({ job, unanswered }: JobGroup): Step[] {
  const created: Step = {
    kind: 'created',
    job,
    atMs: job.created.stream.timing.startedAtMs,
    toMs: job.created.stream.end?.atMs ?? null,
    streamId: job.created.stream.id,
    tone: 'http',
  };
  const polls = job.polls.map(
    (poll, index): Step => ({
      kind: 'poll',
      job,
      poll,
      index,
      atMs: poll.stream.timing.startedAtMs,
      toMs: poll.stream.end?.atMs ?? null,
      streamId: poll.stream.id,
      tone: poll.outcome === 'found' ? (poll.isFinal ? 'good' : 'http') : 'bad',
    }),
  );
  const waiting = unanswered.map(
    (stream): Step => ({
      kind: 'unanswered',
      stream,
      atMs: stream.timing.startedAtMs,
      toMs: stream.end?.atMs ?? null,
      streamId: stream.id,
      tone: stream.end ? 'bad' : 'dim',
    }),
  );
  return [created, ...polls, ...waiting].sort((a, b) => a.atMs - b.atMs);
}

function jobLanes(steps: readonly Step[], endMs: number): Lane[] {
  const created = lane('created', 'Created');
  const asked = lane('asked', 'Polls');
  const state = lane('state', 'State');
  const progress = lane('progress', 'Progress');
  steps.forEach((step, index) => {
    const mark: Mark = { fromMs: step.atMs, toMs: step.toMs ?? endMs, tone: step.tone, step: index };
    if (step.kind === 'created') created.marks.push(mark);
    else asked.marks.push(mark);
    if (step.kind !== 'poll') return;
    const { atMs, progress: part } = step.poll;
    const label = pollWord(step.poll);
    const last = state.marks.at(-1);
    if (last) last.toMs = Math.max(last.fromMs, atMs);
    // One bar for as long as the answers say the same.
    if (last?.label !== label)
      state.marks.push({ fromMs: atMs, toMs: endMs, tone: step.tone, step: index, label });
    else last.toMs = endMs;
    if (part !== null)
      progress.marks.push({ fromMs: atMs, toMs: atMs, tone: step.tone, step: index, value: part });
  });
  return [created, asked, state, progress];
}

/** Most landmarks that get a line of their own: a client that reconnects for hours would be all lines. */
const MOST_LANDMARKS = 200;

function landmarksOf(steps: readonly Step[]): Landmark[] {
  const marks: Landmark[] = [];
  for (const [index, step] of steps.entries()) {
    if (marks.length >= MOST_LANDMARKS) break;
    const label = landmarkLabel(step);
    // A job that is lost by turns: the first time is the news.
    if (step.kind === 'poll' && marks.some((one) => one.label === label)) continue;
    if (label) marks.push({ atMs: step.atMs, label, tone: step.tone, step: index });
  }
  return marks;
}

function landmarkLabel(step: Step): string | null {
  switch (step.kind) {
    case 'upgrade':
      return step.upgrade.outcome === 'changed' ? 'upgraded' : 'upgrade failed';
    case 'end':
      return step.session.end?.reason ?? 'ended';
    case 'overdue':
      return 'ping overdue';
    case 'reconnect':
      return 'reconnect';
    case 'poll':
      if (step.poll.outcome === 'lost') return 'lost';
      return step.poll.isFinal ? step.poll.state : null;
    default:
      return null;
  }
}

function lane(id: LaneId, label: string): Lane {
  return { id, label, marks: [] };
}

function isBar(step: Step): boolean {
  return (
    step.kind === 'exchange' || step.kind === 'created' || step.kind === 'poll' || step.kind === 'unanswered'
  );
}
