import { once } from 'node:events';
import {
  request as ask,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { WebSocket, WebSocketServer } from 'ws';
import { concatBytes } from '../../src/lib/bytes';
import { decodeUtf8 } from '../../src/lib/text';
import type { StreamRecord } from '../../src/trace/types';
import { addChunk, addMessage, chunkedStream, endStream } from './chunked-stream';

/** A proxy in front of a real server: what passes becomes streams, as a recorder would have seen them. */
export interface EngineIoWire {
  /** Scheme, host and port to connect to. */
  url: string;
  /** Ended polls and all WebSockets, in the order of their start. One tick for each thing that happens is the time. */
  streams: StreamRecord[];
  close(): Promise<void>;
}

/** Listens on a free port of the loopback; the origin is closed along with it. */
export async function recordEngineIo(origin: Server): Promise<EngineIoWire> {
  const streams: StreamRecord[] = [];
  const originPort = await listen(origin);
  const proxy = createServer(
    (request, response) => void poll(request, response).catch(() => response.destroy()),
  );
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  let tick = 0;

  function begin(kind: 'xhr' | 'websocket', path: string): StreamRecord {
    const url = `${kind === 'xhr' ? 'http' : 'ws'}://127.0.0.1:${originPort}${path}`;
    const stream = chunkedStream([], { kind, url, contentType: null, open: true });
    stream.timing.startedAtMs = ++tick;
    streams.push(stream);
    return stream;
  }

  async function poll(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const stream = begin('xhr', request.url ?? '/');
    const { method = 'GET', url: path, headers } = request;
    stream.request.method = method;
    const sent = await bytesOf(request);
    if (sent.length > 0) {
      stream.request.body = { text: decodeUtf8(sent), byteLength: sent.length, truncated: false };
    }
    const upstream = ask({ port: originPort, host: '127.0.0.1', method, path, headers });
    upstream.end(sent);
    const [answer] = (await once(upstream, 'response')) as [IncomingMessage];
    const body = await bytesOf(answer);
    stream.response!.status = answer.statusCode ?? 0;
    addChunk(stream, body);
    stream.chunks.atMs[0] = ++tick;
    endStream(stream);
    response.writeHead(answer.statusCode ?? 502, answer.headers).end(body);
  }

  proxy.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const stream = begin('websocket', request.url ?? '/');
    const upstream = new WebSocket(stream.request.url, { perMessageDeflate: false });
    const note = (data: Buffer, isBinary: boolean, sent: boolean) => {
      const payload = isBinary ? new Uint8Array(data) : data.toString();
      addMessage(stream, payload, { sent });
      stream.messages.atMs[stream.messages.atMs.length - 1] = ++tick;
      stream.messages.byteLength[stream.messages.byteLength.length - 1] = data.length;
    };
    upstream.on('error', () => socket.destroy());
    upstream.on('open', () => {
      sockets.handleUpgrade(request, socket, head, (client) => {
        relay(client, upstream, (data, isBinary) => note(data, isBinary, true));
        relay(upstream, client, (data, isBinary) => note(data, isBinary, false));
      });
    });
  });

  const port = await listen(proxy);
  return {
    url: `http://127.0.0.1:${port}`,
    streams,
    close: async () => {
      for (const client of sockets.clients) client.terminate();
      await Promise.all([proxy, origin].map(stop));
    },
  };
}

function relay(from: WebSocket, to: WebSocket, note: (data: Buffer, isBinary: boolean) => void): void {
  from.on('message', (data: Buffer, isBinary) => {
    note(data, isBinary);
    if (to.readyState === WebSocket.OPEN) to.send(data, { binary: isBinary });
  });
  from.on('close', () => to.close());
  from.on('error', () => to.terminate());
}

async function bytesOf(message: IncomingMessage): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of message) parts.push(part as Buffer);
  return concatBytes(parts);
}

async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
