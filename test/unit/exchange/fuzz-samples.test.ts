import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import { EXPORT_FORMATS } from '../../../src/exchange/export/formats';
import { findingsFile } from '../../../src/exchange/findings-json';
import { importBytes, UnusableFile } from '../../../src/exchange/import/file';
import { concatBytes } from '../../../src/lib/bytes';
import { encodeUtf8 } from '../../../src/lib/text';
import type { Trace } from '../../../src/trace/types';
import { seededRandom } from '../../support/chunked-stream';
import { damage, damageBytes } from '../../support/mutate';

// Thousands of rounds: seconds on a quiet machine, more beside other tests.
vi.setConfig({ testTimeout: 120_000 });

const FIXTURES = join(import.meta.dirname, '../../fixtures');
const filesIn = (folder: string, ext: string) =>
  readdirSync(join(FIXTURES, folder))
    .filter((name) => name.endsWith(ext))
    .map((name) => join(FIXTURES, folder, name));

const FILES = [
  ...filesIn('har', '.har'),
  ...filesIn('har/documented', '.har'),
  ...filesIn('traces/1', '.json'),
];

/** No round may take this much of the processor's time, however damaged the file is. */
const HANG_MS = 2000;
/** `STREAMGAUGE_FUZZ=20 npx vitest run …` looks longer. */
const LONGER = Number(process.env.STREAMGAUGE_FUZZ ?? 1);
const ROUNDS = 40 * LONGER;
const BYTE_ROUNDS = 15 * LONGER;

/** Opens it, diagnoses it, and saves it in one of the formats. Whether it could be opened. */
async function useAll(bytes: Uint8Array, round: number): Promise<boolean> {
  const startedAt = process.cpuUsage();
  let trace: Trace;
  try {
    trace = importBytes('damaged', bytes).trace;
  } catch (error) {
    expect(error).toBeInstanceOf(UnusableFile);
    expect((error as Error).message).toMatch(/^damaged [^\n]{10,400}\.$/);
    return false;
  }
  const diagnosis = diagnose(trace);
  // A rule that throws is caught by the runner, and would be silent here.
  expect(diagnosis.failures).toEqual([]);
  JSON.stringify(findingsFile('damaged', trace, diagnosis));
  const format = EXPORT_FORMATS[round % EXPORT_FORMATS.length]!;
  const pieces = [...(await format.export(trace, diagnosis))];
  if (['trace', 'trace.gz', 'har'].includes(format.id)) {
    const saved = concatBytes(pieces.map((one) => (typeof one === 'string' ? encodeUtf8(one) : one)));
    expect(importBytes('again', saved).trace.streams.length).toBe(trace.streams.length);
  }
  const { user } = process.cpuUsage(startedAt);
  expect(user / 1000).toBeLessThan(HANG_MS);
  return true;
}

describe.each(FILES.map((file) => [file.slice(FIXTURES.length + 1), file]))('%s, damaged', (name, file) => {
  const text = readFileSync(file, 'utf8');

  it('in its values', async () => {
    const random = seededRandom(name.length * 31);
    let opened = 0;
    for (let round = 0; round < ROUNDS; round++) {
      const value = JSON.parse(text);
      damage(value, random);
      if (await useAll(encodeUtf8(JSON.stringify(value)), round)) opened++;
    }
    expect(opened).toBeGreaterThan(0);
  });

  it('in its bytes', async () => {
    const random = seededRandom(name.length * 37);
    const whole = encodeUtf8(text);
    const zipped = gzipSync(whole);
    for (let round = 0; round < BYTE_ROUNDS; round++) {
      await useAll(damageBytes(round % 3 === 0 ? zipped : whole, random), round);
    }
  });
});
