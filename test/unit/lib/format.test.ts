import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatEvidence, formatMs } from '../../../src/lib/format';

describe('formatMs', () => {
  it.each([
    [0, '0 ms'],
    [0.42, '0.4 ms'],
    [38, '38 ms'],
    [999.4, '999 ms'],
    [999.6, '1.00 s'],
    [3298, '3.30 s'],
    [29_021, '29.0 s'],
    [119_960, '2 min'],
    [125_000, '2 min 5 s'],
    [3_600_000 * 2 + 60_000, '2 h 1 min'],
    [Number.NaN, '–'],
  ])('%d ms is %s', (ms, text) => expect(formatMs(ms)).toBe(text));
});

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 KB'],
    [7066, '6.9 KB'],
    [31_744, '31 KB'],
    [5 * 1024 * 1024, '5.0 MB'],
    [1024 * 1024 - 1, '1.0 MB'],
  ])('%d bytes is %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));
});

it('groups thousands with a space that does not break', () => {
  expect(formatCount(1804)).toBe('1\u202f804');
  expect(formatCount(1234567)).toBe('1\u202f234\u202f567');
});

it.each([
  [{ value: 3298, unit: 'ms', threshold: 1000 }, '3.30 s', 'limit 1.00 s'],
  [{ value: 41, unit: 'events' }, '41 events', ''],
  [{ value: 0.031, unit: 'ratio', threshold: 0.1 }, '3.1 %', 'limit 10 %'],
  [{ value: 504, unit: 'status' }, '504', ''],
  [{ value: 'gzip', unit: 'header' }, 'gzip', ''],
  [{ value: true, unit: '' }, 'yes', ''],
])('evidence %j', (evidence, value, limit) => {
  expect(formatEvidence(evidence)).toEqual({ value, limit });
});
