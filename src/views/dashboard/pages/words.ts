import type { Rate } from '../../../diagnose/facts/health';
import { UNKNOWN } from '../../format';

/** "21 Nov 2026, 14:03", in the reader's own time zone and manner. */
export function formatDateTime(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return UNKNOWN;
  return date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** "98 %"; unknown where nothing was counted. */
export function formatRate({ done, of }: Rate): string {
  if (of === 0) return UNKNOWN;
  const percent = (done / of) * 100;
  // Nearly all is not all, and hardly any is not none.
  if (percent > 99 && percent < 100) return '> 99 %';
  if (percent > 0 && percent < 1) return '< 1 %';
  return `${Math.round(percent)} %`;
}
