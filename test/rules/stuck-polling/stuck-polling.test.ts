import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';
import {
  handshake,
  poll,
  pollThat,
  post,
  type SocketIoPlace,
  socket,
  UNKNOWN_SESSION,
  UPGRADED,
} from '../../support/socket-io';

const REFUSED = '+30 headers 403 / server: envoy | +1 close 1006';
/** Long polls that the server answers every second. */
const polls = (from: number, sid: string, count: number, place: SocketIoPlace = {}) =>
  Array.from({ length: count }, (_, n) => poll(from + n * 1000, sid, 980, [`42["news",${n}]`], place));
const page = (place: SocketIoPlace = {}) => [
  handshake(0, 'a', place),
  post(30, 'a', ['40'], place),
  poll(30, 'a', 10, ['40{"sid":"x"}'], place),
];

describe('a session that stays on polling', () => {
  it.each<[string, SocketIoPlace]>([
    ['version 4', { eio: 4 }],
    ['version 3', { eio: 3 }],
    ['under another path, over HTTP/1.1', { url: 'https://api.test/a/b/ws', answer: 'protocol=http/1.1' }],
  ])('because the WebSocket is refused: %s', (_, place) => {
    const trace = drawTrace([...page(place), socket(40, 'a', REFUSED, place), ...polls(100, 'a', 4, place)]);
    expect(alarms(trace)).toEqual(['error refused-upgrade s4', 'warning stuck-polling s1']);
    const finding = findingOf(trace, 'stuck-polling')!;
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'proven', supersededBy: null });
    expect(finding.summary).toMatch(
      /offers WebSocket, the WebSocket was refused with 403, and the session stayed/,
    );
  });

  it.each([
    ['the probe is never answered', '+20 headers 101 | +1 send 2probe', 'likely'],
    [
      'the server closes the unanswered probe',
      '+20 headers 101 | +1 send 2probe | +10s close 1005',
      'proven',
    ],
    ['the page gives the probe up', '+20 headers 101 | +1 send 2probe | +11s abort', 'likely'],
    ['the handshake hangs', '', 'likely'],
  ])('because %s', (_, steps, confidence) => {
    const trace = drawTrace([...page(), socket(40, 'a', steps), ...polls(100, 'a', 15)]);
    expect(findingOf(trace, 'stuck-polling')).toMatchObject({ severity: 'warning', confidence });
    expect(findingOf(trace, 'stuck-polling')!.summary).toMatch(/the probe over WebSocket got no answer/);
  });

  it('is seen without the handshake’s body, by the attempt alone', () => {
    const trace = drawTrace([...page(), socket(40, 'a', REFUSED), ...polls(100, 'a', 4)]);
    const [first] = trace.streams;
    first!.chunks.payload = [null];
    expect(findingOf(trace, 'stuck-polling')).toMatchObject({ severity: 'warning' });
  });

  it('is for information where the page asked for polling alone', () => {
    const trace = drawTrace([...page(), ...polls(100, 'a', 6)]);
    expect(foundLines(trace)).toEqual(['info stuck-polling s1']);
    expect(findingOf(trace, 'stuck-polling')!.summary).toMatch(/never tried it/);
  });
});

describe('no such session', () => {
  it.each([
    ['an upgrade that worked', [...page(), socket(40, 'a', `${UPGRADED} | +500x9 frame text 42["n"]`)]],
    [
      'an upgrade under way',
      [...page(), socket(40, 'a', '+20 headers 101 | +1 send 2probe'), ...polls(100, 'a', 2)],
    ],
    ['a server that offers none', [handshake(0, 'a', { upgrades: [] }), ...polls(100, 'a', 8)]],
    ['a page that left at once', [...page()]],
    [
      'a page that left during the probe',
      [
        ...page(),
        socket(40, 'a', '+20 headers 101 | +1 send 2probe | +300 abort'),
        pollThat(50, 'a', '+310 abort'),
      ],
    ],
    [
      'WebSocket from the start',
      [socket(0, null, '+20 headers 101 | +5 frame text 0{"sid":"a"} | +500x9 data x')],
    ],
    [
      'a session that upgraded on the second try',
      [
        ...page(),
        socket(40, 'a', REFUSED),
        ...polls(100, 'a', 3),
        handshake(9000, 'b'),
        poll(9030, 'b', 10, ['40']),
        socket(9040, 'b', `${UPGRADED} | +500x9 data 42["n"]`),
      ],
    ],
    [
      'a session that another server does not know',
      [...page(), socket(40, 'a', '+9 headers 400 | +1 close 1006'), pollThat(80, 'a', UNKNOWN_SESSION)],
    ],
  ])('%s', (_, timelines) => {
    expect(findingOf(drawTrace(timelines), 'stuck-polling')).toBeUndefined();
  });

  it('is not known without the handshake’s body and without an attempt', () => {
    const trace = drawTrace([...page(), ...polls(100, 'a', 6)], { missing: ['bodies'] });
    for (const { chunks } of trace.streams) chunks.payload = chunks.payload.map(() => null);
    expect(findingOf(trace, 'stuck-polling')).toBeUndefined();
    expect(incompleteOf(trace, 'stuck-polling')).toHaveLength(1);
  });
});
