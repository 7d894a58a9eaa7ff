import { describe, expect, it } from 'vitest';
import { Variation } from '../../lab/variation.ts';

describe('Variation', () => {
  it('keeps the documented counts without a seed', () => {
    const vary = new Variation('a', undefined);
    expect([vary.count(41), vary.count(7), vary.pick('x', 'y')]).toEqual([41, 7, 'x']);
  });

  it('draws counts around them with a seed, the same each time', () => {
    const draw = () => {
      const vary = new Variation('a', 5);
      return Array.from({ length: 50 }, () => vary.count(40));
    };
    expect(draw()).toEqual(draw());
    expect(new Set(draw()).size).toBeGreaterThan(5);
    expect(Math.min(...draw())).toBeGreaterThanOrEqual(30);
    expect(Math.max(...draw())).toBeLessThanOrEqual(50);
  });

  it('draws differently for another scenario', () => {
    const of = (id: string) => {
      const vary = new Variation(id, 5);
      return Array.from({ length: 10 }, () => vary.between(0, 1));
    };
    expect(of('a')).not.toEqual(of('b'));
  });

  it('keeps jitter within its share', () => {
    const vary = new Variation('a', 5);
    for (let round = 0; round < 200; round++) {
      const value = vary.jitter(100, 0.3);
      expect(value).toBeGreaterThanOrEqual(70);
      expect(value).toBeLessThanOrEqual(130);
    }
  });
});
