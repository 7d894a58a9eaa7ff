import { describe, expect, it } from 'vitest';
import { drawTrace, seeded } from '../../support/draw';
import { alarms, findingOf, foundLines } from '../../support/found';

const source = (at: number, steps: string, object = 'e1') =>
  `${at} ask eventsource GET https://api.test/events / object=${object} | +40 headers 200 text/event-stream | ${steps}`;
const socket = (at: number, steps: string) =>
  `${at} ask websocket GET wss://api.test/live | +40 headers 101 | ${steps}`;
const DROPPED = '+500 data x | +200 error net::ERR_INCOMPLETE_CHUNKED_ENCODING';
const times = (count: number, everyMs: number, draw: (at: number, n: number) => string) =>
  Array.from({ length: count }, (_, n) => draw(n * everyMs, n));

describe('a connection that is opened again and again', () => {
  it.each([
    [
      'an EventSource that drops',
      times(5, 3740, (at) => source(at, DROPPED)),
      /An EventSource was opened 5 times, every 3\.74 s, and lived 740 ms each time: it ended with ERR_INCOMPLETE/,
    ],
    [
      'one whose answers end',
      times(4, 3740, (at) => source(at, '+500 data x | +200 end')),
      /reconnects until it is closed or answered 204/,
    ],
    [
      'seen from the page only',
      times(4, 3740, (at) => source(at, '+500 data x | +200 error')),
      /opened 4 times/,
    ],
    [
      'made anew by the page each time',
      times(6, 1000, (at, n) => source(at, DROPPED, `e${n}`)),
      /opened 6 times/,
    ],
    [
      'a WebSocket',
      times(5, 2000, (at) => socket(at, '+100 data x | +300 close 1006')),
      /A WebSocket was opened 5 times, every 2\.00 s.*: it closed with code 1006/,
    ],
    [
      'a WebSocket that the server throws out',
      times(5, 2000, (at) => socket(at, '+100 data x | +300 close 1011 oops')),
      /code 1011/,
    ],
  ])('%s', (_, timelines, summary) => {
    const trace = drawTrace(timelines);
    expect(alarms(trace)).toHaveLength(1);
    const finding = findingOf(trace, 'reconnect-loop')!;
    expect(finding).toMatchObject({ severity: 'error', supersededBy: null });
    expect(finding.summary).toMatch(summary);
  });

  it('gathers what each life suffered', () => {
    const lines = foundLines(drawTrace(times(5, 3740, (at) => source(at, DROPPED))));
    expect(lines.filter((line) => line.startsWith('error connection-lost'))).toEqual(
      [1, 2, 3, 4, 5].map((n) => `error connection-lost s${n} < reconnect-loop`),
    );
  });

  it('counts the one that has just been opened', () => {
    const trace = drawTrace([...times(3, 3740, (at) => source(at, DROPPED)), source(11_220, '+5 beat')]);
    expect(findingOf(trace, 'reconnect-loop')!.summary).toMatch(/opened 4 times/);
  });

  it('is a symptom where a limit explains it', () => {
    const trace = drawTrace(
      times(
        4,
        33_000,
        (at) =>
          `${at} ask eventsource GET https://api.test/events / object=e | +40 headers 200 text/event-stream / via: 1.1 google | +500x58 data x | +600 error net::ERR_HTTP2_PROTOCOL_ERROR`,
      ),
    );
    const lines = foundLines(trace);
    expect(alarms(trace)).toEqual([1, 2, 3, 4].map((n) => `error duration-cap s${n}`));
    expect(lines).toContain('error reconnect-loop s4 < duration-cap');
  });

  it('follows back-off and jitter', () => {
    const random = seeded(4);
    let at = 0;
    const timelines = [1, 2, 4, 8, 16, 16].map((seconds) => {
      const life = socket(at, `+100 data x | +${50 + Math.round(random() * 200)} close 1006`);
      at += Math.round(seconds * 1000 * (1 + random() * 0.5)) + 500;
      return life;
    });
    expect(findingOf(drawTrace(timelines), 'reconnect-loop')!.summary).toMatch(/opened 6 times/);
  });

  it('sees Socket.IO sessions that start over', () => {
    const sessions = [0, 1, 2, 3, 4].flatMap((n) => {
      const at = n * 2000;
      const url = 'https://api.test/socket.io/?EIO=4&transport=polling';
      return [
        `${at} ask xhr GET ${url} | +30 headers 200 text/plain | +1 raw 0{"sid":"s${n}","upgrades":[],"pingInterval":25000,"pingTimeout":20000} | +1 end`,
        `${at + 50} ask xhr GET ${url}&sid=s${n} | +30 headers 502 text/html | +1 raw bad gateway | +1 end`,
      ];
    });
    const finding = findingOf(drawTrace(sessions), 'reconnect-loop');
    expect(finding?.summary).toMatch(/A Socket\.IO session was opened 5 times, every 2\.00 s/);
    expect(finding?.platforms).toContain('socket-io');
  });
});

describe('no loop', () => {
  it.each([
    [
      'one reconnect after the network changed',
      [source(0, '+10s data x | +1 error net::ERR_NETWORK_CHANGED'), source(14_000, '+10s data x')],
    ],
    [
      'a network that changed again and again',
      times(5, 4000, (at) => source(at, '+500 data x | +1 error net::ERR_NETWORK_CHANGED')),
    ],
    ['three times', times(3, 3740, (at) => source(at, DROPPED))],
    [
      'a chat that opens one EventSource for each answer',
      times(8, 9000, (at, n) => source(at, '+500x5 data x | +1 event done {} | +1 abort', `e${n}`)),
    ],
    [
      'a chat that fetches each answer',
      times(
        8,
        9000,
        (at) =>
          `${at} ask fetch POST https://api.test/chat / body={"stream":true} | +50 headers 200 text/event-stream | +200x5 data x | +1 end`,
      ),
    ],
    ['long lives', times(5, 300_000, (at) => source(at, '+20sx14 data x | +1 end'))],
    [
      'a server that asks to be polled',
      times(
        6,
        10_100,
        (at) =>
          `${at} ask fetch GET https://api.test/x | +9 headers 200 text/event-stream | +1 raw retry: 10000\\ndata: x\\n\\n | +1 end`,
      ),
    ],
    ['WebSockets that the page closed', times(6, 3000, (at) => socket(at, '+100 data x | +300 close 1000'))],
    ['WebSockets of pages that left', times(6, 3000, (at) => socket(at, '+100 data x | +300 abort'))],
    ['six at once', times(6, 0, (at, n) => source(at, DROPPED, `e${n}`))],
    ['hours apart', times(6, 3_600_000, (at) => source(at, DROPPED))],
    [
      'a quiet morning with three drops in a row, then peace',
      [...times(3, 3740, (at) => source(at, DROPPED)), source(11_220, '+15sx20 data x | +1 abort')],
    ],
  ])('%s', (_, timelines) => {
    expect(findingOf(drawTrace(timelines), 'reconnect-loop')).toBeUndefined();
  });
});
