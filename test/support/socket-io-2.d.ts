// What the tests use of Socket.IO 2, whose packages have no types of their own.

declare module 'socket.io-2' {
  import type { Server as HttpServer } from 'node:http';

  interface Socket {
    emit(event: string, ...args: unknown[]): void;
    // Handlers take what the other side sent: each test says what that is.
    // biome-ignore lint/suspicious/noExplicitAny: see above.
    on(event: string, handle: (...args: any[]) => void): void;
    disconnect(close?: boolean): void;
  }
  interface Namespace {
    on(event: 'connection', handle: (socket: Socket) => void): void;
    use(check: (socket: Socket, next: (error?: Error) => void) => void): void;
  }
  interface Server extends Namespace {
    of(name: string): Namespace;
    close(): void;
  }
  export interface Options {
    path?: string;
    serveClient?: boolean;
    pingInterval?: number;
    pingTimeout?: number;
  }
  function serve(server: HttpServer, options?: Options): Server;
  export default serve;
}

declare module 'socket.io-client-2' {
  export interface Socket {
    connected: boolean;
    io: { socket(namespace: string, options?: { query?: string }): Socket };
    emit(event: string, ...args: unknown[]): void;
    // biome-ignore lint/suspicious/noExplicitAny: handlers take what the server sent, as each test says.
    on(event: string, handle: (...args: any[]) => void): void;
    close(): void;
  }
  export interface Options {
    path?: string;
    transports?: ('polling' | 'websocket')[];
    upgrade?: boolean;
    forceNew?: boolean;
    forceBase64?: boolean;
    reconnection?: boolean;
  }
  function connect(url: string, options?: Options): Socket;
  export default connect;
}
