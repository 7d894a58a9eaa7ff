import type { RuleId } from '../trace/ids';
import type { Rule } from './rule';
import { corsCredentials } from './rules/cors-credentials';
import { downgradedStream } from './rules/downgraded-stream';
import { lostJob } from './rules/lost-job';
import { missingAffinity } from './rules/missing-affinity';
import { omittedCredentials } from './rules/omitted-credentials';
import { unreturnedCookie } from './rules/unreturned-cookie';

/** Every rule there is, one line each, in the order of `RULE_IDS`. test/architecture/catalogue.test.ts keeps it whole. */
export const RULES: readonly Rule[] = [
  lostJob,
  missingAffinity,
  omittedCredentials,
  unreturnedCookie,
  corsCredentials,
  downgradedStream,
];

export function ruleById(id: RuleId): Rule | undefined {
  return RULES.find((rule) => rule.id === id);
}
