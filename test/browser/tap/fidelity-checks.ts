/** What the checks may use; plain data, since each check runs in the page by itself. */
export interface CheckEnv {
  origin: string;
  otherOrigin: string;
  wsOrigin: string;
  /** Prefix of keys of this run, so that native and tapped requests are told apart at the server. */
  key: string;
}

type Check = (env: CheckEnv) => unknown;

/**
 * Each check runs once in a page without the tap and once in a page with it, and must give the same. Self-contained:
 * they are sent as text.
 */
export const CHECKS: Record<string, Check> = {
  'fetch: the response itself': async ({ origin }) => {
    const response = await fetch(`${origin}/text?body=hi`);
    return [
      Object.getOwnPropertyNames(response),
      Object.getPrototypeOf(response) === Response.prototype,
      response.constructor === Response,
      response.url,
      response.type,
      response.redirected,
      response.status,
      response.statusText,
      response.ok,
      response.headers.get('x-seen'),
      (() => {
        const { body } = response;
        return body === response.body;
      })(),
      response.bodyUsed,
      response.body instanceof ReadableStream,
      await response.text(),
      response.bodyUsed,
    ];
  },
  'fetch: redirected': async ({ origin }) => {
    const response = await fetch(`${origin}/redirect`);
    return [response.redirected, response.url.endsWith('/text?body=moved'), await response.text()];
  },
  'fetch: the promise': async ({ origin }) => {
    const promise = fetch(`${origin}/text`);
    const shape = [
      Object.getPrototypeOf(promise) === Promise.prototype,
      Object.getOwnPropertyNames(promise),
      promise instanceof Promise,
    ];
    await promise;
    return shape;
  },
  'fetch: header guard': async ({ origin }) => {
    const response = await fetch(`${origin}/text`);
    try {
      response.headers.set('x', 'y');
      return 'mutable';
    } catch (error) {
      return String(error);
    }
  },
  'fetch: 204, 205, 304 and 404': async ({ origin }) => {
    const seen = [];
    for (const code of [204, 205, 404, 500]) {
      const response = await fetch(`${origin}/status?code=${code}`);
      seen.push([code, response.status, response.body === null, await response.text()]);
    }
    return seen;
  },
  'fetch: HEAD': async ({ origin }) => {
    const response = await fetch(`${origin}/text`, { method: 'HEAD' });
    return [response.status, response.body === null, await response.text()];
  },
  'fetch: no argument': () =>
    (fetch as unknown as () => Promise<unknown>)().then(
      () => 'resolved',
      (error) => [error instanceof TypeError, String(error)],
    ),
  'fetch: wrong arguments': async () => {
    const outcome = (promise: Promise<unknown>) =>
      promise.then(
        () => 'resolved',
        (error) => [error.constructor.name, error.message],
      );
    return [
      await outcome(fetch('http://[broken')),
      await outcome(fetch('/', { method: 'b a d' })),
      await outcome(fetch('/', { method: 'GET', body: 'x' })),
      await outcome(fetch(Symbol('x') as unknown as string).catch((error) => Promise.reject(error))),
      await outcome(fetch('/', null as unknown as RequestInit)),
      await outcome(fetch('/', 1 as unknown as RequestInit)),
    ];
  },
  'fetch: wrong receiver': async () => {
    try {
      await fetch.call({} as Window, '/');
      return 'resolved';
    } catch (error) {
      return String(error);
    }
  },
  'fetch: refused connection and CORS': async ({ otherOrigin }) => {
    const outcome = (promise: Promise<unknown>) =>
      promise.then(
        () => 'resolved',
        (error) => [error instanceof TypeError, String(error), Object.getOwnPropertyNames(error).sort()],
      );
    return [await outcome(fetch('http://127.0.0.1:9/')), await outcome(fetch(`${otherOrigin}/text`))];
  },
  'fetch: the page is in the stack': async () => {
    async function callerOfFetch() {
      await fetch('http://127.0.0.1:9/');
    }
    try {
      await callerOfFetch();
      return 'resolved';
    } catch (error) {
      return [(error as Error).stack?.split('\n')[0], (error as Error).stack?.includes('callerOfFetch')];
    }
  },
  'fetch: arguments are read once and in the same order': async ({ origin }) => {
    const log: string[] = [];
    const init = new Proxy(
      { method: 'POST', body: 'x', headers: { 'x-extra': 'e' } },
      {
        get(target, key) {
          log.push(String(key));
          return Reflect.get(target, key);
        },
      },
    );
    let texts = 0;
    const input = {
      toString() {
        texts++;
        return `${origin}/echo`;
      },
    };
    const response = await fetch(input as unknown as string, init);
    return [log, texts, await response.json()];
  },
  'fetch: a Request keeps its body': async ({ origin }) => {
    const request = new Request(`${origin}/echo`, {
      method: 'POST',
      body: 'from request',
      headers: { 'x-extra': '1' },
    });
    const used = [request.bodyUsed];
    const answer = await (await fetch(request)).json();
    return [used, request.bodyUsed, answer];
  },
  'fetch: kinds of bodies': async ({ origin }) => {
    const form = new FormData();
    form.set('a', 'b');
    const bodies = [
      'text',
      new URLSearchParams({ q: '1' }),
      new Blob(['blob']),
      new TextEncoder().encode('bytes'),
      new TextEncoder().encode('buffer').buffer,
    ];
    const seen = [];
    for (const body of bodies) {
      const answer = await fetch(`${origin}/echo`, { method: 'POST', body });
      seen.push(await answer.json());
    }
    const answer = await (await fetch(`${origin}/echo`, { method: 'POST', body: form })).json();
    return [seen, answer.body.includes('name="a"')];
  },
  'fetch: no-cors': async ({ otherOrigin }) => {
    const response = await fetch(`${otherOrigin}/text`, { mode: 'no-cors' });
    return [response.type, response.status, response.url, response.body === null, await response.text()];
  },
  'fetch: cross origin': async ({ otherOrigin }) => {
    const response = await fetch(`${otherOrigin}/cors`, { headers: { 'x-extra': '1' } }).catch(String);
    return typeof response === 'string' ? response : [response.type, await response.text()];
  },
  'functions: names, lengths and flags': () => {
    const places: [string, object, PropertyKey][] = [
      ['window', window, 'fetch'],
      ['window', window, 'WebSocket'],
      ['window', window, 'EventSource'],
      ['window', window, 'XMLHttpRequest'],
      ['window', window, 'ReadableStreamDefaultReader'],
      ['window', window, 'ReadableStreamBYOBReader'],
      ['EventTarget', EventTarget.prototype, 'addEventListener'],
    ];
    const iterator = Object.getPrototypeOf(new ReadableStream().values());
    const holders: [string, object][] = [
      ['Response', Response.prototype],
      ['ReadableStream', ReadableStream.prototype],
      ['DefaultReader', ReadableStreamDefaultReader.prototype],
      ['BYOBReader', ReadableStreamBYOBReader.prototype],
      ['iterator', iterator],
      ['XMLHttpRequest', XMLHttpRequest.prototype],
      ['WebSocket', WebSocket.prototype],
      ['EventSource', EventSource.prototype],
    ];
    for (const [name, holder] of holders)
      for (const key of Reflect.ownKeys(holder)) places.push([name, holder, key]);
    return places.map(([name, holder, key]) => {
      const found = Object.getOwnPropertyDescriptor(holder, key)!;
      const value = found.value ?? found.get;
      return [
        name,
        String(key),
        typeof found.value,
        found.writable,
        found.enumerable,
        found.configurable,
        typeof value === 'function' ? [value.name, value.length, Object.hasOwn(value, 'prototype')] : value,
        typeof value === 'function' && Reflect.ownKeys(value).map(String),
      ];
    });
  },
  'functions: look native': () => {
    const native = (value: unknown) => /\[native code\]/.test(Function.prototype.toString.call(value));
    return [
      native(fetch),
      native(WebSocket),
      native(EventSource),
      native(ReadableStream.prototype.getReader),
      native(ReadableStreamDefaultReader.prototype.read),
      native(Response.prototype.text),
      native(XMLHttpRequest.prototype.send),
    ];
  },
  'functions: identity': () => [
    ReadableStream.prototype.values === ReadableStream.prototype[Symbol.asyncIterator],
    WebSocket.prototype.constructor === WebSocket,
    EventSource.prototype.constructor === EventSource,
    ReadableStreamDefaultReader.prototype.constructor === ReadableStreamDefaultReader,
    ReadableStreamBYOBReader.prototype.constructor === ReadableStreamBYOBReader,
    new Response('x').body!.getReader().constructor === ReadableStreamDefaultReader,
    new Response('x').body!.getReader() instanceof ReadableStreamDefaultReader,
    [WebSocket.CONNECTING, WebSocket.OPEN, EventSource.CLOSED],
  ],
  'functions: called wrongly': async () => {
    const attempts: (() => unknown)[] = [
      () => (WebSocket as unknown as (url: string) => void)('ws://x'),
      () => new WebSocket('nonsense://x'),
      () => new WebSocket('ws://x', ['a', 'a']),
      () => new (WebSocket as unknown as new () => WebSocket)(),
      () => new EventSource('http://[broken'),
      () => (EventSource as unknown as (url: string) => void)('/'),
      () => WebSocket.prototype.send.call({} as WebSocket, 'x'),
      () => XMLHttpRequest.prototype.open.call({} as XMLHttpRequest, 'GET', '/', true),
      () => new XMLHttpRequest().send(),
      () => new XMLHttpRequest().setRequestHeader('a', 'b'),
      () => new XMLHttpRequest().open('b a d', '/'),
      () => ReadableStream.prototype.getReader.call({} as ReadableStream),
      () => new ReadableStream().getReader({ mode: 'byob' }),
      () => new ReadableStream().pipeThrough({} as never),
      () => new (ReadableStreamDefaultReader as unknown as new () => unknown)(),
      () => Response.prototype.clone.call({} as Response),
      () => new (fetch as unknown as new () => unknown)(),
    ];
    const rejected: (() => Promise<unknown>)[] = [
      () => ReadableStreamDefaultReader.prototype.read.call({} as never),
      () => Response.prototype.text.call({} as never),
      () => ReadableStream.prototype.pipeTo.call({} as never, {} as never),
      () => new ReadableStream().pipeTo({} as never),
      () => ReadableStream.prototype.cancel.call({} as never),
    ];
    const seen = attempts.map((run) => {
      try {
        run();
        return 'no error';
      } catch (error) {
        return String(error);
      }
    });
    for (const run of rejected) seen.push(await run().then(() => 'no error', String));
    return seen;
  },
  // In a script of the page: Chromium reports no unhandled rejection of code that a debugger evaluates.
  'unhandledrejection: as many as natively': async ({ origin }) => {
    const run = async (from: string) => {
      const seen: string[] = [];
      const onRejection = (event: PromiseRejectionEvent) => {
        seen.push(String(event.reason));
        event.preventDefault();
      };
      window.addEventListener('unhandledrejection', onRejection);
      void fetch('http://127.0.0.1:9/');
      void (await fetch(`${from}/text?body=nojson`)).json();
      // Five held connections: a sixth would be the browser's limit.
      const controller = new AbortController();
      const { signal } = controller;
      const reader = (await fetch(`${from}/pieces?n=1&hold`, { signal })).body!.getReader();
      await reader.read();
      void reader.read();
      void (await fetch(`${from}/pieces?n=1&hold`, { signal })).text();
      void (await fetch(`${from}/events?n=1&hold`, { signal })).text();
      void (await fetch(`${from}/pieces?n=1&hold`, { signal })).body!.pipeTo(new WritableStream());
      // Its promise is the browser's own business: natively this one is never reported.
      (await fetch(`${from}/pieces?n=1&hold`, { signal })).body!.pipeThrough(new TransformStream());
      controller.abort();
      // Nothing tells that no further rejection will be reported.
      await new Promise((resolve) => setTimeout(resolve, 300));
      window.removeEventListener('unhandledrejection', onRejection);
      return seen.sort();
    };
    const script = document.createElement('script');
    script.textContent = `window.result = (${String(run)})(${JSON.stringify(origin)})`;
    document.head.append(script);
    return (window as unknown as { result: Promise<string[]> }).result;
  },
  'reading: default reader': async ({ origin }) => {
    const reader = (await fetch(`${origin}/pieces?n=3&size=7`)).body!.getReader();
    let bytes = 0;
    let shape: unknown;
    for (;;) {
      const result = await reader.read();
      shape ??= [Reflect.ownKeys(result), Object.getPrototypeOf(result) === Object.prototype];
      if (result.done) return [bytes, shape, result.value, await reader.closed];
      bytes += result.value.length;
      if (!(result.value instanceof Uint8Array)) return 'not bytes';
    }
  },
  'reading: BYOB and small buffers': async ({ origin }) => {
    const reader = (await fetch(`${origin}/pieces?n=4&size=10`)).body!.getReader({ mode: 'byob' });
    let buffer = new ArrayBuffer(8);
    let text = '';
    const detached = [];
    for (;;) {
      const view = new Uint8Array(buffer);
      const promise = reader.read(view);
      detached.push(view.byteLength);
      const { value, done } = await promise;
      if (done) return [text, new Set(detached).size, value?.byteLength];
      text += new TextDecoder().decode(value);
      buffer = value.buffer as ArrayBuffer;
    }
  },
  'reading: BYOB misuse leaves the stream well': async ({ origin }) => {
    const reader = (await fetch(`${origin}/pieces?n=2&size=4`)).body!.getReader({ mode: 'byob' });
    const wrong = await reader.read(new Uint8Array(0)).then(() => 'fine', String);
    let text = '';
    for (;;) {
      const { value, done } = await reader.read(new DataView(new ArrayBuffer(64)));
      if (done) return [wrong, text];
      text += new TextDecoder().decode(value);
    }
  },
  'reading: new ReadableStreamDefaultReader': async ({ origin }) => {
    const response = await fetch(`${origin}/text?body=constructed`);
    const reader = new ReadableStreamDefaultReader(response.body!);
    const { value } = await reader.read();
    return [new TextDecoder().decode(value), response.body!.locked, reader.constructor.name];
  },
  'reading: for await': async ({ origin }) => {
    let text = '';
    for await (const chunk of (await fetch(`${origin}/pieces?n=3&size=3`)).body!)
      text += new TextDecoder().decode(chunk);
    return text;
  },
  'reading: releaseLock with a read pending': async ({ origin, key }) => {
    const response = await fetch(`${origin}/pieces?n=1&size=3&hold&key=${key}-release`);
    const reader = response.body!.getReader();
    await reader.read();
    const pending = reader.read().then(() => 'resolved', String);
    reader.releaseLock();
    const outcome = [await pending, response.body!.locked, await reader.read().then(() => 'read', String)];
    await response.body!.cancel();
    return outcome;
  },
  'reading: stop, release, go on': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=6&size=5`);
    let text = '';
    const first = body!.getReader();
    text += new TextDecoder().decode((await first.read()).value);
    first.releaseLock();
    for await (const chunk of body!.values({ preventCancel: true })) {
      text += new TextDecoder().decode(chunk);
      break;
    }
    const last = body!.getReader();
    for (;;) {
      const { value, done } = await last.read();
      if (done) return text;
      text += new TextDecoder().decode(value);
    }
  },
  'reading: tee': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=3&size=4`);
    const [left, right] = body!.tee();
    return [
      await new Response(left).text(),
      await new Response(right).text(),
      body!.locked,
      left.constructor.name,
    ];
  },
  'reading: clone': async ({ origin }) => {
    const response = await fetch(`${origin}/pieces?n=3&size=4`);
    const copy = response.clone();
    const shape = [copy.url === response.url, copy.type, copy.constructor === Response];
    const late = await copy.text();
    return [
      shape,
      await response.text(),
      late,
      await Promise.resolve()
        .then(() => response.clone())
        .then(String, String),
    ];
  },
  'reading: whole bodies': async ({ origin }) => {
    const get = (body: string) => fetch(`${origin}/text?body=${encodeURIComponent(body)}`);
    const formUrl = `${origin}/text?type=application/x-www-form-urlencoded&body=a%3Db`;
    return [
      await (await get('té')).text(),
      await (await get('{"a":1}')).json(),
      (await (await get('abc')).arrayBuffer()).byteLength,
      await (await (await get('abc')).blob()).text(),
      [...(await (await get('abc')).bytes())],
      [...(await (await fetch(formUrl)).formData()).entries()],
      await (await get('{broken')).json().then(() => 'fine', String),
      await (await get('x')).formData().then(() => 'fine', String),
      await (async () => {
        const response = await get('twice');
        await response.text();
        return response.text().then(() => 'fine', String);
      })(),
    ];
  },
  'reading: event streams taken whole': async ({ origin }) => {
    const response = await fetch(`${origin}/events?n=3`);
    const copy = response.clone();
    return [await response.text(), response.bodyUsed, await copy.text()];
  },
  'piping: pipeTo': async ({ origin }) => {
    const response = await fetch(`${origin}/pieces?n=3&size=6`);
    const { body } = response;
    let text = '';
    const promise = body!.pipeTo(
      new WritableStream({
        write(chunk) {
          text += new TextDecoder().decode(chunk);
        },
      }),
    );
    const locked = body!.locked;
    const value = await promise;
    return [text, locked, body!.locked, value, response.bodyUsed, await body!.getReader().closed];
  },
  'piping: pipeThrough': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=3&size=6`);
    const through = body!.pipeThrough(new TextDecoderStream());
    let text = '';
    for await (const part of through) text += part;
    return [text, body!.locked, through.constructor.name];
  },
  'piping: arguments are read once': async ({ origin }) => {
    const log: string[] = [];
    const spy = <T extends object>(target: T): T =>
      new Proxy(target, {
        get(from, key) {
          log.push(String(key));
          const value = Reflect.get(from, key);
          return typeof value === 'function' ? value.bind(from) : value;
        },
      });
    const first = await fetch(`${origin}/text?body=through`);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const through = first.body!.pipeThrough(spy({ writable, readable }), spy({ preventAbort: false }));
    const text = await new Response(through).text();
    const second = await fetch(`${origin}/text?body=to`);
    await second.body!.pipeTo(new WritableStream(), spy({ preventClose: true }));
    return [log, text, through === readable];
  },
  'piping: wrong arguments leave the body free': async ({ origin }) => {
    const response = await fetch(`${origin}/text?body=free`);
    const locked = new WritableStream();
    locked.getWriter();
    const outcomes: unknown[] = [
      await response.body!.pipeTo({} as never).catch(String),
      response.body!.locked,
      await response.body!.pipeTo(locked).catch(String),
      response.body!.locked,
    ];
    try {
      response.body!.pipeThrough({ writable: locked, readable: new ReadableStream() });
    } catch (error) {
      outcomes.push(String(error));
    }
    const wrong: unknown[][] = [
      [],
      [null],
      [{}],
      ['text'],
      [{ readable: {}, writable: {} }],
      [{ readable: {}, writable: new WritableStream() }],
      [{ readable: new ReadableStream(), writable: {} }],
      [new TransformStream(), { signal: {} }],
      [new TransformStream(), 1],
    ];
    for (const args of wrong) {
      try {
        (response.body!.pipeThrough as (...args: unknown[]) => unknown).apply(response.body, args);
        outcomes.push('fine');
      } catch (error) {
        outcomes.push(String(error));
      }
      outcomes.push(response.body!.locked);
    }
    outcomes.push(response.body!.locked, await response.text());
    return outcomes;
  },
  'piping: a failing destination cancels the source': async ({ origin, key }) => {
    const reason = new Error('full');
    const response = await fetch(`${origin}/pieces?n=1000&size=1000&gap=1&key=${key}-pipe-fail`);
    const outcome = await response
      .body!.pipeTo(
        new WritableStream({
          write() {
            throw reason;
          },
        }),
      )
      .then(
        () => 'resolved',
        (error) => error === reason,
      );
    return [outcome, response.body!.locked];
  },
  'piping: preventCancel gives the source back': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=2&size=5&gap=20`);
    const outcome = await body!
      .pipeTo(
        new WritableStream({
          write() {
            throw new Error('full');
          },
        }),
        { preventCancel: true },
      )
      .catch(String);
    const locked = body!.locked;
    let text = '';
    for await (const chunk of body!) text += new TextDecoder().decode(chunk);
    return [outcome, locked, text];
  },
  'piping: a source that fails while the destination is full': async ({ origin, key }) => {
    const controller = new AbortController();
    const response = await fetch(`${origin}/pieces?n=40&size=1000&hold&key=${key}-full`, {
      signal: controller.signal,
    });
    let abortedWith = '';
    const destination = new WritableStream(
      {
        write: () => new Promise((resolve) => setTimeout(resolve, 150)),
        abort(reason) {
          abortedWith = String(reason);
        },
      },
      { highWaterMark: 1 },
    );
    const piped = response.body!.pipeTo(destination).catch(String);
    await new Promise((resolve) => setTimeout(resolve, 60));
    controller.abort();
    return [await piped, abortedWith];
  },
  'piping: abort by signal': async ({ origin, key }) => {
    const controller = new AbortController();
    const reason = { mine: true };
    const response = await fetch(`${origin}/pieces?n=2&hold&key=${key}-pipe-abort`);
    const piped = response
      .body!.pipeTo(new WritableStream(), { signal: controller.signal })
      .catch((error) => error === reason);
    setTimeout(() => controller.abort(reason), 20);
    return [await piped, response.body!.locked];
  },
  'abort: with a custom reason': async ({ origin }) => {
    const controller = new AbortController();
    const reason = new Error('my reason');
    const response = await fetch(`${origin}/pieces?n=1&hold`, { signal: controller.signal });
    const reader = response.body!.getReader();
    await reader.read();
    const pending = reader.read();
    controller.abort(reason);
    return pending.then(
      () => 'resolved',
      (error) => [error === reason, String(error)],
    );
  },
  'abort: default reason, by stage': async ({ origin }) => {
    const outcome = (promise: Promise<unknown>) =>
      promise.then(
        () => 'resolved',
        (error) => [error.name, error.constructor.name, error.message],
      );
    const seen = [];
    seen.push(await outcome(fetch(`${origin}/text`, { signal: AbortSignal.abort() })));
    for (const how of ['text', 'read', 'iterate', 'pipe']) {
      const controller = new AbortController();
      const response = await fetch(`${origin}/pieces?n=1&hold`, { signal: controller.signal });
      setTimeout(() => controller.abort(), 20);
      if (how === 'text') seen.push(await outcome(response.text()));
      if (how === 'pipe') seen.push(await outcome(response.body!.pipeTo(new WritableStream())));
      if (how === 'read') {
        const reader = response.body!.getReader();
        await reader.read();
        seen.push(await outcome(reader.read()), await outcome(reader.closed), await outcome(reader.read()));
      }
      if (how === 'iterate')
        seen.push(
          await outcome(
            (async () => {
              for await (const _ of response.body!);
            })(),
          ),
        );
    }
    const timed = await fetch(`${origin}/pieces?n=1&hold`, { signal: AbortSignal.timeout(600) });
    seen.push(await outcome(timed.text()));
    return seen;
  },
  'errors: a connection cut in the middle': async ({ origin }) => {
    const outcome = (promise: Promise<unknown>) =>
      promise.then(
        () => 'resolved',
        (error) => [error.name, error.message],
      );
    const cut = () => fetch(`${origin}/pieces?n=2&cut&gap=5`);
    const reader = (await cut()).body!.getReader();
    const drained = (async () => {
      while (!(await reader.read()).done);
    })();
    return [
      await outcome(drained),
      await outcome((await cut()).text()),
      await outcome((await cut()).json()),
      await outcome((await cut()).body!.pipeTo(new WritableStream())),
    ];
  },
  'natively: transfer to another realm': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=2&size=3`);
    const { port1, port2 } = new MessageChannel();
    const received = new Promise<ReadableStream>((resolve) => {
      port2.onmessage = ({ data }) => resolve(data);
    });
    port1.postMessage(body, [body!]);
    return [body!.locked, await new Response(await received).text()];
  },
  'natively: WebAssembly streaming': async ({ origin }) => {
    const { instance } = await WebAssembly.instantiateStreaming(fetch(`${origin}/wasm`));
    return (instance.exports.answer as () => number)();
  },
  'natively: Cache.put': async ({ origin }) => {
    const cache = await caches.open('tap');
    await cache.put('/kept', await fetch(`${origin}/text?body=kept`));
    return (await cache.match('/kept'))?.text();
  },
  'natively: new Response(body)': async ({ origin }) => {
    const first = await fetch(`${origin}/text?body=wrapped`);
    const second = new Response(first.body, { headers: { a: 'b' } });
    return [await second.text(), first.bodyUsed, second.url];
  },
  'natively: createImageBitmap and blob urls': async ({ origin }) => {
    const blob = await (await fetch(`${origin}/text?body=b`)).blob();
    const url = URL.createObjectURL(blob);
    const text = await (await fetch(url)).text();
    URL.revokeObjectURL(url);
    return [blob.size, blob.type, text, await (await fetch('data:text/plain,inline')).text()];
  },
  'streams of the page are its own': async () => {
    let pulls = 0;
    const stream = new ReadableStream(
      {
        pull(controller) {
          controller.enqueue(pulls++);
          if (pulls === 3) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    const seen = [];
    for await (const value of stream) seen.push(value);
    return [seen, pulls];
  },
  'order of results': async ({ origin }) => {
    const log: string[] = [];
    const reader = (await fetch(`${origin}/pieces?n=2&size=2`)).body!.getReader();
    const reads = [reader.read(), reader.read(), reader.read()].map((promise, i) =>
      promise.then(({ done }) => log.push(`read ${i} ${done}`)),
    );
    void reader.closed.then(() => log.push('closed'));
    await Promise.all(reads);
    return log.filter((line) => line.startsWith('read')).map((line) => line.slice(0, 6));
  },
  'classes made from patched ones': async ({ origin, wsOrigin }) => {
    class MySocket extends WebSocket {
      mine = 1;
    }
    class MySource extends EventSource {
      mine = 2;
    }
    const socket = new MySocket(`${wsOrigin}/ws`);
    const source = new MySource(`${origin}/events?hold`);
    const seen = [
      socket instanceof MySocket,
      socket instanceof WebSocket,
      socket.mine,
      Object.getPrototypeOf(MySocket) === WebSocket,
      source instanceof MySource,
      source instanceof EventSource,
      source.mine,
    ];
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    socket.close();
    source.close();
    return seen;
  },
  'WebSocket: text, bytes, close': async ({ wsOrigin }) => {
    const log: unknown[] = [];
    const socket = new WebSocket(`${wsOrigin}/ws`, []);
    log.push(Object.getOwnPropertyNames(socket), socket.readyState, socket.binaryType);
    try {
      socket.send('early');
    } catch (error) {
      log.push(String(error));
    }
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    const next = () =>
      new Promise<unknown>((resolve) => {
        socket.onmessage = ({ data }) => resolve(data);
      });
    socket.send('text é');
    log.push(await next());
    socket.send(new Blob(['blob']));
    log.push(((await next()) as Blob).size);
    socket.binaryType = 'arraybuffer';
    socket.send(new Uint8Array([1, 2, 3]));
    log.push([...new Uint8Array((await next()) as ArrayBuffer)]);
    socket.send(new DataView(new ArrayBuffer(2)));
    log.push(((await next()) as ArrayBuffer).byteLength);
    let texts = 0;
    socket.send({ toString: () => `sent ${++texts}` } as unknown as string);
    log.push(await next(), texts);
    const closed = new Promise<CloseEvent>((resolve) => {
      socket.onclose = resolve;
    });
    socket.send('close');
    const { code, reason, wasClean } = await closed;
    socket.send('late');
    return [...log, code, reason, wasClean, socket.readyState];
  },
  'WebSocket: refused and cut': async ({ wsOrigin }) => {
    const end = (url: string, send?: string) =>
      new Promise((resolve) => {
        const log: string[] = [];
        const socket = new WebSocket(url);
        for (const type of ['open', 'error', 'close'])
          socket.addEventListener(type, (event) => {
            log.push(type);
            if (type === 'open' && send) socket.send(send);
            if (type === 'close') resolve([log, (event as CloseEvent).code, (event as CloseEvent).wasClean]);
          });
      });
    return [await end(`${wsOrigin}/nowhere`), await end(`${wsOrigin}/ws`, 'cut')];
  },
  'EventSource: messages, names, errors': async ({ origin }) => {
    const log: unknown[] = [];
    const source = new EventSource(`${origin}/events?n=2&name=tick`);
    log.push(
      Object.getOwnPropertyNames(source),
      source.readyState,
      source.withCredentials,
      source.url.endsWith('tick'),
    );
    const errored = new Promise((resolve) => {
      source.onerror = (event) => resolve([event.type, source.readyState]);
    });
    source.onopen = () => log.push('open');
    source.onmessage = () => log.push('never');
    source.addEventListener('tick', (event) => log.push([event.type, event.data, event.lastEventId]));
    log.push(await errored);
    source.close();
    return [...log, source.readyState];
  },
  'EventSource: refused': ({ origin }) =>
    new Promise((resolve) => {
      const source = new EventSource(`${origin}/text`);
      source.onerror = () => resolve([source.readyState]);
    }),
  'EventSource: removed and once listeners': async ({ origin }) => {
    const log: string[] = [];
    const source = new EventSource(`${origin}/events?n=3&name=tick`);
    const removed = () => log.push('removed');
    source.addEventListener('tick', removed);
    source.removeEventListener('tick', removed);
    source.addEventListener('tick', () => log.push('once'), { once: true });
    source.addEventListener('tick', {
      handleEvent: (event: Event) => log.push((event as MessageEvent).data),
    });
    source.addEventListener('tick', null as unknown as () => void);
    await new Promise((resolve) => {
      source.onerror = resolve;
    });
    source.close();
    return log;
  },
  'XMLHttpRequest: text, states and headers': ({ origin }) =>
    new Promise((resolve) => {
      const log: string[] = [];
      const xhr = new XMLHttpRequest();
      xhr.open('post', `${origin}/echo`);
      xhr.setRequestHeader('x-extra', '1');
      for (const type of ['loadstart', 'progress', 'load', 'loadend', 'readystatechange'])
        xhr.addEventListener(type, () => {
          const line = `${type} ${xhr.readyState}`;
          if (log.at(-1) !== line) log.push(line);
          if (type === 'loadend')
            resolve([
              log,
              xhr.status,
              xhr.responseText,
              xhr.getResponseHeader('content-type'),
              Object.keys(xhr),
            ]);
        });
      xhr.send('body');
    }),
  'XMLHttpRequest: other response types': async ({ origin }) => {
    const load = (responseType: XMLHttpRequestResponseType, body: string) =>
      new Promise<XMLHttpRequest>((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', `${origin}/text?body=${encodeURIComponent(body)}`);
        xhr.responseType = responseType;
        xhr.onload = () => resolve(xhr);
        xhr.send();
      });
    const json = await load('json', '{"a":1}');
    const parsed = json.response;
    return [
      parsed,
      parsed === json.response,
      (await load('arraybuffer', 'abc')).response.byteLength,
      (await load('blob', 'abcd')).response.size,
      (await load('text', 'té')).response,
    ];
  },
  'XMLHttpRequest: synchronous, refused, aborted, timed out': async ({ origin }) => {
    const sync = new XMLHttpRequest();
    sync.open('GET', `${origin}/text?body=sync`, false);
    sync.send();
    const refused = new XMLHttpRequest();
    refused.open('GET', 'http://127.0.0.1:9/', false);
    let error = '';
    try {
      refused.send();
    } catch (thrown) {
      error = (thrown as Error).name;
    }
    const end = (prepare: (xhr: XMLHttpRequest) => void, url = `${origin}/pieces?n=1&hold`) =>
      new Promise((resolve) => {
        const log: string[] = [];
        const xhr = new XMLHttpRequest();
        xhr.open('GET', url);
        for (const type of ['error', 'abort', 'timeout', 'load'])
          xhr.addEventListener(type, () => log.push(type));
        xhr.onloadend = () => resolve([log, xhr.status, xhr.readyState]);
        prepare(xhr);
        xhr.send();
      });
    return [
      sync.responseText,
      error,
      refused.status,
      await end(() => undefined, 'http://127.0.0.1:9/'),
      await end((xhr) => setTimeout(() => xhr.abort(), 60)),
      await end((xhr) => {
        xhr.timeout = 80;
      }),
    ];
  },
  'XMLHttpRequest: reused from its own load event': ({ origin }) =>
    new Promise((resolve) => {
      const seen: string[] = [];
      const xhr = new XMLHttpRequest();
      xhr.onload = () => {
        seen.push(xhr.responseText);
        if (seen.length === 3) resolve(seen);
        else {
          xhr.open('GET', `${origin}/text?body=${seen.length}`);
          xhr.send();
        }
      };
      xhr.open('GET', `${origin}/text?body=0`);
      xhr.send();
    }),
  'XMLHttpRequest: no preflight for what needs none': async ({ otherOrigin }) => {
    const xhr = new XMLHttpRequest();
    xhr.open('GET', `${otherOrigin}/cors`);
    return new Promise((resolve) => {
      xhr.onloadend = () => resolve([xhr.status, xhr.responseText]);
      xhr.send();
    });
  },
  'resource timing: as many entries as natively': async ({ origin, key }) => {
    const url = `${origin}/text?count=${key}`;
    await (await fetch(url)).text();
    await new Promise((resolve) => setTimeout(resolve, 50));
    return performance.getEntriesByName(url).length;
  },
  'globals: nothing added': () =>
    Object.getOwnPropertyNames(window).filter((name) => /gauge|tap/i.test(name)),
};
