import {
  append,
  apply,
  construct,
  defineProperty,
  getOwnPropertyDescriptor,
  hasOwn,
  NativeProxy,
  ownerOf,
  safeWeakMap,
} from './primordials';

type AnyFunction = (...args: unknown[]) => unknown;
export type ApplyTrap = (target: AnyFunction, self: unknown, args: unknown[]) => unknown;
export type ConstructTrap = (target: AnyFunction, args: unknown[], newTarget: AnyFunction) => unknown;

interface Patch {
  holder: object;
  key: PropertyKey;
  original: PropertyDescriptor;
  replacement: unknown;
}

/** Every property the tap has replaced, so that each can be put back exactly. */
export interface Patches {
  /** Replaces a method by a Proxy whose calls go through `trap`; a property that cannot be replaced is left alone. */
  method(prototype: object | undefined, key: PropertyKey, trap: ApplyTrap): void;
  /** Replaces a global class, and its `prototype.constructor`, by a Proxy whose construction goes through `trap`. */
  globalClass(key: string, trap: ConstructTrap): void;
  /** Puts everything back; wrappers that others kept pass straight through from now on. */
  restore(): void;
}

export function createPatches(): Patches {
  const done: Patch[] = [];
  /** One function reachable under two names (`values`, `@@asyncIterator`) stays one function. */
  const proxies = safeWeakMap<object, object>();
  let active = true;

  function replace(holder: object, key: PropertyKey, make: (value: AnyFunction) => object): void {
    const found = getOwnPropertyDescriptor(holder, key);
    if (!found || !hasOwn(found, 'value') || typeof found.value !== 'function') return;
    // With a null prototype, or a polluted Object.prototype would add `get` or `set` to it.
    const original = { __proto__: null, ...found } as PropertyDescriptor;
    let replacement = proxies.get(found.value);
    if (!replacement) {
      replacement = make(found.value as AnyFunction);
      proxies.set(found.value, replacement);
    }
    try {
      defineProperty(holder, key, { __proto__: null, ...found, value: replacement } as PropertyDescriptor) &&
        append(done, { holder, key, original, replacement });
    } catch {
      // A frozen holder stays as it is, unobserved.
    }
  }

  return {
    method(prototype, key, trap) {
      const holder = ownerOf(prototype, key);
      if (!holder) return;
      const handler: ProxyHandler<AnyFunction> = {
        __proto__: null,
        apply: (target: AnyFunction, self: unknown, args: unknown[]) =>
          active ? trap(target, self, args) : apply(target, self, args),
      } as ProxyHandler<AnyFunction>;
      replace(holder, key, (value) => new NativeProxy(value, handler));
    },
    globalClass(key, trap) {
      const handler: ProxyHandler<AnyFunction> = {
        __proto__: null,
        construct: (target: AnyFunction, args: unknown[], newTarget: AnyFunction) =>
          active ? trap(target, args, newTarget) : construct(target, args, newTarget),
      } as ProxyHandler<AnyFunction>;
      const found = getOwnPropertyDescriptor(globalThis, key)?.value as { prototype?: object } | undefined;
      if (!found) return;
      replace(globalThis, key, (value) => new NativeProxy(value, handler));
      if (found.prototype) replace(found.prototype, 'constructor', (value) => value);
    },
    restore() {
      active = false;
      for (let i = done.length - 1; i >= 0; i--) {
        const { holder, key, original, replacement } = done[i]!;
        try {
          // Somebody who wrapped it since keeps the wrapper: ours below it is transparent now.
          if (getOwnPropertyDescriptor(holder, key)?.value === replacement)
            defineProperty(holder, key, original);
        } catch {
          // Frozen since: ours stays, transparent.
        }
      }
      done.length = 0;
    },
  };
}
