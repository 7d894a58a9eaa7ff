import type { Finding } from '../../src/diagnose/rule.ts';
import type { Expectation, Scenario } from './scenario.ts';

/** What of a finding is held against the expectation; `diagnose --json` and the store both give it. */
export type FoundFinding = Pick<Finding, 'id' | 'severity' | 'supersededBy' | 'summary'> & {
  stream: { url: string };
};

export interface ScenarioVerdict {
  scenario: Scenario;
  /** Findings on this scenario's streams, superseded ones too. */
  found: FoundFinding[];
  /** Expected, and not there at that severity. */
  missing: Expectation[];
  /** An error or a warning, not superseded, that nobody expected. */
  unexpected: FoundFinding[];
}

/** Every call of a scenario carries its id as the first part of the path. */
export function findingsOf<Found extends { stream: { url: string } }>(
  scenario: Scenario,
  findings: Found[],
): Found[] {
  return findings.filter(({ stream }) => new URL(stream.url).pathname.split('/')[1] === scenario.id);
}

/** Holds findings of a recording, which may cover many scenarios, against what one scenario should give. */
export function judgeScenario(scenario: Scenario, findings: FoundFinding[]): ScenarioVerdict {
  const found = findingsOf(scenario, findings);
  const fits = (expected: Expectation) => (finding: FoundFinding) =>
    finding.id === expected.id &&
    finding.severity === expected.severity &&
    (finding.supersededBy !== null) === (expected.superseded ?? false);
  const known = new Set([...scenario.expect.map(({ id }) => id), ...scenario.allow]);
  return {
    scenario,
    found,
    missing: scenario.expect.filter((expected) => !found.some(fits(expected))),
    unexpected: found.filter(
      ({ id, severity, supersededBy }) => severity !== 'info' && supersededBy === null && !known.has(id),
    ),
  };
}

export const isAsExpected = ({ missing, unexpected }: ScenarioVerdict): boolean =>
  missing.length === 0 && unexpected.length === 0;
