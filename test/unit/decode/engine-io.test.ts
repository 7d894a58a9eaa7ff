import { encodePayload } from 'engine.io-parser';
import { Encoder, PacketType } from 'socket.io-parser';
import { describe, expect, it, vi } from 'vitest';
import { createEngineIoDecoder, engineIoErrorOf, engineIoRequestOf } from '../../../src/decode/engine-io';
import type { EngineIoPacket } from '../../../src/decode/packets';
import { SocketIoDecoder } from '../../../src/decode/socket-io';
import { concatBytes } from '../../../src/lib/bytes';
import { encodeUtf8 } from '../../../src/lib/text';
import type { StreamRecord } from '../../../src/trace/types';
import { addChunk, addMessage, chunkedStream, endStream, seededRandom } from '../../support/chunked-stream';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

const BASE = 'https://app.example/socket.io/?transport=polling&sid=abc';
const V4 = `${BASE}&EIO=4`;
const V3 = `${BASE}&EIO=3`;
const HANDSHAKE =
  '{"sid":"abc","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}';

/** `type:data`, bytes as hex, `>` for sent. */
function show(packets: readonly EngineIoPacket[]): string[] {
  return packets.map(({ type, data, bytes, direction }) => {
    const content = bytes ? `0x${Buffer.from(bytes).toString('hex')}` : data;
    return `${direction === 1 ? '> ' : ''}${type}${content ? `:${content}` : ''}`;
  });
}

function poll(body: string | Uint8Array, url = V4): StreamRecord {
  return chunkedStream([body], { url, kind: 'xhr', contentType: 'text/plain; charset=UTF-8' });
}

function packetsOf(stream: StreamRecord) {
  const decoder = createEngineIoDecoder(stream)!;
  return {
    packets: show(decoder.packets),
    problems: decoder.problems.map(({ message }) => message),
    decoder,
  };
}

describe('addresses', () => {
  it.each([
    [V4, { transport: 'polling', version: 4, sid: 'abc' }],
    [
      'wss://a.example/socket.io/?EIO=3&transport=websocket',
      { transport: 'websocket', version: 3, sid: null },
    ],
    ['https://a.example/?EIO=5&transport=polling&sid=', { transport: 'polling', version: null, sid: null }],
    ['https://a.example/?transport=polling', null],
    ['https://a.example/?EIO=4&transport=pigeon', null],
    ['https://a.example/EIO=4&transport=polling', null],
    ['', null],
  ])('reads %s', (url, request) => {
    expect(engineIoRequestOf(url)).toEqual(request);
  });

  it('knows when it is not Engine.IO', () => {
    expect(createEngineIoDecoder(chunkedStream(['x']))).toBeNull();
  });
});

describe('polling, version 4', () => {
  it('reads what the real encoder writes', async () => {
    const payload = await new Promise<string>((resolve) =>
      encodePayload(
        [
          { type: 'open', data: HANDSHAKE },
          { type: 'message', data: '0{"sid":"x"}' },
          { type: 'message', data: Buffer.from([1, 2, 255]) },
          { type: 'ping' },
          { type: 'noop' },
          { type: 'close' },
        ],
        resolve,
      ),
    );
    const { packets, problems, decoder } = packetsOf(poll(payload));
    expect(packets).toEqual([
      `open:${HANDSHAKE}`,
      'message:0{"sid":"x"}',
      'message:0x0102ff',
      'ping',
      'noop',
      'close',
    ]);
    expect(problems).toEqual([]);
    expect(decoder.packets[0]!.handshake).toEqual({
      sid: 'abc',
      upgrades: ['websocket'],
      pingIntervalMs: 25000,
      pingTimeoutMs: 20000,
      maxPayload: 1000000,
    });
    expect(decoder.packets[0]).toMatchObject({ atMs: 100, record: 0, transport: 'polling', isProbe: false });
  });

  it('waits for the end of the answer', () => {
    const stream = chunkedStream([], { url: V4, open: true });
    const decoder = createEngineIoDecoder(stream)!;
    addChunk(stream, '2\x1e4');
    decoder.update();
    expect(decoder.packets).toEqual([]);
    addChunk(stream, '2["a"]');
    endStream(stream);
    decoder.update();
    decoder.update();
    expect(show(decoder.packets)).toEqual(['ping', 'message:2["a"]']);
    expect(decoder.packets.map(({ atMs }) => atMs)).toEqual([200, 200]);
  });

  it('reads what the page posted, and does not take "ok" for a packet', () => {
    const stream = poll('ok');
    stream.request.method = 'POST';
    stream.request.body = { text: '3\x1e42["a"]', byteLength: 9, truncated: false };
    expect(packetsOf(stream).packets).toEqual(['> pong', '> message:2["a"]']);
  });

  it('reads a body that is known only as a whole', () => {
    const stream = chunkedStream([], { url: V4 });
    stream.response!.body = { text: '2', byteLength: 1, truncated: false };
    expect(packetsOf(stream).packets).toEqual(['ping']);
  });

  it('keeps the error of a refused poll', () => {
    const stream = poll('{"code":1,"message":"Session ID unknown"}');
    stream.response!.status = 400;
    const { decoder, packets } = packetsOf(stream);
    expect(decoder.error).toEqual({ code: 1, message: 'Session ID unknown' });
    expect(packets).toEqual([]);
    expect(engineIoErrorOf('<html>')).toBeNull();
    expect(engineIoErrorOf('{"code":"1"}')).toBeNull();
  });

  it.each([
    ['9', 1, []],
    ['x', 1, []],
    ['2\x1e\x1e3', 1, ['ping', 'pong']],
    ['b!!!', 1, []],
    ['0{"sid"', 1, ['open:{"sid"']],
    ['0[]', 1, ['open:[]']],
    ['<html>Bad Gateway</html>', 1, []],
  ])('reports malformed %j and goes on', (body, count, packets) => {
    const outcome = packetsOf(poll(body));
    expect(outcome.problems).toHaveLength(count);
    expect(outcome.packets).toEqual(packets);
  });

  it('says when the answer was not captured', () => {
    const stream = chunkedStream([], { url: V4, open: true });
    addChunk(stream, '42["long"]', 3);
    endStream(stream);
    expect(packetsOf(stream).problems).toEqual(['The answer was not captured whole.']);
  });
});

describe('polling, version 3', () => {
  const frame = (isText: boolean, packet: Uint8Array) =>
    concatBytes([Uint8Array.of(isText ? 0 : 1, ...String(packet.length).split('').map(Number), 255), packet]);

  it.each<[string, string | Uint8Array, string[], number]>([
    ['lengths in characters', '6:4hellö2:4€1:2', ['message:hellö', 'message:€', 'ping'], 0],
    ['a handshake', `${HANDSHAKE.length + 1}:0${HANDSHAKE}2:40`, [`open:${HANDSHAKE}`, 'message:0'], 0],
    ['base64', '10:b4AQIDBA==1:6', ['message:0x01020304', 'noop'], 0],
    ['script polling', `___eio[0]("6:4hello1:2");`, ['message:hello', 'ping'], 0],
    [
      'binary framing',
      concatBytes([
        frame(true, encodeUtf8('4é')),
        frame(false, Uint8Array.of(4, 1, 2)),
        frame(true, encodeUtf8('2')),
      ]),
      ['message:é', 'message:0x0102', 'ping'],
      0,
    ],
    ['a length beyond the end', '1:299:4x', ['ping'], 1],
    ['no length', 'hello', [], 1],
    ['a length that is no number', '-1:4', [], 1],
    ['a huge length', '99999999999999999999:4', [], 1],
    ['an empty packet', '0:1:2', ['ping'], 1],
    ['binary framing that is cut', frame(true, encodeUtf8('4hello')).subarray(0, 5), [], 1],
    ['binary framing with a wrong digit', Uint8Array.of(0, 42, 255, 50), [], 1],
    ['binary framing without an end', Uint8Array.of(0, 1), [], 1],
    ['binary framing with an unknown type', frame(false, Uint8Array.of(9, 1)), [], 1],
  ])('reads %s', (_, body, packets, problemCount) => {
    const outcome = packetsOf(poll(body, V3));
    expect(outcome.packets).toEqual(packets);
    expect(outcome.problems).toHaveLength(problemCount);
  });
});

describe('WebSocket', () => {
  const url = 'wss://app.example/socket.io/?EIO=4&transport=websocket&sid=abc';

  it('reads probe, upgrade and messages of both directions as they come', () => {
    const stream = chunkedStream([], { url, kind: 'websocket', open: true });
    const decoder = createEngineIoDecoder(stream)!;
    addMessage(stream, '2probe', { sent: true });
    addMessage(stream, '3probe');
    decoder.update();
    expect(decoder.packets.map(({ isProbe }) => isProbe)).toEqual([true, true]);
    addMessage(stream, '5', { sent: true });
    addMessage(stream, '2');
    addMessage(stream, Uint8Array.of(4, 9));
    addMessage(stream, 'bye', { opcode: 8 });
    addMessage(stream, null);
    decoder.update();
    expect(show(decoder.packets)).toEqual([
      '> ping:probe',
      'pong:probe',
      '> upgrade',
      'ping',
      'message:0x0409',
    ]);
    expect(decoder.packets.map(({ record, atMs }) => [record, atMs]).at(-1)).toEqual([4, 500]);
  });

  it('takes the packet type from binary frames of version 3', () => {
    const stream = chunkedStream([], { url: url.replace('EIO=4', 'EIO=3'), kind: 'websocket' });
    addMessage(stream, Uint8Array.of(4, 9));
    expect(packetsOf(stream).packets).toEqual(['message:0x09']);
  });

  it('does not read a frame that was cut', () => {
    const stream = chunkedStream([], { url, kind: 'websocket' });
    addMessage(stream, '42["a"');
    stream.messages.byteLength[0] = 5000;
    expect(packetsOf(stream)).toMatchObject({ packets: [], problems: ['A frame was not captured whole.'] });
  });
});

describe('Socket.IO', () => {
  const template = createEngineIoDecoder(poll('40'))!.packets[0]!;
  const message = (content: string | Uint8Array, sent = false): EngineIoPacket => ({
    ...template,
    direction: sent ? 1 : 0,
    data: typeof content === 'string' ? content : null,
    bytes: typeof content === 'string' ? null : content,
  });

  function decode(...contents: (string | Uint8Array)[]) {
    const decoder = new SocketIoDecoder();
    const results = contents.map((content) => decoder.feed(message(content)));
    return {
      packets: results.flatMap(({ packet }) => packet ?? []),
      problems: [...results.flatMap(({ problem }) => problem ?? []), ...decoder.finish()],
    };
  }

  it.each<[string, object]>([
    ['0', { type: 'connect', namespace: '/', data: undefined }],
    ['0{"sid":"x"}', { type: 'connect', data: { sid: 'x' } }],
    ['0/admin,{"sid":"x"}', { type: 'connect', namespace: '/admin' }],
    ['1/admin,', { type: 'disconnect', namespace: '/admin' }],
    ['2["ev",1]', { type: 'event', event: 'ev', args: [1], ackId: null }],
    [
      '2/admin,12["ev",{"a":1}]',
      { type: 'event', namespace: '/admin', ackId: 12, event: 'ev', args: [{ a: 1 }] },
    ],
    ['312["ok"]', { type: 'ack', ackId: 12, args: ['ok'], event: null }],
    ['4{"message":"Not authorized"}', { type: 'connect_error', data: { message: 'Not authorized' } }],
    ['4"Invalid namespace"', { type: 'connect_error', data: 'Invalid namespace' }],
  ])('reads %s', (text, expected) => {
    const { packets, problems } = decode(text);
    expect(problems).toEqual([]);
    expect(packets).toHaveLength(1);
    expect(packets[0]).toMatchObject(expected);
  });

  it('puts attachments back in their places, as the real encoder took them out', () => {
    const args = ['upload', { a: Buffer.from([1, 2]), b: [Buffer.from([3])] }];
    const parts = new Encoder().encode({ type: PacketType.EVENT, nsp: '/', data: args, id: 7 });
    const { packets, problems } = decode(
      ...parts.map((one) => (typeof one === 'string' ? one : Uint8Array.from(one))),
    );
    expect(problems).toEqual([]);
    expect(packets).toHaveLength(1);
    expect(packets[0]).toMatchObject({ type: 'event', event: 'upload', ackId: 7, attachmentCount: 2 });
    expect(packets[0]!.args).toEqual([{ a: Uint8Array.of(1, 2), b: [Uint8Array.of(3)] }]);
  });

  it('reports attachments that never come, and reads on', () => {
    const placeholder = '51-["f",{"_placeholder":true,"num":0}]';
    const { packets, problems } = decode(placeholder, '2["next"]', placeholder);
    expect(packets.map(({ event }) => event)).toEqual(['next']);
    expect(problems).toEqual(Array(2).fill('A packet announced attachments that never came.'));
  });

  it('keeps the directions apart', () => {
    const decoder = new SocketIoDecoder();
    decoder.feed(message('51-["f",{"_placeholder":true,"num":0}]'));
    expect(decoder.feed(message('2["mine"]', true))).toMatchObject({
      packet: { event: 'mine' },
      problem: null,
    });
    expect(decoder.feed(message(Uint8Array.of(5)))).toMatchObject({
      packet: { event: 'f', args: [Uint8Array.of(5)] },
    });
    expect(decoder.finish()).toEqual([]);
  });

  it.each<[string, string | Uint8Array]>([
    ['an unknown type', '9'],
    ['nothing', ''],
    ['an event without content', '2'],
    ['an ack without content', '312'],
    ['broken JSON', '2["ev",'],
    ['an event without a name', '2[]'],
    ['an event that is no list', '2{"a":1}'],
    ['a reserved name', '2["connect"]'],
    ['too many attachments', '5999999-["f"]'],
    ['attachments that are no number', '5x-["f"]'],
    ['bytes that nobody announced', Uint8Array.of(1)],
    ['a placeholder beyond the attachments', '51-["f",{"_placeholder":true,"num":7}]'],
  ])('reports %s and reads on', (_, content) => {
    const tail = typeof content === 'string' && content.startsWith('51-') ? [Uint8Array.of(1)] : [];
    const { packets, problems } = decode(content, ...tail, '2["next"]');
    expect(problems).toHaveLength(1);
    expect(packets.map(({ event }) => event)).toEqual(['next']);
  });

  it('lets other packets pass', () => {
    expect(new SocketIoDecoder().feed({ ...template, type: 'ping' })).toEqual({
      packet: null,
      problem: null,
    });
  });
});

it('never throws, whatever the bytes', () => {
  const random = seededRandom(7);
  const seeds = [
    `0${HANDSHAKE}\x1e40\x1ebAQID`,
    '6:4hello2:4€10:b4AQIDBA==',
    '51-["f",{"_placeholder":true,"num":0}]',
  ];
  const socketIo = new SocketIoDecoder();
  for (let round = 0; round < 3000; round++) {
    const bytes = encodeUtf8(seeds[round % seeds.length]!);
    for (let change = 0; change < 3; change++)
      bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
    const decoder = createEngineIoDecoder(poll(bytes, round % 2 ? V3 : V4))!;
    for (const packet of decoder.packets) socketIo.feed(packet);
    expect(decoder.packets.length + decoder.problems.length).toBeGreaterThan(0);
  }
});
