import { describe, expect, it } from 'vitest';
import { parseCommand, parseDuration, parseHeader } from '../../../src/cli/arguments';
import { parseFailOn } from '../../../src/cli/commands/outcome';
import { UnusableArguments } from '../../../src/cli/usage';

describe('a time', () => {
  it.each([
    ['30s', 30_000],
    ['30', 30_000],
    ['1500ms', 1500],
    ['2m', 120_000],
    ['1m30s', 90_000],
    ['1m30', 90_000],
    ['0.5s', 500],
    ['1.5m', 90_000],
  ])('%s is %d ms', (text, ms) => expect(parseDuration(text, '--for')).toBe(ms));

  it.each([
    '',
    ' ',
    '0',
    '0s',
    '-5s',
    '5h',
    '1e3',
    'Infinity',
    'NaN',
    '5 s',
    's',
    'm',
    '25h',
    '1440m1s',
    '٣s',
  ])('is not %j', (text) => {
    expect(() => parseDuration(text, '--for')).toThrow(
      new UnusableArguments(`--for takes a time such as 30s, 1500ms or 2m, not "${text}".`),
    );
  });
});

describe('a header', () => {
  it.each([
    ['X-Team: river', ['X-Team', 'river']],
    ['authorization:Bearer a:b', ['authorization', 'Bearer a:b']],
    ['X-Empty:', ['X-Empty', '']],
    ["!#$%&'*+.^_`|~: v", ["!#$%&'*+.^_`|~", 'v']],
  ])('%s', (text, pair) => expect(parseHeader(text)).toEqual(pair));

  it.each(['', 'no colon', ': v', 'a b: c', 'ü: v', 'a: b\r\nc: d', 'a\0: b', 'a: b\0'])(
    'is not %j',
    (text) => {
      expect(() => parseHeader(text)).toThrow(UnusableArguments);
    },
  );
});

describe('--fail-on', () => {
  it('is error unless it is said', () => expect(parseFailOn(undefined)).toBe('error'));
  it.each(['error', 'warning', 'never'])('takes %s', (word) => expect(parseFailOn(word)).toBe(word));
  it.each(['', 'info', 'Error', 'always'])('refuses %j', (word) => {
    expect(() => parseFailOn(word)).toThrow(UnusableArguments);
  });
});

describe('options', () => {
  const options = { json: { type: 'boolean' }, for: { type: 'string' } } as const;

  it.each([
    [['--nope'], "record: Unknown option '--nope'. streamgauge --help lists the options."],
    [['--for'], "record: Option '--for <value>' argument missing. streamgauge --help lists the options."],
    [
      ['--json=yes'],
      "record: Option '--json' does not take an argument. streamgauge --help lists the options.",
    ],
  ])('%j in one line', (args, message) => {
    expect(() => parseCommand('record', { args, allowPositionals: true, options })).toThrow(
      new UnusableArguments(message),
    );
  });
});
