import { randomUUID } from 'node:crypto';
import { openStream, SSE_HEADERS, tokenStream, writeTokens } from '../origin/events.ts';
import { pause, readBody, sendJson } from '../origin/exchange.ts';
import { type Spec, scenario } from './spec.ts';

/** A stream whose server dies in the middle of its body: no last chunk, the socket just closes. */
const dyingStream: NonNullable<Spec['handle']> = async (exchange) => {
  const { response, vary } = exchange;
  openStream(response);
  if (await writeTokens(exchange, { count: vary.count(24), gapMs: 75 })) response.destroy();
};

/** Tokens, a long pause with or without heartbeats, tokens again. */
const streamWithGap =
  (gapMs: number, heartbeatEveryMs = gapMs): NonNullable<Spec['handle']> =>
  async (exchange) => {
    const { response, vary } = exchange;
    openStream(response);
    if (!(await writeTokens(exchange, { count: vary.count(12), gapMs: 75 }))) return;
    for (let restMs = gapMs; restMs > 0; restMs -= heartbeatEveryMs) {
      if (!(await pause(response, Math.min(restMs, heartbeatEveryMs)))) return;
      if (restMs > heartbeatEveryMs) response.write(': heartbeat\n\n');
    }
    if (await writeTokens(exchange, { count: vary.count(12), gapMs: 75 })) response.end();
  };

const UPSTREAM_HTTP_1_1 = 'proxy_http_version 1.1; proxy_set_header Connection "";';

const GROUP = 'Time-outs and broken streams';

export const BROKEN: Spec[] = [
  scenario({
    id: 'api-gateway-timeout',
    title: 'API Gateway gives up after 29 s',
    group: GROUP,
    description:
      'A REST integration in its default mode: the gateway waits for the whole answer, and answers 504 itself after 29 s.',
    expect: [{ id: 'gateway-timeout', severity: 'error' }],
    allow: ['slow-first-byte'],
    seconds: 30,
    site: 'embedded',
    host: 'a1b2c3d4e5.execute-api.us-east-1.amazonaws.com',
    pageAt: { host: 'app.example.org' },
    steps: ({ url }) => [
      {
        do: 'fetch',
        url: url('chat'),
        method: 'POST',
        body: {},
        accept: 'text/event-stream',
        read: 'reader',
      },
    ],
    gateway: async ({ response }) => {
      if (!(await pause(response, 29_000))) return;
      sendJson(
        response,
        504,
        { message: 'Endpoint request timed out' },
        {
          'x-amzn-requestid': randomUUID(),
          'x-amzn-errortype': 'InternalServerErrorException',
          'x-amz-apigw-id': 'Lq3mXGKWoAMEuFg=',
          'access-control-expose-headers': '*',
        },
      );
    },
  }),
  scenario({
    id: 'upstream-death-http1',
    title: 'The application dies behind nginx',
    group: GROUP,
    description:
      'It closes in the middle of its answer. Over HTTP/1.1 the browser sees a body without its end.',
    expect: [{ id: 'connection-lost', severity: 'error' }],
    seconds: 3,
    site: 'nginx',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: dyingStream,
    nginx: () => UPSTREAM_HTTP_1_1,
  }),
  scenario({
    id: 'upstream-death-http2',
    title: 'The application dies behind nginx with HTTP/2',
    group: GROUP,
    description: 'The same death. Over HTTP/2 the browser calls it ERR_HTTP2_PROTOCOL_ERROR.',
    expect: [{ id: 'http2-protocol-error', severity: 'error' }],
    seconds: 3,
    site: 'nginx-h2',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: dyingStream,
    nginx: () => UPSTREAM_HTTP_1_1,
  }),
  scenario({
    id: 'connection-reset',
    title: 'Connection reset',
    group: GROUP,
    description: 'The connection is reset while tokens flow.',
    expect: [{ id: 'connection-lost', severity: 'error' }],
    seconds: 3,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: async (exchange) => {
      const { response, request, vary } = exchange;
      openStream(response);
      if (await writeTokens(exchange, { count: vary.count(20), gapMs: 75 })) request.socket.resetAndDestroy();
    },
  }),
  scenario({
    id: 'missing-end-marker',
    title: 'One answer without its end',
    group: GROUP,
    description:
      'Two completions of one endpoint end cleanly. The first closes with [DONE], the second stops half-way without it.',
    expect: [{ id: 'incomplete-stream', severity: 'error' }],
    seconds: 5,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'fetch', url: url('v1/completions'), method: 'POST', body: { part: 'all' }, read: 'reader' },
      { do: 'fetch', url: url('v1/completions'), method: 'POST', body: { part: 'half' }, read: 'reader' },
    ],
    handle: async (exchange) => {
      const { request, response, vary } = exchange;
      const isCut = (await readBody(request)).includes('half');
      openStream(response);
      if (!(await writeTokens(exchange, { count: vary.count(isCut ? 17 : 30), gapMs: 75 }))) return;
      response.end(isCut ? undefined : 'data: [DONE]\n\n');
    },
  }),
  scenario({
    id: 'json-type-fetch',
    title: 'Events under application/json',
    group: GROUP,
    description: 'The body is an event stream, its Content-Type says JSON. fetch copes; most tools do not.',
    expect: [{ id: 'wrong-content-type', severity: 'error' }],
    seconds: 3,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(24), gapMs: 75 }), {
      headers: { 'content-type': 'application/json' },
    }),
  }),
  scenario({
    id: 'json-type-event-source',
    title: 'EventSource refuses application/json',
    group: GROUP,
    description: 'The same mistake for an EventSource: it closes for good, without a word to the page.',
    expect: [{ id: 'wrong-content-type', severity: 'error' }],
    seconds: 2,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'event-source', url: url('events'), until: { errors: 1 } }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(24), gapMs: 75 }), {
      headers: { 'content-type': 'application/json' },
    }),
  }),
  ...([500, 404] as const).map((status) =>
    scenario({
      id: `event-source-${status}`,
      title: `EventSource gets a ${status}`,
      group: GROUP,
      description: `An EventSource answered with ${status} never tries again.`,
      expect: [{ id: 'wrong-content-type', severity: 'error' }],
      seconds: 1,
      site: 'embedded',
      steps: ({ url }) => [{ do: 'event-source', url: url('events'), until: { errors: 1 } }],
      handle: ({ response }) => sendJson(response, status, { detail: status === 404 ? 'Not Found' : 'Oops' }),
    }),
  ),
  scenario({
    id: 'nginx-timeout',
    title: 'nginx gives up after 60 s',
    group: GROUP,
    description: 'The application says nothing, and nginx answers 504 when its proxy_read_timeout is over.',
    expect: [{ id: 'gateway-timeout', severity: 'error' }],
    allow: ['slow-first-byte'],
    seconds: 61,
    site: 'nginx',
    steps: ({ url }) => [
      {
        do: 'fetch',
        url: url('chat'),
        method: 'POST',
        body: {},
        accept: 'text/event-stream',
        read: 'reader',
      },
    ],
    // The answer that never comes: the request is simply left open.
    handle: () => undefined,
    nginx: () => UPSTREAM_HTTP_1_1,
  }),
  scenario({
    id: 'haproxy-idle-cut',
    title: 'HAProxy cuts a silent stream after 60 s',
    group: GROUP,
    description: 'Ten events, then silence. After a minute without a byte HAProxy drops the connection.',
    expect: [{ id: 'idle-cut', severity: 'error' }],
    seconds: 62,
    site: 'haproxy',
    steps: ({ url }) => [{ do: 'fetch', url: url('events'), read: 'reader' }],
    handle: async (exchange) => {
      openStream(exchange.response);
      await writeTokens(exchange, { count: exchange.vary.count(10), gapMs: 80 });
    },
    haproxy: ({ origin }) => `
      timeout server 60s
      server app ${origin}`,
  }),
  scenario({
    id: 'killed-worker',
    title: 'gunicorn kills its worker after 30 s',
    group: GROUP,
    description:
      'A sync worker is killed in the middle of a stream that still flows, and gunicorn writes a raw HTTP/1.1 500 into the body.',
    expect: [{ id: 'duration-cap', severity: 'error' }],
    seconds: 31,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: async (exchange) => {
      const { response, request, vary } = exchange;
      openStream(response, { ...SSE_HEADERS, server: 'gunicorn' });
      const untilMs = performance.now() + 30_200;
      while (performance.now() < untilMs) {
        if (!(await writeTokens(exchange, { count: 1, gapMs: vary.jitter(250, 0.3) }))) return;
      }
      request.socket.end(
        'HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\nInternal Server Error\n',
      );
    },
  }),
  scenario({
    id: 'silent-gap',
    title: 'A gap of 45 s',
    group: GROUP,
    description:
      'Nothing for 45 s in the middle of a stream, not even a comment. It survived here; behind a gateway it may not.',
    expect: [{ id: 'missing-heartbeat', severity: 'warning' }],
    seconds: 49,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('events'), read: 'reader' }],
    handle: streamWithGap(45_000),
  }),
  scenario({
    id: 'gap-with-heartbeats',
    title: 'A gap of 45 s with heartbeats',
    group: GROUP,
    description: 'The same gap with a comment every ten seconds: it stays alive behind any gateway.',
    expect: [],
    seconds: 49,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('events'), read: 'reader' }],
    handle: streamWithGap(45_000, 10_000),
  }),
  scenario({
    id: 'stalled-stream',
    title: 'A stream that stalls',
    group: GROUP,
    description: 'Tokens at a steady pace, then none, and no end either. The page still waits.',
    expect: [{ id: 'stalled-stream', severity: 'warning' }],
    seconds: 20,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader', leaveAfterMs: 19_000 },
    ],
    handle: async (exchange) => {
      openStream(exchange.response);
      await writeTokens(exchange, { count: exchange.vary.count(40), gapMs: 75 });
    },
  }),
  scenario({
    id: 'event-source-loop',
    title: 'An EventSource that starts over and over',
    group: GROUP,
    description: 'The server ends every stream after two events, and the browser comes back at once.',
    expect: [{ id: 'reconnect-loop', severity: 'error' }],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'event-source', url: url('events'), until: { errors: 7 } }],
    handle: async (exchange) => {
      openStream(exchange.response);
      exchange.response.write('retry: 300\n\n');
      if (await writeTokens(exchange, { count: 2, gapMs: 40 })) exchange.response.end();
    },
  }),
  ...([502, 504] as const).map((status) =>
    scenario({
      id: `masked-${status}`,
      title: `A ${status} without CORS headers`,
      group: GROUP,
      description: `The gateway's own ${status} carries no CORS headers, so the page is told "Failed to fetch" and nothing more.`,
      expect:
        status === 504
          ? [
              { id: 'gateway-timeout', severity: 'error' },
              { id: 'masked-status', severity: 'error', superseded: true },
            ]
          : [{ id: 'masked-status', severity: 'error' }],
      allow: ['slow-first-byte'],
      seconds: status === 504 ? 30 : 1,
      site: 'embedded',
      host: 'f6g7h8i9j0.execute-api.us-east-1.amazonaws.com',
      pageAt: { host: 'app.example.org' },
      ownPage: true,
      ownCors: true,
      steps: ({ url }) => [
        {
          do: 'fetch',
          url: url('chat'),
          method: 'POST',
          body: {},
          accept: 'text/event-stream',
          read: 'reader',
        },
      ],
      gateway: async ({ request, response }) => {
        // The gateway answers preflights itself, and well; its errors are what it forgets.
        if (request.method === 'OPTIONS') {
          response.writeHead(204, {
            'access-control-allow-origin': request.headers.origin ?? '*',
            'access-control-allow-headers': 'content-type',
          });
          return void response.end();
        }
        if (!(await pause(response, status === 504 ? 29_000 : 120))) return;
        sendJson(
          response,
          status,
          { message: status === 504 ? 'Endpoint request timed out' : 'Internal server error' },
          { 'x-amzn-requestid': randomUUID(), 'x-amz-apigw-id': 'Lq3mXGKWoAMEuFg=' },
        );
      },
    }),
  ),
  scenario({
    id: 'split-events',
    title: 'Events cut anywhere',
    group: GROUP,
    description:
      'Chunks end inside events and inside letters. A reader that parses each chunk by itself loses some.',
    expect: [{ id: 'split-event', severity: 'info' }],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: async ({ response, vary }) => {
      openStream(response);
      const whole = Array.from(
        { length: vary.count(24) },
        (_, index) => `data: {"index":${index},"text":"Flüsse 🌊 führen Wasser"}\n\n`,
      ).join('');
      const bytes = Buffer.from(whole);
      for (let at = 0; at < bytes.length; ) {
        const length = Math.ceil(vary.between(20, 60));
        response.write(bytes.subarray(at, at + length));
        at += length;
        if (!(await pause(response, vary.jitter(70, 0.4)))) return;
      }
      response.end();
    },
  }),
  scenario({
    id: 'no-abort-signal',
    title: 'No way to stop',
    group: GROUP,
    description:
      'A healthy stream, but the page passed no AbortSignal: were it to hang, nothing could end it.',
    expect: [{ id: 'missing-abort', severity: 'info' }],
    seconds: 3,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader', signal: false },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(24), gapMs: 75 })),
  }),
  scenario({
    id: 'bare-headers',
    title: 'An event stream with bare headers',
    group: GROUP,
    description: 'It says what it is and nothing more: a cache may keep it, a middlebox may change it.',
    expect: [{ id: 'missing-stream-headers', severity: 'info' }],
    seconds: 3,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: async (exchange) => {
      openStream(exchange.response, { 'content-type': 'text/event-stream' });
      if (await writeTokens(exchange, { count: exchange.vary.count(24), gapMs: 75 })) exchange.response.end();
    },
  }),
];
