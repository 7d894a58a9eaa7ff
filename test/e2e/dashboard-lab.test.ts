import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import { streamgauge } from '../cli/support/streamgauge';
import { findProgram } from '../lab/gateways/program';
import { startLab } from '../lab/lab';
import { pageOf, recordPage } from '../lab/start/headless';
import { ensureCommandBuilt, ensureDashboardBuilt } from './support/built';
import { dropFiles, openDashboardBrowser, violationsOf } from './support/dashboard-browser';

// Two people, one question: the same answer of 41 events comes as it is made on one machine and all at once behind nginx.
// Both are recorded in a real browser, and the dashboard has to say what the second one's gateway does.

const RECORDED = { direct: 'steady-tokens', buffered: 'nginx-default-buffering' };
const EVENTS = 41;
/** Of a plot of a report, in units of its drawing. */
const WIDTH = 720;

const executablePath = findChromium();
const canRun = executablePath !== null && (findProgram('nginx') !== null || process.env.CI === 'true');

describe.skipIf(!canRun)('a stream of the lab, direct and behind nginx, in the dashboard', () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-dashboard-lab-'));
  const at = (name: string) => join(folder, name);
  const files: string[] = [];
  let address: string;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];
  let requests: string[];
  let sentence = '';
  let library: string[] = [];

  async function start(): Promise<void> {
    ({ context, page, errors, requests } = await openDashboardBrowser(at('profile')));
    await page.goto(address);
    await page.getByRole('navigation', { name: 'Dashboard' }).waitFor();
  }

  beforeAll(async () => {
    await ensureCommandBuilt();
    address = pathToFileURL(await ensureDashboardBuilt()).href;
    const lab = await startLab({ without: ['haproxy'] });
    try {
      for (const [name, id] of Object.entries(RECORDED)) {
        const scenario = lab.scenario(id);
        if (scenario.unavailable) throw new Error(scenario.unavailable);
        const { tracePath } = await recordPage({
          lab,
          browser: executablePath ?? '',
          folder,
          name,
          page: pageOf(scenario),
          scenarios: [scenario],
        });
        files.push(tracePath);
      }
    } finally {
      await lab.stop();
    }
    await start();
  });

  afterAll(async () => {
    await context?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  const recordings = () => page.locator('.library tbody tr');
  const plot = () => page.getByRole('img', { name: /^Arrival curves\./ });

  async function compare(): Promise<string> {
    for (const name of Object.keys(RECORDED)) await page.getByLabel(`Mark ${name} for comparison`).check();
    await page.getByRole('button', { name: 'Compare the two marked' }).click();
    return (await page.locator('.verdict-sentence').textContent()) ?? '';
  }

  async function saveComparison(format: string, name: string): Promise<void> {
    await page.getByRole('button', { name: 'Save comparison' }).click();
    const dialog = page.getByRole('dialog', { name: 'Save this comparison' });
    await dialog.locator(`input[value=${format}]`).check();
    await dialog
      .getByRole('status')
      .filter({ hasText: /will be replaced|shape of a secret/ })
      .waitFor();
    const downloading = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Save', exact: true }).click();
    await (await downloading).saveAs(at(name));
    await dialog.waitFor({ state: 'detached' });
  }

  it('takes both recordings when they are dropped on it', async () => {
    await dropFiles(page, files);
    await expect.poll(() => recordings().count()).toBe(2);
    for (const name of Object.keys(RECORDED)) {
      await page.getByRole('link', { name, exact: true }).waitFor();
    }
    await page.locator('.job').waitFor({ state: 'detached' });
    library = await recordings().allTextContents();
  });

  it('says that the gateway holds the stream back, and by how much', async () => {
    sentence = await compare();
    expect(sentence).toMatch(
      /^Buffered delivers the 41 events of POST …\/chat in one burst [\d.]+ s later than direct: nginx\/1\.[\d.]+ in between holds the answer back \(buffered-stream appeared\)\.( \d more requests? differs?\.)?$/,
    );
    expect(await plot().getAttribute('aria-label')).toMatch(/direct: 41 events.*buffered: 41 events/s);
    const figure = (name: string) => page.getByRole('row', { name: new RegExp(`^${name} `) });
    const cells = async (name: string) =>
      (await figure(name).getByRole('cell').allTextContents()).slice(0, 2);
    expect((await cells('events')).map(Number)).toEqual([EVENTS, EVENTS]);
    const [direct, buffered] = (await cells('bursts')).map(Number);
    expect(direct).toBeGreaterThan(EVENTS / 4);
    expect(buffered).toBe(1);
    expect(await page.getByText(/41 matched by their contents/).count()).toBe(1);
    expect(await violationsOf(page)).toEqual([]);
  });

  async function exportHtml(name: string): Promise<{ report: Page; thrown: string[] }> {
    await page.getByRole('link', { name: 'Library' }).first().click();
    await page.getByRole('link', { name, exact: true }).click();
    await page.getByRole('tab', { name: 'Streams' }).click();
    await page.getByRole('button', { name: 'Export' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export this recording' });
    await dialog.locator('input[value=html]').check();
    const downloading = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Save' }).click();
    const path = at(`${name}.html`);
    await (await downloading).saveAs(path);
    const report = await context.newPage();
    const thrown: string[] = [];
    report.on('pageerror', (error) => thrown.push(error.message));
    await report.goto(pathToFileURL(path).href);
    return { report, thrown };
  }

  it('exports a page whose plot is drawn, and can be zoomed, from disk and without a network', async () => {
    const { report, thrown } = await exportHtml('buffered');
    await report.locator('article.error h3', { hasText: /^■?41 events arrived/ }).waitFor();
    const figure = report.locator('article.error figure').first();
    const { from, to, points } = await drawn(figure);
    expect(points.length).toBeGreaterThan(0);
    // All of it lies at the right end, after a silence that is shaded.
    expect(points.every(({ x }) => x > from + (to - from) * 0.9)).toBe(true);
    expect(points.at(-1)!.y).toBeLessThan(points[0]!.base);
    expect(await figure.locator('.gap').count()).toBeGreaterThan(0);
    expect(await figure.locator('.total').textContent()).toBe('41 events');
    expect(await colours(report, figure)).toBeGreaterThan(3);

    const ticks = () => figure.locator('.tick').allTextContents();
    const whole = await ticks();
    expect(whole[0]).toBe('0.0 ms');
    expect(whole.at(-1)).toMatch(/^[\d.]+ s$/);
    await drag(report, figure, 0.85, 0.999);
    const zoomed = await ticks();
    expect(zoomed[0]).toMatch(/^[\d.]+ s$/);
    expect(zoomed.at(-1)).not.toBe(zoomed[0]);
    expect((await drawn(figure)).points.length).toBeGreaterThan(0);
    await figure.getByRole('button', { name: 'Whole' }).click();
    expect(await ticks()).toEqual(whole);
    expect(await violationsOf(report)).toEqual([]);
    expect(thrown).toEqual([]);
    expect(await report.evaluate(() => window.refused)).toEqual([]);
    await report.close();
  });

  it('exports the plot of the healthy one as well, a step per delivery', async () => {
    const { report, thrown } = await exportHtml('direct');
    await report.getByText('Nothing wrong was found').waitFor();
    const { from, to, points } = await drawn(report.locator('figure').first());
    expect(points.length).toBeGreaterThan(EVENTS / 4);
    // Over the whole width, each higher than the one before.
    expect(points[0]!.x).toBeLessThan(from + (to - from) * 0.3);
    expect(points.at(-1)!.x).toBeGreaterThan(from + (to - from) * 0.9);
    expect(points.slice(1).every(({ y }, index) => y < points[index]!.y)).toBe(true);
    expect(await violationsOf(report)).toEqual([]);
    expect(thrown).toEqual([]);
    await report.close();
  });

  it('saves the comparison as the very page that the command writes of the same files, with both curves', async () => {
    await page.getByRole('link', { name: 'Library' }).first().click();
    for (const name of Object.keys(RECORDED)) await page.getByLabel(`Mark ${name} for comparison`).uncheck();
    await compare();
    await saveComparison('html', 'comparison.html');
    await saveComparison('json', 'comparison.json');
    for (const [ending, name] of [
      ['html', 'by-command.html'],
      ['json', 'by-command.json'],
    ] as const) {
      const ran = await streamgauge(['compare', ...files, '--out', at(name)]);
      expect(ran).toMatchObject({ status: 0, stderr: '' });
      expect(ran.stdout).toContain(sentence);
      expect(unsalted(at(`comparison.${ending}`))).toBe(unsalted(at(name)));
    }

    const saved = await context.newPage();
    const thrown: string[] = [];
    saved.on('pageerror', (error) => thrown.push(error.message));
    await saved.goto(pathToFileURL(at('comparison.html')).href);
    await saved.locator('article.verdict', { hasText: sentence }).waitFor();
    const figure = saved.locator('figure').first();
    const [direct, buffered] = [await drawn(figure, 0), await drawn(figure, 1)];
    // How long each took is the machine's affair; that one is spread over its time and the other is not, is not.
    const spread = ({ from, points }: typeof direct) =>
      (points.at(-1)!.x - points[0]!.x) / (points.at(-1)!.x - from);
    expect(direct.points.length).toBeGreaterThan(EVENTS / 4);
    expect(spread(direct)).toBeGreaterThan(0.7);
    expect(spread(buffered)).toBeLessThan(0.1);
    // One scale: both end as high.
    expect(buffered.points.at(-1)!.y).toBe(direct.points.at(-1)!.y);
    expect(await figure.locator('.legend').textContent()).toMatch(/direct.*buffered/);
    const ticks = () => figure.locator('.tick').allTextContents();
    const whole = await ticks();
    // A part in which one has come to the middle and the other has not begun.
    const edge = Math.min(buffered.points[0]!.x, direct.points.at(-1)!.x) * 0.6;
    const before = direct.points.filter(({ x }) => x < edge);
    await drag(saved, figure, 0, edge / WIDTH);
    expect(await ticks()).not.toEqual(whole);
    // A point at the very edge may be in or out, by the width of a pixel.
    const kept = (await drawn(figure, 0)).points.length;
    expect(Math.abs(kept - before.length)).toBeLessThanOrEqual(1);
    expect(kept).toBeLessThan(direct.points.length);
    expect((await drawn(figure, 1)).points).toEqual([]);
    await figure.focus();
    await saved.keyboard.press('Escape');
    expect(await ticks()).toEqual(whole);
    await saved.keyboard.press('Home');
    expect(await figure.locator('output').textContent()).toMatch(
      /^[\d.]+ m?s after the request: direct \d+ events?, .*; buffered 0 events, 0 B$/,
    );
    expect(await violationsOf(saved)).toEqual([]);
    expect(thrown).toEqual([]);
    await saved.close();
  });

  it('has the library as it was after a reload, and after the browser was closed', async () => {
    await page.goto(address);
    await page.reload();
    await expect.poll(() => recordings().allTextContents()).toEqual(library);
    expect(errors).toEqual([]);
    await context.close();
    await start();
    await expect.poll(() => recordings().allTextContents()).toEqual(library);
    expect(await compare()).toBe(sentence);
    expect(requests.filter((url) => !/^(file|blob|data):/.test(url))).toEqual([]);
    expect(errors).toEqual([]);
  });
});

/** A saved file whose fingerprints are all alike: each export has a key of its own. */
function unsalted(path: string): string {
  return readFileSync(path, 'utf8').replace(/redacted:[0-9a-f]{8}/g, 'redacted:');
}

/** Where a plot of a report has its points, and between which edges, in units of the drawing. */
async function drawn(figure: Locator, index = 0) {
  const path = (await figure.locator('svg').first().locator('.curve').nth(index).getAttribute('d')) ?? '';
  const axis = figure.locator('.axis');
  const edge = async (name: string) => Number(await axis.getAttribute(name));
  const base = await edge('y1');
  const points = [...path.matchAll(/H([\d.]+)V([\d.]+)/g)].map(([, x, y]) => ({
    x: Number(x),
    y: Number(y),
    base,
  }));
  return { from: await edge('x1'), to: await edge('x2'), points };
}

/** How many colours a figure has on the screen: a plot that is not drawn has one. */
async function colours(page: Page, figure: Locator): Promise<number> {
  const picture = (await figure.locator('svg').first().screenshot()).toString('base64');
  return page.evaluate(async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    const image = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const canvas = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    canvas.drawImage(image, 0, 0);
    const { data } = canvas.getImageData(0, 0, image.width, image.height);
    return new Set(new Uint32Array(data.buffer)).size;
  }, picture);
}

/** Drags over a part of a plot, from 0 to 1 of its width. */
async function drag(page: Page, figure: Locator, from: number, to: number): Promise<void> {
  const plot = figure.locator('svg').first();
  await plot.scrollIntoViewIfNeeded();
  const box = (await plot.boundingBox())!;
  const y = box.y + box.height / 2;
  await page.mouse.move(box.x + box.width * from, y);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * to, y, { steps: 3 });
  await page.mouse.up();
}
