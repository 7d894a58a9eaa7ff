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
} from '../../support/socket-io';

const POST_UNKNOWN = (at: number, sid: string, place: SocketIoPlace = {}) =>
  post(at, sid, ['40'], place).replace(/\+15 headers[\s\S]*$/, UNKNOWN_SESSION);

/** A session that gets on for a while, and is then not known. */
const lost = (at: number, sid: string, place: SocketIoPlace = {}) => [
  handshake(at, sid, place),
  poll(at + 30, sid, 20, ['40'], place),
  pollThat(at + 80, sid, UNKNOWN_SESSION, place),
];

describe('a live session that the server does not know', () => {
  it.each<[string, string[], RegExp]>([
    [
      'right after the handshake',
      [handshake(0, 'a'), pollThat(30, 'a', UNKNOWN_SESSION)],
      /to a session that was 30 ms old/,
    ],
    ['after a while', lost(0, 'a'), /another server answered, or this one was restarted/],
    ['on a POST', [handshake(0, 'a'), POST_UNKNOWN(30, 'a')], /Session ID unknown/],
    ['in version 3', lost(0, 'a', { eio: 3 }), /Session ID unknown/],
    [
      'under a path of its own',
      lost(0, 'a', { url: 'https://api.test/x/chat/' }),
      /api\.test\/x\/chat answered 400/,
    ],
  ])('%s', (_, timelines, summary) => {
    const trace = drawTrace(timelines);
    expect(alarms(trace)).toEqual([`error unknown-session s${timelines.length}`]);
    const finding = findingOf(trace, 'unknown-session')!;
    expect(finding).toMatchObject({ severity: 'error', confidence: 'proven' });
    expect(finding.summary).toMatch(summary);
    expect(finding.platforms).toContain('socket-io');
  });

  it('explains the loop and the refused upgrade', () => {
    const trace = drawTrace(
      [0, 1, 2, 3, 4].flatMap((n) => [
        ...lost(n * 2000, `s${n}`),
        socket(n * 2000 + 40, `s${n}`, '+20 headers 400 text/html | +1 close 1006'),
      ]),
    );
    const lines = foundLines(trace);
    // Several sessions lost one after the other: several servers, and nothing pins the browser to one.
    expect(alarms(trace)).toEqual(['error missing-affinity s3']);
    expect(lines).toContain('error unknown-session s3 < missing-affinity');
    expect(lines).toContain('error refused-upgrade s4 < missing-affinity');
    expect(lines.filter((line) => line.includes('reconnect-loop') && !line.includes(' < '))).toEqual([]);
  });

  it('is one finding however many sessions were lost', () => {
    const trace = drawTrace([...lost(0, 'a'), ...lost(2000, 'b'), ...lost(4000, 'c')], {
      missing: ['cookies'],
    });
    expect(alarms(trace)).toEqual(['error unknown-session s3']);
    expect(findingOf(trace, 'unknown-session')!.summary).toMatch(/to 3 sessions, .*reach different servers/);
  });

  it('gives way to the cookie that explains it', () => {
    const place: SocketIoPlace = {
      ask: 'credentials=same-origin / origin: https://app.test',
      answer: 'set-cookie: AWSALB=1; Path=/',
    };
    const trace = drawTrace([...lost(0, 'a', place), ...lost(2000, 'b', place)]);
    expect(alarms(trace).filter((line) => line.includes('unknown-session'))).toEqual([]);
    expect(foundLines(trace)).toContain('error unknown-session s3 < omitted-credentials');
  });
});

describe('nothing was lost', () => {
  it.each([
    ['a session that works', [handshake(0, 'a'), poll(30, 'a', 20, ['40']), poll(60, 'a', 900, ['2'])]],
    [
      'a session that the page had closed',
      [
        handshake(0, 'a'),
        poll(30, 'a', 20, ['40']),
        post(900, 'a', ['41', '1']),
        pollThat(
          60,
          'a',
          '+845 headers 400 application/json | +1 raw {"code":1,"message":"Session ID unknown"} | +1 end',
        ),
      ],
    ],
    [
      'a laptop that had slept',
      [handshake(0, 'a'), poll(30, 'a', 25_000, ['2']), pollThat(3_600_000, 'a', UNKNOWN_SESSION)],
    ],
    [
      'a 400 for another reason',
      [
        handshake(0, 'a'),
        pollThat(
          30,
          'a',
          '+15 headers 400 application/json | +1 raw {"code":3,"message":"Bad request"} | +1 end',
        ),
      ],
    ],
    [
      'a refused first handshake',
      [
        pollThat(
          0,
          '',
          '+15 headers 400 application/json | +1 raw {"code":1,"message":"x"} | +1 end',
        ).replace('&sid=', ''),
      ],
    ],
    [
      'another API that speaks of code 1',
      [
        'ask fetch GET https://api.test/x?sid=1 | 30 headers 400 application/json | +1 raw {"code":1} | +1 end',
      ],
    ],
  ])('%s', (_, timelines) => {
    expect(findingOf(drawTrace(timelines), 'unknown-session')).toBeUndefined();
  });

  it.each([
    [
      'its body was not recorded',
      [handshake(0, 'a'), pollThat(30, 'a', '+15 headers 400 application/json | +1 bytes 41 | +1 end')],
    ],
    ['nothing came before', [pollThat(30, 'a', UNKNOWN_SESSION)]],
  ])('is not known where %s', (_, timelines) => {
    const trace = drawTrace(timelines);
    expect(findingOf(trace, 'unknown-session')).toBeUndefined();
    expect(incompleteOf(trace, 'unknown-session')).toHaveLength(1);
  });
});
