import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/trace/types';
import { drawTrace, seeded } from '../../support/draw';
import { judge } from '../../support/judge';

const rule = (trace: Trace, streamId?: string) => judge('buffered-stream', trace, streamId);
const SSE = '200 text/event-stream / cache-control: no-cache';
const CHAT = 'ask POST https://api.test/chat / accept: text/event-stream';

describe('a stream that was held', () => {
  it.each<[string, string, string]>([
    [
      'events in one chunk',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n}} | 3302 end`,
      'error likely',
    ],
    [
      'events in a row',
      `${CHAT} | 3298 headers ${SSE} | 3299 data {"n":{n}} | +0.1x40 data {"n":{n}} | end`,
      'error likely',
    ],
    [
      'headers early, body held (gzip)',
      `${CHAT} | 40 headers ${SSE} / content-encoding: gzip | 3300 data*41 {"n":{n}} | end`,
      'error likely',
    ],
    ['five events', `${CHAT} | 1500 headers ${SSE} | 1501 data*5 {"n":{n}} | 1502 end`, 'error likely'],
    [
      'send times spaced',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n},"at":{at 100+80}} | end`,
      'error proven',
    ],
    [
      'send times in seconds',
      `${CHAT} | 6298 headers ${SSE} | 6300 data*12 {"n":{n},"ts":{sec 100+500}} | end`,
      'error proven',
    ],
    [
      'send times as text',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n},"created_at":"{iso 100+80}"} | end`,
      'error proven',
    ],
    [
      'a server clock hours off',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n},"at":{at 7200100+80}} | end`,
      'error proven',
    ],
    [
      'one stamp for the whole response',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"created":{sec 1000},"n":{n}} | end`,
      'error likely',
    ],
    [
      'one exact stamp made at the start',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"created_at":"{iso 123}","n":{n}} | end`,
      'error likely',
    ],
    [
      'NDJSON',
      `ask GET https://api.test/rows | 2500 headers 200 application/x-ndjson | 2501 data*30 {"row":{n}} | end`,
      'error likely',
    ],
    [
      'SSE by XHR',
      `ask xhr GET https://api.test/e | 2500 headers ${SSE} | 2501 raw : hi\\n | data*30 {"row":{n}} | end`,
      'error likely',
    ],
    [
      'SSE under another type',
      `${CHAT} | 2500 headers 200 text/plain | 2501 raw data: a\\n\\ndata: b\\n\\ndata: c\\n\\ndata: d\\n\\ndata: e\\n\\n | end`,
      'error likely',
    ],
    [
      'an EventSource',
      `ask eventsource GET https://api.test/e | 4000 headers ${SSE} | 4001 data*20 {"n":{n}} | 4003 end`,
      'error likely',
    ],
    [
      'the page stopped at [DONE]',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n}} | data [DONE] | 3301 abort`,
      'error likely',
    ],
    [
      'a large body on a slow link',
      `${CHAT} | 9000 headers ${SSE} | +16x60 data*10 {"n":{n},"text":"{pad 140}"} | end`,
      'error likely',
    ],
    [
      'a slow reader behind late headers',
      `${CHAT} | 3298 headers ${SSE} | 3300 queued data*41 {"n":{n}} | end`,
      'error likely',
    ],
    [
      'over HTTP/1.1',
      `${CHAT} | 3298 headers ${SSE} / protocol=http/1.1 | 3300 data*41 {"n":{n}} | end`,
      'error likely',
    ],
    [
      'only a HAR, with its phases',
      `${CHAT} / seen=har | 3298 headers ${SSE} | byte | body*41 {"n":{n}} | phases wait=3298 receive=4 | 3302 end | loss no-chunk-times`,
      'error likely',
    ],
    [
      'only a HAR, whose body is one record at the end',
      `${CHAT} / seen=har | 3298 headers ${SSE} | byte | body*41 {"n":{n}} | phases wait=3298 receive=4 | 3302 bounded bytes 900 | end | loss no-chunk-times`,
      'error likely',
    ],
    [
      'only a HAR, with send times',
      `${CHAT} / seen=har | 3298 headers ${SSE} | byte | body*41 {"at":{at 100+80}} | phases wait=3298 receive=4 | 3302 end`,
      'error proven',
    ],
    [
      'a queued request',
      `${CHAT} | 2000 sent | 4500 headers ${SSE} | data*20 {"n":{n}} | end`,
      'error likely',
    ],
    [
      'then cut',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n}} | 3310 error net::ERR_HTTP2_PROTOCOL_ERROR`,
      'error likely',
    ],
  ])('%s', (_, timeline, word) => expect(rule(drawTrace(timeline)).word).toBe(word));

  it('says so in one sentence, with the numbers', () => {
    const likely = rule(
      drawTrace(`${CHAT} | 3298 headers ${SSE} | 3300 data*41 x | 3303 data x | end`),
    ).finding;
    expect(likely?.summary).toMatch(/^42 events arrived within 3 ms, after 3\.30 s of silence: .*\.$/);
    expect(likely?.evidence.find(({ unit }) => unit === 'text')?.value).toContain('curl -N');
    const proven = rule(
      drawTrace(`${CHAT} | 3300 headers ${SSE} | data*41 {"at":{at 100+80}} | end`),
    ).finding;
    expect(proven?.summary).toContain('although the server sent them over 3.20 s.');
    expect(proven?.evidence.some(({ unit }) => unit === 'text')).toBe(false);
  });

  it('names hops and headers as evidence, and the likeliest holder first', () => {
    const headers = `${SSE} / server: nginx/1.22.1 / content-encoding: gzip / x-powered-by: Express / content-length: 812`;
    const { finding } = rule(drawTrace(`${CHAT} | 3300 headers ${headers} | data*41 {"n":{n}} | end`));
    expect(finding?.platforms.slice(0, 2).sort()).toEqual(['express', 'nginx']);
    const text = JSON.stringify(finding?.evidence);
    for (const part of ['server: nginx/1.22.1', 'gzip', '812']) expect(text).toContain(part);
  });

  it('puts nginx behind others when it cannot have been the one', () => {
    const headers = `${SSE} / server: nginx / x-accel-buffering: no / apigw-requestid: x`;
    const { finding } = rule(drawTrace(`${CHAT} | 3300 headers ${headers} | data*41 {"n":{n}} | end`));
    expect(finding?.platforms).toEqual(['api-gateway', 'nginx']);
  });

  it('is proven by a canary on the same host', () => {
    const trace = drawTrace([
      `${CHAT} | 3300 headers ${SSE} | data*41 {"n":{n}} | end`,
      `5000 ask GET https://api.test/canary | 8000 headers ${SSE} | data*20 {"at":{at 5000+150}} | end`,
    ]);
    expect(rule(trace, 's1').word).toBe('error proven');
    expect(rule(trace, 's1').finding?.evidence.some(({ at }) => at?.streamId === 's2')).toBe(true);
  });

  it('notes headers that were made long before they came', () => {
    const date = (second: number) => `date: Thu, 01 Jan 2026 00:00:0${second} GMT`;
    const trace = drawTrace([
      `${CHAT} | 5300 headers ${SSE} / ${date(0)} | data*41 {"n":{n}} | end`,
      `6000 ask GET https://api.test/me | 6020 headers 200 application/json / ${date(6)} | raw {} | end`,
    ]);
    const found = rule(trace).finding?.evidence.find(({ label }) => label.includes('Date'));
    expect(found?.value).toBeCloseTo(5280);
  });
});

describe('no stream that was held', () => {
  it.each<[string, string]>([
    ['tokens one by one', `${CHAT} | 200 headers ${SSE} | +75x41 ~30 data {"n":{n}} | end`],
    ['a short answer', `${CHAT} | 1400 headers ${SSE} | 1401 data*4 {"n":{n}} | end`],
    [
      'a very fast model after a wait in the queue',
      `${CHAT} | 1400 headers ${SSE} | +2.5x32 data {"n":{n}} | end`,
    ],
    ['fast from the start', `${CHAT} | 80 headers ${SSE} | 82 data*200 {"n":{n}} | end`],
    [
      'a plain JSON call',
      `ask POST https://api.test/report | 4000 headers 200 application/json | raw [{"a":1},{"a":2},{"a":3},{"a":4},{"a":5},{"a":6}] | end`,
    ],
    [
      'JSON read by chunk',
      `ask GET https://api.test/report | 4000 headers 200 application/json | raw {"rows":[ | +1x20 raw {"a":1},`,
    ],
    [
      'a download',
      `ask GET https://api.test/f | 3000 headers 200 application/octet-stream | +2x40 bytes 65536 | end`,
    ],
    [
      'first event early, the rest at the end',
      `${CHAT} | 100 headers ${SSE} | 120 data first | 5000 data*40 {"n":{n}} | end`,
    ],
    [
      'a model that thinks, then streams',
      `${CHAT} | 100 headers ${SSE} | 4000 data {"n":{n}} | +20x60 ~8 data {"n":{n}} | end`,
    ],
    [
      'a model that thinks, then streams fast',
      `${CHAT} | 100 headers ${SSE} | 6000 data {"n":{n}} | +12x30 ~3 data {"n":{n}} | end`,
    ],
    [
      'made at once by the server, as its clock says',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*5 {"n":{n},"at":{at 3200+1}} | end`,
    ],
    [
      'made at once, all with one stamp',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*5 {"n":{n},"at":{at 3290}} | end`,
    ],
    [
      'old records, replayed after a slow query',
      `${CHAT} | 2298 headers ${SSE} | 2300 data*50 {"created_at":"{iso 0+3600000}"} | end`,
    ],
    [
      'heartbeats came through meanwhile',
      `${CHAT} | 50 headers ${SSE} | +1000x5 beat | 5500 data*20 {"n":{n}} | end`,
    ],
    [
      'an idle channel with a burst of news, then left',
      `ask eventsource GET https://api.test/e | 50 headers ${SSE} | 30s data*8 {"n":{n}} | 60s abort`,
    ],
    [
      'waiting for a free connection',
      `${CHAT} | 3000 sent | 3100 headers ${SSE} | 3101 data*41 {"n":{n}} | end`,
    ],
    [
      'a HAR that waited for a connection',
      `${CHAT} | 3200 headers ${SSE} | byte | body*41 {"n":{n}} | phases blocked=3000 wait=200 receive=5 | 3205 end`,
    ],
    ['a WebSocket', `ask websocket GET wss://api.test/s | 20 headers 101 | 3000 data*40 {"n":{n}} | end`],
    ['an error page', `${CHAT} | 3000 headers 500 text/event-stream | data*10 {"n":{n}} | end`],
    ['from the cache', `${CHAT} | 3000 headers ${SSE} / cached | data*10 {"n":{n}} | end`],
  ])('%s', (_, timeline) => expect(rule(drawTrace(timeline)).word).toBe('silent'));
});

describe('it cannot tell', () => {
  it.each<[string, string, RegExp]>([
    [
      'the page read late',
      `${CHAT} | 100 headers ${SSE} | 3300 queued data*41 {"n":{n}} | end`,
      /read the body late/,
    ],
    [
      'a late reader, and send times',
      `${CHAT} | 100 headers ${SSE} | 3300 queued data*41 {"at":{at 100+80}} | end`,
      /read the body late/,
    ],
    ['still open', `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n}}`, /still open/],
    [
      'the recording began late',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n}} | end | loss late-start`,
      /began after/,
    ],
    [
      'records were dropped',
      `${CHAT} | 3298 headers ${SSE} | 3300 data*41 {"n":{n}} | end | loss dropped-records`,
      /dropped/,
    ],
    [
      'a HAR without event times',
      `${CHAT} / seen=har | 100 headers ${SSE} | byte | body*41 {"n":{n}} | phases wait=100 receive=3200 | 3300 end`,
      /no arrival times/,
    ],
    [
      'a HAR without event times, in which a fast model may have paced them',
      `${CHAT} / seen=har | 1400 headers ${SSE} | byte | body*32 {"n":{n}} | phases wait=1400 receive=80 | 1480 end`,
      /no arrival times/,
    ],
    [
      'a greeting came early',
      `${CHAT} | 50 headers ${SSE} | 60 beat | 5500 data*20 {"n":{n}} | end`,
      /Bytes came/,
    ],
    ['content not captured', `${CHAT} | 3298 headers ${SSE} | 3300 bytes 900 | end`, /not captured/],
  ])('%s', (_, timeline, reason) => {
    const { finding, incomplete } = rule(drawTrace(timeline));
    expect(finding).toBeNull();
    expect(incomplete?.reason).toMatch(reason);
  });

  it('when the main thread was blocked while it may have come', () => {
    const timeline = `${CHAT} | 100 headers ${SSE} | 3300 uncertain data*41 {"n":{n}} | end`;
    expect(rule(drawTrace(timeline, { blocked: [[120, 3299]] })).word).toBe('incomplete');
    // A short block cannot have hidden a long stream.
    expect(rule(drawTrace(timeline, { blocked: [[3240, 3299]] })).word).toBe('error likely');
  });

  it('when even the headers may have come before the block', () => {
    const timeline = `${CHAT} | 3298 headers ${SSE} | 3300 uncertain data*41 {"n":{n}} | end`;
    expect(rule(drawTrace(timeline, { blocked: [[20, 3297]] })).word).toBe('incomplete');
  });

  it('when another stream of the endpoint flowed', () => {
    const trace = drawTrace([
      `${CHAT} | 3300 headers ${SSE} | data*41 {"n":{n}} | end`,
      `5000 ${CHAT} | 5100 headers ${SSE} | +75x41 data {"n":{n}} | end`,
    ]);
    expect(rule(trace, 's1').incomplete?.reason).toMatch(/another stream of the same endpoint flowed/);
  });
});

describe('whatever the sizes and the pace', () => {
  const seeds = Array.from({ length: 150 }, (_, index) => index + 1);

  it('finds what was held', () => {
    const missed = seeds.filter((seed) => {
      const random = seeded(seed);
      const waitMs = 1000 + random() ** 2 * 30_000;
      const count = 5 + Math.floor(random() ** 2 * 400);
      const pad = Math.floor(random() ** 3 * 600);
      const stamp = random() < 0.5 ? `"at":{at 50+${waitMs / count}},` : '';
      const headersMs = random() < 0.3 ? 60 : waitMs;
      const pieces = 1 + Math.floor(random() * 4);
      const each = Math.ceil(count / pieces);
      const type = random() < 0.7 ? 'text/event-stream' : 'application/x-ndjson';
      const timeline = [
        `ask POST https://api.test/chat`,
        `${headersMs} headers 200 ${type} / protocol=${random() < 0.5 ? 'h2' : 'http/1.1'}`,
        `${waitMs + 1} data*${each} {${stamp}"text":"{pad ${pad}}"}`,
        ...Array.from(
          { length: pieces - 1 },
          () => `+${random() * 8} data*${each} {${stamp}"text":"{pad ${pad}}"}`,
        ),
        `+${random() * 30} end`,
      ];
      return rule(drawTrace(timeline.join('\n'), { seed })).finding === null;
    });
    expect(missed).toEqual([]);
  });

  it('never accuses what flowed', () => {
    const accused = seeds.filter((seed) => {
      const random = seeded(seed);
      const thinkMs = random() ** 2 * 20_000;
      const gapMs = 12 + random() ** 2 * 500;
      const count = 5 + Math.floor(random() ** 2 * 200);
      const stamp = random() < 0.5 ? `"at":{at ${thinkMs}+${gapMs}},` : '';
      const timeline = [
        'ask POST https://api.test/chat',
        `${random() < 0.5 ? 60 : thinkMs} headers 200 text/event-stream`,
        `${thinkMs + 61} data {${stamp}"n":{n}}`,
        `+${gapMs}x${count} ~${gapMs * random() * 0.3} data {${stamp}"n":{n}}`,
        'end',
      ];
      return rule(drawTrace(timeline.join('\n'), { seed })).finding !== null;
    });
    expect(accused).toEqual([]);
  });
});
