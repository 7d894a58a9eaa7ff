import type { Page } from 'playwright-core';
import { eventually } from './devtools';

/** How the panel is shown. */
export interface Look {
  theme: 'light' | 'dark';
  widthPx: number;
  heightPx: number;
}

/** DevTools' own tab bar above a panel, and what it leaves of the page when it is docked below. */
const BARS_PX = 27;
const PAGE_PX = 60;

/**
 * Docks DevTools below the page and gives its panel a size and a theme. All scripts for the front end are text, because
 * test runners rewrite `import()` in functions; the modules are DevTools' own.
 */
export async function setLook(devtools: Page, { theme, widthPx, heightPx }: Look): Promise<void> {
  await devtools.setViewportSize({ width: widthPx, height: heightPx + BARS_PX + PAGE_PX });
  await devtools.evaluate(`(async () => {
    const UI = await import('./ui/legacy/legacy.js');
    const Common = await import('./core/common/common.js');
    UI.DockController.DockController.instance().setDockSide('bottom');
    const view = UI.InspectorView.InspectorView.instance();
    view.parentWidget().setSidebarSize(${heightPx + BARS_PX});
    Common.Settings.Settings.instance().moduleSetting('ui-theme').set('${theme === 'dark' ? 'dark' : 'default'}');
  })()`);
  const panel = devtools.frames().find((frame) => frame.url().endsWith('/panel.html'));
  await eventually(`a ${theme} panel of ${widthPx} pixels`, () =>
    panel?.evaluate(
      ([wanted, width]) => document.documentElement.dataset.theme === wanted && innerWidth === width,
      [theme, widthPx] as const,
    ),
  );
}

/** What the Network panel's "Save all as HAR (with sensitive data)" writes of everything it has. */
export function networkPanelHar(devtools: Page): Promise<string> {
  return devtools.evaluate(`(async () => {
    const HAR = await import('./models/har/har.js');
    const Logs = await import('./models/logs/logs.js');
    const { Progress } = await import('./core/common/common.js');
    const requests = Logs.NetworkLog.NetworkLog.instance().requests();
    const progress = new Progress.CompositeProgress(new Progress.Progress());
    return HAR.Writer.Writer.harStringForRequests(requests, { sanitize: false }, progress);
  })()`);
}
