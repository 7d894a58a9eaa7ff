import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Frame, Locator, Page } from 'playwright-core';
import type { Diagnosis } from '../../../src/diagnose/rule';
import type { PanelWindow } from '../../../src/store/types';
import { eventually } from './devtools';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What a person does in the panel, and sees there. */
export class PanelPage {
  readonly #devtools: Page;
  readonly frame: Frame;

  constructor({ devtools, panel }: { devtools: Page; panel: Frame }) {
    this.#devtools = devtools;
    this.frame = panel;
  }

  /** Rows of the list whose text has `text`; all without. */
  rows(text = ''): Locator {
    return this.frame.locator('[aria-label="Streams"] [data-id]').filter({ hasText: text });
  }

  /** Opens the Socket.IO sessions and jobs of the list, so that each of their streams has its row. */
  async openGroups(): Promise<void> {
    const closed = this.frame.locator('[aria-label="Streams"] [aria-expanded="false"] [data-twisty]');
    while ((await closed.count()) > 0) await closed.first().click();
  }

  async openTab(name: string): Promise<void> {
    await this.frame.getByRole('tablist', { name: 'Details' }).getByRole('tab', { name }).click();
  }

  /** The card of a finding of the selected stream. */
  finding(id: string): Locator {
    return this.frame
      .locator('article.finding')
      .filter({ has: this.frame.locator('.finding-meta').getByText(id, { exact: true }) });
  }

  /** The open recipe with this title. */
  recipe(title: string): Locator {
    return this.frame.getByRole('region', { name: `Recipe: ${title}` });
  }

  /** Name of the platform that the recipe is open on. */
  async platform(recipe: Locator): Promise<string> {
    const tab = recipe.getByRole('tablist', { name: 'Platforms' }).getByRole('tab', { selected: true });
    return (await tab.textContent()) ?? '';
  }

  /** Saves the recording by the dialog, secrets taken out, and gives the path of the file. `format` is its id. */
  async export(format: string): Promise<string> {
    await this.frame.getByRole('button', { name: 'Export', exact: true }).click();
    const downloading = this.#devtools.waitForEvent('download');
    const dialog = this.frame.getByRole('dialog', { name: 'Export this recording' });
    await dialog.locator(`input[type=radio][value="${format}"]`).check();
    await dialog.getByRole('button', { name: 'Save' }).click();
    return (await downloading).path();
  }

  /** Opens a file in place of the recording. */
  async import(file: { name: string; bytes: Buffer }): Promise<void> {
    const before = await this.frame.evaluateHandle(
      () => (window as unknown as PanelWindow).streamgauge!.recording!,
    );
    await this.frame
      .locator('input[type=file]')
      .setInputFiles({ name: file.name, mimeType: 'application/json', buffer: file.bytes });
    await eventually(`${file.name} to be opened`, () =>
      this.frame.evaluate(
        (recording) => (window as unknown as PanelWindow).streamgauge!.recording !== recording,
        before,
      ),
    );
    await this.frame.getByText(`Opened ${file.name}.`).waitFor();
  }

  /** Diagnosis of what is shown, once nothing new has come for `quietMs`; every stream has its row then. */
  async settled(quietMs = 1500): Promise<Diagnosis> {
    let last = { revision: -1, sinceMs: Date.now() };
    const diagnosis = await eventually(
      'the recording to settle',
      async () => {
        const revision = await this.frame.evaluate(
          () => (window as unknown as PanelWindow).streamgauge!.recording!.revision,
        );
        if (revision !== last.revision) last = { revision, sinceMs: Date.now() };
        return Date.now() - last.sinceMs >= quietMs ? this.diagnosis() : null;
      },
      60_000,
    );
    await this.openGroups();
    return diagnosis;
  }

  diagnosis(): Promise<Diagnosis> {
    return this.frame.evaluate(() => (window as unknown as PanelWindow).streamgauge!.recording!.diagnosis);
  }

  /** What axe-core finds wrong, a line each. */
  async violations(): Promise<string[]> {
    await this.frame.evaluate(AXE);
    const results = await this.frame.evaluate(() =>
      (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
    );
    return results.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.target.join(' ')} ${node.failureSummary ?? ''}`),
    );
  }

  /** A picture of the panel alone. */
  async screenshot(): Promise<Buffer> {
    return (await this.frame.frameElement()).screenshot();
  }
}
