import { describe, expect, it } from 'vitest';
import { BIN_EDGES_MS, LogHistogram } from '../../../../src/diagnose/facts/log-histogram';
import { seeded } from '../../../support/draw';

const filled = (values: number[]) => {
  const histogram = new LogHistogram();
  for (const value of values) histogram.add(value);
  return histogram;
};

describe('a log-spaced histogram', () => {
  it('gives equal values back exactly', () => {
    expect(filled([80, 80, 80]).median).toBe(80);
    expect(filled([80, 80, 80]).mode()).toEqual({ value: 80, share: 1, deviation: 0 });
  });

  it('is empty without values', () => {
    expect(filled([]).median).toBe(0);
    expect(filled([]).mode()).toEqual({ value: 0, share: 0, deviation: 0 });
  });

  it('says how far the values around the commonest one stray', () => {
    const deviation = (spread: number) =>
      filled(Array.from({ length: 400 }, (_, n) => 1000 + ((n % 41) - 20) * (spread / 20))).mode().deviation;
    expect(deviation(20)).toBeCloseTo(11.8, 0);
    expect(deviation(60) / deviation(20)).toBeCloseTo(3, 1);
  });

  it('takes extremes', () => {
    const histogram = filled([0, 0.1, 1e12]);
    expect(histogram.count).toBe(3);
    expect(histogram.bins[0]).toBe(2);
    expect(histogram.bins.at(-1)).toBe(1);
    expect(histogram.bins.length).toBe(BIN_EDGES_MS.length);
  });

  it('puts each value between the edges of its bin', () => {
    for (const value of [0.25, 0.3, 1, 2, 16.7, 999, 60_000, 3_600_000]) {
      const bin = filled([value]).bins.indexOf(1);
      expect(BIN_EDGES_MS[bin]! * 0.999).toBeLessThanOrEqual(value);
      expect(BIN_EDGES_MS[bin + 1]! * 1.001).toBeGreaterThan(value);
    }
  });

  it('comes within a bin of the true median', () => {
    const random = seeded(3);
    const values = Array.from({ length: 4001 }, () => 5 + random() ** 3 * 3000);
    const truth = [...values].sort((a, b) => a - b)[2000]!;
    expect(filled(values).median / truth).toBeGreaterThan(0.91);
    expect(filled(values).median / truth).toBeLessThan(1.1);
  });

  it('tells a rhythm from none', () => {
    const random = seeded(5);
    expect(filled(Array.from({ length: 40 }, () => 1000 + random() * 80)).mode().share).toBe(1);
    expect(filled(Array.from({ length: 40 }, () => 50 + random() * 2000)).mode().share).toBeLessThan(0.5);
  });
});
