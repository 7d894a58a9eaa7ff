import type { Patches } from './patches';
import {
  addListener,
  append,
  apply,
  attempt,
  encodeText,
  getters,
  indexOf,
  methods,
  min,
  now,
  removeListener,
  safeWeakMap,
  split,
  substring,
  toLowerCase,
  trim,
} from './primordials';
import type { Recorder, Stream } from './recorder';
import { absoluteUrl, bodyInfo, normalMethod, plainRequest, shorten } from './request';

interface Exchange {
  method: string;
  url: string | null;
  headers: [string, string][];
  /** Null unless a request is under way. */
  stream: Stream | null;
  headSeen: boolean;
  /** Bytes reported so far. */
  reported: number;
  /** Units of `responseText` taken so far; -1 when it is not taken any more. */
  taken: number;
}

const xhrGetter = getters('XMLHttpRequest');
const readyState = xhrGetter<number>('readyState');
const status = xhrGetter<number>('status');
const statusText = xhrGetter<string>('statusText');
const responseUrl = xhrGetter<string>('responseURL');
const responseType = xhrGetter<string>('responseType');
const responseText = xhrGetter<string>('responseText');
const withCredentials = xhrGetter<boolean>('withCredentials');
const allHeaders = methods('XMLHttpRequest')<(self: unknown) => string>('getAllResponseHeaders');
const loaded = getters('ProgressEvent')<number>('loaded');
const eventGetter = getters('Event');
const eventType = eventGetter<string>('type');
const eventTarget = eventGetter<object>('currentTarget');

const EVENTS = ['readystatechange', 'progress', 'load', 'error', 'abort', 'timeout'];

/** Watches XMLHttpRequest by its own progress events; uploads are left alone (listening would force a preflight). */
export function patchXhr(patches: Patches, recorder: Recorder): void {
  if (!globalThis.XMLHttpRequest) return;
  const { prototype } = XMLHttpRequest;
  const exchanges = safeWeakMap<object, Exchange>();

  patches.method(prototype, 'open', (target, self, args) => {
    // Reopening ends a running request without any event.
    const before = exchanges.get(self as object);
    const result = apply(target, self, args);
    attempt(() => {
      if (before?.stream) finish(before, 'aborted');
      exchanges.set(self as object, {
        method: normalMethod(args[0]),
        url: absoluteUrl(args[1]),
        headers: [],
        stream: null,
        headSeen: false,
        reported: 0,
        taken: 0,
      });
    });
    return result;
  });

  patches.method(prototype, 'setRequestHeader', (target, self, args) => {
    const result = apply(target, self, args);
    const exchange = exchanges.get(self as object);
    const name = args[0];
    const value = typeof args[1] === 'number' ? `${args[1]}` : args[1];
    if (exchange && typeof name === 'string' && typeof value === 'string')
      append(exchange.headers, [shorten(name), shorten(value)]);
    return result;
  });

  patches.method(prototype, 'send', (target, self, args) => {
    const exchange = exchanges.get(self as object);
    if (!exchange || exchange.stream || exchange.url === null) return apply(target, self, args);
    attempt(() => begin(self as object, exchange, args[0]));
    try {
      return apply(target, self, args);
    } catch (error) {
      // A synchronous request throws where another would fire `error`.
      attempt(() => finish(exchange, 'refused'));
      throw error;
    }
  });

  function begin(xhr: object, exchange: Exchange, data: unknown): void {
    if (readyState(xhr) !== 1) return;
    const stream = recorder.start(
      'xhr',
      0,
      plainRequest(
        now(),
        exchange.method,
        exchange.url!,
        exchange.headers,
        bodyInfo(data),
        withCredentials(xhr) ? 'include' : 'same-origin',
        null,
        null,
        [],
      ),
    );
    exchange.stream = stream;
    for (let i = 0; i < EVENTS.length; i++) addListener(xhr, EVENTS[i]!, onEvent);
    stream.release = () => {
      for (let i = 0; i < EVENTS.length; i++) removeListener(xhr, EVENTS[i]!, onEvent);
    };
  }

  function onEvent(event: Event): void {
    attempt(() => {
      // The browser's own property of every event: the page cannot forge it.
      if (!event.isTrusted) return;
      const xhr = eventTarget(event);
      const exchange = exchanges.get(xhr);
      if (!exchange?.stream) return;
      const type = eventType(event);
      if (type === 'readystatechange') onHead(xhr, exchange);
      else if (type === 'progress') onBytes(xhr, exchange, loaded(event));
      else if (type === 'load') {
        onHead(xhr, exchange);
        onBytes(xhr, exchange, loaded(event));
        finish(exchange, 'complete', null, loaded(event));
      } else if (type === 'error') finish(exchange, exchange.headSeen ? 'error' : 'refused');
      // The page's own time limit is the page's own decision, as `AbortSignal.timeout()` is.
      else finish(exchange, 'aborted', type === 'timeout' ? 'TimeoutError' : 'AbortError');
    });
  }

  function onHead(xhr: object, exchange: Exchange): void {
    if (exchange.headSeen || readyState(xhr) < 2 || status(xhr) === 0) return;
    exchange.headSeen = true;
    const url = responseUrl(xhr);
    const requested = exchange.url!;
    const hash = indexOf(requested, '#');
    recorder.head(exchange.stream!, {
      atMs: now(),
      status: status(xhr),
      statusText: shorten(statusText(xhr)),
      headers: parseHeaders(allHeaders(xhr)),
      responseType: null,
      url: shorten(url),
      redirected: url !== (hash < 0 ? requested : substring(requested, 0, hash)),
    });
    removeListener(xhr, 'readystatechange', onEvent);
  }

  /** `total` bytes are there now. Text is taken while the stream's payload has room, so its cost stays bounded. */
  function onBytes(xhr: object, exchange: Exchange, total: number): void {
    const stream = exchange.stream!;
    const atMs = now();
    const fresh = total - exchange.reported;
    const room = recorder.payloadRoom(stream);
    let bytes: Uint8Array | null = null;
    let length = 0;
    if (exchange.taken >= 0 && isText(xhr)) {
      if (room > 0) {
        const text = responseText(xhr);
        const tail = substring(text, exchange.taken);
        const whole = fresh <= room;
        // Three bytes more: a character that the network cut in two is held back and comes with the next bytes.
        const encoded = encodeText(whole ? tail : substring(tail, 0, room), whole ? fresh + 3 : room * 3);
        exchange.taken = text.length;
        if (encoded && whole) {
          // For the same reason the text's own length is the honest one.
          exchange.reported += encoded.length;
          if (encoded.length > 0)
            recorder.chunk(stream, atMs, -1, encoded.length, encoded.bytes, 0, encoded.length);
          return;
        }
        if (encoded) {
          bytes = encoded.bytes;
          length = min(encoded.length, fresh);
        } else exchange.taken = -1; // Longer as UTF-8 than on the wire: another charset. Sizes only from here on.
      } else exchange.taken = -1;
      if (fresh > 0) recorder.loss(stream, 'payload-capped');
    }
    if (fresh <= 0) return;
    exchange.reported = total;
    recorder.chunk(stream, atMs, -1, fresh, bytes, 0, length);
  }

  function isText(xhr: object): boolean {
    const type = responseType(xhr);
    return type === '' || type === 'text';
  }

  function finish(
    exchange: Exchange,
    kind: 'complete' | 'error' | 'aborted' | 'refused',
    message: string | null = null,
    byteLength: number | null = null,
  ): void {
    const { stream } = exchange;
    exchange.stream = null;
    if (stream) recorder.end(stream, kind, message, byteLength);
  }
}

function parseHeaders(text: string): [string, string][] {
  const lines = split(text, '\r\n');
  const headers: [string, string][] = [];
  for (let i = 0; i < lines.length && i < 256; i++) {
    const line = lines[i]!;
    const colon = indexOf(line, ':');
    if (colon > 0)
      append(headers, [toLowerCase(substring(line, 0, colon)), shorten(trim(substring(line, colon + 1)))]);
  }
  return headers;
}
