import { getDomain } from 'tldts';

/** Scheme, host and port of an address, or null when it has none (`about:blank`, garbage). */
export function originOf(url: string): string | null {
  try {
    const parsed = new URL(url);
    const origin = parsed.protocol.replace(/^ws/, 'http');
    return parsed.host ? `${origin}//${parsed.host}` : null;
  } catch {
    return null;
  }
}

/** The site a host belongs to: its registrable domain by the Public Suffix List, private suffixes included. */
export function siteOf(host: string): string {
  const name = host.replace(/:\d+$/, '');
  // Names such as `*.elb.amazonaws.com` are on the list's private part, and browsers use it.
  return getDomain(name, { allowPrivateDomains: true }) ?? name;
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
