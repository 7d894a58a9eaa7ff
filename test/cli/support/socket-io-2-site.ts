import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import serve2 from 'socket.io-2';

const { resolve } = createRequire(import.meta.url);

/** Sends text and bytes over polling and waits for what the server answers: `window.done` resolves then. */
const PAGE = `<!doctype html><title>Socket.IO 2</title><script src="/client.js"></script><script>
  const socket = io({ transports: ['polling'] });
  window.done = new Promise((resolve) => {
    socket.on('connect', () => {
      socket.emit('draw', 'Grüße', new Uint8Array([0, 1, 127, 128, 255]).buffer, () => {
        socket.close();
        resolve();
      });
    });
  });
</script>`;

/** A page with the browser's client of Socket.IO 2, and its server. */
export async function startSocketIo2Site(): Promise<{ origin: string; stop(): Promise<void> }> {
  const client = join(dirname(resolve('socket.io-client-2/package.json')), 'dist/socket.io.slim.js');
  const server = createServer((request, response) => {
    const isClient = request.url === '/client.js';
    response.setHeader('content-type', isClient ? 'text/javascript' : 'text/html; charset=utf-8');
    response.end(isClient ? readFileSync(client) : PAGE);
  });
  serve2(server, { serveClient: false }).on('connection', (socket) => {
    socket.on('draw', (_text: string, _picture: Buffer, answer: () => void) => answer());
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}
