import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createSecureServer, type Http2SecureServer } from 'node:http2';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Certificate } from './certificate.ts';

export type Respond = (request: IncomingMessage, response: ServerResponse) => void;
export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface Listening {
  port: number;
  stop(): Promise<void>;
}

/** Listens on loopback, on a port the system chooses; `stop` also ends what is still open. */
export async function listen(server: Server | Http2SecureServer): Promise<Listening> {
  const sockets = new Set<Socket>();
  // Of a TLS server this is the TCP connection, which upgraded WebSockets live on as well.
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

export function plainServer(respond: Respond, upgrade: Upgrade): Server {
  // The lab answers late on purpose; Node's own limits must not cut in.
  return createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 75_000 }, respond).on(
    'upgrade',
    upgrade,
  );
}

/** HTTP/2 over TLS; a browser's WebSocket comes in over HTTP/1.1. */
export function secureServer(
  certificate: Certificate,
  respond: Respond,
  upgrade: Upgrade,
): Http2SecureServer {
  const server = createSecureServer({ cert: certificate.cert, key: certificate.key, allowHTTP1: true });
  // Node's compatibility layer gives HTTP/2 requests the shape of HTTP/1.1 ones; its types do not say so.
  server.on('request', respond as unknown as Parameters<typeof server.on>[1]);
  server.on('upgrade', upgrade);
  server.on('sessionError', () => undefined);
  return server;
}
