import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';

/** What the server knows of one request that carried `?key=`. */
export interface Exchange {
  acceptedBytes: number;
  /** `write` said to wait and `drain` has not come. */
  blocked: boolean;
  closed: Promise<void>;
  /** Ends the response at the server's side. */
  finish(): void;
  /** Cuts the connection. */
  cut(): void;
}

export interface TapServer {
  origin: string;
  /** Another origin of the same server, without CORS headers unless the route gives them. */
  otherOrigin: string;
  wsOrigin: string;
  exchange(key: string): Promise<Exchange>;
  close(): Promise<void>;
}

/** `(module (func (export "answer") (result i32) i32.const 42))` */
const WASM = Buffer.from(
  '0061736d010000000105016000017f03020100070a0106616e737765720000 0a06010400412a0b'.replace(' ', ''),
  'hex',
);

/** A server whose pages are cross-origin isolated, so that `performance.now()` has 5 µs steps. */
export async function startTapServer(): Promise<TapServer> {
  const exchanges = new Map<string, { promise: Promise<Exchange>; resolve: (value: Exchange) => void }>();
  const slot = (key: string) => {
    let found = exchanges.get(key);
    if (!found) {
      let resolve!: (value: Exchange) => void;
      const promise = new Promise<Exchange>((done) => {
        resolve = done;
      });
      found = { promise, resolve };
      exchanges.set(key, found);
    }
    return found;
  };

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => response.destroy());
  });

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://server');
    const number = (name: string, fallback: number) => Number(url.searchParams.get(name) ?? fallback);
    const exchange: Exchange = {
      acceptedBytes: 0,
      blocked: false,
      closed: new Promise((resolve) => response.once('close', () => resolve())),
      finish: () => response.end(),
      cut: () => request.socket.destroy(),
    };
    const key = url.searchParams.get('key');
    if (key) slot(key).resolve(exchange);
    const write = async (data: string | Buffer) => {
      if (response.destroyed) return false;
      const free = response.write(data);
      exchange.acceptedBytes += data.length;
      if (!free) {
        exchange.blocked = true;
        await Promise.race([new Promise((resolve) => response.once('drain', resolve)), exchange.closed]);
        exchange.blocked = false;
      }
      return !response.destroyed;
    };
    const head = (type: string, more: Record<string, string> = {}, status = 200) =>
      response.writeHead(status, {
        'content-type': type,
        'cache-control': 'no-store',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-embedder-policy': 'require-corp',
        'cross-origin-resource-policy': 'cross-origin',
        ...more,
      });
    const type = url.searchParams.get('type') ?? 'application/octet-stream';

    switch (url.pathname) {
      case '/':
        head('text/html');
        response.end(
          '<!doctype html><meta charset="utf-8"><title>tap</title><link rel="icon" href="data:,">',
        );
        return;
      case '/page': {
        head('text/html');
        response.end(url.searchParams.get('html') ?? '');
        return;
      }
      case '/text':
        head(url.searchParams.get('type') ?? 'text/plain; charset=utf-8', { 'x-seen': 'yes' });
        response.end(url.searchParams.get('body') ?? 'hello');
        return;
      case '/cors':
        head('text/plain', { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' });
        response.end('cors');
        return;
      case '/echo': {
        const parts: Buffer[] = [];
        for await (const part of request) parts.push(part as Buffer);
        head('application/json');
        response.end(
          JSON.stringify({
            method: request.method,
            body: Buffer.concat(parts).toString('utf8'),
            type: request.headers['content-type'] ?? null,
            extra: request.headers['x-extra'] ?? null,
          }),
        );
        return;
      }
      case '/status':
        head('text/plain', {}, number('code', 200));
        response.end();
        return;
      case '/redirect':
        head('text/plain', { location: '/text?body=moved' }, 302);
        response.end();
        return;
      case '/wasm':
        head('application/wasm');
        response.end(WASM);
        return;
      // `n` pieces of `size` bytes, piece i filled with the letter of i; each in its own packet.
      case '/pieces': {
        head(type);
        const size = number('size', 10);
        for (let i = 0; i < number('n', 5); i++) {
          if (!(await write(Buffer.alloc(size, 97 + (i % 26))))) return;
          await pause(number('gap', 0));
        }
        if (url.searchParams.has('cut')) exchange.cut();
        else if (!url.searchParams.has('hold')) response.end();
        return;
      }
      case '/events': {
        head('text/event-stream');
        await write('retry: 50\n\n');
        for (let i = 0; i < number('n', 3); i++) {
          const name = url.searchParams.get('name');
          if (!(await write(`${name ? `event: ${name}\n` : ''}id: ${i}\ndata: event ${i} é\n\n`))) return;
          await pause(number('gap', 0));
        }
        if (url.searchParams.has('cut')) exchange.cut();
        else if (!url.searchParams.has('hold')) response.end();
        return;
      }
      case '/bulk': {
        // A connection that has carried much has large kernel buffers: each of these gets a fresh one.
        head('application/octet-stream', { connection: 'close' });
        const block = Buffer.alloc(64 * 1024, 120);
        const total = number('mb', 1) * 1024 * 1024;
        for (let sent = 0; sent < total; sent += block.length) if (!(await write(block))) return;
        response.end();
        return;
      }
      default:
        head('text/plain', {}, 404);
        response.end('no such route');
    }
  }

  const sockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, first) => {
    const url = new URL(request.url ?? '/', 'http://server');
    if (url.pathname !== '/ws') {
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n');
      return;
    }
    sockets.handleUpgrade(request, socket, first, (webSocket) => {
      const n = Number(url.searchParams.get('burst') ?? 0);
      for (let i = 0; i < n; i++) webSocket.send(`message ${i} ${'x'.repeat(86)}`);
      webSocket.on('message', (data, isBinary) => {
        const text = data.toString();
        if (text === 'close') webSocket.close(4001, 'asked to');
        else if (text === 'cut') request.socket.destroy();
        else webSocket.send(data, { binary: isBinary });
      });
    });
  });

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const other = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));

  return {
    origin: `http://127.0.0.1:${port}`,
    otherOrigin: `http://127.0.0.1:${(other.address() as AddressInfo).port}`,
    wsOrigin: `ws://127.0.0.1:${port}`,
    exchange: (key) => slot(key).promise,
    async close() {
      for (const client of sockets.clients) client.terminate();
      await Promise.all([server, other].map(stop));
    },
  };
}

const pause = (ms: number) =>
  new Promise<void>((resolve) => (ms > 0 ? setTimeout(resolve, ms) : setImmediate(resolve)));

function stop(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
