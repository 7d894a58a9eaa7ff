import { describe, expect, it } from 'vitest';
import type { Scenario } from '../../lab/scenario.ts';
import { type FoundFinding, findingsOf, isAsExpected, judgeScenario } from '../../lab/verdict.ts';

const scenarioOf = (parts: Partial<Scenario>): Scenario => ({
  id: 'late',
  title: 'Late',
  group: 'Buffering',
  description: '',
  healthy: false,
  expect: [{ id: 'buffered-stream', severity: 'error' }],
  allow: [],
  needs: [],
  seconds: 1,
  url: 'http://stage.example.org/#late',
  ownPage: false,
  steps: [],
  unavailable: null,
  ...parts,
});

const finding = (line: string, path = '/late/chat'): FoundFinding => {
  const [severity, id, superseded] = line.split(' ');
  return {
    id: id as FoundFinding['id'],
    severity: severity as FoundFinding['severity'],
    supersededBy: superseded ? 'gateway-timeout/s1' : null,
    summary: '',
    stream: { url: `http://stage.example.org${path}` },
  };
};

describe('judgeScenario', () => {
  it.each([
    ['what was expected', {}, ['error buffered-stream'], true],
    ['nothing', {}, [], false],
    ['the right id at another severity', {}, ['warning buffered-stream'], false],
    ['the right finding, explained away', {}, ['error buffered-stream superseded'], false],
    ['an error more', {}, ['error buffered-stream', 'error idle-cut'], false],
    ['a warning more', {}, ['error buffered-stream', 'warning slow-first-byte'], false],
    ['an info more', {}, ['error buffered-stream', 'info missing-abort'], true],
    ['a symptom more', {}, ['error buffered-stream', 'warning slow-first-byte superseded'], true],
    [
      'one that is allowed',
      { allow: ['split-event'] as const },
      ['error buffered-stream', 'warning split-event'],
      true,
    ],
    ['a healthy one without findings', { expect: [], healthy: true }, [], true],
    ['a healthy one with a warning', { expect: [], healthy: true }, ['warning batched-stream'], false],
    [
      'an expected symptom',
      { expect: [{ id: 'slow-first-byte', severity: 'warning', superseded: true }] as const },
      ['warning slow-first-byte superseded'],
      true,
    ],
  ])('%s', (_, parts, lines, expected) => {
    const verdict = judgeScenario(
      scenarioOf(parts as Partial<Scenario>),
      lines.map((line) => finding(line)),
    );
    expect(isAsExpected(verdict)).toBe(expected);
  });

  it('looks only at calls under the scenario’s own path', () => {
    const mine = finding('error buffered-stream');
    const others = [finding('error idle-cut', '/other/chat'), finding('error idle-cut', '/late-too/chat')];
    expect(findingsOf(scenarioOf({}), [mine, ...others])).toEqual([mine]);
  });
});
