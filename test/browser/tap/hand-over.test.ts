import tap from 'virtual:script/tap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchedBrowser } from '../../../src/cli/chromium/launch';
import { CdpPage, launchForTests } from '../../support/cdp-page';
import { payloadOf, TapPage, type TapPageOptions } from '../../support/tap-page';
import { startTapServer, type TapServer } from '../../support/tap-server';

let browser: LaunchedBrowser;
let server: TapServer;

beforeAll(async () => {
  server = await startTapServer();
  browser = await launchForTests();
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

const open = (options?: TapPageOptions, path = '/') =>
  TapPage.open(browser, server.origin + path, tap, options);
const read = async (url: string) => {
  for await (const _ of (await fetch(url)).body!);
};

/** Every property the tap may touch, with its identity, so that two moments of one realm can be compared. */
const SNAPSHOT = `(() => {
  const iterator = Object.getPrototypeOf(new ReadableStream().values());
  const holders = [window, Response.prototype, ReadableStream.prototype, ReadableStreamDefaultReader.prototype,
    ReadableStreamBYOBReader.prototype, iterator, XMLHttpRequest.prototype, WebSocket.prototype,
    EventSource.prototype, EventTarget.prototype, Headers.prototype, Request.prototype];
  const ids = window.__ids ??= new Map();
  const id = (value) => {
    if (typeof value !== 'function') return typeof value;
    if (!ids.has(value)) ids.set(value, ids.size);
    return ids.get(value);
  };
  return holders.map((holder) => Reflect.ownKeys(holder).filter((key) => key !== '__ids').map((key) => {
    const d = Object.getOwnPropertyDescriptor(holder, key);
    return [String(key), id(d.value), id(d.get), id(d.set), d.writable, d.enumerable, d.configurable].join();
  }).sort());
})()`;

describe('hand-over', () => {
  it('says hello first, once, with what a collector needs', async () => {
    const tapped = await open();
    await tapped.page.evaluate(read, `${server.origin}/text?first`);
    await tapped.ended('text?first');
    expect(tapped.hellos).toEqual([
      {
        type: 'hello',
        protocol: 1,
        documentKey: expect.stringMatching(/^[\w-]{20,}$/),
        url: `${server.origin}/`,
        isTop: true,
        timeOriginEpochMs: expect.any(Number),
        tappedAtMs: expect.any(Number),
        joinedLate: false,
        userAgent: expect.stringContaining('Chrome'),
      },
    ]);
    await tapped.close();
  });

  it('works whichever starts first, and keeps what came before', async () => {
    const tapped = await open({ unclaimed: true });
    await tapped.page.evaluate(read, `${server.origin}/text?body=before-the-bridge`);
    await tapped.claim();
    expect(payloadOf(await tapped.ended('before-the-bridge'))).toBe('before-the-bridge');
    expect(tapped.hellos.length).toBe(1);
    await tapped.close();
  });

  it('the page sees nothing of it', async () => {
    const spy = `
      window.seen = [];
      for (const type of ['message', 'streamgauge:ready'])
        for (const capture of [true, false])
          for (const target of [window, document])
            target.addEventListener(type, (event) => seen.push(event.type), capture);`;
    const tapped = await open({ after: spy });
    await tapped.page.evaluate(read, `${server.origin}/text?quiet`);
    await tapped.ended('text?quiet');
    expect(await tapped.page.evaluate(() => (window as unknown as { seen: string[] }).seen)).toEqual([]);
    await tapped.close();
  });

  it('a second tap in the same realm does nothing', async () => {
    const tapped = await open();
    const before = await tapped.page.evaluateText(SNAPSHOT);
    await tapped.page.evaluateText(tap);
    expect(await tapped.page.evaluateText(SNAPSHOT)).toEqual(before);
    await tapped.page.evaluate(read, `${server.origin}/text?once`);
    await tapped.ended('text?once');
    expect(tapped.hellos.length).toBe(1);
    expect(tapped.streams.filter(({ start }) => start.url.includes('once')).length).toBe(1);
    await tapped.close();
  });

  it('a late tap says so, and sees what comes after', async () => {
    const html = encodeURIComponent(
      '<!doctype html><script>window.early = fetch("/text?early")</script><p>page',
    );
    const tapped = await TapPage.open(browser, `${server.origin}/page?html=${html}`, '0');
    await tapped.page.evaluateText(tap);
    await tapped.until(() => tapped.hellos.length === 1);
    expect(tapped.hellos[0]!.joinedLate).toBe(true);
    await tapped.page.evaluate(async (url) => {
      await (await (window as unknown as { early: Promise<Response> }).early).text();
      for await (const _ of (await fetch(url)).body!);
    }, `${server.origin}/text?from-now-on`);
    await tapped.ended('from-now-on');
    expect(tapped.find('text?early')).toBeUndefined();
    await tapped.close();
  });

  it('a page that asks for ports in a loop gets a few, and breaks nothing', async () => {
    const tapped = await open({
      unclaimed: true,
      after: `
        window.ports = [];
        addEventListener('message', ({ ports }) => window.ports.push(...ports));
        for (let i = 0; i < 100; i++) document.dispatchEvent(new Event('streamgauge:ready'));`,
    });
    const count = await tapped.page.evaluate(async (url) => {
      for await (const _ of (await fetch(url)).body!);
      const { ports } = window as unknown as { ports: MessagePort[] };
      for (const port of ports) port.postMessage({ type: 'credit', batches: 1e9 });
      return ports.length;
    }, `${server.origin}/text?stolen`);
    expect(count).toBeLessThanOrEqual(4);
    await tapped.close();
  });

  it('forged ports do not reach the tap', async () => {
    const tapped = await open({
      after: `
        for (const data of ['streamgauge:port:v1', { type: 'restore' }]) {
          const { port1, port2 } = new MessageChannel();
          port1.postMessage({ type: 'restore' });
          window.postMessage(data, '*', [port2]);
        }
        window.dispatchEvent(new MessageEvent('message', { data: { type: 'restore' } }));`,
    });
    await tapped.page.evaluate(read, `${server.origin}/text?body=still-tapped`);
    expect(payloadOf(await tapped.ended('still-tapped'))).toBe('still-tapped');
    await tapped.close();
  });
});

describe('frames', () => {
  it('a fresh about:blank frame, used in the statement that makes it', async () => {
    const tapped = await open();
    const outcome = await tapped.page.evaluate(async (url) => {
      const frame = document.createElement('iframe');
      document.documentElement.append(frame);
      const realm = frame.contentWindow as Window & typeof globalThis;
      const native = Function.prototype.toString.call(realm.fetch);
      const text = await (await realm.fetch(url)).text();
      return [native, text, realm.fetch === window.fetch];
    }, `${server.origin}/text?body=frame`);
    expect(outcome).toEqual(['function () { [native code] }', 'frame', false]);
    await tapped.close();
  });

  const inner = (name: string) =>
    `/page?html=${encodeURIComponent(`<!doctype html><script>fetch('text?relative-${name}')</script>`)}`;
  const MAKES: Record<string, (url: string) => unknown> = {
    'made by the parser': (url) => {
      document.body.innerHTML = `<iframe src="${url}"></iframe>`;
    },
    'given its address before it is put in': (url) => {
      const frame = document.createElement('iframe');
      frame.src = url;
      document.body.append(frame);
    },
    'looked into before it has its address': (url) => {
      const frame = document.createElement('iframe');
      document.body.append(frame);
      void (frame.contentWindow as Window & typeof globalThis).fetch;
      frame.src = url;
    },
  };
  for (const [name, make] of Object.entries(MAKES)) {
    it(`a page of the same origin in a frame ${name}, which asks by a relative address`, async () => {
      const tapped = await open();
      const key = name.replaceAll(' ', '-');
      await tapped.page.evaluate(make, inner(key));
      await tapped.until(() => tapped.find(`relative-${key}`) !== undefined, `request of the frame ${name}`);
      expect(tapped.find(`relative-${key}`)!.start.url).toBe(`${server.origin}/text?relative-${key}`);
      await tapped.close();
    });
  }

  it('an inline script of a srcdoc frame', async () => {
    const tapped = await open();
    const native = await tapped.page.evaluate(
      () =>
        new Promise((resolve) => {
          window.addEventListener(
            'message',
            ({ data }) => typeof data === 'string' && data.startsWith('srcdoc ') && resolve(data),
          );
          const frame = document.createElement('iframe');
          frame.srcdoc = '<script>parent.postMessage("srcdoc " + fetch, "*")</script>';
          document.documentElement.append(frame);
        }),
    );
    expect(native).toBe('srcdoc function () { [native code] }');
    await tapped.close();
  });

  it('a page that writes itself anew is watched on', async () => {
    const tapped = await open();
    await tapped.page.evaluate(async (url) => {
      document.open();
      document.write(`<script>window.text = fetch('${url}').then((one) => one.text())</script>`);
      document.close();
      await (window as unknown as { text: Promise<string> }).text;
    }, `${server.origin}/text?body=rewritten`);
    expect((await tapped.ended('rewritten')).end?.kind).toBe('complete');
    expect(tapped.hellos).toHaveLength(1);
    await tapped.close();
  });

  it('a frame taken out of the page takes its streams with it, and hurts nobody', async () => {
    const tapped = await open();
    await tapped.page.evaluate(async (origin) => {
      const frame = document.createElement('iframe');
      document.documentElement.append(frame);
      const realm = frame.contentWindow as Window & typeof globalThis;
      const reader = (await realm.fetch(`${origin}/pieces?n=9&gap=30&detached`)).body!.getReader();
      await reader.read();
      new realm.EventSource(`${origin}/events?hold`);
      new realm.XMLHttpRequest();
      frame.remove();
      await (await fetch(`${origin}/text?body=survivor`)).text();
    }, server.origin);
    expect((await tapped.ended('survivor')).end?.kind).toBe('complete');
    await tapped.close();
  });

  it('a frame that has just been made has not joined late', async () => {
    const page = await CdpPage.open(browser, `${server.origin}/`);
    const late = await page.evaluate(async (source) => {
      const frame = document.createElement('iframe');
      document.documentElement.append(frame);
      const realm = frame.contentWindow as Window & typeof globalThis;
      const hello = new Promise<[tappedAtMs: number, joinedLate: boolean]>((resolve) => {
        realm.addEventListener('message', ({ ports }) => {
          ports[0]!.onmessage = ({ data }) => resolve(data);
        });
      });
      realm.eval(source);
      return (await hello)[1];
    }, tap);
    expect(late).toBe(false);
    await page.close();
  });
});

describe('restore', () => {
  it('puts every property back to the very same descriptor', async () => {
    // The snapshot before the tap runs in the same realm, so that even identities can be compared.
    const tapped = await open({ before: `window.before = ${SNAPSHOT}` });
    await tapped.page.evaluate(async (origin) => {
      await (await fetch(`${origin}/text?open`)).text();
      // Makes the tap patch addEventListener too.
      new EventSource(`${origin}/events?restore`).close();
    }, server.origin);
    await tapped.ended('restore');
    const patched = await tapped.page.evaluateText(SNAPSHOT);
    const before = await tapped.page.evaluateText('window.before');
    expect(patched).not.toEqual(before);
    await tapped.command({ type: 'restore' });
    await tapped.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
    const after = (await tapped.page.evaluateText(SNAPSHOT)) as string[][];
    expect(after.map((lines) => lines.filter((line) => !line.startsWith('before')))).toEqual(before);
    await tapped.close();
  });

  it('leaves what the page has kept of it as transparent wrappers, and running streams running', async () => {
    const tapped = await open();
    await tapped.page.evaluate(async (origin) => {
      const kept = window as unknown as Record<string, unknown>;
      kept.keptFetch = fetch;
      kept.KeptSocket = WebSocket;
      const response = await fetch(`${origin}/pieces?n=6&gap=60&running`);
      const reader = response.body!.getReader();
      const first = await reader.read();
      kept.bytes = first.value!.length;
      kept.reader = reader;
      kept.text = fetch(`${origin}/events?n=4&gap=60&whole`).then((answer) => answer.text());
      kept.piped = fetch(`${origin}/pieces?n=5&gap=60`).then(async ({ body }) => {
        let bytes = 0;
        for await (const chunk of body!.pipeThrough(new TransformStream())) bytes += chunk.length;
        return bytes;
      });
    }, server.origin);
    await tapped.until(() => (tapped.find('running')?.chunks.length ?? 0) > 0);
    await tapped.command({ type: 'restore' });
    const outcome = await tapped.page.evaluate(async (origin) => {
      const kept = window as unknown as {
        keptFetch: typeof fetch;
        KeptSocket: typeof WebSocket;
        bytes: number;
        reader: ReadableStreamDefaultReader<Uint8Array>;
        text: Promise<string>;
        piped: Promise<number>;
      };
      await new Promise((resolve) => setTimeout(resolve, 50));
      let { bytes } = kept;
      for (;;) {
        const { value, done } = await kept.reader.read();
        if (done) break;
        bytes += value.length;
      }
      const socket = new kept.KeptSocket(`${origin.replace('http', 'ws')}/ws`);
      await new Promise((resolve) => {
        socket.onopen = resolve;
      });
      socket.close();
      return [
        bytes,
        (await kept.text).includes('event 3'),
        await kept.piped,
        await (await kept.keptFetch.call(window, `${origin}/text?body=kept`)).text(),
        fetch === kept.keptFetch,
      ];
    }, server.origin);
    expect(outcome).toEqual([60, true, 50, 'kept', false]);
    const before = tapped.streams.length;
    await tapped.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 150)));
    expect(tapped.streams.length).toBe(before);
    await tapped.close();
  });

  it('does not touch what somebody wrapped since, and a new tap can follow', async () => {
    const tapped = await open({
      after: `
        const inner = window.fetch;
        window.fetch = function wrapped(...args) { return Reflect.apply(inner, this, args); };`,
    });
    await tapped.until(() => tapped.hellos.length === 1);
    await tapped.command({ type: 'restore' });
    await tapped.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 50)));
    expect(await tapped.page.evaluate(() => fetch.name)).toBe('wrapped');
    expect(
      await tapped.page.evaluate(async (url) => (await fetch(url)).text(), `${server.origin}/text?body=ok`),
    ).toBe('ok');
    await tapped.page.evaluateText(tap);
    await tapped.claim();
    await tapped.page.evaluate(read, `${server.origin}/text?body=again`);
    expect(payloadOf(await tapped.ended('body=again'))).toBe('again');
    expect(tapped.hellos.length).toBe(2);
    await tapped.close();
  });
});
