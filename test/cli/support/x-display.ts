import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';

/** A display that exists in memory only. */
export interface Display {
  /** Value for `DISPLAY`. */
  name: string;
  /** Asks every window to close, as the button in its corner does; returns how many there were. */
  closeWindows(): Promise<number>;
  stop(): Promise<void>;
}

/** Path of Xvfb; null where it is not installed. */
export function findXvfb(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return folders.map((folder) => join(folder, 'Xvfb')).find(existsSync) ?? null;
}

/** Starts Xvfb on a display of its own choosing. */
export async function startDisplay(xvfb: string): Promise<Display> {
  const server = spawn(xvfb, ['-displayfd', '1', '-screen', '0', '1280x800x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const number = await displayNumber(server);
  return {
    name: `:${number}`,
    closeWindows: () => closeWindows(`/tmp/.X11-unix/X${number}`),
    stop: async () => {
      const exited = once(server, 'exit');
      server.kill();
      await exited;
    },
  };
}

async function displayNumber(server: ChildProcess): Promise<string> {
  let text = '';
  for await (const data of server.stdout!) {
    text += String(data);
    if (text.includes('\n')) return text.trim();
  }
  throw new Error('Xvfb ended before it had a display');
}

/** Opcodes and codes of the X11 protocol, version 11, appendix B. */
const X = { internAtom: 16, queryTree: 15, getProperty: 20, sendEvent: 25, clientMessage: 33 } as const;

/** What a window manager does for the person who closes a window (ICCCM, section 4.2.8.1). */
async function closeWindows(path: string): Promise<number> {
  const socket = createConnection(path);
  const read = reader(socket);
  const send = (opcode: number, detail: number, ...words: number[]) => {
    const request = Buffer.alloc(4 + 4 * words.length);
    request.writeUInt8(opcode, 0);
    request.writeUInt8(detail, 1);
    request.writeUInt16LE(1 + words.length, 2);
    for (const [index, word] of words.entries()) request.writeUInt32LE(word, 4 + 4 * index);
    socket.write(request);
  };
  /** Answers have 32 bytes and, in words at byte 4, what follows them. */
  const answer = async () => {
    const head = await read(32);
    return Buffer.concat([head, await read(4 * head.readUInt32LE(4))]);
  };
  const atom = async (name: string) => {
    const padded = Buffer.alloc(Math.ceil(name.length / 4) * 4);
    padded.write(name);
    send(
      X.internAtom,
      0,
      name.length,
      ...new Uint32Array(padded.buffer, padded.byteOffset, padded.length / 4),
    );
    return (await answer()).readUInt32LE(8);
  };
  try {
    const hello = Buffer.alloc(12);
    hello.write('l');
    hello.writeUInt16LE(11, 2);
    socket.write(hello);
    const setup = await read(8);
    const info = await read(4 * setup.readUInt16LE(6));
    const vendorLength = Math.ceil(info.readUInt16LE(16) / 4) * 4;
    const root = info.readUInt32LE(32 + vendorLength + 8 * info.readUInt8(21));
    const protocols = await atom('WM_PROTOCOLS');
    const deleteWindow = await atom('WM_DELETE_WINDOW');
    send(X.queryTree, 0, root);
    const tree = await answer();
    let closed = 0;
    for (let index = 0; index < tree.readUInt16LE(16); index++) {
      const window = tree.readUInt32LE(32 + 4 * index);
      send(X.getProperty, 0, window, protocols, 0, 0, 8);
      const property = await answer();
      const count = property.readUInt32LE(16);
      const known = Array.from({ length: count }, (_, at) => property.readUInt32LE(32 + 4 * at));
      if (!known.includes(deleteWindow)) continue;
      const event = X.clientMessage + (32 << 8);
      send(X.sendEvent, 0, window, 0, event, window, protocols, deleteWindow, 0, 0, 0, 0);
      closed++;
    }
    // An answer to anything: what was sent before it has been taken.
    send(X.queryTree, 0, root);
    await answer();
    return closed;
  } finally {
    socket.destroy();
  }
}

/** Reads so many bytes, and then the next. */
function reader(socket: Socket): (length: number) => Promise<Buffer> {
  return async (length) => {
    for (;;) {
      if (length === 0) return Buffer.alloc(0);
      const data = socket.read(length) as Buffer | null;
      if (data) return data;
      await once(socket, 'readable');
    }
  };
}
