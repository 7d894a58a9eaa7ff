import {
  END_ABORTED,
  END_COMPLETE,
  END_REFUSED,
  KIND_FETCH,
  LOSS_OPAQUE,
  STREAMING_TYPE,
} from '../protocol/wire';
import { type Body, onDelivered, patchBodies, trackBody } from './bodies';
import {
  addListener,
  apply,
  attempt,
  checkSpecies,
  derive,
  getters,
  match,
  methods,
  now,
  removeListener,
} from './natives';
import { patch } from './patches';
import { addHead, addLoss, deliveries, endStream, type Stream, startStream } from './recorder';
import { askedBy, errorNote, headerText, signalAborted } from './request';

const [status, statusText, headers, type, url, redirected, responseBody] = getters<
  [number, string, Headers, string, string, boolean, ReadableStream | null]
>('Response', 'status statusText headers type url redirected body');
const [deref] = methods<[(ref: WeakRef<Response>) => Response | undefined]>('WeakRef', 'deref');
const NativeWeakRef = WeakRef;

/** Watches `fetch` and the bodies it returns. The response stays the browser's own object. */
export function patchFetch(): void {
  patchBodies();
  patch(globalThis, 'fetch', (target, self, args) => {
    const startedAtMs = now();
    const result = apply(target, self, args) as Promise<Response>;
    let stream: Stream | undefined;
    attempt(() => {
      checkSpecies();
      const asked = args.length && askedBy(KIND_FETCH, args[0], args[1]);
      if (!asked) return;
      stream = startStream(startedAtMs, asked.note_, asked.bodyByteLength_);
      watchAbort(stream, asked.signal_);
    });
    const started = stream;
    return started
      ? derive(
          result,
          (response) => onResponse(started, response),
          (error) => {
            const note = errorNote(error);
            endStream(started, note[0] === 'AbortError' ? END_ABORTED : END_REFUSED, note);
          },
        )
      : result;
  });
}

/** A body that nobody reads just then would not tell of the abort, and its reason may be anything. */
function watchAbort(stream: Stream, signal: unknown): void {
  if (!signal) return;
  const onAbort = () => endStream(stream, END_ABORTED, ['AbortError']);
  if (signalAborted(signal)) onAbort();
  else {
    addListener(signal, 'abort', onAbort);
    stream.release_ = () => removeListener(signal, 'abort', onAbort);
  }
}

function onResponse(stream: Stream, response: Response): void {
  const code = status(response);
  const lines = headerText(headers(response));
  const kind = type(response);
  addHead(stream, code, [statusText(response), lines, kind, url(response), redirected(response)]);
  const isOpaque = match(/^opaque/, kind);
  if (isOpaque) addLoss(stream, LOSS_OPAQUE);
  // Nothing more will ever be seen of it, or there is nothing more.
  if (isOpaque || !responseBody(response) || code === 204 || code === 205 || code === 304)
    endStream(stream, END_COMPLETE, [], isOpaque ? -1 : 0);
  else {
    const body: Body = {
      stream_: stream,
      isStreaming_: match(STREAMING_TYPE, lines) !== null,
      furthest_: 0,
      branches_: 1,
      watched_: false,
      chunked_: false,
      wholeTaken_: false,
    };
    trackBody(response, body);
    const ref = new NativeWeakRef(response);
    deliveries[stream.id_] = (atMs, byteLength, unread) =>
      onDelivered(body, deref(ref), atMs, byteLength, unread);
  }
}
