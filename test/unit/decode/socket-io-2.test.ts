import { createServer } from 'node:http';
import { Server as SocketServer4 } from 'socket.io';
import serve2 from 'socket.io-2';
import connect2, { type Options } from 'socket.io-client-2';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createEngineIoDecoder } from '../../../src/decode/engine-io';
import type { EngineIoPacket, SocketIoPacket } from '../../../src/decode/packets';
import { SocketIoDecoder } from '../../../src/decode/socket-io';
import { type EngineIoWire, recordEngineIo } from '../../support/engine-io-wire';

// What Socket.IO 2 (Engine.IO 3) really sends, recorded between its own server and its own client. It is still in
// service, and the server of version 4 speaks it too with `allowEIO3`.

// Real servers beside many other tests: time for a busy machine.
vi.setConfig({ testTimeout: 20_000 });

const GREETING = 'Grüße, 日本, 👋 and a line\nbreak';
const PICTURE = Buffer.from([0, 1, 2, 3, 127, 128, 255, 255]);
const SOUND = Buffer.from([4, 250]);

/** What both servers offer. */
interface Peer {
  emit(event: string, ...args: unknown[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: handlers take what the client of this test sends.
  on(event: string, handle: (...args: any[]) => void): void;
}

function chat(socket: Peer): void {
  socket.emit('welcome', GREETING);
  socket.on('say', (text: string, answer: (...args: unknown[]) => void) => answer(`${text}!`, text.length));
  socket.on('draw', (text: string, picture: Buffer, answer: (...args: unknown[]) => void) => {
    answer({ text, copies: [picture, SOUND] });
  });
}

const gallery = (socket: Peer) => socket.emit('picture', { title: 'Ölbild', bytes: PICTURE });

const SERVERS = {
  'the server of version 2': () => {
    const server = createServer();
    const io = serve2(server, { serveClient: false });
    io.on('connection', chat);
    io.of('/gallery').on('connection', gallery);
    io.of('/closed').use((_socket, next) => next(new Error('Kein Zutritt')));
    return server;
  },
  'the server of version 4 with allowEIO3': () => {
    const server = createServer();
    const io = new SocketServer4(server, { serveClient: false, allowEIO3: true });
    io.on('connection', chat);
    io.of('/gallery').on('connection', gallery);
    io.of('/closed').use((_socket, next) => next(new Error('Kein Zutritt')));
    return server;
  },
};

let wire: EngineIoWire | null = null;
afterEach(async () => {
  await wire?.close();
  wire = null;
});

/** Everything a session can hold, with the real client. Resolves when it has all answers and has left. */
async function visit(url: string, options: Options): Promise<void> {
  const root = connect2(url, { forceNew: true, reconnection: false, ...options });
  const heard = (socket: typeof root, event: string) =>
    new Promise<unknown[]>((resolve) => socket.on(event, (...args: unknown[]) => resolve(args)));
  const asked = (event: string, ...args: unknown[]) =>
    new Promise<unknown[]>((resolve) => root.emit(event, ...args, (...answer: unknown[]) => resolve(answer)));
  expect(await heard(root, 'welcome')).toEqual([GREETING]);
  expect(await asked('say', 'Schöne Grüße 👋')).toEqual(['Schöne Grüße 👋!', 15]);
  expect(await asked('draw', 'é', PICTURE)).toEqual([{ text: 'é', copies: [PICTURE, SOUND] }]);
  const rooms = root.io.socket('/gallery', { query: 'ticket=7' });
  expect(await heard(rooms, 'picture')).toEqual([{ title: 'Ölbild', bytes: PICTURE }]);
  await heard(root.io.socket('/closed'), 'error');
  const left = heard(root, 'disconnect');
  rooms.close();
  root.close();
  await left;
}

/** All packets of the recorded streams in the order they passed, and what the decoders said. */
function read({ streams }: EngineIoWire) {
  const decoders = streams.map((stream) => createEngineIoDecoder(stream)!);
  const carriers = decoders.flatMap(({ packets }) => packets).sort((a, b) => a.atMs - b.atMs);
  const socketIo = new SocketIoDecoder();
  const results = carriers.map((carrier) => socketIo.feed(carrier));
  const problems = [
    ...decoders.flatMap((one) => one.problems.map(({ message }) => message)),
    ...results.flatMap(({ problem }) => problem ?? []),
    ...socketIo.finish(),
  ];
  return { carriers, packets: results.flatMap(({ packet }) => packet ?? []), problems, decoders };
}

/** Which way, what, where and with what: bytes as hex. */
function show({ type, namespace, ackId, event, args, data, attachmentCount, carrier }: SocketIoPacket) {
  const content = JSON.stringify(type === 'event' || type === 'ack' ? args : (data ?? null), (_key, value) =>
    value?.type === 'Buffer' ? `0x${Buffer.from(value.data).toString('hex')}` : hex(value),
  );
  const id = ackId === null ? '' : ` #${ackId}`;
  const count = attachmentCount > 0 ? ` +${attachmentCount}` : '';
  return `${carrier.direction === 1 ? '>' : '<'} ${type} ${namespace}${event ? ` ${event}` : ''}${id}${count} ${content}`;
}

const hex = (value: unknown) =>
  value instanceof Uint8Array ? `0x${Buffer.from(value).toString('hex')}` : value;

const types = (carriers: readonly EngineIoPacket[]) => new Set(carriers.map(({ type }) => type));

const STORY = [
  '< connect / null',
  `< event / welcome ${JSON.stringify([GREETING])}`,
  '> event / say #0 ["Schöne Grüße 👋"]',
  '< ack / #0 ["Schöne Grüße 👋!",15]',
  '> event / draw #1 +1 ["é","0x000102037f80ffff"]',
  '< ack / #1 +2 [{"text":"é","copies":["0x000102037f80ffff","0x04fa"]}]',
  '> connect /gallery null',
  '< connect /gallery null',
  '< event /gallery picture +1 [{"title":"Ölbild","bytes":"0x000102037f80ffff"}]',
  '> connect /closed null',
  '< connect_error /closed "Kein Zutritt"',
];

const WAYS: Record<string, Options> = {
  'polling, whose packets have their length before them': { transports: ['polling'] },
  WebSocket: { transports: ['websocket'] },
  'WebSocket with base64': { transports: ['websocket'], forceBase64: true },
  'polling and its upgrade': { transports: ['polling', 'websocket'] },
};

describe.each(Object.entries(SERVERS))('version 2 with %s', (_name, createOrigin) => {
  it.each(Object.entries(WAYS))('is read over %s', async (_way, options) => {
    wire = await recordEngineIo(createOrigin());
    await visit(wire.url, options);
    const { carriers, packets, problems, decoders } = read(wire);
    expect(problems).toEqual([]);
    expect(packets.map(show).slice(0, STORY.length)).toEqual(STORY);
    expect(packets.slice(STORY.length).every(({ type }) => type === 'disconnect')).toBe(true);
    expect(decoders.every(({ request }) => request.version === 3)).toBe(true);
    expect(carriers[0]).toMatchObject({ type: 'open', handshake: { pingIntervalMs: 25_000 } });
    if (options.transports?.length !== 2) return;
    expect([...types(carriers)]).toEqual(expect.arrayContaining(['open', 'ping', 'pong', 'upgrade']));
    const probes = carriers.filter(({ isProbe }) => isProbe).map(({ type, direction }) => [type, direction]);
    expect(probes).toEqual([
      ['ping', 1],
      ['pong', 0],
    ]);
  });

  // Browsers take binary answers, and pages of long ago script tags; the client in Node can do neither.
  it.each([
    ['bytes', '', (body: Buffer) => expect(body[0]).toBeLessThanOrEqual(1)],
    ['base64', '&b64=1', (body: Buffer) => expect(body.toString()).toMatch(/b4AAECA3/)],
    ['a script', '&b64=1&j=0', (body: Buffer) => expect(body.toString()).toMatch(/^___eio\[0\]/)],
  ])('is read from polls that answer with %s', async (_name, query, isSo) => {
    wire = await recordEngineIo(createOrigin());
    const base = `${wire.url}/socket.io/?EIO=3&transport=polling${query}`;
    await (await fetch(base)).arrayBuffer();
    const sid = read(wire).carriers[0]?.handshake?.sid;
    const join = '20:40/gallery?ticket=7,';
    const posted = await fetch(`${base}&sid=${sid}`, {
      method: 'POST',
      body: query.includes('j=') ? new URLSearchParams({ d: join }) : join,
    });
    expect(posted.status).toBe(200);
    const seen = () => read(wire!).packets.some(({ event }) => event === 'picture');
    const bodies: Buffer[] = [];
    while (!seen() && bodies.length < 5) {
      bodies.push(Buffer.from(await (await fetch(`${base}&sid=${sid}`)).arrayBuffer()));
    }
    const { packets, problems } = read(wire);
    expect(problems).toEqual([]);
    expect(packets.map(show)).toEqual(
      expect.arrayContaining([
        `< event / welcome ${JSON.stringify([GREETING])}`,
        '> connect /gallery null',
        '< event /gallery picture +1 [{"title":"Ölbild","bytes":"0x000102037f80ffff"}]',
      ]),
    );
    isSo(bodies.at(-1)!);
  });
});
