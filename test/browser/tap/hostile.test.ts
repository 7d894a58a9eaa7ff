import tap from 'virtual:script/tap';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LaunchedBrowser } from '../../../src/cli/chromium/launch';
import { launchForTests } from '../../support/cdp-page';
import { bytesOf, payloadOf, type SeenStream, TapPage, type TapPageOptions } from '../../support/tap-page';
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

const open = (options: TapPageOptions) => TapPage.open(browser, `${server.origin}/`, tap, options);

/** A bit of everything; gives what the page itself got. Written so that it survives the hostilities below. */
const everything = async (origin: string, wsOrigin: string) => {
  const outcome: Record<string, unknown> = {};
  const reader = (
    await fetch(`${origin}/pieces?n=3&size=5&by=read`, { method: 'POST', body: 'x' })
  ).body!.getReader();
  let bytes = 0;
  for (;;) {
    const result = await reader.read();
    if (result.done) break;
    bytes += result.value.byteLength;
  }
  outcome.read = bytes;
  outcome.text = await (await fetch(`${origin}/events?n=2&by=text`)).text();
  outcome.json = await (await fetch(`${origin}/text?body=7&by=json`)).json();
  let piped = 0;
  const { body } = await fetch(`${origin}/pieces?n=3&size=5&by=pipe`);
  await body!.pipeTo(
    new WritableStream({
      write(chunk: Uint8Array) {
        piped += chunk.byteLength;
      },
    }),
  );
  outcome.pipe = piped;
  outcome.ws = await new Promise((resolve) => {
    const socket = new WebSocket(`${wsOrigin}/ws?by=ws`);
    socket.onopen = () => socket.send('hello');
    socket.onmessage = (event) => {
      socket.close();
      resolve(event.data);
    };
  });
  outcome.es = await new Promise((resolve) => {
    const source = new EventSource(`${origin}/events?n=1&hold&by=es`);
    source.onmessage = (event) => {
      source.close();
      resolve(event.data);
    };
  });
  outcome.xhr = await new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', `${origin}/text?body=xhr&by=xhr`);
    xhr.onload = () => resolve(xhr.responseText);
    xhr.send();
  });
  return outcome;
};

const EXPECTED = {
  read: 15,
  text: 'retry: 50\n\nid: 0\ndata: event 0 é\n\nid: 1\ndata: event 1 é\n\n',
  json: 7,
  pipe: 15,
  ws: 'hello',
  es: 'event 0 é',
  xhr: 'xhr',
};

async function allSeen(tapped: TapPage): Promise<Record<string, SeenStream>> {
  const seen: Record<string, SeenStream> = {};
  for (const by of ['read', 'text', 'json', 'pipe', 'ws', 'es', 'xhr'])
    seen[by] = await tapped.ended(`by=${by}`);
  return seen;
}

function expectWhole(seen: Record<string, SeenStream>): void {
  expect(payloadOf(seen.read!)).toBe('aaaaabbbbbccccc');
  expect(seen.read!.start.body).toBe('x');
  expect(Buffer.from(payloadOf(seen.text!), 'latin1').toString()).toBe(EXPECTED.text);
  expect(seen.json!.end!.kind).toBe('complete');
  expect(bytesOf(seen.pipe!)).toBe(15);
  expect(seen.ws!.messages.map(({ text }) => text)).toEqual(['hello', 'hello']);
  expect(seen.es!.messages.map(({ text }) => text)).toEqual(['event 0 é']);
  expect(payloadOf(seen.xhr!)).toBe('xhr');
}

describe('a page that replaces what the tap could lean on', () => {
  // Each runs after the tap and before the page. `leaks` counts how often the tap ran code of the page's.
  const HOSTILITIES: Record<string, string> = {
    'promise methods': `
      const then = Promise.prototype.then;
      Promise.prototype.then = function (...args) { return Reflect.apply(then, this, args); };
      Promise.prototype.catch = () => { throw new Error('catch'); };
      Promise.prototype.finally = () => { throw new Error('finally'); };
      Promise.resolve = () => { throw new Error('resolve'); };`,
    'Promise species': `
      Object.defineProperty(Promise, Symbol.species, { get() { leaks.push('species'); return Promise; } });`,
    'promise constructor': `
      Object.defineProperty(Promise.prototype, 'constructor', { value: class Other {}, configurable: true });`,
    'JSON, Reflect, Object and Math': `
      JSON.stringify = JSON.parse = () => { throw new Error('JSON'); };
      for (const holder of [Reflect, Object, Math])
        for (const key of Reflect.ownKeys(holder))
          if (typeof holder[key] === 'function' && key !== 'ownKeys')
            holder[key] = () => { leaks.push(String(key)); throw new Error(String(key)); };`,
    'setters and getters on Object.prototype': `
      for (const key of ['stream', 'body', 'headers', 'value', 'writable', 'get', 'set', 'apply', 'construct', 'type',
        'batches', 'highWaterMark', 'pull', 'cancel', 'start', 'transfer', 'atMs', 'open', 'id', 'preventCancel'])
        Object.defineProperty(Object.prototype, key, {
          __proto__: null, configurable: true,
          get() { return undefined; },
          set(value) {
            leaks.push('set ' + key);
            Object.defineProperty(this, key, { __proto__: null, value, writable: true, configurable: true, enumerable: true });
          },
        });`,
    'setters on Array.prototype': `
      for (let i = 0; i < 600; i++)
        Object.defineProperty(Array.prototype, String(i), {
          configurable: true,
          set(value) {
            leaks.push('array ' + i);
            Object.defineProperty(this, i, { value, writable: true, configurable: true, enumerable: true });
          },
        });`,
    'array methods and iterators': `
      for (const key of ['push', 'pop', 'slice', 'splice', 'map', 'forEach', 'filter', 'join', 'concat', 'fill', 'shift'])
        Array.prototype[key] = () => { leaks.push(key); throw new Error(key); };
      Array.prototype[Symbol.iterator] = function () { leaks.push('iterator'); throw new Error('iterator'); };
      Array.from = () => { leaks.push('from'); throw new Error('from'); };`,
    'collections and typed arrays': `
      for (const holder of [Map, Set, WeakMap, WeakSet, WeakRef, Object.getPrototypeOf(Uint8Array)])
        for (const key of Reflect.ownKeys(holder.prototype)) {
          const found = Object.getOwnPropertyDescriptor(holder.prototype, key);
          if (typeof found.value === 'function' && key !== 'constructor')
            holder.prototype[key] = () => { leaks.push(String(key)); throw new Error(String(key)); };
        }
      window.Uint8Array = window.Float64Array = window.ArrayBuffer = window.Proxy = window.Set = null;`,
    'strings, functions and regular expressions': `
      for (const holder of [String, RegExp])
        for (const key of Reflect.ownKeys(holder.prototype))
          if (key !== 'constructor' && typeof Object.getOwnPropertyDescriptor(holder.prototype, key).value === 'function')
            holder.prototype[key] = () => { leaks.push(String(key)); throw new Error(String(key)); };
      for (const key of ['call', 'apply', 'bind'])
        Function.prototype[key] = () => { leaks.push(key); throw new Error(key); };`,
    'the DOM it uses': `
      for (const key of ['addEventListener', 'removeEventListener', 'dispatchEvent'])
        EventTarget.prototype[key] = () => { leaks.push(key); throw new Error(key); };
      MessagePort.prototype.postMessage = window.postMessage = () => { leaks.push('post'); throw new Error('post'); };
      window.MessageChannel = window.PerformanceObserver = window.TextEncoder = window.URL = null;
      for (const [name, key] of [['MessageEvent', 'data'], ['Event', 'type'], ['Response', 'headers'],
        ['Response', 'status'], ['ReadableStream', 'locked'], ['Headers', 'forEach'], ['TextEncoder', 'encodeInto']])
        if (window[name] && name !== 'MessageEvent' && name !== 'Event')
          Object.defineProperty(window[name].prototype, key, { get() { leaks.push(key); throw new Error(key); } });`,
    'stream classes': `
      window.ReadableStream = class { constructor() { leaks.push('stream'); throw new Error('stream'); } };
      const C = ReadableStreamDefaultController.prototype;
      C.enqueue = C.close = C.error = () => { leaks.push('controller'); throw new Error('controller'); };`,
    'fake timers and a fake clock': `
      window.setTimeout = window.setInterval = window.queueMicrotask = window.requestAnimationFrame = () => 1;
      window.clearTimeout = () => {};
      performance.now = () => 42; Date.now = () => 42;
      Performance.prototype.now = () => 42;`,
    'frozen prototypes': `
      for (const holder of [Response, ReadableStream, ReadableStreamDefaultReader, XMLHttpRequest, WebSocket, EventSource,
        EventTarget, Promise, Array, Object])
        Object.freeze(holder.prototype);`,
  };

  for (const [name, script] of Object.entries(HOSTILITIES)) {
    it(name, async () => {
      const tapped = await open({ after: `window.leaks = [];\n{${script}}` });
      expect(await tapped.page.evaluate(everything, server.origin, server.wsOrigin)).toEqual(EXPECTED);
      expectWhole(await allSeen(tapped));
      const leaks = (await tapped.page.evaluateText('leaks')) as string[];
      // The browser itself asks for the species wherever a promise is chained.
      expect(leaks.filter((leak) => leak !== 'species')).toEqual([]);
      expect(tapped.seqs).toEqual(tapped.seqs.map((_, i) => i));
      await tapped.close();
    });
  }

  it('times go on under a fake clock', async () => {
    const tapped = await open({ after: HOSTILITIES['fake timers and a fake clock']! });
    await tapped.page.evaluate(async (url) => {
      for await (const _ of (await fetch(url)).body!);
    }, `${server.origin}/pieces?n=3&gap=30&clock`);
    // The chunks themselves may come all at once where the page is kept waiting.
    const { start, end } = await tapped.ended('&clock');
    expect(end!.atMs - start.atMs).toBeGreaterThan(60);
    await tapped.close();
  });

  it('arguments and init that fight back', async () => {
    const tapped = await open({});
    const seen = await tapped.page.evaluate(async (origin) => {
      const boom = () => {
        throw new Error('boom');
      };
      const hostile = new Proxy({}, { getOwnPropertyDescriptor: boom, ownKeys: boom, getPrototypeOf: boom });
      const outcome = (promise: Promise<Response>) => promise.then((answer) => answer.text(), String);
      return [
        await outcome(fetch(`${origin}/text?body=a`, hostile)),
        await outcome(fetch(`${origin}/text?body=b`, { headers: new Proxy({}, { getPrototypeOf: boom }) })),
        await outcome(fetch(hostile as unknown as string)),
        await outcome(fetch(`${origin}/text?body=c`, { signal: hostile as AbortSignal })),
        await outcome(
          fetch(`${origin}/text?body=d`, {
            get method(): string {
              throw new Error('my getter');
            },
          }),
        ),
      ];
    }, server.origin);
    expect(seen).toEqual([
      'a',
      'b',
      'no such route',
      expect.stringContaining('TypeError'),
      'Error: my getter',
    ]);
    await tapped.close();
  });
});

describe('other instrumentation', () => {
  const WRAPPERS: Record<string, string> = {
    'a wrapper that awaits': `
      const inner = window.fetch;
      window.fetch = async function (...args) { const response = await inner.apply(this, args); return response; };
      const read = ReadableStreamDefaultReader.prototype.read;
      ReadableStreamDefaultReader.prototype.read = async function () { return await read.call(this); };`,
    'a Proxy': `
      window.fetch = new Proxy(window.fetch, { apply: (target, self, args) => Reflect.apply(target, self, args) });
      window.WebSocket = new Proxy(window.WebSocket, { construct: (target, args, nt) => Reflect.construct(target, args, nt) });
      window.EventSource = new Proxy(window.EventSource, { construct: (target, args) => Reflect.construct(target, args) });`,
    'a zone': `
      const Native = Promise;
      const nativeThen = Promise.prototype.then;
      class ZoneAwarePromise {
        constructor(run) { this.inner = new Native(run); }
        then(ok, bad) { return wrap(nativeThen.call(this.inner, ok, bad)); }
        catch(bad) { return this.then(undefined, bad); }
        get [Symbol.toStringTag]() { return 'Promise'; }
      }
      const wrap = (promise) => { const made = Object.create(ZoneAwarePromise.prototype); made.inner = promise; return made; };
      Native.prototype.then = function (ok, bad) { return wrap(nativeThen.call(this, ok, bad)); };
      const inner = window.fetch;
      window.fetch = (...args) => wrap(inner(...args));
      const add = EventTarget.prototype.addEventListener;
      EventTarget.prototype.addEventListener = function (type, run, options) {
        return add.call(this, type, typeof run === 'function' ? function (event) { return run.call(this, event); } : run, options);
      };`,
    'classes that extend': `
      window.WebSocket = class extends WebSocket {};
      window.EventSource = class extends EventSource {};
      window.XMLHttpRequest = class extends XMLHttpRequest { send(body) { super.send(body); } };`,
  };

  for (const [name, script] of Object.entries(WRAPPERS))
    for (const place of ['before', 'after'] as const) {
      it(`${name}, ${place === 'before' ? 'inside' : 'outside'}`, async () => {
        const tapped = await open({ [place]: `{${script}}` });
        expect(await tapped.page.evaluate(everything, server.origin, server.wsOrigin)).toEqual(EXPECTED);
        expectWhole(await allSeen(tapped));
        await tapped.close();
      });
    }
});
