import { describe, expect, it } from 'vitest';
import { MAX_CURVE_POINTS } from '../../../src/compare/arrival-curve';
import { compareTraces } from '../../../src/compare/compare';
import { redactComparison } from '../../../src/exchange/comparison-json';
import { sceneTrace } from '../../support/demo-recording';
import { type DrawTraceOptions, drawTrace } from '../../support/draw';
import { richTrace } from '../../support/rich-trace';

const names = { a: 'local', b: 'staging' };
const LOCAL = 'http://localhost:8000';
const STAGING = 'https://stage.example.org';
const CHAT = 'accept: text/event-stream / body={"stream":true}';

/** A chat stream that flows: 41 events, one every 75 ms. */
const flowing = (host: string, { headers = '', firstMs = 120, body = '{"stream":true}' } = {}) => `
  ask fetch POST ${host}/api/chat / accept: text/event-stream / body=${body}
  ${firstMs} headers 200 text/event-stream / cache-control: no-cache${headers}
  +75x41 data {"token":"word-{n}","id":"chatcmpl-9aB3xYzQw8rT6{n}","at":{at ${firstMs}+75}}
  +5 end`;

const heldBack = (host: string) => `
  ask fetch POST ${host}/api/chat / ${CHAT}
  3300 headers 200 text/event-stream / server: nginx/1.22.1
  +0x41 data {"token":"word-{n}","id":"chatcmpl-7zY6xWvUt5sR4{n}","at":{at 240+75}}
  +3 end`;

const answer = (host: string, ...steps: string[]) =>
  [`ask fetch POST ${host}/api/chat / ${CHAT}`, ...steps].join('\n');

function compared(a: string | string[], b: string | string[], options: { b?: DrawTraceOptions } = {}) {
  return compareTraces(drawTrace(a), drawTrace(b, options.b), { names });
}

describe('the sentence', () => {
  it.each<[string, string, string, string]>([
    [
      'a burst, and the hop that made it',
      flowing(LOCAL),
      heldBack(STAGING),
      'Staging delivers the 41 events of POST /api/chat in one burst 3.10 s later than local: nginx/1.22.1 in between holds the answer back (buffered-stream appeared).',
    ],
    [
      'the same the other way round',
      heldBack(STAGING),
      flowing(LOCAL),
      'Local delivers the 41 events of POST /api/chat in one burst 3.10 s later than staging: nginx/1.22.1 in between holds the answer back (buffered-stream gone).',
    ],
    [
      'batches, and what may make them',
      flowing(LOCAL),
      answer(
        STAGING,
        '150 headers 200 text/event-stream / content-encoding: gzip',
        '+1200x3 data*13 {"token":"{n}"}',
        '+5 end',
      ),
      'Staging delivers POST /api/chat in batches of about 13 events, local 1 at a time: the answer is compressed there (gzip), which can hold it back.',
    ],
    [
      'a time-out, and whose',
      flowing(LOCAL),
      answer(
        STAGING,
        '29010 headers 504 application/json / x-amz-apigw-id: abc=',
        '+1 raw {"message":"Endpoint request timed out"}',
        '+1 end',
      ),
      'Staging answers 504 to POST /api/chat after 29.0 s, where local comes to the end in 3.20 s: API Gateway (REST) gives up waiting (gateway-timeout appeared).',
    ],
    [
      'a cut',
      flowing(LOCAL),
      answer(
        STAGING,
        '120 headers 200 text/event-stream / server: nginx',
        '+75x12 data {"n":{n}}',
        '+60s error net::ERR_INCOMPLETE_CHUNKED_ENCODING TypeError: network error',
      ),
      'Staging breaks off POST /api/chat after 61.0 s (net::ERR_INCOMPLETE_CHUNKED_ENCODING), where local comes to the end in 3.20 s: nginx cuts it off when nothing comes (idle-cut appeared).',
    ],
    [
      'a later first event, and who is on the way',
      flowing(LOCAL),
      flowing(STAGING, { firstMs: 2600, headers: ' / server: nginx' }),
      'Staging brings the first event of POST /api/chat 2.48 s later than local: nginx is on the way only there (slow-first-byte appeared).',
    ],
    [
      'a later first event, and no guess at why',
      flowing(LOCAL),
      flowing(STAGING, { firstMs: 1600 }),
      'Staging brings the first event of POST /api/chat 1.48 s later than local.',
    ],
    [
      'another protocol',
      flowing(LOCAL, { headers: ' / protocol=http/1.1' }),
      flowing(STAGING),
      'Staging answers POST /api/chat with protocol h2 instead of http/1.1.',
    ],
    [
      'another way that costs nothing',
      flowing(LOCAL),
      flowing(STAGING, { headers: ' / server: nginx' }),
      'Staging answers POST /api/chat through nginx as fast as local.',
    ],
    [
      'nothing',
      flowing(LOCAL),
      flowing(STAGING),
      'The one request that both made came alike in local and in staging.',
    ],
    [
      'nothing, where a model chose other words',
      flowing(LOCAL).replaceAll('word-', 'alpha '),
      flowing(STAGING).replaceAll('word-', 'omega ').replace('x41', 'x55'),
      'The one request that both made came alike in local and in staging.',
    ],
  ])('names %s', (_, a, b, sentence) => {
    expect(compared(a, b).sentence).toBe(sentence);
  });

  it('knows a WebSocket that opens on one side only', () => {
    const { sentence } = compared(
      'ask websocket GET ws://localhost:8000/live | +20 headers 101 | +50x20 data {n} | +5 close 1000',
      'ask websocket GET wss://stage.example.org/live | +80 refused net::ERR_FAILED',
    );
    expect(sentence).toMatch(
      /^Staging refuses WS \/live after 80 ms \(net::ERR_FAILED\), where local comes to the end in 1\.0\d s/,
    );
  });

  it('tells of a fault in a request that only one of them made', () => {
    const list = (host: string) =>
      `ask GET ${host}/api/list | 20 headers 200 application/json | +1 raw [1] | +1 end`;
    const found = compared([list(LOCAL)], [list(STAGING), heldBack(STAGING)]);
    expect(found.verdict).toBe('differs');
    expect(found.sentence).toMatch(
      /^The one request that both made came alike in local and in staging\. But POST \/api\/chat, which only staging asked for, shows buffered-stream: 41 events arrived at once, /,
    );
    // The other way round it is gone; and what is only worth a note is no difference.
    expect(compared([list(LOCAL), heldBack(LOCAL)], [list(STAGING)]).sentence).toContain(
      'which only local asked for',
    );
    expect(compared([list(LOCAL)], [list(STAGING), flowing(STAGING)]).verdict).toBe('same');
  });

  it('tells the worst first, and how many more there are', () => {
    const other = (host: string, ms: number) =>
      `ask GET ${host}/api/list | ${ms} headers 200 application/json | +1 raw [1] | +1 end`;
    const found = compared([flowing(LOCAL), other(LOCAL, 20)], [heldBack(STAGING), other(STAGING, 900)]);
    expect(found.pairs.map(({ endpoint }) => endpoint)).toEqual(['POST /api/chat', 'GET /api/list']);
    expect(found.sentence).toMatch(/^Staging delivers the 41 events .* 1 more request differs\.$/);
  });
});

describe('what is no difference', () => {
  const same = 'The one request that both made came alike in local and in staging.';

  it('is one failure, of which one source knows more than the other', () => {
    const found = compared(
      `ask GET ${LOCAL}/cors | 7 headers 504 text/html | error net::ERR_FAILED`,
      `ask GET ${STAGING}/cors | 9 error net::ERR_FAILED`,
    );
    expect(found.sentence).not.toContain('answers 504');
  });

  it('is the size of events beside the size of a body', () => {
    const events = (host: string) =>
      `ask eventsource GET ${host}/sse / accept: text/event-stream | 10 headers 200 text/event-stream`;
    const found = compared(
      `${events(LOCAL)} | +100x5 data {n} | abort`,
      `${events(STAGING)} | body*5 {n} | phases wait=9 receive=500 | 510 end`,
      { b: { missing: ['chunk-times'] } },
    );
    expect(found.sentence).toBe(same);
    expect(found.pairs[0]!.events).toMatchObject({ matched: 5, medianDelayMs: null });
    expect(found.pairs[0]!.events!.rows[0]).toMatchObject({ aMs: 110, bMs: null, delayMs: null });
  });
});

describe('what cannot be compared', () => {
  it.each<[string, string[], string[], string]>([
    ['an empty recording', [], [flowing(STAGING)], 'They cannot be compared. local holds no request.'],
    [
      'other endpoints',
      ['ask GET http://localhost/a | 10 headers 200 | end'],
      [flowing(STAGING)],
      'They cannot be compared. They have no endpoint in common: local called GET /a, staging called POST /api/chat.',
    ],
  ])('is said of %s', (_, a, b, sentence) => {
    expect(compared(a, b)).toMatchObject({ verdict: 'incomparable', sentence, pairs: [] });
  });

  it('is said of a recording without arrival times, and no rhythm is made up for it', () => {
    const found = compared(
      flowing(LOCAL),
      answer(
        STAGING,
        '150 headers 200 text/event-stream',
        'body*41 {n}',
        'phases wait=140 receive=3100',
        '3250 end',
      ),
      { b: { missing: ['chunk-times'] } },
    );
    expect(found.obstacles).toEqual([
      'staging carries no arrival times: only answers, first bytes and ends are compared.',
    ]);
    expect(found.pairs[0]!.sentence ?? '').not.toMatch(/burst|batch/);
    expect(found.pairs[0]!.figures.find(({ id }) => id === 'longest-gap')).toMatchObject({
      b: null,
      differs: false,
    });
  });

  it('is said of streams that are open, late or lossy', () => {
    const open = flowing(STAGING).replace('+5 end', 'loss late-start\nloss dropped-records');
    expect(compared(flowing(LOCAL), open).pairs[0]!.obstacles).toEqual([
      'staging saw it only from some point on.',
      'staging is missing parts of it, so not all events can be held against each other.',
      'It was still open when staging was saved.',
    ]);
  });
});

describe('counterparts', () => {
  const keys = (a: string[], b: string[], hosts = new Map<string, string>()) =>
    compareTraces(drawTrace(a), drawTrace(b), { hosts })
      .pairs.map(({ key, matchedBy }) => `${key} ${matchedBy}`)
      .sort();
  const call = (url: string, at = 0, body = '') =>
    `${at} ask POST ${url}${body === '' ? '' : ` / body=${body}`} | +10 headers 200 application/json | +1 end`;

  it('are found by what was asked, in order, whatever the ids in the path are', () => {
    expect(
      keys(
        [
          call(`${LOCAL}/jobs/123`, 0, 'one'),
          call(`${LOCAL}/jobs/123`, 100, 'two'),
          call(`${LOCAL}/jobs/123`, 200, 'three'),
        ],
        [call(`${STAGING}/jobs/987`, 0, 'two'), call(`${STAGING}/jobs/987`, 100, 'three')],
      ),
    ).toEqual(['s1:s1 order', 's2:s2 order']);
    expect(
      keys(
        [
          call(`${LOCAL}/jobs`, 0, 'one'),
          call(`${LOCAL}/jobs`, 100, 'two'),
          call(`${LOCAL}/jobs`, 200, 'three'),
        ],
        [call(`${STAGING}/jobs`, 0, 'two'), call(`${STAGING}/jobs`, 100, 'three')],
      ),
    ).toEqual(['s2:s1 content', 's3:s2 content']);
  });

  it('keep calls with other parameters apart as long as there are counterparts for them', () => {
    expect(
      keys(
        [call(`${LOCAL}/api?list`, 0), call(`${LOCAL}/api?item=1`, 100)],
        [call(`${STAGING}/api?item=2`, 0), call(`${STAGING}/api?item=3&token=x`, 100)],
      ),
    ).toEqual(['s2:s1 order']);
  });

  it('are looked for on the host that answers the same, or the one that is given', () => {
    const a = [call('http://app.local/x'), call('http://api.local/y', 1), call('http://api.local/z', 2)];
    const b = [call('https://one.test/y'), call('https://one.test/z', 1), call('https://two.test/x', 2)];
    const guessed = compareTraces(drawTrace(a), drawTrace(b));
    expect(guessed.hosts).toEqual([
      { a: 'api.local', b: 'one.test', how: 'guessed' },
      { a: 'app.local', b: 'two.test', how: 'guessed' },
    ]);
    expect(guessed.pairs).toHaveLength(3);
    const given = compareTraces(drawTrace(a), drawTrace(b), { hosts: new Map([['api.local', 'two.test']]) });
    expect(given.hosts[0]).toEqual({ a: 'api.local', b: 'two.test', how: 'given' });
    expect(given.pairs).toHaveLength(0);
  });

  it.each([
    ['a stage in front', '/chat', '/prod/chat', 'POST …/chat', 'content'],
    ['another name in front', '/steady/v1/chat', '/nginx/v1/chat', 'POST …/v1/chat', 'content'],
    ['an id at the end', '/local/jobs/12', '/prod/jobs/77', 'POST …/jobs/{id}', 'order'],
    ['another question', '/chat?q=1', '/prod/chat?q=2', 'POST …/chat', 'order'],
  ])('may have another beginning of the path: %s', (_, one, other, endpoint, matchedBy) => {
    const found = compareTraces(drawTrace(call(`${LOCAL}${one}`)), drawTrace(call(`${STAGING}${other}`)));
    expect(found.pairs.map((pair) => [pair.endpoint, pair.matchedBy])).toEqual([[endpoint, matchedBy]]);
  });

  it.each([
    ['two could be meant', ['/a/chat', '/b/chat'], ['/prod/chat']],
    ['only an id is shared', ['/users/12'], ['/orders/12']],
    ['nothing is shared', ['/chat'], ['/report']],
  ])('are not guessed where %s', (_, ofA, ofB) => {
    const draw = (base: string, paths: string[]) => drawTrace(paths.map((path, at) => call(base + path, at)));
    expect(compareTraces(draw(LOCAL, ofA), draw(STAGING, ofB)).pairs).toEqual([]);
  });

  it('that only one side has are listed', () => {
    const found = compareTraces(
      drawTrace([call(`${LOCAL}/x`), call(`${LOCAL}/only`, 10)]),
      drawTrace([call(`${STAGING}/x`)]),
    );
    expect(found.unmatched.a.map(({ url }) => url)).toEqual([`${LOCAL}/only`]);
    expect(found.unmatched.b).toEqual([]);
  });
});

describe('a pair', () => {
  it('holds events with the same content against each other, ids and clocks left out', () => {
    const { events } = compared(flowing(LOCAL), heldBack(STAGING)).pairs[0]!;
    expect(events).toMatchObject({ by: 'content', matched: 41, unmatched: { a: 0, b: 0 }, isCut: false });
    expect(events!.rows[0]).toMatchObject({ aIndex: 0, bIndex: 0, aMs: 195, bMs: 3300, delayMs: 3105 });
    expect(events!.rows.at(-1)).toMatchObject({ aMs: 3195, bMs: 3300, delayMs: 105 });
    expect(events!.largestDelayMs).toBe(3105);
  });

  it('shows events that one side lost', () => {
    const lossy = flowing(STAGING)
      .replace('+75x41', '+75x10')
      .replace('+5 end', '+75x5 data {"other":true}\n+75x26 data {"token":"word-{n}"}\n+5 end');
    const { events } = compared(
      flowing(LOCAL).replace(/,"id":.*\}\}/, '}'),
      lossy.replace(/,"id":.*\}\}/, '}'),
    ).pairs[0]!;
    expect(events!.by).toBe('content');
    expect(events!.unmatched).toEqual({ a: 5, b: 5 });
    expect(events!.rows.filter(({ aIndex }) => aIndex === null)).toHaveLength(5);
  });

  it('draws both curves from the request on, thinned out', () => {
    const { curves } = compared(flowing(LOCAL), flowing(STAGING).replace('x41', 'x3000').replace('+75', '+2'))
      .pairs[0]!;
    expect(curves.a.atMs).toHaveLength(41);
    expect(curves.a.events.at(-1)).toBe(41);
    expect(curves.b.atMs.length).toBeLessThanOrEqual(MAX_CURVE_POINTS);
    expect(curves.b.events.at(-1)).toBe(3000);
    for (const curve of [curves.a, curves.b]) {
      expect([...curve.atMs].sort((x, y) => x - y)).toEqual(curve.atMs);
      expect([...curve.bytes].sort((x, y) => x - y)).toEqual(curve.bytes);
    }
  });

  it('lists headers that matter before those that do not, hops, cookies and findings', () => {
    const [pair] = compared(
      flowing(LOCAL, { headers: ' / date: now / server: uvicorn' }),
      heldBack(STAGING).replace(
        'server: nginx/1.22.1',
        'server: nginx/1.22.1 / date: later / set-cookie: AWSALB=x; Path=/',
      ),
    ).pairs;
    expect(pair!.headers).toEqual([
      { of: 'response', name: 'cache-control', a: 'no-cache', b: null, matters: true },
      { of: 'response', name: 'server', a: 'uvicorn', b: 'nginx/1.22.1', matters: true },
      { of: 'response', name: 'date', a: 'now', b: 'later', matters: false },
      { of: 'response', name: 'set-cookie', a: null, b: 'AWSALB=x; Path=/', matters: false },
    ]);
    expect(pair!.hops).toEqual({ both: [], onlyA: ['uvicorn'], onlyB: ['ALB', 'nginx/1.22.1'] });
    expect(pair!.cookies).toMatchObject({
      a: { sent: [], set: [] },
      b: { set: ['AWSALB'], affinity: ['AWSALB'] },
    });
    expect(pair!.findings.appeared.map(({ id }) => id)).toContain('buffered-stream');
  });

  it('without the complete headers of both says nothing of them', () => {
    const [pair] = compared(
      flowing(LOCAL),
      heldBack(STAGING).replace('server: nginx', 'partial / server: nginx'),
    ).pairs;
    expect(pair!.headers.filter(({ of }) => of === 'response')).toEqual([]);
  });
});

describe('any two recordings', () => {
  const traces = {
    typical: sceneTrace('typical'),
    hostile: sceneTrace('hostile'),
    healthy: sceneTrace('healthy'),
    rich: richTrace(),
  };
  const pairs = Object.entries(traces).flatMap(([a, one]) =>
    Object.entries(traces).map(([b, other]) => [a, b, one, other] as const),
  );

  it.each(pairs)('can be compared: %s and %s', (a, b, one, other) => {
    const before = JSON.stringify([one.streams.length, other.streams.length]);
    const found = compareTraces(one, other);
    expect(found.sentence).toMatch(/\.$/);
    expect(found.pairs.length + found.unmatched.a.length).toBe(one.streams.length);
    expect(found.pairs.length + found.unmatched.b.length).toBe(other.streams.length);
    if (a === b) expect(found.verdict).toBe('same');
    expect(JSON.stringify([one.streams.length, other.streams.length])).toBe(before);
    expect(() => JSON.stringify(found)).not.toThrow();
  });

  it('keep no secret when they are shown', () => {
    const secret = 'hunter2hunter2';
    const with_ = (host: string) =>
      drawTrace(
        `ask POST ${host}/x?token=${secret} / authorization: Bearer ${secret} / cookie: sid=${secret} | 10 headers 200 text/plain / x-api-key: ${secret}-${host.length} | end`,
      );
    const [a, b] = [with_(LOCAL), with_(STAGING)];
    const shown = redactComparison(compareTraces(a, b), a, b, { salt: 's' });
    expect(JSON.stringify(shown)).not.toContain('hunter2');
  });
});
