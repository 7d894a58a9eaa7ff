import { statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Diagnosis } from '../../src/diagnose/rule';
import { diagnose } from '../../src/diagnose/run';
import { importBytes } from '../../src/exchange/import/file';
import { RULE_IDS } from '../../src/trace/ids';
import { isHealthy, RECORDINGS, readLabels, readRecording, recordingNames } from './labels';
import { PERTURBATIONS } from './perturb';
import { complaintsOf, scoreOf } from './score';

const MEBIBYTE = 1024 * 1024;
const labels = readLabels();

/** What a person is told, without the names and numbers that a perturbation changes. */
function gist({ findings, incomplete }: Diagnosis): string[] {
  const path = (url: string) => new URL(url).pathname;
  return [
    ...findings.map(
      ({ id, severity, confidence, stream, supersededBy }) =>
        `${severity} ${confidence} ${id} ${path(stream.url)} ${supersededBy?.split('/')[0] ?? ''}`,
    ),
    ...incomplete.map(({ id, stream }) => `? ${id} ${path(stream.url)}`),
  ].sort();
}

describe('the corpus', () => {
  it('has a label for each recording and a recording for each label', () => {
    expect(labels.map(({ file }) => file).sort()).toEqual(recordingNames());
  });

  it('is large and varied enough, and small enough to be cloned', () => {
    expect(labels.length).toBeGreaterThanOrEqual(200);
    expect(labels.filter(isHealthy).length).toBeGreaterThanOrEqual(80);
    for (const kind of [
      '.trace.json.gz',
      '.secrets.trace.json.gz',
      '.har.gz',
      '.secrets.har.gz',
      '.playwright.har.gz',
    ]) {
      expect(labels.filter(({ file }) => file.endsWith(kind)).length, kind).toBeGreaterThanOrEqual(3);
    }
    const sizes = recordingNames().map((name) => statSync(join(RECORDINGS, name)).size);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(8 * MEBIBYTE);
  });

  it.each(RULE_IDS)('shows %s in two recordings at least, never on all', (id) => {
    const having = labels.filter(({ expect: expected }) => expected.some((one) => one.id === id));
    expect(having.length).toBeGreaterThanOrEqual(2);
    expect(having.length).toBeLessThan(labels.length / 2);
  });
});

describe('a diagnosis says what the label says, and nothing else', () => {
  it.each(labels.map((label) => [label.file, label] as const))('%s', (file, label) => {
    const bytes = readRecording(file);
    const { trace, problems } = importBytes(file, bytes);
    const diagnosis = diagnose(trace);
    expect(problems).toHaveLength(label.problems ?? 0);
    expect(complaintsOf(scoreOf(label, diagnosis))).toEqual([]);

    const text = gunzipSync(bytes).toString('utf8');
    const told = gist(diagnosis);
    for (const [name, perturb] of Object.entries(PERTURBATIONS)) {
      const other = perturb(text, file.endsWith('.har.gz'));
      if (other) expect(gist(diagnose(other)), name).toEqual(told);
    }
  });
});
