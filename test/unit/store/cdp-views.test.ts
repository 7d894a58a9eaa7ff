import { describe, expect, it } from 'vitest';
import { CdpViews } from '../../../src/store/cdp-views';
import type { NetworkView } from '../../../src/trace/views';

type Event = [method: string, params: Record<string, unknown>];

/** The last view of each request after these events of the Network domain. */
function lastViews(events: Event[], options: Parameters<CdpViews['handle']>[2] = {}): NetworkView[] {
  const last = new Map<string, NetworkView>();
  const views = new CdpViews((view) => last.set(view.requestId, view));
  for (const [name, params] of events)
    views.handle(`Network.${name}`, { requestId: 'r', ...params }, options);
  return [...last.values()];
}

/** Monotonic seconds 100 are Unix second 1000. */
const SENT: Event = [
  'requestWillBeSent',
  {
    request: { url: 'https://app.test/a', method: 'POST', headers: { Accept: '*/*' } },
    type: 'Fetch',
    frameId: 'F',
    timestamp: 100,
    wallTime: 1000,
  },
];
const ANSWER: Event = [
  'responseReceived',
  {
    timestamp: 100.5,
    response: {
      status: 200,
      statusText: '',
      headers: { 'content-type': 'text/event-stream' },
      protocol: 'h2',
      remoteIPAddress: '[::1]',
      connectionId: 7,
      timing: { requestTime: 100.1, sendEnd: 2, receiveHeadersEnd: 300 },
    },
  },
];

describe('views from the DevTools protocol', () => {
  it('turn the protocol clock into the wall clock', () => {
    const [view] = lastViews([SENT, ANSWER, ['loadingFinished', { timestamp: 102 }]]);
    expect(view).toMatchObject({
      kind: 'fetch',
      frameKey: 'F',
      method: 'POST',
      startedEpochMs: 1_000_000,
      status: 200,
      protocol: 'h2',
      remoteAddress: '::1',
      connectionId: '7',
      endedEpochMs: 1_002_000,
      netError: null,
    });
    expect(view!.sentEpochMs).toBeCloseTo(1_000_102);
    expect(view!.headersEpochMs).toBeCloseTo(1_000_400);
  });

  it.each([
    ['in order', [0, 1, 2, 3]],
    ['extra info first', [1, 0, 3, 2]],
    ['extra info before everything', [1, 3, 0, 2]],
  ])('take headers and cookies from the wire: %s', (_, order) => {
    const events: Event[] = [
      SENT,
      [
        'requestWillBeSentExtraInfo',
        {
          headers: { cookie: 'a=b' },
          associatedCookies: [
            { blockedReasons: [], cookie: { name: 'a' } },
            { blockedReasons: ['SameSiteLax'], cookie: { name: 'AWSALB' } },
          ],
        },
      ],
      ANSWER,
      [
        'responseReceivedExtraInfo',
        {
          statusCode: 200,
          headers: { 'set-cookie': 'c=d\ne=f' },
          blockedCookies: [{ blockedReasons: ['SecureOnly'], cookieLine: 'c=d; Secure' }],
        },
      ],
    ];
    const [view] = lastViews(order.map((index) => events[index]!));
    expect(view).toMatchObject({
      requestHeaders: [['cookie', 'a=b']],
      withheldCookies: [{ name: 'AWSALB', reasons: ['SameSiteLax'] }],
      responseHeaders: [
        ['set-cookie', 'c=d'],
        ['set-cookie', 'e=f'],
      ],
      refusedCookies: [{ name: 'c', reasons: ['SecureOnly'] }],
      status: 200,
    });
  });

  it('follow redirects, and end with the error', () => {
    const [view] = lastViews([
      SENT,
      [
        'requestWillBeSent',
        {
          request: { url: 'https://app.test/b', method: 'GET', headers: {} },
          redirectResponse: { status: 302 },
          timestamp: 101,
          wallTime: 1001,
        },
      ],
      ['loadingFailed', { timestamp: 103, errorText: 'net::ERR_HTTP2_PROTOCOL_ERROR' }],
    ]);
    expect(view).toMatchObject({
      url: 'https://app.test/a',
      finalUrl: 'https://app.test/b',
      hopStartedEpochMs: 1_001_000,
      netError: 'net::ERR_HTTP2_PROTOCOL_ERROR',
      endedEpochMs: 1_003_000,
    });
  });

  it('know WebSockets by their handshake', () => {
    const [view] = lastViews([
      ['webSocketCreated', { url: 'wss://app.test/ws' }],
      [
        'webSocketWillSendHandshakeRequest',
        { timestamp: 100, wallTime: 1000, request: { headers: { Upgrade: 'websocket' } } },
      ],
      ['webSocketHandshakeResponseReceived', { timestamp: 100.2, response: { status: 101, headers: {} } }],
      ['webSocketFrameError', { timestamp: 101, errorMessage: 'net::ERR_CONNECTION_RESET' }],
      ['webSocketClosed', { timestamp: 101 }],
    ]);
    expect(view).toMatchObject({
      kind: 'websocket',
      url: 'wss://app.test/ws',
      startedEpochMs: 1_000_000,
      status: 101,
      headersEpochMs: 1_000_200,
      netError: 'net::ERR_CONNECTION_RESET',
      endedEpochMs: 1_001_000,
    });
  });

  it('book worker requests on no frame, and keep targets apart', () => {
    expect(lastViews([SENT], { isWorker: true, scope: 'w' })[0]).toMatchObject({
      frameKey: null,
      requestId: 'wr',
    });
  });

  it.each<[string, Event[]]>([
    ['no parameters', [['requestWillBeSent', {}]]],
    ['no time', [['requestWillBeSent', { ...SENT[1], wallTime: 'noon' }]]],
    ['events of unknown requests', [ANSWER, ['loadingFinished', { timestamp: 1 }]]],
    ['strange headers', [['responseReceivedExtraInfo', { headers: 5, blockedCookies: 'all' }]]],
  ])('leave out %s', (_, events) => {
    expect(lastViews(events)).toEqual([]);
  });

  it('do not trip over nonsense in a known request', () => {
    const [view] = lastViews([
      SENT,
      ['responseReceived', { response: null }],
      ['requestWillBeSentExtraInfo', { headers: [1], associatedCookies: [null, 5, { blockedReasons: [7] }] }],
      ['loadingFailed', {}],
    ]);
    expect(view).toMatchObject({ netError: 'net::ERR_FAILED', endedEpochMs: 1_000_000 });
  });
});
