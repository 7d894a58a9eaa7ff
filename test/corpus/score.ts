import type { Diagnosis, Finding } from '../../src/diagnose/rule';
import { RULE_IDS, type RuleId } from '../../src/trace/ids';
import type { FindingLabel, RecordingLabel } from './labels';

/** How one recording's diagnosis stands to its label. */
export interface Score {
  label: RecordingLabel;
  /** Labels that a finding met, as often as they say. */
  met: FindingLabel[];
  missed: { label: FindingLabel; found: number; instead: Finding[] }[];
  /** Findings that no label asked for, of any severity. */
  unexpected: Finding[];
  /** "Could not tell" where the label does not allow it. */
  unexpectedIncomplete: Diagnosis['incomplete'];
  failures: Diagnosis['failures'];
}

const isAt = (where: string, { stream }: { stream: { url: string } }) => stream.url.includes(where);

export function scoreOf(label: RecordingLabel, diagnosis: Diagnosis): Score {
  const taken = new Set<Finding>();
  const score: Score = {
    label,
    met: [],
    missed: [],
    unexpected: [],
    unexpectedIncomplete: diagnosis.incomplete.filter(({ id }) => !(label.incomplete ?? []).includes(id)),
    failures: diagnosis.failures,
  };
  for (const expected of label.expect) {
    const near = diagnosis.findings.filter(
      (one) => one.id === expected.id && isAt(expected.url, one) && !taken.has(one),
    );
    const fitting = near.filter(
      ({ severity, supersededBy }) =>
        severity === expected.severity && (supersededBy !== null) === (expected.superseded ?? false),
    );
    const times = expected.times ?? 1;
    for (const one of fitting.slice(0, times)) taken.add(one);
    if (fitting.length >= times) score.met.push(expected);
    else
      score.missed.push({
        label: expected,
        found: fitting.length,
        instead: near.filter((one) => !fitting.includes(one)),
      });
  }
  score.unexpected = diagnosis.findings.filter(
    (one) => !taken.has(one) && !(label.also ?? []).some(({ id, url }) => id === one.id && isAt(url, one)),
  );
  return score;
}

export const isRight = ({ missed, unexpected, unexpectedIncomplete, failures }: Score): boolean =>
  missed.length + unexpected.length + unexpectedIncomplete.length + failures.length === 0;

/** What is wrong, one line each. */
export function complaintsOf(score: Score): string[] {
  const state = (superseded: boolean) => (superseded ? ', superseded' : '');
  return [
    ...score.missed.map(({ label, found, instead }) => {
      const other = instead
        .map(({ severity, supersededBy }) => `${severity}${state(supersededBy !== null)}`)
        .join('; ');
      return `missed ${label.severity} ${label.id}${state(label.superseded ?? false)} at ${label.url} (${found} of ${label.times ?? 1}${other && `; instead: ${other}`})`;
    }),
    ...score.unexpected.map(
      ({ id, severity, stream, supersededBy, summary }) =>
        `unexpected ${severity} ${id}${state(supersededBy !== null)} at ${stream.url}: ${summary}`,
    ),
    ...score.unexpectedIncomplete.map(
      ({ id, stream, reason }) => `could not tell ${id} at ${stream.url}: ${reason}`,
    ),
    ...score.failures.map(({ id, message }) => `${id} threw: ${message}`),
  ];
}

export interface RuleScore {
  id: RuleId;
  /** Labelled findings. */
  labelled: number;
  found: number;
  truePositives: number;
  falsePositives: number;
  /** True positives of everything found; NaN when nothing was. */
  precision: number;
  /** True positives of everything labelled; NaN when nothing is. */
  recall: number;
}

/** Precision and recall of each rule over all recordings; findings that a label only tolerates count for neither. */
export function ruleScores(scores: readonly Score[]): RuleScore[] {
  return RULE_IDS.map((id) => {
    const count = (label: FindingLabel) => (label.id === id ? (label.times ?? 1) : 0);
    let truePositives = 0;
    let labelled = 0;
    let falsePositives = 0;
    for (const score of scores) {
      for (const label of score.met) {
        truePositives += count(label);
        labelled += count(label);
      }
      for (const { label, found } of score.missed) {
        labelled += count(label);
        if (label.id === id) truePositives += found;
      }
      falsePositives += score.unexpected.filter((one) => one.id === id).length;
    }
    const found = truePositives + falsePositives;
    return {
      id,
      labelled,
      found,
      truePositives,
      falsePositives,
      precision: truePositives / found,
      recall: truePositives / labelled,
    };
  });
}
