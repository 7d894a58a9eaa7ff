import { createRequire } from 'node:module';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find.ts';
import { type Lab, startLab } from './lab.ts';

let lab: Lab;
let browser: Browser;
beforeAll(async () => {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('These tests need an installed Chromium, Chrome or Edge');
  lab = await startLab();
  browser = await chromium.launch({
    executablePath,
    args: [...lab.chromiumArgs, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

/** Opens a scenario's own page, runs it there, and returns what the page logged, one line per entry. */
async function run(id: string): Promise<string[]> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await page.goto(lab.scenario(id).url);
    await page.evaluate((one) => window.lab.run(one), id);
    return await page.locator(`#${id} .log span`).allTextContents();
  } finally {
    await context.close();
  }
}

const statuses = (log: string[]) => log.flatMap((line) => /^(\d{3}) /.exec(line)?.[1] ?? []);

/** What a browser makes of the scenarios that only a browser can tell: cookies, CORS, connections, upgrades. */
const LOGS: Record<string, (log: string[]) => void> = {
  'round-robin-jobs': (log) => expect(statuses(log).slice(0, 4)).toEqual(['404', '200', '404', '200']),
  'affinity-same-origin': (log) => expect(new Set(statuses(log))).toEqual(new Set(['200'])),
  'affinity-same-site': (log) => expect(new Set(statuses(log))).toEqual(new Set(['200'])),
  'omitted-credentials': (log) => expect(statuses(log)).toContain('404'),
  'lax-cookie': (log) => expect(statuses(log)).toContain('404'),
  'insecure-cookie': (log) => expect(statuses(log)).toContain('404'),
  'expired-job': (log) => expect(statuses(log).join()).toMatch(/^200,200,200,404/),
  'job-instead-of-stream': (log) => expect(log.at(-1)).toContain('"done"'),
  'wildcard-credentials': (log) => expect(log).toEqual(['— TypeError: Failed to fetch']),
  'masked-502': (log) => expect(log).toEqual(['— TypeError: Failed to fetch']),
  'json-type-event-source': (log) => expect(log).toEqual(['— error: given up']),
  'event-source-loop': (log) =>
    expect(log.filter((line) => line === '— error: will try again')).toHaveLength(7),
  'stop-button': (log) => expect(log.at(-1)).toMatch(/^— AbortError/),
  'web-socket-chat': (log) => expect(log.at(-1)).toBe('— closed, code 1000'),
  'refused-web-socket': (log) => expect(log.filter((line) => line === '— closed, code 1006')).toHaveLength(3),
  'six-connections': (log) => {
    const call = log.findIndex((line) => line.includes('River'));
    expect(call).toBeGreaterThan(50);
  },
  'six-streams-http2': (log) => expect(log.filter((line) => line === '— open')).toHaveLength(6),
  'socket-io-upgrade': (log) => expect(log.join()).toMatch(/upgraded to websocket|connected over websocket/),
  'socket-io-affinity': (log) => expect(log.join()).toMatch(/upgraded to websocket|connected over websocket/),
  'socket-io-polling-only': (log) => {
    expect(log.join()).not.toMatch(/upgraded/);
    expect(log.join()).toMatch(/connected over polling.*ack/);
  },
  'socket-io-2': (log) => expect(log.join()).toMatch(/connected over polling.*upgraded to websocket.*ack/),
  'socket-io-2-polling-only': (log) => {
    expect(log.join()).not.toMatch(/upgraded/);
    expect(log.join()).toMatch(/connected over polling.*ack/);
  },
  'nginx-without-upgrade': (log) => {
    expect(log.join()).not.toMatch(/upgraded/);
    expect(log.join()).toMatch(/connected over polling.*ack/);
  },
  'socket-io-websocket-only': (log) =>
    expect(new Set(log)).toEqual(new Set(['— connect_error: websocket error'])),
  'socket-io-two-nodes': (log) => expect(log.join()).toMatch(/connect_error|transport error/),
  'socket-io-silence': (log) => expect(log).toContain('— disconnected: ping timeout'),
};

// As many as the machine has patience for: they mostly wait.
describe('a run in a browser', { concurrent: true }, () => {
  it.for(Object.keys(LOGS))('%s', async (id, { skip }) => {
    const { unavailable } = lab.scenario(id);
    if (unavailable && process.env.CI === 'true') throw new Error(unavailable);
    if (unavailable) skip(unavailable);
    LOGS[id]!(await run(id));
  });
});

describe('the page', () => {
  it.each(['light', 'dark'] as const)('has no accessibility violations, %s', async (colorScheme) => {
    const page = await browser.newPage({ colorScheme });
    await page.goto(lab.url);
    await page.evaluate(() => window.lab.run('short-answer'));
    await page.locator('#short-answer summary').click();
    await page.addScriptTag({ path: createRequire(import.meta.url).resolve('axe-core') });
    const violations = await page.evaluate(async () => {
      const { axe } = window as unknown as { axe: typeof import('axe-core') };
      const result = await axe.run();
      return result.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    });
    expect(violations).toEqual([]);
    await page.close();
  });

  it('lists every scenario, runs one by its button, and stops it', async () => {
    const page = await browser.newPage();
    await page.goto(lab.url);
    expect(await page.locator('.scenario').count()).toBe(lab.scenarios.length);
    await page.getByRole('button', { name: 'Run: The stop button' }).click();
    await page.getByRole('button', { name: 'Run: Steady tokens' }).click();
    await page.getByRole('button', { name: 'Stop: Steady tokens' }).click();
    await page.getByText('Done: Steady tokens').waitFor();
    expect(await page.locator('#steady-tokens .log').textContent()).toContain('AbortError');
    await page.close();
  });

  it('refuses to run a scenario where it would mean nothing, and says where to', async () => {
    const page = await browser.newPage();
    await page.goto(lab.url);
    const refusal = page.evaluate(() => window.lab.run('omitted-credentials'));
    await expect(refusal).rejects.toThrow(
      lab.scenario('omitted-credentials').unavailable ?? /from its own page: https:/,
    );
    await expect(page.evaluate(() => window.lab.run('nothing'))).rejects.toThrow('no scenario "nothing"');
    await page.close();
  });
});
