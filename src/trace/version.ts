import { TRACE_FORMAT, TRACE_VERSION } from './types';

/** A value that is no trace of a version known here. The message is a sentence for a person. */
export class UnusableTrace extends Error {
  override name = 'UnusableTrace';
}

/** True for anything that says it is a Streamgauge trace, of whatever version. */
export function looksLikeTrace(value: unknown): value is { format: typeof TRACE_FORMAT; version: unknown } {
  return typeof value === 'object' && value !== null && 'format' in value && value.format === TRACE_FORMAT;
}

/** The version a trace file declares. Throws `UnusableTrace` when it is none, or newer than `newest`. */
export function readVersion(value: unknown, newest: number = TRACE_VERSION): number {
  if (!looksLikeTrace(value)) throw new UnusableTrace('This is not a Streamgauge trace.');
  const { version } = value;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    throw new UnusableTrace('This trace does not say which version of the format it has.');
  }
  if (version > newest) {
    throw new UnusableTrace(
      `This trace is version ${version}; this Streamgauge reads up to version ${newest}. Update Streamgauge to open it.`,
    );
  }
  return version;
}
