import { randomBytes } from 'node:crypto';
import { createBrotliCompress, createGzip, gzipSync, constants as zlib } from 'node:zlib';
import { WebSocketServer } from 'ws';
import { openStream, SSE_HEADERS, tokenStream, writeTokens } from '../../lab/origin/events.ts';
import { type Exchange, type Handler, pause, readBody, sendJson } from '../../lab/origin/exchange.ts';
import { Jobs, jobServer } from '../../lab/origin/jobs.ts';
import type { Spec } from '../../lab/scenarios/spec.ts';
import { plain, scripted } from './scripted.ts';
import { stickyHaproxy } from './sticky.ts';

const WORDS = 'Water levels at the upper gauge rose by four centimetres over night and keep rising'.split(
  ' ',
);

/** One chunk as OpenAI-like services send it: every chunk of an answer carries the same `created`. */
export const completionChunk = (created: number, content: string | null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-B7q2',
    object: 'chat.completion.chunk',
    created,
    model: 'small-1',
    choices: [
      {
        index: 0,
        delta: content === null ? {} : { content },
        finish_reason: content === null ? 'stop' : null,
      },
    ],
  })}\n\n`;

/** A whole OpenAI-like answer with its end marker. */
export const completion =
  (
    count: number,
    gap: (exchange: Exchange, index: number) => number,
    headers: Record<string, string> = {},
  ): Handler =>
  async (exchange) => {
    const { response, vary } = exchange;
    const created = Math.floor(Date.now() / 1000);
    openStream(response, { ...SSE_HEADERS, ...headers });
    for (let index = 0; index < vary.count(count); index++) {
      if (!(await pause(response, gap(exchange, index)))) return;
      response.write(completionChunk(created, ` ${WORDS[index % WORDS.length]}`));
    }
    response.write(completionChunk(created, null));
    response.end('data: [DONE]\n\n');
  };

/** Reads a body to its end, event by event, as chat pages do. */
export const READ = `
  const read = async (path, init = {}) => {
    const response = await fetch(api + path, { signal: new AbortController().signal, ...init });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = '';
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text;
      text += value;
    }
  };
  const chat = (path, body = {}) =>
    read(path, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' }, body: JSON.stringify(body) });
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
`;

const socketServer = new WebSocketServer({ noServer: true });
type Peer = import('ws').WebSocket;
const sockets = (talk: (peer: Peer, number: number) => void): NonNullable<Spec['upgrade']> => {
  let number = 0;
  return (request, socket, head) =>
    socketServer.handleUpgrade(request, socket, head, (peer) => talk(peer, number++));
};

/** A one-pixel picture. */
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

export const HEALTHY: Spec[] = [
  scripted({
    id: 'completions-fast',
    description: 'Three answers of an OpenAI-like service, a token every 12 ms, each ended by [DONE].',
    seconds: 9,
    host: 'api.wordmill.example.net',
    pageAt: { host: 'chat.wordmill.example.net' },
    script: `${READ} for (let turn = 0; turn < 3; turn++) { await chat('v1/chat/completions', { stream: true, turn }); await wait(300); }`,
    handle: completion(160, ({ vary }) => vary.jitter(12, 0.9)),
  }),
  scripted({
    id: 'messages-slow',
    description:
      'An Anthropic-like answer: named events, a ping, a token every 240 ms, message_stop at the end.',
    seconds: 12,
    host: 'llm.example.net',
    script: `${READ} await chat('v1/messages', { stream: true });`,
    handle: async (exchange) => {
      const { response, vary } = exchange;
      const send = (type: string, rest: object = {}) =>
        response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
      if (!(await pause(response, 900))) return;
      openStream(response);
      send('message_start', { message: { id: 'msg_01', role: 'assistant', content: [] } });
      send('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
      send('ping');
      for (let index = 0; index < vary.count(36); index++) {
        if (!(await pause(response, vary.jitter(240, 0.7)))) return;
        send('content_block_delta', {
          index: 0,
          delta: { type: 'text_delta', text: ` ${WORDS[index % WORDS.length]}` },
        });
      }
      send('content_block_stop', { index: 0 });
      send('message_delta', { delta: { stop_reason: 'end_turn' } });
      send('message_stop');
      response.end();
    },
  }),
  scripted({
    id: 'thinking-model',
    description:
      'A model that thinks for nine seconds with comments meanwhile, then answers in uneven handfuls.',
    seconds: 16,
    host: 'router.example.net',
    script: `${READ} await chat('api/v1/chat/completions');`,
    handle: async (exchange) => {
      const { response, vary } = exchange;
      openStream(response);
      for (let beat = 0; beat < 6; beat++) {
        response.write(': PROCESSING\n\n');
        if (!(await pause(response, 1500))) return;
      }
      const created = Math.floor(Date.now() / 1000);
      for (let burst = 0; burst < 15; burst++) {
        if (!(await pause(response, vary.between(40, 900)))) return;
        for (let one = 0; one < Math.ceil(vary.between(0, 7)); one++)
          response.write(completionChunk(created, ' water'));
      }
      response.end('data: [DONE]\n\n');
    },
  }),
  scripted({
    id: 'cached-answer',
    description:
      'An answer from a cache: eighty events at once, 40 ms after they were asked for. Nothing was held.',
    seconds: 1,
    host: 'fast.example.net',
    script: `${READ} await chat('v1/completions'); await chat('v1/completions');`,
    handle: async ({ response }) => {
      if (!(await pause(response, 40))) return;
      openStream(response);
      response.end(
        `${Array.from({ length: 80 }, (_, index) => completionChunk(1_790_000_000, ` ${index}`)).join('')}data: [DONE]\n\n`,
      );
    },
  }),
  scripted({
    id: 'tool-call',
    description: 'Tokens, eight silent seconds in which the model calls a tool, tokens again.',
    seconds: 13,
    host: 'agent.example.net',
    script: `${READ} await chat('threads/runs');`,
    handle: async (exchange) => {
      const { response } = exchange;
      openStream(response);
      if (!(await writeTokens(exchange, { count: 20, gapMs: 60 }))) return;
      if (!(await pause(response, 8000))) return;
      if (await writeTokens(exchange, { count: 40, gapMs: 60 })) response.end();
    },
  }),
  scripted({
    id: 'quiet-notifications',
    description:
      'A notification channel open for 75 s: a heartbeat every 15 s, two pieces of news, closed by the page.',
    seconds: 76,
    host: 'notify.example.net',
    script: `await new Promise((resolve) => {
      const source = new EventSource(api + 'notifications');
      source.addEventListener('news', () => {});
      setTimeout(() => { source.close(); resolve(); }, 75000);
    });`,
    handle: async ({ response }) => {
      openStream(response);
      response.write('retry: 5000\n\n');
      for (let beat = 1; ; beat++) {
        if (!(await pause(response, 14_800))) return;
        response.write(beat % 2 === 0 ? `event: news\nid: ${beat}\ndata: {"unread":${beat}}\n\n` : ':\n\n');
      }
    },
  }),
  scripted({
    id: 'heartbeat-events',
    description: 'An EventSource whose heartbeats are events of their own; nothing else happens for 40 s.',
    seconds: 42,
    host: 'alerts.example.net',
    script: `await new Promise((resolve) => {
      const source = new EventSource(api + 'alerts');
      source.addEventListener('heartbeat', () => {});
      setTimeout(() => { source.close(); resolve(); }, 41000);
    });`,
    handle: async ({ response }) => {
      openStream(response);
      for (;;) {
        response.write('event: heartbeat\ndata: {}\n\n');
        if (!(await pause(response, 10_000))) return;
      }
    },
  }),
  scripted({
    id: 'dashboard',
    description: 'Readings of six gauges pushed together, once a second, to an EventSource.',
    seconds: 13,
    host: 'dash.example.net',
    script: `await new Promise((resolve) => {
      const source = new EventSource(api + 'readings');
      setTimeout(() => { source.close(); resolve(); }, 12500);
    });`,
    handle: async ({ response, vary }) => {
      openStream(response);
      for (;;) {
        const at = Date.now();
        response.write(
          Array.from(
            { length: 6 },
            (_, gauge) =>
              `data: ${JSON.stringify({ gauge, at, level: 240 + Math.round(vary.between(0, 9)) })}\n\n`,
          ).join(''),
        );
        if (!(await pause(response, 1000))) return;
      }
    },
  }),
  scripted({
    id: 'long-polling',
    description: 'Long polling by choice: each call waits for news, up to 25 s, and answers 200 or 204.',
    seconds: 52,
    host: 'poll.example.net',
    script: `for (let since = 0; since < 6; since++) {
      const response = await fetch(api + 'updates?since=' + since, { signal: AbortSignal.timeout(40000) });
      if (response.status === 200) await response.json();
    }`,
    handle: async ({ response, query }) => {
      const waits = [4000, 25_000, 900, 11_000, 6000, 3000];
      const since = Number(query.get('since'));
      if (!(await pause(response, waits[since] ?? 1000))) return;
      if (since === 1) response.writeHead(204).end();
      else sendJson(response, 200, { since, updates: [{ at: Date.now(), text: 'news' }] });
    },
  }),
  scripted({
    id: 'chat-socket',
    description: 'A chat over WebSocket with messages both ways at uneven times and pings of its own.',
    seconds: 22,
    host: 'rooms.example.net',
    script: `await new Promise((resolve) => {
      const socket = new WebSocket(api.replace('http', 'ws') + 'room/7', ['room.v2']);
      socket.onopen = () => { let n = 0; const timer = setInterval(() => { n++; socket.readyState === 1 && socket.send(JSON.stringify(n % 5 ? { say: 'line ' + n } : { type: 'ping' })); }, 1300);
        setTimeout(() => { clearInterval(timer); socket.close(1000); }, 21000); };
      socket.onclose = resolve;
    });`,
    upgrade: sockets((peer) => {
      peer.on('message', (data) => {
        const message = JSON.parse(String(data)) as { type?: string };
        setTimeout(
          () =>
            peer.send(
              JSON.stringify(message.type === 'ping' ? { type: 'pong' } : { at: Date.now(), ...message }),
            ),
          60,
        );
      });
    }),
  }),
  scripted({
    id: 'quiet-socket',
    description: 'A WebSocket with nothing to say for 50 s but a ping every 20; the server leaves with 1000.',
    seconds: 52,
    host: 'presence.example.net',
    script: `await new Promise((resolve) => {
      const socket = new WebSocket(api.replace('http', 'ws') + 'presence');
      socket.onmessage = ({ data }) => data === 'ping' && socket.send('pong');
      socket.onclose = resolve;
    });`,
    upgrade: sockets((peer) => {
      peer.send('{"online":3}');
      const beat = setInterval(() => peer.send('ping'), 20_000);
      const end = setTimeout(() => peer.close(1000, 'idle'), 50_000);
      peer.on('close', () => {
        clearInterval(beat);
        clearTimeout(end);
      });
    }),
  }),
  scripted({
    id: 'socket-after-deploy',
    description: 'The server restarts with 1012, the page connects again after a second and stays.',
    seconds: 9,
    host: 'live.example.net',
    script: `for (let life = 0; life < 2; life++) {
      await new Promise((resolve) => {
        const socket = new WebSocket(api.replace('http', 'ws') + 'live');
        socket.binaryType = 'arraybuffer';
        socket.onclose = resolve;
      });
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }`,
    upgrade: sockets((peer, number) => {
      const beat = setInterval(() => peer.send(randomBytes(48)), 250);
      setTimeout(() => peer.close(number % 2 === 0 ? 1012 : 1000), number % 2 === 0 ? 2500 : 4500);
      peer.on('close', () => clearInterval(beat));
    }),
  }),
  scripted({
    id: 'reconnect-after-deploy',
    description:
      'An EventSource whose server restarts once and is there again two seconds later, with Last-Event-ID.',
    seconds: 13,
    host: 'feed.example.net',
    script: `await new Promise((resolve) => {
      const source = new EventSource(api + 'feed');
      setTimeout(() => { source.close(); resolve(); }, 12000);
    });`,
    handle: async (exchange) => {
      const { request, response, vary } = exchange;
      const before = Number(request.headers['last-event-id'] ?? 0);
      openStream(response);
      response.write('retry: 2000\n\n');
      for (let index = before + 1; ; index++) {
        if (!(await pause(response, vary.jitter(400, 0.5)))) return;
        response.write(`id: ${index}\ndata: {"at":${Date.now()},"index":${index}}\n\n`);
        if (before === 0 && index === 9) return void response.end();
      }
    },
  }),
  scripted({
    id: 'told-to-stop',
    description: 'An EventSource that is told by 204 that there is nothing more to come.',
    seconds: 5,
    host: 'progress.example.net',
    script: `await new Promise((resolve) => {
      const source = new EventSource(api + 'progress');
      source.onerror = () => source.readyState === 2 && resolve();
    });`,
    handle: async (exchange) => {
      const { request, response } = exchange;
      if (request.headers['last-event-id'] === '10') return void response.writeHead(204).end();
      openStream(response);
      response.write('retry: 800\n\n');
      for (let index = 1; index <= 10; index++) {
        if (!(await pause(response, 180))) return;
        response.write(`id: ${index}\nevent: progress\ndata: ${index * 10}\n\n`);
      }
      response.end();
    },
  }),
  scripted({
    id: 'video-segments',
    description:
      'A player that fetches segments by range, some larger, some quick, and a playlist now and then.',
    seconds: 9,
    host: 'cdn.example.net',
    pageAt: { host: 'watch.example.net' },
    script: `for (let segment = 0; segment < 10; segment++) {
      const start = segment * 60000;
      const response = await fetch(api + 'film.mp4', { headers: { range: 'bytes=' + start + '-' + (start + 59999) } });
      await response.arrayBuffer();
      if (segment % 3 === 0) await (await fetch(api + 'live.m3u8')).text();
      await new Promise((resolve) => setTimeout(resolve, 350));
    }`,
    ownCors: true,
    handle: async ({ request, response, path, vary }) => {
      const cors = {
        'access-control-allow-origin': '*',
        'access-control-allow-headers': 'range',
        'access-control-expose-headers': 'content-range',
      };
      if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
      if (path === 'live.m3u8') {
        response.writeHead(200, { ...cors, 'content-type': 'application/vnd.apple.mpegurl' });
        return void response.end('#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nsegment1.ts\n');
      }
      const [, from = '0', to = '0'] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
      const length = Number(to) - Number(from) + 1;
      response.writeHead(206, {
        ...cors,
        'content-type': 'video/mp4',
        'content-length': length,
        'content-range': `bytes ${from}-${to}/9000000`,
        'accept-ranges': 'bytes',
      });
      for (let sent = 0; sent < length; sent += 15_000) {
        response.write(Buffer.alloc(Math.min(15_000, length - sent), sent % 251));
        if (!(await pause(response, vary.between(5, 130)))) return;
      }
      response.end();
    },
  }),
  scripted({
    id: 'slow-start',
    description:
      'A cold start: the page, a JSON call and an export take four to six seconds each, and stream nothing.',
    seconds: 14,
    host: 'cold.example.net',
    script: `await (await fetch(api + 'session')).json();
      await (await fetch(api + 'export.csv')).blob();
      await fetch(api + 'save', { method: 'POST', body: 'x'.repeat(300000) });`,
    handle: async ({ request, response, path }) => {
      await readBody(request);
      if (!(await pause(response, path === 'session' ? 6000 : 4200))) return;
      if (path === 'session') return sendJson(response, 200, { user: 'river' });
      if (path === 'save') return sendJson(response, 201, { id: 7 }, { location: '/reports/7' });
      response.writeHead(200, {
        'content-type': 'text/csv',
        'content-disposition': 'attachment; filename="export.csv"',
      });
      response.end(Array.from({ length: 900 }, (_, row) => `${row};${240 + (row % 17)}\n`).join(''));
    },
  }),
  scripted({
    id: 'brotli-that-flushes',
    description: 'Brotli over HTTP/2, flushed after each event: it flows.',
    seconds: 5,
    host: 'br.example.net',
    site: 'embedded-h2',
    script: `${READ} await chat('chat');`,
    handle: async (exchange) => {
      const { response } = exchange;
      openStream(response, { ...SSE_HEADERS, 'content-encoding': 'br', vary: 'Accept-Encoding' });
      const brotli = createBrotliCompress({ flush: zlib.BROTLI_OPERATION_FLUSH });
      brotli.pipe(response);
      if (await writeTokens(exchange, { count: 50, gapMs: 75 }, brotli)) brotli.end();
      else brotli.destroy();
    },
  }),
  plain({
    id: 'nginx-unbuffered',
    description: 'nginx as it should be: HTTP/1.1 to the application, proxy_buffering off.',
    seconds: 6,
    host: 'good.example.net',
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
      { do: 'event-source', url: url('events'), events: ['done'], until: { event: 'done' } },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(50), gapMs: 45 }), {
      end: 'event: done\ndata: {}\n\n',
    }),
    nginx: () => 'proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;',
  }),
  plain({
    id: 'nginx-h2-chunked',
    description:
      'nginx with buffering on, but chunked HTTP/1.1 from the application: it passes each chunk on.',
    seconds: 5,
    host: 'h2.example.net',
    site: 'nginx-h2',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(90), gapMs: 45, padding: 70 })),
    nginx: () => 'proxy_http_version 1.1; proxy_set_header Connection "";',
  }),
  plain({
    id: 'haproxy-stream',
    description: 'The same chat through HAProxy, by fetch, by XHR and by EventSource.',
    seconds: 9,
    host: 'ha.example.net',
    site: 'haproxy',
    steps: ({ url }) => [
      { do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' },
      { do: 'xhr', url: url('events') },
      { do: 'event-source', url: url('events'), until: { count: 30 } },
    ],
    handle: tokenStream(({ vary }) => ({ count: vary.count(40), gapMs: 60 })),
    haproxy: ({ origin }) => `server app ${origin}`,
  }),
  plain({
    id: 'haproxy-h2-stream',
    description: 'The same over TLS and HTTP/2.',
    seconds: 4,
    host: 'hah2.example.net',
    site: 'haproxy-tls',
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), method: 'POST', body: {}, read: 'reader' }],
    handle: tokenStream(({ vary }) => ({ count: vary.count(60), gapMs: 45 })),
    haproxy: ({ origin }) => `server app ${origin}`,
  }),
  plain({
    id: 'finished-job',
    description: 'A job polled until it is done.',
    seconds: 3,
    host: 'jobs.example.net',
    steps: ({ url }) => [
      {
        do: 'job',
        create: { url: url('jobs'), method: 'POST', body: {} },
        pollUrl: url('jobs/{id}'),
        everyMs: 400,
        polls: 9,
        untilDone: true,
      },
    ],
    handle: (() => {
      const jobs = new Jobs();
      return ({ request, response }: Exchange) => jobs.answer(request, response);
    })(),
  }),
  scripted({
    id: 'discarded-job',
    description: 'An upload that the person discards: deleted by the page, and gone when looked at again.',
    seconds: 2,
    host: 'files.example.net',
    script: `const made = await (await fetch(api + 'uploads', { method: 'POST', body: 'abc' })).json();
      const one = api + 'uploads/' + made.id;
      await (await fetch(one)).json();
      await fetch(one, { method: 'DELETE' });
      await fetch(one);`,
    handle: (() => {
      const known = new Set<string>();
      return async ({ request, response, path }: Exchange) => {
        await readBody(request);
        const id = path.split('/')[1] ?? '';
        if (request.method === 'POST') {
          known.add('u-5150');
          return sendJson(response, 201, { id: 'u-5150', status: 'stored' }, { location: '/uploads/u-5150' });
        }
        if (request.method === 'DELETE') {
          known.delete(id);
          return void response.writeHead(204).end();
        }
        sendJson(
          response,
          known.has(id) ? 200 : 404,
          known.has(id) ? { id, status: 'stored' } : { error: 'not found' },
        );
      };
    })(),
  }),
  scripted({
    id: 'pull-progress',
    description:
      'NDJSON progress of a download, as container and model registries send it, ended by success.',
    seconds: 6,
    host: 'models.example.net',
    script: `${READ} await read('api/pull', { method: 'POST', body: '{"name":"small"}' }); await read('api/chat', { method: 'POST', body: '{}' });`,
    handle: async ({ response, path, vary }) => {
      openStream(response, { 'content-type': 'application/x-ndjson' });
      const line = (value: object) => response.write(`${JSON.stringify(value)}\n`);
      for (let index = 0; index < 45; index++) {
        if (!(await pause(response, vary.jitter(60, 0.8)))) return;
        if (path === 'api/pull') line({ status: 'pulling 8934d96d3f08', total: 45, completed: index });
        else
          line({
            model: 'small',
            created_at: new Date().toISOString(),
            message: { role: 'assistant', content: ' a' },
            done: false,
          });
      }
      line(path === 'api/pull' ? { status: 'success' } : { model: 'small', done: true, done_reason: 'stop' });
      response.end();
    },
  }),
  scripted({
    id: 'short-answers',
    description: 'Seven very short answers, some after a second and a half of thought.',
    seconds: 8,
    host: 'brief.example.net',
    script: `${READ} for (let turn = 0; turn < 7; turn++) await chat('ask', { turn });`,
    handle: async (exchange) => {
      const { response, vary } = exchange;
      if (!(await pause(response, vary.between(200, 1700)))) return;
      openStream(response);
      if (await writeTokens(exchange, { count: 3, gapMs: 4 })) response.end('data: [DONE]\n\n');
    },
  }),
  scripted({
    id: 'user-stops',
    description:
      'Stopped by the person three times: before the answer, early in it and late; once the page leaves a stream unread.',
    seconds: 6,
    host: 'stop.example.net',
    script: `for (const ms of [60, 700, 2500]) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(), ms);
      try {
        const response = await fetch(api + 'chat', { method: 'POST', body: '{}', signal: controller.signal });
        for await (const part of response.body);
      } catch {}
    }
    const controller = new AbortController();
    const response = await fetch(api + 'chat', { signal: controller.signal });
    const reader = response.body.getReader();
    await reader.read();
    await reader.cancel();`,
    handle: async (exchange) => {
      if (!(await pause(exchange.response, 250))) return;
      openStream(exchange.response);
      await writeTokens(exchange, { count: 400, gapMs: 50 });
    },
  }),
  scripted({
    id: 'infinite-scroll',
    description:
      'Thirty pages of a list, asked for as the person scrolls; one of them slow, one failing with 500 and asked again.',
    seconds: 7,
    host: 'shop.example.net',
    script: `for (let page = 0; page < 30; page++) {
      const response = await fetch(api + 'items?offset=' + page * 20 + '&limit=20', { headers: { accept: 'application/json' } });
      await response.text();
      if (response.status === 500) await (await fetch(api + 'items?offset=' + page * 20 + '&limit=20&again=1')).text();
      await new Promise((resolve) => setTimeout(resolve, 60));
    }`,
    handle: async ({ response, query, vary }) => {
      const offset = Number(query.get('offset'));
      if (!(await pause(response, offset === 240 ? 2800 : vary.between(15, 120)))) return;
      if (offset === 400 && !query.has('again')) return sendJson(response, 500, { error: 'try again' });
      const items = Array.from({ length: 20 }, (_, index) => ({
        id: offset + index,
        name: `item ${offset + index}`,
        data: 'x'.repeat(30),
      }));
      sendJson(response, 200, { items, next: offset + 20 });
    },
  }),
  scripted({
    id: 'ordinary-site',
    description:
      'An ordinary page: styles, scripts, pictures, a redirect, a 404, a reload answered with 304, a beacon.',
    seconds: 4,
    host: 'www.example.net',
    script: `const frame = async () => {
        const frame = document.createElement('iframe');
        frame.src = api + 'index.html';
        const loaded = new Promise((resolve) => { frame.onload = resolve; });
        document.body.append(frame);
        await loaded;
        return frame;
      };
      (await frame()).remove();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await frame();
      await (await fetch(api + 'old')).text();
      navigator.sendBeacon(api + 'beacon', 'seen');
      await new Promise((resolve) => setTimeout(resolve, 500));`,
    handle: async ({ request, response, path, vary }) => {
      if (!(await pause(response, vary.between(10, 150)))) return;
      const etag = `"${path}-1"`;
      if (path === 'old') return void response.writeHead(302, { location: 'new' }).end();
      if (path === 'moved.png') return void response.writeHead(301, { location: 'p1.png' }).end();
      if (path === 'missing.png')
        return void response.writeHead(404, { 'content-type': 'text/html' }).end('<h1>Not here</h1>');
      if (path === 'beacon') return void response.writeHead(204).end();
      if (request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
      const send = (type: string, body: string | Buffer) => {
        response.writeHead(200, { 'content-type': type, etag, 'cache-control': 'no-cache' });
        response.end(body);
      };
      if (path === 'index.html') {
        const pictures = Array.from({ length: 14 }, (_, index) => `<img src="p${index}.png" alt="">`).join(
          '',
        );
        return send(
          'text/html',
          `<!doctype html><link rel="stylesheet" href="site.css"><script src="site.js"></script><img src="moved.png" alt=""><img src="missing.png" alt="">${pictures}`,
        );
      }
      if (path === 'site.css') return send('text/css', 'body { color: navy }');
      if (path === 'site.js')
        return send('text/javascript', 'window.seen = fetch("data.json").then((one) => one.json())');
      if (path.endsWith('.png')) return send('image/png', PIXEL);
      if (path === 'data.json') {
        response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' });
        return void response.end(gzipSync(JSON.stringify({ rows: WORDS })));
      }
      send('text/html', '<h1>New</h1>');
    },
  }),
  scripted({
    id: 'cors-preflights',
    description:
      'Cross-origin calls with preflights and credentials, a session cookie set and sent, all as it should be.',
    seconds: 3,
    host: 'api.ledger.example.net',
    pageAt: { host: 'app.ledger.example.net', site: 'embedded-h2' },
    site: 'embedded-h2',
    ownCors: true,
    script: `${READ}
      const call = (path, method) => fetch(api + path, { method, credentials: 'include', headers: { 'content-type': 'application/json', 'x-client': '3' }, body: method === 'GET' ? undefined : '{}' });
      await (await call('session', 'POST')).json();
      for (let index = 0; index < 4; index++) await (await call('entries/' + index, index % 2 ? 'PUT' : 'GET')).text();
      await read('stream', { credentials: 'include' });`,
    handle: async (exchange) => {
      const { request, response, path } = exchange;
      response.setHeader(
        'access-control-allow-origin',
        request.headers.origin ?? 'https://app.ledger.example.net',
      );
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('vary', 'Origin');
      if (request.method === 'OPTIONS') {
        response.setHeader('access-control-allow-methods', 'GET, POST, PUT');
        response.setHeader('access-control-allow-headers', 'content-type, x-client');
        response.setHeader('access-control-max-age', '5');
        return void response.writeHead(204).end();
      }
      if (path === 'session')
        return sendJson(
          response,
          200,
          { user: 7 },
          { 'set-cookie': 'session=4f1d; Path=/; Secure; HttpOnly; SameSite=Lax' },
        );
      if (path !== 'stream') return sendJson(response, 200, { path, known: Boolean(request.headers.cookie) });
      openStream(response);
      if (await writeTokens(exchange, { count: 20, gapMs: 50 })) response.end();
    },
  }),
  plain({
    id: 'sticky-include',
    description:
      'Two servers behind HAProxy, a cookie with SameSite=None and Secure, credentials included across sites.',
    seconds: 3,
    site: 'haproxy-tls',
    host: 'api.tide.example.net',
    pageAt: { host: 'www.tide.example.net' },
    steps: ({ url }) => [
      {
        do: 'job',
        create: { url: url('jobs'), method: 'POST', body: {} },
        pollUrl: url('jobs/{id}'),
        everyMs: 250,
        polls: 6,
        credentials: 'include',
      },
    ],
    backends: () => [jobServer(), jobServer()],
    haproxy: stickyHaproxy('secure attr "SameSite=None"'),
  }),
  scripted({
    id: 'big-events',
    description:
      'Events of 16 KB and more, each written by itself, a little over one a second: large, not batched.',
    seconds: 14,
    host: 'charts.example.net',
    script: `${READ} await read('charts');`,
    handle: async ({ response, vary }) => {
      openStream(response);
      for (let index = 0; index < 12; index++) {
        if (!(await pause(response, vary.jitter(1000, 0.3)))) return;
        const svg = 'l1,2 '.repeat(3300 + Math.round(vary.between(0, 900)));
        response.write(`data: ${JSON.stringify({ at: Date.now(), svg })}\n\n`);
      }
      response.end();
    },
  }),
  scripted({
    id: 'ai-data-stream',
    description: 'A text/plain stream of typed lines, as the AI toolkits for React speak it, over HTTP/2.',
    seconds: 4,
    host: 'ui.example.net',
    site: 'embedded-h2',
    script: `${READ} await read('api/chat', { method: 'POST', body: '{}' });`,
    handle: async ({ response, vary }) => {
      openStream(response, { 'content-type': 'text/plain; charset=utf-8', 'x-vercel-ai-data-stream': 'v1' });
      response.write('f:{"messageId":"m-1"}\n');
      for (let index = 0; index < 50; index++) {
        if (!(await pause(response, vary.jitter(55, 0.9)))) return;
        response.write(`0:${JSON.stringify(` ${WORDS[index % WORDS.length]}`)}\n`);
      }
      response.end('d:{"finishReason":"stop"}\n');
    },
  }),
  scripted({
    id: 'multipart-patches',
    description: 'GraphQL with @defer: a multipart answer whose parts come one by one.',
    seconds: 4,
    host: 'graph.example.net',
    script: `${READ} await read('graphql', { method: 'POST', headers: { accept: 'multipart/mixed', 'content-type': 'application/json' }, body: '{"query":"{ a }"}' });
      for (let index = 0; index < 5; index++) await (await fetch(api + 'plain', { method: 'POST', body: '{}' })).json();`,
    handle: async ({ response, path }) => {
      if (path === 'plain') return sendJson(response, 200, { data: { a: 1 } });
      openStream(response, { 'content-type': 'multipart/mixed; boundary="-"' });
      for (let index = 0; index < 4; index++) {
        response.write(
          `\r\n---\r\ncontent-type: application/json\r\n\r\n{"hasNext":true,"incremental":[{"path":["a",${index}],"data":{}}]}`,
        );
        if (!(await pause(response, 700))) return;
      }
      response.end('\r\n-----\r\n');
    },
  }),
  scripted({
    id: 'camera',
    description:
      'A camera that sends pictures as multipart/x-mixed-replace, and a binary stream read by chunk.',
    seconds: 5,
    host: 'cam.example.net',
    script: `${READ}
      const image = new Image();
      image.src = api + 'camera';
      const response = await fetch(api + 'frames.bin', { signal: new AbortController().signal });
      for await (const part of response.body);
      image.src = '';`,
    handle: async ({ response, path, vary }) => {
      openStream(response, {
        'content-type':
          path === 'camera' ? 'multipart/x-mixed-replace; boundary=f' : 'application/octet-stream',
      });
      for (let index = 0; index < 30; index++) {
        if (!(await pause(response, vary.jitter(120, 0.2)))) return;
        if (path === 'camera')
          response.write(
            Buffer.concat([
              Buffer.from('--f\r\ncontent-type: image/png\r\n\r\n'),
              PIXEL,
              Buffer.from('\r\n'),
            ]),
          );
        else response.write(randomBytes(900));
      }
      response.end();
    },
  }),
  scripted({
    id: 'five-streams',
    description:
      'Five EventSources over HTTP/1.1 and calls beside them: one connection is left, and it is enough.',
    seconds: 7,
    host: 'five.example.net',
    script: `const sources = Array.from({ length: 5 }, (_, index) => new EventSource(api + 'events?topic=' + index));
      for (let index = 0; index < 8; index++) { await new Promise((resolve) => setTimeout(resolve, 600)); await (await fetch(api + 'profile')).json(); }
      for (const source of sources) source.close();`,
    handle: async (exchange) => {
      if (exchange.path === 'profile') return sendJson(exchange.response, 200, { name: 'River' });
      openStream(exchange.response);
      await writeTokens(exchange, { count: 200, gapMs: 200 });
    },
  }),
  scripted({
    id: 'many-calls',
    description:
      'Twenty calls at once over HTTP/1.1, each half a second: they queue for connections, but no stream holds one.',
    seconds: 4,
    host: 'busy.example.net',
    script: `await Promise.all(Array.from({ length: 20 }, async (_, index) => (await fetch(api + 'part/' + index)).text()));`,
    handle: async ({ response, path }) => {
      if (await pause(response, 500)) sendJson(response, 200, { path });
    },
  }),
  scripted({
    id: 'failing-calls',
    description:
      'Ordinary failures of ordinary calls: 401 and again, 403, 404, 422, 429, a quick 500 and a quick 503.',
    seconds: 3,
    host: 'rough.example.net',
    script: `for (const status of [401, 200, 403, 404, 422, 429, 500, 503]) await (await fetch(api + 'status/' + status, { method: 'POST', body: '{}' })).text();
      await fetch(api + 'status/200', { mode: 'no-cors' });`,
    handle: async ({ response, path, vary }) => {
      const status = Number(path.split('/')[1]);
      if (await pause(response, vary.between(20, 200)))
        sendJson(response, status, { status }, status === 429 ? { 'retry-after': '1' } : {});
    },
  }),
  scripted({
    id: 'redirected-stream',
    description: 'An EventSource that is sent on with 307, and a fetch stream that is sent on with 308.',
    seconds: 5,
    host: 'entry.example.net',
    script: `${READ}
      await read('chat');
      await new Promise((resolve) => {
        const source = new EventSource(api + 'events');
        source.addEventListener('done', () => { source.close(); resolve(); });
      });`,
    handle: async (exchange) => {
      const { response, path } = exchange;
      if (path === 'events') return void response.writeHead(307, { location: 'shard-3' }).end();
      if (path === 'chat') return void response.writeHead(308, { location: 'shard-3' }).end();
      openStream(response);
      if (await writeTokens(exchange, { count: 30, gapMs: 60 })) response.end('event: done\ndata: {}\n\n');
    },
  }),
  scripted({
    id: 'slow-report',
    description: 'A report of 33 s and an export that takes as long to begin: ordinary calls that succeed.',
    seconds: 35,
    host: 'reports.example.net',
    script: `await Promise.all([
      fetch(api + 'report', { method: 'POST', body: '{}' }).then((one) => one.json()),
      fetch(api + 'export').then((one) => one.blob()),
    ]);`,
    handle: async ({ response, path }) => {
      if (!(await pause(response, path === 'report' ? 33_000 : 31_000))) return;
      if (path === 'report') return sendJson(response, 200, { rows: WORDS });
      response.writeHead(200, { 'content-type': 'application/zip' });
      for (let index = 0; index < 20; index++) {
        response.write(randomBytes(4000));
        if (!(await pause(response, 40))) return;
      }
      response.end();
    },
  }),
  scripted({
    id: 'subscriptions',
    description: 'GraphQL subscriptions over WebSocket with its own pings, closed by the page.',
    seconds: 9,
    host: 'subs.example.net',
    script: `await new Promise((resolve) => {
      const socket = new WebSocket(api.replace('http', 'ws') + 'graphql', 'graphql-transport-ws');
      socket.onopen = () => socket.send('{"type":"connection_init"}');
      socket.onmessage = ({ data }) => {
        const { type } = JSON.parse(data);
        if (type === 'connection_ack') socket.send('{"id":"1","type":"subscribe","payload":{"query":"subscription { level }"}}');
        if (type === 'ping') socket.send('{"type":"pong"}');
        if (type === 'complete') socket.close(1000);
      };
      socket.onclose = resolve;
    });`,
    upgrade: sockets((peer) => {
      peer.on('message', (data) => {
        const { type } = JSON.parse(String(data)) as { type: string };
        if (type === 'connection_init') peer.send('{"type":"connection_ack"}');
        if (type !== 'subscribe') return;
        let index = 0;
        const timer = setInterval(() => {
          index++;
          if (index % 6 === 0) return peer.send('{"type":"ping"}');
          peer.send(JSON.stringify({ id: '1', type: 'next', payload: { data: { level: 240 + index } } }));
          if (index > 22) peer.send('{"id":"1","type":"complete"}');
        }, 350);
        peer.on('close', () => clearInterval(timer));
      });
    }),
  }),
  scripted({
    id: 'gzip-flush-xhr',
    description: 'gzip flushed after each event, read by XHR.',
    seconds: 4,
    host: 'gz.example.net',
    script: `await new Promise((resolve) => { const xhr = new XMLHttpRequest(); xhr.open('GET', api + 'events'); xhr.onprogress = () => xhr.responseText.length; xhr.onloadend = resolve; xhr.send(); });`,
    handle: async (exchange) => {
      openStream(exchange.response, { ...SSE_HEADERS, 'content-encoding': 'gzip' });
      const gzip = createGzip({ flush: zlib.Z_SYNC_FLUSH });
      gzip.pipe(exchange.response);
      if (await writeTokens(exchange, { count: 45, gapMs: 70 }, gzip)) gzip.end();
      else gzip.destroy();
    },
  }),
  scripted({
    id: 'socket-given-up',
    description:
      'The page closes a WebSocket before it is open, because the person went elsewhere; the next one opens.',
    seconds: 4,
    host: 'elsewhere.example.net',
    script: `const first = new WebSocket(api.replace('http', 'ws') + 'slow');
      await new Promise((resolve) => setTimeout(resolve, 900));
      first.close();
      await new Promise((resolve) => setTimeout(resolve, 300));
      await new Promise((resolve) => {
        const second = new WebSocket(api.replace('http', 'ws') + 'quick');
        second.onmessage = () => second.close(1000);
        second.onclose = resolve;
      });`,
    upgrade: (request, socket, head, context) => {
      const open = sockets((peer) => peer.send('{"hello":1}'));
      if (request.url?.endsWith('quick')) open(request, socket, head, context);
    },
  }),
];
