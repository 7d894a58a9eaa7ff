import type { Finding } from '../diagnose/rule';
import type { ExportFormat, ExportOptions, ExportPiece } from '../exchange/export/formats';
import type { RedactionOptions, RedactionPreview } from '../exchange/redact';
import type { Recipe } from '../recipes/types';
import type { Diagnosis } from '../store/types';
import type { StreamRecord, Trace } from '../trace/types';
import type { RecipeLibrary } from './model/recipe-shelf';

/** How a person follows an export, and gives it up. */
export interface ExportWatch {
  signal: AbortSignal;
  /** In a word: "Diagnosing". */
  onStage(stage: string): void;
}

/** A way to save a recording, as a menu offers it. */
export interface ExportChoice extends Omit<ExportFormat, 'export'> {
  /** Made in a worker, the file comes whole; made here, in pieces, and cannot be given up half-way. */
  export(
    trace: Trace,
    diagnosis: Diagnosis,
    options: ExportOptions,
    watch: ExportWatch,
  ): Promise<Iterable<ExportPiece | Blob>>;
}

/** What the views can do beyond showing: handed in, so that a page offers only what it has. */
export interface Features {
  recipeOf(id: string): Recipe | null;
  /** Everything that the recipe browser can show. */
  library: RecipeLibrary;
  /**
   * Opens a trace or HAR file; `problems` are the parts that could not be read, a sentence each.
   * @throws Error with a clear sentence that names the file, when nothing of it can be used
   */
  readFile(file: File): Promise<{ trace: Trace; problems: string[] }>;
  /** Ways to save a recording, in the order of the list. */
  exports: readonly ExportChoice[];
  /** What an export with these options takes out; a promise where it is looked for in a worker. */
  redactionPreview(trace: Trace, options: RedactionOptions): RedactionPreview | Promise<RedactionPreview>;
  /** Puts a recording where the dashboard, which is opened next, takes it from; absent where there is none. */
  leaveForDashboard?(trace: Trace): Promise<void>;
  /** The findings of one stream as Markdown, to paste into a ticket. */
  findingsMarkdown(trace: Trace, diagnosis: Diagnosis, findings: readonly Finding[]): string;
  /** The request as a curl command. */
  curlCommand(stream: StreamRecord): string;
}
