import { END_ABORTED, END_COMPLETE, END_ERROR, LOSS_NATIVE, LOSS_TIMES } from '../protocol/wire';
import {
  apply,
  attempt,
  construct,
  derive,
  forget,
  fullSizeOf,
  getKnown,
  getPrototypeOf,
  getters,
  methods,
  NativeWeakMap,
  now,
  ownValue,
  prototypeOf,
  setKnown,
  sizeOf,
  tryGet,
  utf8Length,
  watch,
} from './natives';
import { type ApplyTrap, patch, patchClass } from './patches';
import { addChunk, addLoss, endStream, isStopped, type Stream } from './recorder';
import { errorNote, isNetworkError } from './request';

/** One fetch response, whoever reads it. */
export interface Body {
  stream_: Stream;
  /** Its content type is made to be read piece by piece. */
  isStreaming_: boolean;
  /** Furthest byte that any branch has delivered: what another branch delivers again is not counted again. */
  furthest_: number;
  /** Branches of tee() and clone() that have not been cancelled. */
  branches_: number;
  /** Somebody reads it where it can be watched. */
  watched_: boolean;
  /** Somebody reads it chunk by chunk. */
  chunked_: boolean;
  /** A branch was taken whole by text(), json() …, to the end. */
  wholeTaken_: boolean;
}

/** One readable stream of a body: the original, or a branch. */
interface Branch {
  body_: Body;
  offset_: number;
  cancelled_: boolean;
}

/** A reader or iterator of a branch, until it lets go. */
interface Reading {
  branch_: Branch;
  released_: boolean;
  keepOpen_: boolean;
}

interface ReadResult {
  value: unknown;
  done: boolean;
}

const [responseBody, responseUsed] = getters<[ReadableStream | null, boolean]>('Response', 'body bodyUsed');
const [nativeClone] = methods<[(self: unknown) => Response]>('Response', 'clone');
const [isLocked] = getters<[boolean]>('ReadableStream', 'locked');
const [nativeGetReader, nativePipeTo] = methods<
  [(self: unknown) => object, (self: unknown, to: unknown, options: unknown) => Promise<void>]
>('ReadableStream', 'getReader pipeTo');
const DEFAULT_READER = 'ReadableStreamDefaultReader';
const BYOB_READER = 'ReadableStreamBYOBReader';
const [nativeRead, nativeRelease, nativeCancel] = methods<
  [
    (self: unknown) => Promise<ReadResult>,
    (self: unknown) => void,
    (self: unknown, reason?: unknown) => Promise<void>,
  ]
>(DEFAULT_READER, 'read releaseLock cancel');
const [nativeClosed] = getters<[Promise<void>]>(DEFAULT_READER, 'closed');
const [byobClosed] = getters<[Promise<void>]>(BYOB_READER, 'closed');
type Control = (self: unknown, value?: unknown) => void;
const [enqueue, close, fail] = methods<[Control, Control, Control]>(
  'ReadableStreamDefaultController',
  'enqueue close error',
);
const NativeReadableStream = globalThis.ReadableStream;

/** Larger texts are not measured: their size comes from the headers or from resource timing. */
const MEASURED_TEXT_LENGTH = 1024 * 1024;

const responses = new NativeWeakMap<object, Body>();
const branches = new NativeWeakMap<object, Branch>();
const readings = new NativeWeakMap<object, Reading>();

const noop = () => {};

const addBranch = (stream: unknown, body: Body, offset: number): void =>
  setKnown(branches, stream, { body_: body, offset_: offset, cancelled_: false });

/** Watches the body of a response from now on. */
export function trackBody(response: unknown, body: Body): void {
  setKnown(responses, response, body);
  const stream = responseBody(response);
  if (stream) addBranch(stream, body, 0);
}

/** Used or locked: somebody has taken it. */
export const isTaken = (response: unknown): boolean =>
  responseUsed(response) || isLocked(responseBody(response));

/**
 * The network has delivered a body (`atMs` −1: not yet). When nobody reads it where it can be watched, that is its end;
 * `response` is undefined when it was collected as garbage, and nobody can read it any more.
 */
export function onDelivered(
  body: Body,
  response: unknown,
  atMs: number,
  byteLength: number,
  unread: boolean,
): void {
  if (body.watched_ || (response && (isTaken(response) ? atMs < 0 : !unread))) return;
  addLoss(body.stream_, LOSS_NATIVE);
  endStream(body.stream_, END_COMPLETE, [], byteLength, atMs < 0 ? now() : atMs);
}

function observeRead(branch: Branch, askedAtMs: number, result: ReadResult): void {
  const atMs = now();
  const body = branch.body_;
  if (branch.cancelled_) return;
  if (result.done) {
    endStream(body.stream_, END_COMPLETE, [], -1, atMs);
    return;
  }
  const { value } = result;
  const length = sizeOf(value)!;
  branch.offset_ += length;
  const fresh = branch.offset_ - body.furthest_;
  if (fresh <= 0) return;
  body.furthest_ = branch.offset_;
  addChunk(body.stream_, atMs, askedAtMs < 0 ? -1 : atMs - askedAtMs, fresh, value, length - fresh);
}

function observeError(body: Body, error: unknown): void {
  const note = errorNote(error);
  endStream(body.stream_, note[0] === 'AbortError' ? END_ABORTED : END_ERROR, note);
}

function cancelBranch(branch: Branch | undefined): void {
  if (!branch || branch.cancelled_) return;
  branch.cancelled_ = true;
  const body = branch.body_;
  if (--body.branches_ <= 0) endStream(body.stream_, body.wholeTaken_ ? END_COMPLETE : END_ABORTED);
}

function begin(holder: unknown, stream: unknown, keepOpen: boolean): Reading | undefined {
  const branch = getKnown(branches, stream);
  if (!branch) return;
  branch.body_.watched_ = branch.body_.chunked_ = true;
  const reading = { branch_: branch, released_: false, keepOpen_: keepOpen };
  setKnown(readings, holder, reading);
  return reading;
}

/** `closed` is marked as handled by the browser, so looking at it changes nothing for the page. */
function beginReader(reader: unknown, stream: unknown, closed: typeof nativeClosed): void {
  const reading = begin(reader, stream, false);
  if (!reading) return;
  const branch = reading.branch_;
  watch(
    closed(reader),
    // The last read told its last byte, but the page never asked for the end.
    () => {
      if (!branch.cancelled_) endStream(branch.body_.stream_, END_COMPLETE);
    },
    (error) => {
      if (!reading.released_ && !branch.cancelled_) observeError(branch.body_, error);
    },
  );
}

function letGo(holder: unknown): void {
  const reading = getKnown(readings, holder);
  if (!reading) return;
  reading.released_ = true;
  forget(readings, holder);
}

const readWith =
  (bad: (reading: Reading, error: unknown) => void): ApplyTrap =>
  (target, self, args) => {
    const reading = getKnown(readings, self);
    const askedAtMs = now();
    const result = apply(target, self, args) as Promise<ReadResult>;
    return reading
      ? derive(
          result,
          (value) => observeRead(reading.branch_, askedAtMs, value),
          (error) => bad(reading, error),
        )
      : result;
  };

/** Patches everything by which a page reads a response body. */
export function patchBodies(): void {
  // Reading: readers and iterators.

  const byobPrototype = prototypeOf(BYOB_READER);
  patch(STREAM, 'getReader', (target, self, args) => {
    const reader = apply(target, self, args) as object;
    beginReader(reader, self, getPrototypeOf(reader) === byobPrototype ? byobClosed : nativeClosed);
    return reader;
  });

  const onValues: ApplyTrap = (target, self, args) => {
    const iterator = apply(target, self, args);
    begin(iterator, self, !!ownValue(args[0], 'preventCancel'));
    return iterator;
  };
  patch(STREAM, 'values', onValues);
  patch(STREAM, Symbol.asyncIterator, onValues);

  const patchReader = (name: string, closed: typeof nativeClosed) => {
    patchClass(name, (target, args, newTarget) => {
      const reader = construct(target, args, newTarget);
      beginReader(reader, args[0], closed);
      return reader;
    });
    // A rejected read is no proof: misuse and releaseLock() reject too. `closed` tells (see beginReader).
    patch(name, 'read', readWith(noop));
    patch(name, 'cancel', (target, self, args) => {
      cancelBranch(getKnown(readings, self)?.branch_);
      return apply(target, self, args);
    });
    patch(name, 'releaseLock', (target, self, args) => {
      const result = apply(target, self, args);
      letGo(self);
      return result;
    });
  };
  patchReader(DEFAULT_READER, nativeClosed);
  patchReader(BYOB_READER, byobClosed);

  // The prototype of `values()`: no name leads to it. Absent before Chromium 124.
  const stream = new NativeReadableStream();
  const iterators = stream.values && (getPrototypeOf(stream.values()) as object);
  patch(
    iterators,
    'next',
    readWith((reading, error) => observeError(reading.branch_.body_, error)),
  );
  patch(iterators, 'return', (target, self, args) => {
    const reading = getKnown(readings, self);
    if (reading && !reading.keepOpen_) cancelBranch(reading.branch_);
    letGo(self);
    return apply(target, self, args);
  });

  patch(STREAM, 'cancel', (target, self, args) => {
    const branch = getKnown(branches, self);
    if (branch && !isLocked(self)) cancelBranch(branch);
    return apply(target, self, args);
  });

  // Branching.

  patch(STREAM, 'tee', (target, self, args) => {
    const pair = apply(target, self, args) as ReadableStream[];
    const branch = getKnown(branches, self);
    if (branch) {
      const body = branch.body_;
      body.watched_ = true;
      body.branches_++;
      addBranch(pair[0], body, branch.offset_);
      addBranch(pair[1], body, branch.offset_);
    }
    return pair;
  });

  patch('Response', 'clone', (target, self, args) => {
    const copy = apply(target, self, args);
    const body = getKnown(responses, self);
    if (body) {
      body.branches_++;
      // The original got a new stream too.
      trackBody(self, body);
      trackBody(copy, body);
    }
    return copy;
  });

  // Piping: native pipes call no read(), so the pipe gets a pull-driven stand-in for its source.

  patch(STREAM, 'pipeTo', (target, self, args) => {
    const branch = getKnown(branches, self);
    if (!branch || isLocked(self)) return apply(target, self, args);
    const standIn = createStandIn(branch);
    const piped = apply(target, standIn.stream_, args) as Promise<void>;
    // Not locked: the arguments were wrong, and the source must stay free.
    if (!isLocked(standIn.stream_)) return piped;
    standIn.start_(self);
    return derive(piped, standIn.stop_, standIn.stop_);
  });

  patch(STREAM, 'pipeThrough', (target, self, args) => {
    const branch = getKnown(branches, self);
    const transform = args[0] as { readable: unknown; writable: unknown };
    if (!branch || isLocked(self) || typeof transform !== 'object' || !transform)
      return apply(target, self, args);
    // Only pipeTo() tells when the pipe is over. The two ends are read once, in the browser's order.
    const { readable, writable } = transform;
    if (tryGet(isLocked, readable) !== undefined) {
      const standIn = createStandIn(branch);
      const piped = nativePipeTo(standIn.stream_, writable, args[1]);
      watch(piped, standIn.stop_, standIn.stop_);
      if (isLocked(standIn.stream_)) {
        standIn.start_(self);
        return readable;
      }
    }
    // What pipeTo() rejects, pipeThrough() throws, in its own words.
    return apply(target, self, [{ __proto__: null, readable, writable }, args[1]]);
  });

  // Taking the whole body.

  const patchWhole = (key: string) =>
    patch('Response', key, (target, self, args) => {
      const body = getKnown(responses, self);
      if (!body?.stream_.open_ || isTaken(self)) return apply(target, self, args);
      body.watched_ = true;
      if (body.isStreaming_) {
        attempt(() => follow(body, nativeClone(self)));
        return apply(target, self, args);
      }
      return derive(
        apply(target, self, args) as Promise<unknown>,
        (value) => endWhole(body, value),
        // Otherwise the bytes were all there; the page's parser did not like them.
        (error) => (isNetworkError(error) ? observeError(body, error) : endWhole(body)),
      );
    });
  for (let i = 0; i < CONSUMERS.length; i++) patchWhole(CONSUMERS[i]!);
}

const STREAM = 'ReadableStream';
const CONSUMERS = ['text', 'json', 'arrayBuffer', 'blob', 'bytes', 'formData'];

/** The page has asked for everything, so reading a copy as it comes takes no backpressure away. */
function follow(body: Body, copy: Response): void {
  const reader = nativeGetReader(responseBody(copy));
  const branch: Branch = { body_: body, offset_: 0, cancelled_: false };
  body.chunked_ = true;
  const next = () => {
    watch(
      nativeRead(reader),
      (result) => {
        attempt(() => observeRead(branch, -1, result));
        if (result.done) return;
        // An unread copy would pile up in memory.
        if (isStopped || !body.stream_.open_) watch(nativeCancel(reader), noop, noop);
        else next();
      },
      (error) => observeError(body, error),
    );
  };
  next();
}

function endWhole(body: Body, value?: unknown): void {
  const byteLength =
    (typeof value !== 'string'
      ? fullSizeOf(value)
      : value.length <= MEASURED_TEXT_LENGTH
        ? utf8Length(value)
        : undefined) ?? -1;
  // Another branch that is read by chunks knows more; this one is done.
  if (!body.chunked_) addLoss(body.stream_, LOSS_TIMES);
  else if (--body.branches_ > 0) {
    body.wholeTaken_ = true;
    return;
  }
  endStream(body.stream_, END_COMPLETE, [], byteLength);
}

/** What a pipe reads in place of a body. */
interface StandIn {
  stream_: ReadableStream;
  /** Takes hold of the body once the pipe has been accepted. */
  start_(source: unknown): void;
  /** The pipe is over: lets the body go. */
  stop_(): void;
}

function createStandIn(branch: Branch): StandIn {
  const body = branch.body_;
  let reader: object | undefined;
  let controller: unknown;
  let settled = false;
  const done = () => {
    if (settled) return;
    settled = true;
    close(controller);
    endStream(body.stream_, END_COMPLETE);
  };
  const failed = (error: unknown) => {
    if (settled) return;
    settled = true;
    fail(controller, error);
    observeError(body, error);
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
      cancelBranch(branch);
      return nativeCancel(reader, reason);
    },
  };
  return {
    stream_: new NativeReadableStream(
      source as unknown as UnderlyingDefaultSource,
      {
        __proto__: null,
        highWaterMark: 0,
      } as QueuingStrategy,
    ),
    start_(from) {
      body.watched_ = body.chunked_ = true;
      reader = nativeGetReader(from);
      // A source that closes or fails while the destination is full must end the pipe without being asked.
      watch(nativeClosed(reader), done, failed);
    },
    stop_() {
      settled = true;
      if (reader) nativeRelease(reader);
    },
  };
}
