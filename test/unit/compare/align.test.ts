import { describe, expect, it } from 'vitest';
import { alignKeys, type Match } from '../../../src/compare/align';
import { seeded } from '../../support/draw';

const align = (a: string, b: string) =>
  alignKeys([...a], [...b])
    .map(([index]) => [...a][index])
    .join('');

describe('aligning two lists of keys', () => {
  it.each([
    ['', '', ''],
    ['abc', '', ''],
    ['abc', 'abc', 'abc'],
    ['abc', 'xbc', 'bc'],
    ['abcd', 'acbd', 'abd'],
    ['aaa', 'aa', 'aa'],
    ['xaxbxc', 'abc', 'abc'],
    ['abcabba', 'cbabac', 'baba'],
  ])('%j and %j have %j in common', (a, b, common) => {
    expect(align(a, b).length).toBe(common.length);
  });

  /** The textbook's table, for small lists. */
  function longest(a: string[], b: string[]): number {
    let row = new Array<number>(b.length + 1).fill(0);
    for (const one of a) {
      const next = [0];
      for (let j = 0; j < b.length; j++) {
        next.push(one === b[j] ? row[j]! + 1 : Math.max(next[j]!, row[j + 1]!));
      }
      row = next;
    }
    return row[b.length]!;
  }

  function check(a: string[], b: string[], matches: Match[]): void {
    let last = [-1, -1];
    for (const [i, j] of matches) {
      expect(a[i]).toBe(b[j]);
      expect(i).toBeGreaterThan(last[0]!);
      expect(j).toBeGreaterThan(last[1]!);
      last = [i, j];
    }
  }

  it('is in order, equal, and hardly shorter than the longest there is', () => {
    const random = seeded(7);
    let found = 0;
    let best = 0;
    for (let round = 0; round < 400; round++) {
      const letters = 1 + Math.floor(random() * 12);
      const list = () =>
        Array.from({ length: Math.floor(random() * 40) }, () => String(Math.floor(random() * letters)));
      const [a, b] = [list(), list()];
      const matches = alignKeys(a, b);
      check(a, b, matches);
      found += matches.length;
      best += longest(a, b);
    }
    // Anchors are a heuristic: they cost a little on random lists and nothing on streams.
    expect(found).toBeGreaterThan(best * 0.97);
  });

  it('takes bounded time on long lists without anything unique', () => {
    const random = seeded(9);
    const list = () => Array.from({ length: 20_000 }, () => String(Math.floor(random() * 50)));
    const [a, b] = [list(), list()];
    const matches = alignKeys(a, b);
    check(a, b, matches);
    expect(matches.length).toBeGreaterThan(3500);
  });
});
