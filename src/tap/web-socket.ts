import type { Patches } from './patches';
import {
  addListener,
  append,
  apply,
  attempt,
  construct,
  getters,
  now,
  ownValue,
  removeListener,
  safeWeakMap,
  sizeOf,
  utf8Length,
} from './primordials';
import type { Recorder, Stream } from './recorder';
import { NO_BODY, plainRequest, tryGet } from './request';

interface Socket {
  stream: Stream;
  opened: boolean;
  closedByPage: boolean;
}

const OPEN = 1;
const MAX_PROTOCOLS = 32;

const webSocketGetter = getters('WebSocket');
const socketUrl = webSocketGetter<string>('url');
const socketState = webSocketGetter<number>('readyState');
const socketProtocol = webSocketGetter<string>('protocol');
const socketExtensions = webSocketGetter<string>('extensions');
const eventType = getters('Event')<string>('type');
const eventData = getters('MessageEvent')<unknown>('data');
const closeEventGetter = getters('CloseEvent');
const closeCode = closeEventGetter<number>('code');
const closeReason = closeEventGetter<string>('reason');
const closeWasClean = closeEventGetter<boolean>('wasClean');
const blobSize = getters('Blob')<number>('size');

const EVENTS = ['open', 'message', 'close'];

/** Watches WebSocket by listeners that run before the page's own, and `send`. */
export function patchWebSocket(patches: Patches, recorder: Recorder): void {
  if (!globalThis.WebSocket) return;
  const sockets = safeWeakMap<object, Socket>();

  patches.globalClass('WebSocket', (target, args, newTarget) => {
    const startedAtMs = now();
    const webSocket = construct(target, args, newTarget) as object;
    attempt(() => begin(webSocket, args[1], startedAtMs));
    return webSocket;
  });

  patches.method(WebSocket.prototype, 'send', (target, self, args) => {
    const socket = sockets.get(self as object);
    // In every other state the browser throws or discards it.
    if (!socket || socketState(self) !== OPEN) return apply(target, self, args);
    const atMs = now();
    const result = apply(target, self, args);
    attempt(() => record(socket.stream, atMs, true, args[0]));
    return result;
  });

  patches.method(WebSocket.prototype, 'close', (target, self, args) => {
    const socket = sockets.get(self as object);
    // Clients tidy up in their error handler: a socket that has failed by then was not closed by them.
    const isAlive = socket !== undefined && socketState(self) <= OPEN;
    const result = apply(target, self, args);
    if (isAlive) socket.closedByPage = true;
    return result;
  });

  function begin(webSocket: object, protocols: unknown, atMs: number): void {
    const stream = recorder.start(
      'websocket',
      0,
      plainRequest(
        atMs,
        'GET',
        socketUrl(webSocket),
        [],
        NO_BODY,
        'include',
        'websocket',
        null,
        protocolList(protocols),
      ),
    );
    const onEvent = (event: Event) => attempt(() => observe(webSocket, socket, event));
    const socket: Socket = { stream, opened: false, closedByPage: false };
    sockets.set(webSocket, socket);
    for (let i = 0; i < EVENTS.length; i++) addListener(webSocket, EVENTS[i]!, onEvent);
    stream.release = () => {
      for (let i = 0; i < EVENTS.length; i++) removeListener(webSocket, EVENTS[i]!, onEvent);
    };
  }

  function record(stream: Stream, atMs: number, sent: boolean, data: unknown): void {
    if (typeof data === 'string') {
      recorder.message(stream, atMs, sent, utf8Length(data), data, false, null, null);
      return;
    }
    const bytes = sizeOf(data);
    if (bytes >= 0) {
      recorder.message(stream, atMs, sent, bytes, data, true, null, null);
      return;
    }
    const blobBytes = tryGet(blobSize, data);
    if (blobBytes !== null) {
      recorder.message(stream, atMs, sent, blobBytes, null, true, null, null);
    } else if (typeof data !== 'object' && typeof data !== 'function' && typeof data !== 'symbol') {
      record(stream, atMs, sent, `${data as string}`);
    } else {
      // Sent as the text its own toString gives, which is not run twice.
      recorder.message(stream, atMs, sent, 0, null, false, null, null);
    }
  }

  function observe(webSocket: object, socket: Socket, event: Event): void {
    // The browser's own property of every event: the page cannot forge it.
    if (!event.isTrusted) return;
    const atMs = now();
    const { stream } = socket;
    const type = eventType(event);
    if (type === 'message') record(stream, atMs, false, eventData(event));
    else if (type === 'open') {
      socket.opened = true;
      const headers: [string, string][] = [];
      const protocol = socketProtocol(webSocket);
      const extensions = socketExtensions(webSocket);
      if (protocol) append(headers, ['sec-websocket-protocol', protocol]);
      if (extensions) append(headers, ['sec-websocket-extensions', extensions]);
      recorder.head(stream, {
        atMs,
        status: 101,
        statusText: '',
        headers,
        responseType: null,
        url: socketUrl(webSocket),
        redirected: false,
      });
    } else {
      const clean = closeWasClean(event);
      const kind = socket.closedByPage
        ? 'aborted'
        : !socket.opened
          ? 'refused'
          : clean
            ? 'complete'
            : 'error';
      recorder.end(stream, kind, null, null, atMs, {
        code: closeCode(event),
        reason: closeReason(event),
        clean,
      });
    }
  }
}

function protocolList(protocols: unknown): string[] {
  const list: string[] = [];
  if (typeof protocols === 'string') append(list, protocols);
  const length = ownValue(protocols, 'length');
  if (typeof length === 'number')
    for (let i = 0; i < length && i < MAX_PROTOCOLS; i++) {
      const protocol = ownValue(protocols, i);
      if (typeof protocol === 'string') append(list, protocol);
    }
  return list;
}
