import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Browser, Frame, Page } from 'playwright-core';
import { findChromium } from '../../../src/cli/chromium/find';
import { ensureBuilt } from './built';

/** A tab and what inspects it. */
export interface Tab {
  /** The inspected page. */
  page: Page;
  /** The DevTools front end itself. */
  devtools: Page;
  /** The Streamgauge panel in it. */
  panel: Frame;
}

export interface DevtoolsSession extends Tab {
  browser: Browser;
  /** A second tab, with DevTools of its own unless they are closed. */
  newTab(): Promise<Page>;
  /** A second tab with the panel open in DevTools of its own. */
  openTab(url: string): Promise<Tab>;
  close(): Promise<void>;
}

/** Whether there is a browser to test with. */
export function hasChromium(): boolean {
  return findChromium() !== null;
}

export interface DevtoolsOptions {
  /** Loaded before DevTools' panel is opened; default `about:blank`. */
  url?: string;
  args?: string[];
  /** Size of the window, page and DevTools together. */
  viewport?: { width: number; height: number };
}

/**
 * Starts Chromium headless with the built extension and opens the Streamgauge panel in real DevTools. The front end is
 * a page like any other to the DevTools protocol; Playwright leaves such targets out unless told otherwise.
 */
export async function openDevtools(options: DevtoolsOptions = {}): Promise<DevtoolsSession> {
  const extension = await ensureBuilt();
  const executable = findChromium();
  if (!executable) throw new Error('No Chromium: install one, or name it in STREAMGAUGE_BROWSER.');
  process.env.PW_CHROMIUM_ATTACH_TO_OTHER = '1';
  const { chromium } = await import('playwright-core');

  const profile = mkdtempSync(join(tmpdir(), 'streamgauge-e2e-'));
  const child = spawn(
    executable,
    [
      '--headless=new',
      '--disable-gpu',
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--no-first-run',
      '--no-default-browser-check',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--auto-open-devtools-for-tabs',
      `--load-extension=${extension}`,
      `--disable-extensions-except=${extension}`,
      '--remote-debugging-port=0',
      ...(options.viewport ? [`--window-size=${options.viewport.width},${options.viewport.height}`] : []),
      `--user-data-dir=${profile}`,
      ...(options.args ?? []),
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], detached: process.platform !== 'win32' },
  );
  const stop = () => kill(child);
  process.once('exit', stop);
  let browser: Browser | null = null;
  const close = async () => {
    await browser?.close().catch(() => undefined);
    const exited = new Promise((resolve) => child.once('exit', resolve));
    stop();
    if (child.exitCode === null && child.signalCode === null) await exited;
    process.removeListener('exit', stop);
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  };
  try {
    browser = await chromium.connectOverCDP(await endpointOf(child));
    const context = browser.contexts()[0]!;
    const isFrontEnd = (one: Page) => one.url().startsWith('devtools://');
    const devtools = await eventually('DevTools to open', () => context.pages().find(isFrontEnd));
    const page = context.pages().find((one) => !isFrontEnd(one))!;
    if (options.url) await page.goto(options.url);
    const panel = await openPanel(devtools);
    const openTab = async (url: string): Promise<Tab> => {
      const known = context.pages();
      const second = await context.newPage();
      const front = await eventually('DevTools of the new tab', () =>
        context.pages().find((one) => isFrontEnd(one) && !known.includes(one)),
      );
      const tab = { page: second, devtools: front, panel: await openPanel(front) };
      await second.goto(url);
      return tab;
    };
    return { browser, page, devtools, panel, newTab: () => context.newPage(), openTab, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Text, because test runners rewrite `import()` in functions. The modules are DevTools' own. */
const SHOW_PANEL = `(async () => {
  const UI = await import('./ui/legacy/legacy.js');
  const view = UI.InspectorView.InspectorView.instance();
  const id = view.tabbedPane.tabIds().find((one) => one.endsWith('Streamgauge'));
  if (!id) return false;
  await view.showPanel(id);
  return true;
})()`;

/** Opens the panel in a DevTools front end and waits until it has its recording. */
export async function openPanel(devtools: Page): Promise<Frame> {
  await eventually('the Streamgauge panel to be registered', () =>
    devtools.evaluate(SHOW_PANEL).catch(() => false),
  );
  const panel = await eventually('the panel to load', () =>
    devtools.frames().find((frame) => frame.url().endsWith('/panel.html')),
  );
  await eventually('the panel to get its recording', () =>
    panel
      .evaluate(() => Boolean((window as { streamgauge?: { recording?: unknown } }).streamgauge?.recording))
      .catch(() => false),
  );
  return panel;
}

/** Waits until `look` gives something, and says what was waited for when it does not. */
export async function eventually<Value>(
  what: string,
  look: () => Promise<Value> | Value,
  withinMs = 15_000,
): Promise<NonNullable<Value>> {
  const until = Date.now() + withinMs;
  for (;;) {
    const value = await look();
    if (value) return value;
    if (Date.now() > until) throw new Error(`Waited ${withinMs} ms for ${what}.`);
    await delay(50);
  }
}

function endpointOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr!.on('data', (data: Buffer) => {
      if (said.length < 65_536) said += data.toString();
      const found = /DevTools listening on (\S+)/.exec(said);
      if (found) resolve(found[1]!);
    });
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`Chromium ended while starting: ${said.slice(-500)}`)));
  });
}

function kill(child: ChildProcess): void {
  try {
    if (child.pid && process.platform !== 'win32') process.kill(-child.pid, 'SIGKILL');
    else child.kill('SIGKILL');
  } catch {
    // It is gone already.
  }
}
