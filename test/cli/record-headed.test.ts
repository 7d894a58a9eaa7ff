import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import { type RecordBench, startRecordBench } from './support/record-bench';
import type { RunOptions } from './support/streamgauge';
import { type Display, findXvfb, startDisplay } from './support/x-display';

const xvfb = findXvfb();
const canRun = xvfb !== null && findChromium() !== null;

describe.skipIf(!canRun)('record --headed (needs Xvfb and a browser)', () => {
  let bench: RecordBench;
  let display: Display;
  let { site, at, open } = {} as RecordBench;

  beforeAll(async () => {
    bench = await startRecordBench();
    ({ site, at, open } = bench);
    display = await startDisplay(xvfb!);
  });
  afterAll(async () => {
    await display?.stop();
    await bench?.stop();
  });

  const record = (args: string[], options: RunOptions = {}) =>
    bench.record(['--headed', ...args], {
      ...options,
      env: { DISPLAY: display.name, WAYLAND_DISPLAY: '', ...options.env },
    });

  it('shows the page in a window, and ends after the script like any other', async () => {
    const out = at('window.json');
    const run = bench.script('done.js', 'if (outerWidth === 0) throw new Error("no window"); window.done');
    const ran = await record([`${site.origin}/`, '--for', '60s', '--run', run, '--out', out]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const trace = open('window.json');
    expect(trace.meta.browser).not.toContain('Headless');
    expect(trace.streams.filter(({ end }) => end === null)).toEqual([]);
  });

  it('records until the person closes the window, however quiet the page, and takes that for the end', async () => {
    const out = at('closed.json');
    let windows = 0;
    const ran = await record([`${site.origin}/empty`, '--for', '60s', '--out', out], {
      started: () =>
        void site
          .asked('/empty')
          // Longer than a page may be quiet otherwise.
          .then(() => delay(5000))
          .then(() => display.closeWindows())
          .then((count) => {
            windows = count;
          }),
    });
    expect(windows).toBeGreaterThan(0);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const { meta, streams } = open('closed.json');
    expect(meta.endedAtMs).toBeGreaterThan(4000);
    expect(streams.map(({ request }) => new URL(request.url).pathname)).toEqual(['/empty']);
  });

  it('keeps a stream that is open when the window is closed', async () => {
    const out = at('stream.json');
    const ran = await record([`${site.origin}/endless`, '--for', '60s', '--out', out], {
      started: () =>
        void site
          .asked('/endless/events')
          .then(() => delay(1000))
          .then(() => display.closeWindows()),
    });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const stream = open('stream.json').streams.find(({ kind }) => kind === 'fetch');
    expect(stream?.chunks.atMs.length).toBeGreaterThan(2);
  });

  it.each([
    ['is named', '', /--headed needs a display, and neither DISPLAY nor WAYLAND_DISPLAY names one\.$/],
    ['is there', ':4711', /ended while starting: .*(X server|display)/i],
  ])('says so where no display %s', async (_, name, sentence) => {
    const ran = await record([`${site.origin}/empty`], { env: { DISPLAY: name } });
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr.trimEnd()).toMatch(sentence);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it('leaves no profile behind', () => {
    expect(bench.profilesLeft()).toEqual([]);
  });
});
