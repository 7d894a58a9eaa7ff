import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium, type Frame, type Page } from 'playwright-core';
import { findChromium } from '../../src/cli/chromium/find';
import { traceJsonPieces } from '../../src/exchange/export/trace-json';
import { type DevtoolsSession, eventually, openDevtools, openPanel } from '../e2e/support/devtools';
import { type Lab, startLab } from '../lab/lab';
import { pageOf } from '../lab/start/headless';
import { SCRIPTS } from './scenarios/scripted.ts';
import { SESSIONS, type Session, type Take } from './sessions.ts';
import { settled, takeHar, takeTrace } from './take';
import { CORPUS_SPECS } from './worlds.ts';

// Records the corpus: `npm run corpus:make [-- name…]`. Labels are written by hand, in labels.json.

const FOLDER = join(import.meta.dirname, 'recordings');
/** Short ones are watched closely, so that the machine is not what makes them late; long ones mostly wait. */
const AT_A_TIME = 2;
const LONG_SECONDS = 25;
/** Background tabs must not have their timers slowed down. */
const AWAKE = [
  '--disable-background-timer-throttling',
  '--disable-backgrounding-occluded-windows',
  '--disable-renderer-backgrounding',
];
const SUFFIXES: Record<Take, string> = {
  trace: '.trace.json',
  'trace-secrets': '.secrets.trace.json',
  har: '.har',
  'har-secrets': '.secrets.har',
  playwright: '.playwright.har',
};

const wanted = new Set(process.argv.slice(2));
const sessions = SESSIONS.filter(({ name }) => wanted.size === 0 || wanted.has(name));
const unknown = [...wanted].filter((name) => !SESSIONS.some((one) => one.name === name));

function save(session: Session, take: Take, text: string): void {
  const path = join(FOLDER, `${session.name}${SUFFIXES[take]}.gz`);
  const bytes = gzipSync(text, { level: 9 });
  writeFileSync(path, bytes);
  process.stdout.write(`${session.name} ${take}: ${bytes.length} bytes\n`);
}

async function perform(lab: Lab, page: Page, { run, together }: Session): Promise<void> {
  const one = async (id: string) => {
    const scripted = SCRIPTS.get(id);
    if (!scripted) return void (await page.evaluate(`window.lab.run(${JSON.stringify(id)})`));
    await page.evaluate(`(async (api) => {${scripted.script}\n})(${JSON.stringify(scripted.address)})`);
  };
  await page.goto(pageOf(lab.scenario(run[0]!)));
  await page.evaluate('window.lab.ready');
  if (together) await Promise.all(run.map(one));
  else for (const id of run) await one(id);
}

/** A tab whose DevTools show the panel. A busy machine takes its time to start an extension in it. */
async function newTab(browser: DevtoolsSession): Promise<{ page: Page; devtools: Page; panel: Frame }> {
  const context = browser.browser.contexts()[0]!;
  const known = new Set(context.pages());
  const page = await browser.newTab();
  const devtools = await eventually('DevTools of the new tab', () =>
    context.pages().find((one) => !known.has(one) && one.url().startsWith('devtools://')),
  );
  for (let attempt = 1; ; attempt++) {
    try {
      return { page, devtools, panel: await openPanel(devtools) };
    } catch (error) {
      if (attempt === 4) throw error;
    }
  }
}

/** Runs `work` on every item, so many at a time. */
async function each<Item>(
  items: Item[],
  atATime: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: atATime }, worker));
}

const seconds = (lab: Lab, { run }: Session) => run.reduce((sum, id) => sum + lab.scenario(id).seconds, 0);

async function inDevtools(lab: Lab, all: Session[]): Promise<void> {
  const own = all.filter(({ take }) => take.some((one) => one !== 'playwright'));
  if (own.length === 0) return;
  const browser = await openDevtools({ args: [...lab.chromiumArgs, ...AWAKE] });
  // DevTools of a new tab is told from the others by being new, so tabs open one after the other.
  let opening: Promise<unknown> = Promise.resolve();
  const record = async (session: Session) => {
    const opened = opening.then(() => newTab(browser));
    opening = opened.catch(() => undefined);
    let tab: Awaited<typeof opened> | null = null;
    try {
      tab = await opened;
      const { page, devtools, panel } = tab;
      await perform(lab, page, session);
      await settled(panel);
      for (const take of session.take) {
        if (take === 'har' || take === 'har-secrets')
          save(session, take, await takeHar(devtools, take === 'har'));
        if (take === 'trace' || take === 'trace-secrets') {
          const trace = await takeTrace(panel);
          save(session, take, traceJsonPieces(trace, { redact: take === 'trace' }).join(''));
        }
      }
    } catch (error) {
      process.exitCode = 1;
      process.stdout.write(`${session.name} FAILED: ${String(error)}\n`);
    } finally {
      await tab?.page.close().catch(() => undefined);
    }
  };
  try {
    await each(
      own.filter((one) => seconds(lab, one) < LONG_SECONDS),
      AT_A_TIME,
      record,
    );
    await each(
      own.filter((one) => seconds(lab, one) >= LONG_SECONDS),
      12,
      record,
    );
  } finally {
    await browser.close();
  }
}

async function inPlaywright(lab: Lab, all: Session[]): Promise<void> {
  const own = all.filter(({ take }) => take.includes('playwright'));
  if (own.length === 0) return;
  const browser = await chromium.launch({
    executablePath: findChromium() ?? '',
    args: [...lab.chromiumArgs, ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
  try {
    await each(own, AT_A_TIME, async (session) => {
      const path = join(FOLDER, `${session.name}.har`);
      const temporary = `${path}.part`;
      const context = await browser.newContext({
        recordHar: { path: temporary, content: 'embed' },
        ignoreHTTPSErrors: true,
      });
      await perform(lab, await context.newPage(), session).catch((error) => {
        process.exitCode = 1;
        process.stdout.write(`${session.name} FAILED in Playwright: ${String(error)}\n`);
      });
      await context.close();
      save(session, 'playwright', readFileSync(temporary, 'utf8'));
      rmSync(temporary);
    });
  } finally {
    await browser.close();
  }
}

async function main(): Promise<void> {
  if (unknown.length > 0) throw new Error(`There is no session ${unknown.join(', ')} in sessions.ts`);
  mkdirSync(FOLDER, { recursive: true });
  for (const seed of new Set(sessions.map((one) => one.seed))) {
    const own = sessions.filter((one) => one.seed === seed);
    const lab = await startLab({ specs: CORPUS_SPECS, ...(seed === undefined ? {} : { seed }) });
    if (lab.missing.length > 0) throw new Error(lab.missing.join(' '));
    try {
      await inDevtools(lab, own);
      await inPlaywright(lab, own);
    } finally {
      await lab.stop();
    }
  }
}

await main();
