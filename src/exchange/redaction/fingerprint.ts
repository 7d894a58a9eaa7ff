import { encodeUtf8 } from '../../lib/text';

/** What stands for a secret: `‹redacted:1f3a09cc›`. */
export const MARK = /‹redacted:[0-9a-f]{4,8}›/;

/** Tells secrets apart without telling them: equal texts have equal fingerprints. */
export type Fingerprint = (secret: string) => string;

/**
 * Fingerprints of one export: SipHash-2-4 under a key made of the salt, as eight hex digits. Without the salt nobody can
 * find a secret by trying, and two exports cannot be held against each other. Without any salt there are only four
 * digits: enough to tell values apart, too few to confirm a guess.
 */
export function fingerprinter(salt: string): Fingerprint {
  const seed = encodeUtf8(salt);
  const key: Key = [...sipHash([0, 0, 0, 0], seed), ...sipHash([1, 0, 0, 0], seed)];
  const digits = salt === '' ? 4 : 8;
  return (secret) => sipHash(key, encodeUtf8(secret))[0].toString(16).padStart(8, '0').slice(-digits);
}

/** 128 bits, little-endian, in 32-bit words. */
type Key = readonly [number, number, number, number];

/** SipHash-2-4 (Aumasson and Bernstein, 2012): the 64-bit result as its low and its high 32 bits. */
export function sipHash(key: Key, bytes: Uint8Array): [low: number, high: number] {
  const v = Int32Array.of(
    key[0] ^ 0x70736575,
    key[1] ^ 0x736f6d65,
    key[2] ^ 0x6e646f6d,
    key[3] ^ 0x646f7261,
    key[0] ^ 0x6e657261,
    key[1] ^ 0x6c796765,
    key[2] ^ 0x79746573,
    key[3] ^ 0x74656462,
  );
  const whole = bytes.length - (bytes.length % 8);
  const word = (at: number) =>
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24);
  for (let at = 0; at < whole; at += 8) compress(v, word(at), word(at + 4));
  compress(v, word(whole), (word(whole + 4) & 0xffffff) | (bytes.length << 24));
  v[4]! ^= 0xff;
  for (let round = 0; round < 4; round++) sipRound(v);
  return [(v[0]! ^ v[2]! ^ v[4]! ^ v[6]!) >>> 0, (v[1]! ^ v[3]! ^ v[5]! ^ v[7]!) >>> 0];
}

function compress(v: Int32Array, low: number, high: number): void {
  v[6]! ^= low;
  v[7]! ^= high;
  sipRound(v);
  sipRound(v);
  v[0]! ^= low;
  v[1]! ^= high;
}

/** `v` holds four 64-bit numbers, each as low and high word. */
function sipRound(v: Int32Array): void {
  add(v, 0, 2);
  rotate(v, 2, 13);
  xor(v, 2, 0);
  rotate(v, 0, 32);
  add(v, 4, 6);
  rotate(v, 6, 16);
  xor(v, 6, 4);
  add(v, 0, 6);
  rotate(v, 6, 21);
  xor(v, 6, 0);
  add(v, 4, 2);
  rotate(v, 2, 17);
  xor(v, 2, 4);
  rotate(v, 4, 32);
}

function add(v: Int32Array, to: number, from: number): void {
  const low = (v[to]! >>> 0) + (v[from]! >>> 0);
  v[to + 1] = v[to + 1]! + v[from + 1]! + (low > 0xffffffff ? 1 : 0);
  v[to] = low;
}

function xor(v: Int32Array, to: number, from: number): void {
  v[to]! ^= v[from]!;
  v[to + 1]! ^= v[from + 1]!;
}

function rotate(v: Int32Array, at: number, bits: number): void {
  let low = v[at]!;
  let high = v[at + 1]!;
  if (bits >= 32) [low, high] = [high, low];
  const rest = bits % 32;
  if (rest > 0) {
    const newLow = (low << rest) | (high >>> (32 - rest));
    high = (high << rest) | (low >>> (32 - rest));
    low = newLow;
  }
  v[at] = low;
  v[at + 1] = high;
}
