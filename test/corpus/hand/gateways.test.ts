import { describe, expect, it } from 'vitest';
import type { PlatformId } from '../../../src/diagnose/platforms';
import { check, type Fault, faultsIn } from './check';
import {
  every,
  HOSTS,
  HTML,
  harEntry,
  harFile,
  JSON_TYPE,
  refusal,
  SIGNED,
  type StreamOptions,
  streamEntry,
} from './entries';

type Entry = Record<string, unknown>;

const nginxPage = (words: string, name = 'nginx/1.24.0') =>
  `<html>\r\n<head><title>${words}</title></head>\r\n<body>\r\n<center><h1>${words}</h1></center>\r\n<hr><center>${name}</center>\r\n</body>\r\n</html>\r\n`;
const albPage = nginxPage('504 Gateway Time-out').replace(/<hr>.*?<\/center>\r\n/, '');

describe('a gateway that gave up', () => {
  it.each<[string, Entry, PlatformId]>([
    [
      'API Gateway, REST',
      refusal(
        HOSTS.restApi,
        29_060,
        504,
        SIGNED.restApi,
        '{"message": "Endpoint request timed out"}',
        JSON_TYPE,
      ),
      'api-gateway',
    ],
    [
      'API Gateway, REST, under a domain of its own',
      refusal(HOSTS.own, 29_120, 504, SIGNED.restApi, '{"message": "Endpoint request timed out"}', JSON_TYPE),
      'api-gateway',
    ],
    [
      'API Gateway, REST, with the limit raised to 90 s',
      refusal(HOSTS.own, 90_080, 504, SIGNED.restApi, '{"message": "Endpoint request timed out"}', JSON_TYPE),
      'api-gateway',
    ],
    [
      'API Gateway, HTTP API, 503',
      refusal(HOSTS.restApi, 30_070, 503, SIGNED.httpApi, '{"message":"Service Unavailable"}', JSON_TYPE),
      'api-gateway',
    ],
    [
      'API Gateway, HTTP API, 504',
      refusal(HOSTS.own, 30_040, 504, SIGNED.httpApi, '{"message":"Gateway Timeout"}', JSON_TYPE),
      'api-gateway',
    ],
    ['ALB', refusal(HOSTS.alb, 60_030, 504, SIGNED.alb, albPage), 'alb'],
    ['ALB under a domain of its own', refusal(HOSTS.own, 60_010, 504, SIGNED.alb, albPage), 'alb'],
    [
      'ALB with the idle timeout raised to 120 s',
      refusal(HOSTS.own, 120_020, 504, SIGNED.alb, albPage),
      'alb',
    ],
    ['ALB that could not connect to its target', refusal(HOSTS.own, 10_060, 504, SIGNED.alb, albPage), 'alb'],
    [
      'CloudFront',
      refusal(HOSTS.cloudfront, 30_400, 504, SIGNED.cloudfront, '<H1>504 Gateway Timeout ERROR</H1>'),
      'cloudfront',
    ],
    [
      'CloudFront raised to 60 s',
      refusal(HOSTS.own, 60_400, 504, SIGNED.cloudfront, '<H1>504 Gateway Timeout ERROR</H1>'),
      'cloudfront',
    ],
    [
      'Cloudflare, 100 s',
      refusal(HOSTS.own, 100_300, 524, SIGNED.cloudflare, '<title>524: A timeout occurred</title>'),
      'cloudflare',
    ],
    [
      'Cloudflare, 120 s',
      refusal(HOSTS.own, 120_300, 524, SIGNED.cloudflare, 'error code: 524', 'text/plain'),
      'cloudflare',
    ],
    [
      'Cloudflare that could not connect',
      refusal(HOSTS.own, 19_200, 522, SIGNED.cloudflare, 'error code: 522', 'text/plain'),
      'cloudflare',
    ],
    [
      'Heroku H12',
      refusal(
        HOSTS.heroku,
        30_020,
        503,
        SIGNED.heroku,
        '<iframe src="//www.herokucdn.com/error-pages/application-error.html">',
      ),
      'heroku',
    ],
    [
      'Vercel, 10 s',
      refusal(
        HOSTS.vercel,
        10_150,
        504,
        { ...SIGNED.vercel, 'x-vercel-error': 'FUNCTION_INVOCATION_TIMEOUT' },
        'FUNCTION_INVOCATION_TIMEOUT',
        'text/plain',
      ),
      'vercel',
    ],
    [
      'Vercel, 300 s',
      refusal(
        HOSTS.own,
        300_200,
        504,
        { ...SIGNED.vercel, 'x-vercel-error': 'FUNCTION_INVOCATION_TIMEOUT' },
        'FUNCTION_INVOCATION_TIMEOUT',
        'text/plain',
      ),
      'vercel',
    ],
    [
      'Vercel Edge, 25 s',
      refusal(
        HOSTS.vercel,
        25_080,
        504,
        { ...SIGNED.vercel, 'x-vercel-error': 'EDGE_FUNCTION_INVOCATION_TIMEOUT' },
        'EDGE_FUNCTION_INVOCATION_TIMEOUT',
        'text/plain',
      ),
      'vercel',
    ],
    [
      'Cloud Run',
      refusal(HOSTS.cloudRun, 300_100, 504, SIGNED.cloudRun, 'upstream request timeout', 'text/plain'),
      'cloud-run',
    ],
    [
      'Google load balancer, 502 after its 30 s',
      refusal(HOSTS.own, 30_060, 502, SIGNED.googleLb, '<title>502 Server Error</title>'),
      'google-lb',
    ],
    [
      'App Runner, 120 s',
      refusal(HOSTS.appRunner, 120_050, 504, SIGNED.appRunner, 'upstream request timeout', 'text/plain'),
      'app-runner',
    ],
    ['nginx', refusal(HOSTS.own, 60_010, 504, SIGNED.nginx, nginxPage('504 Gateway Time-out')), 'nginx'],
    [
      'ingress-nginx, which hides its header',
      refusal(HOSTS.own, 60_020, 504, {}, nginxPage('504 Gateway Time-out', 'nginx')),
      'nginx',
    ],
    [
      'nginx set to 15 s',
      refusal(HOSTS.own, 15_010, 504, SIGNED.nginx, nginxPage('504 Gateway Time-out')),
      'nginx',
    ],
    [
      'nginx in front of a gunicorn worker that was killed',
      refusal(HOSTS.own, 30_700, 502, SIGNED.nginx, nginxPage('502 Bad Gateway')),
      'gunicorn',
    ],
    [
      'Envoy',
      refusal(HOSTS.own, 15_010, 504, SIGNED.envoy, 'upstream request timeout', 'text/plain'),
      'envoy',
    ],
    [
      'Istio with a timeout of 5 s',
      refusal(HOSTS.own, 5010, 504, SIGNED.istio, 'upstream request timeout', 'text/plain'),
      'envoy',
    ],
    [
      'HAProxy set to 50 s',
      refusal(
        HOSTS.own,
        50_010,
        504,
        {},
        "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n",
      ),
      'haproxy',
    ],
    ['Azure App Service', refusal(HOSTS.azure, 230_400, 502, {}, '500 - The request timed out.'), 'azure'],
    [
      'Kong',
      refusal(
        HOSTS.own,
        60_020,
        504,
        { server: 'kong/3.6.1', 'x-kong-upstream-latency': '60001', 'x-kong-request-id': 'f00d' },
        '{"message":"The upstream server is timing out","request_id":"f00d"}',
        JSON_TYPE,
      ),
      'kong',
    ],
    [
      'Apache, as a proxy',
      refusal(
        HOSTS.own,
        60_030,
        504,
        { server: 'Apache/2.4.58 (Ubuntu)' },
        '<title>504 Gateway Timeout</title><p>The gateway did not receive a timely response\nfrom the upstream server or application.</p>',
      ),
      'apache',
    ],
    [
      'Fastly',
      refusal(
        HOSTS.own,
        15_090,
        503,
        {
          server: 'Varnish',
          'x-served-by': 'cache-fra-eddf8230099-FRA',
          via: '1.1 varnish',
          'retry-after': '0',
        },
        '<title>503 first byte timeout</title><h1>Error 503 first byte timeout</h1>',
      ),
      'fastly',
    ],
    [
      'a Google load balancer that speaks Envoy',
      refusal(HOSTS.own, 30_020, 504, SIGNED.googleLb, 'upstream request timeout', 'text/plain'),
      'google-lb',
    ],
    [
      'Azure Container Apps',
      refusal(
        'https://chat.happyhill-1a2b3c4d.westeurope.azurecontainerapps.io',
        240_030,
        504,
        {},
        'stream timeout',
        'text/plain',
      ),
      'azure',
    ],
    [
      'a Lambda behind Netlify',
      refusal(
        HOSTS.own,
        10_060,
        502,
        SIGNED.netlify,
        '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 10.00 seconds"}',
        JSON_TYPE,
      ),
      'netlify',
    ],
    [
      'Azure Front Door',
      refusal(
        HOSTS.own,
        30_100,
        504,
        { ...SIGNED.azureFrontDoor, 'x-azure-externalerror': 'OriginTimeout' },
        '',
      ),
      'azure',
    ],
  ])('%s', (_, entry, platform) => check([entry], [['gateway-timeout', platform]]));

  it('is told of an ordinary call, too', () =>
    check(
      [
        harEntry({
          url: `${HOSTS.alb}/report`,
          wait: 60_020,
          receive: 1,
          status: 504,
          contentType: HTML,
          responseHeaders: SIGNED.alb,
          text: albPage,
        }),
      ],
      [['gateway-timeout', 'alb']],
    ));

  it('is the one fault, whatever the page then polls', () =>
    check(
      [
        refusal(
          HOSTS.restApi,
          29_060,
          504,
          SIGNED.restApi,
          '{"message": "Endpoint request timed out"}',
          JSON_TYPE,
        ),
        harEntry({ url: `${HOSTS.restApi}/me`, contentType: JSON_TYPE, text: '{"id":7}', startMs: 30_000 }),
      ],
      [['gateway-timeout', 'api-gateway']],
    ));
});

describe('answers that only look like it', () => {
  const call = (waitMs: number, status: number, more: Parameters<typeof harEntry>[0] = {}) =>
    harEntry({
      url: `${HOSTS.own}/items`,
      wait: waitMs,
      receive: 2,
      status,
      contentType: JSON_TYPE,
      text: '{"detail":"no"}',
      ...more,
    });
  it.each<[string, Entry[]]>([
    [
      'quick failures of an application',
      [500, 502, 503, 504, 404, 408, 429].map((status, index) => call(40 + index * 90, status)),
    ],
    [
      'a restart behind nginx',
      [502, 502, 503].map((status, index) =>
        call(3, status, {
          contentType: HTML,
          text: nginxPage('502 Bad Gateway'),
          responseHeaders: SIGNED.nginx,
          startMs: index * 1000,
        }),
      ),
    ],
    ['an application that fails after 12 s', [call(12_300, 500)]],
    [
      'an application that fails after 30 s with its own words',
      [call(30_200, 500, { text: '{"error":"division by zero"}' })],
    ],
    [
      'a slow call behind API Gateway that succeeds',
      [call(28_700, 200, { responseHeaders: SIGNED.restApi, url: `${HOSTS.restApi}/report` })],
    ],
    [
      'an overloaded model that says so after 30 s',
      [call(30_200, 503, { text: '{"detail":"model overloaded"}', responseHeaders: { server: 'uvicorn' } })],
    ],
    [
      'an Envoy that found nobody to connect to',
      [
        call(30, 503, {
          contentType: 'text/plain',
          responseHeaders: SIGNED.istio,
          text: 'upstream connect error or disconnect/reset before headers. reset reason: connection failure',
        }),
      ],
    ],
    ['a slow call behind an ALB that succeeds', [call(58_900, 200, { url: `${HOSTS.alb}/report` })]],
    ['a report of 61 s that succeeds', [call(61_000, 200)]],
    [
      'long polls of 30 s',
      [0, 1, 2, 3].map((index) =>
        call(30_010, index % 2 ? 204 : 200, {
          startMs: index * 30_020,
          url: `${HOSTS.own}/poll?since=${index}`,
        }),
      ),
    ],
    [
      'maintenance behind Cloudflare',
      [
        call(30, 503, {
          contentType: HTML,
          text: '<h1>Maintenance</h1>',
          responseHeaders: SIGNED.cloudflare,
        }),
      ],
    ],
    [
      'a refusal by Heroku that is no time-out',
      [
        call(60, 503, {
          contentType: HTML,
          responseHeaders: SIGNED.heroku,
          text: '<iframe src="//www.herokucdn.com/error-pages/application-error.html">',
        }),
      ],
    ],
    ['an upload that takes a minute', [call(60_100, 201, { method: 'POST' })]],
    ['a 504 from a cache', [call(31_000, 504, { more: { _fromCache: 'disk' } })]],
  ])('%s', (_, entries) => check(entries, []));
});

describe('a stream that was cut', () => {
  const tokens = every(180, 30);
  const last = tokens.at(-1)!;
  const cut = (options: StreamOptions) =>
    streamEntry({ url: `${HOSTS.own}/chat`, error: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING', ...options });
  it.each<[string, Entry[], Fault[]]>([
    [
      'by an ALB after 60 s of silence',
      [cut({ url: `${HOSTS.alb}/chat`, at: tokens, endMs: last + 60_010 })],
      [['idle-cut', 'alb']],
    ],
    [
      'by nginx over HTTP/2 after 60 s of silence',
      [
        cut({
          at: tokens,
          endMs: last + 60_020,
          error: 'net::ERR_HTTP2_PROTOCOL_ERROR',
          responseHeaders: SIGNED.nginx,
        }),
      ],
      [['idle-cut', 'nginx']],
    ],
    [
      'by Heroku after 55 s of silence (H15)',
      [
        cut({
          url: `${HOSTS.heroku}/chat`,
          at: tokens,
          endMs: last + 55_040,
          responseHeaders: SIGNED.heroku,
        }),
      ],
      [['idle-cut', 'heroku']],
    ],
    [
      'by CloudFront after 30 s between packets',
      [
        cut({
          url: `${HOSTS.cloudfront}/chat`,
          at: tokens,
          endMs: last + 30_030,
          error: 'net::ERR_HTTP2_PROTOCOL_ERROR',
          responseHeaders: SIGNED.cloudfront,
        }),
      ],
      [['idle-cut', 'cloudfront']],
    ],
    [
      'by Cloudflare after 100 s of silence',
      [
        cut({
          at: tokens,
          endMs: last + 100_100,
          error: 'net::ERR_HTTP2_PROTOCOL_ERROR',
          responseHeaders: SIGNED.cloudflare,
        }),
      ],
      [['idle-cut', 'cloudflare']],
    ],
    [
      'by Fly after 60 s of silence',
      [cut({ at: tokens, endMs: last + 60_030, responseHeaders: SIGNED.fly })],
      [['idle-cut', 'fly']],
    ],
    [
      'by a Google load balancer at 30 s',
      [cut({ at: every(400, 74), endMs: 30_060, responseHeaders: SIGNED.googleLb })],
      [['duration-cap', 'google-lb']],
    ],
    [
      'by Cloud Run at 300 s',
      [
        cut({
          url: `${HOSTS.cloudRun}/chat`,
          at: every(3000, 99),
          endMs: 300_050,
          error: 'net::ERR_HTTP2_PROTOCOL_ERROR',
          responseHeaders: SIGNED.cloudRun,
        }),
      ],
      [['duration-cap', 'cloud-run']],
    ],
    [
      'by App Runner at 120 s',
      [
        cut({
          url: `${HOSTS.appRunner}/chat`,
          at: every(1000, 119),
          endMs: 120_040,
          responseHeaders: SIGNED.appRunner,
        }),
      ],
      [['duration-cap', 'app-runner']],
    ],
    [
      'by Vercel at 300 s',
      [
        cut({
          url: `${HOSTS.vercel}/chat`,
          at: every(2500, 119),
          endMs: 300_120,
          error: 'net::ERR_HTTP2_PROTOCOL_ERROR',
          responseHeaders: SIGNED.vercel,
        }),
      ],
      [['duration-cap', 'vercel']],
    ],
    [
      'by API Gateway, STREAM, at 15 min',
      [
        cut({
          url: `${HOSTS.restApi}/chat`,
          at: every(9000, 99),
          endMs: 900_100,
          error: 'net::ERR_HTTP2_PROTOCOL_ERROR',
          responseHeaders: SIGNED.restApi,
        }),
      ],
      [['duration-cap', 'api-gateway']],
    ],
    [
      'by gunicorn at 30 s',
      [
        cut({
          at: every(300, 100),
          endMs: 30_600,
          error: 'net::ERR_INVALID_CHUNKED_ENCODING',
          responseHeaders: { server: 'gunicorn' },
        }),
      ],
      [['duration-cap', 'gunicorn']],
    ],
    ['at no known limit', [cut({ at: tokens, endMs: last + 400 })], [['connection-lost']]],
    [
      'at no known limit, over HTTP/2',
      [cut({ at: tokens, endMs: last + 300, error: 'net::ERR_HTTP2_PROTOCOL_ERROR' })],
      [['http2-protocol-error']],
    ],
    [
      'over HTTP/3',
      [cut({ at: tokens, endMs: last + 300, error: 'net::ERR_QUIC_PROTOCOL_ERROR' })],
      [['http2-protocol-error']],
    ],
  ])('%s', (_, entries, faults) => check(entries, faults));
});

describe('a stream that somebody ended', () => {
  const tokens = every(180, 30);
  const last = tokens.at(-1)!;
  const ended = (options: StreamOptions) => streamEntry({ url: `${HOSTS.alb}/chat`, ...options });
  it.each<[string, Entry[]]>([
    [
      'left by the page after a minute of silence',
      [ended({ at: tokens, endMs: last + 60_010, error: 'net::ERR_ABORTED' })],
    ],
    [
      'left by the page after 30 s of flow',
      [ended({ at: every(400, 74), endMs: 30_010, error: 'net::ERR_ABORTED' })],
    ],
    [
      'finished at just 30 s',
      [
        ended({
          at: every(400, 74),
          endMs: 30_020,
          data: (index) => (index === 73 ? '[DONE]' : `{"delta":" ${index}"}`),
        }),
      ],
    ],
    [
      'finished at just 60 s',
      [
        ended({
          at: every(800, 74),
          endMs: 60_020,
          data: (index) => (index === 73 ? '[DONE]' : `{"delta":" ${index}"}`),
        }),
      ],
    ],
    [
      'three streams that finished after the same time',
      [0, 1, 2].map((turn) => ended({ startMs: turn * 9000, at: every(200, 40), endMs: 8300 })),
    ],
    [
      'an EventSource closed by the page after a minute',
      [
        ended({
          type: 'eventsource',
          method: 'GET',
          at: every(4000, 15),
          endMs: 60_000,
          error: 'net::ERR_ABORTED',
        }),
      ],
    ],
    ['a slow model: a token every two seconds', [ended({ at: every(2000, 20), endMs: 41_000 })]],
    [
      'two models one after the other, 14 s apart',
      [ended({ at: [...every(100, 20), ...every(100, 20, 16_000)], endMs: 18_100 })],
    ],
  ])('%s', (_, entries) => check(entries, []));

  it.each(['net::ERR_NETWORK_CHANGED', 'net::ERR_INTERNET_DISCONNECTED', 'net::ERR_NETWORK_IO_SUSPENDED'])(
    'blames no gateway for %s after a minute of silence',
    (error) => {
      const found = faultsIn(harFile([ended({ at: tokens, endMs: last + 60_010, error })]));
      expect(found.map(({ id }) => id)).not.toContain('idle-cut');
      expect(found.flatMap(({ platforms }) => platforms)).not.toContain('alb');
    },
  );
});
