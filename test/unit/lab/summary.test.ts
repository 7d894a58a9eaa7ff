import { describe, expect, it } from 'vitest';
import { type StepOutcome, summarise, type VitestReport } from '../../../.ci/summary.ts';

/** `"a.test.ts passed: one passed, two skipped"` → a report of one file. */
function report(...files: string[]): VitestReport {
  return {
    testResults: files.map((line) => {
      const [, name = '', status = '', tests = ''] = /^(\S+) (\w+):(.*)$/.exec(line) ?? [];
      return {
        name,
        status,
        assertionResults: tests
          .split(',')
          .map((test) => test.trim())
          .filter(Boolean)
          .map((test) => ({ fullName: test.split(' ')[0] ?? '', status: test.split(' ')[1] ?? '' })),
      };
    }),
  };
}

const closing = (...steps: StepOutcome[]) => summarise(steps).lines.at(-1);

describe('summarise', () => {
  it('adds passed and failed tests of all runs', () => {
    const unit = {
      name: 'unit',
      status: 1,
      report: report('a passed: one passed, two passed', 'b failed: x failed'),
    };
    const browser = { name: 'browser', status: 0, report: report('c passed: three passed') };
    expect(closing(unit, browser)).toBe('3 passed, 1 failed');
  });

  it.each<[string, StepOutcome, string]>([
    ['a check that failed', { name: 'types', status: 2 }, '0 passed, 1 failed'],
    ['a check that passed', { name: 'types', status: 0 }, '0 passed, 0 failed'],
    ['a run that crashed', { name: 'unit', status: 1, report: null }, '0 passed, 1 failed'],
    [
      'a run without report and without complaint',
      { name: 'unit', status: 0, report: null },
      '0 passed, 1 failed',
    ],
    [
      'a file that does not load',
      { name: 'unit', status: 1, report: report('a failed:') },
      '0 passed, 1 failed',
    ],
    [
      'an unhandled error beside passing tests',
      { name: 'unit', status: 1, report: report('a passed: one passed') },
      '1 passed, 1 failed',
    ],
  ])('%s', (_, step, expected) => {
    expect(closing(step)).toBe(expected);
  });

  it('names what was skipped and what failed, and counts neither as passed', () => {
    const { lines, passed, failed } = summarise([
      {
        name: 'browser',
        status: 1,
        report: report('a failed: nginx skipped, later pending, boom failed, ok passed'),
      },
    ]);
    expect({ passed, failed }).toEqual({ passed: 1, failed: 1 });
    expect(lines.join('\n')).toContain('Skipped:\n  nginx\n  later\n');
    expect(lines.join('\n')).toContain('Failed:\n  boom\n');
  });
});
