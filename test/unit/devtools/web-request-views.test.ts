import { describe, expect, it } from 'vitest';
import {
  type RequestDetails,
  type RequestEvent,
  WebRequestViews,
} from '../../../src/devtools/web-request-views';
import type { NetworkView } from '../../../src/trace/views';

type Step = [event: RequestEvent, timeStamp: number, change?: Partial<RequestDetails>];

/** The last view of each request after these events. */
function lastViews(steps: Step[], base: Partial<RequestDetails> = {}): NetworkView[] {
  const last = new Map<string, NetworkView>();
  const views = new WebRequestViews((view) => last.set(view.requestId, view));
  for (const [event, timeStamp, change] of steps) {
    views.handle(event, {
      requestId: '1',
      url: 'https://app.test/a',
      method: 'GET',
      type: 'xmlhttprequest',
      documentId: 'doc',
      timeStamp,
      ...base,
      ...change,
    });
  }
  return [...last.values()];
}

describe('views from webRequest', () => {
  it('grow from start to end', () => {
    const [view] = lastViews([
      ['onBeforeRequest', 1],
      ['onSendHeaders', 2, { requestHeaders: [{ name: 'Cookie', value: 'a=b' }] }],
      [
        'onHeadersReceived',
        3,
        {
          statusCode: 200,
          statusLine: 'HTTP/1.1 200 Fine',
          responseHeaders: [{ name: 'Set-Cookie', value: 'c=d' }],
        },
      ],
      ['onResponseStarted', 4, { ip: '127.0.0.1', fromCache: true }],
      ['onCompleted', 5],
    ]);
    expect(view).toMatchObject({
      kind: 'fetch',
      frameKey: 'doc',
      startedEpochMs: 1,
      sentEpochMs: 2,
      requestHeaders: [['Cookie', 'a=b']],
      headersEpochMs: 3,
      status: 200,
      statusText: 'Fine',
      responseHeaders: [['Set-Cookie', 'c=d']],
      remoteAddress: '127.0.0.1',
      fromCache: true,
      endedEpochMs: 5,
      netError: null,
    });
  });

  it('know an EventSource by what it accepts', () => {
    const accept = (value: string): Step => [
      'onSendHeaders',
      2,
      { requestHeaders: [{ name: 'Accept', value }] },
    ];
    expect(lastViews([['onBeforeRequest', 1], accept('text/event-stream')])[0]!.kind).toBe('eventsource');
    expect(lastViews([['onBeforeRequest', 1], accept('*/*')])[0]!.kind).toBe('fetch');
  });

  it('follow redirects under the first address', () => {
    const [view] = lastViews([
      ['onBeforeRequest', 1],
      ['onHeadersReceived', 2, { statusCode: 302, statusLine: 'HTTP/1.1 302 Found' }],
      ['onBeforeRedirect', 3, { redirectUrl: 'https://app.test/b' }],
      ['onBeforeRequest', 4, { url: 'https://app.test/b' }],
      ['onHeadersReceived', 5, { url: 'https://app.test/b', statusCode: 200 }],
      ['onCompleted', 6, { url: 'https://app.test/b' }],
    ]);
    expect(view).toMatchObject({
      url: 'https://app.test/a',
      finalUrl: 'https://app.test/b',
      redirected: true,
      hopStartedEpochMs: 4,
      startedEpochMs: 1,
      status: 200,
      headersEpochMs: 5,
    });
  });

  it('end with the error, the status beside it', () => {
    const [view] = lastViews([
      ['onBeforeRequest', 1],
      ['onHeadersReceived', 2, { statusCode: 504 }],
      ['onErrorOccurred', 3, { error: 'net::ERR_FAILED' }],
    ]);
    expect(view).toMatchObject({ status: 504, netError: 'net::ERR_FAILED', endedEpochMs: 3 });
  });

  it('do not take the end of a handshake for the end of a WebSocket', () => {
    const [view] = lastViews(
      [
        ['onBeforeRequest', 1],
        ['onHeadersReceived', 2, { statusCode: 101 }],
        ['onCompleted', 3],
      ],
      { type: 'websocket', url: 'wss://app.test/ws' },
    );
    expect(view).toMatchObject({ kind: 'websocket', status: 101, endedEpochMs: null });
  });

  it('leave out requests whose start was missed', () => {
    expect(lastViews([['onCompleted', 5, { statusCode: 200 }]])).toEqual([]);
  });

  it('tell of top pages, not of frames', () => {
    const heard: number[] = [];
    const views = new WebRequestViews(
      () => undefined,
      (ms) => heard.push(ms),
    );
    const page = { url: 'https://app.test/', method: 'GET' };
    views.handle('onBeforeRequest', { ...page, requestId: '1', type: 'main_frame', timeStamp: 1 });
    views.handle('onBeforeRequest', { ...page, requestId: '1', type: 'main_frame', timeStamp: 2 });
    views.handle('onBeforeRequest', { ...page, requestId: '2', type: 'sub_frame', timeStamp: 3 });
    expect(heard).toEqual([1]);
  });
});
