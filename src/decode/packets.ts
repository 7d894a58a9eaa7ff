import type { ConfidenceCode, DirectionCode } from '../trace/types';

export type EngineIoTransport = 'polling' | 'websocket' | 'webtransport';
export type EngineIoType = 'open' | 'close' | 'ping' | 'pong' | 'message' | 'upgrade' | 'noop';

/** What the address of a request says about Engine.IO. */
export interface EngineIoRequest {
  transport: EngineIoTransport;
  /** `EIO=3` (Socket.IO 2) or `EIO=4`; null for a version that is not known. */
  version: 3 | 4 | null;
  /** Null on the first request of a session. */
  sid: string | null;
}

/** What the server says when a session opens. */
export interface EngineIoHandshake {
  sid: string;
  /** Transports the server offers to change to: usually `['websocket']`. */
  upgrades: string[];
  pingIntervalMs: number | null;
  pingTimeoutMs: number | null;
  /** Version 4 only, bytes. */
  maxPayload: number | null;
}

/** The JSON of a refused polling request: `{"code":1,"message":"Session ID unknown"}`. */
export interface EngineIoError {
  code: number;
  message: string;
}

export interface EngineIoPacket {
  atMs: number;
  confidence: ConfidenceCode;
  direction: DirectionCode;
  transport: EngineIoTransport;
  /** Index of the chunk or message that completed it; -1 for packets in a request's body. */
  record: number;
  type: EngineIoType;
  /** Text after the type; null for binary packets. */
  data: string | null;
  bytes: Uint8Array | null;
  /** `2probe` and `3probe`, which try a transport out before the change to it. */
  isProbe: boolean;
  /** Only of `open`; null when its JSON could not be read. */
  handshake: EngineIoHandshake | null;
}

export type SocketIoType = 'connect' | 'disconnect' | 'event' | 'ack' | 'connect_error';

/** Binary events and acks come out as `event` and `ack` with their attachments in place. */
export interface SocketIoPacket {
  type: SocketIoType;
  /** `/` by default. */
  namespace: string;
  /** Pairs an event that asks for an answer with its ack. */
  ackId: number | null;
  /** Name of an event, else null. */
  event: string | null;
  /** Arguments of an event (without the name) or an ack; attachments are `Uint8Array`. Else empty. */
  args: unknown[];
  /** Payload of a connect (`{sid}`) or connect_error (`{message}`, or text in version 2); else undefined. */
  data: unknown;
  attachmentCount: number;
  /** The Engine.IO packet that completed it: its time, direction and transport are this packet's. */
  carrier: EngineIoPacket;
}
