import { createServer, type Server } from 'node:http';
import { type ServerOptions, Server as SocketServer } from 'socket.io';
import serve2 from 'socket.io-2';

/** What a server does besides answering. */
export interface SocketHabits {
  /** It sends a client away, once, after so many messages of it, as servers do that want a fresh login. */
  dismissesAfter?: number;
  /** So long after a client came it pings no more, and goes on answering. */
  pingsForMs?: number;
}

/** A real Socket.IO server that acknowledges every message and sends some news. */
export function socketServer(
  path: string,
  options: Partial<ServerOptions> = {},
  habits: SocketHabits = {},
): Server {
  const server = createServer();
  const io = new SocketServer(server, {
    path,
    serveClient: false,
    cors: { origin: true, credentials: true },
    ...options,
  });
  let dismissed = false;
  if (habits.pingsForMs !== undefined) {
    io.engine.on('connection', (connection: EngineConnection) => {
      setTimeout(() => {
        clearTimeout(connection.pingIntervalTimer);
        clearTimeout(connection.pingTimeoutTimer);
      }, habits.pingsForMs);
    });
  }
  io.on('connection', (socket) => {
    let messages = 0;
    const news = setInterval(() => socket.emit('news', { at: Date.now() }), 700);
    socket.on('chat', (value: unknown, acknowledge: (answer: unknown) => void) => {
      if (typeof acknowledge === 'function') acknowledge({ at: Date.now(), echo: value });
      if (dismissed || ++messages !== habits.dismissesAfter) return;
      dismissed = true;
      socket.disconnect(true);
    });
    socket.on('disconnect', () => clearInterval(news));
  });
  // Its timers hold the process; they end with the server. Once: closing it closes the server, which says so again.
  server.once('close', () => void io.close());
  return server;
}

/** The same talk with a real server of version 2, whose clients are the ones that ping. */
export function socketServer2(path: string): Server {
  const server = createServer();
  const io = serve2(server, { path, serveClient: false, pingInterval: 700, pingTimeout: 5000 });
  io.on('connection', (socket) => {
    const news = setInterval(() => socket.emit('news', { at: Date.now() }), 700);
    socket.on('chat', (value: unknown, acknowledge: (answer: unknown) => void) => {
      if (typeof acknowledge === 'function') acknowledge({ at: Date.now(), echo: value });
    });
    socket.on('disconnect', () => clearInterval(news));
  });
  server.once('close', () => io.close());
  return server;
}

/** The timers of an Engine.IO connection, which nobody outside of it can stop: a server that forgot its pings. */
interface EngineConnection {
  pingIntervalTimer?: NodeJS.Timeout;
  pingTimeoutTimer?: NodeJS.Timeout;
}
