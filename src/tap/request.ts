import { START_PLAIN, START_REQUEST, START_SIGNAL } from '../protocol/wire';
import {
  cutText,
  fullSizeOf,
  type Gets,
  getPrototypeOf,
  getters,
  match,
  methods,
  NativeURL,
  ownKeys,
  ownValue,
  tryGet,
  utf8Length,
} from './natives';

/** What can be said of a request or an error without touching it: own data properties and the browser's own getters. */

const [baseUri] = getters<[string]>('Node', 'baseURI');
const [urlHref] = getters<[string]>('URL', 'href');
const [paramsToString] = methods<[(self: unknown) => string]>('URLSearchParams', 'toString');
const [requestUrl, requestMethod, requestHeaders, requestCredentials, requestMode, requestSignal]: Gets<
  unknown[]
> = getters('Request', 'url method headers credentials mode signal');
const [forEachHeader] = methods<[(self: unknown, run: (value: string, name: string) => void) => void]>(
  'Headers',
  'forEach',
);
export const [signalAborted] = getters<[boolean]>('AbortSignal', 'aborted');
const [exceptionName, exceptionMessage] = getters<[string, string]>('DOMException', 'name message');

const MAX_HEADERS = 256;
const MAX_BODY_BYTES = 16 * 1024;
const objectPrototype = Object.prototype;

/** Absolute form of what the page gave as an address; undefined when the browser would refuse it too. */
export function absoluteUrl(input: unknown): unknown {
  // Where only the page's own `toString` could tell: the response says the real one.
  if (typeof input === 'object' && input)
    return tryGet(requestUrl!, input) ?? tryGet(urlHref, input) ?? 'about:invalid';
  // The document of now: a window keeps its tap when its first about:blank gives way to a page of the same origin.
  return tryGet(() => urlHref(new NativeURL(`${input as string}`, baseUri(document))), input);
}

/** Lines of `name: value` from a Headers object, an array of pairs or a record. */
export function headerText(headers: unknown): string {
  let text = '';
  const add = (value: unknown, name: unknown) => {
    if (
      typeof name === 'string' &&
      name !== 'length' &&
      (typeof value === 'string' || typeof value === 'number')
    )
      text += `${name}: ${value}\r\n`;
  };
  if (typeof headers !== 'object' || !headers) return text;
  try {
    forEachHeader(headers, add);
  } catch {
    const keys = ownKeys(headers);
    for (let i = 0; i < keys.length && i < MAX_HEADERS; i++) {
      const one = ownValue(headers, keys[i]!);
      add(one, keys[i]);
      add(ownValue(one, 1), ownValue(one, 0));
    }
  }
  return text;
}

/** The text (cut) of a body, if it is one, and its size; nothing is consumed. */
export function bodyOf(body: unknown): { text_: unknown; size_: number } {
  const text = body && typeof body === 'object' ? tryGet(paramsToString, body) : body;
  if (typeof text !== 'string') return { text_: null, size_: (body ? fullSizeOf(body) : 0) ?? 0 };
  const size = utf8Length(text);
  return { text_: size > MAX_BODY_BYTES ? cutText(text, MAX_BODY_BYTES) : text, size_: size };
}

/** What `fetch(input, init)` asks for; undefined when it is no request at all. */
export interface Asked {
  note_: unknown[];
  bodyByteLength_: number;
  /** The page's AbortSignal when it passed one, or the Request's own, which follows the page's. */
  signal_: unknown;
}

/** `kind` is an index of `KINDS`. */
export function askedBy(kind: number, input: unknown, init: unknown): Asked | undefined {
  const url = absoluteUrl(input);
  if (url === undefined) return;
  const own = (key: string) => ownValue(init, key);
  const of = (get: ((self: unknown) => unknown) | undefined) => isRequest && tryGet(get!, input);
  const isRequest = tryGet(requestUrl!, input) !== undefined;
  const given = own('signal');
  const hasSignal = tryGet(signalAborted, given) !== undefined;
  const { text_, size_ } = bodyOf(own('body'));
  // A class instance or another Request as init keeps its values behind getters: unknown, not absent.
  const isPlain = !init || getPrototypeOf(init) === objectPrototype || !getPrototypeOf(init);
  return {
    note_: [
      kind,
      url,
      headerText(own('headers') ?? of(requestHeaders)),
      text_,
      own('method') ?? of(requestMethod),
      own('credentials') ?? of(requestCredentials),
      own('mode') ?? of(requestMode),
      (hasSignal ? START_SIGNAL : 0) + (isRequest ? START_REQUEST : 0) + (isPlain ? START_PLAIN : 0),
    ],
    bodyByteLength_: size_,
    signal_: hasSignal ? given : of(requestSignal),
  };
}

/** An `EndNote` of an error: its name and message, without running a getter of the page's. */
export function errorNote(error: unknown): [name: unknown, message: unknown] {
  let name: unknown = tryGet(exceptionName, error);
  // A Proxy could have prototypes without end.
  let holder = error;
  for (let depth = 0; depth < 5 && !name && typeof holder === 'object' && holder; depth++) {
    name = ownValue(holder, 'name');
    holder = getPrototypeOf(holder);
  }
  return [name, tryGet(exceptionMessage, error) ?? ownValue(error, 'message')];
}

/** Whether the network failed. Chromium words it so; other errors of a whole body are the page's parser's. */
export function isNetworkError(error: unknown): boolean {
  const [name, message] = errorNote(error);
  return name === 'AbortError' || match(/network error|Failed to fetch/, `${message as string}`) !== null;
}
