import type { Header, StreamRecord } from '../../trace/types';
import type { PlatformId } from '../platforms';
import type { Hop } from './stream-facts';

/** From the browser to the application: the order in which a request passes these. */
const LAYERS = ['edge', 'gateway', 'balancer', 'proxy', 'server', 'framework'] as const;
type Layer = (typeof LAYERS)[number];

interface Mark {
  platform: PlatformId | null;
  /** `$1` and so on stand for what the pattern captured. */
  label: string;
  layer: Layer;
}
interface HeaderMark extends Mark {
  header: string;
  /** Absent: the header's presence is enough. */
  value?: RegExp;
}

/** What responses carry. Patterns are anchored or plain, so that a hostile value costs linear time. */
const HEADER_MARKS: readonly HeaderMark[] = [
  { header: 'cf-ray', platform: 'cloudflare', label: 'Cloudflare', layer: 'edge' },
  { header: 'server', value: /^cloudflare/i, platform: 'cloudflare', label: 'Cloudflare', layer: 'edge' },
  { header: 'cf-cache-status', platform: 'cloudflare', label: 'Cloudflare', layer: 'edge' },
  { header: 'x-amz-cf-id', platform: 'cloudfront', label: 'CloudFront', layer: 'edge' },
  { header: 'x-amz-cf-pop', platform: 'cloudfront', label: 'CloudFront', layer: 'edge' },
  { header: 'server', value: /^cloudfront/i, platform: 'cloudfront', label: 'CloudFront', layer: 'edge' },
  {
    header: 'x-cache',
    value: /\bfrom cloudfront$/i,
    platform: 'cloudfront',
    label: 'CloudFront',
    layer: 'edge',
  },
  { header: 'x-served-by', value: /^cache-/i, platform: 'fastly', label: 'Fastly', layer: 'edge' },
  { header: 'x-fastly-request-id', platform: 'fastly', label: 'Fastly', layer: 'edge' },
  { header: 'x-azure-ref', platform: 'azure', label: 'Azure Front Door', layer: 'edge' },
  { header: 'server', value: /^akamai/i, platform: null, label: 'Akamai', layer: 'edge' },
  { header: 'x-vercel-id', platform: 'vercel', label: 'Vercel', layer: 'edge' },
  { header: 'server', value: /^vercel/i, platform: 'vercel', label: 'Vercel', layer: 'edge' },
  { header: 'x-nf-request-id', platform: 'netlify', label: 'Netlify', layer: 'edge' },
  { header: 'server', value: /^netlify/i, platform: 'netlify', label: 'Netlify', layer: 'edge' },
  { header: 'fly-request-id', platform: 'fly', label: 'Fly.io', layer: 'edge' },
  { header: 'server', value: /^fly\//i, platform: 'fly', label: 'Fly.io', layer: 'edge' },
  { header: 'x-railway-request-id', platform: 'railway', label: 'Railway', layer: 'edge' },
  { header: 'x-railway-edge', platform: 'railway', label: 'Railway', layer: 'edge' },
  { header: 'rndr-id', platform: 'render', label: 'Render', layer: 'gateway' },
  { header: 'x-render-origin-server', platform: 'render', label: 'Render', layer: 'gateway' },

  { header: 'x-amz-apigw-id', platform: 'api-gateway', label: 'API Gateway (REST)', layer: 'gateway' },
  { header: 'apigw-requestid', platform: 'api-gateway', label: 'API Gateway (HTTP API)', layer: 'gateway' },
  {
    header: 'x-amzn-remapped-connection',
    platform: 'api-gateway',
    label: 'API Gateway (REST)',
    layer: 'gateway',
  },

  { header: 'server', value: /^awselb\b/i, platform: 'alb', label: 'ALB', layer: 'balancer' },
  {
    header: 'server',
    value: /^google frontend/i,
    platform: 'cloud-run',
    label: 'Google Frontend',
    layer: 'balancer',
  },
  { header: 'server', value: /^(big-?ip)/i, platform: null, label: '$1', layer: 'balancer' },
  {
    header: 'server',
    value: /^microsoft-azure-application-gateway/i,
    platform: 'azure',
    label: 'Azure Application Gateway',
    layer: 'balancer',
  },
  { header: 'arr-disable-session-affinity', platform: 'azure', label: 'App Service', layer: 'balancer' },

  {
    header: 'server',
    value: /^((?:nginx|openresty|tengine)(?:\/[\w.+-]{1,40})?)/i,
    platform: 'nginx',
    label: '$1',
    layer: 'proxy',
  },
  { header: 'server', value: /^(istio-envoy|envoy)/i, platform: 'envoy', label: '$1', layer: 'proxy' },
  { header: 'x-envoy-upstream-service-time', platform: 'envoy', label: 'Envoy', layer: 'proxy' },
  { header: 'server', value: /^kong\b/i, platform: 'kong', label: 'Kong', layer: 'gateway' },
  { header: 'x-kong-request-id', platform: 'kong', label: 'Kong', layer: 'gateway' },
  { header: 'x-kong-upstream-latency', platform: 'kong', label: 'Kong', layer: 'gateway' },
  { header: 'x-kong-proxy-latency', platform: 'kong', label: 'Kong', layer: 'gateway' },
  { header: 'server', value: /^haproxy/i, platform: 'haproxy', label: 'HAProxy', layer: 'proxy' },
  { header: 'server', value: /^caddy/i, platform: 'caddy', label: 'Caddy', layer: 'proxy' },
  { header: 'server', value: /^(varnish|squid|ats)\b/i, platform: null, label: '$1', layer: 'proxy' },

  // Proxy as often as the server that runs the application: nothing tells which.
  {
    header: 'server',
    value: /^(apache(?:\/[\d.]{1,20})?)(?!-coyote)/i,
    platform: 'apache',
    label: '$1',
    layer: 'server',
  },
  {
    header: 'server',
    value: /^(gunicorn(?:\/[\w.+-]{1,40})?)/i,
    platform: 'gunicorn',
    label: '$1',
    layer: 'server',
  },
  { header: 'server', value: /^uvicorn/i, platform: 'uvicorn', label: 'uvicorn', layer: 'server' },
  {
    header: 'server',
    value: /^(werkzeug(?:\/[\w.+-]{1,40})?)/i,
    platform: 'flask',
    label: '$1',
    layer: 'server',
  },
  { header: 'x-powered-by', value: /^express\b/i, platform: 'express', label: 'Express', layer: 'framework' },
  { header: 'x-powered-by', value: /^(next\.js)/i, platform: 'next', label: 'Next.js', layer: 'framework' },
];

/** Names in the `via` header; the entry nearest to the browser comes last. */
const VIA_MARKS: readonly (Mark & { value: RegExp })[] = [
  { value: /\bkong\b/i, platform: 'kong', label: 'Kong', layer: 'gateway' },
  { value: /cloudfront/i, platform: 'cloudfront', label: 'CloudFront', layer: 'edge' },
  { value: /\bfly\.io\b/i, platform: 'fly', label: 'Fly.io', layer: 'edge' },
  { value: /\bcaddy\b/i, platform: 'caddy', label: 'Caddy', layer: 'proxy' },
  { value: /\b(vegur|heroku-router)\b/i, platform: 'heroku', label: 'Heroku router', layer: 'balancer' },
  {
    value: /^\S+ google\b/i,
    platform: 'google-lb',
    label: 'Google Cloud load balancer',
    layer: 'balancer',
  },
];

const HOST_MARKS: readonly (Mark & { suffix: string })[] = [
  { suffix: '.cloudfront.net', platform: 'cloudfront', label: 'CloudFront', layer: 'edge' },
  { suffix: '.workers.dev', platform: 'cloudflare', label: 'Cloudflare', layer: 'edge' },
  { suffix: '.pages.dev', platform: 'cloudflare', label: 'Cloudflare', layer: 'edge' },
  { suffix: '.azurefd.net', platform: 'azure', label: 'Azure Front Door', layer: 'edge' },
  { suffix: '.vercel.app', platform: 'vercel', label: 'Vercel', layer: 'edge' },
  { suffix: '.netlify.app', platform: 'netlify', label: 'Netlify', layer: 'edge' },
  { suffix: '.fly.dev', platform: 'fly', label: 'Fly.io', layer: 'edge' },
  { suffix: '.up.railway.app', platform: 'railway', label: 'Railway', layer: 'edge' },
  { suffix: '.onrender.com', platform: 'render', label: 'Render', layer: 'gateway' },
  { suffix: '.awsapprunner.com', platform: 'app-runner', label: 'App Runner', layer: 'gateway' },
  { suffix: '.herokuapp.com', platform: 'heroku', label: 'Heroku router', layer: 'balancer' },
  { suffix: '.azurewebsites.net', platform: 'azure', label: 'App Service', layer: 'balancer' },
  { suffix: '.azurecontainerapps.io', platform: 'azure', label: 'Container Apps', layer: 'balancer' },
  { suffix: '.run.app', platform: 'cloud-run', label: 'Cloud Run', layer: 'balancer' },
  { suffix: '.appspot.com', platform: 'app-engine', label: 'App Engine', layer: 'balancer' },
];

/** Hosts whose region stands in the middle of the name. */
const HOST_PATTERNS: readonly (Mark & { value: RegExp })[] = [
  {
    value: /\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/,
    platform: 'api-gateway',
    label: 'API Gateway',
    layer: 'gateway',
  },
  {
    value: /\.lambda-url\.[a-z0-9-]+\.on\.aws$/,
    platform: 'lambda',
    label: 'Lambda function URL',
    layer: 'gateway',
  },
  // The Network Load Balancer's names have `elb` before the region and it leaves no mark in an answer.
  {
    value: /\.[a-z0-9-]+\.elb\.amazonaws\.com(\.cn)?$/,
    platform: 'alb',
    label: 'ALB',
    layer: 'balancer',
  },
];

/** Affinity cookies: set by the answer, or sent back to the host that once set them. */
const COOKIE_MARKS: readonly (Mark & { name: RegExp })[] = [
  { name: /^AWSALB(CORS|APP|TG|TGCORS)?(-\d+)?$/, platform: 'alb', label: 'ALB', layer: 'balancer' },
  { name: /^AWSELB(CORS)?$/, platform: 'alb', label: 'Classic Load Balancer', layer: 'balancer' },
  {
    name: /^GC(I)?LB$/,
    platform: 'google-lb',
    label: 'Google Cloud load balancer',
    layer: 'balancer',
  },
  { name: /^ARRAffinity(SameSite)?$/, platform: 'azure', label: 'App Service', layer: 'balancer' },
  { name: /^__cf(lb|_bm|ruid)$/, platform: 'cloudflare', label: 'Cloudflare', layer: 'edge' },
  { name: /^heroku-session-affinity$/, platform: 'heroku', label: 'Heroku router', layer: 'balancer' },
  { name: /^INGRESSCOOKIE$/, platform: 'nginx', label: 'ingress-nginx', layer: 'proxy' },
  { name: /^SERVERID$/, platform: 'haproxy', label: 'HAProxy', layer: 'balancer' },
  { name: /^_[0-9a-f]{5}$/, platform: 'traefik', label: 'Traefik', layer: 'proxy' },
];

/** Bounds of what is looked at: a header block is small, a hostile one need not be. */
const MAX_HEADERS = 300;
const MAX_VALUE_LENGTH = 1024;
const MAX_EVIDENCE_LENGTH = 120;
const MAX_VIA_ENTRIES = 12;

interface RankedHop extends Hop {
  layer: Layer;
  /** Place in `via` counted from the browser; hops that `via` does not name share the first place. */
  viaPlace: number;
}

/**
 * The hops that response headers, the host name and cookies betray, browser side first; each platform once, with the
 * most telling evidence. A hop that leaves no mark is not here: absence proves nothing.
 */
export function hopsOf(stream: StreamRecord): Hop[] {
  const found: RankedHop[] = [];
  const hostName = hostOf(stream.response?.url || stream.request.url);
  const headers = (stream.response?.headers ?? []).slice(0, MAX_HEADERS);

  for (const header of headers) noteHeader(found, header);
  noteHost(found, hostName);
  noteCookies(found, stream);

  settleTwins(found, hostName);
  return found
    .map((hop, index) => ({ hop, index }))
    .sort(
      (a, b) =>
        LAYERS.indexOf(a.hop.layer) - LAYERS.indexOf(b.hop.layer) ||
        a.hop.viaPlace - b.hop.viaPlace ||
        a.index - b.index,
    )
    .map(({ hop: { platform, label, evidence } }) => ({ platform, label, evidence }));
}

/** Platforms of the layers that run the application itself, as against those in front of it. */
const APPLICATION: ReadonlySet<PlatformId | null> = new Set<PlatformId>([
  'apache',
  'gunicorn',
  'uvicorn',
  'flask',
  'fastapi',
  'express',
  'next',
  'go',
  'node',
  'socket-io',
]);

/**
 * Whether something stands between the browser and the application. A hop with no platform counts when it came from
 * `via` (only intermediaries write it) or is a known cache or balancer; an unknown `server` value does not.
 */
export function isIntermediarySeen(hops: readonly Hop[]): boolean {
  return hops.some((hop) =>
    hop.platform === null ? !hop.label.startsWith('server ') : !APPLICATION.has(hop.platform),
  );
}

/** Platforms between the browser and the application, browser side first. */
export function intermediariesOf(hops: readonly Hop[]): PlatformId[] {
  return hops.flatMap((hop) => (hop.platform && isIntermediarySeen([hop]) ? [hop.platform] : []));
}

/** Signatures of what runs an application and stands in front of nothing. */
const ENDS: ReadonlySet<PlatformId | null> = new Set(
  [...APPLICATION].filter((platform) => platform !== 'apache'),
);

/** Whether the answer carries the signature of the application's own server or framework: no hop made it in its place. */
export function isSignedByApplication(hops: readonly Hop[]): boolean {
  return hops.some(({ platform }) => ENDS.has(platform));
}

function noteHeader(found: RankedHop[], [rawName, rawValue]: Header): void {
  const name = rawName.toLowerCase();
  const value = plainText(rawValue.slice(0, MAX_VALUE_LENGTH));
  if (name === 'via') {
    noteVia(found, value);
    return;
  }
  let known = false;
  for (const mark of HEADER_MARKS) {
    if (mark.header !== name) continue;
    const match = mark.value ? mark.value.exec(value) : [value];
    if (!match) continue;
    known = true;
    add(found, mark, mark.label.replace('$1', match[1] ?? ''), `${name}: ${value}`);
  }
  if (name === 'server' && !known && value !== '') {
    add(
      found,
      { platform: null, label: '', layer: 'server' },
      `server ${value.slice(0, 40)}`,
      `server: ${value}`,
    );
  }
}

function noteVia(found: RankedHop[], value: string): void {
  const entries = value.split(',', MAX_VIA_ENTRIES).map((entry) => entry.trim());
  entries.reverse().forEach((entry, place) => {
    if (entry === '') return;
    const mark = VIA_MARKS.find((one) => one.value.test(entry));
    if (mark) add(found, mark, mark.label, `via: ${entry}`, place);
    else {
      const by = entry.split(/\s+/)[1] ?? entry;
      const proxy: Mark = { platform: null, label: '', layer: 'proxy' };
      add(found, proxy, `proxy ${by.slice(0, 60)}`, `via: ${entry}`, place);
    }
  });
}

function noteHost(found: RankedHop[], hostName: string): void {
  const bySuffix = HOST_MARKS.find((mark) => hostName.endsWith(mark.suffix));
  const mark = bySuffix ?? HOST_PATTERNS.find((one) => one.value.test(hostName));
  if (mark) add(found, mark, mark.label, `host: ${hostName}`);
}

function noteCookies(found: RankedHop[], stream: StreamRecord): void {
  for (const name of cookieNames(stream)) {
    const mark = COOKIE_MARKS.find((one) => one.name.test(name));
    if (mark) add(found, mark, mark.label, `cookie: ${name}`);
  }
}

function* cookieNames(stream: StreamRecord): Generator<string> {
  for (const [name, value] of (stream.response?.headers ?? []).slice(0, MAX_HEADERS)) {
    if (name.toLowerCase() !== 'set-cookie') continue;
    // Recorders may join several Set-Cookie headers of one answer by line breaks.
    for (const line of value.slice(0, 8 * MAX_VALUE_LENGTH).split('\n')) yield nameOfCookie(line);
  }
  for (const [name, value] of stream.request.headers.slice(0, MAX_HEADERS)) {
    if (name.toLowerCase() !== 'cookie') continue;
    for (const pair of value.slice(0, 16 * MAX_VALUE_LENGTH).split(';')) yield nameOfCookie(pair);
  }
}

function nameOfCookie(pair: string): string {
  return (pair.split('=', 1)[0] ?? '').trim();
}

function add(found: RankedHop[], mark: Mark, label: string, evidence: string, viaPlace = 0): void {
  const cut = evidence.length > MAX_EVIDENCE_LENGTH ? `${evidence.slice(0, MAX_EVIDENCE_LENGTH)}…` : evidence;
  const twin = found.find((hop) =>
    mark.platform === null ? hop.label === label : hop.platform === mark.platform,
  );
  if (!twin) {
    found.push({ platform: mark.platform, label, evidence: cut, layer: mark.layer, viaPlace });
    return;
  }
  // A label that says more ("nginx/1.22.1", "API Gateway (REST)") takes the place of the plain one.
  if (label.length > twin.label.length && label.toLowerCase().startsWith(twin.label.toLowerCase())) {
    twin.label = label;
    twin.evidence = cut;
  }
  twin.viaPlace = Math.max(twin.viaPlace, viaPlace);
}

/** Marks that two platforms share are given to the one that the host names. */
function settleTwins(found: RankedHop[], hostName: string): void {
  const drop = (platform: PlatformId) => {
    const index = found.findIndex((hop) => hop.platform === platform);
    if (index >= 0) found.splice(index, 1);
  };
  // App Runner is built on Envoy, and its limits are its own.
  if (hostName.endsWith('.awsapprunner.com')) drop('envoy');
  // "Google Frontend" stands before App Engine as well as Cloud Run.
  if (hostName.endsWith('.appspot.com')) drop('cloud-run');
}

function hostOf(url: string): string {
  const match = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(url.slice(0, 4096));
  return (match?.[1] ?? '').toLowerCase();
}

/** One line of printable text: control and direction-changing characters would deceive whoever reads it. */
function plainText(value: string): string {
  return value.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, ' ').trim();
}
