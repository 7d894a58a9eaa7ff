import * as lib from '../lib/format';

/** Numbers of `lib/format` where a view may not know them, and the forms that only views need. */

/** Stands for a value that is not known: never a zero. */
export const UNKNOWN = '–';

export function formatCount(count: number | null): string {
  return count === null || !Number.isFinite(count) ? UNKNOWN : lib.formatCount(count);
}

export function formatDuration(ms: number | null): string {
  return ms === null ? UNKNOWN : lib.formatMs(ms);
}

export function formatBytes(byteLength: number | null): string {
  return byteLength === null ? UNKNOWN : lib.formatBytes(byteLength);
}

/** Seconds since a start, to the millisecond, for columns: "3.298 s". */
export function formatOffset(ms: number): string {
  if (!Number.isFinite(ms)) return UNKNOWN;
  const [whole = '0', part = '000'] = (ms / 1000).toFixed(3).split('.');
  return `${whole.replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f')}.${part} s`;
}

/** Wall-clock time of day with milliseconds, in the reader's time zone: "14:03:07.250". */
export function formatTimeOfDay(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  const two = (value: number) => String(value).padStart(2, '0');
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** "1 error", "3 errors"; for words whose plural takes an s, or a given one. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
