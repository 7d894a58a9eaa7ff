import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import { stringifyTrace } from '../../src/trace/file';
import { type Scene, sceneTrace } from '../support/demo-recording';
import { drawTrace } from '../support/draw';
import { ensureDashboardBuilt } from './support/built';
import { HOST, openDashboardBrowser, violationsOf } from './support/dashboard-browser';

const GARBAGE_BYTES = 100 * 1024 * 1024;
/** Enough that making a file of it takes a while. */
const LARGE_EVENTS = 60_000;
const LARGE = `ask fetch GET https://stage.example.org/log / accept: text/event-stream / signal
  20 headers 200 text/event-stream
  +2x${LARGE_EVENTS} data {"n":{n},"message":"worker finished a task"}
  +2 end`;

/** One answer, as the application makes it and as a gateway gives it that passes nothing on before it is whole. */
const CHAT = {
  direct: `ask fetch POST http://127.0.0.1:8000/api/chat / accept: text/event-stream / body={"stream":true} / signal
    8 headers 200 text/event-stream; charset=utf-8 / cache-control: no-cache, no-transform / protocol=http/1.1
    +75x20 data {"token":"word-{n}","index":{n}}
    +0 data [DONE]
    +2 end`,
  buffered: `ask fetch POST http://localhost:9000/api/chat / accept: text/event-stream / body={"stream":true} / signal
    1520 headers 200 text/event-stream; charset=utf-8 / cache-control: no-cache, no-transform / server: nginx/1.22.1 / protocol=http/1.1
    +0x20 data {"token":"word-{n}","index":{n}}
    +0 data [DONE]
    +2 end`,
};

describe.skipIf(!findChromium())('the dashboard, opened from disk', () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-dashboard-'));
  const at = (name: string) => join(folder, name);
  let address: string;
  let context: BrowserContext;
  let page: Page;
  let errors: string[];

  async function start(): Promise<void> {
    ({ context, page, errors } = await openDashboardBrowser(at('profile')));
  }

  beforeAll(async () => {
    address = pathToFileURL(await ensureDashboardBuilt()).href;
    for (const [name, stream] of Object.entries(CHAT)) {
      writeFileSync(at(`${name}.json`), stringifyTrace(drawTrace(stream)));
    }
    for (const scene of ['typical', 'hostile'] as Scene[]) {
      writeFileSync(at(`${scene}.json`), stringifyTrace(sceneTrace(scene)));
    }
    await start();
  });

  beforeEach(async () => {
    await page.goto('about:blank');
    await page.goto(address);
    await page.getByRole('navigation', { name: 'Dashboard' }).waitFor();
  });

  afterAll(async () => {
    await context?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });

  const add = (...names: string[]) =>
    page
      .locator('input[type=file]')
      .first()
      .setInputFiles(names.map((name) => at(name)));
  const rowOf = (name: string) => page.getByRole('row').filter({ has: page.getByRole('link', { name }) });
  const recordings = () => page.locator('.library tbody tr');
  const tile = (label: string) => page.locator('.tile').filter({ hasText: label }).locator('.tile-value');

  const violations = () => violationsOf(page);

  it('says what to do when there is nothing yet', async () => {
    await page.getByText('No recording yet.').waitFor();
    await page.getByRole('link', { name: 'Compare' }).click();
    await page.getByText('A comparison needs two recordings.').waitFor();
    await page.getByRole('link', { name: 'Over time' }).click();
    await page.getByText('Nothing to follow yet.').waitFor();
    expect(await violations()).toEqual([]);
  });

  it('opens two recordings, compares them, and names the gateway that held the stream back', async () => {
    await add('direct.json', 'buffered.json');
    await expect.poll(() => recordings().count()).toBe(2);
    await page.getByLabel('Mark direct for comparison').check();
    await page.getByLabel('Mark buffered for comparison').check();
    expect(await violations(), 'library').toEqual([]);
    await page.getByRole('button', { name: 'Compare the two marked' }).click();
    const sentence = page.locator('.verdict-sentence');
    await expect.poll(() => sentence.textContent()).toMatch(/21 events of POST \/api\/chat in one burst/);
    expect(await sentence.textContent()).toMatch(/nginx/);
    expect(await sentence.textContent()).toContain('buffered-stream appeared');
    const curves = page.getByRole('img', { name: /^Arrival curves\./ });
    expect(await curves.getAttribute('aria-label')).toMatch(/direct: 21 events.*buffered: 21 events/s);
    await expect(page.getByRole('row', { name: /^first event .* differs$/ }).count()).resolves.toBe(1);
    expect(await page.getByText(/21 matched by their contents/).count()).toBe(1);
    expect(await violations(), 'comparison').toEqual([]);
  });

  it('takes another host for the counterpart when told to, and says when nothing is comparable', async () => {
    await add('typical.json');
    await page.getByText('By endpoint').waitFor();
    await page.getByRole('link', { name: 'Compare' }).click();
    const option = (name: string) => page.getByRole('option', { name: new RegExp(`^${name} `) }).first();
    const value = async (name: string) => (await option(name).getAttribute('value')) ?? '';
    await page.getByLabel('Reference').selectOption(await value('direct'));
    await page.getByLabel('Held against it').selectOption(await value('typical'));
    // Both have POST /api/chat: the hosts are guessed.
    await page.getByText(/127\.0\.0\.1:\d+ → stage\.example\.org/).waitFor();
    await page.getByText('Hosts', { exact: false }).first().click();
    await page.getByRole('combobox', { name: /^Host of typical for 127/ }).selectOption('');
    await expect.poll(() => page.locator('.verdict.incomparable').count()).toBe(1);
    expect(await page.locator('.verdict-sentence').textContent()).toMatch(/\.$/);
    await page.getByRole('button', { name: 'Guess them again' }).click();
    await expect.poll(() => page.locator('.verdict.differs').count()).toBe(1);
  });

  it('shows the figures of a recording, and the streams behind a finding', async () => {
    await page.getByRole('link', { name: 'typical' }).click();
    await expect.poll(() => tile('Streams that completed').textContent()).toBe('57 %');
    expect(await tile('Duration').textContent()).toMatch(/s$/);
    expect(await page.getByRole('img', { name: /^Streams open at once/ }).count()).toBe(1);
    expect(await violations(), 'overview').toEqual([]);
    await page.getByRole('link', { name: 'A gateway gave up waiting for the answer' }).click();
    await page.locator('[data-id]').first().waitFor();
    expect(await page.locator('[data-id]').count()).toBe(1);
    expect(await page.getByRole('button', { name: 'Record', exact: true }).count()).toBe(0);
    expect(await violations(), 'streams').toEqual([]);
    await page.goBack();
    await page.getByText('By endpoint').waitFor();
  });

  it('exports a page that shows the plot from disk, with nothing secret in it', async () => {
    await page.getByRole('link', { name: 'typical' }).click();
    await page.getByRole('tab', { name: 'Streams' }).click();
    await page.getByRole('button', { name: 'Export' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export this recording' });
    await dialog
      .getByRole('rowheader', { name: /AWSALB/ })
      .first()
      .waitFor();
    expect(await violations(), 'export').toEqual([]);
    await dialog.locator('input[value=html]').check();
    const downloading = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Save' }).click();
    const path = at('report.html');
    await (await downloading).saveAs(path);
    expect(readFileSync(path, 'utf8')).not.toContain('abc123def');
    await dialog.waitFor({ state: 'detached' });
    const report = await context.newPage();
    await report.goto(pathToFileURL(path).href);
    await report.locator('figure svg .curve').first().waitFor();
    expect(await report.locator('body').textContent()).toContain('buffered-stream');
    await report.close();
  });

  it('keeps names, notes and tags, over a restart of the browser as well', async () => {
    await page.getByRole('button', { name: 'Edit direct' }).click();
    await page.getByRole('textbox', { name: 'Name' }).fill('On my machine');
    await page.getByRole('textbox', { name: 'Tags' }).fill('local, before');
    await page.getByRole('textbox', { name: 'Note' }).fill('Without any gateway.');
    await page.getByRole('button', { name: 'Save' }).click();
    await rowOf('On my machine').waitFor();
    await context.close();
    await start();
    await page.goto(address);
    await rowOf('On my machine').waitFor();
    expect(await recordings().count()).toBe(3);
    expect(await rowOf('On my machine').textContent()).toContain('before');
    await page.getByRole('searchbox').fill('gateway before');
    await expect.poll(() => recordings().count()).toBe(1);
    await page.getByRole('link', { name: 'Over time' }).click();
    await page.getByRole('combobox', { name: 'Endpoint' }).waitFor();
    await expect
      .poll(() => page.getByRole('row').filter({ hasText: 'On my machine' }).textContent())
      .toMatch(/100 %/);
    expect(await violations(), 'over time').toEqual([]);
  });

  it('says in one sentence what a file of 100 MB of nonsense is, and goes on drawing meanwhile', async () => {
    const file = openSync(at('nonsense.har'), 'w');
    const piece = Buffer.alloc(1024 * 1024, 'nonsense ');
    for (let written = 0; written < GARBAGE_BYTES; written += piece.length) writeSync(file, piece);
    closeSync(file);
    await page.evaluate(() => {
      const counted = { frames: 0 };
      Object.assign(window, { counted });
      const count = () => {
        if (document.querySelector('.job')) counted.frames += 1;
        requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
    });
    await add('nonsense.har');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(/^nonsense\.har is not JSON: .*\.$/);
    expect(
      await page.evaluate(() => (window as unknown as { counted: { frames: number } }).counted.frames),
    ).toBeGreaterThan(3);
    expect(await recordings().count()).toBe(3);
  });

  it('stops reading a file when told to, and keeps nothing of it', async () => {
    await add('nonsense.har');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.locator('.job').waitFor({ state: 'detached' });
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(await recordings().count()).toBe(3);
    rmSync(at('nonsense.har'));
  });

  it('shows a record that was damaged as such, lets it go, and leaves the others alone', async () => {
    await page.evaluate(
      () =>
        new Promise<void>((resolve, reject) => {
          const asked = indexedDB.open('streamgauge-library');
          asked.onerror = () => reject(asked.error);
          asked.onsuccess = () => {
            const database = asked.result;
            const transaction = database.transaction(['entries', 'contents'], 'readwrite');
            transaction.objectStore('entries').put({ name: 'Tuesday', summary: 1 }, 'broken');
            const contents = transaction.objectStore('contents');
            const cursor = contents.openCursor();
            let cut = false;
            cursor.onsuccess = () => {
              if (!cursor.result || cut) return;
              cut = true;
              cursor.result.update((cursor.result.value as Uint8Array).slice(0, 100));
            };
            transaction.oncomplete = () => {
              database.close();
              resolve();
            };
          };
        }),
    );
    await page.reload();
    await page.getByText(/It cannot be opened\. Its record is damaged/).waitFor();
    expect(await violations()).toEqual([]);
    await page.getByRole('button', { name: 'Delete Tuesday' }).click();
    await expect.poll(() => recordings().count()).toBe(3);
    // One of the three has lost most of its contents: it says so when it is opened, the others open.
    const states: string[] = [];
    for (const index of [0, 1, 2]) {
      await recordings().nth(index).getByRole('link').click();
      const shown = page.locator('.tiles, .empty-action').first();
      await shown.waitFor();
      states.push(
        (await page.getByText('This recording cannot be shown.').count()) > 0 ? 'damaged' : 'whole',
      );
      if (states.at(-1) === 'damaged') {
        expect(await page.locator('.empty-text').textContent()).toMatch(/cut off|damaged/);
      }
      await page.getByRole('link', { name: 'Library' }).first().click();
      await recordings().first().waitFor();
    }
    expect(states.sort()).toEqual(['damaged', 'whole', 'whole']);
  });

  it('shows markup in every text as text', async () => {
    const markup = '<img src=x onerror=alert(1)>';
    await add('hostile.json');
    await page.getByText('By endpoint').waitFor();
    await page.getByRole('link', { name: 'Library' }).first().click();
    await page.getByRole('button', { name: 'Edit hostile' }).click();
    for (const name of ['Name', 'Tags', 'Note']) await page.getByRole('textbox', { name }).fill(markup);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('link', { name: markup }).click();
    await page.getByText('By endpoint').waitFor();
    await page.getByRole('tab', { name: 'Streams' }).click();
    await page.locator('[data-id]').first().click();
    await page.getByRole('link', { name: 'Over time' }).click();
    const endpoint = page.getByRole('combobox', { name: 'Endpoint' });
    const hostile = await endpoint.locator('option').filter({ hasText: '%3Cimg' }).getAttribute('value');
    await endpoint.selectOption(hostile);
    await page.getByRole('row').filter({ hasText: markup }).first().waitFor();
    expect(await page.locator('img').count()).toBe(0);
    expect(await page.evaluate(() => window.refused)).toEqual([]);
    expect(errors).toEqual([]);
  });

  it('refuses what does not fit in one sentence, and leaves the rest as it is', async () => {
    // A quota that a test could set does not bind this database: the browser's refusal is played, at the second write.
    await page.evaluate(() => {
      const { put } = IDBObjectStore.prototype;
      IDBObjectStore.prototype.put = function (this: IDBObjectStore, ...args: Parameters<typeof put>) {
        if (this.name === 'entries')
          throw new DOMException('The quota has been exceeded.', 'QuotaExceededError');
        return put.apply(this, args);
      };
    });
    const before = await recordings().count();
    await add('typical.json');
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.textContent()).toMatch(
      /^There is no room to keep typical\. .*the others are untouched\.$/,
    );
    await page.reload();
    await recordings().first().waitFor();
    expect(await recordings().count()).toBe(before);
    expect(await page.locator('.damaged').count()).toBe(0);
  });

  it('saves a large recording without standing still, and not at all once it was cancelled', async () => {
    writeFileSync(at('large.json'), stringifyTrace(drawTrace(LARGE)));
    await add('large.json');
    await page.getByText('By endpoint').waitFor();
    await page.getByRole('tab', { name: 'Streams' }).click();
    const dialog = page.getByRole('dialog', { name: 'Export this recording' });
    const downloads: string[] = [];
    page.on('download', (download) => downloads.push(download.suggestedFilename()));
    const open = async (format: string) => {
      await page.getByRole('button', { name: 'Export' }).click();
      await dialog.locator(`input[value="${format}"]`).check();
    };

    await open('har');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await dialog.getByRole('status').filter({ hasText: 'Unpacking…' }).waitFor();
    await dialog.getByRole('button', { name: 'Cancel' }).click();
    await dialog.waitFor({ state: 'detached' });
    await page.locator('.job').waitFor({ state: 'detached' });

    await open('csv-events');
    await page.evaluate(() => {
      const counted = { frames: 0 };
      Object.assign(window, { counted });
      const count = () => {
        if (document.querySelector('dialog button[type=submit]:disabled')) counted.frames += 1;
        requestAnimationFrame(count);
      };
      requestAnimationFrame(count);
    });
    const downloading = page.waitForEvent('download');
    await dialog.getByRole('button', { name: 'Save' }).click();
    await (await downloading).saveAs(at('large.csv'));
    await dialog.waitFor({ state: 'detached' });
    expect(
      await page.evaluate(() => (window as unknown as { counted: { frames: number } }).counted.frames),
    ).toBeGreaterThan(3);
    expect(readFileSync(at('large.csv'), 'utf8').trimEnd().split('\n')).toHaveLength(1 + LARGE_EVENTS);
    expect(downloads).toEqual([expect.stringMatching(/\.events\.csv$/)]);
  });

  it('is the same page from a web server without TLS, and asks it for nothing else', async () => {
    const asked: string[] = [];
    const server: Server = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(200, { 'content-type': 'text/html' });
      response.end(readFileSync(new URL(address)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await context.setOffline(false);
      await page.goto(`http://${HOST}:${(server.address() as AddressInfo).port}/`);
      expect(await page.evaluate(() => isSecureContext)).toBe(false);
      await add('direct.json');
      await page.getByText('By endpoint').waitFor();
      await page.getByRole('tab', { name: 'Streams' }).click();
      await page.getByRole('button', { name: 'Export' }).click();
      const dialog = page.getByRole('dialog', { name: 'Export this recording' });
      await dialog.locator('input[value=html]').check();
      const downloading = page.waitForEvent('download');
      await dialog.getByRole('button', { name: 'Save' }).click();
      expect(readFileSync(await (await downloading).path(), 'utf8')).toMatch(
        /^<!doctype html>.*<\/html>\n$/s,
      );
      expect(asked.filter((path) => path !== '/favicon.ico')).toEqual(['/']);
      expect(await page.evaluate(() => window.refused)).toEqual([]);
    } finally {
      await context.setOffline(true);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
