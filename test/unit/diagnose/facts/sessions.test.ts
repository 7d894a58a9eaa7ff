import { describe, expect, it } from 'vitest';
import { type EngineIoSession, sessionOf, sessionsOf } from '../../../../src/diagnose/facts/sessions';
import { createDiagnoser } from '../../../../src/diagnose/run';
import { redactTrace } from '../../../../src/exchange/redact';
import type { Trace } from '../../../../src/trace/types';
import { drawTrace } from '../../../support/draw';
import { growTrace, traceUntil } from '../../../support/mixed-page';
import {
  handshake,
  openPacket,
  poll,
  pollThat,
  post,
  socket,
  UNKNOWN_SESSION,
  UPGRADED,
} from '../../../support/socket-io';

const look = (trace: Trace, nowMs?: number) => {
  const diagnoser = createDiagnoser(trace, []);
  diagnoser.update(nowMs === undefined ? {} : { nowMs });
  return sessionsOf(diagnoser.facts);
};

/** As a HAR has them. */
function bodiesAsText(trace: Trace): void {
  for (const stream of trace.streams) {
    const { chunks, response } = stream;
    const text = Buffer.concat(chunks.payload.map((one) => one ?? Buffer.alloc(0))).toString();
    if (!response || text === '') continue;
    response.body = { text, byteLength: Buffer.byteLength(text), truncated: false };
    chunks.payload.fill(null);
  }
}

const upgrading = (at: number, sid: string, steps: string) => [
  handshake(at, sid),
  post(at + 30, sid, ['40']),
  poll(at + 30, sid, 20, [`40{"sid":"x${sid}"}`]),
  socket(at + 40, sid, `${UPGRADED} | ${steps}`),
];

describe('a session', () => {
  it.each(['chunks', 'text'])(
    'of version 2, which sets its sid as a cookie, is one also when its recording is sanitized, bodies as %s',
    (bodies) => {
      const sid = 'J8e3_8RvMNU4XT4aAAAB';
      const v3 = { eio: 3 } as const;
      const trace = drawTrace([
        handshake(0, sid, { ...v3, answer: `set-cookie: io=${sid}; Path=/; HttpOnly` }),
        socket(40, sid, `${UPGRADED} | +25s send 2 | +20 frame text 3`, v3),
      ]);
      if (bodies === 'text') bodiesAsText(trace);
      const clean = redactTrace(trace);
      expect(JSON.stringify(clean.streams.map(({ request }) => request.url))).not.toContain(sid);
      const sessions = look(clean);
      expect(sessions).toHaveLength(1);
      expect(sessions[0]!.problems).toEqual([]);
      expect(sessions[0]).toMatchObject({
        version: 3,
        transport: 'websocket',
        handshake: { values: { pingIntervalMs: 25_000 } },
        upgrades: [{ outcome: 'changed' }],
        pings: [{ by: 'page', pongAtMs: expect.any(Number) }],
      });
    },
  );

  it('is read over all its requests', () => {
    const [session, ...others] = look(
      drawTrace(
        upgrading(
          0,
          'a',
          '+100 send 420["chat","hi"] | +30 frame text 430["ok"] | +25s frame text 2 | +1 send 3 | +5s close 1005',
        ),
      ),
    );
    expect(others).toEqual([]);
    expect(session).toMatchObject({
      sid: 'a',
      endpoint: 'https://api.test/socket.io',
      server: 'https://api.test',
      version: 4,
      transport: 'websocket',
      partial: false,
      problems: [],
      handshake: { streamId: 's1', values: { pingIntervalMs: 25_000, upgrades: ['websocket'] } },
      end: { cause: 'server', reason: 'transport close', streamId: 's4' },
      previousId: null,
    });
    expect(session!.exchanges.map(({ role }) => role)).toEqual(['handshake', 'post', 'poll', 'websocket']);
    expect(session!.upgrades).toMatchObject([
      {
        streamId: 's4',
        outcome: 'changed',
        openedAtMs: 60,
        probedAtMs: 61,
        answeredAtMs: 76,
        changedAtMs: 77,
      },
    ]);
    expect(session!.namespaces).toMatchObject([{ name: '/', leftAtMs: null }]);
    expect(session!.pings).toEqual([{ by: 'server', streamId: 's4', pingAtMs: 25_207, pongAtMs: 25_208 }]);
    const event = session!.packets.find(({ socket }) => socket?.event === 'chat')!;
    expect(event).toMatchObject({ direction: 1, transport: 'websocket', socket: { ackId: 0, argCount: 1 } });
    const ack = session!.packets[event.socket!.pairIndex!]!;
    expect(ack).toMatchObject({ direction: 0, socket: { type: 'ack', ackId: 0 } });
    expect(session!.packets[ack.socket!.pairIndex!]).toBe(event);
    expect(session!.packets.map(({ engine }) => engine).slice(0, 5)).toEqual([
      'open',
      'message',
      'message',
      'ping',
      'pong',
    ]);
  });

  it('of Socket.IO 2 pings from the page', () => {
    const [session] = look(
      drawTrace([
        handshake(0, 'a', { eio: 3 }),
        poll(30, 'a', 900, ['42["news",{"a":1}]'], { eio: 3 }),
        post(25_000, 'a', ['2'], { eio: 3 }),
        poll(940, 'a', 24_080, ['3'], { eio: 3 }),
      ]),
    );
    expect(session).toMatchObject({ version: 3, transport: 'polling', upgrades: [] });
    expect(session!.namespaces).toMatchObject([{ name: '/', askedAtMs: null, joinedAtMs: 21 }]);
    expect(session!.pings).toEqual([{ by: 'page', streamId: 's3', pingAtMs: 25_000, pongAtMs: 25_021 }]);
    expect(session!.heartbeat).toMatchObject({ limitMs: 45_000, lastAtMs: 25_021 });
  });

  it('that begins with WebSocket has its handshake in the first frame', () => {
    const [session] = look(
      drawTrace(socket(0, null, `+20 headers 101 | +2 frame text ${openPacket('a')} | +1 send 40/admin,`)),
    );
    expect(session).toMatchObject({
      sid: 'a',
      transport: 'websocket',
      endedAtMs: null,
      end: null,
      handshake: { streamId: 's1', transport: 'websocket', openedAtMs: 22 },
      namespaces: [{ name: '/admin', askedAtMs: 23, joinedAtMs: null }],
    });
    expect(session!.heartbeat.dueAtMs).toBe(45_022);
  });

  it('tells why a namespace was refused', () => {
    const [session] = look(
      drawTrace([
        handshake(0, 'a'),
        post(30, 'a', ['40']),
        poll(40, 'a', 9, ['44{"message":"Not authorized"}']),
      ]),
    );
    expect(session!.namespaces).toMatchObject([
      { refusedAtMs: 50, message: 'Not authorized', joinedAtMs: null },
    ]);
  });

  it('reports what it cannot read and reads the rest', () => {
    const [session] = look(
      drawTrace([
        handshake(0, 'a'),
        socket(40, 'a', `${UPGRADED} | +5 frame text 9x | +5 frame text 42[ | +5 frame text 42["ok"]`),
      ]),
    );
    expect(session!.problems).toHaveLength(2);
    expect(session!.packets.at(-1)).toMatchObject({ socket: { event: 'ok' } });
  });
});

describe('sessions of one client', () => {
  it('are a row, attempts that failed included', () => {
    const refused = (at: number) =>
      pollThat(at, '', '+20 headers 502 text/html | +1 end').replace('&sid=', '');
    const trace = drawTrace([
      ...upgrading(0, 'a', '+100 close 1006'),
      refused(1200),
      refused(3200),
      ...upgrading(5200, 'b', '+100 data 42["n"]'),
    ]);
    const sessions = look(trace);
    expect(sessions.map(({ sid, end }) => [sid, end?.cause ?? null])).toEqual([
      ['a', 'lost'],
      [null, 'refused'],
      [null, 'refused'],
      ['b', null],
    ]);
    expect(sessions.map(({ previousId }) => sessions.findIndex(({ id }) => id === previousId))).toEqual([
      -1, 0, 1, 2,
    ]);
    expect(sessions[1]!.end!.reason).toBe('answered 502');
  });

  it('side by side are no reconnects', () => {
    const sessions = look(
      drawTrace([...upgrading(0, 'a', '+900 data 42["n"]'), ...upgrading(50, 'b', '+900 data 42["n"]')]),
    );
    expect(sessions.map(({ previousId }) => previousId)).toEqual([null, null]);
  });

  it('are told apart by server and path', () => {
    const sessions = look(
      drawTrace([
        handshake(0, 'a'),
        handshake(0, 'a', { url: 'https://b.test/socket.io/' }),
        handshake(0, 'a', { url: 'https://api.test/x/' }),
      ]),
    );
    expect(sessions).toHaveLength(3);
  });
});

describe('the end of a session', () => {
  it.each([
    ['the page says goodbye', '+50 send 41 | +1 abort', 'page', 'io client disconnect'],
    ['the server says goodbye', '+50 frame text 41 | +1 close 1005', 'server', 'io server disconnect'],
    ['the socket is closed from the other side', '+50 close 1001', 'server', 'transport close'],
    ['the connection breaks', '+50 close 1006', 'lost', 'transport close'],
    ['the page leaves', '+50 abort', 'page', 'the page closed it or left'],
    ['no ping comes', '+45s abort', 'silence', 'ping timeout'],
    ['a HAR does not tell who closed', '+50 end', 'unknown', 'transport close'],
  ])('%s', (_, steps, cause, reason) => {
    const [session] = look(drawTrace(upgrading(0, 'a', steps)));
    expect(session!.end).toMatchObject({ cause, reason, streamId: 's4' });
    expect(session!.endedAtMs).toBe(session!.end!.atMs);
  });

  it('is not between two polls', () => {
    const trace = drawTrace([handshake(0, 'a'), poll(30, 'a', 900, ['2'])]);
    expect(look(trace, 1000)[0]!.end).toBeNull();
    expect(look(trace, 60_000)[0]!.end).toMatchObject({ cause: 'unknown' });
  });

  it('is told by the server that does not know it', () => {
    const [session] = look(drawTrace([handshake(0, 'a'), pollThat(30, 'a', UNKNOWN_SESSION)]));
    expect(session!.end).toMatchObject({ cause: 'unknown-session', streamId: 's2' });
  });
});

describe('a recording with holes', () => {
  it('without the handshake’s body: what follows it at once belongs to it', () => {
    const trace = drawTrace([handshake(0, 'a'), poll(30, 'a', 900, ['2'])]);
    trace.streams[0]!.chunks.payload = [null];
    const sessions = look(trace);
    expect(sessions).toHaveLength(1);
    expect(sessions[0]).toMatchObject({
      sid: 'a',
      partial: true,
      handshake: { streamId: 's1', values: null },
    });
  });

  it('that began later: the socket’s traffic shows that the change was made', () => {
    const [session] = look(
      drawTrace(socket(0, 'a', '+20 headers 101 | +9 frame text 2 | +1 send 3 | loss late-start')),
    );
    expect(session).toMatchObject({ transport: 'websocket', handshake: null, partial: true });
  });

  it('without frames: the upgrade is unknown', () => {
    const [session] = look(
      drawTrace([handshake(0, 'a'), socket(40, 'a', '+20 headers 101')], { missing: ['frames'] }),
    );
    expect(session!.upgrades).toMatchObject([{ outcome: 'unknown' }]);
  });

  it('with capped payloads: sizes still tell pings and messages', () => {
    const trace = drawTrace([
      handshake(0, 'a'),
      socket(40, 'a', `${UPGRADED} | +9 frame text 2 | +1 send 3 | +5 data 42["big","{pad 500}"]`),
    ]);
    const { payload } = trace.streams[1]!.messages;
    payload[3] = null;
    payload[4] = null;
    payload[5] = String(payload[5]).slice(0, 100);
    const [session] = look(trace);
    expect(session!.pings).toHaveLength(1);
    expect(session!.packets.at(-1)).toMatchObject({ engine: 'message', text: null, socket: null });
  });
});

describe('a session that grows', () => {
  it('is the same as one that was read at once, whatever the order of arrival', () => {
    const whole = drawTrace([
      ...upgrading(
        0,
        'a',
        '+50x40 data 42["n",{n}] | +1 send 423["ask"] | +20 frame text 433["yes"] | +1 close 1006',
      ),
      ...lostSession(3000),
      ...upgrading(5000, 'c', '+50x40 data 42["n",{n}]'),
    ]);
    const trace = traceUntil(whole, 0);
    const diagnoser = createDiagnoser(trace, []);
    const seen = new Set<number>();
    for (let atMs = 0; atMs <= 8000; atMs += 37) {
      const changed = growTrace(trace, traceUntil(whole, atMs));
      diagnoser.update({ nowMs: atMs, changed });
      seen.add(sessionsOf(diagnoser.facts).length);
    }
    expect(seen).toEqual(new Set([1, 2, 3]));
    expect(plain(sessionsOf(diagnoser.facts))).toEqual(plain(look(whole, 8000 - (8000 % 37))));
    expect(sessionOf(diagnoser.facts, 's4')!.sid).toBe('a');
    expect(sessionOf(diagnoser.facts, 'none')).toBeNull();
  });

  it('is not read again when nothing moved', () => {
    const trace = drawTrace([
      handshake(0, 'a'),
      socket(40, 'a', `${UPGRADED} | +50x40 data 42["n"] | +1 close 1006`),
    ]);
    const diagnoser = createDiagnoser(trace, []);
    diagnoser.update();
    const [before] = sessionsOf(diagnoser.facts);
    diagnoser.update({ changed: new Set() });
    expect(sessionsOf(diagnoser.facts)[0]).toBe(before);
  });
});

function lostSession(at: number): string[] {
  return [handshake(at, 'b'), pollThat(at + 30, 'b', UNKNOWN_SESSION)];
}

/** The facts and streams behind it are objects of their own in each reading. */
function plain(sessions: readonly EngineIoSession[]): unknown {
  return sessions.map(({ exchanges, ...rest }) => ({
    ...rest,
    exchanges: exchanges.map(({ stream, role, outcome, status }) => ({
      id: stream.id,
      role,
      outcome,
      status,
    })),
  }));
}
