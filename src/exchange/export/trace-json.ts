import { tracePieces } from '../../trace/file';
import type { Trace } from '../../trace/types';
import { type RedactionOptions, redactTrace } from '../redact';

export interface ExportOptions extends RedactionOptions {
  /** Take secrets out (default). False keeps cookies, tokens and passwords as they were recorded. */
  redact?: boolean;
}

/** The trace file as pieces of text, in order: for `new Blob` and for files. */
export function traceJsonPieces(trace: Trace, options: ExportOptions = {}): string[] {
  return [...lazyTraceJson(trace, options)];
}

/** The same, each piece made when it is asked for. */
export function lazyTraceJson(
  trace: Trace,
  { redact = true, ...redaction }: ExportOptions = {},
): Iterable<string> {
  return tracePieces(redact ? redactTrace(trace, redaction) : trace);
}
