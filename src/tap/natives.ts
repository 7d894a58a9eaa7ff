/**
 * The browser's own functions, taken before the page can replace them. Everything the tap does later goes through
 * these: pages patch prototypes, freeze clocks and put setters on Object.prototype. For the same reason what runs later
 * in this folder has no `for … of`, no spread, no array destructuring and no assignment that could meet an inherited
 * setter, and every descriptor, handler and dictionary has a null prototype.
 *
 * Properties that end in `_` are the tap's own: the build gives them names of one letter.
 */

export const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } =
  Reflect;
export const { min } = Math;
export const { hasOwn } = Object;
const { bind, call } = Function.prototype;

/** `uncurry(f)(self, ...args)` is `f.call(self, ...args)`, without looking up `call`. */
const uncurry = bind.bind(call as never) as unknown as (method: unknown) => unknown;
const bound = bind.call.bind(bind as never) as unknown as <F>(method: F, self: unknown) => F;

const globals = globalThis as unknown as Record<string, { prototype: object } | undefined>;

export const prototypeOf = (className: string): object | undefined => globals[className]?.prototype;

/** Where `key` is defined: `holder` itself, or above it when somebody has put a subclass in the browser's place. */
export function ownerOf(holder: object | null | undefined, key: PropertyKey): object | null | undefined {
  while (holder && !hasOwn(holder, key)) holder = getPrototypeOf(holder);
  return holder;
}

/**
 * Members of a global class by their names, each to be called with its object first. They throw on a wrong object, as
 * the browser's own do; one that this browser lacks throws whenever it is called.
 */
function members<T>(className: string, names: string, part: 'value' | 'get'): T {
  return names.split(' ').map((name) => {
    const holder = ownerOf(prototypeOf(className), name);
    return holder && uncurry(getOwnPropertyDescriptor(holder, name)![part]);
  }) as T;
}

export const methods = <T>(className: string, names: string): T => members(className, names, 'value');
/** Getters: `Gets<[string, number]>` are one of a string and one of a number. */
export const getters = <T extends unknown[]>(className: string, names: string): Gets<T> =>
  members(className, names, 'get');
export type Gets<T extends unknown[]> = { [Index in keyof T]: (self: unknown) => T[Index] };

export const NativeProxy = Proxy;
export const NativeURL = URL;
export const Bytes = Uint8Array;
export const Numbers = Float64Array;
export const NativeBuffer = ArrayBuffer;
export const NativeWeakMap = WeakMap;
const NativePromise = Promise;
const promisePrototype = NativePromise.prototype;

/** `performance.now()` as it was. */
export const now = bound(performance.now, performance);
export const setTimer = bound(setTimeout, globalThis) as unknown as (run: () => void, ms: number) => number;
export const clearTimer = bound(clearTimeout, globalThis);

type Listen = (target: unknown, type: string, run: (event: Event) => void, capture?: boolean) => void;
export const [addListener, removeListener, dispatch] = methods<
  [Listen, Listen, (target: unknown, event: Event) => boolean]
>('EventTarget', 'addEventListener removeEventListener dispatchEvent');
export const [eventType, eventTarget] = getters<[string, object]>('Event', 'type currentTarget');
export const [eventData, eventId] = getters<[unknown, string]>('MessageEvent', 'data lastEventId');

export const [getKnown, setKnown, forget] = methods<
  [
    <V>(map: WeakMap<object, V>, key: unknown) => V | undefined,
    <V>(map: WeakMap<object, V>, key: unknown, value: V) => void,
    (map: WeakMap<object, unknown>, key: unknown) => void,
  ]
>('WeakMap', 'get set delete');
export const [charCodeAt, substring] = methods<
  [(text: string, at: number) => number, (text: string, from: number, to?: number) => string]
>('String', 'charCodeAt substring');
/** `exec` of a pattern without the `g` and `y` flags, so that it keeps no position. */
export const [match] = methods<[(pattern: RegExp, text: string) => RegExpExecArray | null]>('RegExp', 'exec');
export const [setBytes] = methods<[(to: ArrayBufferView, from: ArrayBufferView, at?: number) => void]>(
  'Uint8Array',
  'set',
);
/** An array of own properties: a setter that the page put on Array.prototype does not see them. */
export const arrayFrom = bound(Array.from, Array) as <T>(
  source: object,
  map: (_: unknown, index: number) => T,
) => T[];

type View = Gets<[number, ArrayBuffer, number]>;
const VIEW = 'byteLength buffer byteOffset';
const [typedSize, typedBuffer, typedOffset] = getters('Uint8Array', VIEW) as View;
const [viewSize, viewBuffer, viewOffset] = getters('DataView', VIEW) as View;
const [bufferSize] = getters<[number]>('ArrayBuffer', 'byteLength');
const [blobSize] = getters<[number]>('Blob', 'size');
const { isView } = ArrayBuffer;

/** What a getter gives; undefined when the object is not of its kind. */
export function tryGet<T>(get: (self: unknown) => T, self: unknown): T | undefined {
  try {
    return get(self);
  } catch {
    // Not of this kind, or not in this browser.
  }
}

/** Length in bytes of a view or buffer; undefined for anything else. */
export const sizeOf = (value: unknown): number | undefined =>
  isView(value) ? (tryGet(typedSize, value) ?? viewSize(value)) : tryGet(bufferSize, value);

/** The same of a Blob too. */
export const fullSizeOf = (value: unknown): number | undefined => sizeOf(value) ?? tryGet(blobSize, value);

/** `length` bytes of a view or buffer, `from` on, not copied. */
export const bytesOf = (value: unknown, from: number, length: number): Uint8Array =>
  isView(value)
    ? new Bytes(
        tryGet(typedBuffer, value) ?? viewBuffer(value),
        (tryGet(typedOffset, value) ?? viewOffset(value)) + from,
        length,
      )
    : new Bytes(value as ArrayBuffer, from, length);

/** The value of an own data property; getters are never run, because the page could count them. */
export function ownValue(object: unknown, key: PropertyKey): unknown {
  const found = typeof object === 'object' && object && getOwnPropertyDescriptor(object, key);
  return found && hasOwn(found, 'value') ? found.value : undefined;
}

/** The observer's trouble is never the page's. */
export function attempt<T>(observe: (value: T) => void, value?: T): void {
  try {
    observe(value as T);
  } catch {
    // The page goes on as if nobody had looked.
  }
}

export const safely =
  <T>(observe: (value: T) => void) =>
  (value: T): void =>
    attempt(observe, value);

const [then] = methods<
  [<T, R>(promise: Promise<T>, ok: (value: T) => R, bad: (error: unknown) => R) => Promise<R>]
>('Promise', 'then');
const { species } = Symbol;
const nativeSpecies = getOwnPropertyDescriptor(NativePromise, species)!.get;
let speciesIntact = true;
/**
 * Looks whether the page has given promises another constructor or species, without running what it put there: asked
 * once for each stream, not for each read.
 */
export function checkSpecies(): void {
  speciesIntact =
    ownValue(promisePrototype, 'constructor') === NativePromise &&
    getOwnPropertyDescriptor(NativePromise, species)!.get === nativeSpecies;
}

function react<T, R>(promise: Promise<T>, ok: (value: T) => R, bad: (error: unknown) => R): Promise<R> {
  try {
    // Promises of other libraries keep their class.
    if (getPrototypeOf(promise) !== promisePrototype) return promise.then(ok, bad);
    if (!speciesIntact)
      defineProperty(promise, 'constructor', {
        __proto__: null,
        value: { __proto__: null, [species]: NativePromise },
      } as PropertyDescriptor);
    return then(promise, ok, bad);
  } catch {
    return promise as unknown as Promise<R>;
  }
}

/**
 * The promise the page gets in place of `promise`: same outcome, after `ok` or `bad` has looked at it. A reaction on
 * the side would mark the page's promise as handled and swallow its `unhandledrejection`, so the page gets the derived
 * one.
 */
export const derive = <T>(
  promise: Promise<T>,
  ok: (value: T) => void,
  bad: (error: unknown) => void,
): Promise<T> =>
  react(
    promise,
    (value) => {
      attempt(ok, value);
      return value;
    },
    (error) => {
      attempt(bad, error);
      throw error;
    },
  );

/** Looks at the outcome of a promise that the page never sees. Never rejects. */
export const watch = <T>(
  promise: Promise<T>,
  ok: (value: T) => void,
  bad: (error: unknown) => void,
): Promise<void> =>
  react(
    promise,
    (value) => attempt(ok, value),
    (error) => attempt(bad, error),
  );

const [encodeInto] = methods<
  [(self: TextEncoder, text: string, target: Uint8Array) => { read: number; written: number }]
>('TextEncoder', 'encodeInto');
const [decode] = methods<[(self: TextDecoder, bytes: Uint8Array) => string]>('TextDecoder', 'decode');
const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Longest piece of text whose UTF-8 form always fits the scratch bytes (3 bytes for each UTF-16 unit). */
const PIECE = 5000;
let scratch: Uint8Array | undefined;

/** Length of `text` in UTF-8. Encodes in pieces: long strings would be copied whole by every call otherwise. */
export function utf8Length(text: string): number {
  scratch ??= new Bytes(PIECE * 3);
  const { length } = text;
  let total = 0;
  for (let at = 0; at < length; ) {
    let end = min(at + PIECE, length);
    // Never between the halves of a surrogate pair.
    if (end < length && (charCodeAt(text, end - 1) & 0xfc00) === 0xd800) end--;
    total += encodeInto(encoder, substring(text, at, end), scratch).written;
    at = end;
  }
  return total;
}

/** At most `maxBytes` of the UTF-8 of `text`, and how many UTF-16 units that is. */
export function encodeText(
  text: string,
  maxBytes: number,
): { bytes_: Uint8Array; length_: number; units_: number } {
  // What does not fit is not encoded, but a long string would be copied whole by the call.
  const head = substring(text, 0, maxBytes);
  const bytes = new Bytes(min(head.length * 3, maxBytes));
  const { read, written } = encodeInto(encoder, head, bytes);
  return { bytes_: bytes, length_: written, units_: read };
}

/** At most `maxBytes` UTF-8 bytes of `text`, as a string of its own that does not keep the whole alive. */
export function cutText(text: string, maxBytes: number): string {
  const { bytes_, length_ } = encodeText(text, maxBytes);
  return decode(decoder, bytesOf(bytes_, 0, length_));
}
