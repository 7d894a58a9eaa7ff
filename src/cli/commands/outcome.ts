import type { Finding, Severity } from '../../diagnose/rule';
import { UnusableArguments } from '../usage';

/** Exit statuses. */
export const RESULT = { fine: 0, found: 1, unusable: 2 } as const;

export type FailOn = 'error' | 'warning' | 'never';

export function parseFailOn(value: string | undefined): FailOn {
  if (value === undefined) return 'error';
  if (value === 'error' || value === 'warning' || value === 'never') return value;
  throw new UnusableArguments(`--fail-on takes error, warning or never, not "${value}".`);
}

const FAILING: Record<FailOn, Severity[]> = {
  error: ['error'],
  warning: ['error', 'warning'],
  never: [],
};

/** 1 when any finding is at or above `failOn`, else 0. A superseded finding's cause counts in its place. */
export function exitStatus(findings: Iterable<Finding>, failOn: FailOn): number {
  for (const finding of findings) {
    if (finding.supersededBy === null && FAILING[failOn].includes(finding.severity)) return RESULT.found;
  }
  return RESULT.fine;
}
