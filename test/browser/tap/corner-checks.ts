import type { CheckEnv } from './fidelity-checks';

type Check = (env: CheckEnv) => unknown;

/**
 * More checks of the same kind as `CHECKS`: corners where an observer is easily wrong. Each runs natively and tapped, and
 * must give the same. Self-contained: they are sent as text.
 */
export const CORNER_CHECKS: Record<string, Check> = {
  'subclass: XMLHttpRequest, with its own methods': ({ origin }) =>
    new Promise((resolve) => {
      const log: string[] = [];
      class Mine extends XMLHttpRequest {
        override open(method: string, url: string | URL): void {
          log.push('open');
          super.open(method, url, true);
        }
        override send(body?: XMLHttpRequestBodyInit): void {
          log.push('send');
          super.send(body);
        }
        override get responseText(): string {
          return `mine ${super.responseText}`;
        }
      }
      const xhr = new Mine();
      xhr.onload = () => resolve([log, xhr.responseText, xhr instanceof Mine, xhr.constructor === Mine]);
      xhr.open('GET', `${origin}/text?body=sub`);
      xhr.send();
    }),
  'subclass: readers, streams and responses': async ({ origin }) => {
    class MyReader extends ReadableStreamDefaultReader<Uint8Array> {
      mine = true;
    }
    class MyResponse extends Response {}
    const response = await fetch(`${origin}/text?body=reader`);
    const reader = new MyReader(response.body!);
    const { value } = await reader.read();
    const made = new MyResponse('own', { status: 201 });
    return [
      reader.mine,
      reader instanceof MyReader,
      reader instanceof ReadableStreamDefaultReader,
      new TextDecoder().decode(value),
      made instanceof MyResponse,
      made.constructor === MyResponse,
      await made.clone().text(),
      Object.getPrototypeOf(made.clone()) === Response.prototype,
    ];
  },
  'subclass: Reflect.construct with another target': ({ wsOrigin, origin }) => {
    class Other {}
    const socket = Reflect.construct(WebSocket, [`${wsOrigin}/ws`], Other) as WebSocket;
    const source = Reflect.construct(EventSource, [`${origin}/events?hold`], Other) as EventSource;
    const shape = [
      Object.getPrototypeOf(socket) === Other.prototype,
      socket instanceof WebSocket,
      Object.getPrototypeOf(source) === Other.prototype,
    ];
    WebSocket.prototype.close.call(socket);
    EventSource.prototype.close.call(source);
    return shape;
  },
  'frames: about:blank, srcdoc and what is left of a removed one': async ({ origin }) => {
    const seen: unknown[] = [];
    const blank = document.createElement('iframe');
    document.body.append(blank);
    type Realm = Window & typeof globalThis;
    const inner = blank.contentWindow as Realm;
    seen.push(inner.fetch === fetch, inner.WebSocket === WebSocket);
    seen.push(await (await inner.fetch(`${origin}/text?body=blank`)).text());
    const foreign = await inner.fetch(`${origin}/text?body=foreign`);
    seen.push(foreign instanceof Response, await Response.prototype.text.call(foreign));
    const srcdoc = document.createElement('iframe');
    srcdoc.srcdoc = `<script>window.text = fetch('${origin}/text?body=srcdoc').then((one) => one.text())</script>`;
    await new Promise((resolve) => {
      srcdoc.onload = resolve;
      document.body.append(srcdoc);
    });
    seen.push(await (srcdoc.contentWindow as unknown as { text: Promise<string> }).text);
    const kept = inner.fetch;
    const running = (await inner.fetch(`${origin}/pieces?n=3&gap=40`)).body!.getReader();
    await running.read();
    blank.remove();
    const late = await Promise.race([
      Promise.resolve()
        .then(() => kept(`${origin}/text`))
        .then(
          () => 'resolved',
          (error) => error.name,
        ),
      new Promise((resolve) => setTimeout(resolve, 300, 'silent')),
    ]);
    const rest = await Promise.race([
      running.read().then(
        ({ done }) => done,
        (error) => error.name,
      ),
      new Promise((resolve) => setTimeout(resolve, 300, 'silent')),
    ]);
    srcdoc.remove();
    return [...seen, late, rest];
  },
  'frames: document.open keeps what runs': async ({ origin }) => {
    const frame = document.createElement('iframe');
    document.body.append(frame);
    const inner = frame.contentWindow as Window & typeof globalThis;
    const before = inner.fetch;
    inner.document.open();
    inner.document.write(
      `<script>window.text = fetch('${origin}/text?body=written').then((one) => one.text())</script>`,
    );
    inner.document.close();
    const text = await (inner as unknown as { text: Promise<string> }).text;
    const same = inner.fetch === before;
    frame.remove();
    return [text, same];
  },
  'responses that no fetch brought': async () => {
    let pulled = 0;
    const made = new Response(
      new ReadableStream({
        pull(controller) {
          controller.enqueue(new TextEncoder().encode(`${pulled++}`));
          if (pulled === 3) controller.close();
        },
      }),
    );
    const cache = await caches.open('corner');
    await cache.put('/made', new Response('from cache'));
    const cached = await cache.match('/made');
    const error = Response.error();
    return [
      await made.text(),
      pulled,
      await cached!.text(),
      await Response.json({ a: 1 }).json(),
      error.type,
      error.body,
      await new Response(null).text(),
      await new Response(new Blob(['b'])).bytes().then((bytes) => bytes.length),
    ];
  },
  'abort: before, between and after': async ({ origin }) => {
    const outcome = (promise: Promise<unknown>) =>
      promise.then(String, (error) => error?.mine ?? error?.name ?? error);
    const reason = { mine: 'reason' };
    const signal = AbortSignal.abort(reason);
    const request = new Request(`${origin}/text`, { signal });
    const controller = new AbortController();
    const late = await fetch(`${origin}/text?body=late`, { signal: controller.signal });
    const text = await late.text();
    controller.abort(reason);
    const other = new AbortController();
    const unread = await fetch(new Request(`${origin}/pieces?n=1&hold`, { signal: other.signal }));
    other.abort('a string');
    const any = new AbortController();
    const combined = await fetch(`${origin}/pieces?n=1&hold`, {
      signal: AbortSignal.any([any.signal, AbortSignal.timeout(60_000)]),
    });
    const reading = combined.body!.getReader();
    await reading.read();
    any.abort(reason);
    return [
      await outcome(fetch(request)),
      await outcome(fetch(`${origin}/text`, { signal })),
      text,
      await outcome(late.text()),
      await outcome(unread.text()),
      await outcome(reading.read()),
      await outcome(reading.closed),
      await outcome(fetch(`${origin}/text`, { signal: 'no signal' as unknown as AbortSignal })),
    ];
  },
  'reading: BYOB with a minimum, and released in the middle': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=6&size=4&gap=5`);
    const reader = body!.getReader({ mode: 'byob' });
    const first = await (
      reader as unknown as {
        read(view: Uint8Array, options: { min: number }): Promise<{ value: Uint8Array; done: boolean }>;
      }
    ).read(new Uint8Array(16), { min: 10 });
    reader.releaseLock();
    const after = await reader.read(new Uint8Array(4)).then(() => 'read', String);
    let rest = first.value.byteLength;
    const next = body!.getReader({ mode: 'byob' });
    for (;;) {
      const { value, done } = await next.read(new Uint16Array(4));
      if (done) return [first.value.byteLength >= 10, after, rest, value?.constructor.name];
      rest += value.byteLength;
    }
  },
  'reading: two branches at different speeds, one cancelled': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=5&size=3`);
    const [left, right] = body!.tee();
    const reader = left.getReader();
    await reader.read();
    const cancelling = reader.cancel('enough');
    let text = '';
    for await (const chunk of right) text += new TextDecoder().decode(chunk);
    return [text, await cancelling, await reader.closed.then(() => 'closed', String)];
  },
  'reading: values() with odd options, and return()': async ({ origin }) => {
    const { body } = await fetch(`${origin}/pieces?n=6&size=2&gap=2`);
    const iterator = body!.values({ preventCancel: 1 as unknown as boolean });
    const first = await iterator.next();
    const returned = await iterator.return!('mine' as never);
    const again = await iterator.next();
    const locked = body!.locked;
    let rest = first.value!.length;
    for await (const chunk of body!) rest += chunk.length;
    return [returned, again, locked, rest];
  },
  'piping: TextDecoderStream, then a line splitter, then for await': async ({ origin }) => {
    const lines: string[] = [];
    let pending = '';
    const response = await fetch(`${origin}/events?n=3`);
    const decoded = response.body!.pipeThrough(
      new TextDecoderStream() as unknown as TransformStream<Uint8Array, string>,
    );
    for await (const text of decoded) {
      pending += text;
      const parts = pending.split('\n');
      pending = parts.pop()!;
      lines.push(...parts);
    }
    return [lines, response.bodyUsed, response.body!.locked];
  },
  'piping: what a full destination leaves in the source': async ({ origin }) => {
    const controller = new AbortController();
    const { body } = await fetch(`${origin}/pieces?n=8&size=1&gap=15`);
    const written: string[] = [];
    const piped = body!
      .pipeTo(
        new WritableStream<Uint8Array>(
          {
            write(chunk) {
              written.push(new TextDecoder().decode(chunk));
              return new Promise((resolve) => setTimeout(resolve, 10));
            },
          },
          { highWaterMark: 1 },
        ),
        { signal: controller.signal, preventCancel: true },
      )
      .catch((error) => error.name);
    setTimeout(() => controller.abort(), 60);
    const outcome = await piped;
    let rest = '';
    for await (const chunk of body!) rest += new TextDecoder().decode(chunk);
    // Where exactly the abort falls is chance; nothing may be lost or come twice.
    return [outcome, (written.join('') + rest).length, written.join('') + rest];
  },
  'piping: options are read once and in the same order': async ({ origin }) => {
    const log: string[] = [];
    const watched = <T extends object>(name: string, target: T) =>
      new Proxy(target, {
        get(_, key) {
          log.push(`${name}.${String(key)}`);
          const value = Reflect.get(target, key, target);
          return typeof value === 'function' ? value.bind(target) : value;
        },
      });
    const options = () => watched('options', { preventClose: true, preventAbort: false });
    const to = await fetch(`${origin}/text?body=a`);
    await to.body!.pipeTo(new WritableStream(), options());
    const through = await fetch(`${origin}/text?body=b`);
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const out = through.body!.pipeThrough(watched('pair', { readable, writable }), options());
    const reader = out.getReader();
    await reader.read();
    return log;
  },
  'piping: wrong ends': async ({ origin }) => {
    const seen: string[] = [];
    const attempts: ((body: ReadableStream) => unknown)[] = [
      (body) => body.pipeThrough({ readable: new ReadableStream(), writable: {} as WritableStream }),
      (body) => body.pipeThrough({ readable: {} as ReadableStream, writable: new WritableStream() }),
      (body) => body.pipeThrough(null as never),
      (body) => body.pipeTo(null as never),
      (body) => body.pipeTo(new WritableStream(), { signal: {} as AbortSignal }),
    ];
    for (const attempt of attempts) {
      const { body } = await fetch(`${origin}/text?body=still`);
      const outcome = await Promise.resolve()
        .then(() => attempt(body!))
        .then(() => 'fine', String);
      seen.push(outcome, await new Response(body).text());
    }
    return seen;
  },
  'XMLHttpRequest: every response type, while it loads and after': async ({ origin }) => {
    const seen: unknown[] = [];
    // The same object each time it is asked for.
    const isSame = (xhr: XMLHttpRequest) => {
      const { response } = xhr;
      return response === xhr.response;
    };
    const describe = (xhr: XMLHttpRequest) => {
      const text = (() => {
        try {
          return xhr.responseText.length;
        } catch (error) {
          return (error as Error).name;
        }
      })();
      const xml = (() => {
        try {
          return xhr.responseXML?.documentElement?.nodeName ?? null;
        } catch (error) {
          return (error as Error).name;
        }
      })();
      return [xhr.readyState, xhr.response?.constructor?.name ?? typeof xhr.response, text, xml];
    };
    for (const type of ['', 'text', 'json', 'document', 'arraybuffer', 'blob', 'moz-chunked-text'])
      for (const content of ['application/xml', 'text/html']) {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', `${origin}/text?type=${content}&body=${encodeURIComponent('<a>é</a>')}`);
        xhr.responseType = type as XMLHttpRequestResponseType;
        const states: unknown[] = [];
        xhr.onprogress = () => states.push(describe(xhr));
        await new Promise((resolve) => {
          xhr.onloadend = resolve;
          xhr.send();
        });
        let changed = '';
        try {
          xhr.responseType = 'text';
        } catch (error) {
          changed = (error as Error).name;
        }
        seen.push([type, content, states.at(-1), describe(xhr), changed, isSame(xhr)]);
      }
    return seen;
  },
  'XMLHttpRequest: another charset, and an overridden one': async ({ origin }) => {
    const load = (type: string, override?: string) =>
      new Promise((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open('GET', `${origin}/text?type=${encodeURIComponent(type)}&body=${encodeURIComponent('é€')}`);
        if (override) xhr.overrideMimeType(override);
        xhr.onload = () => resolve([xhr.responseText, xhr.responseText.length]);
        xhr.send();
      });
    return [
      await load('text/plain; charset=iso-8859-1'),
      await load('text/plain; charset=utf-16le'),
      await load('text/plain', 'text/plain; charset=x-user-defined'),
      await load('text/plain; charset=nonsense'),
    ];
  },
  'XMLHttpRequest: order of events and handlers': ({ origin }) =>
    new Promise((resolve) => {
      const log: string[] = [];
      const xhr = new XMLHttpRequest();
      xhr.addEventListener('readystatechange', () => log.push(`listener ${xhr.readyState}`));
      xhr.onreadystatechange = () => log.push(`handler ${xhr.readyState}`);
      xhr.open('GET', `${origin}/text?body=order`);
      xhr.addEventListener('load', { handleEvent: () => log.push('object') });
      xhr.onload = 'not a function' as unknown as () => void;
      xhr.send();
      log.push(`handler is ${typeof xhr.onload}`);
      xhr.addEventListener('load', () => log.push('late'), { once: true });
      xhr.onloadend = () => {
        // Progress may come once or more often.
        log.push('loadend');
        xhr.dispatchEvent(new ProgressEvent('load', { loaded: 99 }));
        resolve(log.filter((line) => !line.endsWith(' 3')));
      };
    }),
  'XMLHttpRequest: opened again, aborted twice, sent while open': async ({ origin }) => {
    const log: string[] = [];
    const xhr = new XMLHttpRequest();
    for (const type of ['abort', 'load', 'error', 'loadend', 'timeout'])
      xhr.addEventListener(type, () => log.push(type));
    xhr.open('GET', `${origin}/pieces?n=1&hold`);
    xhr.send();
    xhr.open('GET', `${origin}/pieces?n=1&hold`);
    xhr.send();
    try {
      xhr.send();
    } catch (error) {
      log.push((error as Error).name);
    }
    xhr.abort();
    xhr.abort();
    log.push(String(xhr.readyState));
    xhr.open('GET', `${origin}/text?body=again`);
    const done = new Promise((resolve) => {
      xhr.onload = resolve;
    });
    xhr.send();
    await done;
    return [log, xhr.responseText];
  },
  'WebSocket: binaryType changed while frames come': async ({ wsOrigin }) => {
    const socket = new WebSocket(`${wsOrigin}/ws`);
    await new Promise((resolve) => {
      socket.onopen = resolve;
    });
    const kinds: string[] = [];
    const done = new Promise<void>((resolve) => {
      socket.onmessage = ({ data }) => {
        kinds.push(Object.prototype.toString.call(data));
        socket.binaryType = kinds.length % 2 ? 'arraybuffer' : 'blob';
        if (kinds.length === 4) resolve();
        else socket.send(new Uint8Array([kinds.length]));
      };
    });
    socket.send(new Uint8Array([0]));
    await done;
    try {
      socket.binaryType = 'nonsense' as BinaryType;
    } catch (error) {
      kinds.push(String(error));
    }
    socket.close();
    return [...kinds, socket.binaryType];
  },
  'WebSocket: handlers of every kind': async ({ wsOrigin }) => {
    const log: unknown[] = [];
    const socket = new WebSocket(new URL(`${wsOrigin}/ws`), []);
    await new Promise((resolve) => socket.addEventListener('open', resolve, { once: true }));
    const stop = new AbortController();
    socket.onmessage = { handleEvent: () => log.push('handler object') } as never;
    log.push(typeof socket.onmessage);
    socket.onmessage = 5 as never;
    log.push(socket.onmessage);
    socket.addEventListener('message', {
      handleEvent: ({ data }: MessageEvent) => log.push(`object ${data}`),
    } as never);
    socket.addEventListener('message', () => log.push('once'), { once: true });
    socket.addEventListener('message', () => log.push('stopped'), { signal: stop.signal });
    socket.addEventListener('message', (event) => {
      log.push(['first', event.cancelBubble, event.eventPhase, event.isTrusted]);
      event.stopImmediatePropagation();
    });
    socket.addEventListener('message', () => log.push('never'));
    const next = async (text: string) => {
      const came = log.length;
      socket.send(text);
      while (log.length === came) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    await next('a');
    stop.abort();
    await next('b');
    socket.dispatchEvent(new MessageEvent('message', { data: 'forged' }));
    const buffered = socket.bufferedAmount;
    socket.close(3001, 'é'.repeat(20));
    const { code, reason } = await new Promise<CloseEvent>((resolve) => {
      socket.onclose = resolve;
    });
    return [...log, buffered, code, reason];
  },
  'WebSocket: closed before it opens, and closed wrongly': async ({ wsOrigin }) => {
    const socket = new WebSocket(`${wsOrigin}/ws`);
    const log: string[] = [];
    for (const attempt of [
      () => socket.close(1),
      () => socket.close(3000, 'x'.repeat(200)),
      () => socket.close(),
    ])
      try {
        attempt();
        log.push('fine');
      } catch (error) {
        log.push((error as Error).name);
      }
    const event = await new Promise<CloseEvent>((resolve) => {
      socket.onclose = resolve;
    });
    return [...log, event.code, event.wasClean, socket.readyState];
  },
  'EventSource: named events with once, signal and objects': async ({ origin }) => {
    const log: string[] = [];
    const stop = new AbortController();
    const source = new EventSource(`${origin}/events?n=3&name=tick&gap=20`);
    source.addEventListener('tick', () => log.push('once'), { once: true });
    source.addEventListener('tick', () => log.push('never'), { signal: AbortSignal.abort() });
    source.addEventListener(
      'tick',
      () => {
        log.push('until stopped');
        stop.abort();
      },
      { signal: stop.signal },
    );
    source.addEventListener('tick', { handleEvent: (event: Event) => log.push(`object ${event.type}`) });
    source.onmessage = { handleEvent: () => log.push('handler object') } as never;
    log.push(typeof source.onmessage);
    source.dispatchEvent(new MessageEvent('tick', { data: 'forged' }));
    await new Promise((resolve) => {
      source.onerror = resolve;
    });
    source.close();
    return log;
  },
  'EventSource: an event called error, and one called open': async ({ origin }) => {
    const log: string[] = [];
    for (const name of ['error', 'open']) {
      const source = new EventSource(`${origin}/events?n=1&name=${name}&hold`);
      await new Promise<void>((resolve) => {
        source.addEventListener(name, (event) => {
          if (!(event instanceof MessageEvent)) return;
          log.push(`${name} ${event.data} ${source.readyState}`);
          resolve();
        });
      });
      source.close();
    }
    return log;
  },
  'addEventListener: of everything else, once there is an EventSource': ({ origin }) => {
    new EventSource(`${origin}/events?hold`).close();
    const log: unknown[] = [];
    const target = new EventTarget();
    const run = (event: Event) => log.push([event.type, event.currentTarget === target]);
    target.addEventListener('x', run);
    target.addEventListener('x', run);
    target.addEventListener('x', null);
    target.dispatchEvent(new Event('x'));
    target.removeEventListener('x', run);
    target.dispatchEvent(new Event('x'));
    const bare = addEventListener;
    bare('corner', () => log.push('window'), { once: true });
    dispatchEvent(new Event('corner'));
    for (const self of [null, undefined, {}])
      try {
        EventTarget.prototype.addEventListener.call(self as never, 'x', () => undefined);
        log.push('fine');
      } catch (error) {
        log.push(String(error));
      }
    try {
      (target.addEventListener as (type: string) => void)('x');
    } catch (error) {
      log.push(String(error));
    }
    return log;
  },
  'page code: a getter on Promise.prototype.constructor is asked as often': async ({ origin }) => {
    const native = Promise;
    let asked = 0;
    Object.defineProperty(Promise.prototype, 'constructor', {
      configurable: true,
      get() {
        asked++;
        return native;
      },
    });
    const reader = (await fetch(`${origin}/pieces?n=3&size=2`)).body!.getReader();
    const before = asked;
    const first = reader.read();
    const during = asked - before;
    await first;
    Object.defineProperty(Promise.prototype, 'constructor', {
      configurable: true,
      writable: true,
      value: native,
    });
    return during;
  },
  'page code: prototypes replaced after the start': async ({ origin }) => {
    const calls: string[] = [];
    const restore: (() => void)[] = [];
    const spy = (holder: object, key: PropertyKey, name: string) => {
      const found = Object.getOwnPropertyDescriptor(holder, key)!;
      Object.defineProperty(holder, key, {
        ...found,
        value(this: unknown, ...args: unknown[]) {
          calls.push(name);
          return Reflect.apply(found.value, this, args);
        },
      });
      restore.push(() => Object.defineProperty(holder, key, found));
    };
    spy(ReadableStream.prototype, 'getReader', 'getReader');
    spy(ReadableStreamDefaultReader.prototype, 'read', 'read');
    spy(ReadableStreamDefaultReader.prototype, 'releaseLock', 'releaseLock');
    spy(Response.prototype, 'clone', 'clone');
    spy(EventTarget.prototype, 'addEventListener', 'addEventListener');
    spy(WebSocket.prototype, 'send', 'send');
    spy(XMLHttpRequest.prototype, 'setRequestHeader', 'setRequestHeader');
    const text = await (await fetch(`${origin}/events?n=1`)).text();
    const piped = (await fetch(`${origin}/pieces?n=2`)).body!.pipeThrough(new TextDecoderStream() as never);
    let pieces = '';
    for await (const piece of piped as ReadableStream<string>) pieces += piece;
    const [left] = (await fetch(`${origin}/text?body=teed`)).body!.tee();
    const teed = await new Response(left).text();
    for (const undo of restore) undo();
    return [calls, text.length, pieces.length, teed];
  },
  // Last, because the worker controls the page from here on.
  'service worker: an answer it made piece by piece': async ({ origin }) => {
    const source = `
      addEventListener('install', () => skipWaiting());
      addEventListener('activate', (event) => event.waitUntil(clients.claim()));
      addEventListener('fetch', (event) => {
        if (!event.request.url.includes('from-worker')) return;
        const bytes = (text) => new TextEncoder().encode(text);
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(bytes('first '));
            setTimeout(() => { controller.enqueue(bytes('second')); controller.close(); }, 30);
          },
        });
        event.respondWith(new Response(body, { headers: { 'x-worker': 'yes' } }));
      });`;
    const registration = await navigator.serviceWorker.register(
      `/text?type=text/javascript&body=${encodeURIComponent(source)}`,
    );
    if (!navigator.serviceWorker.controller)
      await new Promise((resolve) => navigator.serviceWorker.addEventListener('controllerchange', resolve));
    const response = await fetch(`${origin}/from-worker`);
    const copy = response.clone();
    let text = '';
    for await (const chunk of response.body!) text += new TextDecoder().decode(chunk);
    const passed = await (await fetch(`${origin}/text?body=passed`)).text();
    await registration.unregister();
    return [response.type, response.headers.get('x-worker'), text, await copy.text(), passed];
  },
};
