import {
  END_ABORTED,
  END_COMPLETE,
  END_ERROR,
  END_REFUSED,
  KIND_WEB_SOCKET,
  MESSAGE_SENT,
} from '../protocol/wire';
import {
  addListener,
  apply,
  attempt,
  construct,
  eventData,
  eventTarget,
  eventType,
  getKnown,
  getters,
  NativeWeakMap,
  now,
  ownValue,
  safely,
  setKnown,
} from './natives';
import { patch, patchClass } from './patches';
import { addHead, addMessage, endStream, type Stream, startStream } from './recorder';

interface Socket {
  stream_: Stream;
  opened_: boolean;
  closedByPage_: boolean;
}

const WEB_SOCKET = 'WebSocket';
const OPEN = 1;
const MAX_PROTOCOLS = 32;

const [socketUrl, socketState, socketProtocol, socketExtensions] = getters<[string, number, string, string]>(
  WEB_SOCKET,
  'url readyState protocol extensions',
);
const [closeCode, closeReason, closeWasClean] = getters<[number, string, boolean]>(
  'CloseEvent',
  'code reason wasClean',
);

const sockets = new NativeWeakMap<object, Socket>();

/** Watches WebSocket by listeners that run before the page's own, and `send`. */
export function patchWebSocket(): void {
  patchClass(WEB_SOCKET, (target, args, newTarget) => {
    const atMs = now();
    const webSocket = construct(target, args, newTarget);
    attempt(() => {
      const stream = startStream(atMs, [
        KIND_WEB_SOCKET,
        socketUrl(webSocket),
        '',
        null,
        null,
        null,
        null,
        null,
        protocolList(args[1]),
      ]);
      setKnown(sockets, webSocket, { stream_: stream, opened_: false, closedByPage_: false });
      addListener(webSocket, 'open', onEvent);
      addListener(webSocket, 'message', onEvent);
      addListener(webSocket, 'close', onEvent);
    });
    return webSocket;
  });

  patch(WEB_SOCKET, 'send', (target, self, args) => {
    const socket = getKnown(sockets, self);
    // In every other state the browser throws or discards it.
    const isOpen = socket && socketState(self) === OPEN;
    const atMs = now();
    const result = apply(target, self, args);
    if (isOpen)
      attempt(() => {
        const data = args[0];
        const isTold = typeof data === 'object' || typeof data === 'function' || typeof data === 'symbol';
        // An object's own toString, by which it may have been sent, is not run twice.
        addMessage(socket.stream_, atMs, MESSAGE_SENT, isTold ? data : `${data as string}`);
      });
    return result;
  });

  patch(WEB_SOCKET, 'close', (target, self, args) => {
    const socket = getKnown(sockets, self);
    // Clients tidy up in their error handler: a socket that has failed by then was not closed by them.
    const isAlive = socket && socketState(self) <= OPEN;
    const result = apply(target, self, args);
    if (isAlive) socket.closedByPage_ = true;
    return result;
  });
}

const onEvent = safely(observe);

function observe(event: Event): void {
  const webSocket = eventTarget(event);
  const socket = getKnown(sockets, webSocket);
  // `isTrusted` is the browser's own property of every event: the page cannot forge it.
  if (!event.isTrusted || !socket) return;
  const atMs = now();
  const type = eventType(event);
  const stream = socket.stream_;
  if (type === 'message') addMessage(stream, atMs, 0, eventData(event));
  else if (type === 'open') {
    socket.opened_ = true;
    const protocol = socketProtocol(webSocket);
    const extensions = socketExtensions(webSocket);
    addHead(stream, 101, [
      '',
      (protocol && `sec-websocket-protocol: ${protocol}\r\n`) +
        (extensions && `sec-websocket-extensions: ${extensions}`),
      null,
      socketUrl(webSocket),
      false,
    ]);
  } else {
    const isClean = closeWasClean(event);
    endStream(
      stream,
      socket.closedByPage_ ? END_ABORTED : !socket.opened_ ? END_REFUSED : isClean ? END_COMPLETE : END_ERROR,
      [null, null, closeCode(event), closeReason(event), isClean],
      -1,
      atMs,
    );
  }
}

/** The protocols that the page asked for, parted by commas (which no name of one contains). */
function protocolList(protocols: unknown): string {
  if (typeof protocols === 'string') return protocols;
  let list = '';
  for (let i = 0; i < MAX_PROTOCOLS; i++) {
    const protocol = ownValue(protocols, i);
    if (typeof protocol === 'string') list += list ? `,${protocol}` : protocol;
  }
  return list;
}
