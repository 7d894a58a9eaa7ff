import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';
import { handshake, openPacket, poll, pollThat, post, socket, UPGRADED } from '../../support/socket-io';

/** A session on WebSocket with a ping every 25 s and 20 s to answer. */
const OPEN = `+20 headers 101 | +2 frame text ${openPacket('a', { upgrades: [] })} | +1 send 40 | +1 frame text 40{"sid":"x"}`;
const PINGED = '+25s frame text 2 | +1 send 3';
const OTHER = (at: number) =>
  `${at} ask fetch GET https://app.test/me | +30 headers 200 application/json | +1 raw {} | +1 end`;

describe('no ping came in time', () => {
  it.each([
    [
      'the page gave up',
      [socket(0, null, `${OPEN} | ${PINGED} | +45s abort`)],
      /No ping came from api\.test\/socket\.io for 45\.0 s, .*given up; the handshake allows 45\.0 s/,
    ],
    ['no ping ever came', [socket(0, null, `${OPEN} | +44990 abort`)], /after the handshake/],
    [
      'after an upgrade',
      [
        handshake(0, 'a'),
        post(30, 'a', ['40']),
        poll(30, 'a', 20, ['40']),
        socket(40, 'a', `${UPGRADED} | +45s abort`),
      ],
      /No ping came/,
    ],
    [
      'in a HAR, which does not tell who closed',
      [socket(0, null, `${OPEN} | ${PINGED} | +45010 end`).replace(' | ', ' / seen=har | ')],
      /No ping came/,
    ],
    [
      'frames of the application do not count',
      [socket(0, null, `${OPEN} | ${PINGED} | +4sx11 data 42["n"] | +1s abort`)],
      /No ping came/,
    ],
    [
      'over polling',
      [
        handshake(0, 'a'),
        post(30, 'a', ['40']),
        poll(30, 'a', 20, ['40']),
        pollThat(60, 'a', '+44990 abort'),
      ],
      /No ping came/,
    ],
    [
      'version 3: a ping of the page got no answer',
      [socket(0, null, `${OPEN} | +25s send 2 | +20s abort`, { eio: 3 })],
      /not even the answer to a ping/,
    ],
    [
      'the server got no answer',
      [socket(0, null, `${OPEN} | ${PINGED} | +25s frame text 2 | +20s close 1005`)],
      /A ping of .* was not answered for 20\.0 s, and the server closed/,
    ],
  ])('%s', (_, timelines, summary) => {
    const trace = drawTrace(timelines);
    const at = trace.streams.at(-1)!.id;
    expect(alarms(trace)).toEqual([`error ping-timeout ${at}`]);
    const finding = findingOf(trace, 'ping-timeout')!;
    expect(finding).toMatchObject({ severity: 'error', confidence: 'proven' });
    expect(finding.summary).toMatch(summary);
  });

  it('holds the session’s own values', () => {
    const short = OPEN.replace('25000', '1500').replace('20000', '1500');
    const trace = drawTrace([socket(0, null, `${short} | +1500x3 frame text 2 | +3s abort`)]);
    expect(findingOf(trace, 'ping-timeout')).toMatchObject({ severity: 'error' });
  });

  it('is seen while the session is still open', () => {
    const trace = drawTrace([socket(0, null, `${OPEN} | ${PINGED} | +1s send 42["x"]`), OTHER(74_000)]);
    expect(diagnose(trace, 60_000).findings).toEqual([]);
    const found = diagnose(trace, 76_000).findings.filter(({ id }) => id === 'ping-timeout');
    expect(found).toMatchObject([{ severity: 'error', confidence: 'likely', stream: { id: 's1' } }]);
  });

  it('is certain when the client began again, although the dead socket is still open', () => {
    const again = OPEN.replace('"a"', '"b"');
    const trace = drawTrace([
      socket(0, null, `${OPEN} | ${PINGED}`),
      socket(71_000, null, `${again} | +20s data 42["n"]`),
    ]);
    expect(alarms(trace)).toEqual(['error ping-timeout s1']);
    expect(findingOf(trace, 'ping-timeout')).toMatchObject({ confidence: 'proven' });
    expect(findingOf(trace, 'ping-timeout')!.summary).toMatch(/for 46\.0 s, and the session was given up/);
  });

  it('knows a ping by its size where frames were not captured', () => {
    const trace = drawTrace([socket(0, null, `${OPEN} | ${PINGED} | ${PINGED} | +45s abort`)]);
    const { messages } = trace.streams[0]!;
    messages.payload = messages.payload.map((one, index) => (index < 3 ? one : null));
    expect(findingOf(trace, 'ping-timeout')!.evidence).toContainEqual(
      expect.objectContaining({ label: 'pings until then', value: 2 }),
    );
  });

  it('explains the loop that follows', () => {
    const short = OPEN.replace('25000', '1500').replace('20000', '1500');
    const trace = drawTrace(
      [0, 1, 2, 3, 4].map((n) =>
        socket(n * 5000, null, `${short.replace('"a"', `"a${n}"`)} | +3s close 1006`),
      ),
    );
    expect(alarms(trace)).toEqual(['error ping-timeout s1']);
    expect(foundLines(trace)).toContain('error reconnect-loop s5 < ping-timeout');
  });
});

describe('the heartbeat is in order', () => {
  it.each([
    ['pings on time', [socket(0, null, `${OPEN} | ${PINGED} | ${PINGED} | ${PINGED} | +9s abort`)]],
    ['a cut between two pings', [socket(0, null, `${OPEN} | ${PINGED} | +9s close 1006`)]],
    ['a page that said goodbye late', [socket(0, null, `${OPEN} | ${PINGED} | +46s send 41 | +1 abort`)]],
    [
      'a server that said goodbye',
      [socket(0, null, `${OPEN} | ${PINGED} | +46s frame text 41 | +1 close 1005`)],
    ],
    [
      'version 3: answers to pings',
      [
        socket(
          0,
          null,
          `${OPEN} | +25s send 2 | +9 frame text 3 | +25s send 2 | +9 frame text 3 | +9s abort`,
          { eio: 3 },
        ),
      ],
    ],
    [
      'version 3: data in place of an answer',
      [socket(0, null, `${OPEN} | +25s send 2 | +9s data 42["n"] | +30s abort`, { eio: 3 })],
    ],
    ['an open session between two pings', [socket(0, null, `${OPEN} | ${PINGED} | +20s data 42["n"]`)]],
    ['another WebSocket', ['ask websocket wss://api.test/live | 30 headers 101 | +1 data x | +90s abort']],
    ['a refused one', [socket(0, null, '+30 headers 403 | +90s close 1006')]],
  ])('%s', (_, timelines) => {
    expect(findingOf(drawTrace(timelines), 'ping-timeout')).toBeUndefined();
  });

  it.each([
    ['frames were lost', socket(0, null, `${OPEN} | ${PINGED} | +46s close 1006 | loss dropped-records`), {}],
    ['the page woke up an hour later', socket(0, null, `${OPEN} | ${PINGED} | +3600s abort`), {}],
    [
      'the page was busy when the ping was due',
      socket(0, null, `${OPEN} | ${PINGED} | +46s abort`),
      { blocked: [[68_000, 71_000]] as [number, number][] },
    ],
  ])('is not known where %s', (_, timeline, options) => {
    const trace = drawTrace([timeline], options);
    expect(findingOf(trace, 'ping-timeout')).toBeUndefined();
    expect(incompleteOf(trace, 'ping-timeout')).toHaveLength(1);
  });
});
