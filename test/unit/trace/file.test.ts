import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decodeTraceFile,
  encodeTrace,
  parseTraceText,
  stringifyTrace,
  tracePieces,
} from '../../../src/trace/file';
import { TRACE_VERSION } from '../../../src/trace/types';
import { upgradeTrace } from '../../../src/trace/upgrade';
import { UnusableTrace } from '../../../src/trace/version';
import { richTrace } from '../../support/rich-trace';

const FIXTURES = join(import.meta.dirname, '../../fixtures/traces');

describe('saving and opening', () => {
  it('gives back what was saved', () => {
    expect(parseTraceText(stringifyTrace(richTrace()))).toEqual(richTrace());
  });

  it('writes the same text again', () => {
    const text = stringifyTrace(parseTraceText(stringifyTrace(richTrace())));
    expect(stringifyTrace(parseTraceText(text))).toBe(text);
  });

  it('writes in pieces what it writes at once', () => {
    const pieces = [...tracePieces(richTrace())];
    expect(pieces.length).toBeGreaterThan(4);
    expect(JSON.parse(pieces.join(''))).toEqual(JSON.parse(JSON.stringify(encodeTrace(richTrace()))));
  });

  it('writes text as text and bytes as base64', () => {
    const { streams } = encodeTrace(richTrace());
    expect(streams[0]!.chunks.payload).toEqual({
      encoding: 'utf8',
      data: 'data: hé\n\n',
      byteLength: [7, 2, 2],
    });
    expect(streams[1]!.chunks.payload).toEqual({
      encoding: 'base64',
      data: 'AP8KeGN1dA==',
      byteLength: [3, 1, -1, 3, 0],
    });
    expect(streams[2]!.messages.payload).toEqual(['hello \ud83d', { base64: 'AQL/' }, null]);
  });

  it('keeps a character that lies across two chunks', () => {
    const trace = richTrace();
    const euro = new TextEncoder().encode('€');
    trace.streams[0]!.chunks.payload = [euro.subarray(0, 1), euro.subarray(1), null];
    trace.streams[0]!.chunks.byteLength = [1, 2, 2];
    const opened = parseTraceText(stringifyTrace(trace));
    expect(opened.streams[0]!.chunks.payload).toEqual(trace.streams[0]!.chunks.payload);
  });

  it('rounds times to the microsecond and keeps them in order', () => {
    const trace = richTrace();
    trace.streams[0]!.chunks.atMs = [100.000_49, 200, 199.999_9];
    expect(encodeTrace(trace).streams[0]!.chunks.atMs).toEqual([100, 200, 200]);
  });
});

/**
 * Files as each version of the format wrote them, never touched again: whoever changes the format adds a folder and an
 * upgrade step, and these keep showing that old files still open. A frozen file that needs an edit to pass means that
 * files of users have stopped opening. To be sure that a new upgrade step does something, take it out once and see this
 * test fail.
 */
describe('frozen files', () => {
  const versions = readdirSync(FIXTURES);

  it('exist for every version up to the current one', () => {
    expect(versions.sort()).toEqual(Array.from({ length: TRACE_VERSION }, (_, i) => String(i + 1)));
  });

  for (const version of versions) {
    for (const name of readdirSync(join(FIXTURES, version))) {
      it(`open: version ${version}, ${name}`, () => {
        const text = readFileSync(join(FIXTURES, version, name), 'utf8');
        expect(JSON.parse(text).version).toBe(Number(version));
        const trace = parseTraceText(text);
        expect(trace.version).toBe(TRACE_VERSION);
        expect(parseTraceText(stringifyTrace(trace))).toEqual(trace);
      });
    }
  }

  it('still mean the same', () => {
    const text = readFileSync(join(FIXTURES, '1/every-member.json'), 'utf8');
    expect(parseTraceText(text)).toEqual(richTrace());
  });
});

describe('versions', () => {
  it('refuses a file from the future by name', () => {
    expect(() => decodeTraceFile({ format: 'streamgauge-trace', version: 7 })).toThrow(
      new UnusableTrace(
        `This trace is version 7; this Streamgauge reads up to version ${TRACE_VERSION}. Update Streamgauge to open it.`,
      ),
    );
  });

  it.each([0, -1, 1.5, '1', null, undefined, Number.NaN])('refuses version %j', (version) => {
    expect(() => decodeTraceFile({ format: 'streamgauge-trace', version })).toThrow(
      /does not say which version/,
    );
  });

  it.each([null, 5, 'x', [], {}, { format: 'other', version: 1 }])('refuses %j', (value) => {
    expect(() => decodeTraceFile(value)).toThrow(new UnusableTrace('This is not a Streamgauge trace.'));
  });

  it('climbs from version to version', () => {
    const upgraders = {
      1: (file: Record<string, unknown>) => ({ ...file, steps: ['1 to 2'] }),
      2: (file: Record<string, unknown>) => ({ ...file, steps: [...(file.steps as string[]), '2 to 3'] }),
    };
    const file = { format: 'streamgauge-trace', version: 1 };
    expect(upgradeTrace(file, { newest: 3, upgraders })).toEqual({
      ...file,
      version: 3,
      steps: ['1 to 2', '2 to 3'],
    });
    expect(upgradeTrace({ ...file, version: 3 }, { newest: 3, upgraders })).toEqual({ ...file, version: 3 });
    expect(() => upgradeTrace(file, { newest: 3, upgraders: {} })).toThrow(/can no longer be read/);
  });
});

describe('damaged files', () => {
  // biome-ignore lint/suspicious/noExplicitAny: damaging a file on purpose is what types are there to prevent
  type Json = any;
  const cases: [string, (file: Json) => void, RegExp][] = [
    ['a missing member', (file) => delete file.meta.note, /meta\.note is missing/],
    [
      'text for a number',
      (file) => Object.assign(file.streams[0].timing, { startedAtMs: '0' }),
      /startedAtMs/,
    ],
    [
      'a time that is no number',
      (file) => Object.assign(file.streams[0].chunks.atMs, { 1: null }),
      /streams\.0\.chunks\.atMs should be a column of times/,
    ],
    [
      'a time a thousand years off',
      (file) => Object.assign(file.streams[0].chunks.atMs, { 2: 1e14 }),
      /chunks\.atMs/,
    ],
    ['time going back', (file) => file.streams[0].chunks.atMs.reverse(), /chunks\.atMs goes back in time/],
    [
      'columns of different lengths',
      (file) => file.streams[0].chunks.byteLength.pop(),
      /chunks has columns of different lengths/,
    ],
    [
      'a payload longer than its chunk',
      (file) => Object.assign(file.streams[0].chunks.byteLength, { 0: 1 }),
      /payload longer than its chunk/,
    ],
    [
      'payload bytes that are not there',
      (file) => Object.assign(file.streams[0].chunks.payload, { data: 'data' }),
      /payload of stream s1/,
    ],
    [
      'payload that is not base64',
      (file) => Object.assign(file.streams[1].chunks.payload, { data: '!' }),
      /payload of stream s2/,
    ],
    [
      'a message that is not base64',
      (file) => Object.assign(file.streams[2].messages.payload, { 1: { base64: '!' } }),
      /message of stream s3/,
    ],
    [
      'two streams with one id',
      (file) => Object.assign(file.streams[1], { id: 's1' }),
      /streams has two streams with one id/,
    ],
    [
      'an unknown kind',
      (file) => Object.assign(file.streams[0], { kind: 'carrier pigeon' }),
      /streams\.0\.kind/,
    ],
    ['a status beyond reason', (file) => Object.assign(file.streams[0].response, { status: 1e9 }), /status/],
    [
      'columns in an object',
      (file) => Object.assign(file.streams[0].chunks, { atMs: { length: 3 } }),
      /chunks\.atMs/,
    ],
    [
      'a negative size',
      (file) => Object.assign(file.streams[0].messages, { byteLength: [-1] }),
      /messages\.byteLength/,
    ],
    [
      'headers that are not pairs',
      (file) => Object.assign(file.streams[0].request, { headers: [['a']] }),
      /request\.headers/,
    ],
    ['too many streams', (file) => Object.assign(file, { streams: new Array(60_000).fill(null) }), /streams/],
  ];

  it.each(cases)('says where: %s', (_, damage, message) => {
    const file = JSON.parse(stringifyTrace(richTrace()));
    damage(file);
    expect(() => decodeTraceFile(file)).toThrow(UnusableTrace);
    expect(() => decodeTraceFile(file)).toThrow(message);
  });

  it('says where the text is cut off', () => {
    const text = stringifyTrace(richTrace());
    expect(() => parseTraceText(text.slice(0, text.length / 2))).toThrow(/cut off at line \d+, column \d+/);
    expect(() => parseTraceText('{"format": oops}')).toThrow('This trace is not JSON: line 1, column 12.');
  });
});
