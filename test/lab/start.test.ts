import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find.ts';
import type { LaunchedBrowser } from '../../src/cli/chromium/launch.ts';
import { ensureBuilt } from '../e2e/support/built.ts';
import { type Lab, startLab } from './lab.ts';
import { FIRST_SCENARIO, openHeaded } from './start/headed.ts';

let lab: Lab;
let browser: LaunchedBrowser;
beforeAll(async () => {
  await ensureBuilt();
  lab = await startLab({ without: ['nginx', 'haproxy'] });
  browser = await openHeaded(findChromium() ?? '', lab, { headed: false });
});
afterAll(async () => {
  await browser?.close();
  await lab?.stop();
});

describe('npm start', () => {
  it('opens the lab page, with DevTools on the panel', async () => {
    const { targetInfos } = await browser.connection.send<{ targetInfos: { type: string; url: string }[] }>(
      'Target.getTargets',
      { filter: [{}] },
    );
    const pages = targetInfos.filter(({ type, url }) => type === 'page' && !url.startsWith('devtools:'));
    expect(pages.map(({ url }) => url)).toEqual([`${lab.url}#${FIRST_SCENARIO}`]);
    // DevTools makes a panel's frame when the panel is first shown.
    expect(targetInfos.map(({ url }) => url)).toContainEqual(
      expect.stringMatching(/\/views\/panel\/panel\.html$/),
    );
  });
});
