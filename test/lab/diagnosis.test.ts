import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RULES } from '../../src/diagnose/catalogue.ts';
import { diagnose } from '../../src/diagnose/run.ts';
import { type FindingJson, findingsFile } from '../../src/exchange/findings-json.ts';
import { importBytes } from '../../src/exchange/import/file.ts';
import { openDevtools } from '../e2e/support/devtools.ts';
import { PanelPage } from '../e2e/support/panel-page.ts';
import { type Lab, startLab } from './lab.ts';
import type { Scenario } from './scenario.ts';
import { SPECS } from './scenarios/index.ts';
import { groupByPage, pageOf } from './start/headless.ts';
import { findingsOf, judgeScenario, type ScenarioVerdict } from './verdict.ts';

// The whole way: a misbehaving gateway, a real browser, the extension in real DevTools, and what its panel finds.

/** Longer ones mostly wait: they all run side by side, in a browser of their own. */
const LONG_SECONDS = 15;
const AT_A_TIME = 2;
/** What DevTools itself knows of a request comes when that has ended; nothing new for so long means all is in. */
const SETTLED_MS = 1500;

let lab: Lab;
const verdicts = new Map<string, ScenarioVerdict>();
/** What is wrong with what the command finds in the HAR that the panel saved. */
const harVerdicts = new Map<string, string[]>();
/**
 * Findings in the panel, and of the command on the trace that the panel saved. What is still open is judged anew as time
 * goes by, so the panel is asked before and after saving.
 */
const lines = new Map<string, { panel: string[][]; command: string[] }>();

const ruleIds = new Set<string>(RULES.map(({ id }) => id));
const lacksRule = ({ expect: expected }: Scenario) => expected.find(({ id }) => !ruleIds.has(id))?.id;

/** One finding as a line that is the same in every front end. The silence of an open stream grows as one looks. */
const lineOf = ({ id, severity, confidence, summary, stream, supersededBy }: FindingJson) => {
  const cause = supersededBy ? ` < ${supersededBy}` : '';
  const words = id === 'stalled-stream' ? summary.replace(/for [\d.]+ s;/, 'for a while;') : summary;
  return `${severity} ${confidence} ${id} ${stream.id}${cause}: ${words}`;
};

/** What a HAR has no place for (see `HAR_LOSSES`) may be missed in it; nothing else may be found in its stead. */
const LOST_IN_HAR: Record<string, string[]> = {
  // Whether a stream was still open.
  'stalled-stream': ['missing: warning stalled-stream'],
  // Chunks.
  'split-events': ['missing: info split-event'],
  // Options of a fetch: the signal, and whether it asked for credentials.
  'no-abort-signal': ['missing: info missing-abort'],
  'lax-cookie': ['missing: error unreturned-cookie'],
  'insecure-cookie': ['missing: error unreturned-cookie'],
  // How and when a WebSocket was closed.
  'socket-io-silence': ['missing: error ping-timeout'],
};

/**
 * A HAR of several scenarios against what one of them should give. What is found of a host lands on one of its streams,
 * and without fetch options that may be a stream of another scenario on the same page.
 */
function harComplaints(scenario: Scenario, onPage: Scenario[], findings: FindingJson[]): string[] {
  const { missing, unexpected, ...rest } = judgeScenario(scenario, findings);
  const others = new Set(
    onPage.filter((one) => one !== scenario).flatMap(({ expect: expected }) => expected.map(({ id }) => id)),
  );
  return complaints({
    ...rest,
    missing: missing.filter(
      ({ id, severity }) => !findings.some((one) => one.id === id && one.severity === severity),
    ),
    unexpected: unexpected.filter(({ id }) => !others.has(id)),
  });
}

/** What the command says of a file that the panel saved. */
function judgeFile(name: string, path: string): FindingJson[] {
  const { trace, problems } = importBytes(name, readFileSync(path));
  expect(problems, name).toEqual([]);
  return findingsFile(name, trace, diagnose(trace)).findings;
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
    const panel = new PanelPage(session);
    const before = await panel.settled(SETTLED_MS);
    expect(before.failures).toEqual([]);
    const tracePath = await panel.export('trace.gz');
    const diagnosis = await panel.diagnosis();
    const fromTrace = judgeFile('trace.json.gz', tracePath);
    const fromHar = judgeFile('page.har', await panel.export('har'));
    const { trace } = importBytes('trace.json.gz', readFileSync(tracePath));
    const inPanel = [before, diagnosis].map((one) => findingsFile('panel', trace, one).findings);
    for (const scenario of scenarios) {
      verdicts.set(scenario.id, judgeScenario(scenario, diagnosis.findings));
      harVerdicts.set(scenario.id, harComplaints(scenario, scenarios, fromHar));
      lines.set(scenario.id, {
        panel: inPanel.map((findings) => findingsOf(scenario, findings).map(lineOf)),
        command: findingsOf(scenario, fromTrace).map(lineOf),
      });
    }
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
    const { panel, command } = lines.get(id)!;
    expect(panel, 'the command says of the saved trace what the panel says').toContainEqual(command);
    const wrong = harVerdicts.get(id)!.filter((one) => !LOST_IN_HAR[id]?.includes(one));
    expect(wrong, 'the command on the saved HAR').toEqual([]);
  });
});
