import { connect } from 'node:net';
import type { UpgradeHandler } from '../origin/exchange.ts';

/** Passes a WebSocket on to the scenario's first backend; after `silentAfterMs` nothing gets through any more. */
export function forwardUpgrade(options: { silentAfterMs?: number } = {}): UpgradeHandler {
  return (request, socket, head, { backends }) => {
    const [host = '', port = ''] = (backends[0] ?? '').split(':');
    const upstream = connect(Number(port), host, () => {
      const lines = [`${request.method} ${request.url} HTTP/1.1`];
      for (let index = 0; index < request.rawHeaders.length; index += 2) {
        lines.push(`${request.rawHeaders[index]}: ${request.rawHeaders[index + 1]}`);
      }
      upstream.write(`${lines.join('\r\n')}\r\n\r\n`);
      upstream.write(head);
      upstream.pipe(socket);
      socket.pipe(upstream);
    });
    const close = () => {
      clearTimeout(timer);
      upstream.destroy();
      socket.destroy();
    };
    const timer =
      options.silentAfterMs === undefined
        ? undefined
        : setTimeout(() => {
            upstream.unpipe(socket);
            socket.unpipe(upstream);
            // Read on and throw away: a dead path swallows, it does not push back.
            upstream.resume();
            socket.resume();
          }, options.silentAfterMs);
    upstream.on('error', close).on('close', close);
    socket.on('error', close).on('close', close);
  };
}

/** Answers an upgrade with an HTTP error, as gateways that do not pass WebSockets do. */
export function refuseUpgrade(status: string, headers: Record<string, string> = {}): UpgradeHandler {
  return (_, socket) => {
    const lines = Object.entries({ ...headers, 'content-length': '0', connection: 'close' });
    socket.end(`HTTP/1.1 ${status}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  };
}
