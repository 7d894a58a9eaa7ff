import type { Finding } from '../../src/diagnose/rule';
import { diagnose } from '../../src/diagnose/run';
import type { RuleId } from '../../src/trace/ids';
import type { Trace } from '../../src/trace/types';

/** Findings of a trace as short lines: "error lost-job s2", superseded ones as "error lost-job s2 < missing-affinity". */
export function foundLines(trace: Trace): string[] {
  const { findings, failures } = diagnose(trace);
  if (failures.length > 0) throw new Error(`rules failed: ${JSON.stringify(failures)}`);
  return findings.map((finding) => {
    const cause = finding.supersededBy ? ` < ${finding.supersededBy.split('/')[0]}` : '';
    return `${finding.severity} ${finding.id} ${finding.stream.id}${cause}`;
  });
}

export function findingOf(trace: Trace, id: RuleId): Finding | undefined {
  return diagnose(trace).findings.find((finding) => finding.id === id);
}

export function incompleteOf(trace: Trace, id: RuleId): string[] {
  return diagnose(trace)
    .incomplete.filter((one) => one.id === id)
    .map((one) => one.reason);
}

/** Errors and warnings that stand by themselves: a healthy trace has none. */
export function alarms(trace: Trace): string[] {
  return foundLines(trace).filter((line) => !line.startsWith('info') && !line.includes(' < '));
}
