import { describe, expect, it } from 'vitest';
import { ArrivalBins } from '../../../../src/views/model/arrival-bins';

describe('arrivals in slices', () => {
  it('keeps every arrival while its slices widen', () => {
    const bins = new ArrivalBins(16, 1);
    for (let ms = 0; ms < 1000; ms += 1) bins.add(ms);
    expect(bins.total).toBe(1000);
    expect(bins.counts.reduce((sum, one) => sum + one, 0)).toBe(1000);
    expect(bins.bins * bins.binMs).toBeGreaterThan(999);
    expect(bins.bins * bins.binMs).toBeLessThanOrEqual(2048);
  });

  it('puts arrivals where they belong on the axis', () => {
    const bins = new ArrivalBins();
    bins.add(0);
    bins.add(500);
    bins.add(999);
    expect(bins.runs(1000, 100).map(([from]) => from)).toEqual([0, 50, 99]);
  });

  it('joins neighbours into one run', () => {
    const bins = new ArrivalBins();
    for (let ms = 0; ms < 1000; ms += 2) bins.add(ms);
    const runs = bins.runs(1000, 100);
    expect(runs).toEqual([[0, 100]]);
  });

  it('shows a pause as a gap between runs', () => {
    const bins = new ArrivalBins();
    for (let ms = 0; ms < 300; ms += 1) bins.add(ms);
    for (let ms = 700; ms < 1000; ms += 1) bins.add(ms);
    const runs = bins.runs(1000, 100);
    expect(runs).toHaveLength(2);
    expect(runs[0]?.[1]).toBeLessThanOrEqual(31);
    expect(runs[1]?.[0]).toBeGreaterThanOrEqual(69);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('leaves out %d', (ms) => {
    const bins = new ArrivalBins();
    bins.add(ms);
    expect(bins.total).toBe(0);
  });

  it('counts what lies before the start as the start, and an empty axis as nothing', () => {
    const bins = new ArrivalBins();
    bins.add(-50);
    expect(bins.runs(1000, 100)).toEqual([[0, 1]]);
    expect(new ArrivalBins().runs(0, 100)).toEqual([]);
  });
});
