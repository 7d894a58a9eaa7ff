import { join } from 'node:path';
import { findChromium } from '../../src/cli/chromium/find.ts';
import { startLab } from './lab.ts';
import type { Scenario } from './scenario.ts';
import { buildAll, ROOT } from './start/build.ts';
import { groupByPage, recordPage, secondLook, sentences, table } from './start/headless.ts';
import { isAsExpected, type ScenarioVerdict } from './verdict.ts';

// `tsx test/lab/agreement.ts [ID…]`: records every scenario with `streamgauge record`, at its true length, and holds
// what it found against what the scenario should give: the same that the panel is held to (diagnosis.test.ts). Takes
// about six minutes, so it is not part of `npm test`.

/** Longer ones mostly wait: they all run side by side. */
const LONG_SECONDS = 15;

const say = (line: string) => void process.stdout.write(`${line}\n`);

async function main(ids: string[]): Promise<number> {
  const browser = findChromium();
  if (!browser) throw new Error('No Chromium, Chrome or Edge was found.');
  buildAll(say);
  const lab = await startLab();
  const verdicts: ScenarioVerdict[] = [];
  const record = async (name: string, page: string, scenarios: Scenario[], atATime: number) => {
    const folder = join(ROOT, 'out', 'agreement');
    const recorded = await recordPage({ lab, browser, folder, name, page, scenarios, atATime });
    await secondLook(recorded, { lab, browser, folder });
    verdicts.push(...recorded.verdicts);
    say(`${name}: ${scenarios.length} scenarios of ${page}`);
  };
  try {
    const chosen = ids.length > 0 ? ids.map((id) => lab.scenario(id)) : lab.scenarios;
    const possible = chosen.filter(({ unavailable }) => unavailable === null);
    const quick = [...groupByPage(possible.filter(({ seconds }) => seconds < LONG_SECONDS))];
    const long = [...groupByPage(possible.filter(({ seconds }) => seconds >= LONG_SECONDS))];
    for (const [index, [page, scenarios]] of quick.entries()) {
      await record(`quick-${index + 1}`, page, scenarios, 2);
    }
    await Promise.all(
      long.map(([page, scenarios], index) => record(`long-${index + 1}`, page, scenarios, scenarios.length)),
    );
  } finally {
    await lab.stop();
  }
  say(`\n${table(verdicts)}\n`);
  const wrong = verdicts.filter((one) => !isAsExpected(one));
  if (wrong.length > 0) say(`What was found where something else should be:\n${sentences(wrong)}\n`);
  say(`${verdicts.length - wrong.length} of ${verdicts.length} scenarios gave what they should.`);
  return wrong.length > 0 ? 1 : 0;
}

process.exitCode = await main(process.argv.slice(2));
