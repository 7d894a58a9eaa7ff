import { describe, expect, it, vi } from 'vitest';
import { parseJson } from '../../../src/lib/json-text';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

function faultOf(text: string) {
  const parsed = parseJson(text);
  return 'fault' in parsed ? parsed.fault : null;
}

describe('parseJson', () => {
  it('gives the value', () => {
    expect(parseJson(' {"a":[1,{}, [] ,"\\u00e9"],"b":-1.5e3} ')).toEqual({
      value: { a: [1, {}, [], 'é'], b: -1500 },
    });
  });

  it.each([
    ['{"a" 1}', 5],
    ['{"a":1,}', 7],
    ['[1,]', 3],
    ['[1 2]', 3],
    ['{a:1}', 1],
    ['{} x', 3],
    ['[01]', 2],
    ['["a\tb"]', 3],
    ['["a\\x"]', 3],
    ['nul!', 0],
    ['[}', 1],
    ['{]', 1],
    ['{"a":}', 5],
    ['<html>', 0],
  ])('finds the fault in %s', (text, offset) => {
    expect(faultOf(text)).toMatchObject({ offset, isTruncated: false });
  });

  it('counts lines and columns from 1', () => {
    expect(faultOf('{\n  "a": 1,\n  oops\n}')).toMatchObject({ line: 3, column: 3 });
  });

  it('knows every way of being cut off', () => {
    const whole = '{"a":[true,false,null,-12.5,"\\u00e9\\n{"],"b":{"c":"d"}}';
    for (let end = 0; end < whole.length; end++) {
      const fault = faultOf(whole.slice(0, end));
      expect(fault, whole.slice(0, end)).toMatchObject({ offset: end, isTruncated: true });
    }
  });

  it('agrees with the engine on every small mutation', () => {
    const whole = '{"a":[true,null,-1.5e+2,"\\u00e9"],"b":{}}';
    for (let at = 0; at < whole.length; at++) {
      for (const put of ['', ',', '}', ']', '"', '0', ' ', ':', '\\']) {
        const text = whole.slice(0, at) + put + whole.slice(at + 1);
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        const fault = faultOf(text);
        expect(fault === null, text).toBe(isJson);
        if (fault) expect(fault.offset, text).toBeLessThanOrEqual(text.length);
      }
    }
  });

  it('is not troubled by depth or length', () => {
    expect(faultOf('['.repeat(1_000_000))).toMatchObject({ isTruncated: true });
    expect(faultOf(`["${'x'.repeat(5_000_000)}`)).toMatchObject({ isTruncated: true });
  });
});
