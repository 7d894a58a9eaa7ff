import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatOffset,
  formatTimeOfDay,
  plural,
  UNKNOWN,
} from '../../../src/views/format';

describe('numbers of the views', () => {
  it.each([formatCount, formatDuration, formatBytes])(
    'shows what is not known as a dash, never as zero',
    (format) => {
      expect(format(null)).toBe(UNKNOWN);
      expect(format(0)).not.toBe(UNKNOWN);
    },
  );

  it.each([
    [0, '0.000 s'],
    [3298, '3.298 s'],
    [0.4, '0.000 s'],
    [-12.5, '-0.013 s'],
    [1_234_567, '1\u202f234.567 s'],
    [Number.NaN, UNKNOWN],
    [Number.POSITIVE_INFINITY, UNKNOWN],
  ])('writes %d ms since a start as %s', (ms, text) => {
    expect(formatOffset(ms)).toBe(text);
  });

  it('writes the time of day to the millisecond, and survives nonsense', () => {
    const local = new Date(2026, 0, 2, 3, 4, 5, 6).getTime();
    expect(formatTimeOfDay(local)).toBe('03:04:05.006');
    expect(formatTimeOfDay(1e20)).toBe(UNKNOWN);
  });

  it.each([
    [0, '0 errors'],
    [1, '1 error'],
    [1804, '1\u202f804 errors'],
  ])('counts %d in words', (count, text) => {
    expect(plural(count, 'error')).toBe(text);
  });

  it('takes a plural that needs no s', () => {
    expect(plural(2, 'body', 'bodies')).toBe('2 bodies');
  });
});
