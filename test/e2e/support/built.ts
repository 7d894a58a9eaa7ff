import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

const root = resolve(import.meta.dirname, '../../..');
const LOCK = join(root, 'node_modules/.streamgauge-build.lock');
/** A lock this old belongs to a process that hangs. */
const STALE_MS = 120_000;

/**
 * Folder of the built extension: the one named in `STREAMGAUGE_EXTENSION`, or ours, built when a source is newer. Test
 * files in parallel build it once.
 */
export async function ensureBuilt(): Promise<string> {
  const named = process.env.STREAMGAUGE_EXTENSION;
  if (named) return resolve(named);
  const folder = join(root, 'dist/extension');
  await buildUnlessFresh(join(folder, 'manifest.json'), []);
  return folder;
}

/** Path of the built command; built when a source is newer. */
export async function ensureCommandBuilt(): Promise<string> {
  const command = join(root, 'dist/cli/streamgauge.js');
  await buildUnlessFresh(command, ['--mode', 'cli']);
  return command;
}

/** Path of the built dashboard, one page; built when a source is newer. */
export async function ensureDashboardBuilt(): Promise<string> {
  const page = join(root, 'dist/dashboard/index.html');
  await buildUnlessFresh(page, ['--mode', 'dashboard']);
  return page;
}

async function buildUnlessFresh(built: string, args: string[]): Promise<void> {
  const release = await lock();
  try {
    if (isFresh(built)) return;
    const vite = join(root, 'node_modules/vite/bin/vite.js');
    // vitest sets NODE_ENV and VITEST for its own run; what is built is built as for release.
    const { VITEST: _vitest, NODE_ENV: _mode, ...env } = process.env;
    await promisify(execFile)(process.execPath, [vite, 'build', ...args], { cwd: root, env });
  } finally {
    release();
  }
}

async function lock(): Promise<() => void> {
  for (;;) {
    try {
      mkdirSync(LOCK);
      writeFileSync(join(LOCK, 'pid'), String(process.pid));
      return () => rmSync(LOCK, { recursive: true, force: true });
    } catch {
      const ageMs = existsSync(LOCK) ? Date.now() - statSync(LOCK).mtimeMs : 0;
      if (ageMs > STALE_MS || (ageMs > 1000 && !isAlive(ownerOf()))) {
        rmSync(LOCK, { recursive: true, force: true });
      }
      await delay(200);
    }
  }
}

function ownerOf(): number {
  try {
    return Number(readFileSync(join(LOCK, 'pid'), 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    // Signal 0 asks without sending anything; process 0 would be our own group.
    return pid > 0 && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function isFresh(built: string): boolean {
  if (!existsSync(built)) return false;
  const builtMs = statSync(built).mtimeMs;
  return newest(join(root, 'src')) < builtMs && statSync(join(root, 'manifest.json')).mtimeMs < builtMs;
}

function newest(folder: string): number {
  return Math.max(
    0,
    ...readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? newest(path) : statSync(path).mtimeMs;
    }),
  );
}
