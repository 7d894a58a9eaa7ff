import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { Program } from '../scenario.ts';

/** Path of an installed gateway; null when there is none. Debian puts them where only root's PATH looks. */
export function findProgram(name: Program, env: NodeJS.ProcessEnv = process.env): string | null {
  const folders = [...(env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin', '/opt/homebrew/bin'];
  for (const folder of folders.filter(Boolean)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}

export const missingSentence = (name: Program) =>
  `${name} is not installed (Debian and Ubuntu: apt-get install ${name === 'nginx' ? 'nginx-light' : name}).`;

/**
 * Ports that were free a moment ago. A real gateway cannot bind port 0 and tell, so it may lose the race for one; the
 * caller then tries again with others.
 */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise<ReturnType<typeof createServer>>((resolve, reject) => {
          const server = createServer();
          server.once('error', reject);
          server.listen(0, '127.0.0.1', () => resolve(server));
        }),
    ),
  );
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface RunningProgram {
  stop(): Promise<void>;
}

/** Starts a gateway in the foreground and waits until `port` answers; rejects with its own words when it ends first. */
export async function runProgram(path: string, args: string[], port: number): Promise<RunningProgram> {
  const child = spawn(path, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let words = '';
  child.stderr.on('data', (data: Buffer) => {
    if (words.length < 8192) words += data.toString();
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const killAtExit = () => void child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const stop = async () => {
    if (isRunning(child)) {
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 2000);
      await ended;
      clearTimeout(timer);
    }
    process.removeListener('exit', killAtExit);
  };
  const deadline = Date.now() + 10_000;
  while (!(await accepts(port))) {
    if (!isRunning(child) || Date.now() > deadline) {
      await stop();
      throw new Error(`${path} did not start: ${words.trim() || 'it said nothing'}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  // Another program may have taken the port first and be the one that answers.
  if (!isRunning(child)) throw new Error(`${path} did not start: ${words.trim()}`);
  return { stop };
}

const isRunning = (child: ChildProcess) =>
  child.pid !== undefined && child.exitCode === null && child.signalCode === null;

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
