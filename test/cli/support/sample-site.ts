import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { WebSocketServer } from 'ws';

/** A page of a server that behaves, with all the places that streams are read in. */
export interface SampleSite {
  origin: string;
  /** The same server under another site's name, so that its frames are processes of their own. */
  otherOrigin: string;
  /** Headers of every request that came, by path. */
  requests: Map<string, IncomingMessage['headers']>;
  /** Resolves when a path is asked for. */
  asked(path: string): Promise<void>;
  /** Resolves when all events of a path are out, some time before the answer ends. */
  written(path: string): Promise<void>;
  stop(): Promise<void>;
}

const HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' };

const READ = `async (url) => {
  const signal = new AbortController().signal;
  const reader = (await fetch(url, { signal })).body.getReader();
  while (!(await reader.read()).done);
}`;

/** Scripts of `/`: what it reads in itself, in a worker and in a frame; `window.done` resolves after all. */
const page = (otherOrigin: string) => `<!doctype html><title>Sample</title><script>
  const read = ${READ};
  const worker = new Worker('/worker.js');
  const fromWorker = new Promise((resolve) => { worker.onmessage = resolve; });
  const fromFrame = new Promise((resolve) => { addEventListener('message', resolve, { once: true }); });
  const frame = document.createElement('iframe');
  frame.src = '${otherOrigin}/frame';
  document.documentElement.append(frame);
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
  socket.binaryType = 'arraybuffer';
  const echoed = new Promise((resolve) => {
    socket.onopen = () => socket.send('hello');
    socket.onmessage = ({ data }) => { if (data === 'hello') socket.send(new Uint8Array([1, 2, 3])); else socket.close(1000); };
    socket.onclose = resolve;
  });
  const listened = new Promise((resolve) => {
    const source = new EventSource('/events/source');
    source.onmessage = ({ data }) => { if (data === '4') { source.close(); resolve(); } };
  });
  window.done = Promise.all([
    fetch('/api/me').then((response) => response.json()),
    read('/events/page'), fromWorker, fromFrame, echoed, listened,
  ]);
</script>`;

/** Starts a worker of each kind, of which each reads the address that `?read=` begins. */
const WORKERS = `<!doctype html><title>Workers</title><script>
  const query = '?' + new URLSearchParams(location.search).get('read');
  new Worker('/reader.js' + query + '/dedicated');
  new SharedWorker('/reader.js' + query + '/shared');
  navigator.serviceWorker.register('/reader.js' + query + '/service');
</script>`;

/** Opens what its `--run` script asks it to: windows that read a stream each, in the same and in another site. */
const opener = (otherOrigin: string) => `<!doctype html><title>Opener</title><script>
  const openWindows = () => {
    window.open('/window/popup');
    window.open('${otherOrigin}/window/other');
    const link = document.createElement('a');
    Object.assign(link, { href: '/window/link', target: '_blank', rel: 'noopener' });
    document.documentElement.append(link);
    link.click();
  };
</script>`;

/** Reads in itself and in a worker until it is elsewhere. */
const LEAVER = `<!doctype html><title>Leaver</title><script>
  (${READ})('/endless/left');
  new Worker('/reader.js?/endless/left-worker');
  setTimeout(() => { location.href = '/empty?left'; }, 1500);
</script>`;

/** Asks a person, who is not there, and tells the server what came of it. */
const ASKER = `<!doctype html><title>Asker</title><script>
  onbeforeunload = (event) => event.preventDefault();
  alert('Hello');
  location.href = '/empty?confirmed=' + confirm('Delete everything?') + '&said=' + prompt('Name?', 'nobody');
</script>`;

async function events(response: ServerResponse, path: string, written: () => void): Promise<void> {
  // Whoever wants to be late has the time for it.
  if (path.startsWith('/events/late/')) await delay(300);
  response.writeHead(200, HEADERS);
  for (let index = 0; index < 5; index++) {
    response.write(`data: ${index}\n\n`);
    await delay(path.startsWith('/events/late/') ? 300 : 60);
  }
  written();
  if (path.startsWith('/events/late/')) await delay(1500);
  // An event source that loses its connection would come again: it is left open for the page to close.
  if (!path.endsWith('/source')) response.end();
}

async function endless(response: ServerResponse): Promise<void> {
  response.writeHead(200, HEADERS);
  while (!response.destroyed) {
    response.write('data: tick\n\n');
    await delay(100);
  }
}

/** `/status/502` answers with that and no body; `/status/504?after=2000` waits for so many ms first. */
async function bare(response: ServerResponse, path: string): Promise<void> {
  const { pathname, searchParams } = new URL(path, 'http://a');
  await delay(Number(searchParams.get('after')));
  const status = Number(pathname.split('/').pop());
  if (status === 401) response.setHeader('www-authenticate', 'Basic realm="stage"');
  response.writeHead(status).end();
}

function answer(site: SampleSite, response: ServerResponse, path: string, written: () => void): void {
  const html = (text: string) => response.setHeader('content-type', 'text/html').end(text);
  if (path.startsWith('/events/')) void events(response, path, written);
  else if (path.startsWith('/endless/')) void endless(response);
  else if (path === '/') html(page(site.otherOrigin));
  else if (path.startsWith('/workers?')) html(WORKERS);
  else if (path.startsWith('/reader.js?'))
    response
      .setHeader('content-type', 'text/javascript')
      .end(`(${READ})(${JSON.stringify(path.slice(path.indexOf('?') + 1))})`);
  else if (path === '/leaver') html(LEAVER);
  else if (path === '/asker') html(ASKER);
  else if (path === '/opener') html(opener(site.otherOrigin));
  else if (path.startsWith('/window/'))
    html(`<!doctype html><script>(${READ})('/events/${path.slice('/window/'.length)}')</script>`);
  else if (path === '/never') return;
  else if (path.startsWith('/status/')) void bare(response, path);
  else if (path.startsWith('/empty')) html('<!doctype html><title>Empty</title>');
  else if (path === '/endless') html(`<!doctype html><script>(${READ})('/endless/events')</script>`);
  else if (path === '/frame')
    html(
      `<!doctype html><script>(${READ})('/events/frame').then(() => parent.postMessage('done', '*'))</script>`,
    );
  else if (path === '/worker.js')
    response
      .setHeader('content-type', 'text/javascript')
      .end(`(${READ})('/events/worker').then(() => postMessage('done'))`);
  else if (path === '/api/me')
    response.setHeader('content-type', 'application/json').end('{"name":"River","job_id":"j1"}');
  else response.writeHead(404, { 'content-type': 'text/html' }).end('<p>Not here.');
}

export async function startSampleSite(): Promise<SampleSite> {
  const waiting = new Map<string, () => void>();
  const writing = new Map<string, () => void>();
  const server: Server = createServer((request, response) => {
    const path = request.url ?? '/';
    site.requests.set(path, request.headers);
    response.on('error', () => undefined);
    answer(site, response, path, () => writing.get(path)?.());
    waiting.get(path)?.();
  });
  const sockets = new WebSocketServer({ server, path: '/socket' });
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const site: SampleSite = {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin: `http://localhost:${port}`,
    requests: new Map(),
    asked: (path) => new Promise((resolve) => waiting.set(path, resolve)),
    written: (path) => new Promise((resolve) => writing.set(path, resolve)),
    stop: async () => {
      for (const client of sockets.clients) client.terminate();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return site;
}
