import { getDomain } from 'tldts';

/** Addresses whose origin is remembered: rules ask for the same ones again and again. */
const MAX_KNOWN = 10_000;
const known = new Map<string, string | null>();

/** Scheme, host and port of an address, or null when it has none (`about:blank`, garbage). */
export function originOf(url: string): string | null {
  let origin = known.get(url);
  if (origin === undefined) {
    origin = parseOrigin(url);
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(url, origin);
  }
  return origin;
}

function parseOrigin(url: string): string | null {
  try {
    const parsed = new URL(url);
    const origin = parsed.protocol.replace(/^ws/, 'http');
    return parsed.host ? `${origin}//${parsed.host}` : null;
  } catch {
    return null;
  }
}

/** Sites of few hosts are asked for by many requests. */
const knownSites = new Map<string, string>();

/** The site a host belongs to: its registrable domain by the Public Suffix List, private suffixes included. */
export function siteOf(host: string): string {
  const name = host.replace(/:\d+$/, '');
  let site = knownSites.get(name);
  if (site === undefined) {
    // Names such as `*.elb.amazonaws.com` are on the list's private part, and browsers use it.
    site = getDomain(name, { allowPrivateDomains: true }) ?? name;
    if (knownSites.size >= MAX_KNOWN) knownSites.clear();
    knownSites.set(name, site);
  }
  return site;
}

export type Relation = 'same-origin' | 'same-site' | 'cross-site';

/**
 * How a request relates to the page that makes it. Sites are schemeful, as SameSite cookies are (RFC 6265bis, 5.2): `http`
 * and `https` of one host are two sites.
 */
export function relationOf(pageUrl: string, requestUrl: string): Relation | null {
  const page = originOf(pageUrl);
  const request = originOf(requestUrl);
  if (!page || !request) return null;
  if (page === request) return 'same-origin';
  const a = new URL(page);
  const b = new URL(request);
  return a.protocol === b.protocol && siteOf(a.hostname) === siteOf(b.hostname) ? 'same-site' : 'cross-site';
}
