import { RULES } from '../../src/diagnose/catalogue';
import type { Finding, Incomplete } from '../../src/diagnose/rule';
import { diagnose } from '../../src/diagnose/run';
import type { RuleId } from '../../src/trace/ids';
import type { Trace } from '../../src/trace/types';

/** What one rule says about one stream of a trace: a finding, the reason it could not tell, or silence. */
export interface Verdict {
  finding: Finding | null;
  incomplete: Incomplete | null;
  /** "error likely", "warning proven", "incomplete", "silent": for tables. */
  word: string;
}

/** Runs only the rule `id` (its neighbours' findings cannot help or hide it); what it throws is thrown here. */
export function judge(id: RuleId, trace: Trace, streamId = 's1', nowMs?: number): Verdict {
  const rules = RULES.filter((rule) => rule.id === id);
  if (rules.length !== 1) throw new Error(`No rule ${id}`);
  const { findings, incomplete, failures } = diagnose(trace, nowMs, rules);
  if (failures.length > 0) throw new Error(failures[0]!.message);
  const finding = findings.find(({ stream }) => stream.id === streamId) ?? null;
  const unsure = incomplete.find(({ stream }) => stream.id === streamId) ?? null;
  const word = finding ? `${finding.severity} ${finding.confidence}` : unsure ? 'incomplete' : 'silent';
  return { finding, incomplete: unsure, word };
}
