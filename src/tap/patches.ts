import {
  apply,
  construct,
  defineProperty,
  getKnown,
  getOwnPropertyDescriptor,
  hasOwn,
  NativeProxy,
  NativeWeakMap,
  ownerOf,
  prototypeOf,
  setKnown,
} from './natives';

/** Every property the tap has replaced, so that each can be put back exactly. */

type AnyFunction = (...args: unknown[]) => unknown;
export type ApplyTrap = (target: AnyFunction, self: unknown, args: unknown[]) => unknown;
export type ConstructTrap = (target: AnyFunction, args: unknown[], newTarget: AnyFunction) => unknown;
type Trap = (target: AnyFunction, first: unknown, second: unknown) => unknown;

/** One function reachable under two names (`values`, `@@asyncIterator`) stays one function. */
const proxies = new NativeWeakMap<object, unknown>();
let active = true;
/** Puts everything back; wrappers that others kept pass straight through from now on. */
export let restorePatches = (): void => {
  active = false;
};

/** Replaces a method of a class (or of an object) by a Proxy whose calls go through `trap`. */
export const patch = (target: string | object | undefined, key: PropertyKey, trap: ApplyTrap): void =>
  replace(
    ownerOf(typeof target === 'string' ? prototypeOf(target) : target, key),
    key,
    'apply',
    apply as Trap,
    trap as Trap,
  );

/** Replaces a global class, and its `prototype.constructor`, by a Proxy whose construction goes through `trap`. */
export function patchClass(name: string, trap: ConstructTrap): void {
  const prototype = prototypeOf(name);
  const native = prototype && getOwnPropertyDescriptor(globalThis, name)?.value;
  replace(globalThis, name, 'construct', construct as Trap, trap as Trap);
  // Its value is the class itself, which has its Proxy by now.
  if (native && getKnown(proxies, native))
    replace(prototype, 'constructor', 'construct', construct as Trap, trap as Trap);
}

/** A property that cannot be replaced is left alone. */
function replace(
  holder: object | null | undefined,
  key: PropertyKey,
  operation: 'apply' | 'construct',
  native: Trap,
  trap: Trap,
): void {
  const found = holder && getOwnPropertyDescriptor(holder, key);
  if (!found || !hasOwn(found, 'value') || typeof found.value !== 'function') return;
  // With a null prototype, or a polluted Object.prototype would add `get` or `set` to it.
  const original = { __proto__: null, ...found } as PropertyDescriptor;
  const { value } = found;
  const handler = {
    __proto__: null,
    [operation]: (target: AnyFunction, first: unknown, second: unknown) =>
      (active ? trap : native)(target, first, second),
  };
  const proxy = getKnown(proxies, value) ?? new NativeProxy(value, handler as object);
  setKnown(proxies, value, proxy);
  const restoreEarlier = restorePatches;
  try {
    if (!defineProperty(holder, key, { __proto__: null, ...found, value: proxy } as PropertyDescriptor))
      return;
  } catch {
    // A frozen holder stays as it is, unobserved.
    return;
  }
  restorePatches = () => {
    try {
      // Somebody who wrapped it since keeps the wrapper: ours below it is transparent now.
      if (getOwnPropertyDescriptor(holder, key)?.value === proxy) defineProperty(holder, key, original);
    } catch {
      // Frozen since: ours stays, transparent.
    }
    restoreEarlier();
  };
}
