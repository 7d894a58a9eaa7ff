import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { Http2ServerResponse } from 'node:http2';
import { createBrotliCompress } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { forward } from '../../lab/gateways/forward.ts';
import { refuseUpgrade } from '../../lab/gateways/forward-upgrade.ts';
import { openStream, SSE_HEADERS, token, tokenStream, writeTokens } from '../../lab/origin/events.ts';
import { type Handler, pause, readBody, sendJson } from '../../lab/origin/exchange.ts';
import { Jobs, jobServer } from '../../lab/origin/jobs.ts';
import type { Spec } from '../../lab/scenarios/spec.ts';
import { completion, completionChunk, READ } from './healthy.ts';
import { plain, scripted } from './scripted.ts';
import { stickyHaproxy } from './sticky.ts';

const TALK = `${READ} await chat('v1/chat').catch(() => {});`;
const API_GATEWAY = 'q8w7e6r5t4.execute-api.us-east-1.amazonaws.com';
const LOAD_BALANCER = 'stage-1234567890.us-east-1.elb.amazonaws.com';

/** A gateway that hands the whole answer over when it has all of it. */
const holdAll =
  (headers: Record<string, string>, withLength: boolean): Handler =>
  (exchange) => {
    const { response } = exchange;
    const held: Buffer[] = [];
    // Nothing leaves before the end, the headers neither.
    const later = new Proxy(response, {
      get: (target, name) => {
        if (name === 'flushHeaders') return () => undefined;
        if (name === 'writeHead') {
          return (status: number, answered: Record<string, string>) => {
            target.statusCode = status;
            for (const [key, value] of Object.entries(answered)) target.setHeader(key, value);
          };
        }
        const value = Reflect.get(target, name) as unknown;
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    forward(
      { ...exchange, response: later },
      {
        take: (chunk) => void held.push(chunk),
        end: () => {
          const body = Buffer.concat(held);
          for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
          if (withLength) response.setHeader('content-length', body.length);
          response.end(body);
        },
      },
    );
  };

/** A gateway that gives up after `afterMs` with an answer of its own. */
const giveUp =
  (afterMs: number, status: number, headers: Record<string, string>, body: string): Handler =>
  async ({ response }) => {
    if (!(await pause(response, afterMs))) return;
    response.writeHead(status, headers);
    response.end(body);
  };

/** Tokens until the gateway has had enough, then the connection is dropped. */
const cutAt =
  (totalMs: number, gapMs: number, headers: Record<string, string> = {}): Handler =>
  async (exchange) => {
    const { response } = exchange;
    openStream(response, { ...SSE_HEADERS, ...headers });
    const untilMs = performance.now() + totalMs;
    while (performance.now() < untilMs) {
      if (!(await writeTokens(exchange, { count: 1, gapMs }))) return;
    }
    // Over HTTP/2 a mere close would look like a normal end.
    if ('stream' in response) resetStream(response);
    else response.destroy();
  };

/** Resets an HTTP/2 stream with INTERNAL_ERROR; the lab gives HTTP/2's own responses the shape of HTTP/1.1. */
function resetStream(response: unknown): void {
  (response as Http2ServerResponse).stream.close(2);
}

/** Passes on what it has every so often. */
const flushEvery =
  (periodMs: number): Handler =>
  (exchange) => {
    const { response } = exchange;
    let held: Buffer[] = [];
    const flush = () => {
      if (held.length > 0) response.write(Buffer.concat(held));
      held = [];
    };
    const timer = setInterval(flush, periodMs);
    response.on('close', () => clearInterval(timer));
    forward(exchange, {
      take: (chunk) => void held.push(chunk),
      end: () => {
        flush();
        response.end();
      },
    });
  };

const HTTP_1_1 = 'proxy_http_version 1.1; proxy_set_header Connection "";';
const html = { 'content-type': 'text/html' };

/** A job that nobody remembers after its first poll: the process was restarted. */
const forgetfulJobs = (): Handler => {
  let looks = 0;
  return async ({ request, response, path }) => {
    await readBody(request);
    if (request.method === 'POST') {
      looks = 0;
      return sendJson(response, 202, { task_id: randomUUID(), state: 'queued' });
    }
    looks++;
    if (looks > 3) return sendJson(response, 404, { detail: 'task not found' });
    sendJson(response, 200, { task_id: path.split('/').at(-1), state: 'running', progress: looks / 10 });
  };
};

const POLL = (options: string, everyMs: number) => `
  const made = await (await fetch(api + 'tasks', { method: 'POST', body: '{}', ${options} })).json();
  for (let poll = 0; poll < 8; poll++) {
    await new Promise((resolve) => setTimeout(resolve, ${everyMs}));
    const one = await fetch(api + 'tasks/' + made.task_id, { ${options} });
    await one.text();
  }`;

/** A server that knows only its own tasks, and marks its answers with the cookie a load balancer would set. */
const taskServer = (): Server => {
  const known = new Set<string>();
  return createServer((request, response) => {
    const id = (request.url ?? '').split('/').at(-1) ?? '';
    if (request.method === 'POST') {
      const made = randomUUID();
      known.add(made);
      return sendJson(response, 202, { task_id: made, state: 'running' });
    }
    if (!known.has(id)) return sendJson(response, 404, { detail: 'Unknown task' });
    sendJson(response, 200, { task_id: id, state: 'running' });
  });
};

const socketServer = new WebSocketServer({ noServer: true });

export const FAULTY: Spec[] = [
  // Buffering
  scripted({
    id: 'api-gateway-buffered',
    description: 'An HTTP API of API Gateway hands a stream over whole, with its length.',
    seconds: 6,
    host: API_GATEWAY,
    script: TALK,
    handle: tokenStream(({ vary }) => ({ count: vary.count(60), gapMs: 80 })),
    gateway: holdAll({ 'apigw-requestid': 'Lq3mXGKWoAMEuFg=' }, true),
  }),
  scripted({
    id: 'held-ndjson',
    description: 'NDJSON held back by a gateway until it ends, over HTTP/2.',
    seconds: 5,
    host: 'rows.example.net',
    site: 'embedded-h2',
    script: `${READ} await read('rows');`,
    handle: async ({ response, vary }) => {
      openStream(response, { 'content-type': 'application/x-ndjson' });
      for (let index = 0; index < vary.count(30); index++) {
        if (!(await pause(response, vary.jitter(120, 0.4)))) return;
        response.write(`${JSON.stringify({ at: new Date().toISOString(), row: index })}\n`);
      }
      response.end();
    },
    gateway: holdAll({ via: '1.1 google', server: 'Google Frontend' }, false),
  }),
  plain({
    id: 'held-event-source',
    description: 'An EventSource behind nginx as installed.',
    seconds: 5,
    host: 'ticker.example.net',
    site: 'nginx',
    steps: ({ url }) => [
      { do: 'event-source', url: url('ticker'), events: ['done'], until: { event: 'done' } },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(35), gapMs: 110 }), {
      headers: { 'cache-control': 'no-cache' },
      end: 'event: done\ndata: {}\n\n',
    }),
    nginx: () => '',
  }),
  scripted({
    id: 'held-completion',
    description: 'An OpenAI-like answer behind nginx as installed: its chunks carry no time of their own.',
    seconds: 6,
    host: 'gpt.example.net',
    site: 'nginx',
    script: TALK,
    handle: completion(12, ({ vary }) => vary.jitter(330, 0.4)),
    nginx: () => '',
  }),
  plain({
    id: 'held-xhr',
    description: 'An XHR that reads as it comes, behind nginx with gzip.',
    seconds: 5,
    host: 'old.example.net',
    site: 'nginx',
    steps: ({ url }) => [{ do: 'xhr', url: url('events') }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(50), gapMs: 80 })),
    nginx: () => `${HTTP_1_1} gzip on; gzip_proxied any; gzip_types text/event-stream;`,
  }),
  scripted({
    id: 'brotli-unflushed',
    description: 'Brotli without a flush, over HTTP/2: not a byte until the end.',
    seconds: 5,
    host: 'brotli.example.net',
    site: 'embedded-h2',
    script: TALK,
    handle: async (exchange) => {
      const { response } = exchange;
      response.writeHead(200, { ...SSE_HEADERS, 'content-encoding': 'br', 'x-powered-by': 'Express' });
      const brotli = createBrotliCompress();
      brotli.pipe(response);
      if (await writeTokens(exchange, { count: 48, gapMs: 85 }, brotli)) brotli.end();
      else brotli.destroy();
    },
  }),
  plain({
    id: 'steps-of-8k',
    description: 'nginx with buffers of 8 KB and a long answer: steps of 8 KB.',
    seconds: 9,
    host: 'long.example.net',
    site: 'nginx',
    steps: ({ url }) => [{ do: 'fetch', url: url('answer'), method: 'POST', body: {}, read: 'reader' }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(330), gapMs: 22, padding: 130 })),
    nginx: () => 'proxy_buffer_size 8k; proxy_buffers 8 8k;',
  }),
  scripted({
    id: 'flush-every-400ms',
    description: 'A gateway that passes on what it has every 400 ms; tokens come from the model every 40.',
    seconds: 8,
    host: 'flush.example.net',
    script: TALK,
    handle: tokenStream(({ vary }) => ({ count: vary.count(150), gapMs: 40 })),
    gateway: flushEvery(400),
  }),
  scripted({
    id: 'flush-every-2s',
    description: 'The same every two seconds, over HTTP/2.',
    seconds: 16,
    host: 'lazy.example.net',
    site: 'embedded-h2',
    script: TALK,
    handle: tokenStream(({ vary }) => ({ count: vary.count(220), gapMs: 65 })),
    gateway: flushEvery(2000),
  }),
  scripted({
    id: 'late-headers',
    description: 'Headers at once, the first event after five seconds.',
    seconds: 9,
    host: 'cold-llm.example.net',
    script: `${TALK} await chat('v1/chat').catch(() => {});`,
    handle: async (exchange) => {
      openStream(exchange.response);
      if (!(await pause(exchange.response, 4500))) return;
      if (await writeTokens(exchange, { count: 40, gapMs: 60 })) exchange.response.end();
    },
  }),
  // Time-outs
  scripted({
    id: 'alb-504',
    description: 'An ALB gives up after 60 s with its own page.',
    seconds: 61,
    host: LOAD_BALANCER,
    script: TALK,
    gateway: giveUp(
      60_000,
      504,
      { ...html, server: 'awselb/2.0' },
      '<html>\r\n<head><title>504 Gateway Time-out</title></head>\r\n<body>\r\n<center><h1>504 Gateway Time-out</h1></center>\r\n</body>\r\n</html>\r\n',
    ),
  }),
  scripted({
    id: 'cloudfront-504',
    description: 'CloudFront gives up after 30 s.',
    seconds: 31,
    host: 'd111111abcdef8.cloudfront.net',
    script: TALK,
    gateway: giveUp(
      30_000,
      504,
      {
        ...html,
        server: 'CloudFront',
        'x-cache': 'Error from cloudfront',
        via: '1.1 1a2b3c.cloudfront.net (CloudFront)',
        'x-amz-cf-pop': 'FRA56-P4',
        'x-amz-cf-id': 'Xk3==',
      },
      '<H1>504 Gateway Timeout ERROR</H1> CloudFront attempted to establish a connection with the origin',
    ),
  }),
  scripted({
    id: 'heroku-h12',
    description: 'The Heroku router gives up after 30 s: H12, which is a 503.',
    seconds: 31,
    host: 'calm-river-12345.herokuapp.com',
    script: TALK,
    gateway: giveUp(
      30_000,
      503,
      { ...html, server: 'Cowboy', via: '1.1 vegur', 'cache-control': 'no-cache, no-store' },
      '<!DOCTYPE html><title>Application error</title><p>code=H12 desc="Request timeout"',
    ),
  }),
  scripted({
    id: 'cloudflare-524',
    description: 'Cloudflare gives up after 100 s with 524.',
    seconds: 101,
    host: 'app.gauge.example.com',
    script: TALK,
    gateway: giveUp(
      100_100,
      524,
      { ...html, server: 'cloudflare', 'cf-ray': '8c1f0a2b3c4d5e6f-FRA' },
      '<title>app.gauge.example.com | 524: A timeout occurred</title>',
    ),
  }),
  scripted({
    id: 'vercel-504',
    description: 'A function on Vercel runs out of its 10 s.',
    seconds: 11,
    // Browsers speak nothing but TLS to names under `app`.
    host: 'gauge-web.vercel.app',
    site: 'embedded-h2',
    script: TALK,
    gateway: giveUp(
      10_100,
      504,
      {
        'content-type': 'text/plain; charset=utf-8',
        server: 'Vercel',
        'x-vercel-error': 'FUNCTION_INVOCATION_TIMEOUT',
        'x-vercel-id': 'fra1::abcde-1790000000000-0123456789ab',
      },
      'An error occurred with your deployment\n\nFUNCTION_INVOCATION_TIMEOUT\n',
    ),
  }),
  plain({
    id: 'idle-cut-http2',
    description: 'nginx drops a silent stream after 60 s, over HTTP/2.',
    seconds: 63,
    host: 'idle.example.net',
    site: 'nginx-h2',
    steps: ({ url }) => [{ do: 'fetch', url: url('events'), read: 'reader' }],
    handle: async (exchange) => {
      openStream(exchange.response);
      await writeTokens(exchange, { count: exchange.vary.count(14), gapMs: 120 });
    },
    nginx: () => HTTP_1_1,
  }),
  plain({
    id: 'idle-cut-event-source',
    description: 'An EventSource cut after 60 s of silence, with a few events before.',
    seconds: 66,
    host: LOAD_BALANCER.replace('stage', 'events'),
    steps: ({ url }) => [{ do: 'event-source', url: url('events'), until: { errors: 1 } }],
    handle: async (exchange) => {
      const { response } = exchange;
      openStream(response);
      if (!(await writeTokens(exchange, { count: 5, gapMs: 700 }))) return;
      if (await pause(response, 60_000)) response.destroy();
    },
  }),
  scripted({
    id: 'cut-at-30s',
    description:
      'A backend service of a Google load balancer ends each answer at 30 s; two of them, side by side.',
    seconds: 32,
    host: 'glb.example.net',
    site: 'embedded-h2',
    script: `${READ} await Promise.all([chat('v1/chat').catch(() => {}), wait(700).then(() => chat('v1/chat')).catch(() => {})]);`,
    handle: cutAt(30_000, 300, { via: '1.1 google' }),
  }),
  scripted({
    id: 'cut-at-120s',
    description: 'App Runner ends an answer after 120 s.',
    seconds: 122,
    host: 'k3v9x2m7qa.us-east-1.awsapprunner.com',
    script: TALK,
    handle: cutAt(120_000, 900, { server: 'envoy', 'x-envoy-upstream-service-time': '4' }),
  }),
  scripted({
    id: 'gap-of-20s',
    description: 'A stream that is silent for 20 s in its middle.',
    seconds: 26,
    host: 'gap.example.net',
    script: TALK,
    handle: async (exchange) => {
      openStream(exchange.response);
      if (!(await writeTokens(exchange, { count: 30, gapMs: 50 }))) return;
      if (!(await pause(exchange.response, 20_000))) return;
      if (await writeTokens(exchange, { count: 30, gapMs: 50 })) exchange.response.end();
    },
  }),
  scripted({
    id: 'stalled-rows',
    description: 'NDJSON that stops in the middle and stays open; the page still waits 24 s later.',
    seconds: 28,
    host: 'stall.example.net',
    script: `${READ} void read('rows').catch(() => {}); await wait(27000);`,
    handle: async ({ response, vary }) => {
      openStream(response, { 'content-type': 'application/x-ndjson' });
      for (let index = 0; index < 40; index++) {
        if (!(await pause(response, vary.jitter(70, 0.5)))) return;
        response.write(`${JSON.stringify({ at: Date.now(), index })}\n`);
      }
    },
  }),
  scripted({
    id: 'h2-reset',
    description: 'A server that resets an HTTP/2 stream with INTERNAL_ERROR in mid-answer.',
    seconds: 4,
    host: 'reset.example.net',
    site: 'embedded-h2',
    script: TALK,
    handle: async (exchange) => {
      openStream(exchange.response);
      if (!(await writeTokens(exchange, { count: 26, gapMs: 90 }))) return;
      resetStream(exchange.response);
    },
  }),
  scripted({
    id: 'empty-response',
    description: 'The server closes the connection before it said anything, twice.',
    seconds: 3,
    host: 'empty.example.net',
    script: `${TALK} await chat('v1/chat').catch(() => {});`,
    handle: async ({ response, request }) => {
      if (await pause(response, 700)) request.socket.destroy();
    },
  }),
  scripted({
    id: 'unfinished-completion',
    description: 'Three completions; the second ends without finish_reason and without [DONE].',
    seconds: 7,
    host: 'half.example.net',
    script: `${READ} for (const part of ['all', 'half', 'all']) await chat('v1/chat/completions', { part });`,
    handle: async (exchange) => {
      const isCut = (await readBody(exchange.request)).includes('half');
      if (!isCut) return completion(24, ({ vary }) => vary.jitter(70, 0.5))(exchange);
      openStream(exchange.response);
      for (let index = 0; index < 11; index++) {
        if (!(await pause(exchange.response, 70))) return;
        exchange.response.write(completionChunk(1_790_000_000, ' and'));
      }
      exchange.response.end();
    },
  }),
  scripted({
    id: 'unfinished-message',
    description: 'An Anthropic-like answer that ends cleanly in the middle: no message_stop.',
    seconds: 4,
    host: 'claudelike.example.net',
    script: TALK,
    handle: async ({ response }) => {
      openStream(response);
      const send = (type: string, rest: object = {}) =>
        response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
      send('message_start', { message: { id: 'msg_02' } });
      send('content_block_start', { index: 0 });
      for (let index = 0; index < 22; index++) {
        if (!(await pause(response, 100))) return;
        send('content_block_delta', { index: 0, delta: { type: 'text_delta', text: ' so' } });
      }
      response.end();
    },
  }),
  scripted({
    id: 'text-html-events',
    description: 'Events under text/html, read by fetch.',
    seconds: 4,
    host: 'php.example.net',
    script: TALK,
    handle: tokenStream(({ vary }) => ({ count: vary.count(30), gapMs: 80 }), {
      headers: { 'content-type': 'text/html; charset=UTF-8' },
    }),
  }),
  scripted({
    id: 'event-source-login',
    description: 'An EventSource that is sent to a login page: 200, but HTML.',
    seconds: 2,
    host: 'intra.example.net',
    script: `await new Promise((resolve) => { const source = new EventSource(api + 'events'); source.onerror = () => source.readyState === 2 && resolve(); });`,
    handle: ({ response, path }) => {
      if (path === 'events') return void response.writeHead(302, { location: 'login' }).end();
      response.writeHead(200, html).end('<!doctype html><title>Sign in</title><form></form>');
    },
  }),
  scripted({
    id: 'socket-loop',
    description:
      'A WebSocket that the server drops after 300 ms each time, and a page that comes back each time.',
    seconds: 8,
    host: 'loop.example.net',
    script: `for (let life = 0; life < 8; life++) {
      await new Promise((resolve) => { const socket = new WebSocket(api.replace('http', 'ws') + 'live'); socket.onclose = resolve; });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }`,
    upgrade: (request, socket, head) =>
      socketServer.handleUpgrade(request, socket, head, (peer) => {
        peer.send('{"hello":1}');
        setTimeout(() => socket.destroy(), 300);
      }),
  }),
  scripted({
    id: 'event-source-loop-default',
    description:
      'An EventSource whose server ends each answer after a snapshot; the browser comes back every three seconds.',
    seconds: 20,
    host: 'snap.example.net',
    script: `await new Promise((resolve) => { const source = new EventSource(api + 'snapshot'); setTimeout(() => { source.close(); resolve(); }, 19000); });`,
    handle: async (exchange) => {
      openStream(exchange.response);
      if (await writeTokens(exchange, { count: 3, gapMs: 50 })) exchange.response.end();
    },
  }),
  scripted({
    id: 'masked-403',
    description: 'A firewall refuses a call with 403 and no CORS headers: the page is told nothing.',
    seconds: 2,
    host: 'guard.example.com',
    pageAt: { host: 'app.example.net' },
    ownCors: true,
    script: `${READ} await chat('v1/chat').catch(() => {}); await chat('v1/chat').catch(() => {});`,
    gateway: async ({ request, response }) => {
      if (request.method === 'OPTIONS') {
        return void response
          .writeHead(204, {
            'access-control-allow-origin': '*',
            'access-control-allow-headers': 'content-type',
          })
          .end();
      }
      if (await pause(response, 90))
        response
          .writeHead(403, { ...html, server: 'cloudflare', 'cf-ray': '8c1f0a2b3c4d5e70-FRA' })
          .end('<title>Attention Required!</title>');
    },
  }),
  scripted({
    id: 'split-letters',
    description:
      'A text stream whose chunks end inside letters, and an event stream whose chunks end inside events.',
    seconds: 6,
    host: 'split.example.net',
    script: `${READ} await chat('events');`,
    handle: async ({ response, vary }) => {
      openStream(response);
      const bytes = Buffer.from(
        Array.from(
          { length: 50 },
          (_, index) => `event: token\ndata: {"index":${index},"text":"水位が上がる"}\n\n`,
        ).join(''),
      );
      for (let at = 0; at < bytes.length; ) {
        const length = Math.ceil(vary.between(25, 90));
        response.write(bytes.subarray(at, at + length));
        at += length;
        if (!(await pause(response, vary.jitter(60, 0.5)))) return;
      }
      response.end();
    },
  }),
  scripted({
    id: 'unstoppable',
    description: 'Two healthy streams that the page cannot stop: no AbortSignal.',
    seconds: 6,
    host: 'nosignal.example.net',
    script: `for (const path of ['chat', 'rows']) {
      const reader = (await fetch(api + path)).body.getReader();
      while (!(await reader.read()).done);
    }`,
    handle: async (exchange) => {
      const { response, path } = exchange;
      openStream(response, path === 'chat' ? SSE_HEADERS : { 'content-type': 'application/x-ndjson' });
      for (let index = 0; index < 30; index++) {
        if (!(await pause(response, 80))) return;
        response.write(path === 'chat' ? token(index) : `${JSON.stringify({ index })}\n`);
      }
      response.end();
    },
  }),
  plain({
    id: 'cacheable-events',
    description: 'An event stream that may be cached for an hour, behind Cloudflare.',
    seconds: 4,
    host: 'cached.example.net',
    steps: ({ url }) => [{ do: 'event-source', url: url('events'), until: { count: 25 } }],
    handle: tokenStream(() => ({ count: 40, gapMs: 90 }), {
      headers: {
        'content-type': 'text/event-stream',
        'cache-control': 'public, max-age=3600',
        server: 'cloudflare',
        'cf-ray': '8c1f0a2b3c4d5e71-FRA',
        'cf-cache-status': 'DYNAMIC',
      },
    }),
  }),
  // Sticky sessions and credentials
  scripted({
    id: 'forgotten-task',
    description:
      'A task that is known for three polls and then never heard of again: its process was restarted.',
    seconds: 4,
    host: 'tasks.example.net',
    script: POLL('', 350),
    handle: forgetfulJobs(),
  }),
  scripted({
    id: 'never-found-task',
    description: 'A task that no poll ever finds.',
    seconds: 4,
    host: 'void.example.net',
    script: POLL('', 350),
    handle: async ({ request, response }) => {
      await readBody(request);
      if (request.method === 'POST') sendJson(response, 202, { task_id: randomUUID(), state: 'queued' });
      else sendJson(response, 404, { detail: 'Not Found' });
    },
  }),
  scripted({
    id: 'three-nodes',
    description: 'Three servers and no affinity: a task is found by every third poll.',
    seconds: 4,
    host: 'three.example.net',
    site: 'nginx',
    script: POLL('', 300),
    backends: () => [taskServer(), taskServer(), taskServer()],
    nginxUpstream: ({ backends }) =>
      `upstream three-nodes { ${backends.map((address) => `server ${address};`).join(' ')} }`,
    nginx: () => 'proxy_pass http://three-nodes;',
  }),
  plain({
    id: 'omitted-route',
    description:
      'A route cookie set by HAProxy, and a page of another origin that never asks for credentials.',
    seconds: 3,
    site: 'haproxy-tls',
    host: 'api.ferry.example.net',
    pageAt: { host: 'www.ferry.example.net' },
    steps: ({ url }) => [
      {
        do: 'job',
        create: { url: url('jobs'), method: 'POST', body: {} },
        pollUrl: url('jobs/{id}'),
        everyMs: 250,
        polls: 7,
      },
    ],
    backends: () => [jobServer(), jobServer()],
    haproxy: stickyHaproxy('', 'route'),
  }),
  plain({
    id: 'lax-route',
    description:
      'Credentials are included, the cookie says nothing of SameSite, and the page is of another site.',
    seconds: 3,
    site: 'haproxy-tls',
    host: 'api.ferry.example.com',
    pageAt: { host: 'www.harbour.example.net' },
    steps: ({ url }) => [
      {
        do: 'job',
        create: { url: url('jobs'), method: 'POST', body: {} },
        pollUrl: url('jobs/{id}'),
        everyMs: 250,
        polls: 7,
        credentials: 'include',
      },
    ],
    backends: () => [jobServer(), jobServer()],
    haproxy: stickyHaproxy('', 'INGRESSCOOKIE'),
  }),
  scripted({
    id: 'credentials-not-allowed',
    description: 'The answer names the origin but does not allow credentials, which the page asked for.',
    seconds: 2,
    host: 'api.bank.example.net',
    pageAt: { host: 'app.bank.example.net' },
    ownCors: true,
    script: `await fetch(api + 'stream', { credentials: 'include' }).catch(() => {}); await fetch(api + 'me', { credentials: 'include' }).catch(() => {});`,
    handle: async (exchange) => {
      exchange.response.setHeader('access-control-allow-origin', exchange.request.headers.origin ?? '*');
      if (exchange.path === 'me') return sendJson(exchange.response, 200, { name: 'River' });
      openStream(exchange.response);
      if (await writeTokens(exchange, { count: 10, gapMs: 60 })) exchange.response.end();
    },
  }),
  scripted({
    id: 'whole-answer',
    description: 'The endpoint streams at first; then it answers the same question with a job to poll.',
    seconds: 6,
    host: 'fallback.example.net',
    script: `${READ} await chat('chat');
      const made = JSON.parse(await chat('chat'));
      for (let poll = 0; poll < 4; poll++) { await wait(400); await (await fetch(api + 'jobs/' + made.job_id)).text(); }`,
    handle: (() => {
      const jobs = new Jobs();
      let asked = 0;
      return async (exchange) => {
        const { request, response, path } = exchange;
        if (path !== 'chat') return jobs.answer(request, response);
        if (asked++ % 2 === 1) return jobs.answer(request, response);
        openStream(response);
        if (await writeTokens(exchange, { count: 30, gapMs: 70 })) response.end();
      };
    })(),
  }),
  // Transports
  scripted({
    id: 'socket-502',
    description: 'A WebSocket whose gateway has no server behind it: 502, four times.',
    seconds: 5,
    host: 'ws.example.net',
    script: `for (let attempt = 0; attempt < 4; attempt++) {
      await new Promise((resolve) => { const socket = new WebSocket(api.replace('http', 'ws') + 'live'); socket.onclose = resolve; });
      await new Promise((resolve) => setTimeout(resolve, 900));
    }`,
    upgrade: refuseUpgrade('502 Bad Gateway', { server: 'nginx/1.24.0' }),
  }),
  scripted({
    id: 'seven-streams',
    description: 'Seven fetch streams over HTTP/1.1: the seventh waits until one of the six is over.',
    seconds: 9,
    host: 'seven.example.net',
    script: `${READ} await Promise.all(Array.from({ length: 7 }, (_, index) => wait(index * 60).then(() => read('stream/' + index))));`,
    handle: tokenStream(() => ({ count: 40, gapMs: 100 })),
  }),
];
