import type { PlatformId } from '../platforms';

/** A cookie that pins a browser to one backend. Cookies of one family carry the same pin under several names. */
export interface AffinityCookie {
  family: string;
  platform: PlatformId | null;
  /** Who sets it, as people say it. */
  setBy: string;
}

/**
 * Names and families as the platforms document them (AWS Elastic Load Balancing user guides, ingress-nginx and Traefik
 * and Caddy documentation, HAProxy configuration manual, Cloudflare and Azure documentation). ALB sends every pin twice:
 * plain, and with a CORS suffix that adds `SameSite=None; Secure`; either one coming back is enough.
 */
const NAMES: { pattern: RegExp; cookie: AffinityCookie }[] = [
  { pattern: /^AWSALBTG(CORS)?$/, cookie: { family: 'AWSALBTG', platform: 'alb', setBy: 'ALB' } },
  { pattern: /^AWSALBAPP(-\d+)?$/, cookie: { family: 'AWSALBAPP', platform: 'alb', setBy: 'ALB' } },
  { pattern: /^AWSALB(CORS)?$/, cookie: { family: 'AWSALB', platform: 'alb', setBy: 'ALB' } },
  { pattern: /^AWSELB(CORS)?$/, cookie: { family: 'AWSELB', platform: 'alb', setBy: 'Classic ELB' } },
  {
    pattern: /^G(CLB|CILB)$/,
    cookie: { family: 'GCLB', platform: 'google-lb', setBy: 'Google Cloud load balancer' },
  },
  {
    pattern: /^ARRAffinity(SameSite)?$/,
    cookie: { family: 'ARRAffinity', platform: 'azure', setBy: 'Azure App Service' },
  },
  {
    pattern: /^ApplicationGatewayAffinity(CORS)?$/,
    cookie: { family: 'ApplicationGatewayAffinity', platform: 'azure', setBy: 'Azure Application Gateway' },
  },
  {
    pattern: /^(INGRESSCOOKIE|route)$/,
    cookie: { family: 'INGRESSCOOKIE', platform: 'nginx', setBy: 'ingress-nginx' },
  },
  { pattern: /^srv_id$/, cookie: { family: 'srv_id', platform: 'nginx', setBy: 'nginx' } },
  {
    pattern: /^(SERVERID|SRV|SERVER|BACKEND|BACKENDID|STICKY|LBSERVERID)$/i,
    cookie: { family: 'SERVERID', platform: 'haproxy', setBy: 'HAProxy' },
  },
  { pattern: /^lb$/, cookie: { family: 'lb', platform: 'caddy', setBy: 'Caddy' } },
  { pattern: /^_[0-9a-f]{5}$/, cookie: { family: 'traefik', platform: 'traefik', setBy: 'Traefik' } },
  { pattern: /^__cflb$/, cookie: { family: '__cflb', platform: 'cloudflare', setBy: 'Cloudflare' } },
  {
    pattern: /^heroku-session-affinity$/,
    cookie: { family: 'heroku-session-affinity', platform: 'heroku', setBy: 'Heroku' },
  },
  {
    pattern: /^(sticky|affinity|backend-?id|node-?id|x-affinity|session-affinity)$/i,
    cookie: { family: 'sticky', platform: null, setBy: 'a load balancer' },
  },
];

/** The family a cookie name belongs to, or null when the name is not known to pin. */
export function affinityOf(name: string): AffinityCookie | null {
  return NAMES.find((one) => one.pattern.test(name))?.cookie ?? null;
}

/** Session cookies of common frameworks: losing one loses what the server remembers of this browser. */
const SESSION =
  /^(__Host-|__Secure-)?(connect\.sid|session|sessionid|session_id|sid|JSESSIONID|PHPSESSID|ASP\.NET_SessionId|laravel_session|_[a-z0-9_]+_session|next-auth\.session-token|authjs\.session-token)$/i;

export function isSessionCookie(name: string): boolean {
  return SESSION.test(name);
}
