import {
  END_ABORTED,
  END_COMPLETE,
  END_ERROR,
  END_REFUSED,
  KIND_XHR,
  LOSS_CAPPED,
  START_PLAIN,
} from '../protocol/wire';
import {
  addListener,
  apply,
  attempt,
  encodeText,
  eventTarget,
  eventType,
  getKnown,
  getters,
  methods,
  min,
  NativeWeakMap,
  now,
  safely,
  setKnown,
  substring,
} from './natives';
import { patch } from './patches';
import { addChunk, addHead, addLoss, endStream, roomOf, type Stream, startStream } from './recorder';
import { absoluteUrl, bodyOf } from './request';

interface Exchange {
  method_: unknown;
  url_: unknown;
  headers_: string;
  /** Undefined unless a request is under way. */
  stream_: Stream | undefined;
  headSeen_: boolean;
  /** Bytes reported so far. */
  reported_: number;
  /** Units of `responseText` taken so far; -1 when it is not taken any more. */
  taken_: number;
}

const XHR = 'XMLHttpRequest';
const [readyState, status, statusText, responseUrl, responseType, responseText, withCredentials] = getters<
  [number, number, string, string, string, string, boolean]
>(XHR, 'readyState status statusText responseURL responseType responseText withCredentials');
const [allHeaders] = methods<[(self: unknown) => string]>(XHR, 'getAllResponseHeaders');
const [loaded] = getters<[number]>('ProgressEvent', 'loaded');

const EVENTS = ['readystatechange', 'progress', 'load', 'error', 'abort', 'timeout'];

const exchanges = new NativeWeakMap<object, Exchange>();

/** Watches XMLHttpRequest by its own progress events; uploads are left alone (listening would force a preflight). */
export function patchXhr(): void {
  patch(XHR, 'open', (target, self, args) => {
    const before = getKnown(exchanges, self);
    const result = apply(target, self, args);
    attempt(() => {
      // Reopening ends a running request without any event.
      if (before) finish(before, END_ABORTED);
      setKnown(exchanges, self, {
        method_: args[0],
        url_: absoluteUrl(args[1]),
        headers_: '',
        stream_: undefined,
        headSeen_: false,
        reported_: 0,
        taken_: 0,
      });
    });
    return result;
  });

  patch(XHR, 'setRequestHeader', (target, self, args) => {
    const result = apply(target, self, args);
    const exchange = getKnown(exchanges, self);
    const value = args[1];
    if (exchange && typeof args[0] === 'string' && (typeof value === 'string' || typeof value === 'number'))
      exchange.headers_ += `${args[0]}: ${value}\r\n`;
    return result;
  });

  patch(XHR, 'send', (target, self, args) => {
    const exchange = getKnown(exchanges, self);
    if (exchange && !exchange.stream_) attempt(() => begin(self, exchange, args[0]));
    try {
      return apply(target, self, args);
    } catch (error) {
      // A synchronous request throws where another would fire `error`.
      if (exchange) attempt(() => finish(exchange, END_REFUSED));
      throw error;
    }
  });
}

function begin(xhr: unknown, exchange: Exchange, data: unknown): void {
  if (exchange.url_ === undefined || readyState(xhr) !== 1) return;
  const body = bodyOf(data);
  exchange.stream_ = startStream(
    now(),
    [
      KIND_XHR,
      exchange.url_,
      exchange.headers_,
      body.text_,
      exchange.method_,
      withCredentials(xhr) ? 'include' : null,
      null,
      START_PLAIN,
    ],
    body.size_,
  );
  // The same listener is there once, however often the object is used.
  for (let i = 0; i < EVENTS.length; i++) addListener(xhr, EVENTS[i]!, onEvent);
}

const onEvent = safely(observe);

function observe(event: Event): void {
  const xhr = eventTarget(event);
  const exchange = getKnown(exchanges, xhr);
  // `isTrusted` is the browser's own property of every event: the page cannot forge it.
  if (!event.isTrusted || !exchange?.stream_) return;
  const type = eventType(event);
  if (type === 'readystatechange' || type === 'load') onHead(xhr, exchange, exchange.stream_);
  if (type === 'progress' || type === 'load') onBytes(xhr, exchange, exchange.stream_, loaded(event));
  if (type === 'load') finish(exchange, END_COMPLETE, undefined, loaded(event));
  else if (type === 'error') finish(exchange, exchange.headSeen_ ? END_ERROR : END_REFUSED);
  // The page's own time limit is the page's own decision, as `AbortSignal.timeout()` is.
  else if (type === 'timeout') finish(exchange, END_ABORTED, 'TimeoutError');
  else if (type === 'abort') finish(exchange, END_ABORTED, 'AbortError');
}

function onHead(xhr: unknown, exchange: Exchange, stream: Stream): void {
  const code = status(xhr);
  if (exchange.headSeen_ || readyState(xhr) < 2 || !code) return;
  exchange.headSeen_ = true;
  addHead(stream, code, [statusText(xhr), allHeaders(xhr), null, responseUrl(xhr), null]);
}

/** `total` bytes are there now. Text is taken while the stream's payload has room, so its cost stays bounded. */
function onBytes(xhr: unknown, exchange: Exchange, stream: Stream, total: number): void {
  const atMs = now();
  const fresh = total - exchange.reported_;
  const room = roomOf(stream);
  const type = responseType(xhr);
  let bytes: Uint8Array | undefined;
  let length = 0;
  if (exchange.taken_ >= 0 && (type === '' || type === 'text')) {
    const text = room > 0 ? responseText(xhr) : '';
    const isWhole = fresh <= room;
    // Three bytes more: a character that the network cut in two is held back and comes with the next bytes.
    const encoded = encodeText(substring(text, exchange.taken_), isWhole ? fresh + 3 : room);
    const left = text.length - exchange.taken_ - encoded.units_;
    exchange.taken_ = text.length;
    length = encoded.length_;
    if (isWhole && left <= 0 && room > 0) {
      // For the same reason the text's own length is the honest one.
      exchange.reported_ += length;
      if (length) addChunk(stream, atMs, -1, length, encoded.bytes_);
      return;
    }
    // Longer as UTF-8 than on the wire: another charset. Sizes only from here on.
    if (isWhole || room <= 0) exchange.taken_ = -1;
    else {
      bytes = encoded.bytes_;
      length = min(length, fresh);
    }
    if (fresh > 0) addLoss(stream, LOSS_CAPPED);
  }
  if (fresh <= 0) return;
  exchange.reported_ = total;
  addChunk(stream, atMs, -1, fresh, bytes, 0, length);
}

function finish(exchange: Exchange, kind: number, name?: string, byteLength?: number): void {
  const stream = exchange.stream_;
  exchange.stream_ = undefined;
  if (stream) endStream(stream, kind, [name], byteLength);
}
