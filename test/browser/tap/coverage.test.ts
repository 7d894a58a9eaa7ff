import tap from 'virtual:script/tap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchedBrowser } from '../../../src/cli/chromium/launch';
import { launchForTests } from '../../support/cdp-page';
import { bytesOf, payloadOf, TapPage } from '../../support/tap-page';
import { startTapServer, type TapServer } from '../../support/tap-server';

let browser: LaunchedBrowser;
let server: TapServer;
let tapped: TapPage;

beforeAll(async () => {
  server = await startTapServer();
  browser = await launchForTests();
  tapped = await TapPage.open(browser, `${server.origin}/`, tap);
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
});

/** Each reads the 40 bytes of `url` to the end, its own way. */
const WAYS: Record<string, (url: string) => unknown> = {
  'default reader': async (url) => {
    const reader = (await fetch(url)).body!.getReader();
    while (!(await reader.read()).done);
  },
  'default reader, made by its class': async (url) => {
    const reader = new ReadableStreamDefaultReader((await fetch(url)).body!);
    while (!(await reader.read()).done);
  },
  'BYOB reader with a small buffer': async (url) => {
    const reader = (await fetch(url)).body!.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(7);
    for (;;) {
      const { value, done } = await reader.read(new Uint8Array(buffer));
      if (done) return;
      // The page goes on to use the buffer at once.
      new Uint8Array(value.buffer).fill(0);
      buffer = value.buffer;
    }
  },
  'BYOB reader, made by its class, with a DataView': async (url) => {
    const reader = new ReadableStreamBYOBReader((await fetch(url)).body!);
    while (!(await reader.read(new DataView(new ArrayBuffer(64)))).done);
  },
  'for await': async (url) => {
    for await (const _ of (await fetch(url)).body!);
  },
  'transferred chunks': async (url) => {
    const reader = (await fetch(url)).body!.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      new MessageChannel().port1.postMessage(value, [value.buffer]);
    }
  },
  pipeTo: async (url) => {
    await (await fetch(url)).body!.pipeTo(new WritableStream());
  },
  pipeThrough: async (url) => {
    for await (const _ of (await fetch(url)).body!.pipeThrough(new TextDecoderStream()));
  },
  'tee, both branches': async (url) => {
    const [left, right] = (await fetch(url)).body!.tee();
    await Promise.all([new Response(left).text(), right.pipeTo(new WritableStream())]);
  },
  'tee, one branch after the other': async (url) => {
    const [left, right] = (await fetch(url)).body!.tee();
    for await (const _ of left);
    for await (const _ of right);
  },
  'clone, both read': async (url) => {
    const response = await fetch(url);
    const copy = response.clone();
    for await (const _ of copy.body!);
    for await (const _ of response.body!);
  },
  'a piece by one reader, the rest by another': async (url) => {
    const { body } = await fetch(url);
    const first = body!.getReader();
    await first.read();
    first.releaseLock();
    for await (const _ of body!);
  },
  'to the last byte, but never asked for the end': async (url) => {
    const reader = (await fetch(url)).body!.getReader();
    for (let left = 40; left > 0; ) left -= (await reader.read()).value!.length;
  },
};

const LETTERS = 'aaaaaaaaaabbbbbbbbbbccccccccccdddddddddd';

describe('every byte and the end are seen', () => {
  for (const [name, read] of Object.entries(WAYS)) {
    it(name, async () => {
      const path = `/pieces?n=4&size=10&gap=2&way=${encodeURIComponent(name)}`;
      await tapped.page.evaluate(read, `${server.origin}${path}`);
      const stream = await tapped.ended(path);
      expect([bytesOf(stream), payloadOf(stream), stream.end?.kind, stream.losses]).toEqual([
        40,
        LETTERS,
        'complete',
        [],
      ]);
      expect(stream.chunks.every(({ waitedMs }) => waitedMs >= 0)).toBe(true);
      expect(stream.chunks.every(({ atMs }, i, all) => i === 0 || atMs >= all[i - 1]!.atMs)).toBe(true);
    });
  }

  it('streaming types taken whole are still seen by chunk', async () => {
    for (const how of ['text', 'blob', 'arrayBuffer'] as const) {
      const path = `/events?n=4&gap=15&how=${how}`;
      await tapped.page.evaluate(
        async (url, take) => void (await (await fetch(url))[take]()),
        `${server.origin}${path}`,
        how,
      );
      const stream = await tapped.ended(path);
      expect(stream.chunks.length).toBeGreaterThan(1);
      expect(payloadOf(stream)).toContain('data: event 3');
      expect(stream.chunks.every(({ waitedMs }) => waitedMs === -1)).toBe(true);
      expect([stream.end?.kind, stream.losses]).toEqual(['complete', []]);
    }
  });

  it('other types taken whole give their size and end', async () => {
    const sizes: Record<string, number> = { text: 10, json: 10, arrayBuffer: 10, blob: 10, bytes: 10 };
    for (const [how, size] of Object.entries(sizes)) {
      const path = `/text?body=${encodeURIComponent('{"a":"é"}')}&whole=${how}`;
      await tapped.page.evaluate(
        async (url, take) => {
          const response = await fetch(url);
          await (response[take as 'text'] as () => Promise<unknown>)().catch(() => undefined);
        },
        `${server.origin}${path}`,
        how,
      );
      const stream = await tapped.ended(`whole=${how}`);
      expect([how, stream.end?.kind, stream.losses]).toEqual([how, 'complete', ['no-chunk-times']]);
      // json() does not say how long its text was; the length comes from elsewhere or not at all.
      if (how !== 'json') expect([how, stream.end?.byteLength]).toEqual([how, size]);
    }
  });
});

describe('the request and the answer', () => {
  it('are described without touching them', async () => {
    await tapped.page.evaluate(async (origin) => {
      const read = async (answer: Promise<Response>) => void (await (await answer).text());
      await read(
        fetch('echo?described#part', {
          method: 'post',
          body: '{"stream":true}',
          headers: { 'X-Extra': '1', accept: 'text/event-stream' },
          credentials: 'include',
          signal: new AbortController().signal,
        }),
      );
      const headers = new Headers({ 'x-extra': '2' });
      await read(
        fetch(new Request(`${origin}/echo?from-request`, { method: 'PUT', body: 'hidden', headers })),
      );
      await read(
        fetch(new URL(`${origin}/echo?params`), {
          method: 'POST',
          body: new URLSearchParams({ a: 'é' }),
          headers: [['x-extra', '3']],
        }),
      );
    }, server.origin);
    const plain = await tapped.ended('/echo?described');
    expect(plain.start).toMatchObject({
      kind: 'fetch',
      method: 'POST',
      url: `${server.origin}/echo?described#part`,
      headers: [
        ['X-Extra', '1'],
        ['accept', 'text/event-stream'],
      ],
      body: '{"stream":true}',
      bodyByteLength: 15,
      credentials: 'include',
      mode: 'cors',
      hasAbortSignal: true,
    });
    expect(plain.head).toMatchObject({
      status: 200,
      statusText: 'OK',
      responseType: 'basic',
      url: `${server.origin}/echo?described`,
      redirected: false,
    });
    expect(Object.fromEntries(plain.head!.headers)).toMatchObject({ 'content-type': 'application/json' });
    const request = await tapped.ended('/echo?from-request');
    expect(request.start).toMatchObject({
      method: 'PUT',
      body: null,
      hasAbortSignal: null,
      credentials: 'same-origin',
    });
    expect(request.start.headers).toContainEqual(['x-extra', '2']);
    const params = await tapped.ended('/echo?params');
    expect(params.start).toMatchObject({
      body: 'a=%C3%A9',
      bodyByteLength: 8,
      headers: [['x-extra', '3']],
      hasAbortSignal: false,
      credentials: 'same-origin',
    });
  });

  it('long bodies and headers are cut, and say how long they were', async () => {
    await tapped.page.evaluate(async (url) => {
      const answer = fetch(url, {
        method: 'POST',
        body: 'é'.repeat(20_000),
        headers: { long: 'x'.repeat(9000) },
      });
      await (await answer).text();
    }, `${server.origin}/echo?long`);
    const { start } = await tapped.ended('/echo?long');
    expect([start.body?.length, start.bodyByteLength]).toEqual([8192, 40_000]);
    expect(start.headers).toEqual([['long', 'x'.repeat(9000)]]);
  });

  it('redirects, refusals, opaque and empty answers', async () => {
    await tapped.page.evaluate(
      async (origin, other) => {
        await (await fetch(`${origin}/redirect?r`)).text();
        await fetch(`${other}/text?refused`).catch(() => undefined);
        await fetch(`${other}/text?opaque`, { mode: 'no-cors' });
        await fetch(`${origin}/status?code=204`);
      },
      server.origin,
      server.otherOrigin,
    );
    const moved = await tapped.ended('/redirect?r');
    expect(moved.head).toMatchObject({ redirected: true, url: `${server.origin}/text?body=moved` });
    const refused = await tapped.ended('/text?refused');
    expect(refused.end).toMatchObject({ kind: 'refused', message: 'TypeError: Failed to fetch' });
    const opaque = await tapped.ended('/text?opaque');
    expect([opaque.head?.responseType, opaque.losses, opaque.end?.kind]).toEqual([
      'opaque',
      ['opaque'],
      'complete',
    ]);
    const empty = await tapped.ended('code=204');
    expect(empty.end).toMatchObject({ kind: 'complete', byteLength: 0 });
  });

  it('fetch() without a request is none', async () => {
    const before = tapped.streams.length;
    await tapped.page.evaluate(async (origin) => {
      await (fetch as unknown as () => Promise<void>)().catch(() => undefined);
      await fetch('http://[').catch(() => undefined);
      await (await fetch(`${origin}/text?after-nothing`)).text();
    }, server.origin);
    await tapped.ended('after-nothing');
    expect(tapped.streams.length).toBe(before + 1);
  });
});

describe('who ended it', () => {
  const ENDS: Record<string, [run: (url: string) => unknown, kind: string]> = {
    'abort while reading': [
      async (url) => {
        const controller = new AbortController();
        const reader = (await fetch(url, { signal: controller.signal })).body!.getReader();
        await reader.read();
        controller.abort(new Error('enough'));
        await reader.read().catch(() => undefined);
      },
      'aborted',
    ],
    'abort of a body nobody reads': [
      async (url) => {
        const controller = new AbortController();
        await fetch(url, { signal: controller.signal });
        controller.abort();
      },
      'aborted',
    ],
    'abort through a Request': [
      async (url) => {
        const controller = new AbortController();
        const text = (await fetch(new Request(url, { signal: controller.signal }))).text();
        controller.abort();
        await text.catch(() => undefined);
      },
      'aborted',
    ],
    'abort through a Request, for a reason of the page': [
      async (url) => {
        const controller = new AbortController();
        const response = await fetch(new Request(url, { signal: controller.signal }));
        const reader = response.body!.getReader();
        await reader.read();
        controller.abort('because');
        await reader.read().catch(() => undefined);
      },
      'aborted',
    ],
    'abort of a Request that nobody reads': [
      async (url) => {
        const controller = new AbortController();
        await fetch(new Request(url, { signal: controller.signal }));
        controller.abort({});
      },
      'aborted',
    ],
    'break after values() was told to cancel, in other words': [
      async (url) => {
        const { body } = await fetch(url);
        for await (const _ of body!.values({ preventCancel: 0 as unknown as boolean })) break;
      },
      'aborted',
    ],
    'reader.cancel': [
      async (url) => {
        const reader = (await fetch(url)).body!.getReader();
        await reader.read();
        const pending = reader.read();
        await reader.cancel();
        await pending;
      },
      'aborted',
    ],
    'body.cancel': [async (url) => (await fetch(url)).body!.cancel(), 'aborted'],
    'break in for await': [
      async (url) => {
        for await (const _ of (await fetch(url)).body!) break;
      },
      'aborted',
    ],
    'a pipe that fails': [
      async (url) => {
        const full = new WritableStream({
          write() {
            throw new Error('full');
          },
        });
        await (await fetch(url)).body!.pipeTo(full).catch(() => undefined);
      },
      'aborted',
    ],
    'both branches cancelled': [
      async (url) => {
        const [left, right] = (await fetch(url)).body!.tee();
        await Promise.all([left.cancel(), right.cancel()]);
      },
      'aborted',
    ],
  };
  for (const [name, [run, kind]] of Object.entries(ENDS)) {
    it(`${name}: ${kind}, and the connection closes`, async () => {
      const key = `end-${name.replaceAll(' ', '-')}`;
      await tapped.page.evaluate(run, `${server.origin}/pieces?n=1&hold&key=${key}`);
      await (await server.exchange(key)).closed;
      expect((await tapped.ended(key)).end?.kind).toBe(kind);
    });
  }

  it('one cancelled branch is no end', async () => {
    await tapped.page.evaluate(async (url) => {
      const [left, right] = (await fetch(url)).body!.tee();
      void left.cancel();
      for await (const _ of right);
    }, `${server.origin}/pieces?n=3&one-branch`);
    const stream = await tapped.ended('one-branch');
    expect([stream.end?.kind, bytesOf(stream)]).toEqual(['complete', 30]);
  });

  it('values() that keeps the body is no end, in other words too', async () => {
    await tapped.page.evaluate(async (url) => {
      const { body } = await fetch(url);
      for await (const _ of body!.values({ preventCancel: 1 as unknown as boolean })) break;
      for await (const _ of body!);
    }, `${server.origin}/pieces?n=3&gap=10&kept-open`);
    const stream = await tapped.ended('kept-open');
    expect([stream.end?.kind, bytesOf(stream)]).toEqual(['complete', 30]);
  });

  it('a released reader is no end', async () => {
    await tapped.page.evaluate(async (url) => {
      const { body } = await fetch(url);
      const reader = body!.getReader();
      await reader.read();
      reader.read().catch(() => undefined);
      reader.releaseLock();
      for await (const _ of body!);
    }, `${server.origin}/pieces?n=3&gap=20&released`);
    const stream = await tapped.ended('released');
    expect([stream.end?.kind, bytesOf(stream)]).toEqual(['complete', 30]);
  });

  it('the network', async () => {
    await tapped.page.evaluate(async (origin) => {
      const reader = (await fetch(`${origin}/pieces?n=2&cut&gap=5&how=read`)).body!.getReader();
      const read = async () => {
        while (!(await reader.read()).done);
      };
      await read().catch(() => undefined);
      await (await fetch(`${origin}/pieces?n=2&cut&gap=5&how=json`)).json().catch(() => undefined);
      await (await fetch(`${origin}/events?n=2&cut&gap=5&how=text`)).text().catch(() => undefined);
    }, server.origin);
    for (const how of ['read', 'json', 'text']) {
      const { end } = await tapped.ended(`how=${how}`);
      expect(end).toMatchObject({ kind: 'error', message: expect.stringMatching(/^TypeError: /) });
    }
  });
});

describe('bodies taken where nobody can watch', () => {
  const NATIVE: Record<string, (url: string) => unknown> = {
    'new Response': async (url) => void (await new Response((await fetch(url)).body).text()),
    'Cache.put': async (url) => (await caches.open('c')).put('/x', await fetch(url)),
    'never read': async (url) => void (await fetch(url)),
  };
  for (const [name, run] of Object.entries(NATIVE)) {
    it(`${name} is reported as consumed natively`, async () => {
      const path = `/pieces?n=2&native=${encodeURIComponent(name)}`;
      await tapped.page.evaluate(run, `${server.origin}${path}`);
      const stream = await tapped.ended(path);
      expect([stream.losses, stream.end?.kind]).toEqual([['consumed-natively'], 'complete']);
      // Of a body that was never read the browser does not say how long it was.
      expect(stream.end?.byteLength).toBe(name === 'never read' ? null : 20);
    });
  }

  it('a body read late is read, not lost', async () => {
    await tapped.page.evaluate(async (url) => {
      const response = await fetch(url);
      await new Promise((resolve) => setTimeout(resolve, 500));
      for await (const _ of response.body!);
    }, `${server.origin}/pieces?n=2&late`);
    const stream = await tapped.ended('&late');
    expect([stream.losses, bytesOf(stream)]).toEqual([[], 20]);
  });
});

describe('XMLHttpRequest', () => {
  it('progress, text and end', async () => {
    await tapped.page.evaluate(
      (url) =>
        new Promise((resolve) => {
          const xhr = new XMLHttpRequest();
          xhr.open('get', url);
          xhr.setRequestHeader('X-Extra', '1');
          xhr.withCredentials = true;
          xhr.onload = resolve;
          xhr.send();
        }),
      `${server.origin}/events?n=6&gap=60&xhr`,
    );
    const stream = await tapped.ended('&xhr');
    expect(stream.start).toMatchObject({
      kind: 'xhr',
      method: 'GET',
      headers: [['X-Extra', '1']],
      credentials: 'include',
      hasAbortSignal: null,
    });
    expect(stream.head).toMatchObject({ status: 200, redirected: false });
    expect(stream.head!.headers).toContainEqual(['content-type', 'text/event-stream']);
    expect(stream.chunks.length).toBeGreaterThan(2);
    const text = Buffer.from(payloadOf(stream), 'latin1').toString('utf8');
    expect(text).toContain('data: event 5 é\n\n');
    expect(stream.end).toMatchObject({ kind: 'complete', byteLength: bytesOf(stream) });
    expect(Buffer.byteLength(text)).toBe(bytesOf(stream));
  });

  it('how each of them ends', async () => {
    await tapped.page.evaluate(async (origin) => {
      const run = (name: string, path: string, prepare: (xhr: XMLHttpRequest) => void = () => undefined) =>
        new Promise<void>((resolve) => {
          const xhr = new XMLHttpRequest();
          xhr.open('GET', path.startsWith('http') ? path : `${origin}${path}&as=${name}`);
          xhr.onloadend = () => resolve();
          prepare(xhr);
          xhr.send();
        });
      await run('x-abort', '/pieces?n=1&hold', (xhr) => setTimeout(() => xhr.abort(), 80));
      await run('x-timeout', '/pieces?n=1&hold', (xhr) => {
        xhr.timeout = 80;
      });
      await run('x-cut', '/pieces?n=2&gap=60&cut');
      await run('x-refused', 'http://127.0.0.1:9/?as=x-refused');
      await run('x-binary', '/pieces?n=2', (xhr) => {
        xhr.responseType = 'arraybuffer';
      });
      const reopened = new XMLHttpRequest();
      reopened.open('GET', `${origin}/pieces?n=1&hold&as=x-reopened`);
      reopened.send();
      reopened.open('GET', `${origin}/text?body=second&as=x-second`, false);
      reopened.send();
    }, server.origin);
    const kinds: Record<string, string> = {};
    for (const name of ['x-abort', 'x-timeout', 'x-cut', 'x-refused', 'x-binary', 'x-reopened', 'x-second'])
      kinds[name] = (await tapped.ended(`as=${name}`)).end!.kind;
    expect(kinds).toEqual({
      'x-abort': 'aborted',
      'x-timeout': 'aborted',
      'x-cut': 'error',
      'x-refused': 'refused',
      'x-binary': 'complete',
      'x-reopened': 'aborted',
      'x-second': 'complete',
    });
    expect(bytesOf(tapped.find('as=x-binary')!)).toBe(20);
    expect(payloadOf(tapped.find('as=x-second')!)).toBe('second');
  });
});

describe('EventSource', () => {
  it('messages, names learnt from the page, reconnects', async () => {
    await tapped.page.evaluate(
      (url) =>
        new Promise<void>((resolve) => {
          const source = new EventSource(url);
          let errors = 0;
          source.addEventListener('tick', () => undefined);
          source.onerror = () => {
            if (++errors < 2) return;
            source.close();
            resolve();
          };
        }),
      `${server.origin}/events?n=2&name=tick&reconnects`,
    );
    await tapped.until(
      () => tapped.streams.filter((one) => one.start.url.includes('reconnects') && one.end).length >= 2,
    );
    const lives = tapped.streams.filter((one) => one.start.url.includes('reconnects'));
    expect(lives.map(({ start }) => start.kind)).toEqual(['eventsource', 'eventsource']);
    expect(new Set(lives.map(({ start }) => start.object)).size).toBe(1);
    for (const life of lives) {
      expect(life.head?.status).toBe(200);
      expect(life.end?.kind).toBe('error');
      expect(
        life.messages.map(({ name, lastEventId, text, byteLength }) => [name, lastEventId, text, byteLength]),
      ).toEqual([
        ['tick', '0', 'event 0 é', 10],
        ['tick', '1', 'event 1 é', 10],
      ]);
    }
  });

  it('refused, closed, and forged by the page', async () => {
    await tapped.page.evaluate(async (origin) => {
      await new Promise((resolve) => {
        new EventSource(`${origin}/text?es-refused`).onerror = resolve;
      });
      const source = new EventSource(`${origin}/events?n=1&hold&es-closed`, { withCredentials: true });
      await new Promise((resolve) => {
        source.onmessage = resolve;
      });
      source.dispatchEvent(new MessageEvent('message', { data: 'forged' }));
      source.dispatchEvent(new Event('error'));
      source.close();
    }, server.origin);
    expect((await tapped.ended('es-refused')).end?.kind).toBe('refused');
    const closed = await tapped.ended('es-closed');
    expect([closed.end?.kind, closed.start.credentials]).toEqual(['aborted', 'include']);
    expect(closed.messages.map(({ text }) => text)).toEqual(['event 0 é']);
  });
});

describe('WebSocket', () => {
  it('frames both ways, and the close', async () => {
    await tapped.page.evaluate(
      (url) =>
        new Promise<void>((resolve) => {
          const socket = new WebSocket(url);
          socket.binaryType = 'arraybuffer';
          socket.onopen = () => {
            socket.send('héllo');
            socket.send(new Uint8Array([1, 2, 3]));
            socket.send(new Blob(['four']));
            setTimeout(() => socket.send('close'), 30);
          };
          socket.onclose = () => resolve();
        }),
      `${server.wsOrigin}/ws?frames`,
    );
    const stream = await tapped.ended('ws?frames');
    expect(stream.head?.status).toBe(101);
    const frames = (sent: boolean) =>
      stream.messages
        .filter((one) => one.sent === sent)
        .map(({ opcode, text, payload, byteLength }) => [opcode, text ?? payload, byteLength]);
    expect(frames(true)).toEqual([
      [1, 'héllo', 6],
      [2, '\u0001\u0002\u0003', 3],
      [2, '', 4],
      [1, 'close', 5],
    ]);
    expect(frames(false)).toEqual([
      [1, 'héllo', 6],
      [2, '\u0001\u0002\u0003', 3],
      [2, 'four', 4],
    ]);
    expect(stream.end).toMatchObject({
      kind: 'complete',
      closeCode: 4001,
      closeReason: 'asked to',
      wasClean: true,
    });
  });

  it('how each of them ends', async () => {
    await tapped.page.evaluate(async (origin) => {
      const run = (path: string, onOpen: (socket: WebSocket) => void) =>
        new Promise<void>((resolve) => {
          const socket = new WebSocket(`${origin}${path}`, []);
          socket.onopen = () => onOpen(socket);
          socket.onclose = () => resolve();
        });
      await run('/nowhere?ws-refused', () => undefined);
      await run('/ws?ws-cut', (socket) => socket.send('cut'));
      await run('/ws?ws-page', (socket) => socket.close(1000, 'bye'));
    }, server.wsOrigin);
    const ends: unknown[] = [];
    for (const name of ['ws-refused', 'ws-cut', 'ws-page']) {
      const { end } = await tapped.ended(name);
      ends.push([end!.kind, end!.closeCode, end!.wasClean]);
    }
    expect(ends).toEqual([
      ['refused', 1006, false],
      ['error', 1006, false],
      ['aborted', 1000, true],
    ]);
  });
});

describe('how sure an arrival is', () => {
  /** Events of one server pace, read by a page of one temper; the median wait of its reads. */
  const medianWait = async (name: string, pauseMs: number) => {
    await tapped.page.evaluate(
      async (url, pause) => {
        const reader = (await fetch(url)).body!.getReader();
        while (!(await reader.read()).done)
          if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
      },
      `${server.origin}/pieces?n=20&gap=25&wait=${name}`,
      pauseMs,
    );
    const stream = await tapped.ended(`wait=${name}`);
    const waits = stream.chunks.slice(1).map(({ waitedMs }) => waitedMs);
    return waits.sort((a, b) => a - b)[waits.length >> 1]!;
  };

  it('an eager page waits in read(), a slow one finds the data there', async () => {
    const eager = await medianWait('eager', 0);
    const slow = await medianWait('slow', 60);
    expect(eager).toBeGreaterThan(slow * 5);
    expect(slow).toBeLessThan(1);
  });

  it('long tasks are reported, with what is recorded next', async () => {
    await tapped.page.evaluate(async (url) => {
      await new Promise<void>((resolve) =>
        setTimeout(() => {
          const end = performance.now() + 120;
          while (performance.now() < end);
          resolve();
        }),
      );
      await (await fetch(url)).text();
    }, `${server.origin}/text?after-a-long-task`);
    await tapped.ended('after-a-long-task');
    // A busy machine gives the page other long tasks, before and after.
    expect(tapped.blocked.some(([, durationMs]) => durationMs >= 120)).toBe(true);
  });
});
