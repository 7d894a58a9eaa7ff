import { type ChildProcess, spawn } from 'node:child_process';
import { ensureCommandBuilt } from '../../e2e/support/built';

export interface Ran {
  status: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  stdin?: Uint8Array | string;
  /** Leads a process group of its own, as a command does that a shell runs for a person. */
  isGroup?: boolean;
  /** Called with the process as soon as it runs. */
  started?(child: ChildProcess): void;
}

let built: Promise<string> | undefined;

/** Runs the built command like a shell would, without a terminal. */
export async function streamgauge(args: string[], options: RunOptions = {}): Promise<Ran> {
  built ??= ensureCommandBuilt();
  const command = await built;
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, ...args], {
      env: { ...process.env, ...options.env },
      detached: options.isGroup ?? false,
    });
    const ran: Ran = { status: null, stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      ran.stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      ran.stderr += text;
    });
    // One that refuses its arguments does not read what it is given.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.stdin ?? '');
    child.once('error', reject);
    child.once('close', (status) => resolve({ ...ran, status }));
    options.started?.(child);
  });
}
