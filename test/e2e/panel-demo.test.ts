import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import type { DemoRecording, Scene } from '../support/demo-recording';
import { type PanelDemo, startPanelDemo } from '../support/panel-demo';

declare global {
  interface Window {
    demo: DemoRecording;
    setTheme(theme: 'light' | 'dark' | undefined): void;
    /** What the page's policy refused, and what shifted by itself; collected from the first moment on. */
    refused: string[];
    shifted: number;
  }
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const TABS = ['Diagnosis', 'Timing', 'Events', 'Headers'] as const;
const executablePath = findChromium();

describe.skipIf(!executablePath)('the panel over made-up recordings', () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-panel-'));
  let demo: PanelDemo;
  let browser: Browser;
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    demo = await startPanelDemo(join(folder, 'dist'));
    browser = await chromium.launch({
      executablePath: executablePath ?? '',
      args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    });
  });

  afterEach(() => page?.close());

  afterAll(async () => {
    await browser?.close();
    await demo?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(
    scene: Scene,
    options: { width?: number; height?: number; theme?: 'light' | 'dark'; forced?: boolean } = {},
  ): Promise<void> {
    const { width = 1400, height = 760, theme = 'light', forced = false } = options;
    page = await browser.newPage({
      viewport: { width, height },
      acceptDownloads: true,
      ...(forced ? { forcedColors: 'active' as const } : {}),
    });
    page.setDefaultTimeout(15_000);
    errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.addInitScript(() => {
      window.refused = [];
      window.shifted = 0;
      addEventListener('securitypolicyviolation', (event) =>
        window.refused.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`),
      );
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          const shift = entry as PerformanceEntry & { value: number; hadRecentInput: boolean };
          if (!shift.hadRecentInput) window.shifted += shift.value;
        }
      }).observe({ type: 'layout-shift', buffered: true });
    });
    await page.goto(`${demo.url}?scene=${scene}&theme=${theme}`);
    await page.locator('[aria-label="Streams"]').waitFor();
  }

  const row = (id: string) => page.locator(`[data-id="${id}"]`);
  const tab = (name: string) => page.getByRole('tablist', { name: 'Details' }).getByRole('tab', { name });
  const streamRows = () => page.locator('[aria-label="Streams"]').locator('[data-id]');
  const settle = () =>
    page.evaluate(() => new Promise<void>((done) => requestAnimationFrame(() => setTimeout(done, 0))));

  async function violations(): Promise<string[]> {
    await page.evaluate(AXE);
    const results = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    return results.violations.map(
      (one) =>
        `${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary ?? ''}`).join(' | ')}`,
    );
  }

  describe('is for everybody', () => {
    for (const theme of ['light', 'dark'] as const) {
      it(`has no accessibility violation in any tab, ${theme}`, async () => {
        await open('typical', { theme });
        expect(await violations(), 'overview').toEqual([]);
        const looks: [id: string, tabs: readonly string[]][] = [
          ['s1', TABS],
          ['s11', ['Events']],
          ['s2', ['Diagnosis']],
        ];
        for (const [id, names] of looks) {
          await row(id).click();
          for (const name of names) {
            await tab(name).click();
            if (name === 'Events') await page.locator('.event-list [data-position="0"]').click();
            await settle();
            expect(await violations(), `${name} of ${id}`).toEqual([]);
          }
        }
      });
    }

    it.each<[Scene, number]>([
      ['empty', 1000],
      ['lossy', 640],
      ['late', 420],
      ['thousand', 1400],
    ])('has none in the scene %s at %d pixels either', async (scene, width) => {
      await open(scene, { width, height: 600 });
      expect(await violations()).toEqual([]);
      const missing = page.getByRole('button', { name: /^Missing/ });
      if (await missing.count()) {
        await missing.click();
        expect(await violations(), 'with the list of losses').toEqual([]);
      }
    });

    it('is usable by keyboard alone', async () => {
      await open('typical');
      const grid = page.locator('[aria-label="Streams"]');
      await grid.focus();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      expect(await page.locator('[data-id][aria-selected=true]').getAttribute('data-id')).toBe('s2');
      await page.keyboard.press('End');
      const last = await streamRows().count();
      expect(await grid.getAttribute('aria-activedescendant')).toBe(`stream-row-${last - 1}`);
      await page.keyboard.press('Home');
      await page.keyboard.press('Enter');
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Diagnosis');
      await page.keyboard.press('ArrowRight');
      expect(await tab('Timing').getAttribute('aria-selected')).toBe('true');
      await page.keyboard.press('ArrowRight');
      await page.getByRole('grid', { name: 'Events' }).focus();
      await page.keyboard.press('ArrowDown');
      await page.getByRole('tree').waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('tree').waitFor({ state: 'detached' });
    });

    it('follows the theme while it is open, plots included', async () => {
      await open('typical', { theme: 'light' });
      await row('s1').click();
      const pixel = () =>
        page.evaluate(() => {
          const canvas = document.querySelector('canvas');
          const context = canvas?.getContext('2d');
          if (!canvas || !context) throw new Error('no canvas');
          return [
            ...context.getImageData(Math.round(canvas.width / 2), Math.round(canvas.height / 3), 1, 1).data,
          ].join();
        });
      await settle();
      const light = await pixel();
      await page.evaluate(() => window.setTheme('dark'));
      await expect.poll(pixel).not.toBe(light);
      expect(await page.evaluate(() => getComputedStyle(document.body).colorScheme)).toBe('dark');
    });

    it('tells states apart without colour', async () => {
      await open('typical', { forced: true });
      const shapes = await streamRows().evaluateAll((rows) =>
        rows.map(
          (one) =>
            `${one.querySelector('.state-word')?.textContent} ${one.querySelector('.mark path')?.getAttribute('d')}`,
        ),
      );
      expect(new Set(shapes).size).toBeGreaterThanOrEqual(5);
    });

    it('announces new errors politely, and once', async () => {
      await open('empty');
      const live = page.locator('[aria-live=polite]');
      expect(await live.textContent()).toBe('');
      await page.evaluate(() => window.demo.open(window.demo.sceneOf('typical')));
      await expect.poll(() => live.textContent()).toMatch(/new errors?\b/i);
      const said = await live.textContent();
      await page.evaluate(() => window.demo.grow(100, 1));
      await settle();
      expect(await live.textContent()).toBe(said);
    });
  });

  describe('says what it knows', () => {
    it('names the fault, its evidence, its symptoms and the recognised platform first', async () => {
      await open('typical');
      await row('s1').click();
      const finding = page.locator('article.finding').first();
      expect(await finding.getByRole('heading').textContent()).toMatch(/held back/i);
      expect(await finding.textContent()).toContain('buffered-stream');
      expect(await finding.textContent()).toMatch(/3\.\d\d s/);
      const platforms = page.getByRole('tablist', { name: 'Platforms' }).first().getByRole('tab');
      expect(await platforms.first().textContent()).toContain('nginx');
      expect(await page.locator('.recipe pre').first().textContent()).toContain('proxy_http_version');
    });

    it('says of a healthy stream that it is healthy, with its numbers', async () => {
      await open('healthy');
      await row('s2').click();
      const text = await page.locator('article.healthy').textContent();
      expect(text).toContain('Nothing is wrong');
      expect(text).toContain('first byte after');
    });

    it('says what happened and what to do where there is nothing to see', async () => {
      await open('empty');
      expect(await page.locator('.table-frame').textContent()).toContain('Nothing has streamed yet');
      await page.locator('.table-frame').getByRole('button', { name: 'Reload and record' }).click();
      expect(await page.evaluate(() => window.demo.reloads)).toBe(1);
    });

    it('offers to reload when it joined late', async () => {
      await open('late');
      await page.locator('.notice').getByRole('button', { name: 'Reload and record' }).click();
      expect(await page.evaluate(() => window.demo.reloads)).toBe(1);
    });

    it('shows data as text, whatever it holds', async () => {
      await open('empty');
      await page.evaluate(() => window.demo.open(window.demo.sceneOf('hostile')));
      await streamRows().first().click();
      for (const name of TABS) {
        await tab(name).click();
        if (name === 'Events') await page.locator('.event-list [data-position="0"]').click();
        await settle();
      }
      expect(await page.locator('img, script:not([src])').count()).toBe(0);
      expect(await page.evaluate(() => window.refused)).toEqual([]);
      expect(errors).toEqual([]);
    });
  });

  describe('works', () => {
    it('narrows down by the filter, its suggestions and the counts', async () => {
      await open('typical');
      const all = await streamRows().count();
      const field = page.getByRole('combobox');
      await field.click();
      await page.keyboard.type('kind:ev');
      await page.getByRole('option', { name: /kind:eventsource/ }).waitFor();
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await expect.poll(() => streamRows().count()).toBe(2);
      expect(await page.locator('.status-bar').textContent()).toContain('2 of 15 streams');
      await page.keyboard.press('Escape');
      await page.keyboard.press('Escape');
      await expect.poll(() => streamRows().count()).toBe(all);
      await page.getByRole('button', { name: /\d+ errors?$/ }).click();
      await expect.poll(() => streamRows().count()).toBeLessThan(all);
      const shown = await page.locator('.badge.error').count();
      expect(shown).toBeGreaterThan(0);
      await page.getByRole('button', { name: /\d+ errors?$/ }).click();
      await field.fill('is:nonsense');
      await page.locator('#filter-problem').waitFor();
      await page.getByRole('button', { name: /^Show all/ }).click();
      await expect.poll(() => streamRows().count()).toBe(all);
    });

    it('sorts by a column, back again, and then as recorded', async () => {
      await open('typical');
      const order = () =>
        streamRows().evaluateAll((rows) => rows.map((one) => (one as HTMLElement).dataset.id).join());
      const recorded = await order();
      const head = page.getByRole('columnheader', { name: 'Events' });
      await head.getByRole('button').click();
      expect(await head.getAttribute('aria-sort')).toBe('descending');
      expect((await order()).startsWith('s11,')).toBe(true);
      await head.getByRole('button').click();
      expect(await head.getAttribute('aria-sort')).toBe('ascending');
      await head.getByRole('button').click();
      expect(await order()).toBe(recorded);
    });

    it('zooms, moves and resets the plot by buttons, keys and drag, under the policy of the extension', async () => {
      await open('typical');
      await row('s2').click();
      await tab('Timing').click();
      const note = page.locator('.plot-note').first();
      const whole = await note.textContent();
      await page.getByRole('button', { name: 'Zoom in' }).click();
      await expect.poll(() => note.textContent()).not.toBe(whole);
      const zoomed = await note.textContent();
      await page.getByRole('button', { name: 'Move right' }).click();
      await expect.poll(() => note.textContent()).not.toBe(zoomed);
      await page.getByRole('button', { name: 'Show everything' }).click();
      await expect.poll(() => note.textContent()).toBe(whole);
      const box = await page.locator('.plot-area canvas').first().boundingBox();
      if (!box) throw new Error('The plot has no box');
      await page.mouse.move(box.x + box.width * 0.3, box.y + 80);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.4, box.y + 90, { steps: 4 });
      await page.mouse.move(box.x + box.width * 0.5, box.y + 100, { steps: 4 });
      await page.mouse.up();
      await expect.poll(() => note.textContent()).not.toBe(whole);
      await page.locator('.plot-area').first().focus();
      await page.keyboard.press('0');
      await expect.poll(() => note.textContent()).toBe(whole);
      expect(await page.evaluate(() => window.refused)).toEqual([]);
      expect(errors).toEqual([]);
    });

    it('ties the cursor of the plot to the list of events', async () => {
      await open('typical');
      await row('s2').click();
      await tab('Timing').click();
      const box = await page.locator('.plot-area canvas').first().boundingBox();
      if (!box) throw new Error('The plot has no box');
      await page.mouse.click(box.x + box.width * 0.25, box.y + 60);
      await page.getByRole('button', { name: 'Show it in Events' }).click();
      const selected = page.locator('.event-list [data-position][aria-selected=true]');
      await selected.waitFor();
      expect(Number(await selected.getAttribute('data-position'))).toBeGreaterThan(50);
    });

    it('opens what it exported, and says so when a file is none of ours', async () => {
      await open('typical');
      const all = await streamRows().count();
      await page.getByRole('button', { name: 'Export' }).click();
      const downloading = page.waitForEvent('download');
      const dialog = page.getByRole('dialog', { name: 'Export this recording' });
      await dialog
        .getByRole('rowheader', { name: /cookie/ })
        .first()
        .waitFor();
      expect(await violations(), 'with the export dialog').toEqual([]);
      await dialog.locator('input[value="trace"]').check();
      await dialog.getByRole('button', { name: 'Save' }).click();
      const path = join(folder, 'saved.json');
      await (await downloading).saveAs(path);
      expect(readFileSync(path, 'utf8')).not.toContain('abc123def');
      await page.getByRole('button', { name: 'Clear', exact: true }).click();
      await expect.poll(() => streamRows().count()).toBe(0);
      await page.locator('input[type=file]').setInputFiles(path);
      await expect.poll(() => streamRows().count()).toBe(all);
      await page.locator('input[type=file]').setInputFiles({
        name: 'photo.json',
        mimeType: 'application/json',
        buffer: Buffer.from('{"no":"trace"}'),
      });
      await expect.poll(() => page.getByRole('alert').textContent()).toContain('photo.json');
      expect(await streamRows().count()).toBe(all);
    });

    it('copies findings and commands', async () => {
      await open('typical');
      await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      await row('s1').click();
      await page.getByRole('button', { name: 'Copy for the backend' }).first().click();
      await page.getByText('Copied').first().waitFor();
      const markdown = await page.evaluate(() => navigator.clipboard.readText());
      expect(markdown).toContain('`buffered-stream`');
      await page.getByRole('button', { name: 'Copy as cURL' }).first().click();
      await expect
        .poll(() => page.evaluate(() => navigator.clipboard.readText()))
        .toMatch(/^curl [\s\S]*stage\.example\.org\/api\/chat/);
    });
  });

  describe('stays calm while data streams in', () => {
    it('keeps the selection, the scroll and the layout', async () => {
      await open('thousand');
      await row('s5').click();
      await page.locator('[aria-label="Streams"]').evaluate((grid) => {
        grid.scrollTop = 4000;
      });
      await settle();
      const before = await page.evaluate(() => window.shifted);
      for (let round = 0; round < 10; round += 1) {
        await page.evaluate(() => {
          window.demo.addStream();
          window.demo.grow(100, 3);
        });
        await settle();
      }
      const grid = page.locator('[aria-label="Streams"]');
      expect(await grid.evaluate((element) => element.scrollTop)).toBe(4000);
      expect(await page.evaluate(() => window.shifted)).toBe(before);
      expect(await page.locator('.detail').getAttribute('aria-label')).toContain('Details of');
      expect(await grid.getAttribute('aria-rowcount')).toBe('1012');
    });

    it('draws a bounded number of rows, whatever there is', async () => {
      await open('thousand', { height: 600 });
      expect(await streamRows().count()).toBeLessThan(60);
      await page.close();
      await open('long', { height: 600 });
      await row('s1').click();
      await tab('Events').click();
      const events = page.locator('.event-list [data-position]');
      expect(await events.count()).toBeLessThan(60);
      await page.getByRole('grid', { name: 'Events' }).focus();
      await page.keyboard.press('End');
      await page.locator('.event-list [data-position="19999"]').waitFor();
      expect(await events.count()).toBeLessThan(60);
    });

    it('spends no more on an update of a long stream than of a short one', async () => {
      const cost = async (scene: Scene, name: string) => {
        await open(scene);
        await streamRows().first().click();
        await tab(name).click();
        await settle();
        const ms = await page.evaluate(async () => {
          const spent: number[] = [];
          for (let round = 0; round < 30; round += 1) {
            const start = performance.now();
            window.demo.grow(100, 5);
            // Preact draws in a microtask or the next frame; both lie before this one's end.
            await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)));
            spent.push(performance.now() - start);
          }
          return spent.sort((a, b) => a - b)[15] ?? 0;
        });
        await page.close();
        return ms;
      };
      for (const name of ['Timing', 'Events']) {
        const short = await cost('short', name);
        const long = await cost('long', name);
        expect(long, `${name}: ${long.toFixed(1)} ms against ${short.toFixed(1)} ms`).toBeLessThan(
          short * 3 + 20,
        );
      }
    });
  });
});
