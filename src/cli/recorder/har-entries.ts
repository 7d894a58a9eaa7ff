import { headerValue } from '../../trace/headers';
import type { HarView, NetworkView } from '../../trace/views';
import type { CdpObject, CdpSession } from '../chromium/cdp';
import { BUFFERS, type NetworkSource } from '../chromium/pages';
import { type ResourceTiming, timingPhases } from './timing-phases';
import { WorkerEventStream } from './worker-event-stream';

/** Bodies above this are not fetched: no rule reads that far. The same as in the extension. */
const MAX_CONTENT_BYTES = 1024 * 1024;
/** The browser answers at once or, when the page is gone, perhaps never. */
const CONTENT_WITHIN_MS = 2000;
/** Files and forms with files: nothing decodes them, and the redaction does not know its way in them. */
const UPLOADS = /^(multipart|image|audio|video|font)\//i;
/** Requests under way that are kept track of, and messages of each. */
const MAX_OPEN = 20_000;
const MAX_MESSAGES = 100_000;
const MAX_MESSAGE_CHARS = 1024 * 1024;

interface OpenEntry {
  /** Who told of it last, and so has its body. */
  source: NetworkSource;
  requestId: string;
  scope: string;
  isSocket: boolean;
  /** Protocol times are seconds on a clock of their own: this turns them into Unix epoch ms. */
  epochOffsetMs: number;
  issuedMs: number;
  responseMs: number | null;
  timing: ResourceTiming | null;
  requestBody: string | null;
  /** It has a body that was not told with it: a Blob, or a long one. */
  hasOtherBody: boolean;
  contentSize: number;
  encodedSize: number;
  events: HarView['eventSourceMessages'];
  frames: HarView['webSocketMessages'];
  /** Room left for the texts of events and frames. */
  roomChars: number;
  reader: WorkerEventStream | null;
  /** Resolves when the reader has what came before it. */
  isReading: Promise<void> | null;
  /** What `CdpViews` said of it last. */
  view: NetworkView | null;
}

/**
 * Makes of the DevTools protocol's events what a HAR entry of DevTools adds to the network view of a request that has
 * ended: its body, its phases, its events and frames. DevTools makes its entries of the same events, so a recording of
 * the command line and one of the extension hold the same.
 *
 * Give it each event before `CdpViews` gets it, and then each view that comes of it.
 */
export class HarEntries {
  readonly #open = new Map<string, OpenEntry>();
  readonly #emit: (view: HarView) => void;
  /** Entries that wait for their body. */
  readonly #pending = new Set<Promise<void>>();

  constructor(emit: (view: HarView) => void) {
    this.#emit = emit;
  }

  /** `scope` is the one that `CdpViews` is given. */
  event(method: string, params: CdpObject, source: NetworkSource, scope: string): void {
    const requestId = String(params.requestId);
    const key = `${scope}${requestId}`;
    const atMs = Number(params.timestamp) * 1000;
    if (method === 'Network.requestWillBeSent' || method === 'Network.webSocketWillSendHandshakeRequest') {
      this.#begin(key, {
        params,
        source,
        requestId,
        scope,
        isSocket: method !== 'Network.requestWillBeSent',
        atMs,
      });
      return;
    }
    const entry = this.#open.get(key);
    if (!entry) return;
    entry.source = source;
    const epochMs = atMs + entry.epochOffsetMs;
    switch (method) {
      case 'Network.responseReceived': {
        const response = params.response as { timing?: ResourceTiming; mimeType?: string };
        entry.responseMs = atMs;
        entry.timing = response.timing ?? null;
        if (source.isWorker && response.mimeType === 'text/event-stream')
          entry.isReading ??= readInWorker(entry);
        break;
      }
      case 'Network.dataReceived': {
        const byteLength = Number(params.dataLength) || 0;
        const bytes = typeof params.data === 'string' ? Buffer.from(params.data, 'base64') : null;
        entry.contentSize += byteLength;
        entry.reader?.piece(byteLength, bytes, epochMs);
        break;
      }
      case 'Network.loadingFinished':
        entry.encodedSize = Number(params.encodedDataLength) || 0;
        break;
      case 'Network.eventSourceMessageReceived':
        addEvent(entry, {
          epochMs,
          name: String(params.eventName),
          id: String(params.eventId),
          data: String(params.data),
        });
        break;
      case 'Network.webSocketFrameSent':
      case 'Network.webSocketFrameReceived': {
        const { opcode, payloadData } = params.response as { opcode: number; payloadData: string };
        const sent = method === 'Network.webSocketFrameSent';
        addFrame(entry, { epochMs, sent, opcode, data: payloadData, isError: false });
        break;
      }
      case 'Network.webSocketFrameError':
        addFrame(entry, {
          epochMs,
          sent: false,
          opcode: -1,
          data: String(params.errorMessage),
          isError: true,
        });
        break;
    }
  }

  /** A view as `CdpViews` gave it; when it is over, its entry comes as soon as its body is there. */
  view(view: NetworkView): void {
    const entry = this.#open.get(view.requestId);
    if (entry) entry.view = view;
    if (view.endedEpochMs === null) return;
    this.#open.delete(view.requestId);
    if (!entry || view.kind === 'other') return;
    const pending = this.#finish(entry, view).finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** The events that nobody sends any more of the requests that `source` has open: it was closed. */
  endsOf(source: NetworkSource, epochMs: number): { method: string; params: CdpObject; scope: string }[] {
    const open = [...this.#open.values()].filter((entry) => entry.source.session.id === source.session.id);
    return open.map(({ requestId, scope, isSocket, epochOffsetMs }) => {
      const timestamp = (epochMs - epochOffsetMs) / 1000;
      return isSocket
        ? { method: 'Network.webSocketClosed', params: { requestId, timestamp }, scope }
        : {
            method: 'Network.loadingFailed',
            params: { requestId, timestamp, errorText: 'net::ERR_ABORTED' },
            scope,
          };
    });
  }

  /** Resolves when every entry has been given that was to come. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
    await Promise.all([...this.#open.values()].map(({ isReading }) => isReading));
  }

  /**
   * What came of the streams of workers that are open at `endedEpochMs`, the end of the recording: no tap has it. By
   * the request ids of their views.
   */
  *stillOpen(endedEpochMs: number): Generator<[requestId: string, view: HarView]> {
    for (const entry of this.#open.values()) {
      const { source, view, events, frames } = entry;
      if (!source.isWorker || !view || events.length + frames.length === 0) continue;
      yield [view.requestId, { ...harView(entry, view, endedEpochMs, null), isOpen: true }];
    }
  }

  #begin(
    key: string,
    {
      params,
      atMs,
      ...identity
    }: Pick<OpenEntry, 'source' | 'requestId' | 'scope' | 'isSocket'> & { params: CdpObject; atMs: number },
  ): void {
    if (!this.#open.has(key) && this.#open.size >= MAX_OPEN) return;
    // A redirect begins anew under the same id: an entry is about its last hop.
    this.#open.set(key, {
      ...identity,
      epochOffsetMs: Number(params.wallTime) * 1000 - atMs,
      issuedMs: atMs,
      responseMs: null,
      timing: null,
      ...requestBodyOf(params.request),
      contentSize: 0,
      encodedSize: -1,
      events: [],
      frames: [],
      roomChars: MAX_MESSAGE_CHARS,
      reader: null,
      isReading: null,
      view: null,
    });
  }

  async #finish(entry: OpenEntry, view: NetworkView): Promise<void> {
    const [content, body] = await Promise.all([
      contentOf(entry, view),
      entry.hasOtherBody ? otherBodyOf(entry, view) : entry.requestBody,
    ]);
    entry.requestBody = body;
    await entry.isReading;
    this.#emit(harView(entry, view, view.endedEpochMs ?? view.startedEpochMs, content));
  }
}

interface Content {
  text: string;
  isBase64: boolean;
}

function harView(
  entry: OpenEntry,
  view: NetworkView,
  endedEpochMs: number,
  content: Content | null,
): HarView {
  return {
    method: view.method,
    url: view.finalUrl ?? view.url,
    kind: view.kind,
    startedEpochMs: view.hopStartedEpochMs ?? view.startedEpochMs,
    endedEpochMs,
    status: view.status ?? 0,
    statusText: view.statusText,
    requestHeaders: view.requestHeaders ?? [],
    responseHeaders: view.responseHeaders ?? [],
    protocol: view.protocol,
    remoteAddress: view.remoteAddress,
    connectionId: view.connectionId,
    phases: timingPhases({ ...entry, endedMs: endedEpochMs - entry.epochOffsetMs }),
    netError: view.netError,
    bodySize: entry.encodedSize,
    requestBody: entry.requestBody,
    contentText: content?.text ?? null,
    contentIsBase64: content?.isBase64 ?? false,
    contentSize: entry.contentSize,
    eventSourceMessages: entry.events,
    webSocketMessages: entry.frames,
    fromCache: view.fromCache,
    fromServiceWorker: view.fromServiceWorker,
  };
}

async function contentOf(
  { source, requestId, contentSize, encodedSize }: OpenEntry,
  view: NetworkView,
): Promise<Content | null> {
  // Asked for a body that never came, the browser gives the page that it showed instead.
  if (contentSize === 0 && encodedSize <= 0) return null;
  if (view.kind === 'websocket' || view.status === null || contentSize > MAX_CONTENT_BYTES) return null;
  const content = await within(
    CONTENT_WITHIN_MS,
    source.session.send<{ body: string; base64Encoded: boolean }>('Network.getResponseBody', { requestId }),
  );
  if (!content?.body || content.body.length > 2 * MAX_CONTENT_BYTES) return null;
  return { text: content.body, isBase64: content.base64Encoded };
}

/** Null when it fails, or takes longer. */
async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value | null> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } catch {
    return null;
  } finally {
    clearTimeout(timer);
  }
}

function addEvent(entry: OpenEntry, event: HarView['eventSourceMessages'][number]): void {
  if (entry.events.length >= MAX_MESSAGES || entry.roomChars < event.data.length) return;
  entry.roomChars -= event.data.length;
  entry.events.push(event);
}

function addFrame(entry: OpenEntry, frame: HarView['webSocketMessages'][number]): void {
  if (entry.frames.length >= MAX_MESSAGES || entry.roomChars < frame.data.length) return;
  entry.roomChars -= frame.data.length;
  entry.frames.push(frame);
}

/** No tap is in a worker, so the browser is asked for the bytes of its event streams as they come, as DevTools does. */
function readInWorker(entry: OpenEntry): Promise<void> {
  const { source, requestId, issuedMs, epochOffsetMs } = entry;
  const reader = new WorkerEventStream(issuedMs + epochOffsetMs, (event) => addEvent(entry, event));
  entry.reader = reader;
  return streamContent(source.session, requestId).then((bytes) => {
    if (bytes) reader.buffered(bytes);
    else entry.reader = null;
  });
}

/** Null before Chrome 124, or when it is over already: the body as a whole is what is left. */
async function streamContent(session: CdpSession, requestId: string): Promise<Buffer | null> {
  const answer = await within(
    CONTENT_WITHIN_MS,
    session.send<{ bufferedData?: string }>('Network.streamResourceContent', { requestId }),
  );
  return answer && Buffer.from(answer.bufferedData ?? '', 'base64');
}

function requestBodyOf(request: unknown): Pick<OpenEntry, 'requestBody' | 'hasOtherBody'> {
  const { postData, hasPostData } = (request ?? {}) as { postData?: unknown; hasPostData?: unknown };
  const requestBody = typeof postData === 'string' ? postData : null;
  return { requestBody, hasOtherBody: requestBody === null && hasPostData === true };
}

/**
 * A body that was not told with its request. What is no text is written as the protocol writes other bytes and as HAR
 * does: one character for each.
 */
async function otherBodyOf({ source, requestId }: OpenEntry, view: NetworkView): Promise<string | null> {
  const headers = view.requestHeaders ?? [];
  // It cannot be asked for in part. The wire's own headers may come after the answer: then its size is not known before.
  if (Number(headerValue(headers, 'content-length')) > BUFFERS.maxPostDataSize) return null;
  if (UPLOADS.test(headerValue(headers, 'content-type') ?? '')) return null;
  const body = await within(
    CONTENT_WITHIN_MS,
    source.session.send<{ postData?: string; base64Encoded?: boolean }>('Network.getRequestPostData', {
      requestId,
    }),
  );
  if (!body?.postData || body.postData.length > 2 * BUFFERS.maxPostDataSize) return null;
  return body.base64Encoded ? Buffer.from(body.postData, 'base64').toString('latin1') : body.postData;
}
