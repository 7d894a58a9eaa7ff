import type {
  EngineIoError,
  EngineIoHandshake,
  EngineIoTransport,
  EngineIoType,
  SocketIoType,
} from '../../decode/packets';
import type { ConfidenceCode, DirectionCode, StreamRecord } from '../../trace/types';
import type { StreamFacts } from './stream-facts';

/**
 * An Engine.IO session (which Socket.IO lives in): all requests and sockets that carry one `sid`, read together.
 *
 * An attempt that never got a `sid` (a refused handshake) is a session of its own with `sid` null, so that a client that
 * tries again and again is a row of sessions: `previousId` leads back through it.
 *
 * All times are trace ms. Everything is bounded; malformed packets are in `problems`, and the rest is still read.
 */
export interface EngineIoSession {
  /** Stable while the trace grows: the `sid` with its server, or the stream of an attempt without one. */
  readonly id: string;
  readonly sid: string | null;
  /** Scheme (`http` for `ws`), host and path: equal for all sessions that one client may open one after the other. */
  readonly endpoint: string;
  /** Scheme (`http` for `ws`), host and port. */
  readonly server: string;
  /** Null when no source tells. */
  readonly documentId: string | null;
  /** From `EIO=`; 3 is Socket.IO 2, where the client pings. */
  readonly version: 3 | 4 | null;
  readonly startedAtMs: number;
  /** Null while something of it is open. The end of the last exchange, or of the connection that carried it. */
  readonly endedAtMs: number | null;
  /** Null when it was not recorded (the recording began later, or the address already had a `sid`). */
  readonly handshake: SessionHandshake | null;
  /** All requests and sockets, in the order of their start. Never empty. */
  readonly exchanges: readonly SessionExchange[];
  /** Attempts to change from polling to WebSocket, in order. */
  readonly upgrades: readonly UpgradeAttempt[];
  /** What carries it: the transport it began with, or `websocket` once the change was made. */
  readonly transport: EngineIoTransport;
  /** In the order of their times, up to `MAX_SESSION_PACKETS`. */
  readonly packets: readonly SessionPacket[];
  /** Packets beyond that, which were read but are not kept. */
  readonly unkeptPackets: number;
  readonly pings: readonly PingPong[];
  readonly heartbeat: Heartbeat;
  readonly namespaces: readonly SessionNamespace[];
  /** Null while it lasts. */
  readonly end: SessionEnd | null;
  /** What could not be read, in words. */
  readonly problems: readonly { streamId: string; message: string }[];
  /** Frames or bodies are missing, so that packets (pings too) may be unknown. */
  readonly partial: boolean;
  /** The session of the same client that ended before this one began: this is a reconnect. */
  readonly previousId: string | null;
}

export interface SessionHandshake {
  streamId: string;
  transport: EngineIoTransport;
  askedAtMs: number;
  /** When the `open` packet was there; null when it never came or could not be read. */
  openedAtMs: number | null;
  /** `sid`, `upgrades`, `pingIntervalMs`, `pingTimeoutMs`, `maxPayload`; null likewise. */
  values: EngineIoHandshake | null;
}

/**
 * - `handshake` the request without `sid` · `poll` a GET that waits for packets · `post` packets of the page
 * - `websocket` a socket that joined the session by its `sid` (an attempt to upgrade)
 */
export type ExchangeRole = 'handshake' | 'poll' | 'post' | 'websocket';

export interface SessionExchange {
  stream: StreamRecord;
  facts: StreamFacts;
  role: ExchangeRole;
  transport: EngineIoTransport;
  startedAtMs: number;
  /** Null while open. */
  endedAtMs: number | null;
  status: number | null;
  /** What the server said in a refused request's body: `{code: 1, message: 'Session ID unknown'}`. */
  refusal: EngineIoError | null;
  /**
   * - `ok`: answered (a socket: it opened and closed in order) · `page`: the page ended it
   * - `failed`: refused, or the connection was lost
   */
  outcome: 'open' | 'ok' | 'failed' | 'page';
}

export interface UpgradeAttempt {
  streamId: string;
  startedAtMs: number;
  /** When the socket was open. */
  openedAtMs: number | null;
  /** `2probe` left, `3probe` came, `5` left: then the session is on this transport. */
  probedAtMs: number | null;
  answeredAtMs: number | null;
  changedAtMs: number | null;
  endedAtMs: number | null;
  /**
   * - `changed` it worked · `pending` under way · `refused` the handshake failed
   * - `unanswered` the socket opened and the probe was never answered · `abandoned` the page or its session ended first
   * - `unknown` its frames were not recorded
   */
  outcome: 'changed' | 'pending' | 'refused' | 'unanswered' | 'abandoned' | 'unknown';
}

/** One Engine.IO packet and, where it carries (and completes) one, the Socket.IO packet in it. */
export interface SessionPacket {
  atMs: number;
  confidence: ConfidenceCode;
  direction: DirectionCode;
  transport: EngineIoTransport;
  streamId: string;
  /** Index of the chunk or message in the stream; -1 for packets in a request's body. */
  record: number;
  engine: EngineIoType;
  isProbe: boolean;
  /** Text after the type; null for binary packets and for what was not captured. */
  text: string | null;
  byteLength: number;
  socket: SessionSocketPacket | null;
}

export interface SessionSocketPacket {
  type: SocketIoType;
  namespace: string;
  /** Event name, else null. */
  event: string | null;
  ackId: number | null;
  /** Arguments without the event's name. */
  argCount: number;
  attachmentCount: number;
  /** The reason in a `connect_error`, else null. */
  message: string | null;
  /** Index in `packets`: of the ack that answers this event, or of the event that this ack answers. */
  pairIndex: number | null;
}

/** One round of the heartbeat; probes are not among them. */
export interface PingPong {
  /** Who pings: the server in version 4, the page in version 3. */
  by: 'server' | 'page';
  streamId: string;
  pingAtMs: number;
  /** Null: not answered (yet). */
  pongAtMs: number | null;
}

/** What the handshake's own values promise, and how it stands. */
export interface Heartbeat {
  /** pingInterval + pingTimeout; null when the handshake is unknown. */
  limitMs: number | null;
  /** The last time the page could be sure of the server: its last ping (version 3: any packet from it), or the opening. */
  lastAtMs: number | null;
  /** The last ping; null when none came. */
  lastPingAtMs: number | null;
  /** When the page must give the server up; null when unknown. */
  dueAtMs: number | null;
  /** A ping of the server that the page never answered; null when all were. */
  unansweredSinceMs: number | null;
}

/** One Socket.IO namespace of the session. */
export interface SessionNamespace {
  name: string;
  /** When the page asked to join; null in version 3 for `/`, which is joined unasked. */
  askedAtMs: number | null;
  joinedAtMs: number | null;
  refusedAtMs: number | null;
  /** Why it was refused, in the server's words. */
  message: string | null;
  leftAtMs: number | null;
  leftBy: 'server' | 'page' | null;
}

export interface SessionEnd {
  atMs: number;
  /** The stream on which it shows. */
  streamId: string;
  /**
   * - `page`: it disconnected or left · `server`: it said goodbye
   * - `silence`: no ping in time, and the page gave up (or the server, which got no pong)
   * - `unknown-session`: the server does not know the `sid` · `refused`: the handshake failed
   * - `lost`: the connection broke · `unknown`: nothing says why
   */
  cause: 'page' | 'server' | 'silence' | 'unknown-session' | 'refused' | 'lost' | 'unknown';
  /** The word a Socket.IO client has for it (`transport close`, `ping timeout`, …), or what the network said. */
  reason: string;
}

/** Packets kept of one session. */
export const MAX_SESSION_PACKETS = 50_000;
