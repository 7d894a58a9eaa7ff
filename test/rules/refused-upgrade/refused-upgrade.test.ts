import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';
import { handshake, poll, socket } from '../../support/socket-io';

const ws = (at: number, steps: string, url = 'wss://api.test/live') =>
  `${at} ask websocket ${url} | ${steps}`;
const OPEN = '+30 headers 101 | +100x5 data hello | +10 close 1000';
const seenByHar = (at: number, steps: string, url?: string) =>
  ws(at, steps, url).replace(' | ', ' / seen=har | ');

describe('a handshake that failed', () => {
  it.each([
    [
      'answered 403',
      ws(0, '+40 headers 403 / server: awselb/2.0 | +1 close 1006'),
      /answered 403 instead of 101/,
    ],
    [
      'answered by a page',
      ws(0, '+40 headers 200 text/html | +1 close 1006'),
      /answered 200 .*speaks no WebSocket/,
    ],
    ['redirected', ws(0, '+40 headers 301 / location: /live/ | +1 refused'), /does not follow redirects/],
    ['answered 426', ws(0, '+40 headers 426 | +1 refused'), /Upgrade header did not get through/],
    [
      'seen from the page only',
      ws(0, '+40 close 1006'),
      /saw only close code 1006; the status was not recorded/,
    ],
    ['reset', ws(0, '+40 refused net::ERR_CONNECTION_RESET'), /failed with ERR_CONNECTION_RESET/],
    ['no server there', ws(0, '+40 refused net::ERR_CONNECTION_REFUSED'), /nothing accepts connections/],
    [
      'in a HAR, by the console’s words',
      seenByHar(0, '+40 refused Error during WebSocket handshake: Unexpected response code: 503'),
      /answered 503/,
    ],
    [
      'in a HAR, by the error’s name',
      seenByHar(0, '+40 refused Error in connection establishment: net::ERR_CONNECTION_REFUSED'),
      /ERR_CONNECTION_REFUSED/,
    ],
  ])('%s', (_, timeline, summary) => {
    const trace = drawTrace(timeline);
    expect(alarms(trace)).toEqual(['error refused-upgrade s1']);
    const finding = findingOf(trace, 'refused-upgrade')!;
    expect(finding).toMatchObject({ severity: 'error', confidence: 'proven' });
    expect(finding.summary).toMatch(summary);
  });

  it('is counted per service, whatever the query', () => {
    const trace = drawTrace([
      ws(0, '+40 headers 403 | +1 close 1006', 'wss://api.test/live?token=a'),
      ws(900, '+40 headers 403 | +1 close 1006', 'wss://api.test/live?token=b'),
      ws(1800, '+40 headers 403 | +1 close 1006', 'wss://api.test/other'),
    ]);
    expect(alarms(trace)).toEqual(['error refused-upgrade s1', 'error refused-upgrade s3']);
    expect(findingOf(trace, 'refused-upgrade')!.summary).toMatch(/403 instead of 101, 2 times/);
  });

  it('explains the loop that it causes', () => {
    const trace = drawTrace([0, 1, 2, 3, 4].map((n) => ws(n * 2000, '+40 error net::ERR_CONNECTION_RESET')));
    expect(alarms(trace)).toEqual(['error refused-upgrade s1']);
    expect(foundLines(trace)).toContain('error reconnect-loop s5 < refused-upgrade');
  });

  it('names App Runner by its host and says why', () => {
    const trace = drawTrace(
      socket(0, null, '+40 headers 403 / server: envoy | +1 close 1006', {
        url: 'https://xty4pkm2a2.eu-west-1.awsapprunner.com/socket.io/',
      }),
    );
    const finding = findingOf(trace, 'refused-upgrade')!;
    expect(finding.platforms).toContain('app-runner');
    expect(finding.summary).toMatch(/App Runner does not pass WebSockets/);
  });

  it('points at a dropped Upgrade header where Engine.IO answers 400', () => {
    const trace = drawTrace([
      handshake(0, 'a'),
      poll(40, 'a', 900, ['2']),
      socket(60, 'a', '+20 headers 400 text/html | +1 close 1006'),
      poll(1000, 'a', 900, ['2']),
    ]);
    const finding = findingOf(trace, 'refused-upgrade')!;
    expect(finding.summary).toMatch(/drops the Upgrade header/);
    expect(finding.platforms).toEqual(['nginx', 'socket-io']);
  });

  it('is worth knowing when it happened once and was over', () => {
    const trace = drawTrace([ws(0, '+40 headers 503 | +1 close 1006'), ws(2000, OPEN)]);
    expect(alarms(trace)).toEqual([]);
    expect(findingOf(trace, 'refused-upgrade')).toMatchObject({ severity: 'info' });
  });

  it('stays an error when every other one fails', () => {
    const trace = drawTrace([
      ws(0, OPEN),
      ws(1000, '+40 headers 400 | +1 close 1006'),
      ws(2000, OPEN),
      ws(3000, '+40 headers 400 | +1 close 1006'),
      ws(4000, OPEN),
    ]);
    expect(alarms(trace)).toEqual(['error refused-upgrade s2']);
  });
});

describe('no refusal', () => {
  it.each([
    ['a chat', [ws(0, OPEN)]],
    [
      'a socket that was lost after it had opened',
      [ws(0, '+30 headers 101 | +100x5 data x | +1 close 1006')],
    ],
    ['one that the page closed before it was open', [ws(0, '+20 abort')]],
    [
      'the same in a HAR',
      [seenByHar(0, '+5 refused WebSocket is closed before the connection is established.')],
    ],
    ['one that is still connecting', [ws(0, '')]],
    ['the user’s own network', [ws(0, '+20 refused net::ERR_INTERNET_DISCONNECTED')]],
    ['a blocker in the browser', [ws(0, '+5 refused net::ERR_BLOCKED_BY_CLIENT')]],
    [
      'a server that was away for a moment',
      [ws(0, OPEN), ws(900, '+5 refused net::ERR_CONNECTION_REFUSED'), ws(2500, OPEN)],
    ],
    [
      'a helper program that does not run',
      [ws(0, '+5 refused net::ERR_CONNECTION_REFUSED', 'ws://127.0.0.1:14735/bridge')],
    ],
    [
      'an EventSource',
      ['ask eventsource GET https://api.test/e | 40 headers 200 text/event-stream | +9 data x'],
    ],
  ])('%s', (_, timelines) => {
    expect(findingOf(drawTrace(timelines), 'refused-upgrade')).toBeUndefined();
  });

  it.each([
    ['one that opened as well', [seenByHar(0, '+4 refused'), seenByHar(20, OPEN)]],
    ['nothing else', [seenByHar(0, '+40 refused')]],
  ])('is not known where a HAR says nothing, and there is %s', (_, timelines) => {
    const trace = drawTrace(timelines);
    expect(findingOf(trace, 'refused-upgrade')).toBeUndefined();
    expect(incompleteOf(trace, 'refused-upgrade')).toHaveLength(1);
  });

  it('is likely where a HAR says nothing, and it is tried again and again', () => {
    const trace = drawTrace([0, 1500, 4000].map((at) => seenByHar(at, '+40 refused')));
    expect(findingOf(trace, 'refused-upgrade')).toMatchObject({ severity: 'error', confidence: 'likely' });
  });

  it('is likely where a HAR says nothing, and the session polls on', () => {
    const har = { ask: 'seen=har' };
    const trace = drawTrace([
      handshake(0, 'a', har),
      poll(40, 'a', 900, ['2'], har),
      socket(60, 'a', '+20 refused', har),
      poll(1000, 'a', 900, ['2'], har),
    ]);
    expect(alarms(trace)).toEqual(['error refused-upgrade s3', 'warning stuck-polling s1']);
    expect(findingOf(trace, 'refused-upgrade')).toMatchObject({ confidence: 'likely' });
  });
});
