import { Gzip } from 'fflate';
import type { Diagnosis } from '../../diagnose/rule';
import { encodeUtf8 } from '../../lib/text';
import type { Trace } from '../../trace/types';
import { chunkCsvPieces, eventCsvPieces } from './csv';
import { curlSetPieces } from './curl';
import { harPieces } from './har';
import { findingsMarkdown } from './markdown';
import { perfettoPieces } from './perfetto';
import { type ExportOptions, lazyTraceJson } from './trace-json';

export type { ExportOptions };

/** A part of a file, in order: for `new Blob(pieces)` and for writing piece by piece. */
export type ExportPiece = string | Uint8Array<ArrayBuffer>;

/** One way to save a recording. */
export interface ExportFormat {
  /** Never changes once released: for menus and for the command line. */
  id: string;
  /** As a menu shows it. */
  label: string;
  /** Ending of the file name, with its dot. */
  extension: string;
  mediaType: string;
  /** Redacts unless told not to. Pieces are made as they are asked for, so a large file is never whole in memory. */
  export(trace: Trace, diagnosis: Diagnosis, options?: ExportOptions): Promise<Iterable<ExportPiece>>;
}

/** Every format, in the order in which a menu lists them. */
export const EXPORT_FORMATS: readonly ExportFormat[] = [
  {
    id: 'trace',
    label: 'Trace',
    extension: '.json',
    mediaType: 'application/json',
    export: async (trace, _diagnosis, options) => lazyTraceJson(trace, options),
  },
  {
    id: 'trace.gz',
    label: 'Trace, compressed',
    extension: '.json.gz',
    mediaType: 'application/gzip',
    export: async (trace, _diagnosis, options) => gzipPieces(lazyTraceJson(trace, options)),
  },
  {
    id: 'har',
    label: 'HAR',
    extension: '.har',
    mediaType: 'application/json',
    export: async (trace, _diagnosis, options) => harPieces(trace, options),
  },
  {
    id: 'markdown',
    label: 'Findings as Markdown',
    extension: '.md',
    mediaType: 'text/markdown',
    export: async (trace, { findings }, options) => [findingsMarkdown(trace, findings, options)],
  },
  {
    id: 'html',
    label: 'Report as HTML',
    extension: '.html',
    mediaType: 'text/html',
    // Loaded when it is wanted: it brings all recipes, a script and a style sheet.
    export: async (trace, diagnosis, options) =>
      (await import('./html/report')).htmlPieces(trace, diagnosis, options),
  },
  {
    id: 'csv-chunks',
    label: 'Chunks as CSV',
    extension: '.chunks.csv',
    mediaType: 'text/csv',
    export: async (trace, _diagnosis, options) => chunkCsvPieces(trace, options),
  },
  {
    id: 'csv-events',
    label: 'Events as CSV',
    extension: '.events.csv',
    mediaType: 'text/csv',
    export: async (trace, _diagnosis, options) => eventCsvPieces(trace, options),
  },
  {
    id: 'perfetto',
    label: 'Timeline for Perfetto',
    extension: '.perfetto.json',
    mediaType: 'application/json',
    export: async (trace, diagnosis, options) => perfettoPieces(trace, diagnosis, options),
  },
  {
    id: 'otlp',
    label: 'OpenTelemetry spans',
    extension: '.otlp.jsonl',
    mediaType: 'application/x-ndjson',
    // Loaded when it is wanted: OpenTelemetry's transformer is larger than all other formats together.
    export: async (trace, diagnosis, options) =>
      (await import('./otlp')).otlpLines(trace, diagnosis, options),
  },
  {
    id: 'curl',
    label: 'Script with curl commands',
    extension: '.sh',
    mediaType: 'text/x-shellscript',
    export: async (trace, diagnosis, options) => curlSetPieces(trace, diagnosis, options),
  },
];

export function exportFormat(id: string): ExportFormat | undefined {
  return EXPORT_FORMATS.find((format) => format.id === id);
}

/** Compresses as it goes, with gzip (RFC 1952). */
function* gzipPieces(pieces: Iterable<string>): Generator<ExportPiece> {
  let ready: ExportPiece[] = [];
  // A fixed time in the header: the same recording gives the same file.
  const gzip = new Gzip({ mtime: 0 }, (piece) => ready.push(piece as Uint8Array<ArrayBuffer>));
  for (const piece of pieces) {
    gzip.push(encodeUtf8(piece));
    yield* ready;
    ready = [];
  }
  gzip.push(new Uint8Array(0), true);
  yield* ready;
}
