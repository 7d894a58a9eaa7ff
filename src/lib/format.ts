/** Numbers with their units as people read them. Thin spaces group thousands, so that columns line up. */

const GROUP = '\u202f';

/** 1804 → "1 804". */
export function formatCount(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+(?!\d))/g, GROUP);
}

/** Milliseconds: "0.4 ms", "38 ms", "980 ms", "3.30 s", "29.0 s", "2 min 5 s". */
export function formatMs(ms: number): string {
  if (!Number.isFinite(ms)) return '–';
  const size = Math.abs(ms);
  if (size < 1 && size > 0) return `${ms.toFixed(1)} ms`;
  if (size < 999.5) return `${Math.round(ms)} ms`;
  if (size < 9_995) return `${(ms / 1000).toFixed(2)} s`;
  if (size < 119_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (hours > 0) return `${hours} h ${minutes} min`;
  return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}

/** Bytes: "212 B", "6.9 KB", "31 KB", "5.0 MB" (1 KB is 1024 bytes, as in DevTools' tables of sizes). */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return '–';
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  const units = ['KB', 'MB', 'GB', 'TB'];
  let value = bytes / 1024;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value < 9.95 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** A value of evidence with its unit. */
export function formatValue(value: number | string | boolean, unit: string): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  switch (unit) {
    case 'ms':
      return formatMs(value);
    case 'bytes':
      return formatBytes(value);
    case 'ratio':
      return `${(value * 100).toFixed(value < 0.0995 ? 1 : 0)} %`;
    case 'status':
    case 'code':
      return String(value);
    case 'count':
    case '':
      return Number.isInteger(value) ? formatCount(value) : value.toFixed(2);
    default:
      return `${Number.isInteger(value) ? formatCount(value) : value.toFixed(2)} ${unit}`;
  }
}

/** Evidence as two texts: the measured value, and the limit it is held against (empty when there is none). */
export function formatEvidence(evidence: {
  value: number | string | boolean;
  unit: string;
  threshold?: number | string;
}): { value: string; limit: string } {
  const { value, unit, threshold } = evidence;
  return {
    value: formatValue(value, unit),
    limit: threshold === undefined ? '' : `limit ${formatValue(threshold, unit)}`,
  };
}
