import { describe, expect, it } from 'vitest';
import { drawTrace, seeded } from '../../support/draw';
import { alarms, findingOf, foundLines } from '../../support/found';

const CHAT = 'ask fetch POST https://api.test/chat / accept: text/event-stream / body={"stream":true}';
const CHUNKED = 'net::ERR_INCOMPLETE_CHUNKED_ENCODING TypeError: network error';
const RESET = 'net::ERR_HTTP2_PROTOCOL_ERROR TypeError: network error';

/** Data every half second up to the cut. */
const flowing = (seconds: number, head = '', end = `error ${CHUNKED}`, at = 0) => `${at} ${CHAT}
  +200 headers 200 text/event-stream${head}
  +500x${Math.floor((seconds * 1000 - 200) / 500)} ~40 data {"n":{n}}
  ${at + seconds * 1000} ${end}`;

describe('a stream cut at an age', () => {
  it.each([
    [
      'App Runner, 120 s',
      flowing(120.2).replaceAll('api.test', 'x.eu-west-1.awsapprunner.com'),
      'app-runner',
    ],
    ['gunicorn, 30 s', flowing(30.6, ' / server: gunicorn'), 'gunicorn'],
    ['Cloud Run, 300 s', flowing(300.1).replaceAll('api.test', 'x-uc.a.run.app'), 'cloud-run'],
    ['a Google balancer, 30 s', flowing(30.2, ' / via: 1.1 google'), 'google-lb'],
    ['nobody known, 120 s', flowing(120.4), 'app-runner'],
    ['reset over HTTP/2', flowing(30.4, ' / server: gunicorn', `error ${RESET}`), 'gunicorn'],
  ])('%s', (_, timeline, platform) => {
    const trace = drawTrace(timeline);
    const finding = findingOf(trace, 'duration-cap');
    expect(finding).toMatchObject({ severity: 'error', supersededBy: null });
    expect(finding!.platforms).toContain(platform);
    expect(alarms(trace)).toEqual(['error duration-cap s1']);
  });

  it.each([
    [29.02, ' / server: nginx'],
    [60.1, ' / server: nginx'],
    [100.3, ' / server: cloudflare / cf-ray: 1'],
    [230.2, ''],
  ])('fits a value that gateways are often set to: %s s', (seconds, head) => {
    const trace = drawTrace(flowing(seconds, head));
    expect(alarms(trace)).toEqual(['error duration-cap s1']);
    expect(findingOf(trace, 'duration-cap')).toMatchObject({
      confidence: 'likely',
      summary: expect.stringContaining('which fits a limit that gateways are often set to'),
    });
  });

  it.each([
    ['http2-protocol-error', RESET],
    ['connection-lost', CHUNKED],
  ])('has %s as its symptom', (symptom, error) => {
    const lines = foundLines(drawTrace(flowing(30.3, ' / server: gunicorn', `error ${error}`)));
    expect(lines).toContain(`error ${symptom} s1 < duration-cap`);
  });

  it('is known by its platform even in a pause of the data', () => {
    const trace = drawTrace(`${CHAT.replace('api.test', 'x.eu-west-1.awsapprunner.com')}
      200 headers 200 text/event-stream
      +500x60 data {n}
      120.1s error ${CHUNKED}`);
    expect(findingOf(trace, 'duration-cap')).toBeDefined();
  });

  it.each([7, 18.4, 45, 84])('is known by repetition: three streams that died at %s s', (seconds) => {
    const random = seeded(Math.round(seconds));
    const trace = drawTrace(
      [0, 200_000, 400_000].map((at) => flowing(seconds + random() * 0.2, '', `error ${CHUNKED}`, at)),
    );
    expect(alarms(trace)).toEqual([
      'error duration-cap s1',
      'error duration-cap s2',
      'error duration-cap s3',
    ]);
    expect(findingOf(trace, 'duration-cap')!.summary).toMatch(
      /3 streams of this endpoint died at the same age/,
    );
  });

  it('sees gunicorn killing its worker through a clean end', () => {
    const trace = drawTrace(
      flowing(
        30.5,
        ' / server: nginx',
        'raw HTTP/1.1 500 Internal Server Error\\r\\nConnection: close\\r\\n',
      ).concat('\n+5 end'),
    );
    expect(findingOf(trace, 'duration-cap')!.platforms[0]).toBe('gunicorn');
    expect(alarms(trace)).toEqual(['error duration-cap s1']);
  });
});

describe('no duration cap', () => {
  it.each([
    ['a clean end at 30 s with its marker', flowing(30, '', 'data [DONE]\n+1 end')],
    ['a clean end at 60 s without one', flowing(60, '', 'end')],
    ['the page stopped it at 30 s', flowing(30, '', 'abort AbortError')],
    ['an age of nobody', flowing(47, ' / server: nginx')],
    [
      'a page that went offline at 30 s',
      flowing(30, ' / server: gunicorn', 'error net::ERR_INTERNET_DISCONNECTED'),
    ],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'duration-cap')).toBeUndefined();
  });

  it('leaves streams of one length alone that end cleanly', () => {
    const demo = (at: number) => `${at} ${CHAT}
      +50 headers 200 text/event-stream
      +100x29 data {"n":{n}}
      ${at + 3000} end`;
    const withMarker = (at: number) => flowing(30, '', 'data [DONE]\n+1 end', at);
    expect(alarms(drawTrace([0, 10_000, 20_000, 30_000, 40_000].map(demo)))).toEqual([]);
    expect(alarms(drawTrace([0, 100_000, 200_000, 300_000].map(withMarker)))).toEqual([]);
  });

  it('takes one incident for one incident', () => {
    const trace = drawTrace([0, 0, 0, 0].map(() => flowing(12, '', `error ${CHUNKED}`)));
    expect(findingOf(trace, 'duration-cap')).toBeUndefined();
    expect(findingOf(trace, 'connection-lost')).toBeDefined();
  });

  it('finds no pattern in random deaths', () => {
    const random = seeded(9);
    const trace = drawTrace(
      [0, 1, 2, 3].map((n) => flowing(5 + n * 9 + random(), '', `error ${CHUNKED}`, n * 100_000)),
    );
    expect(foundLines(trace).filter((line) => line.includes('duration-cap'))).toEqual([]);
  });
});

describe('streams that were cut in one moment', () => {
  const RESET = 'net::ERR_HTTP2_PROTOCOL_ERROR TypeError: network error';
  const chat = (startMs: number, endMs: number, everyMs = 100) =>
    `${startMs} ask fetch POST https://api.test/chat / accept: text/event-stream
     +200 headers 200 text/event-stream
     +${everyMs}x${Math.floor((endMs - startMs - 300) / everyMs)} ~20 data {"n":{n}}
     ${endMs} error ${RESET}`;

  it('at different ages were cut by no limit on the age, whatever one of the ages is', () => {
    const trace = drawTrace([chat(0, 30_250), chat(3000, 30_250), chat(11_000, 30_250)]);
    expect(findingOf(trace, 'duration-cap')).toBeUndefined();
    expect(findingOf(trace, 'http2-protocol-error')).toBeDefined();
  });

  it('at one age may well have been', () => {
    const trace = drawTrace([chat(0, 30_100), chat(40, 30_150)]);
    expect(findingOf(trace, 'duration-cap')).toBeDefined();
  });
});
