import { tracePieces } from '../../trace/file';
import type { Trace } from '../../trace/types';
import { redactTrace } from '../redact';

export interface ExportOptions {
  /** Take secrets out (default). False keeps cookies, tokens and passwords as they were recorded. */
  redact?: boolean;
}

/** The trace file as pieces of text, in order: for `new Blob` and for files. */
export function traceJsonPieces(trace: Trace, { redact = true }: ExportOptions = {}): string[] {
  return [...tracePieces(redact ? redactTrace(trace) : trace)];
}
