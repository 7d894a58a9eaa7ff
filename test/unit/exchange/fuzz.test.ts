import { gzipSync } from 'fflate';
import { describe, expect, it, vi } from 'vitest';
import { createDecoder } from '../../../src/decode/decoder';
import { createEngineIoDecoder } from '../../../src/decode/engine-io';
import { exportHar } from '../../../src/exchange/export/har';
import { traceJsonPieces } from '../../../src/exchange/export/trace-json';
import { importBytes, UnusableFile } from '../../../src/exchange/import/file';
import { importHar } from '../../../src/exchange/import/har';
import { encodeUtf8 } from '../../../src/lib/text';
import { stringifyTrace } from '../../../src/trace/file';
import type { Trace } from '../../../src/trace/types';
import { addMessage, chunkedStream, seededRandom } from '../../support/chunked-stream';
import { harEntry, harFile } from '../../support/har';
import { richTrace } from '../../support/rich-trace';

const HAR = harFile([
  harEntry({
    events: [
      [120, 'a'],
      [150, '{"ts":1772359200000}'],
    ],
    text: 'data: a\n\n',
    requestHeaders: { Cookie: 'a=1' },
  }),
  harEntry({
    type: 'websocket',
    url: 'wss://a.example/socket.io/?EIO=4&transport=websocket',
    status: 101,
    frames: [
      [10, 'send', '2probe'],
      [20, 'receive', 'AQID', 2],
    ],
  }),
  harEntry({ status: 0, error: 'net::ERR_FAILED' }),
]);

/** Values that break readers: wrong types, edges of numbers, names that objects inherit. */
const NASTY: unknown[] = [
  null,
  true,
  -1,
  0,
  1e308,
  -1e308,
  2 ** 53,
  0.5,
  '',
  'x'.repeat(2000),
  '2026',
  '\ud800',
  '__proto__',
  [],
  {},
  [[]],
  { length: 1e9 },
  [null],
  'NaN',
  '1970-01-01T00:00:00Z',
  '-271821-04-20T00:00:00Z',
  { toString: 5 },
  'javascript:0',
];

type Node = Record<string, unknown> | unknown[];

/** Every place in a JSON value, as the object that holds it and the key. */
function places(value: unknown, found: [Node, string][] = []): [Node, string][] {
  if (typeof value !== 'object' || value === null) return found;
  for (const key of Object.keys(value)) {
    found.push([value as Node, key]);
    places((value as Record<string, unknown>)[key], found);
  }
  return found;
}

/** Whatever was opened must also be usable. */
function use(trace: Trace): void {
  for (const stream of trace.streams) {
    createDecoder(stream);
    createEngineIoDecoder(stream);
  }
  const text = traceJsonPieces(trace).join('');
  expect(importBytes('again', encodeUtf8(text)).trace.streams).toHaveLength(trace.streams.length);
  importHar(exportHar(trace));
}

function open(bytes: Uint8Array): boolean {
  try {
    use(importBytes('fuzz', bytes).trace);
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(UnusableFile);
    return false;
  }
}

// Thousands of rounds: seconds on a quiet machine, more beside other tests.
vi.setConfig({ testTimeout: 60_000 });

describe.each([
  ['HAR', JSON.stringify(HAR)],
  ['trace', stringifyTrace(richTrace())],
])('a %s with', (_, text) => {
  it('every member replaced by something nasty throws nothing but UnusableFile', () => {
    const count = places(JSON.parse(text)).length;
    const random = seededRandom(11);
    let opened = 0;
    for (let index = 0; index < count; index++) {
      for (let round = 0; round < 2; round++) {
        const copy = JSON.parse(text);
        const [holder, key] = places(copy)[index]!;
        const nasty = NASTY[Math.floor(random() * NASTY.length)];
        if (round === 1) delete (holder as Record<string, unknown>)[key];
        else (holder as Record<string, unknown>)[key] = nasty;
        if (open(encodeUtf8(JSON.stringify(copy)))) opened++;
      }
    }
    expect(opened).toBeGreaterThan(0);
  });

  it('bytes changed, cut out or doubled throws nothing but UnusableFile', () => {
    const random = seededRandom(12);
    const whole = encodeUtf8(text);
    const zipped = gzipSync(whole);
    for (let round = 0; round < 400; round++) {
      const source = round % 4 === 0 ? zipped : whole;
      let bytes = source.slice();
      for (let change = 0; change <= round % 3; change++) {
        const at = Math.floor(random() * bytes.length);
        const way = random();
        if (way < 0.5) bytes[at] = Math.floor(random() * 256);
        else if (way < 0.75) bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + 7)]);
        else bytes = new Uint8Array([...bytes.subarray(0, at + 9), ...bytes.subarray(at)]);
      }
      open(bytes);
    }
  });
});

it('decoders take any bytes in any pieces, under any type', () => {
  const random = seededRandom(13);
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
  const words = [
    'data:',
    'event:',
    'id:',
    'retry: 9\n',
    ':',
    '\n',
    '\r',
    '\r\n',
    '\n\n',
    '\x1e',
    '{"a":1}',
    '{',
    '"',
    '\ufeff',
    '€',
    '[DONE]',
    '0',
    '\0',
    '4',
    'b',
    'x',
  ];
  const types = [
    'text/event-stream',
    'application/x-ndjson',
    'application/json-seq',
    'application/json',
    'text/plain',
    'text/html',
    'application/octet-stream',
    '',
    null,
    'nonsense;;;',
  ];
  for (let round = 0; round < 3000; round++) {
    const pieces = Array.from({ length: 1 + Math.floor(random() * 6) }, () => {
      const bytes = encodeUtf8(Array.from({ length: Math.floor(random() * 8) }, () => pick(words)).join(''));
      if (random() < 0.3 && bytes.length > 0)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return bytes.subarray(0, Math.floor(random() * (bytes.length + 2)));
    });
    const stream = chunkedStream(pieces, { contentType: pick(types), open: random() < 0.3 });
    if (random() < 0.3) stream.chunks.payload[0] = null;
    if (random() < 0.2) addMessage(stream, pick(words));
    if (random() < 0.1) stream.losses.push('late-start');
    const { decoded } = createDecoder(stream);
    const lengths = Object.values(decoded.events).map((column) => column.length);
    expect(new Set(lengths).size).toBe(1);
    const total = stream.chunks.byteLength.reduce((sum, length) => sum + length, 0);
    const counted = decoded.events.byteLength.reduce((sum, length) => sum + length, decoded.tailByteLength);
    if (stream.messages.atMs.length === 0) expect(counted).toBeLessThanOrEqual(total);
    expect(decoded.events.atMs.every((at, index, all) => index === 0 || at >= all[index - 1]!)).toBe(true);
  }
});
