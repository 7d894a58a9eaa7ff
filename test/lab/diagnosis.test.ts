import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../../src/diagnose/catalogue.ts';
import type { Diagnosis } from '../../src/diagnose/rule.ts';
import { type DevtoolsSession, openDevtools } from '../e2e/support/devtools.ts';
import { type Lab, startLab } from './lab.ts';
import type { Scenario } from './scenario.ts';
import { SPECS } from './scenarios/index.ts';
import { groupByPage, pageOf } from './start/headless.ts';
import { type FoundFinding, judgeScenario, type ScenarioVerdict } from './verdict.ts';

// The whole way: a misbehaving gateway, a real browser, the extension in real DevTools, and what its panel finds.

/** Longer ones mostly wait: they all run side by side, in a browser of their own. */
const LONG_SECONDS = 15;
const AT_A_TIME = 2;
/** What DevTools itself knows of a request comes when that has ended; nothing new for so long means all is in. */
const SETTLED_MS = 1500;

let lab: Lab;
const verdicts = new Map<string, ScenarioVerdict>();

const ruleIds = new Set<string>(RULES.map(({ id }) => id));
const lacksRule = ({ expect: expected }: Scenario) => expected.find(({ id }) => !ruleIds.has(id))?.id;

interface PanelWindow {
  streamgauge: { recording: { diagnosis: Diagnosis; revision: number } };
}

async function diagnose(
  session: DevtoolsSession,
): Promise<{ findings: FoundFinding[]; failures: unknown[] }> {
  let revision = -1;
  for (;;) {
    const now = await session.panel.evaluate(
      () => (window as unknown as PanelWindow).streamgauge.recording.revision,
    );
    if (now === revision) break;
    revision = now;
    await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  }
  return session.panel.evaluate(() => {
    const { findings, failures } = (window as unknown as PanelWindow).streamgauge.recording.diagnosis;
    return {
      failures,
      findings: findings.map(({ id, severity, supersededBy, summary, stream }) => ({
        id,
        severity,
        supersededBy,
        summary,
        stream: { url: stream.url },
      })),
    };
  });
}

/** Runs scenarios of one page in a browser of their own and holds what the panel found against what it should. */
async function run(page: string, scenarios: Scenario[], atATime: number): Promise<void> {
  const session = await openDevtools({ url: page, args: lab.chromiumArgs });
  try {
    // From the start: the page was loaded before the panel recorded.
    await session.page.reload();
    const waiting = [...scenarios];
    const work = async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        await session.page.evaluate((id) => window.lab.run(id), next.id);
      }
    };
    await Promise.all(Array.from({ length: atATime }, work));
    const { findings, failures } = await diagnose(session);
    expect(failures).toEqual([]);
    for (const scenario of scenarios) verdicts.set(scenario.id, judgeScenario(scenario, findings));
  } finally {
    await session.close();
  }
}

/** What went wrong, in words that fit on a screen. */
const complaints = ({ missing, unexpected }: ScenarioVerdict) => [
  ...missing.map(
    ({ id, severity, superseded }) => `missing: ${severity} ${id}${superseded ? ', superseded' : ''}`,
  ),
  ...unexpected.map(({ id, severity, summary }) => `unexpected: ${severity} ${id}: ${summary}`),
];

beforeAll(async () => {
  lab = await startLab();
  const possible = lab.scenarios.filter((one) => one.unavailable === null && !lacksRule(one));
  const long = [...groupByPage(possible.filter(({ seconds }) => seconds >= LONG_SECONDS))];
  const waiting = [...groupByPage(possible.filter(({ seconds }) => seconds < LONG_SECONDS))];
  const quick = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await run(...next, AT_A_TIME);
  };
  await Promise.all([quick(), quick()]);
  await Promise.all(long.map(([page, scenarios]) => run(page, scenarios, scenarios.length)));
}, 400_000);
afterAll(() => lab?.stop());

describe('the panel finds what a scenario shows, and nothing else', () => {
  it.for(SPECS.map(({ id }) => id))('%s', async (id, { skip }) => {
    const scenario = lab.scenario(id);
    if (scenario.unavailable !== null && process.env.CI === 'true') throw new Error(scenario.unavailable);
    if (scenario.unavailable !== null) skip(scenario.unavailable);
    const absent = lacksRule(scenario);
    if (absent) skip(`There is no rule ${absent} in the catalogue.`);
    // A machine with all its cores busy delays what it measures: what fails in company gets a run by itself.
    if (complaints(verdicts.get(id)!).length > 0) await run(pageOf(scenario), [scenario], 1);
    expect(complaints(verdicts.get(id)!)).toEqual([]);
  });
});
