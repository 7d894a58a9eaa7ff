import type { Finding } from '../diagnose/rule';
import type { Recipe } from '../recipes/types';
import type { Diagnosis } from '../store/types';
import type { StreamRecord, Trace } from '../trace/types';
import type { RecipeLibrary } from './model/recipe-shelf';

/** One way to save a recording. */
export interface ExportFormat {
  /** As the menu shows it: "Trace". */
  label: string;
  /** Ending of the file name: ".json". */
  suffix: string;
  mediaType: string;
  make(trace: Trace, diagnosis: Diagnosis): Promise<string | Uint8Array<ArrayBuffer>>;
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
  exports: readonly ExportFormat[];
  /** The findings of one stream as Markdown, to paste into a ticket. */
  findingsMarkdown(trace: Trace, diagnosis: Diagnosis, findings: readonly Finding[]): string;
  /** The request as a curl command. */
  curlCommand(stream: StreamRecord): string;
}
