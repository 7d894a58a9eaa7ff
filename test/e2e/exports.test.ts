import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import { diagnose } from '../../src/diagnose/run';
import { exportFormat } from '../../src/exchange/export/formats';
import { importHar } from '../../src/exchange/import/har';
import type { Trace } from '../../src/trace/types';
import { drawTrace, ORIGIN_EPOCH_MS } from '../support/draw';
import { type DevtoolsSession, hasChromium, openDevtools } from './support/devtools';

const trace = drawTrace([
  `ask fetch POST https://stage.example.org/api/chat / accept: text/event-stream / authorization: Bearer hunter2hunter2 / body={"stream":true}
   300 headers 200 text/event-stream / server: nginx/1.22.1 / set-cookie: sid=hunter2hunter2; Path=/ / protocol=h2
   +2000 event token {"n":{n}}
   +0x40 data {"n":{n},"text":"</script><b>bold</b>"}
   +3 end`,
  `50 ask eventsource GET https://stage.example.org/events
   +20 headers 200 text/event-stream / protocol=http/1.1
   +100x5 event tick {"n":{n}}`,
  `100 ask websocket GET wss://stage.example.org/live
   +20 headers 101 / protocol=ws
   +5 send hello
   +50x3 data tick {n}
   +10 close 1000`,
]);

describe.skipIf(!hasChromium())('exports in a real browser', () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-exports-'));
  let session: DevtoolsSession;

  const textOf = async (id: string, one: Trace = trace) =>
    [...(await exportFormat(id)!.export(one, diagnose(one), { salt: 's' }))].join('');

  beforeAll(async () => {
    session = await openDevtools();
  });
  afterAll(async () => {
    await session?.close();
    rmSync(folder, { recursive: true });
  });

  it('opens the HAR in the Network panel, with events and frames at their times', async () => {
    const har = await textOf('har');
    const seen = (await session.devtools.evaluate(`${LOAD_HAR}(${JSON.stringify(har)})`)) as SeenRequest[];
    expect(seen.map(({ url, method, status }) => `${method} ${url} ${status}`)).toEqual([
      'POST https://stage.example.org/api/chat 200',
      'GET https://stage.example.org/events 200',
      'GET wss://stage.example.org/live 101',
    ]);
    const [chat, events, socket] = seen;
    expect(chat!.events).toHaveLength(41);
    expect(chat!.events[0]).toMatchObject({ name: 'token', data: '{"n":1}' });
    expect(chat!.events[0]!.atMs).toBeCloseTo(ORIGIN_EPOCH_MS + 2300, 0);
    expect(events!.events.map(({ name }) => name)).toEqual(['tick', 'tick', 'tick', 'tick', 'tick']);
    expect(socket!.frames.map(({ type, data }) => `${type} ${data}`)).toEqual([
      'send hello',
      'receive tick 2',
      'receive tick 3',
      'receive tick 4',
    ]);
    expect(socket!.frames[1]!.atMs - socket!.frames[0]!.atMs).toBeCloseTo(50, 0);
    expect(JSON.stringify(seen)).not.toContain('hunter2');
    // What the panel shows is what comes back here.
    const back = importHar(JSON.parse(har)).trace;
    expect(back.streams.map(({ kind }) => kind)).toEqual(['fetch', 'eventsource', 'websocket']);
    expect(back.streams[1]!.messages.payload).toEqual(trace.streams[1]!.messages.payload);
  });

  describe('the HTML report', () => {
    let browser: Browser;
    let page: Page;
    const problems: string[] = [];
    const requests: string[] = [];

    beforeAll(async () => {
      const path = join(folder, 'report.html');
      writeFileSync(path, await textOf('html'));
      // As whoever is sent the file opens it: no extension, no DevTools that squeeze the page when they appear, no network.
      browser = await chromium.launch({
        executablePath: findChromium() ?? '',
        args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
      });
      page = await browser.newPage({ offline: true });
      page.on('console', (message) => problems.push(message.text()));
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('request', (request) => requests.push(request.url()));
      await page.goto(pathToFileURL(path).href);
    });
    afterAll(() => browser?.close());

    it('shows the finding, runs its own script, and asks for nothing', async () => {
      await expect(page.locator('article h3').first().textContent()).resolves.toMatch(/41 events/);
      expect(await page.locator('figure .controls').count()).toBeGreaterThan(0);
      expect(await page.locator('b').count()).toBe(0);
      expect(problems).toEqual([]);
      expect(requests).toHaveLength(1);
    });

    it('steps through the deliveries by keyboard and zooms by drag', async () => {
      const figure = page.locator('figure').first();
      await figure.focus();
      await page.keyboard.press('ArrowRight');
      const output = figure.locator('output');
      await expect(output.textContent()).resolves.toMatch(/^2\.30 s after the request: 41 events, 1\.\d KB$/);
      const ticks = () => figure.locator('.tick').allTextContents();
      expect((await ticks()).at(-1)).toBe('2.30 s');
      const box = (await figure.locator('svg').boundingBox())!;
      await page.mouse.move(box.x + box.width * 0.2, box.y + 40);
      await page.mouse.down();
      await page.mouse.move(box.x + box.width * 0.5, box.y + 40, { steps: 3 });
      await page.mouse.up();
      const [from, to] = [await ticks().then((all) => all[0]!), await ticks().then((all) => all.at(-1)!)];
      expect([from, to]).not.toEqual(['0.0 ms', '2.30 s']);
      await figure.focus();
      await page.keyboard.press('Escape');
      expect((await ticks()).at(-1)).toBe('2.30 s');
      expect(problems).toEqual([]);
    });

    it('lets nothing out and nothing in', async () => {
      const blocked = await page.evaluate(async () => {
        const out: string[] = [];
        document.addEventListener('securitypolicyviolation', (event) => out.push(event.violatedDirective));
        const script = document.createElement('script');
        script.textContent = 'window.owned = true';
        document.body.append(script);
        const image = document.createElement('img');
        image.src = 'http://127.0.0.1:9/';
        document.body.append(image);
        await fetch('http://127.0.0.1:9/').catch(() => undefined);
        // The violations are reported in tasks of their own.
        for (let turn = 0; turn < 100 && out.length < 3; turn++)
          await new Promise((resolve) => setTimeout(resolve, 10));
        return { owned: 'owned' in window, directives: [...new Set(out)].sort() };
      });
      expect(blocked.owned).toBe(false);
      expect(blocked.directives).toEqual(
        expect.arrayContaining(['connect-src', 'img-src', 'script-src-elem']),
      );
    });

    it('follows the colour scheme, and opens what is folded for paper', async () => {
      const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      await page.emulateMedia({ colorScheme: 'light' });
      const light = await background();
      await page.emulateMedia({ colorScheme: 'dark' });
      expect(await background()).not.toBe(light);
      const closed = () => page.locator('details:not([open])').count();
      expect(await closed()).toBeGreaterThan(0);
      await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
      expect(await closed()).toBe(0);
      await page.evaluate(() => window.dispatchEvent(new Event('afterprint')));
      expect(await closed()).toBeGreaterThan(0);
    });
  });
});

interface SeenRequest {
  url: string;
  method: string;
  status: number;
  events: { name: string; data: string; atMs: number }[];
  frames: { type: string; data: string; atMs: number }[];
}

/** Text, because test runners rewrite `import()` in functions. Hands the file to the panel as its file chooser does. */
const LOAD_HAR = `(async (har) => {
  const UI = await import('./ui/legacy/legacy.js');
  await UI.InspectorView.InspectorView.instance().showPanel('network');
  const Network = await import('./panels/network/network.js');
  const Logs = await import('./models/logs/logs.js');
  const log = Logs.NetworkLog.NetworkLog.instance();
  log.reset?.(true);
  await Network.NetworkPanel.NetworkPanel.instance().networkLogView.onLoadFromFile(new File([har], 'export.har'));
  for (let tries = 0; tries < 200 && log.requests().length < JSON.parse(har).log.entries.length; tries++)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return log.requests().map((request) => ({
    url: request.url(),
    method: request.requestMethod,
    status: request.statusCode,
    events: (request.eventSourceMessages?.() ?? []).map((one) => ({ name: one.eventName, data: one.data, atMs: request.pseudoWallTime(one.time) * 1000 })),
    frames: (request.frames?.() ?? []).map((one) => ({ type: one.type, data: one.text, atMs: request.pseudoWallTime(one.time) * 1000 })),
  }));
})`;
