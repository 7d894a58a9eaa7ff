import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, incompleteOf } from '../../support/found';

const CHAT = 'ask fetch POST https://api.test/chat / body={"stream":true}';
const talk = (end: string) =>
  `${CHAT} | 100 headers 200 text/event-stream | +80x40 ~30 data {n} | +300 ${end}`;

describe('a lost connection', () => {
  it.each([
    ['net::ERR_INCOMPLETE_CHUNKED_ENCODING', /before the last chunk/],
    ['net::ERR_INVALID_CHUNKED_ENCODING', /killed worker/],
    ['net::ERR_CONTENT_LENGTH_MISMATCH', /shorter than its declared length/],
    ['net::ERR_CONNECTION_RESET', /reset/],
    ['net::ERR_CONNECTION_CLOSED', /closed in the middle/],
    ['net::ERR_HTTP2_PING_FAILED', /ping got no answer/],
    ['net::ERR_SOMETHING_NEW', /^ERR_SOMETHING_NEW ended the stream after .* 3\.\d\d s\.$/],
  ])('%s', (error, summary) => {
    const trace = drawTrace(talk(`error ${error} TypeError: network error`));
    expect(alarms(trace)).toEqual(['error connection-lost s1']);
    expect(findingOf(trace, 'connection-lost')!.summary).toMatch(summary);
  });

  it.each([
    ['without a name, seen by the page only', talk('error TypeError: network error')],
    [
      'an EventSource',
      'ask eventsource GET https://api.test/e | 50 headers 200 text/event-stream | +1s data x | +1s error net::ERR_INCOMPLETE_CHUNKED_ENCODING',
    ],
    ['a WebSocket', 'ask websocket GET wss://api.test/e | 50 headers 101 | +1s data x | +1s close 1006'],
    ['before any answer', `${CHAT} | 300 error net::ERR_EMPTY_RESPONSE TypeError: Failed to fetch`],
  ])('%s', (_, timeline) => {
    expect(alarms(drawTrace(timeline))).toEqual(['error connection-lost s1']);
  });

  it.each(['ERR_NETWORK_CHANGED', 'ERR_INTERNET_DISCONNECTED', 'ERR_NETWORK_IO_SUSPENDED'])(
    'is only worth knowing when it was the network of the user: %s',
    (error) => {
      const trace = drawTrace(talk(`error net::${error} TypeError: network error`));
      expect(alarms(trace)).toEqual([]);
      expect(findingOf(trace, 'connection-lost')).toMatchObject({ severity: 'info' });
      expect(findingOf(trace, 'connection-lost')!.summary).toMatch(/the user's/);
    },
  );

  it('shows nothing of a forged error name', () => {
    const trace = drawTrace(talk('error TypeError: network error'));
    trace.streams[0]!.end!.netError = 'net::ERR_<img src=x onerror=1>\u202e';
    expect(findingOf(trace, 'connection-lost')!.summary).not.toMatch(/img/);
  });
});

describe('no lost connection', () => {
  it.each([
    ['a normal end', talk('end')],
    [
      'an EventSource that ended, as the network saw it',
      'ask eventsource GET https://api.test/e | 50 headers 200 text/event-stream | +1s data x | +1s error',
    ],
    ['aborted by the page', talk('abort AbortError')],
    ['aborted, as DevTools says', talk('error net::ERR_ABORTED')],
    ['blocked by an extension', `${CHAT} | 20 error net::ERR_BLOCKED_BY_CLIENT TypeError: Failed to fetch`],
    ['refused by CORS', `${CHAT} | 20 refused net::ERR_FAILED TypeError: Failed to fetch`],
    ['a WebSocket that never opened', 'ask websocket GET wss://api.test/e | 50 refused | 50 close 1006'],
    [
      'a WebSocket that said goodbye',
      'ask websocket GET wss://api.test/e | 50 headers 101 | +1s data x | +1s close 1000',
    ],
    [
      'a WebSocket of a page that left',
      'ask websocket GET wss://api.test/e | 50 headers 101 | +1s data x | +1s abort',
    ],
    [
      'an ordinary call',
      'ask fetch GET https://api.test/x | 60 error net::ERR_CONNECTION_RESET TypeError: Failed to fetch',
    ],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'connection-lost')).toBeUndefined();
  });

  it.each([
    [
      'an EventSource error without a name',
      'ask eventsource GET https://api.test/e / seen=tap | 50 headers 200 text/event-stream | +1s data x | +1s error',
    ],
    ['a failed fetch without a name', `${CHAT} / seen=tap | 60 refused TypeError: Failed to fetch`],
  ])('is undecided for %s', (_, timeline) => {
    const trace = drawTrace(timeline);
    expect(findingOf(trace, 'connection-lost')).toBeUndefined();
    expect(incompleteOf(trace, 'connection-lost')).toHaveLength(1);
  });
});
