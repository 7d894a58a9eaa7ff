import {
  append,
  cutText,
  getPrototypeOf,
  getters,
  match,
  methods,
  NativeURL,
  ownKeys,
  ownValue,
  sizeOf,
  substring,
  toUpperCase,
  utf8Length,
} from './primordials';
import type { StartInfo } from './recorder';

const MAX_TEXT = 8192;
const MAX_HEADERS = 256;
const MAX_BODY_BYTES = 16 * 1024;

const urlHref = getters('URL')<string>('href');
const baseUri = getters('Node')<string>('baseURI');
const anchorHref = getters('HTMLAnchorElement')<string>('href');
const paramsToString = methods('URLSearchParams')<(self: unknown) => string>('toString');
const blobSize = getters('Blob')<number>('size');
const requestGetter = getters('Request');
const requestUrl = requestGetter<string>('url');
const requestMethod = requestGetter<string>('method');
const requestHeaders = requestGetter<Headers>('headers');
const requestCredentials = requestGetter<string>('credentials');
const requestMode = requestGetter<string>('mode');
const requestSignal = requestGetter<AbortSignal>('signal');
const forEachHeader =
  methods('Headers')<(self: unknown, run: (value: string, name: string) => void) => void>('forEach');
const signalAborted = getters('AbortSignal')<boolean>('aborted');
const host = location;
const page = document;

/** An address whose text only the page's own `toString` could give; the response tells the real one. */
const UNKNOWN_URL = 'about:invalid';

export const shorten = (text: string): string =>
  text.length > MAX_TEXT ? substring(text, 0, MAX_TEXT) : text;

/** Absolute form of what the page gave as an address; null when the browser would refuse it too. */
export function absoluteUrl(input: unknown): string | null {
  if (typeof input === 'object' && input !== null) {
    if (input === host) return shorten(host.href);
    const known = tryGet(urlHref, input) ?? tryGet(anchorHref, input);
    return known === null ? UNKNOWN_URL : shorten(known);
  }
  if (typeof input === 'symbol') return null;
  try {
    return shorten(urlHref(new NativeURL(`${input as string}`, baseUri(page))));
  } catch {
    return null;
  }
}

export function tryGet<T>(get: (self: unknown) => T, self: unknown): T | null {
  try {
    return get(self);
  } catch {
    return null;
  }
}

/** Headers from a Headers object, an array of pairs or a record, without running any code of the page. */
export function headerPairs(headers: unknown): [string, string][] {
  const pairs: [string, string][] = [];
  const add = (name: unknown, value: unknown) => {
    if (typeof value === 'number') value = `${value}`;
    if (typeof name === 'string' && typeof value === 'string' && pairs.length < MAX_HEADERS)
      append(pairs, [shorten(name), shorten(value)]);
  };
  if (typeof headers !== 'object' || headers === null) return pairs;
  try {
    forEachHeader(headers, (value, name) => add(name, value));
    return pairs;
  } catch {
    // Not a Headers object.
  }
  const length = ownValue(headers, 'length');
  if (typeof length === 'number') {
    for (let i = 0; i < length && i < MAX_HEADERS; i++) {
      const pair = ownValue(headers, i);
      add(ownValue(pair, 0), ownValue(pair, 1));
    }
  } else {
    const keys = ownKeys(headers);
    for (let i = 0; i < keys.length && i < MAX_HEADERS; i++) add(keys[i], ownValue(headers, keys[i]!));
  }
  return pairs;
}

/** The text (cut) and size of a body; nothing is consumed. */
export function bodyInfo(body: unknown): { text: string | null; byteLength: number } {
  if (typeof body === 'object' && body !== null) {
    const params = tryGet(paramsToString, body);
    if (params !== null) return textInfo(params);
    const size = sizeOf(body);
    return { text: null, byteLength: size >= 0 ? size : (tryGet(blobSize, body) ?? 0) };
  }
  return typeof body === 'string' ? textInfo(body) : NO_BODY;
}

function textInfo(text: string): { text: string; byteLength: number } {
  const byteLength = utf8Length(text);
  return { text: byteLength > MAX_BODY_BYTES ? cutText(text, MAX_BODY_BYTES) : text, byteLength };
}

const NORMALISED = /^(delete|get|head|options|post|put)$/i;

/** The browser upper-cases exactly these; `patch` stays `patch`. */
export function normalMethod(value: unknown): string {
  if (typeof value !== 'string') return 'GET';
  return match(NORMALISED, value) ? toUpperCase(value) : shorten(value);
}

/** The description of a request of which nothing but this is known. */
export function plainRequest(
  atMs: number,
  method: string,
  url: string,
  headers: [string, string][],
  body: { text: string | null; byteLength: number },
  credentials: StartInfo['credentials'],
  mode: string | null,
  hasAbortSignal: boolean | null,
  protocols: string[],
): StartInfo {
  return {
    atMs,
    method,
    url,
    headers,
    body: body.text,
    bodyByteLength: body.byteLength,
    credentials,
    mode,
    hasAbortSignal,
    protocols,
  };
}

export const NO_BODY = { text: null, byteLength: 0 };

type Credentials = StartInfo['credentials'];
const credentialsMode = (value: unknown): Credentials =>
  value === 'omit' || value === 'same-origin' || value === 'include' ? value : null;

/**
 * What can be known of `fetch(...args)` without touching it: own data properties only, no getter of the page's, no
 * body. Null when it is no request at all. `signal` is the page's AbortSignal when it passed one, or the Request's own.
 */
export function fetchInfo(args: unknown[], atMs: number): { info: StartInfo; signal: unknown } | null {
  if (args.length === 0) return null;
  const input = args[0];
  const init = args[1];
  const fromRequest = tryGet(requestUrl, input);
  const isRequest = fromRequest !== null;
  const url = fromRequest === null ? absoluteUrl(input) : shorten(fromRequest);
  if (url === null) return null;
  const own = (key: string) => ownValue(init, key);
  const headers = own('headers');
  const signal = own('signal');
  const hasSignal = tryGet(signalAborted, signal) !== null;
  // A class instance or another Request as init keeps its values behind getters: unknown, not absent.
  const plain = init === undefined || init === null || isPlain(init);
  const givenMethod = own('method');
  const mode = own('mode');
  return {
    // A Request's own signal follows the page's: a reason of the page's choosing tells nothing by itself.
    signal: hasSignal ? signal : isRequest ? requestSignal(input) : null,
    info: plainRequest(
      atMs,
      isRequest && givenMethod === undefined ? requestMethod(input) : normalMethod(givenMethod),
      url,
      headerPairs(headers === undefined && isRequest ? requestHeaders(input) : headers),
      bodyInfo(own('body')),
      credentialsMode(own('credentials')) ??
        (isRequest ? credentialsMode(requestCredentials(input)) : plain ? 'same-origin' : null),
      typeof mode === 'string' ? shorten(mode) : isRequest ? requestMode(input) : plain ? 'cors' : null,
      // Every Request has a signal of its own: it does not say whether the page passed one.
      hasSignal ? true : isRequest || !plain ? null : false,
      [],
    ),
  };
}

const objectPrototype = Object.prototype;
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = getPrototypeOf(value);
  return prototype === null || prototype === objectPrototype;
}

export { forEachHeader, signalAborted };
