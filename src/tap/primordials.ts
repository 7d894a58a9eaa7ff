/**
 * The browser's own functions, taken before the page can replace them. Everything the tap does later goes through
 * these: pages patch prototypes, freeze clocks and put setters on Object.prototype. For the same reason this folder
 * writes no `for … of`, no spread, no array destructuring and no assignment that could meet an inherited setter, and
 * every descriptor, handler and dictionary has a null prototype.
 */

export const { apply, construct, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } =
  Reflect;
export const { min } = Math;
export const hasOwn = Object.hasOwn;
const { bind, call } = Function.prototype;

type Method<Self, Args extends unknown[], Result> = (this: Self, ...args: Args) => Result;

/** `uncurry(f)(self, ...args)` is `f.call(self, ...args)`, without looking up `call`. */
export const uncurry = bind.bind(call as never) as unknown as <Self, Args extends unknown[], Result>(
  method: Method<Self, Args, Result>,
) => (self: Self, ...args: Args) => Result;

const globals = globalThis as unknown as Record<string, { prototype: object } | undefined>;

export const prototypeOf = (className: string): object | undefined => globals[className]?.prototype;

/** Where `key` is defined: `holder` itself, or above it when somebody has put a subclass in the browser's place. */
export function ownerOf(holder: object | null | undefined, key: PropertyKey): object | undefined {
  while (holder && !hasOwn(holder, key)) holder = getPrototypeOf(holder);
  return holder ?? undefined;
}

const missing = (): never => {
  throw new TypeError('Not in this browser');
};

/**
 * Gives methods of a global class, to be called as `f(self, ...args)`; a method that the browser lacks throws when it
 * is called.
 */
export function methods(
  className: string,
): <F extends (self: never, ...args: never[]) => unknown>(key: string) => F {
  return (key) => native(className, key, 'value') as never;
}

/** Gives getters of a global class, to be called as `f(self)`; they throw on a wrong object, as the browser's own do. */
export function getters(className: string): <T>(key: string) => (self: unknown) => T {
  return (key) => native(className, key, 'get') as never;
}

function native(className: string, key: string, part: 'value' | 'get'): unknown {
  const holder = ownerOf(prototypeOf(className), key);
  const found = holder && getOwnPropertyDescriptor(holder, key)?.[part];
  return typeof found === 'function' ? uncurry(found) : missing;
}

export const NativeProxy = Proxy;
export const NativeURL = URL;
export const NativeError = TypeError;
export const ByteArray = Uint8Array;
export const NumberArray = Float64Array;
export const Bytes = ArrayBuffer;
const NativeWeakMap = WeakMap;
const NativeSet = Set;
const NativeWeakRef = WeakRef;
const NativePromise = Promise;
const promisePrototype = Promise.prototype;

/** `performance.now()` as it was. */
export const now: () => number = bind.call(performance.now, performance) as () => number;
export const setTimer = bind.call(setTimeout, globalThis) as (run: () => void, delayMs: number) => number;
export const clearTimer = bind.call(clearTimeout, globalThis) as (id: number) => void;
const eventTargetMethod = methods('EventTarget');
export const addListener =
  eventTargetMethod<(target: unknown, type: string, run: (event: Event) => void, capture?: boolean) => void>(
    'addEventListener',
  );
export const removeListener =
  eventTargetMethod<(target: unknown, type: string, run: (event: Event) => void, capture?: boolean) => void>(
    'removeEventListener',
  );

export const setBytes = uncurry(Uint8Array.prototype.set) as (
  target: Uint8Array | Float64Array,
  source: Uint8Array | Float64Array,
  at?: number,
) => void;
const charCodeAt = uncurry(String.prototype.charCodeAt);
export const substring = uncurry(String.prototype.substring);
export const indexOf = uncurry(String.prototype.indexOf);
export const toLowerCase = uncurry(String.prototype.toLowerCase);
export const toUpperCase = uncurry(String.prototype.toUpperCase);
export const trim = uncurry(String.prototype.trim);
/** `exec` of a pattern without the `g` and `y` flags, so that it keeps no position. */
export const match = uncurry(RegExp.prototype.exec);
export const split = uncurry(String.prototype.split) as unknown as (
  text: string,
  separator: string,
) => string[];
const arrayFrom = bind.call(Array.from, Array) as <T>(
  source: object,
  map: (_: unknown, i: number) => T,
) => T[];

const typedPrototype = getPrototypeOf(Uint8Array.prototype) as object;
const typedGetter = <T>(key: string) =>
  uncurry(getOwnPropertyDescriptor(typedPrototype, key)!.get!) as (self: unknown) => T;
const typedBuffer = typedGetter<ArrayBuffer>('buffer');
const typedByteOffset = typedGetter<number>('byteOffset');
const typedByteLength = typedGetter<number>('byteLength');
const dataViewGetter = getters('DataView');
const viewBuffer = dataViewGetter<ArrayBuffer>('buffer');
const viewByteOffset = dataViewGetter<number>('byteOffset');
const viewByteLength = dataViewGetter<number>('byteLength');
const isView = ArrayBuffer.isView;
const bufferByteLength = getters('ArrayBuffer')<number>('byteLength');

/** Length in bytes of a view or buffer; -1 for anything else. */
export function sizeOf(value: unknown): number {
  try {
    if (!isView(value)) return bufferByteLength(value);
    try {
      return typedByteLength(value);
    } catch {
      return viewByteLength(value);
    }
  } catch {
    return -1;
  }
}

/** `length` bytes of a view or buffer, `from` on, not copied. */
export function bytesOf(value: unknown, from: number, length: number): Uint8Array<ArrayBuffer> {
  if (!isView(value)) return new ByteArray(value as ArrayBuffer, from, length);
  try {
    return new ByteArray(typedBuffer(value), typedByteOffset(value) + from, length);
  } catch {
    return new ByteArray(viewBuffer(value), viewByteOffset(value) + from, length);
  }
}

/** Takes methods now, and puts them on objects themselves later: changes to the prototype do not reach those. */
function pinner(prototype: object, keys: string[]): <T extends object>(object: T) => T {
  const pinned = keys.map((key) => ({
    __proto__: null,
    value: getOwnPropertyDescriptor(prototype, key)?.value,
  }));
  return (object) => {
    for (let i = 0; i < keys.length; i++) defineProperty(object, keys[i]!, pinned[i] as PropertyDescriptor);
    return object;
  };
}

const pinWeakMap = pinner(NativeWeakMap.prototype, ['get', 'set', 'delete']);
const pinSet = pinner(NativeSet.prototype, ['add', 'has', 'delete', 'forEach', 'clear']);
export const safeWeakMap = <K extends object, V>(): WeakMap<K, V> => pinWeakMap(new NativeWeakMap<K, V>());
export const safeSet = <T>(): Set<T> => pinSet(new NativeSet<T>());
const derefWeak = uncurry(WeakRef.prototype.deref);
export const weakly = <T extends object>(target: T): (() => T | undefined) => {
  const ref = new NativeWeakRef(target);
  return () => derefWeak(ref) as T | undefined;
};

/** Appends as an own property: a setter that the page put on Array.prototype must not see it. */
export function append<T>(list: T[], value: T): void {
  defineProperty(list, list.length, {
    __proto__: null,
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  } as PropertyDescriptor);
}

/** An array of own properties. */
export function listOf<T>(length: number, item: (index: number) => T): T[] {
  return arrayFrom({ __proto__: null, length } as object, (_, index) => item(index));
}

/** The value of an own data property; getters are never run, because the page could count them. */
export function ownValue(object: unknown, key: PropertyKey): unknown {
  if (typeof object !== 'object' || object === null) return undefined;
  const descriptor = getOwnPropertyDescriptor(object, key);
  return descriptor && hasOwn(descriptor, 'value') ? descriptor.value : undefined;
}

const then =
  methods('Promise')<
    <T, R>(promise: Promise<T>, ok: (value: T) => R, bad: (error: unknown) => R) => Promise<R>
  >('then');
const { species } = Symbol;
const nativeSpecies = getOwnPropertyDescriptor(NativePromise, species)!.get;
let speciesIntact = true;
/**
 * Looks whether the page has given promises another constructor or species, without running what it put there: asked
 * once for each stream, not for each read.
 */
export function checkSpecies(): void {
  speciesIntact =
    getOwnPropertyDescriptor(promisePrototype, 'constructor')?.value === NativePromise &&
    getOwnPropertyDescriptor(NativePromise, species)?.get === nativeSpecies;
}
const plainSpecies = { __proto__: null, [species]: NativePromise };

/**
 * The promise the page gets in place of `promise`: same outcome, after `ok` or `bad` has looked at it. A reaction on
 * the side would mark the page's promise as handled and swallow its `unhandledrejection`, so the page gets the derived
 * one. Promises of other libraries keep their class.
 */
export function derive<T>(
  promise: Promise<T>,
  ok: (value: T) => void,
  bad: (error: unknown) => void,
): Promise<T> {
  const pass = (value: T): T => {
    attempt(ok, value);
    return value;
  };
  const fail = (error: unknown): never => {
    attempt(bad, error);
    throw error;
  };
  return react(promise, pass, fail);
}

/** Looks at the outcome of a promise that the page never sees. Never rejects. */
export function watch<T>(
  promise: Promise<T>,
  ok: (value: T) => void,
  bad: (error: unknown) => void,
): Promise<unknown> {
  return react<T, void>(
    promise,
    (value) => attempt(ok, value),
    (error) => attempt(bad, error),
  );
}

/** The observer's trouble is never the page's. */
export function attempt<T>(observe: (value: T) => void, value?: T): void {
  try {
    observe(value as T);
  } catch {
    // Nothing to do: the page goes on as if nobody had looked.
  }
}

function react<T, R>(promise: Promise<T>, ok: (value: T) => R, bad: (error: unknown) => R): Promise<R> {
  try {
    if (getPrototypeOf(promise) !== promisePrototype) return promise.then(ok, bad);
    if (!speciesIntact) {
      defineProperty(promise, 'constructor', { __proto__: null, value: plainSpecies } as PropertyDescriptor);
    }
    return then(promise, ok, bad);
  } catch {
    return promise as unknown as Promise<R>;
  }
}

const encodeInto =
  methods('TextEncoder')<
    (self: TextEncoder, text: string, target: Uint8Array) => { read: number; written: number }
  >('encodeInto');
const decode = methods('TextDecoder')<(self: TextDecoder, bytes: Uint8Array) => string>('decode');
const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** Longest piece of text whose UTF-8 form always fits the scratch bytes (3 bytes for each UTF-16 unit). */
const PIECE = 5000;
const scratch = new ByteArray(PIECE * 3);

/** Length of `text` in UTF-8. Encodes in pieces: long strings would be copied whole by every call otherwise. */
export function utf8Length(text: string): number {
  const { length } = text;
  if (length <= 256) {
    let i = 0;
    while (i < length && charCodeAt(text, i) < 128) i++;
    if (i === length) return length;
  }
  let total = 0;
  for (let at = 0; at < length; ) {
    let end = at + PIECE;
    if (end < length) {
      const last = charCodeAt(text, end - 1);
      if (last >= 0xd800 && last < 0xdc00) end--;
    } else end = length;
    total += encodeInto(encoder, substring(text, at, end), scratch).written;
    at = end;
  }
  return total;
}

/** The UTF-8 of `text`; null when it is longer than `maxBytes`. */
export function encodeText(
  text: string,
  maxBytes: number,
): { bytes: Uint8Array<ArrayBuffer>; length: number } | null {
  const { length } = text;
  const room = min(length * 3, maxBytes);
  const bytes = new ByteArray(room);
  const { read, written } = encodeInto(encoder, text, bytes);
  return read < length ? null : { bytes, length: written };
}

/** At most `maxBytes` UTF-8 bytes of `text`, as a string of its own that does not keep the whole alive. */
export function cutText(text: string, maxBytes: number): string {
  const buffer = new Bytes(maxBytes);
  const { written } = encodeInto(encoder, substring(text, 0, maxBytes), new ByteArray(buffer));
  return decode(decoder, new ByteArray(buffer, 0, written));
}
