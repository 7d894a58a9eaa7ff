import { parseSetCookie } from 'set-cookie-parser';
import type { Header, StreamRecord, Trace } from '../../trace/types';
import { type AffinityCookie, affinityOf, isSessionCookie } from './affinity-cookies';
import { originOf, type Relation, relationOf } from './sites';
import type { StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';

/** A `Set-Cookie` header as the browser that got it understands it (RFC 6265bis). */
export interface CookieSet {
  name: string;
  value: string;
  streamId: string;
  /** When the response's headers were there, trace ms. */
  atMs: number;
  host: string;
  /** Without a leading dot; equals `host` when there was no Domain attribute. */
  domain: string;
  hostOnly: boolean;
  path: string;
  secure: boolean;
  /** Null: not given (browsers then act as for `lax`) or not one of the three words. */
  sameSite: 'strict' | 'lax' | 'none' | null;
  partitioned: boolean;
  /** Trace ms; null for a cookie that lives as long as the browser. */
  expiresAtMs: number | null;
  affinity: AffinityCookie | null;
  isSession: boolean;
  /** Why the browser did not keep it; null when it must have. */
  refusal: string | null;
  /** Attributes that make no sense, in words. */
  problems: string[];
}

/** What one request had to do with cookies. */
export interface CookieUse {
  stream: StreamRecord;
  /** Scheme, host and port of the request; empty when its address has none. */
  server: string;
  /** Host without port, likewise. */
  host: string;
  /** Page that made the request; null when the source does not tell. */
  pageUrl: string | null;
  relation: Relation | null;
  /** Did the request carry (and its answer keep) cookies? `null` when the mode is not known. */
  credentialed: boolean | null;
  /** Names in the Cookie header; null when the headers are not known completely. */
  sent: ReadonlySet<string> | null;
  set: CookieSet[];
}

/** Why a kept cookie was not sent, in the words of a sentence; and whether it is known or inferred. */
export interface Withholding {
  reason: 'same-site' | 'secure' | 'domain' | 'path' | 'expired' | 'third-party' | 'refused' | 'unknown';
  text: string;
}

export function headerValues(headers: readonly Header[], name: string): string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}

/** Address of the page behind a request, by the best source there is. */
export function pageUrlOf(stream: StreamRecord, trace: Trace): string | null {
  const page = trace.documents.find((one) => one.id === stream.documentId);
  if (page && originOf(page.url)) return page.url;
  const origin = headerValues(stream.request.headers, 'origin')[0];
  if (origin && originOf(origin)) return origin;
  const referer = headerValues(stream.request.headers, 'referer')[0];
  if (referer && originOf(referer)) return referer;
  return trace.meta.pageUrl;
}

/** Asked by the browser itself before a cross-origin request: it carries no cookies and keeps none (WHATWG Fetch). */
function isPreflight({ request }: StreamRecord): boolean {
  return (
    request.method === 'OPTIONS' && headerValues(request.headers, 'access-control-request-method').length > 0
  );
}

/** Reads the cookies of every request, in order of time; again only those of streams that moved. */
export function readCookies(facts: TraceFacts): CookieUse[] {
  const { trace } = facts;
  const known = facts.kept(createKnownUses);
  const uses = [...facts.streams.values()]
    .filter(({ stream }) => !isPreflight(stream))
    .sort((a, b) => a.stream.timing.startedAtMs - b.stream.timing.startedAtMs)
    .map((one): CookieUse => {
      const { stream, revision } = one;
      const pageUrl = stream.kind === 'document' ? stream.request.url : pageUrlOf(stream, trace);
      let read = known.get(one);
      if (read?.revision !== revision || read.use.pageUrl !== pageUrl) {
        read = { revision, use: readUse(stream, pageUrl, trace) };
        known.set(one, read);
      }
      // A copy: what is inferred from the others may be otherwise at the next look.
      return { ...read.use };
    });
  inferOmission(uses);
  return uses;
}

type KnownUses = WeakMap<StreamFacts, { revision: number; use: CookieUse }>;

function createKnownUses(): KnownUses {
  return new WeakMap();
}

/**
 * A cookie that the browser must have kept if the requests carried credentials, and that did not go with a later request
 * where nothing else holds it back: those requests carried none. Within one site only; across sites the browser's own
 * blocking of third-party cookies looks the same.
 */
function inferOmission(uses: readonly CookieUse[]): void {
  const jar = new CookieJar();
  for (const use of uses) {
    if (use.credentialed === null && use.relation === 'same-site' && use.sent !== null) {
      const lost = jar
        .meantFor(use)
        .find(({ cookie }) => !use.sent!.has(cookie.name) && withholdingOf(cookie, use).reason === 'unknown');
      if (lost) use.credentialed = false;
      if (lost?.use.credentialed === null) lost.use.credentialed = false;
    }
    for (const cookie of use.set) {
      if (cookie.refusal === null && (cookie.affinity || cookie.isSession)) jar.keep({ cookie, use });
    }
  }
}

interface Kept {
  cookie: CookieSet;
  use: CookieUse;
}

/** Longer paths than this are cut short: only cookies set for so deep a path are missed. */
const MAX_PATH_PARTS = 64;

/** The cookies that stand, found by domain and path: thousands of requests must not be held against thousands of cookies. */
class CookieJar {
  readonly #places = new Map<string, Map<string, Kept>>();

  keep(kept: Kept): void {
    const { domain, path, name } = kept.cookie;
    const place = placeOf(domain, path);
    const cookies = this.#places.get(place);
    if (cookies) cookies.set(name, kept);
    else this.#places.set(place, new Map([[name, kept]]));
  }

  meantFor({ host, stream }: CookieUse): Kept[] {
    if (this.#places.size === 0) return [];
    const labels = host.split('.');
    const domains = labels.map((_, index) => labels.slice(index).join('.'));
    const paths = pathsAbove(new URL(stream.request.url).pathname);
    return domains.flatMap((domain) =>
      paths.flatMap((path) => [...(this.#places.get(placeOf(domain, path))?.values() ?? [])]),
    );
  }
}

function placeOf(domain: string, path: string): string {
  return `${domain} ${path}`;
}

/** Every Path that a cookie for this address may have: `/a/b` gives `/`, `/a`, `/a/`, `/a/b`, `/a/b/`. */
function pathsAbove(pathname: string): string[] {
  const paths = ['/'];
  let path = '';
  for (const part of pathname.split('/', MAX_PATH_PARTS).slice(1)) {
    path += `/${part}`;
    paths.push(path, `${path}/`);
  }
  return paths;
}

function readUse(stream: StreamRecord, pageUrl: string | null, trace: Trace): CookieUse {
  const relation = pageUrl ? relationOf(pageUrl, stream.request.url) : null;
  const cookieHeaders = headerValues(stream.request.headers, 'cookie');
  const known = stream.request.headersComplete && !trace.meta.missing.includes('cookies');
  const use: CookieUse = {
    stream,
    server: originOf(stream.request.url) ?? '',
    host: hostnameOf(stream.request.url),
    pageUrl,
    relation,
    credentialed: cookieHeaders.length > 0 ? true : credentialedByMode(stream, relation),
    sent: known || cookieHeaders.length > 0 ? cookieNames(cookieHeaders) : null,
    set: [],
  };
  for (const line of headerValues(stream.response?.headers ?? [], 'set-cookie').flatMap((one) =>
    one.split('\n'),
  )) {
    const cookie = readSetCookie(line, stream, trace, use);
    if (cookie) use.set.push(cookie);
  }
  return use;
}

function credentialedByMode(stream: StreamRecord, relation: Relation | null): boolean | null {
  // The WebSocket handshake always carries cookies; so does loading a page (WHATWG Fetch and WebSockets).
  if (stream.kind === 'websocket' || stream.kind === 'document') return true;
  switch (stream.request.credentials) {
    case 'include':
      return true;
    case 'omit':
      return false;
    case 'same-origin':
      return relation === null ? null : relation === 'same-origin';
    default:
      // Every default (fetch, XHR, EventSource) is `same-origin`; only a cross-origin request leaves it open.
      return relation === 'same-origin' ? true : credentialedByAnswer(stream);
  }
}

/**
 * A page may read a cross-origin answer to a credentialed request only if it says `Access-Control-Allow-Credentials:
 * true` and names the origin (WHATWG Fetch, "CORS check"). One that does not, and was read, was asked for without.
 */
function credentialedByAnswer(stream: StreamRecord): boolean | null {
  const { response, request, end } = stream;
  const isCors = headerValues(request.headers, 'origin').length > 0;
  if (!isCors || !response?.headersComplete || response.status === 0) return null;
  if (end?.kind === 'refused' || end?.netError) return null;
  const allowsOrigin = headerValues(response.headers, 'access-control-allow-origin')[0]?.trim();
  if (!allowsOrigin) return null;
  const allows = headerValues(response.headers, 'access-control-allow-credentials')[0]?.trim();
  return allowsOrigin === '*' || allows !== 'true' ? false : null;
}

function cookieNames(headers: string[]): ReadonlySet<string> {
  const names = headers
    .flatMap((one) => one.split(';'))
    .map((pair) => (pair.split('=')[0] ?? '').trim())
    .filter(Boolean);
  return new Set(names);
}

function readSetCookie(line: string, stream: StreamRecord, trace: Trace, use: CookieUse): CookieSet | null {
  const parsed = parseSetCookie(line, { decodeValues: false, silent: true, split: false })[0];
  if (!parsed?.name) return null;
  const url = new URL(stream.request.url);
  const problems: string[] = [];
  const given = parsed.sameSite?.toLowerCase();
  const sameSite = given === 'strict' || given === 'lax' || given === 'none' ? given : null;
  if (given !== undefined && sameSite === null)
    problems.push(`SameSite=${parsed.sameSite} is no known value`);
  const domain = parsed.domain?.replace(/^\./, '').toLowerCase() || null;
  const atMs = stream.timing.headersAtMs ?? stream.timing.startedAtMs;
  let expiresAtMs: number | null = null;
  if (parsed.maxAge !== undefined) {
    if (Number.isFinite(parsed.maxAge)) expiresAtMs = atMs + parsed.maxAge * 1000;
    else problems.push('Max-Age is no number');
  } else if (parsed.expires) {
    const epochMs = parsed.expires.getTime();
    if (Number.isFinite(epochMs)) expiresAtMs = epochMs - trace.meta.originEpochMs;
    else problems.push('Expires is no date');
  }
  const cookie: CookieSet = {
    name: parsed.name,
    value: parsed.value,
    streamId: stream.id,
    atMs,
    host: url.hostname,
    domain: domain ?? url.hostname,
    hostOnly: domain === null,
    path: parsed.path?.startsWith('/') ? parsed.path : defaultPath(url.pathname),
    secure: parsed.secure === true,
    sameSite,
    partitioned: parsed.partitioned === true,
    expiresAtMs,
    affinity: affinityOf(parsed.name),
    isSession: isSessionCookie(parsed.name),
    refusal: null,
    problems,
  };
  cookie.refusal = refusalOf(cookie, url, stream, use);
  return cookie;
}

/** RFC 6265, 5.1.4. */
function defaultPath(pathname: string): string {
  const end = pathname.lastIndexOf('/');
  return end <= 0 ? '/' : pathname.slice(0, end);
}

/** RFC 6265bis, 5.7 ("Storage Model"), as far as a recording shows it. */
function refusalOf(cookie: CookieSet, url: URL, stream: StreamRecord, use: CookieUse): string | null {
  const told = stream.response?.refusedCookies.find((one) => one.name === cookie.name);
  if (told) return `the browser refused it: ${told.reasons.join(', ')}`;
  if (use.credentialed === false)
    return 'the request was made without credentials, so the answer’s cookies are dropped';
  if (!cookie.hostOnly && !isDomainMatch(url.hostname, cookie.domain)) {
    return `its Domain (${cookie.domain}) does not cover ${url.hostname}`;
  }
  if (cookie.secure && !isTrustworthy(url)) return 'it is Secure, and this connection is plain http';
  if (cookie.sameSite === 'none' && !cookie.secure) return 'it has SameSite=None without Secure';
  if (use.relation === 'cross-site' && cookie.sameSite !== 'none' && stream.kind !== 'document') {
    return cookie.sameSite === null
      ? 'it has no SameSite, which counts as Lax, and the request is cross-site'
      : `it has SameSite=${cookie.sameSite === 'lax' ? 'Lax' : 'Strict'}, and the request is cross-site`;
  }
  return null;
}

function isDomainMatch(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

/** RFC 6265, 5.1.4: `/api` covers `/api` and `/api/x`, not `/apis`. */
function isPathMatch(pathname: string, path: string): boolean {
  if (!pathname.startsWith(path)) return false;
  return pathname.length === path.length || path.endsWith('/') || pathname[path.length] === '/';
}

/** Browsers treat loopback names as secure (Secure Contexts, 3.1). */
function isTrustworthy(url: URL): boolean {
  return (
    url.protocol === 'https:' ||
    url.protocol === 'wss:' ||
    /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname) ||
    url.hostname.endsWith('.localhost')
  );
}

/** Is `cookie` meant for the server of this request at all? (Paths and schemes are looked at by `withholdingOf`.) */
export function concerns(cookie: CookieSet, use: CookieUse): boolean {
  const { host } = use;
  return host === cookie.host || (!cookie.hostOnly && isDomainMatch(host, cookie.domain));
}

/** Why a cookie that was set earlier did not go with this request. */
export function withholdingOf(cookie: CookieSet, use: CookieUse): Withholding {
  const url = new URL(use.stream.request.url);
  const told = use.stream.request.withheldCookies.find((one) => one.name === cookie.name);
  if (cookie.refusal) {
    const reason = /SameSite/.test(cookie.refusal)
      ? 'same-site'
      : /Secure/.test(cookie.refusal)
        ? 'secure'
        : /Domain/.test(cookie.refusal)
          ? 'domain'
          : 'refused';
    return {
      reason,
      text: `the browser never kept it (${cookie.refusal.replace(/^the browser refused it: /, '')})`,
    };
  }
  if (told)
    return {
      reason: reasonOfCode(told.reasons.join(' ')),
      text: `the browser says: ${told.reasons.join(', ')}`,
    };
  if (!concerns(cookie, use)) {
    return { reason: 'domain', text: `it belongs to ${cookie.domain}, not to ${url.hostname}` };
  }
  if (!isPathMatch(url.pathname, cookie.path)) {
    return { reason: 'path', text: `its Path is ${cookie.path}, and the request is for ${url.pathname}` };
  }
  if (cookie.secure && !isTrustworthy(url)) {
    return { reason: 'secure', text: 'it is Secure, and the request is plain http' };
  }
  if (cookie.expiresAtMs !== null && cookie.expiresAtMs <= use.stream.timing.startedAtMs) {
    return { reason: 'expired', text: 'it had expired' };
  }
  if (use.relation === 'cross-site' && cookie.sameSite !== 'none') {
    return { reason: 'same-site', text: 'the request is cross-site, and the cookie is not SameSite=None' };
  }
  if (use.relation === 'cross-site') {
    return {
      reason: 'third-party',
      text: 'nothing in the cookie forbids it, so the browser most likely blocks third-party cookies',
    };
  }
  return { reason: 'unknown', text: 'nothing in the cookie forbids it' };
}

function reasonOfCode(code: string): Withholding['reason'] {
  if (/SameSite/i.test(code)) return 'same-site';
  if (/Secure/i.test(code)) return 'secure';
  if (/Domain/i.test(code)) return 'domain';
  if (/Path/i.test(code)) return 'path';
  if (/UserPreferences|ThirdParty/i.test(code)) return 'third-party';
  return 'unknown';
}

/** Uses by their server, each in order of time. */
export function byServer(uses: readonly CookieUse[]): Map<string, CookieUse[]> {
  const servers = new Map<string, CookieUse[]>();
  for (const use of uses) {
    const list = servers.get(use.server);
    if (list) list.push(use);
    else servers.set(use.server, [use]);
  }
  return servers;
}

function hostnameOf(url: string): string {
  try {
    return new URL(url).hostname;
  } catch {
    return '';
  }
}
