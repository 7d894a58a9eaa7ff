import { createGzip, constants as zlib } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { openStream, SSE_HEADERS, token, tokenStream, writeTokens } from '../origin/events.ts';
import { pause, sendJson } from '../origin/exchange.ts';
import { type Spec, scenario } from './spec.ts';

const chatServer = new WebSocketServer({ noServer: true });

export const HEALTHY: Spec[] = [
  scenario({
    id: 'steady-tokens',
    title: 'Steady tokens',
    group: 'Healthy',
    description: 'A chat answer, token by token, read by fetch as it comes. 41 events over three seconds.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'fetch', url: url('chat'), method: 'POST', body: { prompt: 'How high is it?' }, read: 'reader' },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(41), gapMs: 75 })),
  }),
  scenario({
    id: 'steady-event-source',
    title: 'Steady EventSource',
    group: 'Healthy',
    description: 'An EventSource that the page closes when the server says it is done.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'event-source', url: url('events'), events: ['done'], until: { event: 'done' } },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(30), gapMs: 100 }), {
      end: 'event: done\ndata: {}\n\n',
    }),
  }),
  scenario({
    id: 'irregular-bursts',
    title: 'Irregular bursts',
    group: 'Healthy',
    description:
      'A model that emits in fits and starts: uneven handfuls of tokens at uneven times. The handfuls are its own, no buffer made them.',
    expect: [],
    seconds: 6,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: async (exchange) => {
      const { response, vary } = exchange;
      openStream(response);
      let sent = 0;
      for (let burst = 0; burst < vary.count(14); burst++) {
        if (!(await pause(response, vary.between(60, 700)))) return;
        const size = Math.ceil(vary.between(0, 3) ** 2);
        for (let index = 0; index < size; index++) {
          response.write(token(sent++));
          if (!(await pause(response, vary.between(0, 6)))) return;
        }
      }
      response.end();
    },
  }),
  scenario({
    id: 'short-answer',
    title: 'Short answer',
    group: 'Healthy',
    description: 'Three events after 1.4 s of thought: too little to call it held back.',
    expect: [],
    seconds: 2,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: async (exchange) => {
      const { response } = exchange;
      if (!(await pause(response, 1400))) return;
      openStream(response);
      if (await writeTokens(exchange, { count: 3, gapMs: 15 })) response.end();
    },
  }),
  scenario({
    id: 'slow-json',
    title: 'Slow JSON calls',
    group: 'Healthy',
    description:
      'Two ordinary calls that take 1.8 s and 4 s. They are slow, but nobody asked them to stream.',
    expect: [],
    seconds: 6,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'fetch', url: `${url('report')}?ms=1800`, read: 'json' },
      { do: 'fetch', url: `${url('report')}?ms=4000`, read: 'json' },
    ],
    handle: async ({ response, query }) => {
      if (!(await pause(response, Number(query.get('ms'))))) return;
      const rows = Array.from({ length: 60 }, (_, day) => ({ day, level: 240 + day, data: `gauge ${day}` }));
      sendJson(response, 200, { rows });
    },
  }),
  scenario({
    id: 'download',
    title: 'Download with progress',
    group: 'Healthy',
    description: 'A file of 5 MB that the page reads by chunk to draw a progress bar.',
    expect: [],
    seconds: 3,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('levels.bin'), read: 'reader' }],
    handle: async ({ response, vary }) => {
      const blockLength = 65_536;
      const blocks = vary.count(80);
      response.writeHead(200, {
        'content-type': 'application/octet-stream',
        'content-length': blocks * blockLength,
        'content-disposition': 'attachment; filename="levels.bin"',
      });
      const block = Buffer.alloc(blockLength, 7);
      for (let index = 0; index < blocks; index++) {
        response.write(block);
        if (!(await pause(response, vary.between(5, 45)))) return;
      }
      response.end();
    },
  }),
  scenario({
    id: 'flushing-gzip',
    title: 'gzip that flushes',
    group: 'Healthy',
    description: 'Compressed, and flushed after every event: it flows. Worth knowing, no fault.',
    expect: [{ id: 'compressed-stream', severity: 'info' }],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: async (exchange) => {
      const { response, vary } = exchange;
      openStream(response, { ...SSE_HEADERS, 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
      const gzip = createGzip({ flush: zlib.Z_SYNC_FLUSH });
      gzip.pipe(response);
      if (await writeTokens(exchange, { count: vary.count(36), gapMs: 80 }, gzip)) gzip.end();
      else gzip.destroy();
    },
  }),
  scenario({
    id: 'http2-stream',
    title: 'Stream over HTTP/2',
    group: 'Healthy',
    description: 'The same chat over TLS and HTTP/2.',
    expect: [],
    seconds: 4,
    site: 'embedded-h2',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(41), gapMs: 75 })),
  }),
  scenario({
    id: 'ndjson',
    title: 'NDJSON',
    group: 'Healthy',
    description: 'One JSON object a line, decoded by TextDecoderStream.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('rows'), read: 'lines' }],
    handle: async ({ response, vary }) => {
      openStream(response, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
      for (let index = 0; index < vary.count(36); index++) {
        if (!(await pause(response, vary.jitter(80, 0.5)))) return;
        response.write(`${JSON.stringify({ at: Date.now(), row: index, level: 240 + index })}\n`);
      }
      response.end();
    },
  }),
  scenario({
    id: 'web-socket-chat',
    title: 'WebSocket chat',
    group: 'Healthy',
    description: 'Twenty questions, twenty answers, a clean close.',
    expect: [],
    seconds: 3,
    site: 'embedded',
    steps: ({ url, vary }) => [
      {
        do: 'web-socket',
        url: url('chat', { scheme: 'ws' }),
        say: Array.from({ length: vary.count(20) }, (_, index) => `message ${index}`),
        everyMs: 110,
      },
    ],
    upgrade: (request, socket, head) => {
      chatServer.handleUpgrade(request, socket, head, (peer) => {
        peer.on('message', (data, isBinary) => {
          if (!isBinary) peer.send(JSON.stringify({ at: Date.now(), echo: String(data) }));
        });
      });
    },
  }),
  scenario({
    id: 'xhr-stream',
    title: 'Streaming XHR',
    group: 'Healthy',
    description: 'An event stream read through XMLHttpRequest, as older libraries do.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'xhr', url: url('events') }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(36), gapMs: 80 })),
  }),
  scenario({
    id: 'notifications',
    title: 'Notification channel',
    group: 'Healthy',
    description: 'Long silences with a heartbeat comment in each: an idle channel, not a stalled one.',
    expect: [],
    seconds: 9,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'event-source', url: url('events'), until: { count: 3 } }],
    handle: async ({ response, vary }) => {
      openStream(response);
      for (let beat = 1; ; beat++) {
        if (!(await pause(response, vary.jitter(900, 0.2)))) return;
        const isNews = beat % 3 === 0;
        response.write(isNews ? `data: {"news":${beat / 3}}\n\n` : ': heartbeat\n\n');
        if (beat === 12) return void response.end();
      }
    },
  }),
  scenario({
    id: 'text-stream',
    title: 'Plain text stream',
    group: 'Healthy',
    description: 'Text without any framing, shown as it comes.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    steps: ({ url }) => [{ do: 'fetch', url: url('story'), read: 'iterate' }],
    handle: async ({ response, vary }) => {
      openStream(response, {
        'content-type': 'text/plain; charset=utf-8',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
      });
      for (let index = 0; index < vary.count(40); index++) {
        if (!(await pause(response, vary.jitter(75, 0.5)))) return;
        response.write('drip drop – '.slice(0, 3 + (index % 9)));
      }
      response.end();
    },
  }),
  scenario({
    id: 'stop-button',
    title: 'The stop button',
    group: 'Healthy',
    description: 'The reader has seen enough after ten events and aborts. That is no failure.',
    expect: [],
    seconds: 2,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader', stopAfterEvents: 10 },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(200), gapMs: 80 })),
  }),
  scenario({
    id: 'end-marker',
    title: 'Streams with their end marker',
    group: 'Healthy',
    description: 'Two completions, each closed by [DONE].',
    expect: [],
    seconds: 5,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'fetch', url: url('v1/completions'), method: 'POST', body: {}, read: 'reader' },
      { do: 'fetch', url: url('v1/completions'), method: 'POST', body: {}, read: 'reader' },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(28), gapMs: 75 }), { end: 'data: [DONE]\n\n' }),
  }),
];
