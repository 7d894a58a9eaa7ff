import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Unpacker } from '../../../src/bridge/unpack';
import type { TapBatch, TapHead, TapStart } from '../../../src/protocol/messages';
import { parseTapMessage } from '../../../src/protocol/schema';
import * as wire from '../../../src/protocol/wire';
import { seededRandom } from '../../support/chunked-stream';

type Row = [kind: number, stream: number, atMs: number, a?: number, b?: number, c?: number, note?: unknown];

/** A batch as a tap puts it on its port. */
function packed(rows: Row[], payload: number[] = []): unknown[] {
  const numbers = rows.flatMap((row) =>
    Array.from({ length: wire.ROW_NUMBERS }, (_, i) => Number(row[i] ?? 0)),
  );
  return [
    0,
    0,
    new Float64Array(numbers).buffer,
    new Uint8Array(payload).buffer,
    rows.map((row) => row[wire.ROW_NUMBERS] ?? null),
  ];
}

const start = (note: unknown[], stream = 1): Row => [wire.ROW_START, stream, 10, 7, 0, 0, note];
const FETCH = [wire.KIND_FETCH, 'http://a.example/x', '', null, null, null, null, wire.START_PLAIN];

let unpacker: Unpacker;
const take = (rows: Row[], payload?: number[]) => {
  const message = unpacker.message(packed(rows, payload));
  // What comes out is what a collector accepts.
  expect(parseTapMessage(message)).toEqual(message);
  return message as TapBatch;
};

beforeEach(() => {
  vi.stubGlobal('location', { href: 'http://page.example/' });
  vi.stubGlobal('navigator', { userAgent: 'A browser' });
  const frame = {};
  vi.stubGlobal('window', { top: frame, self: frame });
  unpacker = new Unpacker();
  return () => vi.unstubAllGlobals();
});

describe('hello and bye', () => {
  it('completes a hello with what every script of the document knows', () => {
    const hello = unpacker.message([12.5, true]);
    expect(parseTapMessage(hello)).toMatchObject({
      type: 'hello',
      url: 'http://page.example/',
      userAgent: 'A browser',
      isTop: true,
      tappedAtMs: 12.5,
      joinedLate: true,
    });
    expect(unpacker.message([12.5, true])).toEqual(hello);
    expect(new Unpacker().message([12.5, true])).not.toMatchObject({
      documentKey: (hello as { documentKey: string }).documentKey,
    });
  });

  it('passes the time of a bye on', () => {
    expect(unpacker.message([99])).toEqual({ type: 'bye', atMs: 99 });
  });
});

describe('starts', () => {
  const cases: [name: string, note: unknown[], expected: Partial<TapStart>][] = [
    [
      'a plain fetch has the defaults of the browser',
      FETCH,
      {
        kind: 'fetch',
        method: 'GET',
        credentials: 'same-origin',
        mode: 'cors',
        hasAbortSignal: false,
        object: 7,
      },
    ],
    [
      'of a fetch whose init hides its values, what is not said is unknown',
      [...FETCH.slice(0, 7), 0],
      { credentials: null, mode: null, hasAbortSignal: null },
    ],
    [
      'a Request tells its own',
      [
        0,
        'http://a.example/',
        'x: 1\r\n',
        null,
        'PUT',
        'omit',
        'no-cors',
        wire.START_REQUEST + wire.START_PLAIN,
      ],
      { method: 'PUT', credentials: 'omit', mode: 'no-cors', hasAbortSignal: null, headers: [['x', '1']] },
    ],
    [
      'a signal is a signal, also beside a Request',
      [...FETCH.slice(0, 7), wire.START_REQUEST + wire.START_SIGNAL],
      { hasAbortSignal: true },
    ],
    ['known methods are upper case', [0, 'x', '', null, 'delete'], { method: 'DELETE' }],
    ['others stay as they are', [0, 'x', '', null, 'patch'], { method: 'patch' }],
    [
      'headers keep their case, their colons and their order',
      [1, 'x', 'X-Extra: a:b\r\naccept:  text/html \r\nno colon\r\n: none\r\n', 'body'],
      {
        kind: 'xhr',
        headers: [
          ['X-Extra', 'a:b'],
          ['accept', 'text/html'],
        ],
        body: 'body',
        mode: null,
        hasAbortSignal: null,
        credentials: 'same-origin',
      },
    ],
    [
      'an EventSource asks across origins, with credentials only if told',
      [2, 'x', '', null, null, 'include'],
      { kind: 'eventsource', credentials: 'include', mode: 'cors', hasAbortSignal: null },
    ],
    [
      'a WebSocket sends its cookies and names protocols',
      [3, 'ws://x', '', null, null, null, null, null, 'a,b'],
      { kind: 'websocket', credentials: 'include', mode: 'websocket', protocols: ['a', 'b'] },
    ],
  ];
  it.each(cases)('%s', (_, note, expected) => {
    expect(take([start(note)]).starts[0]).toMatchObject({ stream: 1, atMs: 10, ...expected });
  });
});

describe('heads', () => {
  const cases: [name: string, url: string, note: unknown[], expected: Partial<TapHead>][] = [
    [
      'say themselves whether they were redirected',
      'http://a/x',
      ['', '', 'basic', 'http://a/y', false],
      { redirected: false },
    ],
    [
      'of an XHR are redirected when another URL answers',
      'http://a/x',
      ['', '', null, 'http://a/y', null],
      { redirected: true },
    ],
    [
      'the fragment is no redirect',
      'http://a/x#part',
      ['', '', null, 'http://a/x', null],
      { redirected: false },
    ],
    [
      'carry status text, type and headers',
      'http://a/x',
      ['OK', 'content-type: text/plain\r\nx: y\r\n', 'cors', 'http://a/x', false],
      {
        statusText: 'OK',
        responseType: 'cors',
        headers: [
          ['content-type', 'text/plain'],
          ['x', 'y'],
        ],
      },
    ],
  ];
  it.each(cases)('%s', (_, url, note, expected) => {
    const { heads } = take([start([1, url, '', null]), [wire.ROW_HEAD, 1, 20, 200, 0, 0, note]]);
    expect(heads[0]).toMatchObject({ stream: 1, atMs: 20, status: 200, ...expected });
  });
});

describe('chunks and messages', () => {
  it('become columns, each with its own payload', () => {
    const batch = take(
      [
        [wire.ROW_CHUNK, 1, 30, -1, 3, 2],
        [wire.ROW_MESSAGE, 2, 31, wire.MESSAGE_SENT + wire.MESSAGE_BINARY, 9, 1],
        [wire.ROW_MESSAGE, 2, 32, 0, 2, 0, 'hi'],
        [wire.ROW_CHUNK, 1, 33, 4, 1, 1],
        [wire.ROW_MESSAGE, 3, 34, 0, 1, 0, ['a', 'tick', '7']],
      ],
      [1, 2, 3, 4],
    );
    const plain = JSON.parse(
      JSON.stringify(batch, (_, value) => (ArrayBuffer.isView(value) ? [...(value as Uint8Array)] : value)),
    );
    expect(plain.chunks).toEqual({
      stream: [1, 1],
      atMs: [30, 33],
      waitedMs: [-1, 4],
      byteLength: [3, 1],
      payloadLength: [2, 1],
      bytes: [1, 2, 4],
    });
    expect(plain.messages).toEqual({
      stream: [2, 2, 3],
      atMs: [31, 32, 34],
      byteLength: [9, 2, 1],
      direction: [1, 0, 0],
      opcode: [2, 1, 1],
      payloadLength: [1, 0, 0],
      name: [null, null, 'tick'],
      lastEventId: [null, null, '7'],
      text: [null, 'hi', 'a'],
      bytes: [3],
    });
  });
});

describe('ends', () => {
  const head = (headers: string): Row => [
    wire.ROW_HEAD,
    1,
    20,
    200,
    0,
    0,
    ['', headers, 'basic', 'x', false],
  ];
  const end = (kind: number, byteLength: number, note: unknown[] = []): Row => [
    wire.ROW_END,
    1,
    40,
    kind,
    byteLength,
    0,
    note,
  ];
  const loss = (index: number): Row => [wire.ROW_LOSS, 1, 0, index];
  const complete = end(wire.END_COMPLETE, -1);

  it.each<[string, Row[], object]>([
    [
      'an error is its name and message',
      [end(1, -1, ['TypeError', 'network error'])],
      { kind: 'error', message: 'TypeError: network error' },
    ],
    [
      'a name alone stands alone',
      [end(2, -1, ['AbortError', null])],
      { kind: 'aborted', message: 'AbortError' },
    ],
    ['no error, no message', [end(3, -1, [null, null])], { kind: 'refused', message: null, closeCode: null }],
    [
      'a close has a code, a reason and a cleanness',
      [end(0, -1, [null, null, 4001, 'why', true])],
      { closeCode: 4001, closeReason: 'why', wasClean: true },
    ],
    ['a size that was counted', [end(0, 12)], { byteLength: 12 }],
    [
      'a body taken whole has the size its headers promise',
      [head('content-length: 34'), loss(wire.LOSS_TIMES), complete],
      { byteLength: 34 },
    ],
    [
      'but not when it was compressed',
      [head('content-length: 34\r\ncontent-encoding: gzip'), loss(wire.LOSS_TIMES), complete],
      { byteLength: null },
    ],
    ['nor when its chunks were seen', [head('content-length: 34'), complete], { byteLength: null }],
    [
      'nor when it failed',
      [head('content-length: 34'), loss(wire.LOSS_NATIVE), end(1, -1)],
      { byteLength: null },
    ],
  ])('%s', (_, rows, expected) => {
    expect(take([start(FETCH), ...rows]).ends[0]).toMatchObject({ stream: 1, atMs: 40, ...expected });
  });
});

describe('what is no such thing', () => {
  it('passes through as it is, for the collector to refuse', () => {
    for (const value of [null, undefined, 'x', 7, { type: 'batch' }])
      expect(unpacker.message(value)).toBe(value);
    const forged: unknown[][] = [
      [0, 0, 'rows', null, []],
      [0, 0, new ArrayBuffer(7), new ArrayBuffer(0), []],
      packed([[9, 1, 1]]),
      packed([[wire.ROW_START, 1, 1]]),
      packed([[wire.ROW_CHUNK, 1, 1, 0, 1, 1e9]]),
      packed([[wire.ROW_HEAD, 1, 1, 200, 0, 0, 'note']]),
    ];
    for (const value of forged) {
      const message = unpacker.message(value);
      expect(message).toBe(value);
      expect(parseTapMessage(message)).toHaveProperty('problem');
    }
  });

  it('never throws, whatever stands in rows and notes', () => {
    const random = seededRandom(7);
    const odd = [null, -1, 1e300, Number.NaN, 'text', [], [null], {}, true, [1, 2, 3, 4, 5, 6, 7, 8, 9]];
    for (let round = 0; round < 3000; round++) {
      const rows = Array.from({ length: Math.floor(random() * 5) }, () =>
        Array.from({ length: wire.ROW_NUMBERS + 1 }, (_, i) =>
          i === 0 ? Math.floor(random() * 7) : odd[Math.floor(random() * odd.length)],
        ),
      ) as Row[];
      const message = unpacker.message(packed(rows, [1, 2, 3]));
      expect(() => parseTapMessage(message)).not.toThrow();
    }
  });
});
