import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { ensureBuilt } from './support/built';
import { type DevtoolsSession, eventually, hasChromium, openDevtools, openPanel } from './support/devtools';
import { readStreams, readTrace, type SeenStream, streamsOf } from './support/store';

/** The page under inspection; its scripts are what the tests evaluate in it. */
const PAGE = `<!doctype html><title>Inspected</title><h1>Inspected</h1>`;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost');
  switch (url.pathname) {
    case '/':
      response.setHeader('content-type', 'text/html');
      response.end(PAGE);
      return;
    case '/events':
      void stream(response, url.searchParams.get('n') ?? '3', url.searchParams.get('every') ?? '40');
      return;
    case '/turns':
      void turn(response);
      return;
    case '/moved':
      response.writeHead(302, { location: '/events?moved=1', 'set-cookie': 'hop=1' });
      response.end();
      return;
    case '/json':
      response.setHeader('content-type', 'application/json');
      response.end('{"fine":true}');
      return;
    case '/cors':
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('access-control-allow-headers', '*');
      if (request.method === 'OPTIONS') response.writeHead(204).end();
      else response.end('crossed');
      return;
    default:
      response.writeHead(404).end();
  }
}

async function stream(response: ServerResponse, count: string, everyMs: string): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'set-cookie': 'backend=one' });
  for (let index = 0; index < Number(count); index++) {
    await delay(Number(everyMs));
    response.write(`data: event ${index}\n\n`);
  }
  response.end();
}

let turns = 0;
/** Ten concurrent requests get ten different answers, the later asked the sooner done. */
async function turn(response: ServerResponse): Promise<void> {
  const mine = turns++;
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-request-id': `request-${mine}` });
  const every = 20 + 10 * ((7 * mine) % 10);
  for (let index = 0; index < 5; index++) {
    await delay(every);
    response.write(`data: ${mine}/${index}${'.'.repeat(mine)}\n\n`);
  }
  response.end();
}

const READ = `async (url, options) => {
  const reader = (await fetch(url, options)).body.getReader();
  while (!(await reader.read()).done);
}`;

const settled = (streams: SeenStream[]) =>
  streams.length > 0 && streams.every((one) => one.end && one.seenBy.har && one.seenBy.network);

describe.skipIf(!hasChromium())('the collector in real DevTools', () => {
  let server: Server;
  let origin: string;
  let other: string;
  let session: DevtoolsSession;

  beforeAll(async () => {
    server = createServer(answer);
    const sockets = new WebSocketServer({ server, path: '/socket' });
    sockets.on('connection', (socket) => {
      socket.on('message', (data) => socket.send(`echo ${String(data)}`));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    origin = `http://127.0.0.1:${port}`;
    other = `http://localhost:${port}`;
    session = await openDevtools();
    await session.page.goto(origin);
  });

  afterAll(async () => {
    await session?.close();
    server?.closeAllConnections();
    server?.close();
  });

  const run = (script: string) => session.page.evaluate(script);

  it('records a fetched stream once, from the tap, the network and HAR together', async () => {
    await run(`(${READ})('/events?n=4', { credentials: 'include' })`);
    const [stream, ...more] = await streamsOf(session.panel, '/events?n=4', settled);
    expect(more).toEqual([]);
    expect(stream).toMatchObject({
      kind: 'fetch',
      seenBy: { tap: true, network: true, har: true },
      request: { credentials: 'include', headersComplete: true },
      response: { status: 200, headersComplete: true, protocol: 'http/1.1' },
      end: { kind: 'complete', netError: null },
      losses: [],
    });
    expect(stream!.text).toBe('data: event 0\n\ndata: event 1\n\ndata: event 2\n\ndata: event 3\n\n');
    expect(stream!.response!.headers).toContainEqual(['set-cookie', 'backend=one']);
    expect(stream!.timing.headersAtMs).toBeGreaterThanOrEqual(stream!.timing.startedAtMs);
    expect(stream!.atMs).toEqual([...stream!.atMs].sort((a, b) => a - b));
  });

  it('does not mix up ten identical requests that run at the same time', async () => {
    await run(`Promise.all(Array.from({ length: 10 }, () => (${READ})('/turns')))`);
    const streams = await streamsOf(session.panel, '/turns', (all) => all.length >= 10 && settled(all));
    expect(streams).toHaveLength(10);
    for (const stream of streams) {
      const mine = stream.text.match(/data: (\d+)\//)?.[1];
      const id = stream.response!.headers.find(([name]) => name.toLowerCase() === 'x-request-id')?.[1];
      expect(id).toBe(`request-${mine}`);
      expect(new Set([...stream.text.matchAll(/data: (\d+)\//g)].map((match) => match[1]))).toEqual(
        new Set([mine]),
      );
    }
  });

  it('follows redirects, leaves preflights out, and tells EventSource, worker and JSON requests apart', async () => {
    await run(`(async () => {
      await (${READ})('/moved');
      await fetch('${other}/cors', { headers: { 'x-own': '1' } }).then((response) => response.text());
      await new Promise((resolve) => {
        const source = new EventSource('/events?es=1&n=3');
        source.onerror = () => { source.close(); resolve(); };
        source.onmessage = () => undefined;
      });
      // Only DevTools itself sees it: it must last longer than a busy DevTools takes to ask for its content.
      const code = "fetch('" + location.origin + "/events?worker=1&every=400').then((r) => r.text()).then(() => postMessage(1))";
      const worker = new Worker(URL.createObjectURL(new Blob([code])));
      await new Promise((resolve) => { worker.onmessage = resolve; });
      await fetch('/json').then((response) => response.json());
    })()`);
    const moved = await streamsOf(session.panel, '/moved', settled);
    expect(moved).toHaveLength(1);
    expect(moved[0]!.response).toMatchObject({
      status: 200,
      redirected: true,
      url: `${origin}/events?moved=1`,
    });
    expect(await streamsOf(session.panel, '/events?moved=1', () => true)).toEqual([]);

    const crossed = await streamsOf(session.panel, '/cors', settled);
    expect(crossed.map((one) => one.request.method)).toEqual(['GET']);

    const source = await streamsOf(session.panel, 'es=1', settled);
    expect(source).toHaveLength(1);
    expect(source[0]).toMatchObject({ kind: 'eventsource', seenBy: { tap: true } });
    expect(source[0]!.messages.map(({ payload }) => payload)).toEqual(['event 0', 'event 1', 'event 2']);

    const worker = await streamsOf(
      session.panel,
      'worker=1',
      (all) => settled(all) && all.every((one) => one.messages.length > 0),
    );
    expect(worker).toHaveLength(1);
    expect(worker[0]).toMatchObject({ kind: 'fetch', documentId: null, seenBy: { tap: false } });
    expect(worker[0]!.messages.map(({ payload }) => payload)).toEqual(['event 0', 'event 1', 'event 2']);

    const json = await streamsOf(
      session.panel,
      '/json',
      (all) => all.length > 0 && all.every((one) => one.end),
    );
    expect(json).toHaveLength(1);
    expect(json[0]!.byteLength).toBe(13);
  });

  it('records WebSockets with their handshake, and handshakes that fail', async () => {
    await run(`(async () => {
      const socket = new WebSocket('${origin.replace('http', 'ws')}/socket');
      await new Promise((resolve) => {
        socket.onopen = () => socket.send('hello');
        socket.onmessage = () => socket.close(1000, 'enough');
        socket.onclose = resolve;
      });
      await new Promise((resolve) => { new WebSocket('${origin.replace('http', 'ws')}/nowhere').onclose = resolve; });
    })()`);
    const ended = (streams: SeenStream[]) =>
      streams.length > 0 && streams.every((one) => one.end && one.seenBy.network);
    const socket = await streamsOf(session.panel, '/socket', ended);
    expect(socket).toHaveLength(1);
    expect(socket[0]).toMatchObject({
      kind: 'websocket',
      seenBy: { tap: true, network: true },
      response: { status: 101, headersComplete: true },
      // The page closed it.
      end: { kind: 'aborted', closeCode: 1000, closeReason: 'enough', wasClean: true },
    });
    expect(socket[0]!.messages.map(({ direction, payload }) => [direction, payload])).toEqual([
      [1, 'hello'],
      [0, 'echo hello'],
    ]);
    const failed = await streamsOf(session.panel, '/nowhere', ended);
    expect(failed).toHaveLength(1);
    expect(failed[0]).toMatchObject({ kind: 'websocket', end: { kind: 'refused', closeCode: 1006 } });
  });

  it('opens nothing of the extension to pages, and runs nothing but its own files', async () => {
    const manifest = JSON.parse(readFileSync(join(await ensureBuilt(), 'manifest.json'), 'utf8'));
    expect(manifest.web_accessible_resources).toBeUndefined();
    expect(manifest.content_scripts).toBeUndefined();
    expect(manifest.content_security_policy.extension_pages).toMatch(
      /default-src 'none'; script-src 'self';/,
    );
  });

  it('records frames without an address of their own', async () => {
    await run(`(async () => {
      const blank = document.body.appendChild(document.createElement('iframe'));
      await blank.contentWindow.eval("(${READ.replaceAll('\n', ' ')})('${origin}/events?frame=blank')");
      const written = document.createElement('iframe');
      written.srcdoc = '<script>(${READ.replaceAll('\n', ' ')})("/events?frame=srcdoc")<\\/script>';
      document.body.appendChild(written);
    })()`);
    for (const frame of ['blank', 'srcdoc']) {
      const streams = await streamsOf(session.panel, `frame=${frame}`, settled);
      expect(streams).toHaveLength(1);
      expect(streams[0]!.seenBy).toEqual({ tap: true, network: true, har: true });
      expect(streams[0]!.text).toContain('data: event 2');
    }
  });

  it('clears when the page navigates', async () => {
    await run(`(${READ})('/events?before=1')`);
    await streamsOf(session.panel, 'before=1', settled);
    await session.page.goto(`${origin}/?second`);
    await run(`(${READ})('/events?after=1')`);
    await streamsOf(session.panel, 'after=1', settled);
    const urls = (await readStreams(session.panel)).map((one) => one.request.url);
    expect(urls.filter((url) => url.includes('before=1'))).toEqual([]);
    expect(urls).toContain(`${origin}/?second`);
    const trace = await readTrace(session.panel);
    expect(trace.meta.pageUrl).toBe(`${origin}/?second`);
    expect(trace.documents.map(({ url, joinedLate }) => ({ url, joinedLate }))).toEqual([
      { url: `${origin}/?second`, joinedLate: false },
    ]);
  });

  it('takes nothing from a page that forges the hand-over and the messages', async () => {
    // As early as a page can be, and once more when the bridge is known to be there.
    await session.page.addInitScript(`(globalThis.forge = () => {
      const { port1, port2 } = new MessageChannel();
      window.postMessage('streamgauge:port:v1', '*', [port2]);
      port1.onmessage = () => undefined;
      port1.postMessage({ type: 'hello', protocol: 1, documentKey: 'x'.repeat(1000), url: '', isTop: true });
      for (let index = 0; index < 50; index++) {
        port1.postMessage({ type: 'batch', seq: index, starts: 'all of them' });
        port1.postMessage({ type: 'hello', protocol: 99 });
      }
      document.dispatchEvent(new Event('streamgauge:ready'));
    })()`);
    await session.page.goto(`${origin}/?forged`);
    await run('forge()');
    await run(`(${READ})('/events?despite=1')`);
    const [stream, ...more] = await streamsOf(session.panel, 'despite=1', settled);
    expect(more).toEqual([]);
    expect(stream).toMatchObject({
      seenBy: { tap: true, network: true, har: true },
      end: { kind: 'complete' },
      response: { status: 200 },
      losses: [],
    });
    const { documents } = await readTrace(session.panel);
    expect(documents.map(({ url }) => url)).toEqual([`${origin}/?forged`]);
  });
});

describe.skipIf(!hasChromium())('what is not inspected', () => {
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });

  afterAll(() => {
    server?.closeAllConnections();
    server?.close();
  });

  /** Whether `fetch` is the browser's own: a Proxy shows no name in its text. */
  const isNative = `/^function fetch\\(/.test(Function.prototype.toString.call(fetch))`;

  it('is left alone, and DevTools that close take everything back', async () => {
    const session = await openDevtools({ url: origin });
    try {
      expect(await session.page.evaluate(isNative)).toBe(false);
      const { documents } = await readTrace(session.panel);
      // The page was there before the panel: either it was loaded under registration, or joined and flagged.
      expect(documents.length).toBeGreaterThan(0);

      const tab = await session.newTab();
      const opened = await eventually('DevTools of the second tab', () =>
        session.browser
          .contexts()[0]!
          .pages()
          .filter((one) => one.url().startsWith('devtools://'))
          .find((one) => one !== session.devtools),
      );
      await opened.close();
      await tab.goto(`${origin}/?uninspected`);
      await eventually('the tap of the uninspected tab to restore', () => tab.evaluate(isNative));
      await tab.evaluate(`(${READ})('/events?uninspected=1')`);
      await session.page.evaluate(`(${READ})('/events?inspected=1')`);
      await streamsOf(session.panel, 'inspected=1', settled);
      const urls = (await readStreams(session.panel)).map((one) => one.request.url);
      expect(urls.filter((url) => url.includes('uninspected'))).toEqual([]);

      await session.devtools.close();
      await eventually('the tap to restore', () => session.page.evaluate(isNative));
    } finally {
      await session.close();
    }
  });

  it('flags a page that was open before DevTools', async () => {
    const session = await openDevtools();
    try {
      const tab = await session.newTab();
      const devtools = await eventually('DevTools of the new tab', () =>
        session.browser
          .contexts()[0]!
          .pages()
          .filter((one) => one.url().startsWith('devtools://'))
          .find((one) => one !== session.devtools),
      );
      await devtools.close();
      await tab.goto(origin);
      await eventually('the tap to restore', () => tab.evaluate(isNative));
      // The command DevTools' own shortcut gives: the browser opens DevTools for this tab again.
      const cdp = await session.browser.newBrowserCDPSession();
      const { targetInfos } = await cdp.send('Target.getTargets');
      const target = targetInfos.find(({ url }) => url.startsWith(origin))!;
      await (cdp.send as (method: string, params: object) => Promise<unknown>)('Target.openDevTools', {
        targetId: target.targetId,
      });
      const again = await eventually('DevTools to open again', () =>
        session.browser
          .contexts()[0]!
          .pages()
          .filter((one) => one.url().startsWith('devtools://'))
          .find((one) => one !== session.devtools),
      );
      const panel = await openPanel(again);
      await eventually('the tap to reach the open page', async () => !(await tab.evaluate(isNative)));
      await tab.evaluate(`(${READ})('/events?late=1')`);
      const [stream] = await streamsOf(panel, 'late=1', settled);
      expect(stream!.seenBy.tap).toBe(true);
      const { documents } = await readTrace(panel);
      expect(documents).toMatchObject([{ url: `${origin}/`, joinedLate: true, isTop: true }]);
    } finally {
      await session.close();
    }
  });
});
