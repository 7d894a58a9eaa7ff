import type { RuleId } from '../trace/ids';
import type { Rule } from './rule';

/** Every rule there is, one line each, in the order of `RULE_IDS`. test/architecture/catalogue.test.ts keeps it whole. */
export const RULES: readonly Rule[] = [];

export function ruleById(id: RuleId): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
