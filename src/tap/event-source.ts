import type { Patches } from './patches';
import {
  addListener,
  apply,
  attempt,
  construct,
  getters,
  now,
  removeListener,
  safeSet,
  safeWeakMap,
  utf8Length,
} from './primordials';
import type { Recorder, Stream } from './recorder';
import { NO_BODY, plainRequest } from './request';

interface Source {
  object: number;
  /** The connection that is open or being tried; null between two connections. */
  stream: Stream | null;
  opened: boolean;
  types: Set<string>;
  release(): void;
}

const CONNECTING = 0;

const eventSourceGetter = getters('EventSource');
const sourceUrl = eventSourceGetter<string>('url');
const sourceState = eventSourceGetter<number>('readyState');
const sourceCredentials = eventSourceGetter<boolean>('withCredentials');
const eventType = getters('Event')<string>('type');
const messageEventGetter = getters('MessageEvent');
const eventData = messageEventGetter<unknown>('data');
const eventId = messageEventGetter<string>('lastEventId');

/** Watches EventSource by listeners that run before the page's own. */
export function patchEventSource(patches: Patches, recorder: Recorder): { stop(): void } {
  if (!globalThis.EventSource) return { stop() {} };
  const sources = safeWeakMap<object, Source>();
  const live = safeSet<Source>();
  let learning = false;

  patches.globalClass('EventSource', (target, args, newTarget) => {
    const startedAtMs = now();
    const source = construct(target, args, newTarget) as object;
    attempt(() => begin(source, startedAtMs));
    return source;
  });

  patches.method(EventSource.prototype, 'close', (target, self, args) => {
    const source = sources.get(self as object);
    const result = apply(target, self, args);
    if (source) {
      endStream(source, 'aborted');
      source.release();
    }
    return result;
  });

  function begin(eventSource: object, startedAtMs: number): void {
    learnTypes();
    const source: Source = {
      object: recorder.newObject(),
      stream: null,
      opened: false,
      types: safeSet<string>(),
      release() {
        live.delete(source);
        source.types.forEach((type) => void removeListener(eventSource, type, onEvent));
        source.types.clear();
        sources.delete(eventSource);
      },
    };
    const onEvent = (event: Event) => attempt(() => observe(eventSource, source, event));
    sources.set(eventSource, source);
    live.add(source);
    listeners.set(source, (type) => {
      if (source.types.has(type)) return;
      source.types.add(type);
      addListener(eventSource, type, onEvent);
    });
    listen(source, 'open');
    listen(source, 'message');
    listen(source, 'error');
    startStream(eventSource, source, startedAtMs);
  }

  const listeners = safeWeakMap<Source, (type: string) => void>();
  const listen = (source: Source, type: string) => listeners.get(source)?.(type);

  /**
   * Events of a named type are only visible to listeners of that type, so the page's own addEventListener names them.
   * EventSource inherits it from EventTarget; patched only once there is an EventSource, since every call of every
   * object on the page goes through it.
   */
  function learnTypes(): void {
    if (learning) return;
    learning = true;
    patches.method(EventTarget.prototype, 'addEventListener', (target, self, args) => {
      const source = sources.get(self as object);
      if (source && typeof args[0] === 'string' && args[1]) {
        const type = args[0];
        attempt(() => listen(source, type));
      }
      return apply(target, self, args);
    });
  }

  function startStream(eventSource: object, source: Source, atMs: number): void {
    source.opened = false;
    source.stream = recorder.start(
      'eventsource',
      source.object,
      plainRequest(
        atMs,
        'GET',
        sourceUrl(eventSource),
        [],
        NO_BODY,
        sourceCredentials(eventSource) ? 'include' : 'same-origin',
        'cors',
        null,
        [],
      ),
    );
  }

  function endStream(source: Source, kind: 'error' | 'aborted' | 'refused'): void {
    if (source.stream) recorder.end(source.stream, kind);
    source.stream = null;
  }

  function observe(eventSource: object, source: Source, event: Event): void {
    // The browser's own property of every event: the page cannot forge it.
    if (!event.isTrusted) return;
    const atMs = now();
    const type = eventType(event);
    // The browser reconnects by itself and says nothing until that has worked or failed.
    if (!source.stream) startStream(eventSource, source, atMs);
    const stream = source.stream!;
    let data: unknown;
    try {
      data = eventData(event);
    } catch {
      onState(eventSource, source, stream, type, atMs);
      return;
    }
    // The server may name an event "open" or "error": that is still a message.
    if (typeof data === 'string')
      recorder.message(stream, atMs, false, utf8Length(data), data, false, type, eventId(event));
  }

  function onState(eventSource: object, source: Source, stream: Stream, type: string, atMs: number): void {
    if (type === 'open') {
      source.opened = true;
      // An EventSource opens for nothing but 200; its headers are not shown to the page.
      recorder.head(stream, {
        atMs,
        status: 200,
        statusText: '',
        headers: [],
        responseType: null,
        url: sourceUrl(eventSource),
        redirected: false,
      });
    } else if (type === 'error') {
      endStream(source, source.opened ? 'error' : 'refused');
      if (sourceState(eventSource) !== CONNECTING) source.release();
    }
  }

  return {
    stop() {
      live.forEach((source) => void source.release());
    },
  };
}
