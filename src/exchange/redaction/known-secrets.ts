import { encodeBase64 } from '../../lib/base64';
import { decodeUtf8, encodeUtf8 } from '../../lib/text';
import type { SecretKind, SecretSpan } from './find-secrets';
import { unescaped } from './find-secrets';

/** Texts are searched by windows of this many characters; shorter secrets are too common to look for. */
const WINDOW = 8;
/** More are not remembered: a recording has a handful, a hostile one any number. */
const MAX_FORMS = 20_000;
const FILTER_BITS = 16;
/** Forms that begin alike; each is looked at wherever that beginning stands. */
const MAX_ALIKE = 256;

/**
 * Secrets that were recognised in one place, to be found in all others: plain, percent-encoded, escaped as JSON, as UTF-8
 * bytes, and within base64 at each of its three alignments. Searching costs one step per character, however many there
 * are.
 */
export class KnownSecrets {
  /** Forms by the hash of their first window; the filter tells most windows apart without a look-up. */
  #forms = new Map<number, string[]>();
  #filter = new Uint8Array(1 << FILTER_BITS);
  #seen = new Set<string>();

  get size(): number {
    return this.#seen.size;
  }

  /** Remembers a secret, unless it is so ordinary that hiding it everywhere would hide other things. */
  learn(secret: string, kind: SecretKind): void {
    if (!isDistinctive(secret, kind) || this.#seen.has(secret)) return;
    const plain = unescaped(secret);
    for (const text of new Set([secret, plain])) {
      const bytes = encodeUtf8(text);
      const forms = [
        text,
        encodeURIComponent(wellFormed(text)),
        JSON.stringify(text).slice(1, -1),
        binary(bytes),
      ];
      for (const form of new Set(forms)) this.#remember(form);
      for (const form of base64Forms(bytes)) this.#remember(form);
    }
  }

  #remember(form: string): void {
    if (form.length < WINDOW || this.#seen.has(form) || this.#seen.size >= MAX_FORMS) return;
    const hash = hashOf(form, 0);
    const known = this.#forms.get(hash);
    if (known && known.length >= MAX_ALIKE) return;
    this.#seen.add(form);
    if (known) known.push(form);
    else this.#forms.set(hash, [form]);
    this.#filter[hash >>> (32 - FILTER_BITS)] = 1;
  }

  /** Every known secret in the text, in order. */
  find(text: string): SecretSpan[] {
    const spans: SecretSpan[] = [];
    if (this.#seen.size === 0 || text.length < WINDOW) return spans;
    let hash = hashOf(text, 0);
    for (let at = 0; ; at++) {
      if (this.#filter[hash >>> (32 - FILTER_BITS)] === 1) {
        for (const form of this.#forms.get(hash) ?? []) {
          if (!text.startsWith(form, at)) continue;
          spans.push({ start: at, end: at + form.length, kind: 'known from elsewhere' });
        }
      }
      const next = at + WINDOW;
      if (next >= text.length) return spans;
      hash = (Math.imul(hash - Math.imul(text.charCodeAt(at), TOP), BASE) + text.charCodeAt(next)) >>> 0;
    }
  }
}

const BASE = 0x01000193;
/** Weight of a window's first character: BASE to the power of WINDOW - 1. */
const TOP = Array.from({ length: WINDOW - 1 }).reduce<number>((power) => Math.imul(power, BASE), 1);

function hashOf(text: string, at: number): number {
  let hash = 0;
  for (let index = at; index < at + WINDOW; index++) hash = Math.imul(hash, BASE) + text.charCodeAt(index);
  return hash >>> 0;
}

/** Dates, numbers, words and settings are values of cookies too, and stand in every other text. */
function isDistinctive(secret: string, kind: SecretKind): boolean {
  if (secret.length < WINDOW || secret.length > 8192 || /^[\d.:+\s-]*$/.test(secret)) return false;
  if (kind === 'cookie' || kind === 'secret by its name') {
    return (
      secret.length >= 12 && /\d/.test(secret) && /[a-z]/i.test(secret) && !/^\d{4}-\d\d-\d\dT/.test(secret)
    );
  }
  return /[^a-z]/i.test(secret) || secret.length >= 16;
}

/** The characters of base64 that depend on `bytes` alone, wherever in a longer run they begin. */
function base64Forms(bytes: Uint8Array): string[] {
  const forms: string[] = [];
  for (let shift = 0; shift < 3; shift++) {
    const shifted = new Uint8Array(shift + bytes.length);
    shifted.set(bytes, shift);
    const whole = encodeBase64(shifted).replace(/=+$/, '');
    // A character holds six bits: the first ones still carry bits of what stands before, the last of what follows.
    const from = Math.ceil((shift * 8) / 6);
    const to = Math.floor((shifted.length * 8) / 6);
    const form = whole.slice(from, to);
    forms.push(form, form.replaceAll('+', '-').replaceAll('/', '_'));
  }
  return forms;
}

/** One character per byte. */
export function binary(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + 8192)));
  }
  return parts.join('');
}

/** Lone surrogates would make `encodeURIComponent` throw. */
function wellFormed(text: string): string {
  return decodeUtf8(encodeUtf8(text));
}
