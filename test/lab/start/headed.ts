import type { CdpConnection, CdpObject } from '../../../src/cli/chromium/cdp.ts';
import { type LaunchedBrowser, launchChromium } from '../../../src/cli/chromium/launch.ts';
import type { Lab } from '../lab.ts';
import { EXTENSION } from './build.ts';

/** What to press first: the page opens there. */
export const FIRST_SCENARIO = 'nginx-default-buffering';
const PANEL = 'Streamgauge';

/**
 * Runs inside DevTools: docks it below the page, where the panel's table has its width, and selects the panel. True once
 * it was already selected, since DevTools may still restore its own first tab after ours.
 */
const SHOW_PANEL = `(async () => {
  const UI = await import('./ui/legacy/legacy.js');
  const view = UI.InspectorView.InspectorView.instance();
  const dock = UI.DockController.DockController.instance();
  const id = view.tabbedPane.tabIds().find((one) => one.endsWith(${JSON.stringify(PANEL)}));
  if (!id) return false;
  if (dock.dockSide() !== 'bottom') dock.setDockSide('bottom');
  // DevTools takes a third of the window by default; the panel deserves the larger half.
  view.parentWidget()?.setSidebarSize?.(Math.round(innerHeight * 0.55));
  if (view.tabbedPane.selectedTabId === id) return true;
  await view.showPanel(id);
  return false;
})()`;

interface TargetInfo extends CdpObject {
  targetId: string;
  type: string;
  url: string;
}

/**
 * Opens Chromium with the extension, DevTools on its panel, and the lab page. The extension is loaded over the protocol
 * pipe, because branded Chrome ignores `--load-extension` since 137; the first tab comes after it, so that its DevTools
 * knows the extension from the start. `headed: false` does the same without a window, for the tests.
 */
export async function openHeaded(
  executable: string,
  lab: Lab,
  options: { headed?: boolean } = {},
): Promise<LaunchedBrowser> {
  const browser = await launchChromium({
    executable,
    headed: options.headed ?? true,
    args: [
      ...lab.chromiumArgs,
      '--enable-unsafe-extension-debugging',
      '--auto-open-devtools-for-tabs',
      '--window-size=1500,950',
    ],
  });
  try {
    const { connection } = browser;
    const before = await targets(connection);
    await connection.send('Extensions.loadUnpacked', { path: EXTENSION });
    const tab = await connection.send<{ targetId: string }>('Target.createTarget', {
      url: `${lab.url}#${FIRST_SCENARIO}`,
    });
    for (const { targetId, type, url } of before) {
      if (type === 'page' && !url.startsWith('devtools:')) {
        await connection.send('Target.closeTarget', { targetId });
      }
    }
    await showPanel(connection, before);
    await reload(connection, tab.targetId);
    return browser;
  } catch (error) {
    await browser.close();
    throw error;
  }
}

/** The page was there before the panel recorded; from now on it is recorded from its start. */
async function reload(connection: CdpConnection, targetId: string): Promise<void> {
  const { sessionId } = await attach(connection, targetId);
  await connection.send('Page.reload', {}, sessionId);
  await connection.send('Target.detachFromTarget', { sessionId });
}

function attach(connection: CdpConnection, targetId: string): Promise<{ sessionId: string }> {
  return connection.send('Target.attachToTarget', { targetId, flatten: true });
}

async function targets(connection: CdpConnection): Promise<TargetInfo[]> {
  const found = await connection.send<{ targetInfos: TargetInfo[] }>('Target.getTargets', { filter: [{}] });
  return found.targetInfos;
}

/** DevTools is a page too: its own tab bar is asked for the panel. */
async function showPanel(connection: CdpConnection, before: TargetInfo[]): Promise<void> {
  const known = new Set(before.map(({ targetId }) => targetId));
  const front = await until('DevTools did not open', async () =>
    (await targets(connection)).find(
      ({ targetId, url }) => url.startsWith('devtools:') && !known.has(targetId),
    ),
  );
  const { sessionId } = await attach(connection, front.targetId);
  await until(`The ${PANEL} panel did not appear in DevTools`, async () => {
    const answer = await connection.send<{ result: { value?: unknown } }>(
      'Runtime.evaluate',
      {
        awaitPromise: true,
        returnByValue: true,
        expression: SHOW_PANEL,
      },
      sessionId,
    );
    return answer.result.value === true;
  });
  await connection.send('Target.detachFromTarget', { sessionId });
}

/** Asks again until there is an answer. */
async function until<Answer>(
  complaint: string,
  ask: () => Promise<Answer | undefined>,
): Promise<NonNullable<Answer>> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(complaint);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
