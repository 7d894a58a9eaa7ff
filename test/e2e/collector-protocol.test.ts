import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleScript } from '../../src/build/script-plugin';
import type { CdpObject, CdpSession } from '../../src/cli/chromium/cdp';
import { findChromium } from '../../src/cli/chromium/find';
import { type LaunchedBrowser, launchChromium } from '../../src/cli/chromium/launch';
import { fromJson } from '../../src/protocol/json';
import type { TapCommand } from '../../src/protocol/messages';
import { CdpViews } from '../../src/store/cdp-views';
import { LiveRecording } from '../../src/store/recording';
import { TapSession } from '../../src/store/tap-session';
import { eventually } from './support/devtools';

const SRC = resolve(import.meta.dirname, '../../src');
const WORLD = 'streamgauge';

/** The contract of src/bridge/README.md, followed step by step without an extension. */
describe.skipIf(!findChromium())('recording over the DevTools protocol', () => {
  let server: Server;
  let origin: string;
  let browser: LaunchedBrowser;

  beforeAll(async () => {
    server = createServer((request, response) => {
      if (request.url === '/') {
        response.setHeader('content-type', 'text/html');
        response.end('<!doctype html><title>Page</title>');
        return;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'set-cookie': 'a=b' });
      void (async () => {
        for (let index = 0; index < 3; index++) {
          await delay(30);
          response.write(`data: ${index}\n\n`);
        }
        response.end();
      })();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchChromium({ executable: findChromium()! });
  });

  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  it('gets the same record as the extension: chunks, headers and options together', async () => {
    const { connection } = browser;
    const { targetId } = await connection.send<{ targetId: string }>('Target.createTarget', {
      url: 'about:blank',
    });
    const { sessionId } = await connection.send<{ sessionId: string }>('Target.attachToTarget', {
      targetId,
      flatten: true,
    });
    const target = connection.session(sessionId);
    const recording = new LiveRecording({ meta: { recorder: 'cli' } });
    const views = new CdpViews((view) => recording.network(view));
    for (const event of [
      'requestWillBeSent',
      'requestWillBeSentExtraInfo',
      'responseReceived',
      'responseReceivedExtraInfo',
      'loadingFinished',
      'loadingFailed',
    ])
      target.on(`Network.${event}`, (params) => views.handle(`Network.${event}`, params));
    connectTaps(target, recording);
    await target.send('Page.enable');
    await target.send('Runtime.enable');
    await target.send('Network.enable');
    await target.send('Runtime.addBinding', { name: 'streamgaugeSend', executionContextName: WORLD });
    await target.send('Page.addScriptToEvaluateOnNewDocument', {
      source: await bundleScript(join(SRC, 'tap/tap.iife.ts')),
    });
    await target.send('Page.addScriptToEvaluateOnNewDocument', {
      source: await bundleScript(join(SRC, 'bridge/cdp-bridge.iife.ts')),
      worldName: WORLD,
    });
    const loaded = new Promise((done) => target.on('Page.loadEventFired', done));
    await target.send('Page.navigate', { url: `${origin}/` });
    await loaded;
    await target.send('Runtime.evaluate', {
      awaitPromise: true,
      expression: `(async () => {
        const reader = (await fetch('/events', { credentials: 'include' })).body.getReader();
        while (!(await reader.read()).done);
      })()`,
    });
    const stream = await eventually('the stream', () => {
      recording.flush();
      return recording.trace.streams.find(
        ({ request, end, seenBy }) => request.url.endsWith('/events') && end && seenBy.tap && seenBy.network,
      );
    });
    recording.dispose();
    expect(recording.trace.streams.filter(({ request }) => request.url.endsWith('/events'))).toHaveLength(1);
    expect(stream).toMatchObject({
      kind: 'fetch',
      request: { credentials: 'include', headersComplete: true },
      response: { status: 200, headersComplete: true, protocol: 'http/1.1' },
      end: { kind: 'complete', netError: null },
      losses: [],
    });
    expect(stream.response!.headers.map(([name, value]) => [name.toLowerCase(), value])).toContainEqual([
      'set-cookie',
      'a=b',
    ]);
    const decoder = new TextDecoder();
    expect(stream.chunks.payload.map((bytes) => decoder.decode(bytes!)).join('')).toBe(
      'data: 0\n\ndata: 1\n\ndata: 2\n\n',
    );
    // Pages cannot reach the binding: it is in the bridge's world only.
    const { result } = await target.send<{ result: { value: string } }>('Runtime.evaluate', {
      expression: 'typeof streamgaugeSend',
    });
    expect(result.value).toBe('undefined');
  });
});

function connectTaps(target: CdpSession, recording: LiveRecording): void {
  const sessions = new Map<number, TapSession>();
  const send = (contextId: number, commands: TapCommand[]) => {
    for (const command of commands) {
      const expression = `streamgaugeReceive(${JSON.stringify(JSON.stringify(command))})`;
      // A context that has just gone has nobody to tell.
      void target.send('Runtime.evaluate', { contextId, expression }).catch(() => undefined);
    }
  };
  target.on('Runtime.executionContextCreated', ({ context }) => {
    const { id, name, auxData } = context as { id: number; name: string; auxData: { frameId: string } };
    if (name !== WORLD) return;
    const session = new TapSession(recording, { frameKey: auxData.frameId, isTop: true });
    sessions.set(id, session);
    send(id, session.open());
  });
  target.on('Runtime.bindingCalled', (params: CdpObject) => {
    const { name, payload, executionContextId } = params as {
      name: string;
      payload: string;
      executionContextId: number;
    };
    const session = sessions.get(executionContextId);
    if (name === 'streamgaugeSend' && session)
      send(executionContextId, session.receive(fromJson(JSON.parse(payload))));
  });
  target.on('Runtime.executionContextDestroyed', ({ executionContextId }) => {
    sessions.get(executionContextId as number)?.close();
    sessions.delete(executionContextId as number);
  });
}
