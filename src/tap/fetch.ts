import { type Body, patchBodies } from './bodies';
import { errorName, errorText } from './error-text';
import type { Patches } from './patches';
import {
  addListener,
  apply,
  attempt,
  checkSpecies,
  derive,
  getters,
  match,
  now,
  removeListener,
} from './primordials';
import type { Recorder, Stream } from './recorder';
import { fetchInfo, headerPairs, shorten, signalAborted } from './request';
import type { Timings } from './timings';

const responseGetter = getters('Response');
const responseStatus = responseGetter<number>('status');
const responseStatusText = responseGetter<string>('statusText');
const responseHeaders = responseGetter<Headers>('headers');
const responseType = responseGetter<string>('type');
const responseUrl = responseGetter<string>('url');
const responseRedirected = responseGetter<boolean>('redirected');
const responseBody = responseGetter<ReadableStream | null>('body');

/** Content types that are made to be read piece by piece. */
const STREAMING_TYPE =
  /^(text\/event-stream|application\/((x-)?(ndjson|jsonlines|json-stream)|jsonl|json-seq|stream\+json))\s*(;|$)/i;

/** Watches `fetch` and the bodies it returns. The response stays the browser's own object. */
export function patchFetch(patches: Patches, recorder: Recorder, timings: Timings): void {
  const bodies = patchBodies(patches, recorder);

  patches.method(globalThis, 'fetch', (target, self, args) => {
    const startedAtMs = now();
    const result = apply(target, self, args) as Promise<Response>;
    let stream: Stream | undefined;
    let url = '';
    let signal: unknown = null;
    attempt(() => {
      checkSpecies();
      const request = fetchInfo(args, startedAtMs);
      if (!request) return;
      stream = recorder.start('fetch', 0, request.info);
      url = request.info.url;
      signal = request.signal;
      if (signal) watchAbort(stream, signal);
    });
    if (!stream) return result;
    const started = stream;
    return derive(
      result,
      (response) => {
        const body = onResponse(started, signal, response);
        if (body) timings.expect(url, startedAtMs, body, response, bodies.isTaken);
      },
      (error) => {
        const aborted = (signal && signalAborted(signal)) || errorName(error) === 'AbortError';
        recorder.end(started, aborted ? 'aborted' : 'refused', errorText(error));
      },
    );
  });

  /** A body that nobody reads just then would not tell of the abort. */
  function watchAbort(stream: Stream, signal: unknown): void {
    if (signalAborted(signal)) return;
    const onAbort = () => recorder.end(stream, 'aborted', 'AbortError');
    addListener(signal, 'abort', onAbort);
    stream.release = () => removeListener(signal, 'abort', onAbort);
  }

  /** Null when the response can have no body. */
  function onResponse(stream: Stream, signal: unknown, response: Response): Body | null {
    const status = responseStatus(response);
    const type = responseType(response);
    const headers = headerPairs(responseHeaders(response));
    recorder.head(stream, {
      atMs: now(),
      status,
      statusText: shorten(responseStatusText(response)),
      headers,
      responseType: type,
      url: shorten(responseUrl(response)),
      redirected: responseRedirected(response),
    });
    const opaque = type === 'opaque' || type === 'opaqueredirect';
    if (opaque) recorder.loss(stream, 'opaque');
    // Nothing more will ever be seen of it, or there is nothing more.
    if (opaque || responseBody(response) === null || status === 204 || status === 205 || status === 304) {
      recorder.end(stream, 'complete', null, opaque ? null : 0);
      return null;
    }
    const body: Body = {
      stream,
      signal,
      furthest: 0,
      branches: 1,
      watched: false,
      chunked: false,
      wholeTaken: false,
      streaming: match(STREAMING_TYPE, header(headers, 'content-type')) !== null,
      promised: header(headers, 'content-encoding') ? null : size(header(headers, 'content-length')),
      timed: null,
    };
    bodies.track(response, body);
    return body;
  }
}

function header(headers: [string, string][], name: string): string {
  for (let i = 0; i < headers.length; i++) if (headers[i]![0] === name) return headers[i]![1];
  return '';
}

function size(text: string): number | null {
  const bytes = +text;
  return text !== '' && bytes >= 0 && bytes < 2 ** 53 ? bytes : null;
}
