import { createGzip } from 'node:zlib';
import { forward } from '../gateways/forward.ts';
import { openStream, SSE_HEADERS, token, tokenStream, writeTokens } from '../origin/events.ts';
import { type Exchange, pause } from '../origin/exchange.ts';
import { type Spec, scenario } from './spec.ts';

/** Small enough to fit nginx's one buffer of 4 KB: 41 events, some 2.5 KB. */
const shortAnswer = tokenStream(({ vary }) => ({ count: vary.count(41), gapMs: 75 }), {
  headers: { 'cache-control': 'no-cache' },
});

const chat = (url: string) =>
  [{ do: 'fetch', url, method: 'POST', body: { prompt: 'How high is it?' }, read: 'reader' }] as const;

export const BUFFERING: Spec[] = [
  scenario({
    id: 'nginx-default-buffering',
    title: 'nginx, default buffering',
    group: 'Buffering',
    description:
      'The same 41 tokens over three seconds, behind nginx as installed: it speaks HTTP/1.0 to the application and keeps the answer until its buffer is full or the answer ends. The page gets everything at once.',
    expect: [{ id: 'buffered-stream', severity: 'error' }],
    allow: ['missing-stream-headers'],
    seconds: 4,
    site: 'nginx',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: shortAnswer,
    nginx: () => '',
  }),
  scenario({
    id: 'nginx-large-answer',
    title: 'nginx, steps of 4 KB',
    group: 'Buffering',
    description: 'A longer answer through the same nginx: it comes in steps, each one buffer of 4 KB.',
    expect: [{ id: 'batched-stream', severity: 'warning' }],
    allow: ['missing-stream-headers', 'split-event'],
    seconds: 7,
    site: 'nginx',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: tokenStream(({ vary }) => ({ count: vary.count(260), gapMs: 23, padding: 90 }), {
      headers: { 'cache-control': 'no-cache' },
    }),
    nginx: () => '',
  }),
  scenario({
    id: 'nginx-gzip',
    title: 'nginx with gzip',
    group: 'Buffering',
    description:
      'HTTP/1.1 to the application, so nothing would be held; but gzip is on for every type, and the compressor keeps all of it.',
    expect: [
      { id: 'buffered-stream', severity: 'error' },
      { id: 'compressed-stream', severity: 'warning' },
    ],
    allow: ['missing-stream-headers'],
    seconds: 4,
    site: 'nginx',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: shortAnswer,
    nginx: () =>
      'proxy_http_version 1.1; proxy_set_header Connection ""; gzip on; gzip_proxied any; gzip_types *;',
  }),
  scenario({
    id: 'nginx-two-hops',
    title: 'nginx behind nginx',
    group: 'Buffering',
    description:
      'The application says X-Accel-Buffering: no. The inner nginx obeys, and swallows the header; the outer one never hears of it and buffers.',
    expect: [{ id: 'buffered-stream', severity: 'error' }],
    allow: ['missing-stream-headers'],
    seconds: 4,
    site: 'nginx',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: tokenStream(({ vary }) => ({ count: vary.count(41), gapMs: 75 }), {
      headers: { 'x-accel-buffering': 'no' },
    }),
    nginx: ({ innerNginx }) => `proxy_pass http://${innerNginx};`,
    innerNginx: () => '',
  }),
  scenario({
    id: 'timer-flush',
    title: 'A flush every second',
    group: 'Buffering',
    description: 'A gateway that passes on what it has once a second.',
    expect: [{ id: 'batched-stream', severity: 'warning' }],
    seconds: 8,
    site: 'embedded',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: tokenStream(({ vary }) => ({ count: vary.count(90), gapMs: 75 })),
    gateway: (exchange) => {
      const { response } = exchange;
      let held: Buffer[] = [];
      const flush = () => {
        if (held.length > 0) response.write(Buffer.concat(held));
        held = [];
      };
      const timer = setInterval(flush, 1000);
      response.on('close', () => clearInterval(timer));
      forward(exchange, {
        take: (chunk) => void held.push(chunk),
        end: () => {
          flush();
          response.end();
        },
      });
    },
  }),
  scenario({
    id: 'unflushed-compression',
    title: 'Compression without a flush',
    group: 'Buffering',
    description:
      'A compression middleware in the application: the headers and ten bytes of gzip come at once, then nothing until the end.',
    expect: [
      { id: 'buffered-stream', severity: 'error' },
      { id: 'compressed-stream', severity: 'warning' },
    ],
    allow: ['missing-stream-headers'],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: async (exchange) => {
      const { response, vary } = exchange;
      openStream(response, {
        'content-type': 'text/event-stream',
        'cache-control': 'no-cache',
        'content-encoding': 'gzip',
        vary: 'Accept-Encoding',
        'x-powered-by': 'Express',
      });
      const gzip = createGzip();
      gzip.pipe(response);
      if (await writeTokens(exchange, { count: vary.count(41), gapMs: 75 }, gzip)) gzip.end();
      else gzip.destroy();
    },
  }),
  scenario({
    id: 'drained-middleware',
    title: 'A middleware that reads it all',
    group: 'Buffering',
    description:
      'A metrics middleware joins the body to measure it, so the stream leaves in one piece, with a Content-Length.',
    expect: [{ id: 'buffered-stream', severity: 'error' }],
    allow: ['missing-stream-headers'],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: async (exchange: Exchange) => {
      const { response, vary } = exchange;
      const parts: string[] = [];
      const count = vary.count(41);
      for (let index = 0; index < count; index++) {
        if (!(await pause(response, vary.jitter(75, 0.3)))) return;
        parts.push(token(index));
      }
      const body = parts.join('');
      response.writeHead(200, {
        ...SSE_HEADERS,
        'content-length': Buffer.byteLength(body),
        server: 'uvicorn',
      });
      response.end(body);
    },
  }),
  scenario({
    id: 'slow-first-byte',
    title: 'First byte after eight seconds',
    group: 'Buffering',
    description:
      'The application thinks for eight seconds before it says anything, headers included; then it streams.',
    expect: [{ id: 'slow-first-byte', severity: 'warning' }],
    seconds: 12,
    site: 'embedded',
    steps: ({ url }) => [...chat(url('chat'))],
    handle: async (exchange) => {
      const { response, vary } = exchange;
      if (!(await pause(response, vary.count(8000, 0.2)))) return;
      openStream(response);
      if (await writeTokens(exchange, { count: vary.count(41), gapMs: 75 })) response.end();
    },
  }),
];
