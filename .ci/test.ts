import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { summarise, type VitestReport } from './summary.ts';

// `npm test`: everything, in two rounds. The last line is `N passed, N failed`; the exit status is 1 when anything failed.

const ROOT = resolve(import.meta.dirname, '..');
const OUT = join(ROOT, 'out/test');
/** Steps side by side: as many as the smallest machine we test on has cores. */
const AT_A_TIME = 2;

interface Step {
  name: string;
  /** Path under node_modules of the script that Node runs. */
  script: string;
  args: string[];
  /** File that vitest's JSON reporter writes. */
  report?: string;
}

interface Result {
  step: Step;
  status: number;
  seconds: number;
}

const vitest = (project: string): Step => ({
  name: `${project} tests`,
  script: 'vitest/vitest.mjs',
  args: [
    'run',
    '--project',
    project,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${reportOf(project)}`,
  ],
  report: reportOf(project),
});
const reportOf = (project: string) => join(OUT, `${project}.json`);

const FIRST: Step[] = [
  { name: 'build of the extension', script: 'vite/bin/vite.js', args: ['build', '--logLevel', 'warn'] },
  { name: 'types', script: 'typescript/bin/tsc', args: ['--noEmit'] },
  {
    name: 'build of the command',
    script: 'vite/bin/vite.js',
    args: ['build', '--mode', 'cli', '--logLevel', 'warn'],
  },
  {
    name: 'build of the dashboard',
    script: 'vite/bin/vite.js',
    args: ['build', '--mode', 'dashboard', '--logLevel', 'warn'],
  },
  { name: 'format and lint', script: '@biomejs/biome/bin/biome', args: ['check', '.'] },
  vitest('unit'),
];
/** What was built is what these load. */
const SECOND: Step[] = [vitest('browser')];

const children = new Set<ChildProcess>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    for (const child of children) child.kill(signal);
    process.exit(1);
  });
}

/** Runs one step; its output is shown in one piece when it is over, or as it comes when it runs alone. */
function run(step: Step, alone: boolean): Promise<Result> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'node_modules', step.script), ...step.args], {
      cwd: ROOT,
      stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...(process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }) },
    });
    children.add(child);
    const parts: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (part: Buffer) => parts.push(part));
    const finish = (status: number) => {
      children.delete(child);
      const seconds = (performance.now() - startMs) / 1000;
      process.stdout.write(`\n${status === 0 ? '✓' : '✗'} ${step.name} (${seconds.toFixed(1)} s)\n`);
      if (parts.length > 0 && (status !== 0 || step.report)) process.stdout.write(Buffer.concat(parts));
      resolve({ step, status, seconds });
    };
    child.once('error', () => finish(1));
    child.once('close', (status) => finish(status ?? 1));
  });
}

async function runAll(steps: Step[]): Promise<Result[]> {
  const waiting = [...steps];
  const results: Result[] = [];
  const work = async () => {
    for (let step = waiting.shift(); step; step = waiting.shift())
      results.push(await run(step, steps.length === 1));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return results;
}

function readReport(path: string): VitestReport | null {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as VitestReport;
  } catch {
    // The run ended before it could report; `summarise` counts that as a failure.
    return null;
  }
}

rmSync(OUT, { recursive: true, force: true });
mkdirSync(OUT, { recursive: true });
const results = [...(await runAll(FIRST)), ...(await runAll(SECOND))];
const summary = summarise(
  results.map(({ step, status }) => ({
    name: step.name,
    status,
    report: step.report ? readReport(step.report) : undefined,
  })),
);
for (const line of summary.lines) process.stdout.write(`${line}\n`);
process.exitCode = summary.failed === 0 ? 0 : 1;
