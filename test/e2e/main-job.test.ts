import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FindingJson, type FindingsJson, findingsFile } from '../../src/exchange/findings-json';
import { importBytes } from '../../src/exchange/import/file';
import { recipeOf } from '../../src/recipes';
import { findProgram } from '../lab/gateways/program';
import { type Lab, startLab } from '../lab/lab';
import { ensureCommandBuilt } from './support/built';
import { type DevtoolsSession, hasChromium, openDevtools, type Tab } from './support/devtools';
import { networkPanelHar, setLook } from './support/front-end';
import { PanelPage } from './support/panel-page';
import { streamsOf } from './support/store';

// The main job, as a person does it: press a button in a page behind a real nginx, read the panel, find the fix, hand
// the trace on.

const ROOT = resolve(import.meta.dirname, '../..');
/** Pictures of the panel land here, to be looked at. */
const PICTURES = join(ROOT, 'out/panel');
/** The picture in the README; written anew with `STREAMGAUGE_PICTURE=1`. */
const PICTURE = { look: 'dark-wide', path: join(ROOT, 'public/panel.png') };
const LOOKS = (['light', 'dark'] as const).flatMap((theme) => [
  { name: `${theme}-wide`, theme, widthPx: 1400, heightPx: 960 },
  { name: `${theme}-narrow`, theme, widthPx: 560, heightPx: 780 },
]);

const canRun = hasChromium() && (findProgram('nginx') !== null || process.env.CI === 'true');

/** Runs the built command; its exit status says only whether something was found. */
function diagnoseByCommand(path: string): Promise<FindingJson[]> {
  return new Promise((resolve, reject) => {
    const command = join(ROOT, 'dist/cli/streamgauge.js');
    execFile(process.execPath, [command, 'diagnose', path, '--json'], (error, stdout, stderr) => {
      if (error && error.code !== 1) reject(new Error(stderr));
      else resolve((JSON.parse(stdout) as FindingsJson).files[0]!.findings);
    });
  });
}

/** What a file can be held to that was not recorded by the tap: the faults, not their last digit. */
const faults = (
  findings: Pick<FindingJson, 'id' | 'severity' | 'confidence' | 'supersededBy' | 'stream'>[],
) =>
  findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ id, severity, confidence, supersededBy, stream }) =>
      [severity, confidence, id, stream.method, stream.url, supersededBy ? `< ${supersededBy}` : ''].join(
        ' ',
      ),
    );

describe.skipIf(!canRun)('a stream behind nginx with its default buffering', () => {
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-job-'));
  let lab: Lab;
  let session: DevtoolsSession;
  let panel: PanelPage;
  let second: Tab;
  let tracePath = '';
  let found: FindingJson[] = [];

  beforeAll(async () => {
    lab = await startLab();
    const scenario = lab.scenario('nginx-default-buffering');
    if (scenario.unavailable) throw new Error(scenario.unavailable);
    await ensureCommandBuilt();
    session = await openDevtools({
      url: scenario.url,
      args: lab.chromiumArgs,
      viewport: { width: 1400, height: 900 },
    });
    panel = new PanelPage(session);
    await panel.frame.getByRole('button', { name: 'Reload and record' }).first().click();
    await session.page.getByRole('button', { name: 'Run: nginx, default buffering' }).click();
    await panel.rows('chat').getByText('open', { exact: true }).waitFor();
    await panel.rows('chat').locator('.badge.error').waitFor();
    await panel.settled();
  });

  afterAll(async () => {
    await session?.close();
    await lab?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  it('arrives in one burst after a long silence, and the panel says so with its numbers', async () => {
    const [stream] = await streamsOf(panel.frame, '/chat');
    const { startedAtMs } = stream!.timing;
    const arrivals = stream!.atMs.map((atMs) => atMs - startedAtMs);
    const last = Math.max(...arrivals);
    expect(last).toBeGreaterThan(2500);
    expect(Math.min(...arrivals) / last).toBeGreaterThan(0.95);
    expect(stream!.text.match(/^data:/gm)).toHaveLength(41);

    await panel.rows('chat').click();
    expect(await panel.rows('chat').locator('.cell.events').textContent()).toBe('41');
    const card = panel.finding('buffered-stream');
    expect(await card.locator('.finding-meta').textContent()).toContain('proven');
    expect(await card.locator('.finding-summary').textContent()).toMatch(
      /^41 events arrived .* [23]\.\d\d s of silence/,
    );
    const evidence = await card.locator('.evidence-row').allTextContents();
    expect(evidence).toContainEqual(expect.stringMatching(/wait before the first event\s*[23]\.\d\d s/));
    expect(evidence).toContainEqual(expect.stringMatching(/hops seen.*nginx\/1/));
    // One cause, one fault: the late first byte is its symptom.
    expect(await panel.frame.locator('article.finding.error, article.finding.warning').count()).toBe(1);
    expect(await card.textContent()).toContain('slow-first-byte');
  });

  it('opens the recipe on the tab of nginx, with the lines that fix it', async () => {
    const recipe = panel.recipe(recipeOf('buffered-stream')!.title);
    expect(await panel.platform(recipe)).toMatch(/^nginx.*recognised/);
    const code = await recipe.locator('.platform-panel pre').allTextContents();
    expect(code.join('\n')).toContain('proxy_buffering off;');
  });

  it('shows the burst in the plot', async () => {
    await panel.finding('buffered-stream').getByRole('button', { name: 'Show in timing' }).click();
    const tab = panel.frame.getByRole('tab', { name: 'Timing', selected: true });
    await tab.waitFor();
    const canvas = panel.frame.locator('.plot-area canvas').first();
    expect(await canvas.getAttribute('aria-label')).toMatch(
      /41 events.*first byte after [23]\.\d\d s.*the server spread 41 events over [23]\.\d\d s/,
    );
    const colours = await canvas.evaluate((element) => {
      const { width, height } = element as HTMLCanvasElement;
      const { data } = (element as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, width, height);
      return new Set(new Uint32Array(data.buffer)).size;
    });
    expect(colours).toBeGreaterThan(10);

    await panel.frame.getByRole('button', { name: 'Show as a table' }).click();
    const events = await panel.frame.locator('.plot-table tbody td:nth-child(2)').allTextContents();
    expect(events.at(-1)).toBe('41');
    expect(new Set(events.slice(0, -2))).toEqual(new Set(['0']));
    await panel.frame.getByRole('button', { name: 'Show as a table' }).click();
  });

  it('gives a trace of which the command says the same', async () => {
    const saved = await panel.export('trace');
    tracePath = join(folder, 'stage.json');
    writeFileSync(tracePath, readFileSync(saved));
    const { trace } = importBytes('stage.json', readFileSync(tracePath));
    found = findingsFile('stage.json', trace, await panel.diagnosis()).findings;
    expect(faults(found)).toContainEqual(expect.stringContaining('error proven buffered-stream POST'));
    expect(await diagnoseByCommand(tracePath)).toEqual(found);
  });

  it.each(LOOKS)('is there for everybody, $name', async ({ name, ...look }) => {
    mkdirSync(PICTURES, { recursive: true });
    await setLook(session.devtools, look);
    for (const tab of ['Timing', 'Events', 'Headers', 'Diagnosis']) {
      await panel.openTab(tab);
      // The width changes where things are, not what they are: once per tab and theme is enough for axe.
      if (look.widthPx > 1000) expect(await panel.violations(), tab).toEqual([]);
      writeFileSync(join(PICTURES, `${name}-${tab.toLowerCase()}.png`), await panel.screenshot());
      const overflowPx = await panel.frame.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      expect(overflowPx, `${tab} is wider than the panel`).toBe(0);
    }
    if (name === PICTURE.look && process.env.STREAMGAUGE_PICTURE) {
      writeFileSync(PICTURE.path, await panel.screenshot());
    }
  });

  it('shows the same when the trace is opened in another panel', async () => {
    second = await session.openTab('about:blank');
    const other = new PanelPage(second);
    await other.import({ name: 'stage.json', bytes: readFileSync(tracePath) });
    const { trace } = importBytes('stage.json', readFileSync(tracePath));
    expect(findingsFile('stage.json', trace, await other.diagnosis()).findings).toEqual(found);
    await other.rows('chat').click();
    await other.finding('buffered-stream').waitFor();
    expect(await other.platform(other.recipe(recipeOf('buffered-stream')!.title))).toContain('nginx');
  });

  it('is found in the HAR that Chrome itself saves, too', async () => {
    const path = join(folder, 'chrome.har');
    const har = await networkPanelHar(session.devtools);
    writeFileSync(path, har);
    expect(faults(await diagnoseByCommand(path))).toEqual(faults(found));
    const other = new PanelPage(second);
    await other.import({ name: 'chrome.har', bytes: Buffer.from(har) });
    await other.rows('chat').click();
    await other.finding('buffered-stream').waitFor();
  });
});
