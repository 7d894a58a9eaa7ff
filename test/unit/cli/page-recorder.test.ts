import { describe, expect, it } from 'vitest';
import type { CdpObject, CdpSession } from '../../../src/cli/chromium/cdp';
import type { Bridge, NetworkSource } from '../../../src/cli/chromium/pages';
import { PageRecorder } from '../../../src/cli/recorder/page-recorder';
import { MAX_MESSAGE_BYTES } from '../../../src/protocol/messages';

const NOW_S = Date.now() / 1000;

function setUp() {
  const recorder = new PageRecorder({
    version: '0',
    onLoad: () => undefined,
    onEnd: () => undefined,
    onPartCrash: () => undefined,
  });
  const commands: CdpObject[] = [];
  const bridge: Bridge = {
    frameId: 'F1',
    isTop: true,
    isOpened: false,
    send: (json) => commands.push(JSON.parse(json) as CdpObject),
  };
  recorder.bridgeOpened(bridge);
  return { recorder, bridge, commands };
}

/** A session whose browser has `bodies` by request id, and knows nothing else. */
function sourceOf(id: string, bodies: Record<string, string> = {}, isWorker = false): NetworkSource {
  const asked: string[] = [];
  const session = {
    id,
    asked,
    send: async (method: string, { requestId }: { requestId: string }) => {
      asked.push(`${method} ${requestId}`);
      if (method !== 'Network.getResponseBody' || bodies[requestId] === undefined) throw new Error('No data');
      return { body: bodies[requestId], base64Encoded: false };
    },
  };
  return { session: session as unknown as CdpSession, isWorker, topFrameId: isWorker ? null : 'F1' };
}

/** One whole request as the protocol tells it, begun in one session and ended in another. */
function tell(recorder: PageRecorder, begin: NetworkSource, end: NetworkSource, own: CdpObject = {}): void {
  const { requestId = 'r1', type = 'Fetch', size = 2, mimeType = 'application/json' } = own;
  const url = `https://a.example/${String(requestId)}`;
  recorder.networkEvent(
    'Network.requestWillBeSent',
    {
      requestId,
      type,
      timestamp: 10,
      wallTime: NOW_S,
      frameId: 'F1',
      request: own.request ?? { url, method: 'GET', headers: {} },
    },
    begin,
  );
  recorder.networkEvent(
    'Network.responseReceived',
    {
      requestId,
      timestamp: 10.1,
      response: { status: 200, headers: { 'Content-Type': mimeType }, mimeType },
    },
    begin,
  );
  recorder.networkEvent('Network.dataReceived', { requestId, timestamp: 10.2, dataLength: size }, end);
  recorder.networkEvent(
    'Network.loadingFinished',
    { requestId, timestamp: 10.3, encodedDataLength: size },
    end,
  );
}

describe('what pages can forge', () => {
  it.each([
    ['no JSON', '{"type":'],
    ['no message', '{"type":"batch"}'],
    ['a message larger than any may be', JSON.stringify('x'.repeat(1.5 * MAX_MESSAGE_BYTES))],
  ])('%s is refused and counted, and the tap may go on', async (_, json) => {
    const { recorder, bridge, commands } = setUp();
    expect(commands.map(({ type }) => type)).toEqual(['config', 'credit']);
    recorder.bridgeMessage(bridge, json);
    expect(commands.at(-1)).toEqual({ type: 'credit', batches: 1 });
    const trace = await recorder.finish();
    expect(trace.loss.refusedMessages).toBe(1);
  });

  it('comes to nothing from a bridge that is closed', async () => {
    const { recorder, bridge, commands } = setUp();
    recorder.bridgeClosed(bridge);
    recorder.bridgeMessage(bridge, 'nonsense');
    expect(commands).toHaveLength(2);
    expect((await recorder.finish()).loss.refusedMessages).toBe(0);
  });
});

describe('a body', () => {
  it('is asked of whoever ended the request, also when another began it', async () => {
    const { recorder } = setUp();
    tell(recorder, sourceOf('parent'), sourceOf('child', { r1: '<p>' }), { type: 'Document', size: 3 });
    const { streams } = await recorder.finish();
    expect(streams).toHaveLength(1);
    expect(streams[0]).toMatchObject({ kind: 'document', end: { kind: 'complete' } });
    expect(streams[0]?.response?.body?.text).toBe('<p>');
  });

  it('is not asked for when it is large', async () => {
    const { recorder } = setUp();
    const source = sourceOf('page', { r1: 'never' });
    tell(recorder, source, source, { size: 2 * 1024 * 1024 });
    const { streams } = await recorder.finish();
    expect((source.session as unknown as { asked: string[] }).asked).toEqual([]);
    expect(streams[0]?.losses).toContain('no-body');
  });

  it('that cannot be had leaves the rest as it is', async () => {
    const { recorder } = setUp();
    tell(recorder, sourceOf('page'), sourceOf('page'));
    const { streams } = await recorder.finish();
    expect(streams[0]).toMatchObject({ end: { kind: 'complete' }, response: { status: 200, body: null } });
  });
});

describe('the body of a request that was not told with it', () => {
  it.each([
    ['bytes', 'application/octet-stream', 6, '\u0000\u0001ÿé'],
    ['a form with files', 'multipart/form-data; boundary=a', 6, null],
    ['a picture', 'image/png', 6, null],
    ['more than is kept of any', 'application/octet-stream', 1_000_000, null],
  ])('%s', async (_, contentType, byteLength, text) => {
    const { recorder } = setUp();
    const session = {
      id: 'page',
      send: async (method: string) => {
        if (method !== 'Network.getRequestPostData') throw new Error('No data');
        return { postData: Buffer.from([0, 1, 255, 233]).toString('base64'), base64Encoded: true };
      },
    };
    const source = { ...sourceOf('page'), session: session as unknown as CdpSession };
    tell(recorder, source, source, {
      request: {
        url: 'https://a.example/r1',
        method: 'POST',
        headers: { 'Content-Type': contentType, 'Content-Length': String(byteLength) },
        hasPostData: true,
      },
    });
    const { streams } = await recorder.finish();
    expect(streams[0]?.request.body?.text ?? null).toBe(text);
  });
});

describe('a frame, a worker or a window that is gone', () => {
  it.each([
    ['closed', 0],
    ['crashed', 1],
  ] as const)('because it %s takes with it what it had open, and nothing else', async (how, crashes) => {
    let count = 0;
    const recorder = new PageRecorder({
      version: '0',
      onLoad: () => undefined,
      onEnd: () => undefined,
      onPartCrash: () => {
        count++;
      },
    });
    const worker = sourceOf('worker', {}, true);
    const begin = (method: string, own: CdpObject, source: NetworkSource) =>
      recorder.networkEvent(
        method,
        { timestamp: 10, wallTime: NOW_S, request: { url: 'https://a.example/1', method: 'GET' }, ...own },
        source,
      );
    begin('Network.requestWillBeSent', { requestId: 'r1', type: 'Fetch' }, worker);
    recorder.networkEvent(
      'Network.webSocketCreated',
      { requestId: 'w1', url: 'wss://a.example/socket' },
      worker,
    );
    begin('Network.webSocketWillSendHandshakeRequest', { requestId: 'w1' }, worker);
    begin('Network.requestWillBeSent', { requestId: 'r1', type: 'Fetch' }, sourceOf('page'));
    recorder.sourceClosed(worker, how);
    const { streams } = await recorder.finish();
    expect(streams.map(({ kind, end }) => [kind, end !== null])).toEqual([
      ['fetch', true],
      ['fetch', false],
      ['websocket', true],
    ]);
    expect(streams[0]?.end?.kind).toBe('aborted');
    expect(count).toBe(crashes);
  });
});

it('takes nothing in after its end', async () => {
  const { recorder, bridge } = setUp();
  const trace = await recorder.finish();
  tell(recorder, sourceOf('page'), sourceOf('page'));
  recorder.bridgeMessage(bridge, 'nonsense');
  expect(trace.streams).toEqual([]);
  expect(trace.loss.refusedMessages).toBe(0);
});
