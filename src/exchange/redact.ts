import { concatBytes } from '../lib/bytes';
import type { BodyText, ChunkColumns, Header, StreamRecord, Trace } from '../trace/types';

/**
 * Takes secrets out of what leaves the machine. A secret becomes `‹redacted:abcd›`: four hex digits of a hash, so that
 * two equal values can still be seen to be equal (which affinity cookie came back) without telling what they were.
 *
 * Known by header and parameter names, and by shapes that hardly anything but a secret has. This is a net with holes:
 * a secret in free text that looks like any other word stays.
 */

const SECRET_HEADER =
  /^(?:authorization|proxy-authorization|x-functions-key|x-amz-security-token)$|token|secret|passw|api-?key|subscription-key|session|credential|jwt|signature/i;
const PLAIN_HEADER = /^(?:sec-websocket-key|x-csrf-header|access-control-.*)$/i;

const SECRET_NAMES =
  'access_?token|refresh_?token|id_?token|auth_?token|csrf_?token|session_?token|api_?key|authorization|jwt|password|passwd|pwd|secret|client_?secret|private_?key|x-amz-signature|x-amz-credential|x-amz-security-token|x-goog-signature|x-goog-credential';
/** Names that are often secrets in an address; in an event they are often just words: `{"token":"Hel"}`. */
const DOUBTFUL_NAMES = 'token|auth|signature|sig|credential|key|code';
const SECRET_NAME = new RegExp(`^(?:${SECRET_NAMES}|${DOUBTFUL_NAMES})$`, 'i');

/** JSON text, or JSON within a JSON text: `"password":"…"`, `\"password\":\"…\"`. The second group is the value. */
const jsonMember = (names: string, value: string) =>
  new RegExp(`(\\\\?"(?:${names})\\\\?"\\s*:\\s*\\\\?")(${value})`, 'gi');
const SECRET_MEMBER = jsonMember(SECRET_NAMES.replaceAll('-', '[-_]'), '[^"\\\\]{1,4096}');
const DOUBTFUL_MEMBER = jsonMember(DOUBTFUL_NAMES, '(?=[^"\\\\]{0,64}\\d)[\\w.~+/=:-]{12,4096}');

/** Shapes of secrets, wherever they stand. */
const SHAPES: RegExp[] = [
  // JSON web tokens
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
  // OpenAI, Anthropic, Stripe
  /\b(?:sk|pk|rk)[-_](?:[a-z]{2,8}[-_])*[A-Za-z0-9_-]{16,}/g,
  // GitHub, GitLab, Slack, npm, Hugging Face
  /\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|npm_|hf_)[A-Za-z0-9_-]{10,}/g,
  // AWS and Google keys
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g,
  /\bAIza[\w-]{30,}/g,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g,
];
const BEARER = /\b((?:bearer|basic)\s+)([\w.~+/=-]{12,})/gi;

/** Replaces one secret; the default leaves a fingerprint. */
type Mask = (secret: string) => string;

export function redacted(secret: string): string {
  return `‹redacted:${fingerprint(secret)}›`;
}

function isRedacted(value: string): boolean {
  return /^‹redacted:[0-9a-f]{4}›$/.test(value);
}

/** FNV-1a, folded to 16 bits: enough to tell values apart, far too little to guess one. */
function fingerprint(secret: string): string {
  let hash = 0x811c9dc5;
  for (let index = 0; index < secret.length; index++) {
    hash = Math.imul(hash ^ secret.charCodeAt(index), 0x01000193);
  }
  return (((hash >>> 16) ^ hash) & 0xffff).toString(16).padStart(4, '0');
}

const mask: Mask = (secret) => (secret === '' || isRedacted(secret) ? secret : redacted(secret));

/** Text with everything in it that has the shape of a secret taken out. */
export function redactText(text: string, hide: Mask = mask): string {
  const hideLast = (_: string, before: string, secret: string) => before + hide(secret);
  let out = text.replace(SECRET_MEMBER, hideLast).replace(DOUBTFUL_MEMBER, hideLast);
  out = out.replace(BEARER, hideLast);
  for (const shape of SHAPES) out = out.replace(shape, (secret) => hide(secret));
  return out;
}

/** An address without password and without the values of secret-looking parameters. */
export function redactUrl(url: string): string {
  const [base = '', query] = split(url, '?');
  const plainBase = base.replace(/^([a-z][a-z0-9+.-]*:\/\/)([^/@]*)@/i, (_, scheme: string, user: string) => {
    const [name = '', password] = split(user, ':');
    return password === undefined ? `${scheme}${name}@` : `${scheme}${name}:${mask(password)}@`;
  });
  if (query === undefined) return redactText(plainBase);
  const parameters = query.split('&').map((parameter) => {
    const [name = '', value] = split(parameter, '=');
    return value !== undefined && SECRET_NAME.test(decoded(name))
      ? `${name}=${mask(value)}`
      : redactText(parameter);
  });
  return `${redactText(plainBase)}?${parameters.join('&')}`;
}

function split(text: string, at: string): [string, string | undefined] {
  const index = text.indexOf(at);
  return index === -1 ? [text, undefined] : [text.slice(0, index), text.slice(index + 1)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** A header without its secret. Names of cookies, their attributes, and schemes of authorization stay. */
export function redactHeader([name, value]: Header): Header {
  const lower = name.toLowerCase();
  if (lower === 'cookie') return [name, value.split(';').map(redactPair).join(';')];
  if (lower === 'set-cookie') {
    const [pair = '', attributes] = split(value, ';');
    return [name, attributes === undefined ? redactPair(pair) : `${redactPair(pair)};${attributes}`];
  }
  if (lower.endsWith('authorization')) {
    const [scheme = '', rest] = split(value.trim(), ' ');
    return [name, rest === undefined ? mask(scheme) : `${scheme} ${mask(rest)}`];
  }
  if (SECRET_HEADER.test(name) && !PLAIN_HEADER.test(name)) return [name, mask(value)];
  if (['referer', 'location', 'content-location', 'origin', 'link'].includes(lower)) {
    return [name, redactUrl(value)];
  }
  return [name, redactText(value)];
}

function redactPair(pair: string): string {
  const [name = '', value] = split(pair, '=');
  return value === undefined ? mask(name) : `${name}=${mask(value)}`;
}

/** A copy of the trace without secrets; the trace itself is not changed. Times, sizes and counts stay. */
export function redactTrace(trace: Trace): Trace {
  const { meta } = trace;
  return {
    ...trace,
    meta: {
      ...meta,
      pageUrl: meta.pageUrl === null ? null : redactUrl(meta.pageUrl),
      note: redactText(meta.note),
    },
    documents: trace.documents.map((one) => ({ ...one, url: redactUrl(one.url) })),
    streams: trace.streams.map(redactStream),
  };
}

export function redactStream(stream: StreamRecord): StreamRecord {
  const { request, response, chunks, messages, end } = stream;
  return {
    ...stream,
    request: {
      ...request,
      url: redactUrl(request.url),
      headers: request.headers.map(redactHeader),
      body: redactBody(request.body),
    },
    response: response && {
      ...response,
      url: redactUrl(response.url),
      headers: response.headers.map(redactHeader),
      body: redactBody(response.body),
    },
    chunks: { ...chunks, payload: redactPayload(chunks.payload) },
    messages: {
      ...messages,
      payload: messages.payload.map((one) => (typeof one === 'string' ? redactText(one) : one)),
    },
    end: end && { ...end, message: end.message === null ? null : redactText(end.message) },
  };
}

function redactBody(body: BodyText | null): BodyText | null {
  return body && { ...body, text: redactFormOrText(body.text) };
}

function redactFormOrText(text: string): string {
  // An HTML form: one line of name=value pairs.
  if (/^[\w.%+-]+=[^\s"{}]*$/.test(text)) return redactUrl(`?${text}`).slice(1);
  return redactText(text);
}

/**
 * Chunk bytes keep their lengths, because sizes are evidence: secrets become as many asterisks. All chunks of a stream
 * are looked at as one text, since a secret may lie across two.
 */
function redactPayload(payload: ChunkColumns['payload']): ChunkColumns['payload'] {
  const bytes = concatBytes(payload.filter((one) => one !== null));
  // One character per byte, so that offsets agree. The shapes are ASCII, and so UTF-8 does not matter.
  const text = latin1(bytes);
  const clean = redactText(text, (secret) => '*'.repeat(secret.length));
  if (clean === text) return payload;
  const cleanBytes = Uint8Array.from({ length: clean.length }, (_, index) => clean.charCodeAt(index));
  let offset = 0;
  return payload.map((one) => {
    if (one === null) return null;
    offset += one.length;
    return cleanBytes.subarray(offset - one.length, offset);
  });
}

function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let start = 0; start < bytes.length; start += 8192) {
    parts.push(String.fromCharCode(...bytes.subarray(start, start + 8192)));
  }
  return parts.join('');
}
