import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import type { RuleId } from '../../../src/trace/ids';
import { drawTrace, seeded } from '../../support/draw';

/** The rules about time-outs and broken streams. */
const BROKEN: readonly RuleId[] = [
  'gateway-timeout',
  'idle-cut',
  'duration-cap',
  'missing-heartbeat',
  'stalled-stream',
  'http2-protocol-error',
  'connection-lost',
  'incomplete-stream',
  'wrong-content-type',
  'reconnect-loop',
  'masked-status',
];

type Random = () => number;
const pick = <T>(random: Random, items: readonly T[]): T => items[Math.floor(random() * items.length)]!;
const whole = (random: Random, from: number, to: number) => Math.round(from + random() * (to - from));

/** What pages do, each drawn anew: none of it is a fault. */
const HABITS: Record<string, (random: Random, at: number) => string> = {
  'an answer with its marker': (random, at) =>
    `${at} ask fetch POST https://api.test/chat / body={"stream":true} | +${whole(random, 20, 1500)} headers 200 text/event-stream / server: nginx | +${whole(random, 10, 400)}x${whole(random, 1, 80)} ~30 data {"n":{n}} | +20 data [DONE] | +1 end`,
  'an answer without one': (random, at) =>
    `${at} ask fetch POST https://api.test/rows | +${whole(random, 20, 900)} headers 200 application/x-ndjson | +${whole(random, 10, 700)}x${whole(random, 1, 80)} ~30 data {"n":{n}} | +1 end`,
  'an answer that the user stopped': (random, at) =>
    `${at} ask fetch POST https://api.test/chat / body={"stream":true} | +200 headers 200 text/event-stream / cf-ray: 1 | +90x${whole(random, 1, 300)} data {"n":{n}} | +${whole(random, 1, 60_000)} abort AbortError`,
  'a page that left': (random, at) =>
    `${at} ask eventsource GET https://api.test/news | +50 headers 200 text/event-stream | +${whole(random, 100, 14_000)}x${whole(random, 1, 9)} data x | +${whole(random, 1, 90_000)} ${pick(random, ['abort', 'error net::ERR_ABORTED'])}`,
  'a channel with heartbeats': (random, at) =>
    `${at} ask fetch GET https://api.test/live / accept: text/event-stream | +50 headers 200 text/event-stream / server: nginx | +${whole(random, 5000, 30_000)}x${whole(random, 2, 30)} ~400 beat | +10 data x | +1 abort AbortError`,
  'a socket': (random, at) =>
    `${at} ask websocket GET wss://api.test/ws | +50 headers 101 | +${whole(random, 100, 50_000)}x${whole(random, 1, 9)} data x | +${whole(random, 1, 90_000)} ${pick(random, ['close 1000', 'close 1001', 'close 1005', 'abort'])}`,
  'a long poll': (random, at) =>
    `${at} ask fetch GET https://api.test/poll | +${pick(random, [25_000, 29_000, 30_000, 60_000])} headers ${pick(random, ['200 application/json', '204', '304'])} | +1 end`,
  'a slow report': (random, at) =>
    `${at} ask fetch GET https://api.test/report | +${whole(random, 1000, 100_000)} headers 200 application/json | +5 raw {"data":[1]} | +1 end`,
  'an error of the application': (random, at) =>
    `${at} ask fetch GET https://api.test/thing | +${whole(random, 5, 4000)} headers ${pick(random, ['400', '401', '404', '409', '422', '429', '500', '502', '503', '504'])} application/json | +1 raw {"error":"no"} | +1 end`,
  'a body whose end DevTools calls aborted': (random, at) =>
    `${at} ask fetch POST https://api.test/tokens / body={"stream":true} | +90 headers 200 text/event-stream | +90x${whole(random, 1, 60)} data {"n":{n}} | +9 ${pick(random, ['end', 'error net::ERR_ABORTED', 'abort net::ERR_ABORTED'])}`,
};

describe('healthy pages', () => {
  it.each(Object.keys(HABITS))('%s gives no error and no warning', (habit) => {
    for (let seed = 1; seed <= 15; seed++) {
      const random = seeded(seed * 7919);
      const count = whole(random, 1, 6);
      const timelines = Array.from({ length: count }, (_, n) =>
        HABITS[habit]!(random, n * whole(random, 1000, 200_000)),
      );
      expect(alarmsOf(timelines, seed), `seed ${seed}: ${timelines.join('\n')}`).toEqual([]);
    }
  });

  it('gives none where all of it happens on one page', () => {
    for (let seed = 1; seed <= 12; seed++) {
      const random = seeded(seed);
      const timelines = Array.from({ length: 25 }, () =>
        pick(random, Object.values(HABITS))(random, whole(random, 0, 600_000)),
      );
      expect(alarmsOf(timelines, seed), `seed ${seed}`).toEqual([]);
    }
  });
});

function alarmsOf(timelines: string[], seed: number): string[] {
  const { findings, failures } = diagnose(drawTrace(timelines, { seed }));
  expect(failures).toEqual([]);
  return findings
    .filter(({ id, severity }) => BROKEN.includes(id) && severity !== 'info')
    .map(({ id, severity, summary }) => `${severity} ${id}: ${summary}`);
}
