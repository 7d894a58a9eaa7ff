/** Seeded damage to a JSON value and to its text. `random` gives numbers from 0 to 1. */

type Holder = Record<string, unknown>;

/** Values that break readers: wrong types, edges of numbers, names that objects inherit, text that wants to be run. */
export const NASTY: readonly unknown[] = [
  null,
  true,
  -1,
  0,
  0.5,
  1e308,
  -1e308,
  2 ** 53,
  -(2 ** 53),
  1e-320,
  Number.MAX_SAFE_INTEGER,
  '',
  'x'.repeat(20_000),
  '2026',
  'NaN',
  '\ud800',
  '\udc00\ud800x',
  '\u0000\u001b[31m\u202e',
  '__proto__',
  'constructor',
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(1)</script>',
  'javascript:alert(1)',
  "=cmd|' /C calc'!A0",
  '1970-01-01T00:00:00Z',
  '-271821-04-20T00:00:00Z',
  '+275760-09-13T00:00:00.000Z',
  'http://[broken',
  'http://user:pass@host:99999999/%ZZ',
  'data: {"n":1}\n\n'.repeat(50),
  '0{"sid":"x","upgrades":["websocket"],"pingInterval":-1,"pingTimeout":1e300}',
  '452-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1e9}]',
  'a=b; Path=; Domain=..; Expires=never; Max-Age=1e999; SameSite=; Secure=; ;;=;',
  [],
  {},
  [[[[]]]],
  [null],
  { length: 1e9 },
  // biome-ignore lint/suspicious/noThenProperty: hostile on purpose
  { toString: 5, valueOf: null, then: 1 },
  { __proto__: null, toJSON: 'x' },
];

export type Random = () => number;

export const pick = <T>(random: Random, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)]!;

/** Every place in a JSON value, as the object that holds it and the key. */
export function places(value: unknown, found: [Holder, string][] = []): [Holder, string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Holder, key]);
    places((value as Holder)[key], found);
  }
  return found;
}

const WAYS: ((random: Random, holder: Holder, key: string) => void)[] = [
  (random, holder, key) => {
    holder[key] = pick(random, NASTY);
  },
  (_, holder, key) => {
    delete holder[key];
  },
  (random, holder, key) => {
    if (!Array.isArray(holder)) holder[pick(random, ['constructor', 'length', 'time', 'id'])] = holder[key];
  },
  // The same again: ids, entries and headers that should be there once.
  (random, holder, key) => {
    const value = holder[key];
    if (Array.isArray(value)) for (let n = 0; n < 3 && value.length > 0; n++) value.push(pick(random, value));
  },
  (_, holder, key) => {
    let deep: unknown = holder[key];
    for (let level = 0; level < 300; level++) deep = level % 2 ? [deep] : { deep };
    holder[key] = deep;
  },
  (random, holder, key) => {
    const value = holder[key];
    if (typeof value === 'number') holder[key] = value * pick(random, [-1, 1e3, 1e-3, 1e15, 0]);
    if (typeof value === 'string')
      holder[key] = value.slice(0, value.length * random()) + pick(random, ['', '\ud83d', ' ']);
    if (Array.isArray(value)) value.reverse();
  },
];

/** Changes a few places of `value` in place. */
export function damage(value: unknown, random: Random): void {
  for (let change = 0; change <= random() * 3; change++) {
    const all = places(value);
    if (all.length === 0) return;
    const [holder, key] = pick(random, all);
    pick(random, WAYS)(random, holder, key);
  }
}

/** Flips, cuts out, doubles or cuts off bytes. */
export function damageBytes(whole: Uint8Array, random: Random): Uint8Array {
  let bytes = whole.slice();
  for (let change = 0; change <= random() * 3; change++) {
    const at = Math.floor(random() * bytes.length);
    const length = Math.floor(random() ** 3 * 5000) + 1;
    const way = random();
    if (way < 0.4) bytes[at] = Math.floor(random() * 256);
    else if (way < 0.6) bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
    else if (way < 0.8) bytes = new Uint8Array([...bytes.subarray(0, at + length), ...bytes.subarray(at)]);
    else bytes = bytes.slice(0, at);
  }
  return bytes;
}
