import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AxeResults } from 'axe-core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import type { Scene } from '../support/demo-recording';
import { type PanelDemo, startPanelDemo } from '../support/panel-demo';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const executablePath = findChromium();

describe.skipIf(!executablePath)('sessions, jobs and recipes in the panel', () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-sessions-'));
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

  afterEach(async () => {
    expect(errors).toEqual([]);
    await page?.close();
  });

  afterAll(async () => {
    await browser?.close();
    await demo?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(scene: Scene, theme: 'light' | 'dark' = 'light', width = 1400): Promise<void> {
    page = await browser.newPage({ viewport: { width, height: 760 } });
    page.setDefaultTimeout(15_000);
    errors = [];
    page.on('pageerror', (error) => errors.push(error.message));
    await page.goto(`${demo.url}?scene=${scene}&theme=${theme}`);
    await streams().waitFor();
  }

  const streams = () => page.locator('[aria-label="Streams"]');
  const rows = () => streams().locator('[data-id]');
  const selectedRow = () => streams().locator('[aria-selected=true]');
  const group = (name: string) => streams().locator('.group', { hasText: name });
  const tab = (name: string) => page.getByRole('tablist', { name: 'Details' }).getByRole('tab', { name });
  const steps = () => page.getByRole('grid', { name: 'Steps' });

  async function violations(): Promise<string[]> {
    await page.evaluate(AXE);
    const results = await page.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    return results.violations.map(
      (one) => `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(' | ')}`,
    );
  }

  describe('groups', () => {
    it('open and close by keyboard as a tree does', async () => {
      await open('socketio');
      const closed = await rows().count();
      await page.getByRole('treegrid', { name: 'Streams' }).focus();
      await page.keyboard.press('ArrowDown');
      expect(await selectedRow().getAttribute('aria-expanded')).toBe('false');
      await page.keyboard.press('ArrowRight');
      expect(await selectedRow().getAttribute('aria-expanded')).toBe('true');
      const members = await rows().count();
      expect(members).toBeGreaterThan(closed + 4);
      await page.keyboard.press('ArrowRight');
      expect(await selectedRow().getAttribute('aria-level')).toBe('2');
      expect(await selectedRow().getAttribute('aria-setsize')).toBe(String(members - closed));
      await page.keyboard.press('ArrowLeft');
      expect(await selectedRow().getAttribute('aria-level')).toBe('1');
      await page.keyboard.press('ArrowLeft');
      await expect.poll(() => rows().count()).toBe(closed);
    });

    it('open by themselves on what a filter picks out of them', async () => {
      await open('jobs');
      await page.getByRole('combobox', { name: /^Filter streams/ }).fill('status:404');
      await expect.poll(() => rows().count()).toBe(5);
      expect(await page.locator('.status-bar').textContent()).toContain('4 of ');
      await page.keyboard.press('Escape');
    });

    it('stay cheap with thousands of streams', async () => {
      await open('sessions');
      const all = await streams().getAttribute('aria-rowcount');
      expect(all).toBe('151');
      await rows().first().click();
      await streams().focus();
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('End');
      await page.locator('[aria-posinset="150"]').waitFor();
      expect(await rows().count()).toBeLessThan(60);
    });
  });

  describe('the session', () => {
    it('selects the stream and the packet of a step, from the list and from the lanes', async () => {
      await open('socketio');
      await group('k3v9x2m7qa').click();
      await tab('Session').click();
      expect(await page.locator('.lane-area svg').getAttribute('aria-label')).toMatch(/Sessions 2.*Polls/);
      await steps().focus();
      await page.keyboard.press('ArrowDown');
      await expect.poll(() => selectedRow().textContent()).toContain('connect over polling');
      await steps().getByText('event news').first().click();
      await page.getByRole('button', { name: 'Show in Events' }).click();
      expect(await page.locator('.packets [data-position][aria-selected=true]').textContent()).toContain(
        'event news',
      );
      await tab('Session').click();
      const lanes = await page.locator('.lane-area').boundingBox();
      if (!lanes) throw new Error('The lanes have no box');
      const label = await page.locator('.lane-label', { hasText: 'Polls' }).boundingBox();
      if (!label) throw new Error('The lane has no label');
      await page.mouse.click(lanes.x + lanes.width - 60, label.y + label.height / 2);
      await expect.poll(() => page.locator('.step-footer').textContent()).toMatch(/^poll/);
      expect(await selectedRow().textContent()).toContain('open');
    });

    it('is zoomed as the timing is', async () => {
      await open('socketio');
      await group('stage.').click();
      await tab('Session').click();
      const note = page.locator('.lanes .plot-note');
      const whole = await note.textContent();
      await page.getByRole('button', { name: 'Zoom in' }).click();
      await expect.poll(() => note.textContent()).not.toBe(whole);
      await page.locator('.lane-area').focus();
      const zoomed = await note.textContent();
      await page.keyboard.press('ArrowRight');
      await expect.poll(() => note.textContent()).not.toBe(zoomed);
      await page.keyboard.press('0');
      await expect.poll(() => note.textContent()).toBe(whole);
      const box = await page.locator('.lane-area').boundingBox();
      if (!box) throw new Error('The lanes have no box');
      await page.mouse.move(box.x + 200, box.y + 60);
      await page.mouse.down();
      await page.mouse.move(box.x + 240, box.y + 60, { steps: 3 });
      await page.mouse.move(box.x + 300, box.y + 60, { steps: 3 });
      await page.mouse.up();
      await expect.poll(() => note.textContent()).not.toBe(whole);
    });

    it('of a job tells where it was lost', async () => {
      await open('jobs');
      await group('export-7731').click();
      await tab('Session').click();
      expect(await steps().textContent()).toMatch(/job created[\s\S]*running[\s\S]*not found \(404\)/);
      expect(await page.locator('.landmark').textContent()).toBe('lost');
    });
  });

  it('leads from an event to its ack and back, and puts attachments together', async () => {
    await open('socketio');
    await group('stage.').click();
    await tab('Events').click();
    const packets = page.getByRole('grid', { name: 'Packets' });
    const chosen = packets.locator('[aria-selected=true]');
    await packets.getByText('event chat', { exact: true }).first().click();
    const position = await chosen.getAttribute('data-position');
    await page.getByRole('button', { name: 'its ack' }).click();
    await expect.poll(() => chosen.textContent()).toContain('ack of chat');
    await page.getByRole('button', { name: 'event chat' }).click();
    await expect.poll(() => chosen.getAttribute('data-position')).toBe(position);
    await page.getByRole('textbox', { name: /^Filter packets/ }).fill('picture');
    await packets.getByText('event picture').click();
    expect(await page.getByRole('tree').textContent()).toMatch(/data: 16 bytes: c2 89 50/);
    await page.getByRole('textbox', { name: /^Filter packets/ }).fill('malformed');
    await packets.getByText('malformed packet').click();
    expect(await page.locator('.packet-problem').textContent()).toMatch(/malformed/);
  });

  describe('the recipes', () => {
    it('are found, read and left by keyboard', async () => {
      await open('typical');
      const button = page.getByRole('button', { name: 'Recipes', exact: true });
      await button.focus();
      await page.keyboard.press('Enter');
      const search = page.getByRole('combobox', { name: 'Search recipes' });
      await expect.poll(() => search.evaluate((field) => field === document.activeElement)).toBe(true);
      await page.keyboard.type('refused websocket');
      const title = page.locator('.recipe-title h2');
      await expect.poll(() => title.textContent()).toBe('The WebSocket was refused');
      await page.keyboard.press('ArrowDown');
      await expect.poll(() => title.textContent()).not.toBe('The WebSocket was refused');
      await search.fill('004_eabe6d93a2f6ee54');
      await page.getByRole('option', { name: /^WebSocket failures on App Runner/ }).click();
      for (const heading of [
        'What it reported',
        'Findings that answer it',
        'What holds',
        'What does not, and why',
      ])
        await page.getByRole('heading', { name: heading }).waitFor();
      await page.locator('.recipe-page').getByRole('button', { name: 'stuck-polling' }).click();
      expect(await title.textContent()).toBe('Socket.IO stays on polling');
      await page.getByRole('button', { name: 'Back', exact: true }).click();
      expect(await title.textContent()).toBe('WebSocket failures on App Runner');
      await page.keyboard.press('Escape');
      await title.waitFor({ state: 'detached' });
      await expect.poll(() => button.evaluate((one) => one === document.activeElement)).toBe(true);
    });

    it('open at the recipe of a finding, on a platform, with the place of each block of nginx', async () => {
      await open('typical');
      await page.locator('[data-id="s1"]').click();
      expect(await page.locator('.recipe .code-place').first().textContent()).toMatch(
        /^nginx, inside the \w+ block$/,
      );
      await page.getByRole('button', { name: 'All recipes' }).click();
      expect(await page.locator('.recipe-title').textContent()).toMatch(
        /arrives at once.*1 finding in this recording/,
      );
      await page.getByRole('combobox', { name: 'Platform' }).selectOption('haproxy');
      await page.locator('.recipe-option').first().click();
      const chosen = page.locator('.recipe-page').getByRole('tab', { selected: true });
      expect(await chosen.textContent()).toContain('HAProxy');
    });

    it('say so in one sentence where there is none of that name', async () => {
      await open('typical');
      await page.evaluate(() => {
        const { diagnosis } = window.demo;
        const findings = diagnosis.findings.map((one) => ({ ...one, recipe: 'from-the-future' }));
        Object.defineProperty(window.demo, 'diagnosis', {
          get: () => ({ ...diagnosis, findings }),
          set: () => undefined,
        });
        window.demo.grow(100, 1);
      });
      await page.locator('[data-id="s1"]').click();
      const text = 'There is no recipe “from-the-future” in this version of Streamgauge.';
      await page.getByText(text).first().waitFor();
    });
  });

  it('has no accessibility violation in what concerns groups', async () => {
    await open('socketio', 'light');
    await group('k3v9x2m7qa').click();
    await group('k3v9x2m7qa').locator('[data-twisty]').click();
    expect(await violations(), 'diagnosis').toEqual([]);
    await tab('Events').click();
    await group('stage.').click();
    await page.getByRole('grid', { name: 'Packets' }).getByText('event chat').first().click();
    expect(await violations(), 'packets').toEqual([]);
  });

  it('has none in the session and the recipes, in the dark', async () => {
    await open('socketio', 'dark');
    await group('k3v9x2m7qa').click();
    await tab('Session').click();
    await steps().getByText('upgrade failed').first().click();
    expect(await violations(), 'session').toEqual([]);
    await page.getByRole('button', { name: 'Recipes', exact: true }).click();
    await page.locator('.recipe-title').waitFor();
    expect(await violations(), 'recipes').toEqual([]);
  });
});
