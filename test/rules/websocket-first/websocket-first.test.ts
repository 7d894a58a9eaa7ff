import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf } from '../../support/found';
import { handshake, openPacket, poll, socket } from '../../support/socket-io';

const REFUSED = '+30 headers 403 / server: envoy | +1 close 1006';
const OPENED = `+20 headers 101 | +2 frame text ${openPacket('a', { upgrades: [] })} | +1 send 40`;

describe('a client that begins with WebSocket where it is refused', () => {
  it.each([
    ['once', [socket(0, null, REFUSED)], 'proven', /was refused with 403, and never tried polling/],
    [
      'again and again',
      [0, 1, 2, 3, 4].map((n) => socket(n * 2000, null, REFUSED)),
      'proven',
      /was refused 5 times with 403/,
    ],
    [
      'with a status that nobody saw',
      [socket(0, null, '+40 close 1006')],
      'likely',
      /was refused, and never/,
    ],
    ['Socket.IO 2', [socket(0, null, REFUSED, { eio: 3 })], 'proven', /never connected/],
  ])('%s', (_, timelines, confidence, summary) => {
    const trace = drawTrace(timelines);
    expect(alarms(trace)).toEqual(['error refused-upgrade s1', 'warning websocket-first s1']);
    const finding = findingOf(trace, 'websocket-first')!;
    expect(finding).toMatchObject({ severity: 'warning', confidence, supersededBy: null });
    expect(finding.summary).toMatch(summary);
  });
});

describe('no such client', () => {
  it.each([
    ['WebSocket first, and it works', [socket(0, null, `${OPENED} | +500x9 data 42["n"]`)]],
    [
      'one that falls back to polling',
      [socket(0, null, REFUSED), handshake(60, 'a'), poll(90, 'a', 900, ['40'])],
    ],
    ['polling first', [handshake(0, 'a'), socket(40, 'a', REFUSED), poll(90, 'a', 900, ['40'])]],
    ['a WebSocket of another kind', ['ask websocket wss://api.test/live | 30 headers 403 | +1 close 1006']],
    ['a server that wants a login', [socket(0, null, '+30 headers 401 | +1 close 1006')]],
    ['a server that is away', [socket(0, null, '+3 refused net::ERR_CONNECTION_REFUSED')]],
    ['one that opened before', [socket(0, null, `${OPENED} | +9s close 1006`), socket(9900, null, REFUSED)]],
    ['a page that left', [socket(0, null, '+20 abort')]],
  ])('%s', (_, timelines) => {
    expect(findingOf(drawTrace(timelines), 'websocket-first')).toBeUndefined();
  });
});
