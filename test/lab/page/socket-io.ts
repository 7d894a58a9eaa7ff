import type { Socket } from 'socket.io-client';
import type { Step } from '../scenario.ts';
import type { Arrivals } from './arrivals.ts';

type Connect = typeof import('socket.io-client').io;

const loaded = new Map<string, Promise<Connect>>();

/** The client as its package serves it: one script element, and one global, which both versions give the same name. */
function loadClient(path: string): Promise<Connect> {
  let client = loaded.get(path);
  if (!client) {
    // One after the other, or one version could be taken for the other.
    client = Promise.allSettled(loaded.values()).then(() => runScript(path));
    loaded.set(path, client);
  }
  return client;
}

async function runScript(path: string): Promise<Connect> {
  const holder = window as unknown as { io?: Connect };
  delete holder.io;
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement('script');
    script.src = path;
    script.onload = () => resolve();
    script.onerror = () => reject(new Error('The Socket.IO client could not be loaded'));
    document.head.append(script);
  });
  if (!holder.io) throw new Error('The Socket.IO client did not define io');
  return holder.io;
}

/** Connects, exchanges acknowledged messages at their pace, and leaves when done or when the time is up. */
export async function runSocketIo(
  step: Step & { do: 'socket-io' },
  arrivals: Arrivals,
  stop: AbortSignal,
): Promise<void> {
  const connect = await loadClient(step.version === 2 ? '/socket.io-2.js' : '/socket.io.min.js');
  const socket: Socket = connect(step.url, {
    path: step.path,
    forceNew: true,
    ...(step.transports ? { transports: step.transports } : {}),
    ...(step.withCredentials ? { withCredentials: true } : {}),
  });
  await new Promise<void>((resolve) => {
    let sent = 0;
    let pacer: ReturnType<typeof setInterval> | undefined;
    const finish = () => {
      clearInterval(pacer);
      clearTimeout(timer);
      socket.disconnect();
      resolve();
    };
    const timer = setTimeout(finish, step.atMostMs);
    const speak = () => {
      if (!socket.connected) return;
      if (sent >= step.messages) return finish();
      socket.emit('chat', { index: sent++ }, (answer: unknown) =>
        arrivals.add(`ack ${JSON.stringify(answer)}`),
      );
    };
    socket.on('connect', () => {
      arrivals.note(`connected over ${socket.io.engine.transport.name}`);
      socket.io.engine.once('upgrade', () => arrivals.note('upgraded to websocket'));
      pacer ??= setInterval(speak, step.everyMs);
    });
    socket.on('news', (value: unknown) => arrivals.add(`news ${JSON.stringify(value)}`));
    socket.on('disconnect', (reason) => {
      arrivals.note(`disconnected: ${reason}`);
      // After every other reason the client comes back by itself.
      if (reason === 'io server disconnect') setTimeout(() => !stop.aborted && socket.connect(), 200);
    });
    socket.on('connect_error', (error) => arrivals.note(`connect_error: ${error.message}`));
    stop.addEventListener('abort', finish, { once: true });
  });
}
