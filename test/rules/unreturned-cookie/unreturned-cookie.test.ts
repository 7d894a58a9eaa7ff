import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { findingOf, foundLines, incompleteOf } from '../../support/found';
import { drawJob } from '../../support/jobs';

const include = () => 'credentials=include';
const TURNS = ['404', 'running', '404', 'running'];

describe('an affinity cookie that never comes back', () => {
  it('explains the lost job', () => {
    const trace = drawJob(TURNS, { ask: include, answer: () => 'set-cookie: AWSALB=x; Path=/' });
    expect(foundLines(trace)).toEqual([
      'error unreturned-cookie s2',
      'error lost-job s2 < unreturned-cookie',
    ]);
  });

  it.each([
    ['no SameSite', 'https://api.example.org', 'SERVERID=a; Path=/', /SameSite/],
    ['SameSite=Lax', 'https://api.example.org', 'SERVERID=a; Path=/; SameSite=Lax', /SameSite=Lax/],
    [
      'SameSite=Strict',
      'https://api.example.org',
      'SERVERID=a; Path=/; SameSite=Strict; Secure',
      /SameSite=Strict/,
    ],
    [
      'SameSite=None without Secure',
      'https://api.example.org',
      'SERVERID=a; Path=/; SameSite=None',
      /without Secure/,
    ],
    ['Secure over http', 'http://app.test:8080', 'SERVERID=a; Path=/; Secure', /plain http/],
    [
      'a Domain of somebody else',
      'https://api.example.org',
      'SERVERID=a; Path=/; Domain=other.org; SameSite=None; Secure',
      /other\.org/,
    ],
    ['a Path beside the polls', 'https://app.test', 'SERVERID=a; Path=/chat', /Path is \/chat/],
    [
      'third-party cookies blocked',
      'https://api.example.org',
      'SERVERID=a; Path=/; SameSite=None; Secure',
      /third-party/,
    ],
  ])('because of %s', (_, api, cookie, reason) => {
    const finding = findingOf(
      drawJob(['404', 'running'], { api, ask: include, answer: () => `set-cookie: ${cookie}` }),
      'unreturned-cookie',
    );
    expect(finding?.severity).toBe('error');
    expect(finding?.summary).toMatch(reason);
  });

  it('names what is wrong with each of the pair that ALB sets, over plain http', () => {
    const trace = drawJob(['404', 'running'], {
      api: 'http://lb-1.eu-west-1.elb.amazonaws.com',
      ask: include,
      answer: () => 'set-cookie: AWSALB=x; Path=/ / set-cookie: AWSALBCORS=x; Path=/; SameSite=None; Secure',
    });
    const labels =
      findingOf(trace, 'unreturned-cookie')?.evidence.map((one) => `${one.label}: ${one.value}`) ?? [];
    expect(labels.join('\n')).toMatch(/AWSALB did not come back.*SameSite/);
    expect(labels.join('\n')).toMatch(/AWSALBCORS did not come back.*Secure/);
  });
});

describe('silent', () => {
  const both = 'set-cookie: AWSALB=x; Path=/ / set-cookie: AWSALBCORS=x; Path=/; SameSite=None; Secure';
  it.each([
    [
      'it comes back',
      drawJob(['running', 'done'], {
        ask: (n) => `credentials=include${n ? ' / cookie: AWSALBCORS=x' : ''}`,
        answer: () => both,
      }),
    ],
    [
      'same origin',
      drawJob(['running', 'done'], {
        api: 'https://app.test',
        ask: (n) => (n ? 'cookie: AWSALB=x; AWSALBCORS=x' : ''),
        answer: () => both,
      }),
    ],
    ['asked without credentials (another rule)', drawJob(['running', 'done'], { answer: () => both })],
    [
      'two requests under way before the first answer',
      drawJob(['running', 'running', 'done'], {
        api: 'https://app.test',
        ask: (n) => (n > 1 ? 'cookie: AWSALB=x' : ''),
        answer: () => both,
      }),
    ],
    [
      'a cookie that pins nothing',
      drawJob(['running', 'done'], { ask: include, answer: () => 'set-cookie: theme=dark; Path=/' }),
    ],
    [
      'it was deleted by the server',
      drawJob(['running', 'done'], {
        api: 'https://app.test',
        answer: () => 'set-cookie: SERVERID=; Path=/; Max-Age=0',
      }),
    ],
  ])('%s', (_, trace) => expect(findingOf(trace, 'unreturned-cookie')).toBeUndefined());
});

it('reads cookies with broken attributes and says what is broken', () => {
  const trace = drawJob(['404', 'running'], {
    ask: include,
    answer: () => 'set-cookie: SERVERID=a; Path; SameSite=Sometimes; Max-Age=soon',
  });
  const text = findingOf(trace, 'unreturned-cookie')
    ?.evidence.map((one) => String(one.value))
    .join('\n');
  expect(text).toMatch(/SameSite=Sometimes is no known value/);
});

it('cannot tell from what the page alone knows', () => {
  const trace = drawJob(['404', 'running'], {
    ask: () => 'credentials=include / partial',
    answer: () => 'set-cookie: SERVERID=a; Path=/',
  });
  expect(findingOf(trace, 'unreturned-cookie')).toBeUndefined();
  expect(incompleteOf(trace, 'unreturned-cookie')[0]).toMatch(/which cookies/);
});

describe('pins that nobody misses', () => {
  const call = (at: number, url: string, cookie: string, back = '') =>
    `${at} ask fetch GET ${url} / credentials=include${back} | ${at + 20} headers 200 application/json${cookie === '' ? '' : ` / set-cookie: ${cookie}`} | raw {} | end`;
  const severityOf = (calls: string[]) => findingOf(drawTrace(calls), 'unreturned-cookie')?.severity;

  it('a pin for the paths of another service', () => {
    const pin = 'INGRESSCOOKIE=a; Path=/rt';
    const calls = [100, 1100, 2100].map((at) => call(at, 'https://app.test/api/items', ''));
    expect(severityOf([call(0, 'https://app.test/rt/info', pin), ...calls])).toBeUndefined();
  });

  it('a path that only begins alike is another path', () => {
    const pin = 'INGRESSCOOKIE=a; Path=/rt';
    const calls = [100, 1100, 2100].map((at) => call(at, 'https://app.test/rtx/items', ''));
    expect(severityOf([call(0, 'https://app.test/rt/info', pin), ...calls])).toBeUndefined();
    const below = [100, 1100, 2100].map((at) => call(at, 'https://app.test/rt/items', ''));
    expect(severityOf([call(0, 'https://app.test/rt/info', pin), ...below])).toBe('error');
  });

  it('of another site that keeps nothing between the calls', () => {
    const count = (site: string) =>
      [0, 1000, 2000].map((at) =>
        call(at, `https://${site}/count?n=${at}`, 'SERVERID=a; Path=/', at > 0 ? ' / cookie: uid=7' : ''),
      );
    expect(severityOf(count('ads.example.org'))).toBe('info');
    expect(severityOf(count('api.app.test'))).toBe('error');
  });
});
