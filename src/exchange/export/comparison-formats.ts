import type { Both, Comparison } from '../../compare/types';
import type { Trace } from '../../trace/types';
import { comparisonJson, redactComparison } from '../comparison-json';
import type { ExportFormat } from './formats';
import type { ExportOptions } from './trace-json';

/** One way to save a comparison; as for recordings, secrets are taken out unless told otherwise. */
export interface ComparisonFormat extends Omit<ExportFormat, 'export'> {
  export(comparison: Comparison, traces: Both<Trace>, options?: ExportOptions): Promise<Iterable<string>>;
}

/** Every format, in the order in which a menu lists them. */
export const COMPARISON_FORMATS: readonly ComparisonFormat[] = [
  {
    id: 'html',
    label: 'Report as HTML',
    extension: '.html',
    mediaType: 'text/html',
    // Loaded when it is wanted, as the report of one recording.
    export: async (comparison, traces, options) =>
      (await import('./html/comparison')).comparisonHtmlPieces(comparison, traces, options),
  },
  {
    id: 'json',
    label: 'Comparison as JSON',
    extension: '.json',
    mediaType: 'application/json',
    export: async (comparison, { a, b }, { redact = true, ...redaction } = {}) => {
      const shown = redact ? redactComparison(comparison, a, b, redaction) : comparison;
      return [`${JSON.stringify(comparisonJson(shown), null, 2)}\n`];
    },
  },
];

export function comparisonFormat(id: string): ComparisonFormat | undefined {
  return COMPARISON_FORMATS.find((format) => format.id === id);
}
