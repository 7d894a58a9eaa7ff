import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { CdpConnection } from './cdp';

/** Keep the browser quiet (no updates, no sync, no look-ups of its own) and at full speed when its window is covered. */
const QUIET = [
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-search-engine-choice-screen',
  '--password-store=basic',
  '--use-mock-keychain',
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];

const STARTS_WITHIN_MS = 30_000;
const CLOSES_WITHIN_MS = 3000;

export interface LaunchOptions {
  executable: string;
  headed?: boolean;
  /** Extra switches, after ours. */
  args?: string[];
}

export interface LaunchedBrowser {
  connection: CdpConnection;
  process: ChildProcess;
  /** Ends the browser and removes its profile. */
  close(): Promise<void>;
}

/**
 * Starts a browser with an empty profile and speaks the DevTools protocol over a pipe (file descriptors 3 and 4), so
 * no port is opened and nothing else on the machine can connect.
 */
export async function launchChromium(options: LaunchOptions): Promise<LaunchedBrowser> {
  const profile = mkdtempSync(join(tmpdir(), 'streamgauge-'));
  const args = [
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
    ...QUIET,
    ...(options.headed ? [] : ['--headless=new', '--disable-gpu']),
    // Chromium's sandbox cannot start as root (containers, CI).
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ...(options.args ?? []),
    'about:blank',
  ];
  const child = spawn(options.executable, args, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  });
  let complaints = '';
  child.stderr?.on('data', (data: Buffer) => {
    if (complaints.length < 8192) complaints += data.toString();
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const connection = new CdpConnection(child.stdio[3] as Writable, child.stdio[4] as Readable);
  const removeProfile = () =>
    rmSync(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  const stop = () => {
    try {
      if (child.pid && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
      else child.kill('SIGKILL');
    } catch {
      // It is gone already.
    }
  };
  const abandon = () => {
    stop();
    removeProfile();
  };
  process.once('exit', abandon);
  const close = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      const timer = setTimeout(stop, CLOSES_WITHIN_MS);
      connection.send('Browser.close').catch(() => undefined);
      await exited;
      clearTimeout(timer);
    }
    // After a crash its helpers may still be there.
    stop();
    process.removeListener('exit', abandon);
    connection.dispose();
    removeProfile();
  };
  let timer: NodeJS.Timeout | undefined;
  try {
    await Promise.race([
      // A connection that fails has a reason, which the end of the process tells.
      connection.send('Browser.getVersion').catch(() => new Promise<never>(() => undefined)),
      new Promise<never>((_, reject) => {
        timer = setTimeout(
          () => reject(new Error(`${options.executable} does not answer as Chromium, Chrome or Edge would.`)),
          STARTS_WITHIN_MS,
        );
      }),
      exited.then(() => {
        throw new Error(`${options.executable} ended while starting: ${reasonIn(complaints)}`);
      }),
      new Promise((_, reject) => {
        child.once('error', (error) =>
          reject(new Error(`${options.executable} cannot be started: ${error.message}`)),
        );
      }),
    ]);
  } catch (error) {
    stop();
    process.removeListener('exit', abandon);
    removeProfile();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  return { connection, process: child, close };
}

/** The line that tells most, without the place in the browser's source that it begins with. */
function reasonIn(complaints: string): string {
  const lines = complaints
    .trim()
    .split('\n')
    .map((line) => line.replace(/^\[[^\]]*\] */, ''));
  return lines.find((line) => /X server|display/i.test(line)) || lines.at(-1) || 'it said nothing.';
}
