import { tracePieces } from '../../trace/file';
import type { Trace } from '../../trace/types';
import { redactTrace } from '../redact';

export interface ExportOptions {
  /** Take secrets out (default). False keeps cookies, tokens and passwords as they were recorded. */
  redact?: boolean;
  /**
   * Random text of one export: it goes into the fingerprints that stand for secrets, so that nobody can find a secret by
   * trying. Equal secrets are equal within an export, and nowhere else.
   */
  salt?: string;
}

/** The trace file as pieces of text, in order: for `new Blob` and for files. */
export function traceJsonPieces(trace: Trace, { redact = true }: ExportOptions = {}): string[] {
  return [...tracePieces(redact ? redactTrace(trace) : trace)];
}
