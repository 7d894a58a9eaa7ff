import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { ensureBuilt, ensureCommandBuilt } from '../e2e/support/built.ts';
import { findProgram, missingSentence } from './gateways/program.ts';

const ROOT = resolve(import.meta.dirname, '../..');

/** Runs what `npm start` runs, on a machine without a display. */
function start(ids: string[]): Promise<{ status: number | null; output: string }> {
  const { DISPLAY: _x, WAYLAND_DISPLAY: _wayland, ...env } = process.env;
  return new Promise((done, reject) => {
    const tsx = join(ROOT, 'node_modules/tsx/dist/cli.mjs');
    const child = spawn(process.execPath, [tsx, join(ROOT, 'test/lab/start.ts'), ...ids], { cwd: ROOT, env });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    child.once('error', reject);
    child.once('close', (status) => done({ status, output }));
  });
}

beforeAll(async () => {
  await ensureBuilt();
  await ensureCommandBuilt();
});

describe('npm start without a display', () => {
  it('records real scenarios, prints what was found in them, and where it is saved', async ({ skip }) => {
    if (!findProgram('nginx') && process.env.CI !== 'true') skip(missingSentence('nginx'));
    const { status, output } = await start(['nginx-default-buffering', 'steady-tokens']);
    expect(output).toMatch(/^✓ +nginx, default buffering +error buffered-stream +error buffered-stream$/m);
    expect(output).toMatch(/^✓ +Steady tokens +nothing +nothing$/m);
    expect(output).toMatch(/^ {2}error buffered-stream: 41 events arrived /m);
    expect(output).toContain('2 of 2 scenarios gave what they should.');
    const saved = (what: string) =>
      [...output.matchAll(new RegExp(`^ {2}${what} +(.+)$`, 'gm'))].map(([, path = '']) => path);
    for (const path of saved('trace')) {
      expect(JSON.parse(gunzipSync(readFileSync(path)).toString())).toMatchObject({
        format: 'streamgauge-trace',
        meta: { recorder: 'cli' },
      });
      // What brought the lab's names into the browser is not left behind.
      expect(existsSync(path.replace('.trace.json.gz', '.browser.sh'))).toBe(false);
    }
    // One recording for each of the two pages.
    expect(saved('trace')).toHaveLength(2);
    const reports = saved('report').map((path) => readFileSync(path, 'utf8'));
    expect(reports.filter((text) => text.includes('■ 41 events arrived'))).toHaveLength(1);
    expect(reports.filter((text) => text.includes('✓ nothing wrong'))).toHaveLength(1);
    expect(status).toBe(0);
  });

  it('names the scenario that there is not', async () => {
    const { status, output } = await start(['no-such-thing']);
    expect(status).not.toBe(0);
    expect(output).toContain('The lab has no scenario "no-such-thing"');
  });
});
