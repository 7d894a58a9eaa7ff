import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../lab.ts';
import type { Scenario } from '../scenario.ts';
import { type FoundFinding, isAsExpected, judgeScenario, type ScenarioVerdict } from '../verdict.ts';
import { COMMAND } from './build.ts';

export interface Recording {
  page: string;
  verdicts: ScenarioVerdict[];
  tracePath: string;
  reportPath: string;
  /** How `record` ended, and what it printed. */
  status: number | null;
  output: string;
}

/** Streams of one page share its connections; more at a time would queue and be found doing so. */
const AT_A_TIME = 3;

/** The page a scenario is run from, without the mark that scrolls to it. */
export const pageOf = ({ url }: Scenario): string => url.split('#')[0] ?? '';

/** Splits scenarios by the page they are run from: one recording each. */
export function groupByPage(scenarios: Scenario[]): Map<string, Scenario[]> {
  const pages = new Map<string, Scenario[]>();
  for (const scenario of scenarios) {
    const page = pageOf(scenario);
    pages.set(page, [...(pages.get(page) ?? []), scenario]);
  }
  return pages;
}

/**
 * Runs scenarios in one page under `streamgauge record`, like a person at a terminal would, and reads what it found.
 * Rejects with the command's own words when it could not record.
 */
export async function recordPage(options: {
  lab: Lab;
  browser: string;
  folder: string;
  name: string;
  page: string;
  scenarios: Scenario[];
  /** How many scenarios run side by side. */
  atATime?: number;
}): Promise<Recording> {
  const { folder, name, page, scenarios, atATime = AT_A_TIME } = options;
  mkdirSync(folder, { recursive: true });
  const file = (suffix: string) => join(folder, `${name}${suffix}`);
  const scriptPath = file('.run.js');
  writeFileSync(scriptPath, runScript(scenarios, atATime));
  const wrapper = file('.browser.sh');
  writeFileSync(wrapper, browserScript(options.browser, options.lab.chromiumArgs), { mode: 0o755 });
  // At worst one waits for the other; `record` itself ends as soon as all is over.
  const seconds = scenarios.reduce((sum, one) => sum + one.seconds, 30);
  const tracePath = file('.trace.json.gz');
  const record = ['record', page, '--json', '--out', tracePath, '--run', scriptPath, '--for', `${seconds}s`];
  const recorded = await runCommand(record, { STREAMGAUGE_BROWSER: wrapper });
  rmSync(wrapper);
  rmSync(scriptPath);
  const findings = readFindings(recorded);
  const reportPath = file('.findings.txt');
  const report = await runCommand(['diagnose', tracePath], { NO_COLOR: '1' });
  writeFileSync(reportPath, report.output);
  return {
    page,
    verdicts: scenarios.map((scenario) => judgeScenario(scenario, findings)),
    tracePath,
    reportPath,
    status: recorded.status,
    output: recorded.output,
  };
}

/** Runs in the page: a few scenarios at a time, done when all are. */
function runScript(scenarios: Scenario[], atATime: number): string {
  return `await window.lab.ready;
const waiting = ${JSON.stringify(scenarios.map(({ id }) => id))};
const runner = async () => {
  for (let id = waiting.shift(); id; id = waiting.shift()) await window.lab.run(id);
};
await Promise.all(Array.from({ length: ${atATime} }, runner));
`;
}

/**
 * Records again, by itself, each scenario that did not give what it should among others: some findings are about a host,
 * which scenarios share, and a machine with all its cores busy delays what it measures. Replaces verdicts in place.
 */
export async function secondLook(
  recording: Recording,
  options: Omit<Parameters<typeof recordPage>[0], 'name' | 'page' | 'scenarios'>,
): Promise<void> {
  for (const [index, verdict] of recording.verdicts.entries()) {
    const { scenario } = verdict;
    if (isAsExpected(verdict) || recording.verdicts.length === 1) continue;
    const again = await recordPage({
      ...options,
      name: scenario.id,
      page: pageOf(scenario),
      scenarios: [scenario],
    });
    recording.verdicts.splice(index, 1, ...again.verdicts);
  }
}

/** The lab's names and certificate are nothing a real recording knows of, so they come in with the browser. */
function browserScript(browser: string, switches: string[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
  return `#!/bin/sh\nexec ${[browser, ...switches].map(quote).join(' ')} "$@"\n`;
}

interface Outcome {
  status: number | null;
  output: string;
  complaint: string;
}

function runCommand(args: string[], env: Record<string, string>): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [COMMAND, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const outcome: Outcome = { status: null, output: '', complaint: '' };
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      outcome.output += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      outcome.complaint += text;
    });
    // Ended in the middle, it ends its browser before itself.
    const stop = () => void child.kill('SIGTERM');
    process.once('exit', stop);
    child.once('error', reject);
    child.once('close', (status) => {
      process.removeListener('exit', stop);
      resolve({ ...outcome, status });
    });
  });
}

function readFindings({ status, output, complaint }: Outcome): FoundFinding[] {
  // 1 only says that something was found.
  if (status !== 0 && status !== 1)
    throw new Error(complaint.trim() || `streamgauge record ended with ${status}`);
  const report = JSON.parse(output) as { files: { findings: FoundFinding[] }[] };
  return report.files.flatMap(({ findings }) => findings);
}

/** What a person is told of a scenario: errors and warnings that nothing explains, and what was expected. */
function shownFindings({ scenario, found }: ScenarioVerdict): FoundFinding[] {
  const shown = found.filter(
    ({ id, severity, supersededBy }) =>
      supersededBy === null && (severity !== 'info' || scenario.expect.some((one) => one.id === id)),
  );
  return [...new Map(shown.map((one) => [`${one.id} ${one.severity}`, one])).values()];
}

/** The findings in their own words, under the scenarios that show them. */
export function sentences(verdicts: ScenarioVerdict[]): string {
  return verdicts
    .flatMap((verdict) => {
      const found = shownFindings(verdict);
      if (found.length === 0) return [];
      return [
        verdict.scenario.title,
        ...found.map(({ id, severity, summary }) => `  ${severity} ${id}: ${summary}`),
      ];
    })
    .join('\n');
}

/** One line per scenario: what it should give, what was found. */
export function table(verdicts: ScenarioVerdict[]): string {
  const words = (list: { id: string; severity: string }[]) =>
    list.map(({ id, severity }) => `${severity} ${id}`).join(', ') || 'nothing';
  const rows = verdicts.map((verdict) => {
    const { title, expect } = verdict.scenario;
    return [isAsExpected(verdict) ? '✓' : '✗', title, words(expect), words(shownFindings(verdict))];
  });
  const all = [['', 'scenario', 'expected', 'found'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
