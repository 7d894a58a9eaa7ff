import { describe, expect, it } from 'vitest';
import { hopsOf, isIntermediarySeen } from '../../../src/diagnose/facts/hops';
import type { PlatformId } from '../../../src/diagnose/platforms';
import type { Header } from '../../../src/trace/types';
import { drawStream, seeded } from '../../support/draw';

function hops(headers: Header[], host = 'api.example.com', requestHeaders: Header[] = []) {
  const stream = drawStream(`ask GET https://${host}/chat\n10 headers 200\n20 end`);
  stream.response!.headers.push(...headers);
  stream.request.headers.push(...requestHeaders);
  return hopsOf(stream);
}

describe('hopsOf', () => {
  it.each<[string, Header[], string, (PlatformId | null)[], string[]]>([
    ['nothing', [], 'api.example.com', [], []],
    ['ALB by its own error', [['Server', 'awselb/2.0']], 'api.example.com', ['alb'], ['ALB']],
    ['ALB by host', [], 'web-123.eu-west-1.elb.amazonaws.com', ['alb'], ['ALB']],
    ['ALB by cookie', [['Set-Cookie', 'AWSALB=x; Path=/']], 'a.test', ['alb'], ['ALB']],
    ['Classic ELB by cookie', [['Set-Cookie', 'AWSELB=x']], 'a.test', ['alb'], ['Classic Load Balancer']],
    [
      'a REST API',
      [
        ['x-amzn-requestid', 'u'],
        ['x-amz-apigw-id', 'i'],
      ],
      'abc.execute-api.us-east-1.amazonaws.com',
      ['api-gateway'],
      ['API Gateway (REST)'],
    ],
    ['an HTTP API', [['apigw-requestid', 'i']], 'a.test', ['api-gateway'], ['API Gateway (HTTP API)']],
    ['an API by host', [], 'abc.execute-api.eu-west-1.amazonaws.com', ['api-gateway'], ['API Gateway']],
    [
      'an edge-optimized API behind Cloudflare',
      [
        ['server', 'cloudflare'],
        ['cf-ray', '1'],
        ['x-amz-apigw-id', 'i'],
        ['via', '1.1 abc.cloudfront.net (CloudFront)'],
        ['x-amz-cf-id', 'q'],
      ],
      'a.test',
      ['cloudflare', 'cloudfront', 'api-gateway'],
      ['Cloudflare', 'CloudFront', 'API Gateway (REST)'],
    ],
    ['nginx with its version', [['server', 'nginx/1.22.1']], 'a.test', ['nginx'], ['nginx/1.22.1']],
    ['openresty', [['server', 'openresty/1.21.4.1']], 'a.test', ['nginx'], ['openresty/1.21.4.1']],
    ['Istio', [['server', 'istio-envoy']], 'a.test', ['envoy'], ['istio-envoy']],
    ['Envoy by its timing header', [['x-envoy-upstream-service-time', '3']], 'a.test', ['envoy'], ['Envoy']],
    [
      'App Runner, not its Envoy',
      [['server', 'envoy']],
      'abc.eu-west-1.awsapprunner.com',
      ['app-runner'],
      ['App Runner'],
    ],
    ['gunicorn', [['server', 'gunicorn/20.1.0']], 'a.test', ['gunicorn'], ['gunicorn/20.1.0']],
    [
      'Flask in development',
      [['server', 'Werkzeug/3.1.3 Python/3.12']],
      'a.test',
      ['flask'],
      ['Werkzeug/3.1.3'],
    ],
    ['Express', [['X-Powered-By', 'Express']], 'a.test', ['express'], ['Express']],
    [
      'Heroku',
      [
        ['server', 'Cowboy'],
        ['via', '1.1 vegur'],
      ],
      'shop.herokuapp.com',
      ['heroku', null],
      ['Heroku router', 'server Cowboy'],
    ],
    ['Cloud Run', [['server', 'Google Frontend']], 'x-abc-uc.a.run.app', ['cloud-run'], ['Google Frontend']],
    ['App Engine', [['server', 'Google Frontend']], 'shop.appspot.com', ['app-engine'], ['App Engine']],
    ['a Google balancer', [['via', '1.1 google']], 'a.test', ['google-lb'], ['Google Cloud load balancer']],
    [
      'Caddy before gunicorn',
      [
        ['via', '1.1 Caddy'],
        ['server', 'gunicorn'],
      ],
      'a.test',
      ['caddy', 'gunicorn'],
      ['Caddy', 'gunicorn'],
    ],
    ['an unknown server', [['server', 'Jetty(12.0.8)']], 'a.test', [null], ['server Jetty(12.0.8)']],
    ['Apache', [['server', 'Apache/2.4.58 (Ubuntu)']], 'a.test', ['apache'], ['Apache/2.4.58']],
    [
      'Tomcat is no Apache',
      [['server', 'Apache-Coyote/1.1']],
      'a.test',
      [null],
      ['server Apache-Coyote/1.1'],
    ],
    [
      'Kong',
      [
        ['server', 'kong/3.6.1'],
        ['via', '1.1 kong/3.6.1'],
        ['x-kong-upstream-latency', '60001'],
      ],
      'a.test',
      ['kong'],
      ['Kong'],
    ],
    [
      'Azure Container Apps',
      [],
      'shop.hill-1.westeurope.azurecontainerapps.io',
      ['azure'],
      ['Container Apps'],
    ],
    [
      'an unknown proxy',
      [['via', '1.1 proxy.corp.example:3128 (squid/5)']],
      'a.test',
      [null],
      ['proxy proxy.corp.example:3128'],
    ],
    ['HAProxy by cookie', [['Set-Cookie', 'SERVERID=web1; path=/']], 'a.test', ['haproxy'], ['HAProxy']],
    ['Traefik by cookie', [['Set-Cookie', '_1d52e=1; path=/']], 'a.test', ['traefik'], ['Traefik']],
  ])('%s', (_, headers, host, platforms, labels) => {
    const found = hops(headers, host);
    expect(found.map((hop) => hop.platform)).toEqual(platforms);
    expect(found.map((hop) => hop.label)).toEqual(labels);
  });

  it('orders from the browser to the application, whatever the order of the headers', () => {
    const headers: Header[] = [
      ['x-powered-by', 'Express'],
      ['server', 'nginx'],
      ['set-cookie', 'AWSALB=1'],
      ['x-amz-cf-id', 'q'],
      ['via', '1.1 Caddy, 2.0 x.cloudfront.net (CloudFront)'],
    ];
    const expected = ['cloudfront', 'alb', 'nginx', 'caddy', 'express'];
    const random = seeded(3);
    for (let round = 0; round < 30; round++) {
      const shuffled = [...headers].sort(() => random() - 0.5);
      const got = hops(shuffled).map((hop) => hop.platform);
      expect([...got].sort()).toEqual([...expected].sort());
      expect(got[0]).toBe('cloudfront');
      expect(got[1]).toBe('alb');
      expect(got.at(-1)).toBe('express');
    }
  });

  it('reads cookies that the browser sent back', () => {
    const found = hops([], 'a.test', [['Cookie', 'theme=dark; AWSALBCORS=abc; x=y']]);
    expect(found).toEqual([{ platform: 'alb', label: 'ALB', evidence: 'cookie: AWSALBCORS' }]);
  });

  it('knows the host before any answer came', () => {
    const stream = drawStream(
      'ask GET https://u:p@ABC.execute-api.us-east-1.amazonaws.com:443/prod\n30s error',
    );
    expect(hopsOf(stream).map((hop) => hop.platform)).toEqual(['api-gateway']);
  });

  it.each([
    'evil-elb.amazonaws.com.attacker.test',
    'notcloudfront.net',
    'herokuapp.com.test',
    'awsapprunner.com',
  ])('is not taken in by the host %s', (host) => {
    expect(hops([], host)).toEqual([]);
  });

  it('shows hostile values as short plain text', () => {
    const found = hops([
      ['server', `nginx/1.2\u0000\r\nSet-Cookie: a=b\u202e${'x'.repeat(5000)}`],
      ['via', ',,, ,'.repeat(4000)],
      ['set-cookie', `${'='.repeat(100_000)}`],
      ['\u0000', '\u0000'],
    ]);
    expect(found.map((hop) => hop.platform)).toContain('nginx');
    for (const hop of found) {
      expect(hop.evidence.length).toBeLessThan(130);
      expect(hop.evidence).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  it('stays quick on a huge header block', () => {
    const headers: Header[] = Array.from({ length: 50_000 }, (_, n) => [`x-${n}`, 'a,'.repeat(2000)]);
    expect(hops(headers)).toEqual([]);
  });
});

describe('isIntermediarySeen', () => {
  it.each<[Header[], boolean]>([
    [[], false],
    [[['server', 'gunicorn']], false],
    [[['server', 'Apache']], false],
    [[['x-powered-by', 'Express']], false],
    [[['server', 'nginx']], true],
    [[['via', '1.1 something']], true],
    [[['cf-ray', '1']], true],
  ])('%j: %s', (headers, expected) => {
    expect(isIntermediarySeen(hops(headers))).toBe(expected);
  });
});
