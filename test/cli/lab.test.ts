import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import { ensureCommandBuilt } from '../e2e/support/built';
import { type Lab, startLab } from '../lab/lab';
import { pageOf, type Recording, recordPage } from '../lab/start/headless';
import { streamgauge } from './support/streamgauge';

/** Behind one real nginx: a stream that it holds, and a Socket.IO that it does not let upgrade. */
const IDS = ['nginx-default-buffering', 'nginx-without-upgrade'];

describe('record, of what goes wrong behind a real nginx', () => {
  let lab: Lab;
  let folder: string;
  let recording: Recording | undefined;

  beforeAll(async () => {
    await ensureCommandBuilt();
    folder = mkdtempSync(join(tmpdir(), 'streamgauge-lab-'));
    lab = await startLab({ without: ['haproxy'] });
    const scenarios = IDS.map((id) => lab.scenario(id));
    const { unavailable } = scenarios[0]!;
    if (unavailable !== null && process.env.CI === 'true') throw new Error(unavailable);
    if (unavailable !== null) return;
    recording = await recordPage({
      lab,
      browser: findChromium() ?? '',
      folder,
      name: 'nginx',
      page: pageOf(scenarios[0]!),
      scenarios,
      atATime: 1,
    });
  });
  afterAll(async () => {
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it.for(IDS.map((id, index) => [id, index] as const))('%s gives what it should', ([, index], { skip }) => {
    if (!recording) return skip(lab.missing.join(' '));
    const { missing, unexpected } = recording.verdicts[index]!;
    expect({ missing, unexpected }).toEqual({ missing: [], unexpected: [] });
  });

  it('exits with 1, since there are errors', ({ skip }) => {
    if (!recording) return skip(lab.missing.join(' '));
    expect(recording.status).toBe(1);
  });

  it('finds in the file what it found on the spot', async ({ skip }) => {
    if (!recording) return skip(lab.missing.join(' '));
    const again = await streamgauge(['diagnose', '--json', recording.tracePath]);
    expect(again.status).toBe(1);
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(recording.output));
    expect(readFileSync(recording.reportPath, 'utf8')).toMatch(/■ 41 events arrived/);
  });
});
