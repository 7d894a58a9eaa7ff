import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../../..');
export const EXTENSION = join(ROOT, 'dist/extension');
export const COMMAND = join(ROOT, 'dist/cli/streamgauge.js');

const INPUTS = ['src', 'public', 'manifest.json', 'vite.config.ts', 'package-lock.json'];

/** Builds extension and command, unless both are newer than everything they are made of. Throws with vite's words. */
export function buildAll(say: (line: string) => void): void {
  const steps = [
    { name: 'extension', args: ['build'], result: join(EXTENSION, 'manifest.json') },
    { name: 'command', args: ['build', '--mode', 'cli'], result: COMMAND },
  ];
  const newest = Math.max(...INPUTS.map((path) => newestUnder(join(ROOT, path))));
  for (const { name, args, result } of steps) {
    if (existsSync(result) && statSync(result).mtimeMs > newest) continue;
    say(`Building the ${name}`);
    const done = spawnSync(process.execPath, [join(ROOT, 'node_modules/vite/bin/vite.js'), ...args], {
      cwd: ROOT,
      encoding: 'utf8',
    });
    if (done.status !== 0) throw new Error(`Building the ${name} failed:\n${done.stdout}\n${done.stderr}`);
  }
}

function newestUnder(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newestUnder(join(path, name))));
}
