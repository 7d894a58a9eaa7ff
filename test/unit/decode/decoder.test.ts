import { describe, expect, it, vi } from 'vitest';
import { createDecoder } from '../../../src/decode/decoder';
import { type DecodedStream, EventKind } from '../../../src/decode/types';
import { concatBytes } from '../../../src/lib/bytes';
import { encodeUtf8 } from '../../../src/lib/text';
import { addChunk, addMessage, chunkedStream, endStream, seededRandom } from '../../support/chunked-stream';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const SSE = 'text/event-stream';
const NDJSON = 'application/x-ndjson';
const SEQ = 'application/json-seq';

/** One event per line: `+` data, `-` heartbeat; name; id; data as JSON; bytes on the wire. */
function show(decoded: DecodedStream): string[] {
  const { events } = decoded;
  return events.atMs.map((_, i) =>
    [
      events.kind[i] === EventKind.data ? '+' : '-',
      events.name[i] ?? '·',
      events.id[i] ?? '·',
      JSON.stringify(events.data[i]),
      events.byteLength[i],
    ].join(' '),
  );
}

interface Case {
  title: string;
  type: string | null;
  body: string | Uint8Array;
  format?: string;
  expected: string[];
  tail?: number;
  problems?: RegExp[];
  retryMs?: number;
}

const cases: Case[] = [
  {
    title: 'plain events',
    type: SSE,
    body: 'data: one\n\ndata: two\n\n',
    expected: ['+ message · "one" 11', '+ message · "two" 11'],
  },
  {
    title: 'names, ids, several data lines, no space after the colon',
    type: SSE,
    body: 'event: token\nid: 7\ndata:a\ndata: b\n\nid\ndata: c\n\n',
    expected: ['+ token 7 "a\\nb" 35', '+ message  "c" 12'],
  },
  {
    title: 'CR LF line ends',
    type: SSE,
    body: ': hi\r\ndata: one\r\n\r\n\r\ndata: two\r\n\r\n',
    expected: ['- · · "hi" 6', '+ message · "one" 13', '+ message · "two" 13'],
  },
  {
    title: 'CR line ends, the last event complete at its last CR',
    type: SSE,
    body: 'data: one\r\rdata: two\r\r',
    expected: ['+ message · "one" 11', '+ message · "two" 11'],
  },
  {
    title: 'mixed line ends',
    type: SSE,
    body: 'data: a\rdata: b\r\ndata: c\n\r\n',
    expected: ['+ message · "a\\nb\\nc" 27'],
  },
  {
    title: 'a byte-order mark, once',
    type: SSE,
    body: '\ufeffdata: \ufeffx\n\n',
    expected: ['+ message · "\ufeffx" 15'],
  },
  {
    title: 'comments as heartbeats, also in the middle of an event',
    type: SSE,
    body: ': ping\n\nevent: a\n:mid\ndata: x\n\n',
    expected: ['- · · "ping" 7', '- · · "mid" 5', '+ a · "x" 18'],
  },
  {
    title: 'keep-alives that look like events',
    type: SSE,
    body: 'event: ping\ndata: {"type":"ping"}\n\ndata: {"type":"heartbeat"}\n\ndata:\n\ndata: [PING]\n\nevent: keepalive\n\n',
    expected: [
      '- ping · "{\\"type\\":\\"ping\\"}" 35',
      '- message · "{\\"type\\":\\"heartbeat\\"}" 28',
      '- message · "" 7',
      '- message · "[PING]" 14',
      '- keepalive · null 18',
    ],
  },
  {
    title: 'retry, good and bad, and unknown fields',
    type: SSE,
    body: 'retry: 2500\nretry: soon\nfoo: bar\ndata: x\n\n',
    expected: ['+ message · "x" 42'],
    retryMs: 2500,
    problems: [/retry/, /Unknown field "foo"/],
  },
  {
    title: 'an unfinished event at the end is dropped, as the standard says',
    type: SSE,
    body: 'data: one\n\ndata: two\ndata: th',
    expected: ['+ message · "one" 11'],
    tail: 18,
  },
  {
    title: 'characters of two, three and four bytes',
    type: SSE,
    body: 'data: é€😀\n\ndata: 漢字\n\n',
    expected: ['+ message · "é€😀" 17', '+ message · "漢字" 14'],
  },
  {
    title: 'bytes that are not UTF-8',
    type: SSE,
    body: concatBytes([encodeUtf8('data: a'), Uint8Array.of(0xff, 0xc3), encodeUtf8('b\n\ndata: c\n\n')]),
    expected: ['+ message · "a\ufffd\ufffdb" 12', '+ message · "c" 9'],
    problems: [/UTF-8/],
  },
  { title: 'an empty body', type: SSE, body: '', expected: [] },
  {
    title: 'SSE under text/plain',
    type: 'text/plain; charset=utf-8',
    body: ': hello\n\nid: 1\ndata: {"a":1}\n\ndata: [DONE]\n\n',
    format: 'sse',
    expected: ['- · · "hello" 8', '+ message 1 "{\\"a\\":1}" 21', '+ message · "[DONE]" 14'],
  },
  {
    title: 'SSE under application/json',
    type: 'application/json',
    body: 'event: a\ndata: {"b":1}\n\n',
    format: 'sse',
    expected: ['+ a · "{\\"b\\":1}" 24'],
  },
  {
    title: 'JSON that merely contains the word data',
    type: 'application/json',
    body: '{\n  "data": "data: not an event\\n\\n"\n}\n',
    format: 'json',
    expected: [`+ · · ${JSON.stringify('{\n  "data": "data: not an event\\n\\n"\n}\n')} 39`],
  },
  {
    title: 'NDJSON under application/json, last line without its end',
    type: 'application/json',
    body: '{"a":1}\n{"b":2}',
    format: 'ndjson',
    expected: ['+ · · "{\\"a\\":1}" 8', '+ · · "{\\"b\\":2}" 7'],
  },
  {
    title: 'one JSON object on one line stays JSON',
    type: 'application/json',
    body: '{"a":1}\n',
    format: 'json',
    expected: ['+ · · "{\\"a\\":1}\\n" 8'],
  },
  {
    title: 'broken JSON is a tail, not an event',
    type: 'application/json',
    body: '{"a":',
    format: 'json',
    expected: [],
    tail: 5,
  },
  {
    title: 'NDJSON with CR LF, blank lines as heartbeats, a keep-alive object',
    type: NDJSON,
    body: '{"a":1}\r\n\r\n{"type":"ping"}\n[1]\n',
    expected: ['+ · · "{\\"a\\":1}" 9', '- · · "" 2', '- · · "{\\"type\\":\\"ping\\"}" 16', '+ · · "[1]" 4'],
  },
  {
    title: 'NDJSON with a line that is no JSON, and half a line at the end',
    type: NDJSON,
    body: '{"a":1}\noops\n{"b":',
    expected: ['+ · · "{\\"a\\":1}" 8', '+ · · "oops" 5'],
    tail: 5,
    problems: [/not JSON/],
  },
  {
    title: 'a JSON sequence, one record over several lines',
    type: SEQ,
    body: '\x1e{"a":1}\n\x1e{\n "b": [\n  2\n ]\n}\n\x1e\x1e3\n',
    expected: ['+ · · "{\\"a\\":1}" 9', '+ · · "{\\n \\"b\\": [\\n  2\\n ]\\n}" 20', '+ · · "3" 4'],
  },
  {
    title: 'a JSON sequence with a record cut short',
    type: SEQ,
    body: '\x1e{"a":\n\x1e{"b":2}\n\x1e{"c"',
    expected: ['+ · · "{\\"b\\":2}" 9'],
    tail: 5,
    problems: [/cut short/],
  },
  {
    title: 'HTML has no events',
    type: 'text/html',
    body: '<html>data: x\n\n</html>',
    format: 'none',
    expected: [],
  },
  {
    title: 'bytes have no events',
    type: 'application/octet-stream',
    body: Uint8Array.of(0, 1, 255, 10, 10),
    format: 'binary',
    expected: [],
  },
  {
    title: 'no content type at all, SSE inside',
    type: null,
    body: 'data: x\n\n',
    format: 'sse',
    expected: ['+ message · "x" 9'],
  },
  {
    title: 'no content type at all, bytes inside',
    type: null,
    body: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0),
    format: 'binary',
    expected: [],
  },
];

const FORMATS: Record<string, string> = { [SSE]: 'sse', [NDJSON]: 'ndjson', [SEQ]: 'json-seq' };

function outcome(decoded: DecodedStream) {
  return {
    format: decoded.format,
    events: show(decoded),
    tail: decoded.tailByteLength,
    retryMs: decoded.retryMs,
    problems: decoded.problems.map(({ message }) => message),
    partial: decoded.partial,
  };
}

/** Decodes the pieces one by one, as a live stream brings them. */
function decodeLive(pieces: Uint8Array[], type: string | null): DecodedStream {
  const stream = chunkedStream([], { contentType: type, open: true });
  const decoder = createDecoder(stream);
  for (const piece of pieces) {
    addChunk(stream, piece);
    decoder.update();
  }
  endStream(stream);
  decoder.update();
  return decoder.decoded;
}

describe('decoding a body', () => {
  for (const one of cases) {
    const bytes = typeof one.body === 'string' ? encodeUtf8(one.body) : one.body;

    it(`reads ${one.title}`, () => {
      const { decoded } = createDecoder(chunkedStream([bytes], { contentType: one.type }));
      expect(show(decoded)).toEqual(one.expected);
      expect(decoded.format).toBe(one.format ?? FORMATS[one.type ?? '']);
      expect(decoded.tailByteLength).toBe(one.tail ?? 0);
      expect(decoded.retryMs).toBe(one.retryMs ?? null);
      expect(decoded.problems).toHaveLength(one.problems?.length ?? 0);
      for (const [index, pattern] of (one.problems ?? []).entries()) {
        expect(decoded.problems[index]?.message).toMatch(pattern);
      }
    });

    it(`reads ${one.title}: the same wherever it is cut`, () => {
      const whole = outcome(decodeLive([bytes], one.type));
      for (let cut = 0; cut <= bytes.length; cut++) {
        const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
        expect(outcome(decodeLive(pieces, one.type)), `cut at ${cut}`).toEqual(whole);
      }
      const random = seededRandom(bytes.length);
      for (let round = 0; round < 30; round++) {
        const [a, b] = [random(), random()]
          .map((x) => Math.floor(x * (bytes.length + 1)))
          .sort((x, y) => x - y);
        const pieces = [bytes.subarray(0, a), bytes.subarray(a, b), bytes.subarray(b)];
        expect(outcome(decodeLive(pieces, one.type)), `cut at ${a} and ${b}`).toEqual(whole);
      }
      const single = Array.from(bytes, (byte) => Uint8Array.of(byte));
      expect(outcome(decodeLive(single, one.type)), 'byte by byte').toEqual(whole);
    });
  }
});

describe('where and when an event was complete', () => {
  it('takes the chunk that completed it, and the chunk it began in', () => {
    const { decoded } = createDecoder(
      chunkedStream(['data: on', 'e\n', '\ndata: two\n\ndata: thr', 'ee\n\n: x', '\n']),
    );
    expect(decoded.events.data).toEqual(['one', 'two', 'three', 'x']);
    expect(decoded.events.startChunk).toEqual([0, 2, 2, 3]);
    expect(decoded.events.endChunk).toEqual([2, 2, 3, 4]);
    expect(decoded.events.atMs).toEqual([300, 300, 400, 500]);
    expect(decoded.splitEvents).toBe(2);
  });

  it('gives an event of CR LF lines the time of the chunk with its last CR', () => {
    const { decoded } = createDecoder(chunkedStream(['data: a\r\n\r', '\n']));
    expect(decoded.events.atMs).toEqual([100]);
    expect(decoded.events.byteLength).toEqual([11]);
    expect(decoded.splitEvents).toBe(0);
  });

  it('counts the characters that a chunk border cut', () => {
    const euro = encodeUtf8('data: €\n\n');
    for (const [cuts, expected] of [
      [[7], 1],
      [[8], 1],
      [[7, 8], 2],
      [[6], 0],
      [[9], 0],
    ] as const) {
      const borders = [0, ...cuts, euro.length];
      const pieces = borders.slice(1).map((end, i) => euro.subarray(borders[i], end));
      expect(createDecoder(chunkedStream(pieces)).decoded.splitCharacters, `${cuts}`).toBe(expected);
    }
  });

  it('does not take a stray continuation byte for a cut character', () => {
    const { decoded } = createDecoder(chunkedStream(['data: a', Uint8Array.of(0x80, 10, 10)]));
    expect(decoded.splitCharacters).toBe(0);
  });

  it('has one event per chunk of plain text, characters put together', () => {
    const bytes = encodeUtf8('Hé ho');
    const { decoded } = createDecoder(
      chunkedStream([bytes.subarray(0, 2), bytes.subarray(2), 'x'], { contentType: 'text/plain' }),
    );
    expect(decoded.format).toBe('text');
    expect(decoded.events.data).toEqual(['H', 'é ho', 'x']);
    expect(decoded.events.byteLength).toEqual([2, 4, 1]);
    expect(decoded.splitCharacters).toBe(1);
  });
});

describe('missing payloads', () => {
  it('invents nothing, and picks up at the next blank line', () => {
    const stream = chunkedStream(['data: one\n\ndata: tw'], { open: true });
    addChunk(stream, 'o\n\ndata: three\n\ndata: fo', null);
    addChunk(stream, 'ur\n\ndata: five\n\n');
    const { decoded } = createDecoder(stream);
    expect(decoded.events.data).toEqual(['one', 'five']);
    expect(decoded.partial).toBe(true);
  });

  it('does not take the first half of a blank line behind a hole for a border', () => {
    const stream = chunkedStream(['data: one\n\n'], { open: true });
    addChunk(stream, 'data: two', 4);
    addChunk(stream, '\ndata: more of two\n\ndata: three\n\n');
    expect(createDecoder(stream).decoded.events.data).toEqual(['one', 'three']);
  });

  it('goes on at the next line of NDJSON and the next record of a sequence', () => {
    const lines = chunkedStream(['{"a":1}\n{"b"'], { contentType: NDJSON, open: true });
    addChunk(lines, ':2}\n{"c":', 0);
    addChunk(lines, '3}\n{"d":4}\n');
    expect(createDecoder(lines).decoded.events.data).toEqual(['{"a":1}', '{"d":4}']);
    const records = chunkedStream(['\x1e{"a":1}\n\x1e{"b"'], { contentType: SEQ, open: true });
    addChunk(records, ':2}\n', null);
    addChunk(records, '3}\n\x1e{"d":4}\n');
    expect(createDecoder(records).decoded.events.data).toEqual(['{"a":1}', '{"d":4}']);
  });

  it('does not trust the first block of a stream that began before the recording', () => {
    const stream = chunkedStream(['"half": 1}\n\ndata: whole\n\n'], { open: true });
    stream.losses.push('late-start');
    const { decoded } = createDecoder(stream);
    expect(decoded.events.data).toEqual(['whole']);
    expect(decoded.partial).toBe(true);
  });

  it('still counts the chunks of plain text', () => {
    const stream = chunkedStream(['Hello'], { contentType: 'text/plain', open: true });
    addChunk(stream, ' world', null);
    const { decoded } = createDecoder(stream);
    expect(decoded.events.data).toEqual(['Hello', null]);
    expect(decoded.partial).toBe(true);
  });
});

describe('limits', () => {
  const mebibyte = encodeUtf8('x'.repeat(1024 * 1024));

  it('counts a line that never ends without keeping it', () => {
    const pieces = ['data: ', ...Array.from({ length: 100 }, () => mebibyte), '\n\ndata: next\n\n'];
    const { decoded } = createDecoder(chunkedStream(pieces));
    expect(decoded.events.data).toEqual([null, 'next']);
    expect(decoded.events.byteLength[0]).toBe(100 * 1024 * 1024 + 8);
    expect(decoded.problems.map(({ message }) => message)).toEqual([expect.stringMatching(/4 MiB/)]);
  });

  it('gives up an event of endless data lines, and a comment that never ends', () => {
    const line = encodeUtf8(`data: ${'x'.repeat(1024 * 1024)}\n`);
    const pieces = [
      ...Array.from({ length: 6 }, () => line),
      '\ndata: a\n\n: ',
      ...Array.from({ length: 6 }, () => mebibyte),
      '\ndata: b\n\n',
    ];
    const { decoded } = createDecoder(chunkedStream(pieces));
    expect(decoded.events.data).toEqual([null, 'a', null, 'b']);
    expect(decoded.events.kind).toEqual([0, 0, 1, 0]);
  });

  it('stops at the limit of events and says so', () => {
    const { decoded } = createDecoder(chunkedStream([':\n'.repeat(300_000)]));
    expect(decoded.events.atMs).toHaveLength(250_000);
    expect(decoded.partial).toBe(true);
    expect(decoded.problems).toHaveLength(1);
  });
});

describe('messages', () => {
  it('reads EventSource events as they are', () => {
    const stream = chunkedStream([], { kind: 'eventsource', open: true });
    const decoder = createDecoder(stream);
    addMessage(stream, 'hello', { name: 'message', id: '4' });
    addMessage(stream, '', { name: 'ping', id: '4' });
    decoder.update();
    expect(decoder.decoded.format).toBe('sse');
    expect(show(decoder.decoded)).toEqual(['+ message 4 "hello" 5', '- ping 4 "" 0']);
  });

  it('reads frames of both directions, and Engine.IO pings only where Engine.IO is spoken', () => {
    for (const [url, kinds] of [
      ['wss://app.example/live', [0, 0, 0, 1]],
      ['wss://app.example/socket.io/?EIO=4&transport=websocket', [1, 1, 0, 1]],
    ] as const) {
      const stream = chunkedStream([], { kind: 'websocket', url });
      addMessage(stream, '2');
      addMessage(stream, '3', { sent: true });
      addMessage(stream, Uint8Array.of(1, 2));
      addMessage(stream, '', { opcode: 9 });
      addMessage(stream, null, { opcode: 8 });
      const { decoded } = createDecoder(stream);
      expect(decoded.format).toBe('websocket');
      expect(decoded.events.kind).toEqual(kinds);
      expect(decoded.events.direction).toEqual([0, 1, 0, 0]);
      expect(decoded.events.data).toEqual(['2', '3', null, '']);
    }
  });
});

describe('a body known only as a whole', () => {
  const body = { text: 'data: a\n\ndata: b\n\n', byteLength: 18, truncated: false };

  it('is read as one chunk at the end, known only within bounds', () => {
    const stream = chunkedStream([]);
    stream.response!.body = body;
    const { decoded } = createDecoder(stream);
    expect(decoded.events.data).toEqual(['a', 'b']);
    expect(decoded.events.atMs).toEqual([100, 100]);
    expect(decoded.events.confidence).toEqual([3, 3]);
    expect(decoded.partial).toBe(false);
  });

  it('that was cut is partial', () => {
    const stream = chunkedStream([]);
    stream.response!.body = { ...body, byteLength: 500, truncated: true };
    expect(createDecoder(stream).decoded.partial).toBe(true);
  });

  it('begins anew when a better source comes in, in the same object', () => {
    const stream = chunkedStream([]);
    stream.response!.body = body;
    const decoder = createDecoder(stream);
    const { decoded } = decoder;
    expect(decoder.generation).toBe(0);
    addChunk(stream, 'data: a\n\n');
    addChunk(stream, 'data: b\n\n');
    decoder.update();
    expect(decoder.generation).toBe(1);
    expect(decoder.decoded).toBe(decoded);
    expect(decoded.events.atMs).toEqual([100, 200]);
  });
});

it('reads only what is new', () => {
  const stream = chunkedStream([], { open: true });
  const decoder = createDecoder(stream);
  for (let i = 0; i < 20_000; i++) {
    addChunk(stream, `data: ${i}\n\n`);
    decoder.update();
    // What was read is not needed any more: reading it again would lose events.
    stream.chunks.payload[i] = null;
  }
  expect(decoder.decoded.events.data).toHaveLength(20_000);
  expect(decoder.decoded.partial).toBe(false);
});
