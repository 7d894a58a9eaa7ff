import { describe, expect, it } from 'vitest';
import { drawTrace, seeded } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';

const APIGW = 'https://abc.execute-api.us-east-1.amazonaws.com/prod/chat';
const REST = 'x-amz-apigw-id: a= / x-amzn-requestid: r';
const TIMED_OUT = '{"message":"Endpoint request timed out"}';

interface Case {
  timeline: string;
  confidence: 'proven' | 'likely';
  platform: string | null;
  summary: RegExp;
}

const call = (url: string, seconds: number, head: string, body = '') =>
  `ask fetch POST ${url} / accept: text/event-stream
   ${seconds}s headers ${head}
   ${body === '' ? '' : `+1 raw ${body}`}
   +2 end`;

const CASES: Record<string, Case> = {
  'API Gateway REST at 29 s': {
    timeline: call(APIGW, 29.03, `504 application/json / ${REST}`, TIMED_OUT),
    confidence: 'proven',
    platform: 'api-gateway',
    summary: /^504 after 29\.0 s: API Gateway's integration limit \(29 s\)\.$/,
  },
  'API Gateway HTTP API with 503 at 30 s': {
    timeline: call(
      'https://api.test/chat',
      30.1,
      '503 application/json / apigw-requestid: x',
      '{"message":"Service Unavailable"}',
    ),
    confidence: 'likely',
    platform: 'api-gateway',
    summary: /^503 after 30\.1 s: API Gateway's HTTP API limit \(30 s\)\.$/,
  },
  'ALB itself at 60 s': {
    timeline: call(
      'https://api.test/report',
      60.02,
      '504 text/html / server: awselb/2.0',
      '<html>504 Gateway Time-out</html>',
    ),
    confidence: 'proven',
    platform: 'alb',
    summary: /^504 after 60\.0 s: ALB's idle timeout/,
  },
  'nginx at 60 s, an ordinary call': {
    timeline: `ask fetch GET https://api.test/report | 60.01s headers 504 text/html / server: nginx/1.22.1 | +1 end`,
    confidence: 'proven',
    platform: 'nginx',
    summary: /nginx's proxy_read_timeout \(60 s\)\.$/,
  },
  'a bare 504 at 60 s': {
    timeline: call('https://api.test/report', 60.2, '504 text/html / server: Jetty(12.0.8)'),
    confidence: 'likely',
    platform: 'alb',
    summary: /^504 after 60\.2 s, which fits ALB's idle timeout \(60 s\) or nginx's/,
  },
  'Cloudflare 524 at 100 s': {
    timeline: call('https://api.test/report', 100.4, '524 text/html / server: cloudflare / cf-ray: 1'),
    confidence: 'proven',
    platform: 'cloudflare',
    summary: /^524 after 1\d\d\.\d s: Cloudflare's proxy read timeout/,
  },
  'Cloudflare 524 after a limit of its own': {
    timeline: call('https://api.test/report', 180, '524 text/html / server: cloudflare / cf-ray: 1'),
    confidence: 'likely',
    platform: 'cloudflare',
    summary: /Cloudflare gave up waiting/,
  },
  'Heroku H12 at 30 s': {
    timeline: call(
      'https://app.herokuapp.com/chat',
      30.05,
      '503 text/html / server: Cowboy / via: 1.1 vegur',
    ),
    confidence: 'likely',
    platform: 'heroku',
    summary: /Heroku's 30 s limit/,
  },
  'Vercel by its own header, long before its default': {
    timeline: call(
      'https://x.vercel.app/api',
      10.2,
      '504 text/plain / server: Vercel / x-vercel-error: FUNCTION_INVOCATION_TIMEOUT',
    ),
    confidence: 'proven',
    platform: 'vercel',
    summary: /^504 after 10\.2 s: Vercel says that it gave up waiting\.$/,
  },
  'Envoy at 15 s': {
    timeline: call(
      'https://api.test/x',
      15.01,
      '504 text/plain / server: istio-envoy',
      'upstream request timeout',
    ),
    confidence: 'proven',
    platform: 'envoy',
    summary: /Envoy's route timeout/,
  },
  'App Runner at 120 s': {
    timeline: call('https://x.eu-west-1.awsapprunner.com/chat', 120.3, '502 text/plain / server: envoy'),
    confidence: 'likely',
    platform: 'app-runner',
    summary: /App Runner's request limit/,
  },
  'a gunicorn worker killed at 30 s behind nginx': {
    timeline: call('https://api.test/chat', 30.7, '502 text/html / server: nginx'),
    confidence: 'likely',
    platform: 'gunicorn',
    summary: /^502 after 30\.7 s, which fits .*gunicorn's worker timeout/,
  },
  'a 504 of nginx at a limit that somebody set': {
    timeline: call('https://api.test/chat', 12, '504 text/html / server: nginx'),
    confidence: 'likely',
    platform: 'nginx',
    summary: /^504 after 12\.0 s: nginx gave up waiting, at no limit known by default\.$/,
  },
  'nginx in its own words, at a limit that somebody set': {
    timeline: call(
      'https://api.test/chat',
      3,
      '504 text/html / server: nginx',
      String.raw`<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n<hr><center>nginx/1.22.1</center>`,
    ),
    confidence: 'proven',
    platform: 'nginx',
    summary: /^504 after 3\.00 s: nginx says that it gave up waiting\.$/,
  },
  'HAProxy in its own words': {
    timeline: call(
      'https://api.test/chat',
      50.02,
      '504 text/html',
      String.raw`<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>`,
    ),
    confidence: 'proven',
    platform: 'haproxy',
    summary: /^504 after 50\.0 s, which fits the 50 s server time-out of packaged HAProxy/,
  },
  'Vercel at the longest duration of a plan': {
    timeline: call('https://x.vercel.app/api', 60.4, '504 text/plain / x-vercel-id: fra1::1'),
    confidence: 'likely',
    platform: 'vercel',
    summary: /which may be Vercel's function limit \(60 s\)/,
  },
  'App Service at 230 s, unverified': {
    timeline: call('https://x.azurewebsites.net/chat', 230.2, '500 text/html'),
    confidence: 'likely',
    platform: 'azure',
    summary: /which may be App Service's 230 s limit/,
  },
  'Kong in its own words': {
    timeline: call(
      'https://api.test/chat',
      30.02,
      '504 application/json / server: kong/3.6.1 / x-kong-upstream-latency: 30001',
      '{"message":"The upstream server is timing out","request_id":"f0"}',
    ),
    confidence: 'proven',
    platform: 'kong',
    summary: /^504 after 30\.0 s: Kong says that it gave up waiting\.$/,
  },
  'Apache at 60 s': {
    timeline: call('https://api.test/report', 60.02, '504 text/html / server: Apache/2.4.58 (Ubuntu)'),
    confidence: 'proven',
    platform: 'apache',
    summary: /^504 after 60\.0 s: Apache's Timeout \(60 s\)\.$/,
  },
  'Fastly, with 503': {
    timeline: call(
      'https://api.test/chat',
      15.1,
      '503 text/html / server: Varnish / x-served-by: cache-fra-1',
      '<h1>Error 503 first byte timeout</h1>',
    ),
    confidence: 'proven',
    platform: 'fastly',
    summary: /^503 after 15\.1 s: Fastly's first byte timeout \(15 s\)\.$/,
  },
  'Envoy that could not connect': {
    timeline: call(
      'https://api.test/chat',
      10.02,
      '503 text/plain / server: envoy',
      'upstream connect error or disconnect/reset before headers. reset reason: connection timeout',
    ),
    confidence: 'proven',
    platform: 'envoy',
    summary: /^503 after 10\.0 s: Envoy says that it gave up waiting\.$/,
  },
  'a Google load balancer, in Envoy’s words': {
    timeline: call(
      'https://api.test/chat',
      45.02,
      '504 text/plain / via: 1.1 google',
      'upstream request timeout',
    ),
    confidence: 'proven',
    platform: 'google-lb',
    summary: /^504 after 45\.0 s: Google Cloud load balancer says that it gave up waiting\.$/,
  },
  'a Lambda behind Netlify, in its own words': {
    timeline: call(
      'https://x.netlify.app/api',
      10.1,
      '502 application/json / server: Netlify / x-nf-request-id: 1',
      '{"errorMessage":"RequestId: 1 Error: Task timed out after 10.00 seconds"}',
    ),
    confidence: 'proven',
    platform: 'netlify',
    summary: /^502 after 10\.1 s: Netlify says that it gave up waiting\.$/,
  },
  'a Lambda function URL, at a time that somebody set': {
    timeline: call(
      'https://x.lambda-url.eu-west-1.on.aws/',
      30.1,
      '502 application/json / x-amzn-requestid: 1',
      'Internal Server Error',
    ),
    confidence: 'likely',
    platform: 'lambda',
    summary: /^502 after 30\.1 s, which fits a limit that gateways are often set to \(30 s\)\.$/,
  },
  'IIS as a proxy, 502 after two minutes': {
    timeline: call('https://api.test/chat', 120.03, '502 text/html / server: Microsoft-IIS/10.0'),
    confidence: 'likely',
    platform: null,
    summary: /^502 after 2 min, which fits a limit that gateways are often set to \(120 s\)\.$/,
  },
  'Azure Container Apps': {
    timeline: call('https://x.hill-1.westeurope.azurecontainerapps.io/chat', 240.02, '504 text/plain'),
    confidence: 'proven',
    platform: 'azure',
    summary: /: the Container Apps request timeout \(240 s\)\.$/,
  },
  'App Service after a minute, which is no limit of Front Door': {
    timeline: call('https://x.azurewebsites.net/chat', 60.1, '504 text/html'),
    confidence: 'likely',
    platform: 'azure',
    summary: /^504 after 60\.1 s: App Service gave up waiting, at no limit known by default\.$/,
  },
  'a gateway behind Cloudflare, whose own word is 524': {
    timeline: call(
      'https://api.test/chat',
      45.1,
      '504 application/json / server: cloudflare / cf-ray: 1',
      '{"error":"timeout"}',
    ),
    confidence: 'likely',
    platform: 'cloudflare',
    summary: /^504 after 45\.1 s: a gateway behind Cloudflare gave up waiting/,
  },
  'a HAR, by its phases and not by the queue before them': {
    timeline: `ask fetch GET https://api.test/chat / seen=har
      75s headers 504 text/html / server: awselb/2.0
      phases blocked=14950 dns=20 connect=30 wait=60010 receive=1
      +1 end`,
    confidence: 'proven',
    platform: 'alb',
    summary: /^504 after 60\.0 s/,
  },
};

describe('a gateway that gave up waiting', () => {
  it.each(Object.entries(CASES))('%s', (_, { timeline, confidence, platform, summary }) => {
    const finding = findingOf(drawTrace(timeline), 'gateway-timeout');
    expect(finding).toMatchObject({ severity: 'error', confidence });
    expect(finding!.summary).toMatch(summary);
    if (platform) expect(finding!.platforms).toContain(platform);
    expect(finding!.evidence[0]).toMatchObject({ unit: 'ms' });
  });

  it('puts the platform that a header betrays first', () => {
    for (const [server, platform] of [
      ['awselb/2.0', 'alb'],
      ['nginx', 'nginx'],
    ] as const) {
      const trace = drawTrace(call('https://api.test/x', 60, `504 text/html / server: ${server}`));
      expect(findingOf(trace, 'gateway-timeout')?.platforms[0]).toBe(platform);
    }
  });

  it('is the one finding: the slow first byte and the masked status are its symptoms', () => {
    const trace = drawTrace(`ask fetch POST ${APIGW} / accept: text/event-stream / origin: https://app.test
      29.02s headers 504 application/json / ${REST}
      +1 refused net::ERR_FAILED TypeError: Failed to fetch`);
    expect(alarms(trace)).toEqual(['error gateway-timeout s1']);
    expect(foundLines(trace)).toContain('error masked-status s1 < gateway-timeout');
    expect(findingOf(trace, 'gateway-timeout')!.summary).toMatch(/the page saw only a failed request/);
  });

  it.each([
    // DevTools writes the wait for an answer that CORS refuses as `blocked`.
    ['with the network’s times', '3 sent', '29.02s', ''],
    ['in a HAR, whose times are computed', '29.02s sent', '', ' / seen=har'],
  ])('takes the wait from where it is, when CORS hides the answer: %s', (_, sent, at, seen) => {
    const trace = drawTrace(`ask fetch POST ${APIGW} / origin: https://app.test${seen}
      ${sent}
      ${at} headers 504 application/json / ${REST}
      +1 refused net::ERR_FAILED TypeError: Failed to fetch
      phases blocked=29020 send=0 wait=0 receive=1`);
    expect(alarms(trace)).toEqual(['error gateway-timeout s1']);
    expect(findingOf(trace, 'gateway-timeout')!.summary).toMatch(/^504 after 29\.0 s/);
  });

  it.each(['error', 'refused'])('is seen from the page alone where the host tells: %s', (kind) => {
    const trace = drawTrace(
      `ask fetch POST ${APIGW} / seen=tap / partial | 29.1s ${kind} TypeError: Failed to fetch`,
    );
    expect(findingOf(trace, 'gateway-timeout')).toMatchObject({ confidence: 'likely' });
  });

  it('is named through any jitter of the network', () => {
    const random = seeded(11);
    for (let round = 0; round < 60; round++) {
      const seconds = 29 + random() * 1.2;
      const trace = drawTrace(call(APIGW, seconds, `504 application/json / ${REST}`));
      expect(findingOf(trace, 'gateway-timeout')?.platforms[0]).toBe('api-gateway');
    }
  });
});

describe('no gateway time-out', () => {
  it.each([
    ['a fast 500', call('https://api.test/x', 0.2, '500 application/json', '{"error":"boom"}')],
    ['a fast 502', call('https://api.test/x', 0.05, '502 text/html / server: nginx')],
    ['a fast 503', call('https://api.test/x', 0.3, '503 text/plain')],
    ['a fast 504', call('https://api.test/x', 0.3, '504 text/plain / server: nginx')],
    [
      'a slow 500 of the application',
      call('https://api.test/x', 30, '500 application/json', '{"error":"boom"}'),
    ],
    [
      'a 503 of the application, in its own words',
      call('https://api.test/x', 30.1, '503 application/json', '{"detail":"model overloaded"}'),
    ],
    [
      'a 502 that the application signed',
      call('https://api.test/x', 60.1, '502 text/html / x-powered-by: Express'),
    ],
    ['a 503 before any limit', call('https://api.test/x', 29.2, '503 text/html / via: 1.1 vegur')],
    [
      'a request that was too slow for HAProxy',
      call(
        'https://api.test/x',
        10,
        '408 text/html',
        "<h1>408 Request Time-out</h1>Your browser didn't send a complete request in time.",
      ),
    ],
    [
      'an Envoy that was refused a connection',
      call('https://api.test/x', 6, '503 text/plain / server: envoy', 'reset reason: connection failure'),
    ],
    ['a 503 after a time of nobody', call('https://api.test/x', 42, '503 text/plain / server: nginx')],
    ['a 408 after a time of nobody', call('https://api.test/x', 25, '408 text/plain')],
    [
      'a 521: the origin is down',
      call('https://api.test/x', 8, '521 text/html / server: cloudflare / cf-ray: 1'),
    ],
    [
      'a slow 200',
      'ask fetch GET https://api.test/x | 29s headers 200 application/json | +1 raw {} | +1 end',
    ],
    [
      'a long poll that answers 204 at 30 s',
      'ask fetch GET https://api.test/poll | 30s headers 204 | +1 end',
    ],
    ['a 404', call('https://api.test/x', 29, '404 application/json')],
    ['a page that gave up at 30 s', 'ask fetch GET https://api.test/x | 30s abort AbortError'],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'gateway-timeout')).toBeUndefined();
  });

  it('leaves a failed fetch without fingerprint undecided', () => {
    const trace = drawTrace(
      'ask fetch GET https://api.test/x / seen=tap | 30s error TypeError: Failed to fetch',
    );
    expect(findingOf(trace, 'gateway-timeout')).toBeUndefined();
    expect(incompleteOf(trace, 'gateway-timeout')).toHaveLength(1);
  });
});
