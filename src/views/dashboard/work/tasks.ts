import { compareTraces } from '../../../compare/compare';
import type { Both, Comparison } from '../../../compare/types';
import { healthOf, type TraceHealth } from '../../../diagnose/facts/health';
import type { Diagnosis } from '../../../diagnose/rule';
import { createDiagnoser } from '../../../diagnose/run';
import { comparisonPreview } from '../../../exchange/comparison-json';
import { comparisonFormat } from '../../../exchange/export/comparison-formats';
import { type ExportPiece, exportFormat } from '../../../exchange/export/formats';
import { importBytes, MAX_FILE_BYTES, UnusableFile } from '../../../exchange/import/file';
import { type RedactionPreview, redactionPreview } from '../../../exchange/redact';
import type { Trace } from '../../../trace/types';
import { formatBytes } from '../../format';
import { type Summary, summaryOf } from '../library/entry';
import type { Imported, Kept, KeptPair, Task } from './messages';
import { MAX_KEPT_BYTES, pack } from './pack';
import { type Slice, slicesOf } from './slices';

/** How a task tells where it is. Stages are indexes into `STAGES`. */
export interface Reporter {
  stage(index: number): void;
  slice(slice: Slice): void;
}

export async function importFile(file: File, report: Reporter): Promise<Imported> {
  report.stage(0);
  // Refused before it is read: a file of gigabytes would not fit into memory.
  if (file.size > MAX_FILE_BYTES) {
    throw new UnusableFile(
      `${file.name} is ${formatBytes(file.size)}; at most ${formatBytes(MAX_FILE_BYTES)} is read. Record less, or export only the requests in question.`,
    );
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  report.stage(1);
  const { trace, problems } = importBytes(file.name, bytes);
  report.stage(2);
  const { health } = judged(trace);
  report.stage(3);
  const content = await pack(trace, file.name);
  return { content, summary: summaryOf(trace, health), note: trace.meta.note, problems };
}

export function openKept(kept: Kept, report: Reporter): { diagnosis: Diagnosis; health: TraceHealth } {
  report.stage(0);
  const trace = unpack(kept);
  report.stage(1);
  const result = judged(trace);
  report.stage(2);
  for (const slice of slicesOf(trace)) report.slice(slice);
  return result;
}

export function measureKept(kept: Kept, report: Reporter): Summary {
  report.stage(0);
  const trace = unpack(kept);
  report.stage(1);
  return summaryOf(trace, judged(trace).health);
}

export function previewKept(
  { kept, options }: Extract<Task, { type: 'preview' }>,
  report: Reporter,
): RedactionPreview {
  report.stage(0);
  const trace = unpack(kept);
  report.stage(1);
  return redactionPreview(trace, options);
}

export async function exportKept(
  { kept, format: id, options }: Extract<Task, { type: 'export' }>,
  report: Reporter,
): Promise<Blob> {
  const format = exportFormat(id);
  if (!format) throw noFormat(id);
  report.stage(0);
  const trace = unpack(kept);
  report.stage(1);
  const { diagnosis } = judged(trace);
  report.stage(2);
  return fileOf(await format.export(trace, diagnosis, options), format.mediaType);
}

export function compareKept(
  pair: KeptPair,
  report: Reporter,
): { comparison: Comparison; traces: Both<Trace> } {
  report.stage(0);
  const a = unpack(pair.a);
  report.stage(1);
  const b = unpack(pair.b);
  report.stage(2);
  const names = { a: pair.a.name, b: pair.b.name };
  return { comparison: compareTraces(a, b, { hosts: new Map(pair.hosts), names }), traces: { a, b } };
}

export function previewComparison(
  { pair, options }: Extract<Task, { type: 'preview-comparison' }>,
  report: Reporter,
): RedactionPreview {
  const { comparison, traces } = compareKept(pair, report);
  report.stage(3);
  return comparisonPreview(comparison, traces, options);
}

export async function exportComparison(
  { pair, format: id, options }: Extract<Task, { type: 'export-comparison' }>,
  report: Reporter,
): Promise<Blob> {
  const format = comparisonFormat(id);
  if (!format) throw noFormat(id);
  const { comparison, traces } = compareKept(pair, report);
  report.stage(3);
  return fileOf(await format.export(comparison, traces, options), format.mediaType);
}

function noFormat(id: string): UnusableFile {
  return new UnusableFile(`There is no format called ${id}.`);
}

/** Text in the browser's memory that is folded into a blob at a time: a blob may lie on disk. */
const FOLD_LENGTH = 4 * 1024 * 1024;

function fileOf(pieces: Iterable<ExportPiece>, type: string): Blob {
  const folded: Blob[] = [];
  let loose: ExportPiece[] = [];
  let looseLength = 0;
  for (const piece of pieces) {
    loose.push(piece);
    looseLength += piece.length;
    if (looseLength < FOLD_LENGTH) continue;
    folded.push(new Blob(loose));
    loose = [];
    looseLength = 0;
  }
  return new Blob([...folded, ...loose], { type });
}

function unpack({ name, content }: Kept): Trace {
  return importBytes(name, content, { maxBytes: MAX_KEPT_BYTES * 2 }).trace;
}

function judged(trace: Trace): { diagnosis: Diagnosis; health: TraceHealth } {
  const diagnoser = createDiagnoser(trace);
  const diagnosis = diagnoser.update();
  return { diagnosis, health: healthOf(diagnoser.facts, diagnosis) };
}
