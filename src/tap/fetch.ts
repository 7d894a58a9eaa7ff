import { type Body, patchBodies } from './bodies';
import { errorName, errorText } from './error-text';
import type { Patches } from './patches';
import {
  addListener,
  apply,
  attempt,
  derive,
  getter,
  indexOf,
  now,
  removeListener,
  substring,
  toLowerCase,
  trim,
} from './primordials';
import type { Recorder, Stream } from './recorder';
import { fetchInfo, headerPairs, shorten, signalAborted } from './request';
import type { Timings } from './timings';

const responseStatus = getter<number>('Response', 'status');
const responseStatusText = getter<string>('Response', 'statusText');
const responseHeaders = getter<Headers>('Response', 'headers');
const responseType = getter<string>('Response', 'type');
const responseUrl = getter<string>('Response', 'url');
const responseRedirected = getter<boolean>('Response', 'redirected');
const responseBody = getter<ReadableStream | null>('Response', 'body');

/** Content types that are made to be read piece by piece; anything after them (parameters) is ignored. */
const STREAMING_TYPES = [
  'text/event-stream',
  'application/x-ndjson',
  'application/ndjson',
  'application/jsonl',
  'application/x-jsonlines',
  'application/jsonlines',
  'application/json-seq',
  'application/stream+json',
  'application/x-json-stream',
];

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
      const request = fetchInfo(args, startedAtMs);
      if (!request) return;
      stream = recorder.start('fetch', recorder.newObject(), request.info);
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
      streaming: isStreamingType(header(headers, 'content-type')),
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

function isStreamingType(contentType: string): boolean {
  const end = indexOf(contentType, ';');
  const type = toLowerCase(trim(end < 0 ? contentType : substring(contentType, 0, end)));
  for (let i = 0; i < STREAMING_TYPES.length; i++) if (STREAMING_TYPES[i] === type) return true;
  return false;
}

function size(text: string): number | null {
  const bytes = +text;
  return text !== '' && bytes >= 0 && bytes < 2 ** 53 ? bytes : null;
}
