import browser, { type Runtime } from 'webextension-polyfill';
import bridge from '../bridge/bridge.iife?script&iife';
import {
  BRIDGE_PORT,
  type BridgeRestore,
  DEVTOOLS_PORT,
  type DevtoolsReply,
  type DevtoolsRequest,
} from '../protocol/ports';
import tap from '../tap/tap.iife?script&iife';
import { type PageScript, Registration } from './registration';

const SCRIPTS: PageScript[] = [
  { id: 'streamgauge-tap', file: tap, world: 'MAIN' },
  { id: 'streamgauge-bridge', file: bridge, world: 'ISOLATED' },
];

const registration = new Registration(browser.scripting, SCRIPTS);
/** Devtools pages that are there now, with the tab each inspects. They connect again when this worker was stopped. */
const inspected = new Map<Runtime.Port, number>();
const startedAtMs = performance.now();
/** After a start, devtools pages need a moment to connect again: until then nobody is known to be uninspected. */
const SETTLED_AFTER_MS = 1000;

browser.runtime.onConnect.addListener((port) => {
  if (port.name === BRIDGE_PORT) {
    refuseUninspected(port);
    return;
  }
  const tabId = Number(port.name.slice(DEVTOOLS_PORT.length));
  const isOurs = port.sender?.url?.startsWith(browser.runtime.getURL('')) ?? false;
  if (!port.name.startsWith(DEVTOOLS_PORT) || !Number.isInteger(tabId) || !isOurs) return;
  inspected.set(port, tabId);
  // Only pages of our own connect under this name, as was checked above.
  port.onMessage.addListener((request) => void answer(port, tabId, request as DevtoolsRequest));
  port.onDisconnect.addListener(() => {
    inspected.delete(port);
    if (![...inspected.values()].includes(tabId)) void restoreTab(tabId);
    if (inspected.size === 0) void registration.remove();
  });
});

/** Ends the bridge of a tab that nobody inspects, so that its tap restores at once. */
function refuseUninspected(port: Runtime.Port): void {
  if (performance.now() - startedAtMs < SETTLED_AFTER_MS) {
    // Started by this very page: perhaps by a registration that a crash left behind.
    if (inspected.size === 0) void removeWhenUnused();
    return;
  }
  if (![...inspected.values()].includes(port.sender?.tab?.id ?? -1)) port.disconnect();
}

browser.action.onClicked.addListener(() => void openDashboard());

async function openDashboard(): Promise<void> {
  await browser.tabs.create({ url: browser.runtime.getURL('src/views/dashboard/dashboard.html') });
}

async function answer(port: Runtime.Port, tabId: number, request: DevtoolsRequest): Promise<void> {
  if (request.type === 'dashboard') {
    await openDashboard();
    return;
  }
  let reply: DevtoolsReply = { type: 'registered' };
  try {
    await registration.add();
    await registration.inject(tabId);
  } catch (error) {
    reply = { type: 'failed', message: error instanceof Error ? error.message : String(error) };
  }
  if (inspected.has(port)) port.postMessage(reply);
}

/** DevTools of this tab were closed: its taps put everything back. A tab without bridges has nobody to hear it. */
async function restoreTab(tabId: number): Promise<void> {
  await browser.tabs
    .sendMessage(tabId, { type: 'streamgauge:restore' } satisfies BridgeRestore)
    .catch(() => undefined);
}

async function removeWhenUnused(): Promise<void> {
  const open = await browser.runtime.getContexts({
    contextTypes: ['DEVELOPER_TOOLS' as Runtime.ContextType],
  });
  if (open.length === 0 && inspected.size === 0) await registration.remove();
}
