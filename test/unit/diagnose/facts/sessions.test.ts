import { describe, expect, it } from 'vitest';
import { sessionOf, sessionsOf } from '../../../../src/diagnose/facts/sessions';
import { createDiagnoser } from '../../../../src/diagnose/run';
import type { Trace } from '../../../../src/trace/types';
import { drawTrace } from '../../../support/draw';
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

const upgrading = (at: number, sid: string, steps: string) => [
  handshake(at, sid),
  post(at + 30, sid, ['40']),
  poll(at + 30, sid, 20, [`40{"sid":"x${sid}"}`]),
  socket(at + 40, sid, `${UPGRADED} | ${steps}`),
];

describe('a session', () => {
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
});
