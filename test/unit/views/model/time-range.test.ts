import { describe, expect, it } from 'vitest';
import { axisTicks, formatAxisMs, panned, within, zoomed } from '../../../../src/views/model/time-range';

const WHOLE = { fromMs: 100, toMs: 1100 };

describe('a range of a time axis', () => {
  it('zooms around a time, which stays where it is', () => {
    const once = zoomed(WHOLE, WHOLE, 2, 350);
    expect(once).toEqual({ fromMs: 225, toMs: 725 });
    expect(zoomed(once!, WHOLE, 0.5, 350)).toBeNull();
  });

  it('never leaves the whole, and knows when all of it is in view', () => {
    expect(zoomed({ fromMs: 100, toMs: 300 }, WHOLE, 0.5, 200)).toEqual({ fromMs: 100, toMs: 400 });
    expect(within({ fromMs: -50, toMs: 2000 }, WHOLE)).toBeNull();
    expect(within(WHOLE, WHOLE)).toBeNull();
  });

  it('cannot be zoomed to nothing', () => {
    let range = zoomed(WHOLE, WHOLE, 1e9, 600);
    for (let round = 0; round < 20; round += 1) range = zoomed(range!, WHOLE, 10, 600);
    expect(range!.toMs - range!.fromMs).toBeCloseTo(0.5);
  });

  it('moves by a part of what is in view, up to the ends', () => {
    const range = { fromMs: 400, toMs: 600 };
    expect(panned(range, WHOLE, 0.25)).toEqual({ fromMs: 450, toMs: 650 });
    expect(panned(range, WHOLE, -50)).toEqual({ fromMs: 100, toMs: 300 });
    expect(panned(range, WHOLE, 50)).toEqual({ fromMs: 900, toMs: 1100 });
  });
});

describe('the ticks of an axis', () => {
  it.each([
    [{ fromMs: 0, toMs: 1000 }, 5, [0, 200, 400, 600, 800, 1000]],
    [{ fromMs: 0, toMs: 9400 }, 6, [0, 2000, 4000, 6000, 8000]],
    [{ fromMs: 3530, toMs: 9178 }, 6, [4000, 5000, 6000, 7000, 8000, 9000]],
    [{ fromMs: 5, toMs: 5 }, 6, []],
  ])('are round: %j at most %d', (span, most, expected) => {
    expect(axisTicks(span, most).map(({ atMs }) => atMs)).toEqual(expected);
  });

  it('have the unit of the whole and the decimals of the step', () => {
    expect(formatAxisMs(250, 50, 500)).toBe('250 ms');
    expect(formatAxisMs(2.5, 0.5, 3)).toBe('2.5 ms');
    expect(formatAxisMs(1500, 500, 4000)).toBe('1.5 s');
    expect(formatAxisMs(12_000, 2000, 20_000)).toBe('12 s');
    expect(formatAxisMs(720_000, 60_000, 1_200_000)).toBe('12 min');
  });
});
