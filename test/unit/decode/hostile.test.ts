import { encodePayload } from 'engine.io-parser';
import { Encoder, PacketType } from 'socket.io-parser';
import { describe, expect, it, vi } from 'vitest';
import { createDecoder } from '../../../src/decode/decoder';
import { createEngineIoDecoder } from '../../../src/decode/engine-io';
import { MAX_UNIT_BYTES } from '../../../src/decode/framer';
import { SocketIoDecoder } from '../../../src/decode/socket-io';
import { encodeUtf8 } from '../../../src/lib/text';
import type { StreamRecord } from '../../../src/trace/types';
import { addChunk, addMessage, chunkedStream, endStream, seededRandom } from '../../support/chunked-stream';
import { pick } from '../../support/mutate';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

const SSE = 'text/event-stream';
const NDJSON = 'application/x-ndjson';
const SEQ = 'application/json-seq';
const MEBIBYTE = 1024 * 1024;

/** A stream in which `piece` comes `times` times, without a copy of it for each, between two texts. */
function repeated(
  type: string | null,
  before: string,
  piece: string,
  times: number,
  after: string,
): StreamRecord {
  const stream = chunkedStream([before], { contentType: type, open: true });
  const bytes = encodeUtf8(piece);
  const { chunks } = stream;
  for (let n = 0; n < times; n++) {
    chunks.atMs.push(200 + n);
    chunks.byteLength.push(bytes.length);
    chunks.waitedMs.push(1);
    chunks.confidence.push(0);
    chunks.payload.push(bytes);
  }
  addChunk(stream, after);
  chunks.atMs[chunks.atMs.length - 1] = 200 + times;
  endStream(stream);
  return stream;
}

/** Processor time of this process, which other processes cannot make longer. */
function cpuMs(run: () => void): number {
  const before = process.cpuUsage();
  run();
  return process.cpuUsage(before).user / 1000;
}

describe('one unit of 100 MB', () => {
  const filler = 'x'.repeat(64 * 1024);
  const times = (100 * MEBIBYTE) / filler.length;

  it.each<[string, string | null, string, string, (string | null)[]]>([
    ['an SSE line', SSE, 'data: first\n\ndata: ', '\n\ndata: last\n\n', ['first', null, 'last']],
    ['an SSE comment', SSE, 'data: first\n\n: ', '\n\ndata: last\n\n', ['first', null, 'last']],
    ['an NDJSON line', NDJSON, '1\n"', '"\n2\n', ['1', null, '2']],
    ['a JSON record', SEQ, '\x1e1\n\x1e"', '"\n\x1e2\n', ['1', '2']],
    ['a JSON answer', 'application/json', '"', '"', []],
    ['text that is nothing', 'text/html', 'y', 'z', []],
  ])('%s is not put together, and what follows is read', (_, type, before, after, expected) => {
    const stream = repeated(type, before, filler, times, after);
    const heapBefore = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed;
    const { decoded } = createDecoder(stream);
    expect(decoded.events.data).toEqual(expected);
    const grown = process.memoryUsage().arrayBuffers + process.memoryUsage().heapUsed - heapBefore;
    expect(grown).toBeLessThan(12 * MAX_UNIT_BYTES);
  });
});

it('an endless event stream is read to the limit, and says where it stopped', () => {
  const stream = repeated(SSE, '', 'data: x\n\n'.repeat(1000), 300, '');
  const { decoded } = createDecoder(stream);
  expect(decoded.events.data).toHaveLength(250_000);
  expect(decoded).toMatchObject({ partial: true });
  expect(decoded.problems.at(-1)!.message).toMatch(/More than 250000 events/);
});

describe('twice as much takes at most about twice as long', () => {
  /** Text that has been slow to read for some parser or other. */
  it.each<[string, string | null, (count: number) => string]>([
    ['an event of many lines', SSE, (n) => `${'data: x\n'.repeat(n)}\n`],
    ['unknown fields', SSE, (n) => 'nonsense\n'.repeat(n)],
    ['empty lines', SSE, (n) => '\n'.repeat(n * 4)],
    ['lone CRs', SSE, (n) => 'data: x\r\r'.repeat(n)],
    ['a record of many lines', SEQ, (n) => `\x1e[\n${'1,\n'.repeat(n)}1\n]\n`],
    ['a record that never becomes JSON', SEQ, (n) => `\x1e${'{}\n'.repeat(n)}`],
    ['lines that are no JSON', NDJSON, (n) => 'x\n'.repeat(n)],
    ['JSON of many lines', 'application/json', (n) => `[\n${'1,\n'.repeat(n)}1]`],
    ['lines of unknown type', null, (n) => 'key value\n'.repeat(n)],
    ['separators', SEQ, (n) => '\x1e'.repeat(n)],
  ])('%s', (_, type, make) => {
    const timeOf = (count: number) => {
      // In pieces of 1,000 bytes: many chunks, and units across their borders.
      const text = make(count);
      const stream = chunkedStream([], { contentType: type, open: true });
      for (let at = 0; at < text.length; at += 1000) addChunk(stream, text.slice(at, at + 1000));
      endStream(stream);
      return Math.min(...[1, 2].map(() => cpuMs(() => createDecoder(stream))));
    };
    timeOf(2000);
    const small = timeOf(5000);
    const large = timeOf(20_000);
    // Four times as much. Below a few ms the clock is too coarse to tell.
    expect(large).toBeLessThan(Math.max(small, 4) * 4 * 2.6);
  });
});

const URL_V4 = 'wss://app.example/socket.io/?EIO=4&transport=websocket&sid=abc';

/** Engine.IO packets of a stream, and the Socket.IO packets in them. */
function readSession(stream: StreamRecord) {
  const engine = createEngineIoDecoder(stream)!;
  const socket = new SocketIoDecoder();
  const results = engine.packets.map((packet) => socket.feed(packet));
  return {
    engine,
    events: results.flatMap(({ packet }) => (packet?.type === 'event' ? [packet.event] : [])),
    problems: [
      ...engine.problems.map(({ message }) => message),
      ...results.flatMap(({ problem }) => problem ?? []),
      ...socket.finish(),
    ],
  };
}

const eventFrame = (name: string, ...args: unknown[]) =>
  new Encoder().encode({ type: PacketType.EVENT, nsp: '/', data: [name, ...args] }) as (
    | string
    | Uint8Array
  )[];

describe('malformed Engine.IO and Socket.IO', () => {
  it.each<[string, (string | Uint8Array)[], RegExp]>([
    ['an empty frame', [''], /malformed/],
    ['an unknown packet type', ['9x'], /malformed/],
    ['bytes that nobody announced', [Uint8Array.of(1, 2)], /no packet had announced/],
    ['an announcement whose bytes never come', ['451-["a",{"_placeholder":true,"num":0}]'], /never came/],
    ['a forged number of attachments', ['4599999999999-["a"]'], /malformed|never came/],
    [
      'an attachment index out of range',
      ['451-["a",{"_placeholder":true,"num":7}]', Uint8Array.of(1)],
      /malformed/,
    ],
    ['a number of attachments that is none', ['45x-["a"]'], /malformed/],
    ['an event without a name', ['42'], /malformed/],
    ['an event that is no array', ['42{"a":1}'], /malformed/],
    ['JSON cut short', ['42["a",'], /malformed/],
    ['an ack number that is none', ['43x[1]'], /malformed/],
    ['a namespace that never ends', [`42/${'n'.repeat(100_000)}`], /malformed/],
    ['base64 that is none', ['b!!!!'], /malformed/],
    ['a lone surrogate', ['42["\ud800"'], /malformed/],
    ['an unknown Socket.IO type', ['49["a"]'], /malformed/],
    ['nesting without end', [`42["a",${'['.repeat(50_000)}`], /malformed/],
  ])('%s is a problem, and the rest is read', (_, frames, problem) => {
    const stream = chunkedStream([], { url: URL_V4, kind: 'websocket', open: true });
    addMessage(stream, '40{"sid":"s"}');
    addMessage(stream, `4${eventFrame('before')[0]}`);
    for (const frame of frames) addMessage(stream, frame);
    addMessage(stream, `4${eventFrame('after')[0]}`);
    addMessage(stream, '2');
    const { events, problems, engine } = readSession(stream);
    // `byteLength` of a message counts UTF-8, and the packets before and after must come out whatever stood between.
    expect(events.filter((name) => name === 'before' || name === 'after')).toEqual(['before', 'after']);
    expect(problems.join('\n')).toMatch(problem);
    expect(engine.packets.at(-1)!.type).toBe('ping');
  });

  it('thousands of random frames never throw, and never lose an event that is whole', () => {
    const random = seededRandom(21);
    const scraps = [
      '0',
      '2probe',
      '3',
      '40',
      '41',
      '42',
      '451-',
      '46',
      '[',
      '"a"',
      ']',
      '{}',
      ',',
      '/ns,',
      '7',
      'b',
      '\x1e',
      '\u0000',
      '😀',
    ];
    for (let round = 0; round < 1000; round++) {
      const stream = chunkedStream([], {
        url: round % 2 ? URL_V4 : URL_V4.replace('EIO=4', 'EIO=3'),
        kind: 'websocket',
        open: true,
      });
      let sent = 0;
      for (let frame = 0; frame < 12; frame++) {
        const way = random();
        if (way < 0.3) {
          addMessage(stream, `4${eventFrame('whole', sent)[0]}`);
          sent++;
        } else if (way < 0.5)
          addMessage(stream, new Uint8Array(Math.floor(random() * 5)).fill(random() * 256));
        else addMessage(stream, Array.from({ length: random() * 6 }, () => pick(random, scraps)).join(''));
      }
      const { events } = readSession(stream);
      expect(events.filter((name) => name === 'whole')).toHaveLength(sent);
    }
  });

  it('polled payloads with damage never throw', async () => {
    const random = seededRandom(22);
    const whole = await new Promise<string>((resolve) =>
      encodePayload(
        [
          { type: 'open', data: '{"sid":"abc","upgrades":[],"pingInterval":1,"pingTimeout":1}' },
          { type: 'message', data: '2["hello",{"a":[1,2]}]' },
          { type: 'ping' },
        ],
        (payload) => resolve(String(payload)),
      ),
    );
    for (let round = 0; round < 1000; round++) {
      const bytes = encodeUtf8(whole);
      for (let change = 0; change < 1 + (round % 4); change++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      const url = `https://a.example/socket.io/?transport=polling&sid=abc&EIO=${3 + (round % 2)}`;
      const { engine } = readSession(
        chunkedStream([bytes.subarray(0, bytes.length * random() + 1)], {
          url,
          kind: 'xhr',
          contentType: 'text/plain',
        }),
      );
      expect(engine.problems.length).toBeLessThanOrEqual(50);
    }
  });
});
