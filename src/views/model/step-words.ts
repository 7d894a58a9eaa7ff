import type { SessionExchange, UpgradeAttempt } from '../../diagnose/facts/sessions';
import { Direction } from '../../trace/types';
import { formatBytes, formatDuration } from '../format';
import { pollWord } from './groups';
import { packetPreview, packetWord } from './packet-words';
import type { Step } from './session-story';

export interface StepWords {
  /** Two or three words: "poll", "event chat", "upgraded to WebSocket". */
  what: string;
  /** The rest of what is known, one line; may be empty. */
  detail: string;
  /** Of what travels one way; null for the rest. */
  direction: 'sent' | 'received' | null;
}

/** What a step of the story says. */
export function stepWords(step: Step): StepWords {
  switch (step.kind) {
    case 'exchange':
      return { ...exchangeWords(step), direction: null };
    case 'packet':
      return {
        what: packetWord(step.session, step.index),
        detail: packetPreview(step.session, step.index),
        direction: step.packet.direction === Direction.sent ? 'sent' : 'received',
      };
    case 'upgrade':
      return { ...upgradeWords(step.upgrade), direction: null };
    case 'reconnect': {
      const sinceMs = step.session.startedAtMs - (step.previous.endedAtMs ?? step.session.startedAtMs);
      return {
        what: 'reconnect',
        detail: `a new session, ${formatDuration(Math.max(0, sinceMs))} after the one before`,
        direction: null,
      };
    }
    case 'overdue': {
      const { limitMs, lastPingAtMs } = step.session.heartbeat;
      return {
        what: 'ping overdue',
        detail: `${lastPingAtMs === null ? 'none ever came' : 'none came'} within pingInterval + pingTimeout${
          limitMs === null ? '' : ` (${formatDuration(limitMs)})`
        }`,
        direction: null,
      };
    }
    case 'end': {
      const { end } = step.session;
      return {
        what: 'session ended',
        detail: [end?.reason, end ? CAUSES[end.cause] : null].filter(Boolean).join(': '),
        direction: null,
      };
    }
    case 'created': {
      const { job } = step;
      const status = job.created.stream.response?.status;
      return {
        what: 'job created',
        detail: `${status}, id ${job.jobId} (from ${job.idFrom})`,
        direction: null,
      };
    }
    case 'unanswered':
      return {
        what: 'poll',
        detail: step.stream.end
          ? (step.stream.end.netError ?? step.stream.end.message ?? 'no answer')
          : 'no answer yet',
        direction: null,
      };
    case 'poll': {
      const { poll } = step;
      const progress = poll.progress === null ? null : `${Math.round(poll.progress * 100)} %`;
      return {
        what: `poll ${step.index + 1}`,
        detail: [
          poll.outcome === 'found' ? String(poll.status) : null,
          pollWord(poll),
          progress,
          poll.isFinal ? 'finished' : null,
        ]
          .filter(Boolean)
          .join(', '),
        direction: null,
      };
    }
  }
}

const CAUSES = {
  page: 'the page left',
  server: 'the server said goodbye',
  silence: 'no ping came in time',
  'unknown-session': 'the server does not know this session',
  refused: 'the handshake was refused',
  lost: 'the connection broke',
  unknown: 'nothing says why',
} as const;

const OUTCOMES: Record<SessionExchange['outcome'], string | null> = {
  open: 'open',
  ok: null,
  failed: 'failed',
  page: 'ended by the page',
};

function exchangeWords({ session, exchange }: Step & { kind: 'exchange' }): { what: string; detail: string } {
  const { stream, role, status, outcome, refusal } = exchange;
  const socket = stream.kind === 'websocket';
  const what = {
    handshake: socket ? 'WebSocket' : 'handshake',
    poll: 'poll',
    post: 'send',
    websocket: 'WebSocket',
  }[role];
  const parts: (string | null)[] = [
    status === null || status === 0 ? null : String(status),
    OUTCOMES[outcome],
    refusal ? `“${refusal.message}” (code ${refusal.code})` : null,
    outcome === 'failed' ? (stream.end?.netError ?? stream.end?.message ?? null) : null,
  ];
  const values = role === 'handshake' ? session.handshake?.values : null;
  if (values) {
    parts.push(
      `sid ${values.sid}`,
      values.upgrades.length > 0 ? `offers ${values.upgrades.join(', ')}` : 'offers no upgrade',
      values.pingIntervalMs === null ? null : `pings every ${formatDuration(values.pingIntervalMs)}`,
      values.pingTimeoutMs === null ? null : `waits ${formatDuration(values.pingTimeoutMs)} for an answer`,
    );
  }
  if (!values && exchange.facts.byteLength > 0) parts.push(formatBytes(exchange.facts.byteLength));
  return { what, detail: parts.filter(Boolean).join(', ') };
}

function upgradeWords(upgrade: UpgradeAttempt): { what: string; detail: string } {
  const { outcome, startedAtMs, changedAtMs, probedAtMs, answeredAtMs } = upgrade;
  if (outcome === 'changed') {
    const probeMs = probedAtMs === null || answeredAtMs === null ? null : answeredAtMs - probedAtMs;
    return {
      what: 'upgraded',
      detail: [
        changedAtMs === null ? null : `${formatDuration(changedAtMs - startedAtMs)} after it was tried`,
        probeMs === null ? null : `probe answered in ${formatDuration(probeMs)}`,
      ]
        .filter(Boolean)
        .join(', '),
    };
  }
  return {
    what: 'upgrade failed',
    detail:
      outcome === 'refused'
        ? 'the WebSocket handshake was refused: the session stays on polling'
        : 'the socket opened, and the probe was never answered: the session stays on polling',
  };
}
