import { decodeBase64 } from '../../lib/base64';
import { decodeUtf8Strictly } from '../../lib/text';
import { MARK } from './fingerprint';
import { classOfName } from './secret-names';

/** What kind of secret, as a person is told. */
export type SecretKind =
  | 'cookie'
  | 'authorization'
  | 'secret header'
  | 'password in an address'
  | 'secret by its name'
  | 'JSON web token'
  | 'API key'
  | 'AWS key'
  | 'Google key'
  | 'source-code host token'
  | 'chat or mail service token'
  | 'private key'
  | 'bearer token'
  | 'encoded secret'
  | 'known from elsewhere'
  | 'chosen path';

/** Where a secret stands in a text: UTF-16 units, end not included. */
export interface SecretSpan {
  start: number;
  end: number;
  kind: SecretKind;
}

interface Shape {
  kind: SecretKind;
  /** A text without any of these cannot match: looking for them is many times as fast as the pattern. */
  hints: readonly string[];
  pattern: RegExp;
}

/** Shapes that hardly anything but a secret has. Every repetition is bounded or cannot be entered twice. */
const SHAPES: readonly Shape[] = [
  {
    kind: 'JSON web token',
    hints: ['eyJ'],
    // Entered at its beginning only: a hyphen is a word's end, too, and a run of them would be read again from each.
    pattern: /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*){1,3}/g,
  },
  {
    // OpenAI, Anthropic, Stripe
    kind: 'API key',
    hints: ['sk-', 'sk_', 'pk-', 'pk_', 'rk-', 'rk_'],
    pattern: /\b(?:sk|pk|rk)[-_](?:[a-z]{2,8}[-_])*[A-Za-z0-9_-]{16,}/g,
  },
  {
    // Stripe, Shopify, DigitalOcean, PyPI, Databricks, Grafana, Linear, Sentry, Groq, Replicate, NVIDIA
    kind: 'API key',
    hints: ['whsec_', 'shp', 'dop_', 'pypi-', 'dapi', 'glsa_', 'lin_', 'sntrys_', 'gsk_', 'r8_', 'nvapi-'],
    pattern:
      /\b(?:whsec_|shp(?:at|ca|pa|ss)_|dop_v1_|pypi-|dapi|glsa_|lin_api_|sntrys_|gsk_|r8_|nvapi-)[A-Za-z0-9_-]{20,}/g,
  },
  {
    kind: 'AWS key',
    hints: ['AKIA', 'ASIA', 'AGPA', 'AROA', 'AIDA'],
    pattern: /\b(?:AKIA|ASIA|AGPA|AROA|AIDA)[0-9A-Z]{16}\b/g,
  },
  {
    kind: 'Google key',
    hints: ['AIza', 'ya29.', 'GOCSPX-'],
    pattern: /\bAIza[\w-]{30,}|\bya29\.[\w-]{20,}|\bGOCSPX-[\w-]{20,}/g,
  },
  {
    // GitHub, GitLab, npm, Hugging Face, Atlassian
    kind: 'source-code host token',
    hints: ['gh', 'glpat-', 'npm_', 'hf_', 'ATATT3'],
    pattern: /\b(?:gh[pousr]_|github_pat_|glpat-|npm_|hf_|ATATT3)[A-Za-z0-9_-]{10,}/g,
  },
  {
    // Slack, SendGrid
    kind: 'chat or mail service token',
    hints: ['xox', 'xapp-', 'SG.'],
    pattern: /\b(?:xox[abeprs]-|xapp-|SG\.)[A-Za-z0-9_.-]{10,}/g,
  },
  {
    kind: 'chat or mail service token',
    hints: ['hooks.slack.com'],
    pattern: /\bhooks\.slack\.com\/services\/[\w/]{20,}/g,
  },
  // Telegram
  { kind: 'chat or mail service token', hints: [':AA'], pattern: /\b\d{8,10}:AA[\w-]{33}\b/g },
  // Mailgun, Twilio
  { kind: 'chat or mail service token', hints: ['key-', 'SK'], pattern: /\b(?:key-|SK)[0-9a-f]{32}\b/g },
  {
    kind: 'private key',
    hints: ['PRIVATE KEY-----'],
    pattern: /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]{0,40}PRIVATE KEY-----|$)/g,
  },
];

const BEARER_HINT = /earer|asic|oken|pikey|EARER|ASIC|OKEN|PIKEY|pi[kK][eE][yY]/;
const BEARER = /\b(bearer|basic|token|apikey)\s+([\w.~+/=-]{12,})/gi;
/** `Basic understanding…` is English; what is encoded mixes cases or has digits. */
const IS_ENCODED = /\d|=|[a-z][A-Z]/;

/** `scheme://user:password@host` in running text. */
const URL_PASSWORD = /\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@"'<>]{0,200}:([^\s/@"'<>]{1,500})@/gi;

/** Longest name of a member or a parameter that is looked at. */
const MAX_NAME_LENGTH = 64;
const MAX_VALUE_LENGTH = 8192;
/** Up to here a value may be away from its colon. */
const MAX_SPACES = 8;
const PARAMETER_VALUE = /[^&\s"'<>;,\\#)=]{1,4096}={0,2}/y;
const WORD_VALUE = /[ \t]{1,4}([^\s,;"'{}[\]<>]{6,4096})/y;
const ELEMENT = /<([\w:-]{3,64})>([^<]{1,4096})<\//g;

/**
 * Values of doubtful names that look like a secret: long, of one piece, with a digit and a small letter. Error codes
 * (`ERR_HTTP2_PROTOCOL`) and names of files are not.
 */
const SECRET_LIKE =
  /^(?=[^"\\]{0,64}\d)(?=[^"\\]{0,64}[a-z])(?![^"\\]{0,200}\.[a-z]{2,5}$)[\w.~+/=:%-]{12,4096}$/;
/** Runs are entered at their beginning only. */
const BASE64_RUN = /(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{24,65536}={0,2}/g;
const ESCAPED_RUN = /(?<![\w.~+*!%-])(?:[\w.~+*!-]|%[0-9a-f]{2}){8,65536}/gi;

/**
 * Everything in a text that has the name or the shape of a secret; in order, without overlaps. A net with holes: a secret
 * that looks like any other word stays.
 */
export function findSecrets(text: string): SecretSpan[] {
  if (text.length < 6) return [];
  const spans = findPlainSecrets(text);
  findEncoded(text, spans);
  return tidy(spans);
}

function findPlainSecrets(text: string): SecretSpan[] {
  const spans: SecretSpan[] = [];
  for (const sign of [':', '=']) {
    for (let at = text.indexOf(sign); at !== -1; at = text.indexOf(sign, at + 1)) findNamed(text, at, spans);
  }
  if (text.includes('</')) findElements(text, spans);
  if (BEARER_HINT.test(text)) findBearers(text, spans);
  if (text.includes('://') && text.includes('@')) {
    for (const match of text.matchAll(URL_PASSWORD)) {
      const end = match.index + match[0].length - 1;
      spans.push({ start: end - match[1]!.length, end, kind: 'password in an address' });
    }
  }
  for (const { kind, hints, pattern } of SHAPES) {
    if (!hints.some((hint) => text.includes(hint))) continue;
    for (const match of text.matchAll(pattern)) {
      spans.push({ start: match.index, end: match.index + match[0].length, kind });
    }
  }
  return spans;
}

function findBearers(text: string, spans: SecretSpan[]): void {
  for (const match of text.matchAll(BEARER)) {
    const value = match[2]!;
    if (match[1]!.toLowerCase() !== 'bearer' && !IS_ENCODED.test(value)) continue;
    const end = match.index + match[0].length;
    spans.push({ start: end - value.length, end, kind: 'bearer token' });
  }
}

/** Looks at what stands before and after a colon or equals sign: a member of JSON, a parameter, a line of settings. */
function findNamed(text: string, signAt: number, spans: SecretSpan[]): void {
  let nameEnd = signAt;
  while (nameEnd > 0 && signAt - nameEnd < MAX_SPACES && isBlank(text.charCodeAt(nameEnd - 1))) nameEnd--;
  const before = text[nameEnd - 1];
  if (before === '"' || before === "'") findMember(text, signAt, nameEnd - 1, before, spans);
  else if (nameEnd === signAt) findPair(text, signAt, spans);
}

/** `"name": "value"`, `"name": 123456`, and the same in a JSON text that is itself quoted (`\"name\":\"value\"`). */
function findMember(text: string, signAt: number, quoteAt: number, quote: string, spans: SecretSpan[]): void {
  let depth = 0;
  while (depth < 4 && text[quoteAt - 1 - depth] === '\\') depth++;
  const nameEnd = quoteAt - depth;
  const nameStart = nameStartOf(text, nameEnd);
  if (nameStart === nameEnd || text[nameStart - 1] !== quote) return;
  const kind = classOfName(text.slice(nameStart, nameEnd));
  if (kind === null) return;
  let at = signAt + 1;
  while (at - signAt <= MAX_SPACES && isBlank(text.charCodeAt(at))) at++;
  const start = at + depth + 1;
  const opening = text[start - 1];
  const isQuoted = (opening === '"' || opening === "'") && text.slice(at, at + depth) === '\\'.repeat(depth);
  if (isQuoted) {
    const end = endOfString(text, start, depth, opening);
    const isSecret = kind === 'secret' || SECRET_LIKE.test(text.slice(start, end));
    if (isSecret && end > start) spans.push({ start, end, kind: 'secret by its name' });
    return;
  }
  const end = endOfNumber(text, at);
  if (kind === 'secret' && end - at >= 4) spans.push({ start: at, end, kind: 'secret by its name' });
}

/** `name=value` of addresses, forms, cookies and settings; `Name: value` of headers and settings. */
function findPair(text: string, signAt: number, spans: SecretSpan[]): void {
  const nameStart = nameStartOf(text, signAt);
  if (signAt - nameStart < 2) return;
  const kind = classOfName(text.slice(nameStart, signAt));
  if (kind === null) return;
  if (text[signAt] === ':') {
    WORD_VALUE.lastIndex = signAt + 1;
    const value = WORD_VALUE.exec(text)?.[1];
    // "password: required" is prose.
    if (value === undefined || kind !== 'secret' || !/[^a-z]/i.test(value)) return;
    const end = WORD_VALUE.lastIndex;
    spans.push({ start: end - value.length, end, kind: 'secret by its name' });
    return;
  }
  PARAMETER_VALUE.lastIndex = signAt + 1;
  const value = PARAMETER_VALUE.exec(text)?.[0];
  if (value === undefined) return;
  const mark = text[nameStart - 1];
  const isParameter = mark === '?' || mark === '&' || mark === '#';
  if (kind === 'doubtful' && !(isParameter && value.length >= 8) && !SECRET_LIKE.test(value)) return;
  spans.push({ start: signAt + 1, end: signAt + 1 + value.length, kind: 'secret by its name' });
}

/** Where the name begins that ends at `end`; `end` when there is none, or one that is too long. */
function nameStartOf(text: string, end: number): number {
  let start = end;
  while (start > 0 && isNameUnit(text.charCodeAt(start - 1))) {
    start--;
    if (end - start > MAX_NAME_LENGTH) return end;
  }
  return start;
}

/** Letters, digits, `_`, `-`, `.`, `$`. */
function isNameUnit(unit: number): boolean {
  const lower = unit | 0x20;
  if (lower >= 0x61 && lower <= 0x7a) return true;
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x5f || unit === 0x2d || unit === 0x2e || unit === 0x24;
}

function isBlank(unit: number): boolean {
  return unit === 0x20 || (unit >= 0x09 && unit <= 0x0d);
}

function findElements(text: string, spans: SecretSpan[]): void {
  for (const match of text.matchAll(ELEMENT)) {
    if (classOfName(match[1]!.replace(/^.*:/, '')) !== 'secret') continue;
    const end = match.index + match[0].length - 2;
    spans.push({ start: end - match[2]!.length, end, kind: 'secret by its name' });
  }
}

function endOfNumber(text: string, start: number): number {
  let end = start;
  while (end < text.length && end - start < 64 && text[end]! >= '0' && text[end]! <= '9') end++;
  return end;
}

/** A string of JSON ends at a quote with exactly as many backslashes as its opening one has; more escape it. */
function endOfString(text: string, start: number, depth: number, quote: string): number {
  const limit = Math.min(text.length, start + MAX_VALUE_LENGTH);
  let backslashes = 0;
  for (let at = start; at < limit; at++) {
    const char = text[at];
    if (char === '\\') backslashes++;
    else {
      if (char === quote && closes(backslashes, depth)) return at - depth;
      backslashes = 0;
    }
  }
  return limit;
}

/** At depth 0 an even run of backslashes stands for itself; in a quoted JSON text each of them is doubled. */
function closes(backslashes: number, depth: number): boolean {
  return depth === 0 ? backslashes % 2 === 0 : backslashes % (2 * (depth + 1)) === depth;
}

/** Runs that are secrets once they are decoded: base64 and percent-encoding, one layer deep. */
function findEncoded(text: string, spans: SecretSpan[]): void {
  for (const match of text.matchAll(BASE64_RUN)) {
    const bytes = decodeBase64(match[0]);
    const plain = bytes && decodeUtf8Strictly(bytes);
    if (!plain || !holdsSecret(plain)) continue;
    spans.push({ start: match.index, end: match.index + match[0].length, kind: 'encoded secret' });
  }
  if (!/%[0-9a-f]{2}/i.test(text)) return;
  for (const match of text.matchAll(ESCAPED_RUN)) {
    if (!match[0].includes('%')) continue;
    const plain = unescaped(match[0]);
    if (plain === match[0] || !holdsSecret(plain)) continue;
    spans.push({ start: match.index, end: match.index + match[0].length, kind: 'encoded secret' });
  }
}

function holdsSecret(text: string): boolean {
  return findPlainSecrets(text).some(({ start, end }) => !MARK.test(text.slice(start, end)));
}

export function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** In order, without overlaps: what overlaps becomes one span under the name of the longest. */
export function tidy(spans: SecretSpan[]): SecretSpan[] {
  if (spans.length < 2) return spans;
  spans.sort((one, other) => one.start - other.start || other.end - one.end);
  const out: SecretSpan[] = [];
  for (const span of spans) {
    const last = out.at(-1);
    if (!last || span.start >= last.end) {
      out.push({ ...span });
      continue;
    }
    if (span.end - span.start > last.end - last.start) last.kind = span.kind;
    last.end = Math.max(last.end, span.end);
  }
  return out;
}
