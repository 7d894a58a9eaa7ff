import tap from 'virtual:script/tap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchedBrowser } from '../../../src/cli/chromium/launch';
import { CdpPage, launchForTests } from '../../support/cdp-page';
import { TapPage } from '../../support/tap-page';
import { startTapServer, type TapServer } from '../../support/tap-server';
import { CORNER_CHECKS } from './corner-checks';
import { CHECKS } from './fidelity-checks';

let browser: LaunchedBrowser;
let server: TapServer;
let native: CdpPage;
let tapped: TapPage;

beforeAll(async () => {
  server = await startTapServer();
  browser = await launchForTests();
  native = await CdpPage.open(browser, `${server.origin}/`);
  tapped = await TapPage.open(browser, `${server.origin}/`, tap);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

describe('the page cannot tell', () => {
  for (const [name, check] of Object.entries({ ...CHECKS, ...CORNER_CHECKS })) {
    it(name, async () => {
      const env = (key: string) => ({
        origin: server.origin,
        otherOrigin: server.otherOrigin,
        wsOrigin: server.wsOrigin,
        key,
      });
      const expected = await native.evaluate(check, env('native'));
      const actual = await tapped.page.evaluate(check, env('tapped'));
      expect(actual).toEqual(expected);
    });
  }

  it('and it was watched all the while', () => {
    expect(tapped.streams.length).toBeGreaterThan(60);
  });
});
