import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { findingOf, foundLines, incompleteOf } from '../../support/found';
import { drawJob } from '../../support/jobs';

const PAIR = 'set-cookie: AWSALB=x; Path=/ / set-cookie: AWSALBCORS=x; Path=/; SameSite=None; Secure';
const TURNS = ['404', 'running', '404', 'running'];

describe('a cross-origin page that asks without credentials', () => {
  it('loses its job, and that is the cause', () => {
    expect(foundLines(drawJob(TURNS, { answer: () => PAIR }))).toEqual([
      'error omitted-credentials s1',
      'error lost-job s2 < omitted-credentials',
    ]);
  });

  it.each([
    ['AWSALB', 'ALB'],
    ['AWSALBAPP-0', 'ALB'],
    ['SERVERID', 'HAProxy'],
    ['INGRESSCOOKIE', 'ingress-nginx'],
    ['ARRAffinity', 'Azure App Service'],
    ['__cflb', 'Cloudflare'],
    ['GCLB', 'Google Cloud load balancer'],
  ])('with %s, which %s sets', (name, setBy) => {
    const finding = findingOf(
      drawJob(['running', 'done'], { answer: () => `set-cookie: ${name}=v; Path=/` }),
      'omitted-credentials',
    );
    expect(finding?.severity).toBe('error');
    expect(finding?.evidence.some((one) => String(one.value).includes(setBy))).toBe(true);
  });

  it('omit is no better than the default', () => {
    const trace = drawJob(['running', 'done'], { answer: () => PAIR, ask: () => 'credentials=omit' });
    expect(findingOf(trace, 'omitted-credentials')?.evidence[0]?.value).toBe('omit');
  });

  it('is only worth knowing where every origin is answered alike and nothing is kept between the calls', () => {
    const beacon = (at: number, allow: string) =>
      `${at} ask fetch POST https://stats.example.org/collect / origin: https://app.test | ${at + 20} headers 204 / ${PAIR} / access-control-allow-origin: ${allow} | end`;
    const severity = (allow: string) =>
      findingOf(drawTrace([0, 1000, 2000].map((at) => beacon(at, allow))), 'omitted-credentials')?.severity;
    expect([severity('*'), severity('https://app.test')]).toEqual(['info', 'error']);
    const counter = (at: number) => beacon(at, '*').replace(PAIR, `set-cookie: PHPSESSID=${at}; path=/`);
    expect(findingOf(drawTrace([0, 1000, 2000].map(counter)), 'omitted-credentials')?.severity).toBe('info');
  });

  it('session cookies count when they are set anew every time', () => {
    const trace = drawJob(['running', 'done'], {
      answer: (n) => `set-cookie: connect.sid=s${n}; Path=/; HttpOnly`,
    });
    expect(findingOf(trace, 'omitted-credentials')).toBeDefined();
  });
});

describe('silent', () => {
  it.each([
    ['same origin', drawJob(['running', 'done'], { api: 'https://app.test', answer: () => PAIR })],
    [
      'credentials included',
      drawJob(['running', 'done'], {
        answer: () => PAIR,
        ask: (n) => `credentials=include${n ? ' / cookie: AWSALBCORS=x' : ''}`,
      }),
    ],
    ['the host sets no cookie', drawJob(['running', 'done'])],
    [
      'the host sets a cookie that pins nothing',
      drawJob(['running', 'done'], { answer: () => 'set-cookie: _ga=1; Path=/' }),
    ],
    [
      'a session cookie that is set once',
      drawJob(['running', 'done'], { answer: (n) => (n === 0 ? 'set-cookie: sid=1; Path=/' : '') }),
    ],
    [
      'one single request',
      drawTrace(
        `ask fetch GET https://api.example.org/config | 20 headers 200 application/json / ${PAIR} | 21 raw {} | 22 end`,
      ),
    ],
  ])('%s', (_, trace) => expect(findingOf(trace, 'omitted-credentials')).toBeUndefined());
});

/** What a HAR has: headers, but not the mode. */
function withoutMode(options: Parameters<typeof drawJob>[1]) {
  const trace = drawJob(TURNS, options);
  for (const stream of trace.streams) stream.request.credentials = null;
  return trace;
}

describe('where the mode was not recorded', () => {
  const origin = 'origin: https://app.test';
  const allows = 'access-control-allow-origin: https://app.test / access-control-allow-credentials: true';

  it.each([
    ['any origin', 'access-control-allow-origin: *'],
    ['this origin', 'access-control-allow-origin: https://app.test'],
  ])('an answer that was read and allows %s but no credentials shows it', (_, head) => {
    const trace = withoutMode({ ask: () => origin, answer: () => `${PAIR} / ${head}` });
    expect(findingOf(trace, 'omitted-credentials')?.severity).toBe('error');
  });

  it('a cookie that a same-site request had to carry and did not shows it', () => {
    const trace = withoutMode({
      api: 'https://api.app.test',
      ask: () => origin,
      answer: () => `set-cookie: SERVERID=b1; Path=/ / ${allows}`,
    });
    expect(findingOf(trace, 'omitted-credentials')?.severity).toBe('error');
  });

  it.each([
    ['the cookie came back', { api: 'https://api.app.test', back: ' / cookie: AWSALB=x; AWSALBCORS=x' }],
    ['a blocked third-party cookie looks the same', { api: 'https://api.example.org', back: '' }],
  ])('silent: %s', (_, { api, back }) => {
    const trace = withoutMode({
      api,
      ask: (n) => `${origin}${n ? back : ''}`,
      answer: () => `${PAIR} / ${allows}`,
    });
    expect(findingOf(trace, 'omitted-credentials')).toBeUndefined();
  });
});

it('cannot tell when the mode was not recorded', () => {
  const trace = drawJob(['running', 'done'], { answer: () => PAIR });
  for (const stream of trace.streams) stream.request.credentials = null;
  expect(findingOf(trace, 'omitted-credentials')).toBeUndefined();
  expect(incompleteOf(trace, 'omitted-credentials')[0]).toMatch(/credentials/);
});
