import zlib from 'node:zlib';
import { deflateSync, gzipSync, strToU8, zlibSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { importBytes, UnusableFile } from '../../../src/exchange/import/file';
import { encodeUtf8 } from '../../../src/lib/text';
import { stringifyTrace } from '../../../src/trace/file';
import { harEntry, harFile } from '../../support/har';
import { richTrace } from '../../support/rich-trace';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const har = strToU8(JSON.stringify(harFile([harEntry({ events: [[120, 'a']] })]), null, 2));
const trace = strToU8(stringifyTrace(richTrace()));

function messageOf(bytes: Uint8Array, options?: { maxBytes: number }): string {
  try {
    importBytes('stage.har', bytes, options);
  } catch (error) {
    expect(error).toBeInstanceOf(UnusableFile);
    return (error as Error).message;
  }
  throw new Error('it was opened');
}

describe('opening a file', () => {
  it.each([
    ['a HAR', har, 1],
    ['a HAR in gzip', gzipSync(har), 1],
    ['a HAR with a byte-order mark', encodeUtf8(`\ufeff${new TextDecoder().decode(har)}`), 1],
    ['a HAR in UTF-16', new Uint8Array(Buffer.from(`\ufeff${new TextDecoder().decode(har)}`, 'utf16le')), 1],
    ['a HAR in zlib, as mitmproxy compresses it', zlibSync(har), 1],
    ['a trace', trace, 4],
    ['a trace in gzip', gzipSync(trace), 4],
    [
      'a file of two gzip members',
      new Uint8Array(Buffer.concat([gzipSync(har.subarray(0, 40)), gzipSync(har.subarray(40))])),
      1,
    ],
  ])('knows %s without its name', (_, bytes, streams) => {
    const file = importBytes('whatever', bytes);
    expect(file.trace.streams).toHaveLength(streams);
    expect(file.problems).toEqual([]);
  });

  it('gives back the very trace', () => {
    expect(importBytes('t.json', trace).trace).toEqual(richTrace());
  });
});

describe('refusing a file', () => {
  const cut = har.subarray(0, har.length / 2);
  const zipped = gzipSync(har);
  const damaged = zipped.slice();
  damaged.fill(0xaa, 30, 60);

  it.each<[string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(), /^stage\.har is empty\. Export it again\.$/],
    ['white space', strToU8('  \n'), /is not JSON/],
    [
      'a cut HAR',
      cut,
      /^stage\.har is cut off at line \d+, column \d+: the rest is missing\. Export it again\.$/,
    ],
    [
      'broken JSON',
      strToU8('{"log": {,}}'),
      /is not JSON: it goes wrong at line 1, column 10\. Open a HAR or trace file\./,
    ],
    ['a web page', strToU8('<!doctype html>'), /is not JSON: it goes wrong at line 1, column 1/],
    ['other JSON', strToU8('{"name": "package"}'), /is not a HAR file/],
    ['a JSON number', strToU8('42'), /is not a HAR file/],
    ['bytes', Uint8Array.of(1, 255, 0, 3), /is not text\. Open a HAR or trace file, plain or gzip\./],
    ['a ZIP archive', Uint8Array.of(0x50, 0x4b, 3, 4, 200, 0, 255), /a ZIP archive: unpack it first/],
    ['a picture', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0), /a picture/],
    ['cut gzip', zipped.subarray(0, zipped.length - 20), /is cut off: its gzip data has no end/],
    ['cut zlib', zlibSync(har).subarray(0, 60), /is cut off: its zlib data has no end/],
    ['damaged gzip', damaged, /gzip data|is not|is cut off/],
    ['only a gzip header', Uint8Array.of(0x1f, 0x8b), /gzip data/],
    ['deflate without gzip', deflateSync(har), /is not text/],
    [
      'a trace from the future',
      strToU8('{"format":"streamgauge-trace","version":7}'),
      /cannot be opened\. This trace is version 7; this Streamgauge reads up to version 1\. Update Streamgauge to open it\./,
    ],
    [
      'a damaged trace',
      strToU8('{"format":"streamgauge-trace","version":1}'),
      /cannot be opened\. This trace is damaged: meta is missing\./,
    ],
    ['endless nesting', strToU8('['.repeat(200_000)), /nested deeper than 500 levels/],
    [
      'endless nesting that ends',
      strToU8(`${'['.repeat(100_000)}${']'.repeat(100_000)}`),
      /nested deeper than 500 levels/,
    ],
    [
      'nesting where entries should be',
      strToU8(
        `{"log":{"entries":${'['.repeat(50_000)}${']'.repeat(50_000)}}}`
          .replace('"entries":[', '"entries":{"a":[')
          .replace(/\]\}\}$/, ']}}}'),
      ),
      /nested deeper than 500 levels/,
    ],
    ['more values than memory', strToU8(`[${'{},'.repeat(6_000_001)}{}]`), /holds too many values/],
  ])('says what is wrong with %s', (_, bytes, message) => {
    expect(messageOf(bytes)).toMatch(message);
  });

  it('says when it is too large, before reading it', () => {
    expect(messageOf(new Uint8Array(2 * 1024 * 1024), { maxBytes: 1024 * 1024 })).toBe(
      'stage.har is 2 MB; at most 1 MB is read. Record less, or export only the requests in question.',
    );
  });

  it('stops a gzip bomb where the limit is', () => {
    const bomb = new Uint8Array(zlib.gzipSync(new Uint8Array(16 * 1024 * 1024)));
    expect(bomb.length).toBeLessThan(100_000);
    expect(messageOf(bomb, { maxBytes: 1024 * 1024 })).toMatch(/unfolds to more than that; at most 1 MB/);
  });
});
