import { END_ABORTED, END_ERROR, END_REFUSED, KIND_EVENT_SOURCE } from '../protocol/wire';
import {
  addListener,
  apply,
  attempt,
  construct,
  eventData,
  eventId,
  eventTarget,
  eventType,
  forget,
  getKnown,
  getters,
  NativeWeakMap,
  now,
  safely,
  setKnown,
} from './natives';
import { patch, patchClass } from './patches';
import { addHead, addMessage, endStream, newObject, type Stream, startStream } from './recorder';

interface Source {
  object_: number;
  /** The connection that is open or being tried; undefined between two connections. */
  stream_: Stream | undefined;
  opened_: boolean;
}

const EVENT_SOURCE = 'EventSource';
const CONNECTING = 0;
const [sourceUrl, sourceState, sourceCredentials] = getters<[string, number, boolean]>(
  EVENT_SOURCE,
  'url readyState withCredentials',
);

const sources = new NativeWeakMap<object, Source>();
let isLearning = false;

/** Watches EventSource by listeners that run before the page's own. */
export function patchEventSource(): void {
  patchClass(EVENT_SOURCE, (target, args, newTarget) => {
    const startedAtMs = now();
    const eventSource = construct(target, args, newTarget);
    attempt(() => {
      learnTypes();
      const source = { object_: newObject(), stream_: undefined, opened_: false };
      setKnown(sources, eventSource, source);
      addListener(eventSource, 'open', onEvent);
      addListener(eventSource, 'message', onEvent);
      addListener(eventSource, 'error', onEvent);
      connect(eventSource, source, startedAtMs);
    });
    return eventSource;
  });

  patch(EVENT_SOURCE, 'close', (target, self, args) => {
    const source = getKnown(sources, self);
    const result = apply(target, self, args);
    if (source) {
      end(source, END_ABORTED);
      forget(sources, self);
    }
    return result;
  });
}

/**
 * Events of a named type are only visible to listeners of that type, so the page's own addEventListener names them.
 * EventSource inherits it from EventTarget; patched only once there is an EventSource, since every call of every
 * object on the page goes through it. The same listener is added to a type once, however often it is named.
 */
function learnTypes(): void {
  if (isLearning) return;
  isLearning = true;
  patch('EventTarget', 'addEventListener', (target, self, args) => {
    const type = args[0];
    if (typeof type === 'string' && args[1] && getKnown(sources, self))
      attempt(() => addListener(self, type, onEvent));
    return apply(target, self, args);
  });
}

function connect(eventSource: unknown, source: Source, atMs: number): Stream {
  source.opened_ = false;
  source.stream_ = startStream(
    atMs,
    [
      KIND_EVENT_SOURCE,
      sourceUrl(eventSource),
      '',
      null,
      null,
      sourceCredentials(eventSource) ? 'include' : null,
    ],
    0,
    source.object_,
  );
  return source.stream_;
}

function end(source: Source, kind: number): void {
  if (source.stream_) endStream(source.stream_, kind);
  source.stream_ = undefined;
}

const onEvent = safely(observe);

function observe(event: Event): void {
  const eventSource = eventTarget(event);
  const source = getKnown(sources, eventSource);
  // `isTrusted` is the browser's own property of every event: the page cannot forge it.
  if (!event.isTrusted || !source) return;
  const atMs = now();
  const type = eventType(event);
  // The browser reconnects by itself and says nothing until that has worked or failed.
  const stream = source.stream_ ?? connect(eventSource, source, atMs);
  let data: unknown;
  try {
    data = eventData(event);
  } catch {
    if (type === 'open') {
      source.opened_ = true;
      // An EventSource opens for nothing but 200; its headers are not shown to the page.
      addHead(stream, 200, ['', '', null, sourceUrl(eventSource), false]);
    } else {
      end(source, source.opened_ ? END_ERROR : END_REFUSED);
      if (sourceState(eventSource) !== CONNECTING) forget(sources, eventSource);
    }
    return;
  }
  // The server may name an event "open" or "error": that is still a message.
  if (typeof data === 'string') addMessage(stream, atMs, 0, data, type, eventId(event));
}
