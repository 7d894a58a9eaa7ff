import { describe, expect, it } from 'vitest';
import { drawTrace, seeded } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';

const CHAT = 'ask fetch POST https://api.test/chat / accept: text/event-stream / body={"stream":true}';
const RESET = 'net::ERR_HTTP2_PROTOCOL_ERROR TypeError: network error';
const CHUNKED = 'net::ERR_INCOMPLETE_CHUNKED_ENCODING TypeError: network error';

/** A chat that speaks a little, falls silent, and is cut. */
const cut = (silence: string, head = '', error = CHUNKED) => `${CHAT}
  120 headers 200 text/event-stream${head}
  +80x20 ~20 data {"n":{n}}
  +${silence} error ${error}`;

describe('a connection cut after a silence', () => {
  it.each([
    ['ALB', cut('60.02s', ' / set-cookie: AWSALB=x'), 'alb', /: ALB's idle timeout \(60 s\)\.$/],
    ['nginx', cut('60.05s', ' / server: nginx'), 'nginx', /: nginx's proxy_read_timeout/],
    ['nobody known, 60 s', cut('60.3s'), 'alb', /, which fits ALB's idle timeout \(60 s\) or nginx's/],
    ['Heroku', cut('55.1s', ' / via: 1.1 vegur'), 'heroku', /Heroku's rolling 55 s window/],
    ['Cloudflare', cut('100.2s', ' / cf-ray: 1'), 'cloudflare', /Cloudflare's/],
    ['Kong', cut('60.1s', ' / server: kong/3.6.1'), 'kong', /: Kong's read timeout \(60 s\)\.$/],
    ['HAProxy', cut('50.01s', ' / set-cookie: SERVERID=a'), 'haproxy', /HAProxy/],
    [
      'a WebSocket',
      `ask websocket GET wss://api.test/live
       50 headers 101 / server: nginx
       +1sx5 data {"n":{n}}
       +60.1s close 1006`,
      'nginx',
      /proxy_read_timeout/,
    ],
    [
      'headers, then nothing',
      `${CHAT} | 120 headers 200 text/event-stream / server: nginx | +60.01s error ${CHUNKED}`,
      'nginx',
      /60\.0 s after the headers: nginx/,
    ],
    [
      'an ordinary call that never got an answer',
      `ask fetch GET https://web-1.eu-west-1.elb.amazonaws.com/report | 60.1s error net::ERR_EMPTY_RESPONSE TypeError: Failed to fetch`,
      'alb',
      /60\.1 s after the request: ALB/,
    ],
  ])('%s', (_, timeline, platform, summary) => {
    const trace = drawTrace(timeline);
    const finding = findingOf(trace, 'idle-cut');
    expect(finding).toMatchObject({ severity: 'error', confidence: 'likely', supersededBy: null });
    expect(finding!.summary).toMatch(summary);
    expect(finding!.platforms).toContain(platform);
    expect(alarms(trace).filter((line) => line.startsWith('error'))).toEqual(['error idle-cut s1']);
  });

  it.each(['30.1s', '100.2s', '300.4s'])('fits a value that gateways are often set to: %s', (silence) => {
    const trace = drawTrace(cut(silence, ' / server: nginx'));
    expect(alarms(trace)).toEqual(['error idle-cut s1']);
    expect(findingOf(trace, 'idle-cut')).toMatchObject({ confidence: 'likely', platforms: ['nginx'] });
  });

  it.each([
    ['http2-protocol-error', RESET],
    ['connection-lost', CHUNKED],
    ['connection-lost', 'net::ERR_CONNECTION_RESET TypeError: network error'],
  ])('has %s as its symptom', (symptom, error) => {
    const lines = foundLines(drawTrace(cut('60s', ' / server: nginx', error)));
    expect(lines).toContain(`error ${symptom} s1 < idle-cut`);
  });

  it('explains the missing heartbeat of an earlier silence', () => {
    const trace = drawTrace(`${CHAT}
      120 headers 200 text/event-stream / server: nginx
      +80x6 data {"n":{n}}
      +25s data {"n":{n}}
      +60s error ${CHUNKED}`);
    expect(foundLines(trace)).toContain('warning missing-heartbeat s1 < idle-cut');
  });

  it('sees a clean end in the middle of an event as a cut', () => {
    const trace = drawTrace(`${CHAT}
      120 headers 200 text/event-stream / server: nginx
      +80x6 data {"n":{n}}
      +80 raw data: {"n":7,"te
      +60s end`);
    expect(alarms(trace)).toEqual(['error idle-cut s1']);
    expect(foundLines(trace)).toContain('error incomplete-stream s1 < idle-cut');
  });

  it('knows a limit that nobody has by default when three streams die of it', () => {
    const one = (at: number, events: number) => `${at} ${CHAT}
      +100 headers 200 text/event-stream
      +300x${events} data {"n":{n}}
      +23s error ${CHUNKED}`;
    const trace = drawTrace([one(0, 5), one(60_000, 12), one(120_000, 30)]);
    expect(foundLines(trace).filter((line) => line.startsWith('error idle-cut'))).toHaveLength(3);
    expect(findingOf(trace, 'idle-cut')!.summary).toMatch(/as 3 streams of this endpoint were/);
  });

  it('matches whatever the jitter', () => {
    const random = seeded(5);
    for (let round = 0; round < 40; round++) {
      const seconds = 60 + random() * 1.3;
      expect(findingOf(drawTrace(cut(`${seconds}s`, ' / server: nginx')), 'idle-cut')).toBeDefined();
    }
  });
});

describe('no idle cut', () => {
  it.each([
    [
      'the page aborted it',
      `${CHAT} | 100 headers 200 text/event-stream | +80x20 data {n} | +60s abort AbortError`,
    ],
    [
      'the page timed it out, seen from the page only',
      `${CHAT} | 100 headers 200 text/event-stream | +80x20 data {n} | +60s error TimeoutError: signal timed out`,
    ],
    [
      'DevTools says aborted',
      `${CHAT} | 100 headers 200 text/event-stream | +80x20 data {n} | +60s error net::ERR_ABORTED`,
    ],
    [
      'the user navigated away',
      `ask eventsource GET https://api.test/news | 50 headers 200 text/event-stream | +1sx3 data {n} | +60s abort`,
    ],
    [
      'it ended cleanly after a pause',
      `${CHAT} | 100 headers 200 text/event-stream | +80x20 data {n} | +60s end`,
    ],
    [
      'it ended with its marker',
      `${CHAT} | 100 headers 200 text/event-stream | +80x20 data {n} | +60s data [DONE] | +1 end`,
    ],
    ['the silence matches nothing', cut('42s', ' / server: nginx')],
    [
      'heartbeats came all the while',
      `${CHAT} | 100 headers 200 text/event-stream / server: nginx | +15sx8 beat | +3s error ${CHUNKED}`,
    ],
    [
      'it had survived a longer silence',
      `${CHAT} | 100 headers 200 text/event-stream / server: nginx | +90sx3 data {n} | +60s error ${CHUNKED}`,
    ],
    ['the network of the user changed', cut('60s', ' / server: nginx', 'net::ERR_NETWORK_CHANGED')],
    [
      'a WebSocket said goodbye',
      'ask websocket GET wss://api.test/live | 50 headers 101 / server: nginx | +1sx5 data {n} | +60s close 1000',
    ],
    [
      'CORS refused it',
      'ask fetch GET https://api.test/x | 60s refused net::ERR_FAILED TypeError: Failed to fetch',
    ],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'idle-cut')).toBeUndefined();
  });

  it.each(['ERR_CONNECTION_TIMED_OUT', 'ERR_NAME_NOT_RESOLVED'])('nothing was reached: %s', (error) => {
    const trace = drawTrace(`${CHAT} | 60s error net::${error} TypeError: Failed to fetch`);
    expect(findingOf(trace, 'idle-cut')).toBeUndefined();
    expect(findingOf(trace, 'connection-lost')).toBeDefined();
  });

  it('counts what a page sent on a WebSocket', () => {
    const trace = drawTrace(`ask websocket GET wss://api.test/live
      50 headers 101 / server: nginx
      +1sx5 data {n}
      +22s send hello
      +38s close 1006`);
    expect(findingOf(trace, 'idle-cut')).toBeUndefined();
    expect(findingOf(trace, 'connection-lost')).toBeDefined();
  });

  it('is undecided when nobody knows when the last bytes came', () => {
    const trace = drawTrace(
      `${CHAT} | 100 headers 200 text/event-stream | bounded data {n} | 60s error ${CHUNKED}`,
    );
    expect(findingOf(trace, 'idle-cut')).toBeUndefined();
    expect(incompleteOf(trace, 'idle-cut')).toHaveLength(1);
  });
});

describe('streams that were cut in one moment', () => {
  const silent = (startMs: number, seconds: number) =>
    `${startMs} ask fetch POST https://api.test/chat / accept: text/event-stream
     +120 headers 200 text/event-stream
     +80x20 data {"n":{n}}
     +${seconds}s error ${RESET}`;

  it('are no idle cut when one of them had just spoken', () => {
    const trace = drawTrace([silent(0, 60.1), silent(57_000, 3.1)]);
    expect(findingOf(trace, 'idle-cut')).toBeUndefined();
  });

  it('may be one when the other had been silent for longer: they share the connection', () => {
    const trace = drawTrace([silent(0, 75.1), silent(15_000, 60.1)]);
    expect(findingOf(trace, 'idle-cut')?.stream.id).toBe('s2');
  });
});
