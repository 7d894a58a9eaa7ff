import { readdirSync, readFileSync } from 'node:fs';
import tap from 'virtual:script/tap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchedBrowser } from '../../../src/cli/chromium/launch';
import { CdpPage, launchForTests } from '../../support/cdp-page';
import { TapPage } from '../../support/tap-page';
import { startTapServer, type TapServer } from '../../support/tap-server';

const MB = 1024 * 1024;

let server: TapServer;
beforeAll(async () => {
  server = await startTapServer();
});
afterAll(() => server?.close());

/** Resident bytes of each renderer of this browser: bodies live outside the JavaScript heap. */
function rendererBytes(browser: LaunchedBrowser): Map<number, number> {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  for (const pid of pids) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      parents.set(Number(pid), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has just ended.
    }
  }
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at; at = parents.get(at))
      if (at === browser.process.pid) return true;
    return false;
  };
  const bytes = new Map<number, number>();
  for (const pid of parents.keys()) {
    try {
      if (!isOurs(pid) || !readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer')) continue;
      bytes.set(pid, Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) * 4096);
    } catch {
      // As above.
    }
  }
  return bytes;
}

/** By how much the renderer that grew most has grown; one that started meanwhile is a spare of the browser's. */
function growthMb(before: Map<number, number>, after: Map<number, number>): number {
  let largest = 0;
  for (const [pid, bytes] of after) largest = Math.max(largest, bytes - (before.get(pid) ?? bytes));
  return largest / MB;
}

interface Measured {
  acceptedMb: number;
  grownMb: number;
}

/** How far a page that stops reading lets the server write, and what it holds; then the way it gives up. */
async function stopReading(
  browser: LaunchedBrowser,
  page: CdpPage,
  key: string,
  begin: (url: string) => unknown,
  giveUp: () => unknown,
): Promise<Measured> {
  // Code and buffers that any stream needs are there before anything is compared.
  await page.evaluate(async (url) => {
    for (let i = 0; i < 3; i++) for await (const _ of (await fetch(url)).body!);
  }, `${server.origin}/bulk?mb=8`);
  const before = rendererBytes(browser);
  await page.evaluate(begin, `${server.origin}/bulk?mb=256&key=${key}`);
  const exchange = await server.exchange(key);
  // The server is blocked when it has accepted nothing more for a while.
  let accepted = -1;
  while (accepted !== exchange.acceptedBytes || !exchange.blocked) {
    accepted = exchange.acceptedBytes;
    if (accepted > 200 * MB) break;
    await new Promise((resolve) => setTimeout(resolve, 400));
  }
  const grownMb = growthMb(before, rendererBytes(browser));
  await page.evaluate(giveUp);
  await exchange.closed;
  return { acceptedMb: accepted / MB, grownMb };
}

type Held = {
  reader: ReadableStreamDefaultReader;
  controller: AbortController;
  iterator: AsyncIterator<unknown>;
};

const WAYS: Record<string, [begin: (url: string) => unknown, giveUp: () => unknown]> = {
  'reader.cancel': [
    async (url) => {
      const reader = (await fetch(url)).body!.getReader();
      await reader.read();
      (window as unknown as Held).reader = reader;
    },
    () => (window as unknown as Held).reader.cancel(),
  ],
  'a full pipe, abort': [
    async (url) => {
      const controller = new AbortController();
      const { body } = await fetch(url, { signal: controller.signal });
      body!.pipeTo(new WritableStream({ write: () => new Promise(() => undefined) })).catch(() => undefined);
      (window as unknown as Held).controller = controller;
    },
    // The pending write never ends, so neither does the pipe; the fetch does.
    () => (window as unknown as Held).controller.abort(),
  ],
  'break in for await': [
    async (url) => {
      const iterator = (await fetch(url)).body!.values();
      await iterator.next();
      (window as unknown as Held).iterator = iterator;
    },
    () => (window as unknown as Held).iterator.return?.(),
  ],
};

async function inBrowser<T>(run: (browser: LaunchedBrowser) => Promise<T>): Promise<T> {
  const browser = await launchForTests();
  try {
    return await run(browser);
  } finally {
    await browser.close();
  }
}

describe('a page that stops reading', () => {
  for (const [name, [begin, giveUp]] of Object.entries(WAYS)) {
    it(`${name}: the server is held back as natively, and let go`, async () => {
      const key = name.replaceAll(' ', '-');
      // A browser of its own for each, or memory that the first has freed would count for the second. Twice each: how
      // much the kernel takes off the server's hands before it blocks differs by megabytes from one socket to the next.
      const native = await inBrowser(async (browser) => {
        const page = await CdpPage.open(browser, `${server.origin}/`);
        return [
          await stopReading(browser, page, `${key}-native-1`, begin, giveUp),
          await stopReading(browser, page, `${key}-native-2`, begin, giveUp),
        ];
      });
      const tapped = await inBrowser(async (browser) => {
        const watched = await TapPage.open(browser, `${server.origin}/`, tap);
        const measured = [
          await stopReading(browser, watched.page, `${key}-tapped-1`, begin, giveUp),
          await stopReading(browser, watched.page, `${key}-tapped-2`, begin, giveUp),
        ];
        expect((await watched.ended(`${key}-tapped-2`)).end?.kind).toBe('aborted');
        return measured;
      });
      const most = (of: keyof Measured) => Math.max(...native.map((one) => one[of]));
      const least = (of: keyof Measured) => Math.min(...tapped.map((one) => one[of]));
      console.info(`${name}: native ${JSON.stringify(native)}, tapped ${JSON.stringify(tapped)}`);
      expect(most('acceptedMb')).toBeLessThan(64);
      expect(least('acceptedMb')).toBeLessThanOrEqual(most('acceptedMb') + 4);
      expect(least('grownMb')).toBeLessThanOrEqual(most('grownMb') + 16);
    });
  }
});
