import { expect } from 'vitest';
import type { PlatformId } from '../../../src/diagnose/platforms';
import type { Finding } from '../../../src/diagnose/rule';
import { diagnose } from '../../../src/diagnose/run';
import { importHar } from '../../../src/exchange/import/har';
import type { RuleId } from '../../../src/trace/ids';
import { asFirefox, harFile } from './entries';

type Entry = Record<string, unknown>;
/** A fault that stands by itself: rule, and the platform that is named first where one must be. */
export type Fault = [id: RuleId, platform?: PlatformId];

/** Errors and warnings of a HAR that no other finding explains. */
export function faultsIn(har: unknown): Finding[] {
  const { trace, problems } = importHar(JSON.parse(JSON.stringify(har)));
  expect(problems).toEqual([]);
  const { findings, failures } = diagnose(trace);
  expect(failures).toEqual([]);
  return findings.filter(({ severity, supersededBy }) => severity !== 'info' && supersededBy === null);
}

function compare(found: Finding[], faults: Fault[]): void {
  const said = found.map(({ id, summary }) => `${id}: ${summary}`).join('\n');
  expect(found.map(({ id }) => id).sort(), said).toEqual(faults.map(([id]) => id).sort());
  for (const [id, platform] of faults) {
    if (platform) expect(found.find((one) => one.id === id)?.platforms[0], said).toBe(platform);
  }
}

/** The entries as Chrome exports them give these faults and no other. */
export const check = (entries: Entry[], faults: Fault[]): void => compare(faultsIn(harFile(entries)), faults);

/** The same as Firefox exports them. */
export const firefox = (entries: Entry[], faults: Fault[]): void =>
  compare(faultsIn(asFirefox(entries)), faults);
