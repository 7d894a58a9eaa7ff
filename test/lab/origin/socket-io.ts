import { createServer, type Server } from 'node:http';
import { type ServerOptions, Server as SocketServer } from 'socket.io';

/** A real Socket.IO server that acknowledges every message and sends some news. */
export function socketServer(path: string, options: Partial<ServerOptions> = {}): Server {
  const server = createServer();
  const io = new SocketServer(server, {
    path,
    serveClient: false,
    cors: { origin: true, credentials: true },
    ...options,
  });
  io.on('connection', (socket) => {
    const news = setInterval(() => socket.emit('news', { at: Date.now() }), 700);
    socket.on('chat', (value: unknown, acknowledge: (answer: unknown) => void) => {
      if (typeof acknowledge === 'function') acknowledge({ at: Date.now(), echo: value });
    });
    socket.on('disconnect', () => clearInterval(news));
  });
  // Its timers hold the process; they end with the server. Once: closing it closes the server, which says so again.
  server.once('close', () => void io.close());
  return server;
}
