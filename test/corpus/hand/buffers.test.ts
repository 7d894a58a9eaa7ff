import { describe, it } from 'vitest';
import { check, firefox } from './check';
import { every, HOSTS, HTML, harEntry, JSON_TYPE, SIGNED, streamEntry } from './entries';

type Entry = Record<string, unknown>;
type Options = Parameters<typeof harEntry>[0];

/** An event stream that is only there as a whole: after `wait`, within `receive`. */
const whole = (
  wait: number,
  count: number,
  options: Options = {},
  data = (index: number) => `{"delta":" ${index}"}`,
) =>
  harEntry({
    method: 'POST',
    url: `${HOSTS.own}/chat`,
    requestHeaders: { accept: 'text/event-stream' },
    wait,
    receive: 3,
    text: Array.from({ length: count }, (_, index) => `data: ${data(index)}\n\n`).join(''),
    ...options,
  });
const lines = (count: number) =>
  Array.from({ length: count }, (_, index) => `{"row":${index},"level":240}\n`).join('');
const stamped = (fromMs: number, gapMs: number) => (index: number) =>
  JSON.stringify({
    timestamp: Date.parse('2026-03-01T10:00:00Z') + fromMs + index * gapMs,
    delta: ` ${index}`,
  });

describe('a stream that was held back', () => {
  it.each<[string, Entry]>([
    [
      'by API Gateway, which knows its length',
      whole(8200, 60, {
        url: `${HOSTS.restApi}/chat`,
        responseHeaders: { ...SIGNED.restApi, 'content-length': '1300' },
      }),
    ],
    [
      'by an ALB in front of a Lambda',
      whole(6000, 40, { url: `${HOSTS.alb}/chat`, responseHeaders: { 'content-length': '900' } }),
    ],
    ['by nginx', whole(4300, 50, { responseHeaders: SIGNED.nginx })],
    [
      'by App Engine',
      whole(9000, 70, {
        url: 'https://gauge.appspot.com/chat',
        responseHeaders: { server: 'Google Frontend' },
      }),
    ],
    ['with send times that prove it', whole(6500, 60, {}, stamped(300, 100))],
    [
      'asked for in the body of the question',
      whole(7000, 80, { requestHeaders: { 'content-type': JSON_TYPE }, more: {} }),
    ],
    [
      'as NDJSON with send times',
      harEntry({
        method: 'POST',
        url: `${HOSTS.own}/rows`,
        wait: 6000,
        receive: 2,
        contentType: 'application/x-ndjson',
        text: Array.from({ length: 30 }, (_, index) => `${stamped(200, 190)(index)}\n`).join(''),
      }),
    ],
  ])('%s', (_, entry) => check([entry], [['buffered-stream']]));

  it('by compression, which is told as well', () =>
    check(
      [whole(5200, 45, { responseHeaders: { 'content-encoding': 'gzip' } })],
      [['buffered-stream'], ['compressed-stream']],
    ));

  it('is seen in a HAR of Firefox, too', () =>
    firefox([whole(6500, 60, { responseHeaders: SIGNED.nginx })], [['buffered-stream']]));
});

describe('what only looks held back', () => {
  it.each<[string, Entry[]]>([
    ['a short answer', [whole(1900, 3)]],
    ['an answer out of a cache, at once', [whole(60, 80)]],
    ['events that the server itself made together', [whole(1900, 30, {}, stamped(1800, 1))]],
    [
      'one JSON document',
      [
        harEntry({
          url: `${HOSTS.own}/report`,
          wait: 6000,
          receive: 4,
          contentType: JSON_TYPE,
          text: JSON.stringify({ rows: lines(50) }),
        }),
      ],
    ],
    [
      'a list of JSON objects',
      [
        harEntry({
          url: `${HOSTS.own}/report`,
          wait: 6000,
          receive: 4,
          contentType: JSON_TYPE,
          text: JSON.stringify([...Array(50).keys()]),
        }),
      ],
    ],
    [
      'an export as a file of lines',
      [
        harEntry({
          url: `${HOSTS.own}/export`,
          wait: 5000,
          receive: 30,
          contentType: 'application/x-ndjson',
          responseHeaders: { 'content-disposition': 'attachment; filename="rows.ndjson"' },
          text: lines(400),
        }),
      ],
    ],
    [
      'the answers of a bulk call, line by line, with their length',
      [
        harEntry({
          method: 'POST',
          url: `${HOSTS.own}/_msearch`,
          wait: 2500,
          receive: 5,
          contentType: 'application/x-ndjson',
          responseHeaders: { 'content-length': '720' },
          text: lines(30),
        }),
      ],
    ],
    [
      'a page',
      [
        harEntry({
          url: `${HOSTS.own}/`,
          type: 'document',
          wait: 5000,
          receive: 20,
          contentType: HTML,
          text: '<h1>data: 1</h1>',
        }),
      ],
    ],
    [
      'plain text',
      [
        harEntry({
          url: `${HOSTS.own}/log`,
          wait: 4000,
          receive: 3,
          contentType: 'text/plain',
          text: lines(40),
        }),
      ],
    ],
    [
      'a CSV',
      [
        harEntry({
          url: `${HOSTS.own}/export.csv`,
          wait: 4000,
          receive: 3,
          contentType: 'text/csv',
          text: '1;2\n3;4\n',
        }),
      ],
    ],
    [
      'a script',
      [
        harEntry({
          url: `${HOSTS.own}/app.js`,
          type: 'script',
          wait: 4000,
          receive: 3,
          contentType: 'text/javascript',
          text: 'data',
        }),
      ],
    ],
  ])('%s', (_, entries) => check(entries, []));

  it.each<[string, Entry[]]>([
    ['a flowing stream, of which Firefox notes no times', [whole(200, 60, { receive: 6000 })]],
    [
      'a slow call',
      [
        harEntry({
          url: `${HOSTS.own}/report`,
          wait: 6000,
          receive: 4,
          contentType: JSON_TYPE,
          text: '{"a":1}',
        }),
      ],
    ],
    ['a short answer', [whole(1900, 2)]],
  ])('%s', (_, entries) => firefox(entries, []));
});

describe('batches', () => {
  it.each<[string, Entry]>([
    [
      'a flush each second, proven by the send times',
      streamEntry({
        url: `${HOSTS.own}/chat`,
        at: Array.from(
          { length: 90 },
          (_, index) => 1000 + Math.floor(index / 10) * 1000 + (index % 10) * 0.2,
        ),
        endMs: 10_000,
        data: stamped(0, 100),
      }),
    ],
    [
      'a flush every 2.5 s',
      streamEntry({
        url: `${HOSTS.own}/chat`,
        at: Array.from(
          { length: 96 },
          (_, index) => 2500 + Math.floor(index / 12) * 2500 + (index % 12) * 0.2,
        ),
        endMs: 20_100,
        data: stamped(0, 208),
      }),
    ],
  ])('%s', (_, entry) => check([entry], [['batched-stream']]));

  it.each<[string, Entry]>([
    [
      'uneven handfuls of a model',
      streamEntry({
        url: `${HOSTS.own}/chat`,
        at: [0.3, 0.9, 1.1, 2.6, 2.9, 4.4, 4.9, 6.1, 7.7, 8].flatMap((s, n) =>
          Array.from({ length: 2 + ((n * 7) % 6) }, (_, i) => s * 1000 + i),
        ),
        endMs: 8200,
      }),
    ],
    ['one event a second', streamEntry({ url: `${HOSTS.own}/chat`, at: every(1000, 12), endMs: 12_500 })],
    [
      'a dashboard: six readings a second over EventSource',
      streamEntry({
        url: `${HOSTS.own}/readings`,
        method: 'GET',
        type: 'eventsource',
        at: Array.from({ length: 72 }, (_, index) => 300 + Math.floor(index / 6) * 1000 + (index % 6) * 0.1),
        endMs: 12_500,
        error: 'net::ERR_ABORTED',
      }),
    ],
    [
      'a dashboard whose readings say when they were taken',
      streamEntry({
        url: `${HOSTS.own}/readings`,
        at: Array.from({ length: 60 }, (_, index) => 300 + Math.floor(index / 6) * 1000 + (index % 6) * 0.1),
        endMs: 10_500,
        data: (index) =>
          JSON.stringify({
            gauge: index % 6,
            at: Date.parse('2026-03-01T10:00:00Z') + Math.floor(index / 6) * 1000,
          }),
      }),
    ],
  ])('not: %s', (_, entry) => check([entry], []));
});

describe('the first byte', () => {
  it('of a stream after 8 s', () =>
    check(
      [streamEntry({ url: `${HOSTS.own}/chat`, wait: 8000, at: every(80, 40, 8020), endMs: 11_500 })],
      [['slow-first-byte']],
    ));
  it.each<[string, Entry]>([
    [
      'of a call after 8 s',
      harEntry({
        url: `${HOSTS.own}/report`,
        wait: 8000,
        receive: 4,
        contentType: JSON_TYPE,
        text: '{"a":1}',
      }),
    ],
    [
      'of a stream after 1.8 s',
      streamEntry({ url: `${HOSTS.own}/chat`, wait: 1800, at: every(80, 40, 1820), endMs: 5200 }),
    ],
    [
      'of an idle channel',
      streamEntry({
        url: `${HOSTS.own}/news`,
        method: 'GET',
        type: 'eventsource',
        at: [9000, 21_000],
        endMs: 30_000,
        error: 'net::ERR_ABORTED',
      }),
    ],
    [
      'of a WebSocket, whose wait Chrome counts to its end',
      harEntry({
        url: 'wss://api.gauge.example/live',
        type: 'websocket',
        status: 101,
        wait: 45_000,
        receive: 2,
        contentType: 'x-unknown',
        frames: [
          [300, 'receive', '{"hello":1}'],
          [44_000, 'receive', '{"bye":1}'],
        ],
      }),
    ],
    [
      'of a silent WebSocket',
      harEntry({
        url: 'wss://api.gauge.example/live',
        type: 'websocket',
        status: 101,
        wait: 45_000,
        receive: 2,
        contentType: 'x-unknown',
        frames: [],
      }),
    ],
  ])('not: %s', (_, entry) => check([entry], []));
});
