import { randomUUID } from 'node:crypto';
import { openStream, tokenStream, writeTokens } from '../origin/events.ts';
import { pause, readBody, sendJson } from '../origin/exchange.ts';
import { type Spec, scenario } from './spec.ts';

/** A stream whose server dies in the middle of its body: no last chunk, the socket just closes. */
const dyingStream: NonNullable<Spec['handle']> = async (exchange) => {
  const { response, vary } = exchange;
  openStream(response);
  if (await writeTokens(exchange, { count: vary.count(24), gapMs: 75 })) response.destroy();
};

const UPSTREAM_HTTP_1_1 = 'proxy_http_version 1.1; proxy_set_header Connection "";';

export const BROKEN: Spec[] = [
  scenario({
    id: 'api-gateway-timeout',
    title: 'API Gateway gives up after 29 s',
    group: 'Time-outs and broken streams',
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
    group: 'Time-outs and broken streams',
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
    group: 'Time-outs and broken streams',
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
    group: 'Time-outs and broken streams',
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
    group: 'Time-outs and broken streams',
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
    group: 'Time-outs and broken streams',
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
    group: 'Time-outs and broken streams',
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
      group: 'Time-outs and broken streams',
      description: `An EventSource answered with ${status} never tries again.`,
      expect: [{ id: 'wrong-content-type', severity: 'error' }],
      seconds: 1,
      site: 'embedded',
      steps: ({ url }) => [{ do: 'event-source', url: url('events'), until: { errors: 1 } }],
      handle: ({ response }) => sendJson(response, status, { detail: status === 404 ? 'Not Found' : 'Oops' }),
    }),
  ),
];
