import { errorName, errorText } from './error-text';
import type { ApplyTrap, Patches } from './patches';
import {
  apply,
  attempt,
  construct,
  derive,
  getPrototypeOf,
  getters,
  indexOf,
  methods,
  now,
  ownValue,
  prototypeOf,
  safeWeakMap,
  sizeOf,
  utf8Length,
  watch,
} from './primordials';
import type { Recorder, Stream } from './recorder';
import { signalAborted, tryGet } from './request';

/** One fetch response, whoever reads it. */
export interface Body {
  stream: Stream;
  /** The page's AbortSignal, if it passed one. */
  signal: unknown;
  /** Furthest byte that any branch has delivered: what another branch delivers again is not counted again. */
  furthest: number;
  /** Branches of tee() and clone() that have not been cancelled. */
  branches: number;
  /** Somebody reads it where it can be watched. */
  watched: boolean;
  /** Somebody reads it chunk by chunk. */
  chunked: boolean;
  /** A branch was taken whole by text(), json() …, to the end. */
  wholeTaken: boolean;
  /** Its content type is made to be read piece by piece. */
  streaming: boolean;
  /** Size the headers promise; null when unknown or compressed. */
  promised: number | null;
  /** Size that resource timing told; null until then. */
  timed: number | null;
}

/** One readable stream of a body: the original, or a branch. */
interface Branch {
  body: Body;
  offset: number;
  cancelled: boolean;
}

/** A reader or iterator of a branch, until it lets go. */
interface Reading {
  branch: Branch;
  released: boolean;
  keepOpen: boolean;
}

interface ReadResult {
  value: unknown;
  done: boolean;
}

/** What a pipe reads in place of a body. */
interface StandIn {
  stream: ReadableStream;
  /** Takes hold of the body once the pipe has been accepted. */
  start(source: unknown): void;
  /** The pipe is over: lets the body go. */
  stop(): void;
}

export interface Bodies {
  /** Watches the body of a response from now on. */
  track(response: Response, body: Body): void;
  /** Used or locked: somebody has taken it. */
  isTaken(response: Response): boolean;
}

const responseGetter = getters('Response');
const responseBody = responseGetter<ReadableStream | null>('body');
const responseUsed = responseGetter<boolean>('bodyUsed');
const isLocked = getters('ReadableStream')<boolean>('locked');
const nativeClone = methods('Response')<(self: unknown) => Response>('clone');
const readableStreamMethod = methods('ReadableStream');
const nativeGetReader =
  readableStreamMethod<(self: unknown) => ReadableStreamDefaultReader<unknown>>('getReader');
const nativePipeTo =
  readableStreamMethod<(self: unknown, to: unknown, options: unknown) => Promise<void>>('pipeTo');
const readerMethod = methods('ReadableStreamDefaultReader');
const nativeRead = readerMethod<(self: unknown) => Promise<ReadResult>>('read');
const nativeRelease = readerMethod<(self: unknown) => void>('releaseLock');
const nativeCancel = readerMethod<(self: unknown, reason: unknown) => Promise<void>>('cancel');
const nativeClosed = getters('ReadableStreamDefaultReader')<Promise<void>>('closed');
const byobClosed = getters('ReadableStreamBYOBReader')<Promise<void>>('closed');
const controllerMethod = methods('ReadableStreamDefaultController');
const enqueue = controllerMethod<(self: unknown, chunk: unknown) => void>('enqueue');
const close = controllerMethod<(self: unknown) => void>('close');
const fail = controllerMethod<(self: unknown, error: unknown) => void>('error');
const blobSize = getters('Blob')<number>('size');
const byobPrototype = prototypeOf('ReadableStreamBYOBReader');
const NativeReadableStream = globalThis.ReadableStream;

/** Larger texts are not measured: their size comes from the headers or from resource timing. */
const MEASURED_TEXT_LENGTH = 1024 * 1024;

/** Patches everything by which a page reads a response body. */
export function patchBodies(patches: Patches, recorder: Recorder): Bodies {
  const responses = safeWeakMap<object, Body>();
  const branches = safeWeakMap<object, Branch>();
  const readings = safeWeakMap<object, Reading>();

  const tracked = <V>(map: WeakMap<object, V>, key: unknown) => map.get(key as object);

  function track(response: Response, body: Body): void {
    responses.set(response, body);
    const stream = responseBody(response);
    if (stream) branches.set(stream, { body, offset: 0, cancelled: false });
  }

  function observeRead(branch: Branch, askedAtMs: number, result: ReadResult): void {
    const atMs = now();
    const { body } = branch;
    if (branch.cancelled) return;
    if (result.done) {
      recorder.end(body.stream, 'complete', null, null, atMs);
      return;
    }
    const { value } = result;
    const length = sizeOf(value);
    branch.offset += length;
    const fresh = branch.offset - body.furthest;
    if (fresh <= 0) return;
    body.furthest = branch.offset;
    recorder.chunk(
      body.stream,
      atMs,
      askedAtMs < 0 ? -1 : atMs - askedAtMs,
      fresh,
      value,
      length - fresh,
      fresh,
    );
  }

  function observeError(body: Body, error: unknown): void {
    const aborted =
      (body.signal !== null && tryGet(signalAborted, body.signal)) || errorName(error) === 'AbortError';
    recorder.end(body.stream, aborted ? 'aborted' : 'error', errorText(error));
  }

  function cancelled(branch: Branch): void {
    if (branch.cancelled) return;
    branch.cancelled = true;
    const { body } = branch;
    if (--body.branches <= 0) recorder.end(body.stream, body.wholeTaken ? 'complete' : 'aborted');
  }

  function begin(holder: object, stream: unknown, keepOpen: boolean): Reading | null {
    const branch = tracked(branches, stream);
    if (!branch) return null;
    branch.body.watched = branch.body.chunked = true;
    const reading = { branch, released: false, keepOpen };
    readings.set(holder, reading);
    return reading;
  }

  /** `closed` is marked as handled by the browser, so looking at it changes nothing for the page. */
  function beginReader(reader: object, stream: unknown, byob: boolean): void {
    const reading = begin(reader, stream, false);
    if (!reading) return;
    const { branch } = reading;
    watch(
      (byob ? byobClosed : nativeClosed)(reader),
      () => {
        if (!branch.cancelled) recorder.end(branch.body.stream, 'complete');
      },
      (error) => {
        if (!reading.released && !branch.cancelled) observeError(branch.body, error);
      },
    );
  }

  function letGo(holder: unknown): void {
    const reading = tracked(readings, holder);
    if (!reading) return;
    reading.released = true;
    readings.delete(holder as object);
  }

  const streamPrototype = prototypeOf('ReadableStream');

  // Reading: readers and iterators.

  patches.method(streamPrototype, 'getReader', (target, self, args) => {
    const reader = apply(target, self, args) as object;
    beginReader(reader, self, getPrototypeOf(reader) === byobPrototype);
    return reader;
  });

  const onValues: ApplyTrap = (target, self, args) => {
    const iterator = apply(target, self, args) as object;
    begin(iterator, self, !!ownValue(args[0], 'preventCancel'));
    return iterator;
  };
  patches.method(streamPrototype, 'values', onValues);
  patches.method(streamPrototype, Symbol.asyncIterator, onValues);

  const readWith = (bad: (reading: Reading, error: unknown) => void): ApplyTrap => {
    return (target, self, args) => {
      const reading = tracked(readings, self);
      if (!reading) return apply(target, self, args);
      const askedAtMs = now();
      return derive(
        apply(target, self, args) as Promise<ReadResult>,
        (result) => observeRead(reading.branch, askedAtMs, result),
        (error) => bad(reading, error),
      );
    };
  };

  const onCancel: ApplyTrap = (target, self, args) => {
    const reading = tracked(readings, self);
    if (reading) cancelled(reading.branch);
    return apply(target, self, args);
  };

  const onRelease: ApplyTrap = (target, self, args) => {
    const result = apply(target, self, args);
    letGo(self);
    return result;
  };

  for (let i = 0; i < 2; i++) {
    const name = i ? 'ReadableStreamBYOBReader' : 'ReadableStreamDefaultReader';
    patches.globalClass(name, (target, args, newTarget) => {
      const reader = construct(target, args, newTarget) as object;
      beginReader(reader, args[0], i === 1);
      return reader;
    });
    // A rejected read is no proof: misuse and releaseLock() reject too. `closed` tells (see beginReader).
    patches.method(
      prototypeOf(name),
      'read',
      readWith(() => undefined),
    );
    patches.method(prototypeOf(name), 'cancel', onCancel);
    patches.method(prototypeOf(name), 'releaseLock', onRelease);
  }

  const iteratorPrototype = streamIteratorPrototype();
  patches.method(
    iteratorPrototype,
    'next',
    readWith((reading, error) => observeError(reading.branch.body, error)),
  );
  patches.method(iteratorPrototype, 'return', (target, self, args) => {
    const reading = tracked(readings, self);
    if (reading) {
      if (!reading.keepOpen) cancelled(reading.branch);
      letGo(self);
    }
    return apply(target, self, args);
  });

  patches.method(streamPrototype, 'cancel', (target, self, args) => {
    const branch = tracked(branches, self);
    if (branch && !isLocked(self)) cancelled(branch);
    return apply(target, self, args);
  });

  // Branching.

  patches.method(streamPrototype, 'tee', (target, self, args) => {
    const pair = apply(target, self, args) as [ReadableStream, ReadableStream];
    const branch = tracked(branches, self);
    if (branch) {
      const { body, offset } = branch;
      body.watched = true;
      body.branches++;
      branches.set(pair[0], { body, offset, cancelled: false });
      branches.set(pair[1], { body, offset, cancelled: false });
    }
    return pair;
  });

  const responsePrototype = prototypeOf('Response');
  patches.method(responsePrototype, 'clone', (target, self, args) => {
    const copy = apply(target, self, args) as Response;
    const body = tracked(responses, self);
    if (body) {
      body.branches++;
      // The original got a new stream too.
      track(self as Response, body);
      track(copy, body);
    }
    return copy;
  });

  // Piping: native pipes call no read(), so the pipe gets a pull-driven stand-in for its source.

  patches.method(streamPrototype, 'pipeTo', (target, self, args) => {
    const branch = tracked(branches, self);
    if (!branch || isLocked(self)) return apply(target, self, args);
    const standIn = createStandIn(branch);
    const piped = apply(target, standIn.stream, args) as Promise<void>;
    // Not locked: the arguments were wrong, and the source must stay free.
    if (!isLocked(standIn.stream)) return piped;
    standIn.start(self);
    return derive(piped, standIn.stop, standIn.stop);
  });

  patches.method(streamPrototype, 'pipeThrough', (target, self, args) => {
    const branch = tracked(branches, self);
    const transform = args[0] as { readable: unknown; writable: unknown };
    if (!branch || isLocked(self) || typeof transform !== 'object' || !transform)
      return apply(target, self, args);
    // Only pipeTo() tells when the pipe is over. The two ends are read once, in the browser's order.
    const { readable, writable } = transform;
    if (tryGet(isLocked, readable) !== null) {
      const standIn = createStandIn(branch);
      const piped = nativePipeTo(standIn.stream, writable, args[1]);
      watch(piped, standIn.stop, standIn.stop);
      if (isLocked(standIn.stream)) {
        standIn.start(self);
        return readable;
      }
    }
    // What pipeTo() rejects, pipeThrough() throws, in its own words.
    return apply(target, self, [{ __proto__: null, readable, writable }, args[1]]);
  });

  function createStandIn(branch: Branch): StandIn {
    let reader: object | null = null;
    let controller: unknown;
    let settled = false;
    const done = () => {
      if (settled) return;
      settled = true;
      close(controller);
      recorder.end(branch.body.stream, 'complete');
    };
    const failed = (error: unknown) => {
      if (settled) return;
      settled = true;
      fail(controller, error);
      observeError(branch.body, error);
    };
    const source = {
      __proto__: null,
      start(given: unknown) {
        controller = given;
      },
      pull() {
        const askedAtMs = now();
        return watch(
          nativeRead(reader),
          (result) => {
            attempt(() => observeRead(branch, askedAtMs, result));
            if (result.done) done();
            else if (!settled) enqueue(controller, result.value);
          },
          failed,
        );
      },
      cancel(reason: unknown) {
        settled = true;
        cancelled(branch);
        return nativeCancel(reader, reason);
      },
    };
    return {
      stream: new NativeReadableStream(
        source as unknown as UnderlyingDefaultSource,
        { __proto__: null, highWaterMark: 0 } as QueuingStrategy,
      ),
      start(from) {
        branch.body.watched = branch.body.chunked = true;
        reader = nativeGetReader(from);
        // A source that closes or fails while the destination is full must end the pipe without being asked.
        watch(nativeClosed(reader), done, failed);
      },
      stop() {
        settled = true;
        if (reader) nativeRelease(reader);
      },
    };
  }

  // Taking the whole body.

  const CONSUMERS = ['text', 'json', 'arrayBuffer', 'blob', 'bytes', 'formData'];
  for (let i = 0; i < CONSUMERS.length; i++) {
    const key = CONSUMERS[i]!;
    patches.method(responsePrototype, key, (target, self, args) => {
      const body = tracked(responses, self);
      if (!body?.stream.open || isTaken(self as Response)) return apply(target, self, args);
      body.watched = true;
      if (body.streaming) {
        attempt(() => follow(body, nativeClone(self)));
        return apply(target, self, args);
      }
      return derive(
        apply(target, self, args) as Promise<unknown>,
        (value) => whole(body, wholeSize(body, value)),
        (error) => {
          // The bytes were all there; the page's parser did not like them.
          if (errorName(error) === 'SyntaxError' || (key === 'formData' && !isNetworkError(error)))
            whole(body, wholeSize(body, null));
          else observeError(body, error);
        },
      );
    });
  }

  /** The page has asked for everything, so reading a copy as it comes takes no backpressure away. */
  function follow(body: Body, copy: Response): void {
    const reader = nativeGetReader(responseBody(copy));
    const branch: Branch = { body, offset: 0, cancelled: false };
    body.chunked = true;
    const next = (): unknown =>
      watch(
        nativeRead(reader),
        (result) => {
          attempt(() => observeRead(branch, -1, result));
          if (result.done) return;
          // An unread copy would pile up in memory.
          if (recorder.isStopped() || !body.stream.open) watch(nativeCancel(reader, undefined), noop, noop);
          else next();
        },
        (error) => observeError(body, error),
      );
    next();
  }

  function whole(body: Body, byteLength: number | null): void {
    if (body.chunked) {
      // Another branch is read by chunks and knows more; this one is done.
      body.wholeTaken = true;
      if (--body.branches <= 0) recorder.end(body.stream, 'complete', null, byteLength);
      return;
    }
    recorder.loss(body.stream, 'no-chunk-times');
    recorder.end(body.stream, 'complete', null, byteLength);
  }

  function isTaken(response: Response): boolean {
    const stream = responseBody(response);
    return responseUsed(response) || (stream !== null && isLocked(stream));
  }

  return { track, isTaken };
}

const noop = () => undefined;

/** The prototype of `values()`: no name leads to it. Absent before Chromium 124. */
function streamIteratorPrototype(): object | undefined {
  const stream = new NativeReadableStream();
  return stream.values ? (getPrototypeOf(stream.values()) as object) : undefined;
}

function wholeSize(body: Body, value: unknown): number | null {
  if (typeof value === 'string' && value.length <= MEASURED_TEXT_LENGTH) return utf8Length(value);
  const size = typeof value === 'object' && value !== null ? sizeOf(value) : -1;
  return size >= 0 ? size : (tryGet(blobSize, value) ?? body.promised ?? body.timed);
}

/** Chromium words a broken body so; everything else that formData() rejects with is a parse error. */
function isNetworkError(error: unknown): boolean {
  const text = errorText(error) ?? '';
  return indexOf(text, 'network error') >= 0 || indexOf(text, 'Failed to fetch') >= 0;
}
