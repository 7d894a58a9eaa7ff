import type { Diagnosis, Finding } from '../diagnose/rule';
import { redactText, redactUrl } from '../exchange/redact';
import { formatEvidence } from '../lib/format';
import { recipeOf } from '../recipes/index';
import type { Trace } from '../trace/types';
import { type Ink, plain } from './terminal';

const MARK: Record<Finding['severity'], { sign: string; ink: Ink }> = {
  error: { sign: '■', ink: 'red' },
  warning: { sign: '▲', ink: 'yellow' },
  info: { sign: '●', ink: 'blue' },
};

/** What one recording came to, as lines for a terminal. Without secrets: logs of pipelines are read by many. */
export function findingsText(
  file: string,
  trace: Trace,
  diagnosis: Diagnosis,
  problems: readonly string[],
  paint: (ink: Ink, text: string) => string,
): string {
  const lines: string[] = [];
  const count = trace.streams.length;
  lines.push(`${paint('bold', plain(file))}  ${count} ${count === 1 ? 'request' : 'requests'}`);
  for (const problem of problems) lines.push(`  ${paint('dim', plain(problem))}`);
  const causes = diagnosis.findings.filter((finding) => finding.supersededBy === null);
  for (const finding of causes) {
    lines.push('', ...findingLines(finding, paint));
    for (const symptom of diagnosis.findings.filter((one) => one.supersededBy === finding.key)) {
      lines.push(`    ${paint('dim', `explains ${symptom.id}: ${plain(redactText(symptom.summary))}`)}`);
    }
  }
  for (const failure of diagnosis.failures) {
    lines.push('', `  The rule ${failure.id} failed on ${failure.streamId}: ${plain(failure.message)}`);
  }
  const worst = causes.filter((finding) => finding.severity !== 'info').length;
  lines.push('');
  if (causes.length === 0) lines.push(`  ${paint('green', '✓')} nothing wrong was found`);
  else if (worst === 0) lines.push(`  ${paint('green', '✓')} nothing wrong; ${causes.length} to know`);
  const untold = new Map<string, string[]>();
  for (const one of diagnosis.incomplete) untold.set(one.reason, [...(untold.get(one.reason) ?? []), one.id]);
  for (const [reason, ids] of untold) {
    lines.push(`  ${paint('dim', `could not tell ${[...new Set(ids)].join(', ')}: ${plain(reason)}`)}`);
  }
  return `${lines.join('\n')}\n`;
}

function findingLines(finding: Finding, paint: (ink: Ink, text: string) => string): string[] {
  const { sign, ink } = MARK[finding.severity];
  const lines = [
    `  ${paint(ink, sign)} ${paint('bold', plain(redactText(finding.summary)))}`,
    `    ${paint(ink, finding.severity)} · ${finding.id} · ${finding.confidence} · ${plain(finding.stream.method)} ${plain(redactUrl(finding.stream.url))}`,
  ];
  const width = Math.max(0, ...finding.evidence.map((one) => one.label.length));
  for (const one of finding.evidence) {
    const { value, limit } = formatEvidence(one);
    lines.push(
      `      ${plain(one.label.padEnd(width))}  ${plain(redactText(value))}${limit ? paint('dim', `  ${plain(limit)}`) : ''}`,
    );
  }
  lines.push(`    ${paint('dim', `how to fix it: streamgauge recipes ${recipeFor(finding)}`)}`);
  return lines;
}

/** The recipe's id, with the platform when only one can be meant and the recipe has a part for it. */
function recipeFor({ recipe, platforms }: Finding): string {
  const tabs = recipeOf(recipe)?.sections.flatMap((section) => section.tabs) ?? [];
  const fitting = new Set(platforms.filter((one) => tabs.some((tab) => tab.platform === one)));
  return fitting.size === 1 ? `${recipe} --platform ${[...fitting].join()}` : recipe;
}
