import { join } from 'node:path';
import { findChromium } from '../../src/cli/chromium/find.ts';
import { type Lab, startLab } from './lab.ts';
import type { Scenario } from './scenario.ts';
import { buildAll, ROOT } from './start/build.ts';
import { openHeaded } from './start/headed.ts';
import { groupByPage, type Recording, recordPage, secondLook, sentences, table } from './start/headless.ts';
import { isAsExpected } from './verdict.ts';

// `npm start`: build, start the lab, and show it: in a window where there is a display, else as a table. Without a
// display, `npm start -- ID…` runs the scenarios of these ids only.

const say = (line: string) => void process.stdout.write(`${line}\n`);
/** Without a display only the quick scenarios are run. */
const QUICK_SECONDS = 12;

function hasDisplay(): boolean {
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
}

const isQuick = ({ seconds }: Scenario) => seconds <= QUICK_SECONDS;

async function showHeaded(browserPath: string, lab: Lab): Promise<void> {
  const browser = await openHeaded(browserPath, lab);
  say(`
The lab is at ${lab.url}, in a browser with Streamgauge loaded and DevTools open on its panel.

  1. In the page, scroll to "nginx, default buffering" and press Run.
  2. Watch the panel: 41 events that the server spread over three seconds arrive at once.
  3. Open the finding: the sentence, what was measured, and the lines of nginx configuration that fix it.

Press Ctrl-C here, or close the window, to end.`);
  await new Promise<void>((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    browser.process.once('exit', () => resolve());
  });
  await browser.close();
}

async function showHeadless(browserPath: string, lab: Lab, ids: string[]): Promise<boolean> {
  const asked = ids.length > 0 ? ids.map((id) => lab.scenario(id)) : lab.scenarios.filter(isQuick);
  const chosen = asked.filter(({ unavailable }) => !unavailable);
  const pages = groupByPage(chosen);
  const scenarios = chosen.length === 1 ? 'one scenario is' : `${chosen.length} scenarios are`;
  say(`There is no display, so ${scenarios} run headless and recorded; this may take a minute or two.`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  const folder = join(ROOT, 'out', 'lab');
  const recordings: Recording[] = [];
  const waiting = [...pages].map(([page, scenarios], index) => ({
    page,
    scenarios,
    name: `lab-${index + 1}`,
  }));
  const failures: string[] = [];
  // Two browsers at a time are what a small machine carries without its own load showing in the timing.
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      try {
        const options = { lab, browser: browserPath, folder };
        const recording = await recordPage({ ...options, ...next });
        await secondLook(recording, options);
        recordings.push(recording);
      } catch (error) {
        failures.push(`${next.page} was not recorded: ${error instanceof Error ? error.message : error}`);
      }
    }
  };
  await Promise.all([work(), work()]);
  const verdicts = recordings.flatMap((one) => one.verdicts);
  if (verdicts.length > 0) {
    const order = new Map(lab.scenarios.map(({ id }, index) => [id, index]));
    verdicts.sort((a, b) => (order.get(a.scenario.id) ?? 0) - (order.get(b.scenario.id) ?? 0));
    say(`\n${table(verdicts)}\n\n${sentences(verdicts)}\n`);
    say(`${verdicts.filter(isAsExpected).length} of ${verdicts.length} scenarios gave what they should.`);
    for (const { page, tracePath, reportPath } of recordings) {
      say(`${page}\n  trace   ${tracePath}\n  report  ${reportPath}`);
    }
  }
  for (const failure of failures) say(failure);
  return failures.length === 0;
}

async function main(ids: string[]): Promise<number> {
  const browserPath = findChromium();
  if (!browserPath) {
    say('No Chromium, Chrome or Edge was found. Install one, or name it in STREAMGAUGE_BROWSER.');
    return 1;
  }
  buildAll(say);
  const lab = await startLab();
  for (const sentence of lab.missing) say(`${sentence} Its scenarios cannot be run.`);
  try {
    if (!hasDisplay()) return (await showHeadless(browserPath, lab, ids)) ? 0 : 1;
    await showHeaded(browserPath, lab);
    return 0;
  } finally {
    await lab.stop();
  }
}

process.exitCode = await main(process.argv.slice(2));
