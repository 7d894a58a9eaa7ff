import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { RULE_IDS } from '../../src/trace/ids';

const Id = v.picklist(RULE_IDS);
/** A part of the stream's address, or of its path; what it names must be clear within the file. */
const Where = v.pipe(v.string(), v.minLength(1));

const FindingLabel = v.strictObject({
  id: Id,
  severity: v.picklist(['error', 'warning', 'info']),
  url: Where,
  /** It must be there, shown under a finding that explains it. */
  superseded: v.optional(v.boolean()),
  /** On so many streams; 1 when absent. */
  times: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
});

const RecordingLabel = v.strictObject({
  /** Name in `recordings/`. */
  file: v.string(),
  /** Who wrote the file. */
  by: v.string(),
  /** What happened, in words. */
  what: v.pipe(v.string(), v.minLength(10)),
  /** Findings that are there. Everything else is a false alarm, but for `also`. */
  expect: v.array(FindingLabel),
  /** True as well, but a matter of judgement or of the moment: may be there, on these streams. */
  also: v.optional(v.array(v.strictObject({ id: Id, url: Where }))),
  /** Faults that happened, and that nothing in this file shows. */
  hidden: v.optional(v.array(Id)),
  /** Entries that cannot be read, which the import says. */
  problems: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
  /** Rules that may answer "could not tell" here; of these no finding is expected on that stream. */
  incomplete: v.optional(v.array(Id)),
});

const LabelsSchema = v.array(RecordingLabel);

export type FindingLabel = v.InferOutput<typeof FindingLabel>;
export type RecordingLabel = v.InferOutput<typeof RecordingLabel>;

export const RECORDINGS = join(import.meta.dirname, 'recordings');

/** Labels as written, checked. Throws on the first that does not fit. */
export function readLabels(): RecordingLabel[] {
  return v.parse(LabelsSchema, JSON.parse(readFileSync(join(import.meta.dirname, 'labels.json'), 'utf8')));
}

export function recordingNames(): string[] {
  return readdirSync(RECORDINGS)
    .filter((name) => name.endsWith('.gz') || name.endsWith('.har'))
    .sort();
}

export function readRecording(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(RECORDINGS, name)));
}

/** Nothing in it may give an error or a warning. */
export const isHealthy = ({ expect, hidden }: RecordingLabel): boolean =>
  hidden === undefined && expect.every(({ severity }) => severity === 'info');
