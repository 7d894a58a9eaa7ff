import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Lab, startLab } from '../lab/lab';
import { violationsOf } from './support/dashboard-browser';
import { type DevtoolsSession, eventually, hasChromium, openDevtools } from './support/devtools';

describe.skipIf(!hasChromium())('the dashboard in the extension', () => {
  let lab: Lab;
  let session: DevtoolsSession;
  let dashboard: Page;

  beforeAll(async () => {
    lab = await startLab({ without: ['nginx', 'haproxy'] });
    const { url, title } = lab.scenario('drained-middleware');
    session = await openDevtools({ url, args: lab.chromiumArgs, viewport: { width: 1400, height: 800 } });
    await session.panel.getByRole('button', { name: 'Reload and record' }).first().click();
    await session.page.getByRole('button', { name: `Run: ${title}` }).click();
  });

  afterAll(async () => {
    await session?.close();
    await lab?.stop();
  });

  const pages = () => session.browser.contexts().flatMap((context) => context.pages());

  const violations = () => violationsOf(dashboard);

  it('opens from the panel with the recording that is on show', async () => {
    const { panel } = session;
    await panel.locator('[data-id]').filter({ hasText: 'chat' }).filter({ hasText: 'done' }).waitFor();
    await panel.getByRole('button', { name: 'Open in dashboard' }).click();
    dashboard = await eventually('the dashboard to open', () =>
      pages().find((page) => page.url().includes('/dashboard/dashboard.html')),
    );
    dashboard.setDefaultTimeout(20_000);
    await dashboard.getByText('By endpoint').waitFor();
    expect(await dashboard.getByRole('heading', { level: 2 }).textContent()).toMatch(
      /^stage\.example\.org:\d+, /,
    );
    await dashboard.getByRole('link', { name: 'The whole stream was held back until its end' }).waitFor();
    expect(await violations()).toEqual([]);
  });

  it('saves in its worker, with what only some formats need loaded then', async () => {
    await dashboard.getByRole('tab', { name: 'Streams' }).click();
    for (const [format, ending] of [
      ['html', '</html>'],
      ['otlp', '"spanId"'],
    ] as const) {
      await dashboard.getByRole('button', { name: 'Export' }).click();
      const dialog = dashboard.getByRole('dialog', { name: 'Export this recording' });
      await dialog.locator(`input[value=${format}]`).check();
      const downloading = dashboard.waitForEvent('download');
      await dialog.getByRole('button', { name: 'Save' }).click();
      const path = await (await downloading).path();
      expect(readFileSync(path, 'utf8')).toContain(ending);
      await dialog.waitFor({ state: 'detached' });
    }
    await dashboard.getByRole('tab', { name: 'Overview' }).click();
  });

  it('takes it once: another dashboard shows the library', async () => {
    const another = await session.browser.contexts()[0]!.newPage();
    await another.goto(dashboard.url().replace(/#.*/, ''));
    await another.locator('.library tbody tr').first().waitFor();
    expect(await another.locator('.library tbody tr').count()).toBe(1);
    await another.close();
  });

  it.each([
    ['dark', 1300],
    ['light', 480],
    ['dark', 480],
  ] as const)('is for everybody: %s at %d pixels', async (colorScheme, width) => {
    await dashboard.emulateMedia({ colorScheme });
    await dashboard.setViewportSize({ width, height: 700 });
    expect(await violations(), 'overview').toEqual([]);
    await dashboard.getByRole('tab', { name: 'Streams' }).click();
    await dashboard.locator('[data-id]').first().waitFor();
    expect(await violations(), 'streams').toEqual([]);
    await dashboard.getByRole('button', { name: 'Export' }).click();
    await dashboard.getByRole('dialog', { name: 'Export this recording' }).waitFor();
    expect(await violations(), 'export').toEqual([]);
    await dashboard.keyboard.press('Escape');
    await dashboard.getByRole('dialog').waitFor({ state: 'detached' });
    await dashboard.getByRole('tab', { name: 'Overview' }).click();
    await dashboard.getByText('By endpoint').waitFor();
  });

  it('is usable by keyboard alone', async () => {
    await dashboard.setViewportSize({ width: 1300, height: 700 });
    await dashboard.getByRole('tab', { name: 'Overview' }).focus();
    await dashboard.keyboard.press('ArrowRight');
    await dashboard.locator('[data-id]').first().waitFor();
    await dashboard.getByRole('button', { name: 'Export' }).focus();
    await dashboard.keyboard.press('Enter');
    const dialog = dashboard.getByRole('dialog', { name: 'Export this recording' });
    await dialog.waitFor();
    await dashboard.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect
      .poll(() => dashboard.evaluate(() => document.activeElement?.getAttribute('aria-label')))
      .toBe('Export');
  });

  it('opens by the button of the extension', async () => {
    const worker = await eventually(
      'the service worker',
      () => session.browser.contexts()[0]!.serviceWorkers()[0],
    );
    const before = pages().length;
    await worker.evaluate(() => {
      // What the browser does on a click; no test can reach its toolbar.
      (chrome.action.onClicked as unknown as { dispatch(tab: object): void }).dispatch({});
    });
    await eventually('another dashboard', () => pages().length > before);
  });
});
