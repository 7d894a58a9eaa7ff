import { describe, expect, it, vi } from 'vitest';
import { createDecoder } from '../../../src/decode/decoder';
import { importHar } from '../../../src/exchange/import/har';
import { parseHarEntry } from '../../../src/exchange/import/har-entry';
import { protocolName } from '../../../src/exchange/import/protocol-name';
import { UnusableFile } from '../../../src/exchange/import/unusable-file';
import { encodeBase64 } from '../../../src/lib/base64';
import { encodeUtf8 } from '../../../src/lib/text';
import { Confidence, type StreamRecord } from '../../../src/trace/types';
import type { HarView } from '../../../src/trace/views';
import { type EntryOptions, HAR_START, HAR_START_MS, harEntry, harFile } from '../../support/har';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 60_000 });

function streamOf(options: EntryOptions): StreamRecord {
  const { trace, problems } = importHar(harFile([harEntry(options)]));
  expect(problems).toEqual([]);
  return trace.streams[0]!;
}

function viewOf(entry: unknown): HarView {
  const view = parseHarEntry(entry);
  if ('problem' in view) throw new Error(view.problem);
  return view;
}

describe('times', () => {
  it('puts the first byte after blocked, dns, connect, send and wait', () => {
    const { timing, end } = streamOf({ wait: 3000, receive: 200 });
    expect(timing).toMatchObject({ startedAtMs: 0, sentAtMs: 3, headersAtMs: 3003, firstByteAtMs: 3003 });
    expect(timing.phases).toMatchObject({ blockedMs: 1, dnsMs: null, waitMs: 3000, receiveMs: 200 });
    expect(end).toMatchObject({ kind: 'complete', atMs: 3203 });
  });

  it('keeps the arrival times of events', () => {
    const stream = streamOf({
      wait: 10,
      receive: 900,
      events: [
        [100, 'a'],
        [500, 'b', 'token', '7'],
        [900, 'c'],
      ],
    });
    expect(stream.messages.atMs.map(Math.round)).toEqual([100, 500, 900]);
    expect(stream.messages.confidence).toEqual([0, 0, 0]);
    expect(stream.messages.name).toEqual(['message', 'token', 'message']);
    expect(stream.messages.lastEventId).toEqual(['', '7', '']);
    expect(createDecoder(stream).decoded.events.data).toEqual(['a', 'b', 'c']);
  });

  it('does not take the stamp of the request start for an arrival', () => {
    const stream = streamOf({
      wait: 3000,
      receive: 900,
      events: [
        [0, 'a'],
        [0, 'b'],
        [3500, 'c'],
      ],
    });
    expect(stream.messages.atMs.map(Math.round)).toEqual([3003, 3003, 3500]);
    expect(stream.messages.confidence).toEqual([Confidence.bounded, Confidence.bounded, Confidence.arrived]);
  });

  it('never runs backwards', () => {
    const stream = streamOf({
      wait: 1,
      receive: 900,
      events: [
        [500, 'a'],
        [400, 'b'],
        [600, 'c'],
      ],
    });
    expect(stream.messages.atMs.map(Math.round)).toEqual([500, 500, 600]);
  });

  it('knows only bounds for events that are nowhere but in the body', () => {
    const stream = streamOf({ wait: 3300, receive: 1, text: 'data: a\n\ndata: b\n\n' });
    expect(stream.timing.firstByteAtMs).toBe(3303);
    expect(stream.chunks).toMatchObject({ atMs: [3304], byteLength: [18], confidence: [Confidence.bounded] });
    expect(stream.losses).toEqual(['no-chunk-times']);
    const { decoded } = createDecoder(stream);
    expect(decoded.events.data).toEqual(['a', 'b']);
    expect(decoded.events.confidence).toEqual([Confidence.bounded, Confidence.bounded]);
  });

  it.each([
    ['seconds', 1000],
    ['milliseconds', 1],
  ])('reads message times in %s', (_, divisor) => {
    const entry = harEntry({ wait: 1, receive: 900 });
    entry._webSocketMessages = [
      { type: 'receive', time: (HAR_START_MS + 250) / divisor, opcode: 1, data: 'x' },
    ];
    expect(viewOf(entry).webSocketMessages[0]!.epochMs).toBeCloseTo(HAR_START_MS + 250, 0);
  });

  it.each([
    ['in connect, as HAR says', 13, 10],
    ['apart, as Firefox and Playwright write', 18, 15],
  ])('counts TLS once when it is %s', (_, time, connectMs) => {
    const entry = harEntry();
    entry.timings = { blocked: 0, dns: 0, connect: 10, ssl: 5, send: 0, wait: 2, receive: 1 };
    entry.time = time;
    expect(viewOf(entry).phases!.connectMs).toBe(connectMs);
  });

  it('lets -1, strings and nonsense be unknown', () => {
    const entry = harEntry();
    entry.timings = { blocked: -1, dns: 'soon', connect: 1e300, wait: -5, send: null };
    entry.time = -1;
    const view = viewOf(entry);
    expect(Object.values(view.phases!)).toEqual([null, null, null, null, null, null, null]);
    expect(view.endedEpochMs).toBe(HAR_START_MS);
    const stream = importHar(harFile([entry])).trace.streams[0]!;
    expect(stream.timing.firstByteAtMs).toBeNull();
  });

  it('reads local times with an offset', () => {
    const entry = { ...harEntry(), startedDateTime: '2026-03-01T12:00:00.000+02:00' };
    expect(viewOf(entry).startedEpochMs).toBe(HAR_START_MS);
  });
});

describe('how it ended', () => {
  it.each<[string, EntryOptions, { kind: string; netError?: string }]>([
    ['an answer', {}, { kind: 'complete' }],
    [
      'a cut',
      { error: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING' },
      { kind: 'error', netError: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING' },
    ],
    ['a refused connection', { status: 0, error: 'net::ERR_CONNECTION_REFUSED' }, { kind: 'error' }],
    ['an abort', { error: 'net::ERR_ABORTED' }, { kind: 'aborted', netError: 'net::ERR_ABORTED' }],
    [
      'a CORS refusal with the real status beside it',
      { status: 504, error: 'net::ERR_FAILED' },
      { kind: 'refused', netError: 'net::ERR_FAILED' },
    ],
    [
      'EventSource with a wrong type',
      { type: 'eventsource', contentType: 'application/json' },
      { kind: 'refused' },
    ],
    ['EventSource with an error status', { type: 'eventsource', status: 503 }, { kind: 'refused' }],
    ['EventSource told to stop', { type: 'eventsource', status: 204 }, { kind: 'complete' }],
  ])('%s', (_, options, expected) => {
    expect(streamOf(options).end).toMatchObject(expected);
  });

  it('keeps the status behind a CORS refusal, and no response where there was none', () => {
    expect(streamOf({ status: 504, error: 'net::ERR_FAILED' }).response!.status).toBe(504);
    expect(streamOf({ status: 0, error: 'net::ERR_EMPTY_RESPONSE' }).response).toBeNull();
  });

  it('knows a failed WebSocket handshake by its one error message', () => {
    const stream = streamOf({
      type: 'websocket',
      url: 'wss://app.example/socket',
      status: 0,
      frames: [[0, 'error', 'Error during WebSocket handshake: Unexpected response code: 502', -1]],
    });
    expect(stream.end).toMatchObject({ kind: 'refused', message: expect.stringContaining('502') });
    expect(stream.messages.atMs).toEqual([]);
    expect(stream.response).toBeNull();
  });

  it('knows a WebSocket that was still open', () => {
    const options: EntryOptions = {
      type: 'websocket',
      url: 'wss://app.example/s',
      status: 101,
      wait: 30,
      receive: 0,
    };
    expect(streamOf({ ...options, frames: [[5000, 'receive', 'hi']] }).end).toBeNull();
    const closed = streamOf({ ...options, receive: 9000, frames: [[5000, 'receive', 'hi']] });
    expect(closed.end).toMatchObject({ kind: 'complete', atMs: 9033 });
  });
});

describe('what was exchanged', () => {
  it('reads frames of both directions, binary ones as bytes', () => {
    const { messages } = streamOf({
      type: 'websocket',
      url: 'wss://app.example/s',
      status: 101,
      receive: 500,
      frames: [
        [200, 'send', 'hé'],
        [300, 'receive', 'AQID', 2],
      ],
    });
    expect(messages.direction).toEqual([1, 0]);
    expect(messages.byteLength).toEqual([3, 3]);
    expect(messages.payload).toEqual(['hé', Uint8Array.of(1, 2, 3)]);
  });

  it('reads base64 bodies, text or not', () => {
    const text = harEntry({ contentType: 'text/event-stream' });
    const content = (bytes: Uint8Array) => ({
      size: bytes.length,
      mimeType: 'x',
      text: encodeBase64(bytes),
      encoding: 'base64',
    });
    (text.response as Record<string, unknown>).content = content(encodeUtf8('data: é\n\n'));
    const bytes = harEntry();
    (bytes.response as Record<string, unknown>).content = content(Uint8Array.of(255, 254));
    const { streams } = importHar(harFile([text, bytes])).trace;
    expect(streams[0]!.response!.body!.text).toBe('data: é\n\n');
    expect(streams[1]!.response!.body).toBeNull();
    expect(streams[1]!.chunks.byteLength).toEqual([2]);
  });

  it('drops HTTP/2 framing from the headers and keeps what repeats', () => {
    const entry = harEntry();
    (entry.response as Record<string, unknown>).headers = [
      { name: 'Set-Cookie', value: 'a=1' },
      { name: 'Set-Cookie', value: 'b=2' },
      { name: 'x-broken' },
      'nonsense',
    ];
    const view = viewOf(entry);
    expect(view.requestHeaders).toEqual([['accept', '*/*']]);
    expect(view.responseHeaders).toEqual([
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
      ['x-broken', ''],
    ]);
    expect(view.problems).toEqual(['1 response headers could not be read.']);
  });

  it('cuts long bodies and says so', () => {
    const stream = streamOf({ text: 'data: é\n\n'.repeat(200_000) });
    expect(stream.response!.body!.truncated).toBe(true);
    expect(stream.response!.body!.byteLength).toBe(2_000_000);
    expect(stream.losses).toContain('payload-capped');
  });

  it('keeps no bodies of pictures and scripts, but their connections', () => {
    const stream = streamOf({ type: 'script', contentType: 'text/javascript', text: 'alert(1)' });
    expect(stream).toMatchObject({ kind: 'other', response: { body: null, connectionId: '41' } });
  });

  it('tells the connection id from the port', () => {
    const chrome = viewOf(harEntry());
    expect(chrome.connectionId).toBe('41');
    expect(viewOf({ ...harEntry(), _connectionId: undefined }).connectionId).toBeNull();
    expect(viewOf({ ...harEntry(), _connectionId: undefined, connection: '812' }).connectionId).toBe('812');
  });
});

describe('kinds', () => {
  it.each<[string, Record<string, unknown>, HarView['kind']]>([
    ['fetch', { _resourceType: 'fetch' }, 'fetch'],
    ['EventSource', { _resourceType: 'eventsource' }, 'eventsource'],
    ['a stylesheet', { _resourceType: 'stylesheet' }, 'other'],
    ['a WebSocket by its messages', { _resourceType: undefined, _webSocketMessages: [{}] }, 'websocket'],
    ['fetch, when nothing says otherwise', { _resourceType: undefined }, 'fetch'],
  ])('knows %s', (_, more, kind) => {
    expect(viewOf(harEntry({ more })).kind).toBe(kind);
  });

  it.each<[string, EntryOptions, HarView['kind']]>([
    [
      'EventSource',
      { requestHeaders: { accept: 'text/event-stream', 'cache-control': 'no-cache' } },
      'eventsource',
    ],
    [
      'fetch of events',
      { method: 'POST', requestHeaders: { accept: 'text/event-stream', 'cache-control': 'no-cache' } },
      'fetch',
    ],
    ['XHR', { requestHeaders: { 'X-Requested-With': 'XMLHttpRequest' } }, 'xhr'],
    ['a document', { requestHeaders: { 'sec-fetch-dest': 'iframe' } }, 'document'],
    ['a picture', { requestHeaders: { 'sec-fetch-dest': 'image' } }, 'other'],
    ['a font, by its type', { contentType: 'font/woff2' }, 'other'],
    ['a page, by its type', { contentType: 'text/html' }, 'document'],
    ['a WebSocket, by its handshake', { requestHeaders: { Upgrade: 'WebSocket' } }, 'websocket'],
  ])('tells %s without a resource type', (_, options, kind) => {
    const entry = harEntry(options);
    entry._resourceType = undefined;
    expect(viewOf(entry).kind).toBe(kind);
  });
});

it.each([
  ['HTTP/2', 'h2'],
  ['http/2.0', 'h2'],
  ['h2', 'h2'],
  ['H2C', 'h2'],
  ['h3', 'h3'],
  ['HTTP/3', 'h3'],
  ['h3-29', 'h3'],
  ['http/2+quic/46', 'h3'],
  ['HTTP/1.1', 'http/1.1'],
  ['http/1.0', 'http/1.0'],
  ['HTTP/1', 'http/1.1'],
  ['unknown', null],
  ['', null],
  ['data', null],
])('spells the protocol %j as %j', (spelled, name) => {
  expect(protocolName(spelled)).toBe(name);
});

describe('what the source cannot carry', () => {
  it('says nothing is missing but options and perhaps cookies from Chrome', () => {
    const { trace } = importHar(harFile([harEntry({ text: 'data: a\n\n' })]));
    expect(trace.meta.missing).toEqual(['request-options', 'cookies', 'secret-headers']);
    const full = importHar(
      harFile([harEntry({ requestHeaders: { Cookie: 'a=1', Authorization: 'Bearer x' } })]),
    );
    expect(full.trace.meta.missing).toEqual(['request-options']);
  });

  it.each([
    [
      'all lines are there: no cookie was set',
      'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'.length,
      false,
    ],
    ['a line is gone', 98, true],
    ['no size was noted', -1, true],
  ])('takes the size of the headers as a witness: %s', (_, headersSize, isMissing) => {
    const entry = harEntry() as { response: object };
    entry.response = { ...entry.response, httpVersion: 'HTTP/1.1', statusText: 'OK', headersSize };
    expect(importHar(harFile([entry])).trace.meta.missing.includes('cookies')).toBe(isMissing);
  });

  it('trusts writers that leave nothing out', () => {
    const { trace } = importHar(harFile([harEntry()], { creator: { name: 'Playwright', version: '1.65' } }));
    expect(trace.meta.missing).not.toContain('cookies');
  });

  it('knows what other writers leave out', () => {
    const socket = harEntry({ type: 'websocket', url: 'wss://a.example/', status: 101 });
    const { trace } = importHar(
      harFile([harEntry({ size: 40 }), socket], { creator: { name: 'Firefox', version: '140' } }),
    );
    expect(trace.meta.missing).toEqual(
      expect.arrayContaining(['chunk-times', 'bodies', 'network-errors', 'frames']),
    );
    expect(trace.meta.recorderVersion).toBe('Firefox 140');
  });
});

describe('files', () => {
  it('orders streams by their start and puts the origin at the first', () => {
    const { trace } = importHar(harFile([harEntry({ startMs: 500, url: 'https://b.example/' }), harEntry()]));
    expect(trace.meta.originEpochMs).toBe(HAR_START_MS);
    expect(trace.meta.pageUrl).toBe('https://app.example/');
    expect(trace.streams.map(({ id, request, timing }) => [id, request.url, timing.startedAtMs])).toEqual([
      ['s1', 'https://app.example/chat', 0],
      ['s2', 'https://b.example/', 500],
    ]);
  });

  it('leaves out what cannot be read and says why', () => {
    const { trace, problems } = importHar(
      harFile([
        harEntry(),
        null,
        { startedDateTime: HAR_START },
        { ...harEntry(), startedDateTime: 'yesterday' },
        harEntry({ url: '/chat' }),
        harEntry({ url: 'data:text/plain,x' }),
      ]),
    );
    expect(trace.streams).toHaveLength(1);
    expect(problems).toEqual([
      'Entry 2 was left out: The entry is missing or has the wrong type.',
      'Entry 3 was left out: request is missing or has the wrong type.',
      'Entry 4 was left out: startedDateTime is not a date.',
      'Entry 5 was left out: request.url is not an absolute address.',
    ]);
  });

  it('tells many problems as a number', () => {
    const { problems } = importHar(harFile(Array.from({ length: 50 }, () => null)));
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe('30 more problems of this kind.');
  });

  it('reads so many entries and no more, and counts the rest', () => {
    const entry = { startedDateTime: HAR_START, request: { url: 'https://app.example/' } };
    const { trace, problems } = importHar(harFile(Array.from({ length: 100_005 }, () => entry)));
    expect(trace.streams).toHaveLength(trace.limits.maxStreams);
    expect(problems).toContain('5 entries beyond the first 100000 were not read.');
  });

  it('keeps as many streams as a trace may hold, and counts the rest', () => {
    const { trace, problems } = importHar(harFile(Array.from({ length: 10_005 }, () => harEntry())));
    expect(trace.streams).toHaveLength(10_000);
    expect(trace.loss.droppedStreams).toBe(5);
    expect(problems).toEqual(['5 requests beyond the first 10000 were left out.']);
  });

  it.each([null, [], {}, { log: {} }, { log: { entries: {} } }, 'x', 5])('refuses %j', (value) => {
    expect(() => importHar(value, { name: 'x.har' })).toThrow(UnusableFile);
    expect(() => importHar(value, { name: 'x.har' })).toThrow(/x\.har is not a HAR file/);
  });

  it('opens an empty recording', () => {
    expect(importHar(harFile([])).trace.streams).toEqual([]);
  });
});
