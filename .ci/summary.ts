/** The part we use of what vitest's JSON reporter writes (the shape is Jest's). */
export interface VitestReport {
  testResults: {
    name: string;
    status: string;
    assertionResults: { fullName: string; status: string }[];
  }[];
}

export interface StepOutcome {
  name: string;
  /** Exit status of its process. */
  status: number;
  /** Absent: not a test run. Null: a test run that ended before it could report. */
  report?: VitestReport | null | undefined;
}

export interface Summary {
  passed: number;
  failed: number;
  /** What to print; the last line is `N passed, N failed`, alone. */
  lines: string[];
}

/**
 * Adds the runs up. A step that failed without a failed test to show for it (types, lint, a build, a test file that
 * does not load, a crash) counts as one failure, so that the closing line never says that all is well when it is not.
 */
export function summarise(steps: StepOutcome[]): Summary {
  let passed = 0;
  const failures: string[] = [];
  const skipped: string[] = [];
  for (const { name, status, report } of steps) {
    const before = failures.length;
    for (const file of report?.testResults ?? []) {
      for (const test of file.assertionResults) {
        if (test.status === 'passed') passed++;
        else if (test.status === 'failed') failures.push(test.fullName);
        else skipped.push(test.fullName);
      }
      const hasFailedTest = file.assertionResults.some((test) => test.status === 'failed');
      if (file.status === 'failed' && !hasFailedTest) failures.push(file.name);
    }
    if (report === null) failures.push(`${name}: no report`);
    else if (status !== 0 && failures.length === before) failures.push(name);
  }
  const list = (title: string, names: string[]) =>
    names.length === 0 ? [] : ['', `${title}:`, ...names.map((name) => `  ${name}`)];
  return {
    passed,
    failed: failures.length,
    lines: [
      ...list('Skipped', skipped),
      ...list('Failed', failures),
      '',
      `${passed} passed, ${failures.length} failed`,
    ],
  };
}
