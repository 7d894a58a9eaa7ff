import { expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';
import { drawJob } from '../../support/jobs';
import { handshake, poll, pollThat, UNKNOWN_SESSION } from '../../support/socket-io';

const SAME = { api: 'https://app.test' };
const TURNS = ['404', 'running', '404', 'running', '404'];

it('explains a job that is known and unknown by turns', () => {
  expect(foundLines(drawJob(TURNS, SAME))).toEqual([
    'error missing-affinity s2',
    'error lost-job s2 < missing-affinity',
  ]);
});

it('is proven when the backends name themselves', () => {
  const trace = drawJob(TURNS, { ...SAME, answer: (poll) => `x-served-by: node-${poll % 2}` });
  expect(findingOf(trace, 'missing-affinity')?.confidence).toBe('proven');
});

const unknown = (
  n: number,
  at: number,
) => `${at} ask xhr GET https://app.test/socket.io/?EIO=4&transport=polling&sid=S${n}
  ${at + 9} headers 400 application/json
  ${at + 10} raw {"code":1,"message":"Session ID unknown"}
  ${at + 11} end`;

it('explains fresh sessions that are unknown again and again', () => {
  const trace = drawTrace([unknown(1, 0), unknown(2, 1000), unknown(3, 2000)]);
  expect(findingOf(trace, 'missing-affinity')?.severity).toBe('error');
});

it.each([
  ['one session lost once: the server was restarted', drawTrace([unknown(1, 0)])],
  [
    'two clients of one page that lose their sessions at once: the server was restarted',
    drawTrace([
      handshake(0, 'a'),
      handshake(10, 'b'),
      poll(30, 'a', 2000, ['2']),
      poll(40, 'b', 2000, ['2']),
      pollThat(2100, 'a', UNKNOWN_SESSION),
      pollThat(2110, 'b', UNKNOWN_SESSION),
    ]),
  ],
  [
    'a laptop that slept twice',
    drawTrace(
      [0, 4_000_000].flatMap((at) => [
        handshake(at, `s${at}`),
        poll(at + 30, `s${at}`, 2000, ['2']),
        pollThat(at + 3_600_000, `s${at}`, UNKNOWN_SESSION),
      ]),
    ),
  ],
  [
    'sessions that live long before each is lost: restarts',
    drawTrace(
      [0, 100_000].flatMap((at) => [
        handshake(at, `s${at}`),
        ...[0, 1, 2].map((n) => poll(at + 30 + n * 25_000, `s${at}`, 24_900, ['2'])),
        pollThat(at + 76_000, `s${at}`, UNKNOWN_SESSION),
      ]),
    ),
  ],
  ['a job lost for good, with no sign of a second server', drawJob(['404', '404'], SAME)],
  ['a job that was asked about before it was stored', drawJob(['404', '404', 'running', 'done'], SAME)],
  ['a job that was forgotten', drawJob(['running', 'running', '404', '404'], SAME)],
  ['one backend', drawJob(['running', 'running', 'succeeded'], SAME)],
  [
    'a pin that is set and comes back',
    drawJob(TURNS, {
      ...SAME,
      answer: () => 'set-cookie: SERVERID=a; Path=/',
      ask: (poll) => (poll > 0 ? 'cookie: SERVERID=a' : ''),
    }),
  ],
])('is silent for %s', (_, trace) => expect(findingOf(trace, 'missing-affinity')).toBeUndefined());

it('says nothing of healthy jobs', () => {
  expect(alarms(drawJob(['running', 'succeeded'], SAME))).toEqual([]);
});

it('cannot tell without cookies', () => {
  const trace = drawJob(TURNS, SAME);
  trace.meta.missing.push('cookies');
  expect(findingOf(trace, 'missing-affinity')).toBeUndefined();
  expect(incompleteOf(trace, 'missing-affinity')).not.toEqual([]);
  expect(findingOf(trace, 'lost-job')?.severity).toBe('error');
});
