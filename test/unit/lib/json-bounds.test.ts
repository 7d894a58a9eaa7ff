import { describe, expect, it } from 'vitest';
import { type JsonBounds, jsonExcess } from '../../../src/lib/json-bounds';

const LOOSE: JsonBounds = { depth: 1e9, containers: 1e9, commas: 1e9 };

/** The least bounds that let a text pass, found by trying. */
function least(text: string): JsonBounds {
  const found = { ...LOOSE };
  for (const name of Object.keys(LOOSE) as (keyof JsonBounds)[]) {
    let bound = 0;
    while (jsonExcess(text, { ...LOOSE, [name]: bound }) !== null) bound++;
    found[name] = bound;
  }
  return found;
}

describe('jsonExcess', () => {
  it.each<[string, JsonBounds]>([
    ['1', { depth: 0, containers: 0, commas: 0 }],
    ['[]', { depth: 1, containers: 1, commas: 0 }],
    ['[[],{}]', { depth: 2, containers: 3, commas: 1 }],
    ['{"a":[1,2,3],"b":{}}', { depth: 2, containers: 3, commas: 3 }],
    ['["[[[[,,,,{{{{"]', { depth: 1, containers: 1, commas: 0 }],
    ['["\\"[","\\\\",[]]', { depth: 2, containers: 2, commas: 2 }],
    ['["\\\\\\"[","]"', { depth: 1, containers: 1, commas: 1 }],
    ['["never closed [[[[,,,', { depth: 1, containers: 1, commas: 0 }],
    [']]]]]][[', { depth: 0, containers: 2, commas: 0 }],
    ['', { depth: 0, containers: 0, commas: 0 }],
  ])('measures %s', (text, bounds) => expect(least(text)).toEqual(bounds));

  it('gives up as soon as a bound is passed', () => {
    expect(jsonExcess('['.repeat(2_000_000), { ...LOOSE, depth: 500 })).toBe('depth');
    expect(jsonExcess('{},'.repeat(1_000_000), { ...LOOSE, containers: 1000 })).toBe('containers');
    expect(jsonExcess('1,'.repeat(1_000_000), { ...LOOSE, commas: 1000 })).toBe('commas');
  });
});
