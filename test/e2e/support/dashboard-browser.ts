import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../../src/cli/chromium/find';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** This machine under a name that browsers do not trust as they trust localhost. */
export const HOST = 'intranet.example.org';

declare global {
  interface Window {
    /** What the page's policy refused. */
    refused: string[];
  }
}

/** A browser without a network and with a profile of its own, so that it can be closed and started again. */
export interface DashboardBrowser {
  context: BrowserContext;
  page: Page;
  /** What the page threw. */
  errors: string[];
  /** What was asked for, in any page. */
  requests: string[];
}

export async function openDashboardBrowser(profile: string): Promise<DashboardBrowser> {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: findChromium() ?? '',
    args: [
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      `--host-resolver-rules=MAP ${HOST} 127.0.0.1`,
    ],
    viewport: { width: 1300, height: 800 },
    acceptDownloads: true,
    // Whatever the dashboard would want from a network, it gets none.
    offline: true,
  });
  context.setDefaultTimeout(30_000);
  const page = context.pages()[0] ?? (await context.newPage());
  const errors: string[] = [];
  const requests: string[] = [];
  page.on('pageerror', (error) => errors.push(error.message));
  context.on('request', (request) => requests.push(request.url()));
  await context.addInitScript(() => {
    window.refused = [];
    addEventListener('securitypolicyviolation', (event) =>
      window.refused.push(`${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  return { context, page, errors, requests };
}

/** Drops files on the middle of the page, as the browser does when a person lets them go there. */
export async function dropFiles(page: Page, paths: string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const { width, height } = page.viewportSize() ?? { width: 800, height: 600 };
  const data = { items: [], files: paths, dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const) {
    await session.send('Input.dispatchDragEvent', { type, x: width / 2, y: height / 2, data });
  }
  await session.detach();
}

/** What axe-core finds wrong, a line each. */
export async function violationsOf(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return results.violations.map(
    (one) =>
      `${one.id}: ${one.nodes.map((node) => `${node.target.join(' ')} ${node.failureSummary}`).join(' | ')}`,
  );
}
