import type { Comparison } from '../../../compare/types';
import type { TraceHealth } from '../../../diagnose/facts/health';
import type { Diagnosis } from '../../../diagnose/rule';
import type { ExportOptions } from '../../../exchange/export/formats';
import type { RedactionOptions, RedactionPreview } from '../../../exchange/redact';
import type { Summary } from '../library/entry';
import type { Slice } from './slices';

/** Contents of a place in the library, with the name for sentences about it. */
export interface Kept {
  name: string;
  content: Uint8Array<ArrayBuffer>;
}

/** Two recordings to hold against each other, and hosts of the first that are another one in the second. */
export interface KeptPair {
  a: Kept;
  b: Kept;
  hosts: [a: string, b: string][];
}

/** What a worker is asked for; it does one thing and is then let go, so that cancelling is ending it. */
export type Task =
  /** Reads a file, diagnoses it and makes what the library keeps of it. */
  | { type: 'import'; file: File }
  /** The same for a recording that another page of ours already has as trace text. */
  | { type: 'open'; kept: Kept }
  | { type: 'measure'; kept: Kept }
  /** What an export would take out. */
  | { type: 'preview'; kept: Kept; options: RedactionOptions }
  /** A recording as a file of one of the formats of `exchange/export/formats.ts`. */
  | { type: 'export'; kept: Kept; format: string; options: ExportOptions }
  | { type: 'compare'; pair: KeptPair }
  /** What a file of the comparison would have taken out. */
  | { type: 'preview-comparison'; pair: KeptPair; options: RedactionOptions }
  /** The comparison as a file of one of the formats of `exchange/export/comparison-formats.ts`. */
  | { type: 'export-comparison'; pair: KeptPair; format: string; options: ExportOptions };

export interface Imported {
  content: Uint8Array<ArrayBuffer>;
  summary: Summary;
  note: string;
  problems: string[];
}

/** What each task ends with. `open` sends the trace in slices before. */
export interface Results {
  import: Imported;
  open: { diagnosis: Diagnosis; health: TraceHealth };
  measure: Summary;
  preview: RedactionPreview;
  export: Blob;
  compare: Comparison;
  'preview-comparison': RedactionPreview;
  'export-comparison': Blob;
}

/** Steps of a task, in the order in which they come. */
export const STAGES = {
  import: ['Reading', 'Understanding', 'Diagnosing', 'Packing'],
  open: ['Unpacking', 'Diagnosing', 'Laying out'],
  measure: ['Unpacking', 'Diagnosing'],
  preview: ['Unpacking', 'Looking for secrets'],
  export: ['Unpacking', 'Diagnosing', 'Writing'],
  compare: ['Unpacking the first', 'Unpacking the second', 'Comparing'],
  'preview-comparison': ['Unpacking the first', 'Unpacking the second', 'Comparing', 'Looking for secrets'],
  'export-comparison': ['Unpacking the first', 'Unpacking the second', 'Comparing', 'Writing'],
} as const satisfies Record<Task['type'], readonly string[]>;

export type Reply =
  | { type: 'progress'; stage: number }
  | { type: 'slice'; slice: Slice }
  | { type: 'done'; result: Results[Task['type']] }
  /** `message` is one sentence for a person. */
  | { type: 'failed'; message: string };
