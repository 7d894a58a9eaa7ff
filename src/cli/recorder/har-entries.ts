import { createParser } from 'eventsource-parser';
import type { HarView, NetworkView } from '../../trace/views';
import type { CdpObject, CdpSession } from '../chromium/cdp';
import type { NetworkSource } from '../chromium/pages';
import { type ResourceTiming, timingPhases } from './timing-phases';

/** Bodies above this are not fetched: no rule reads that far. The same as in the extension. */
const MAX_CONTENT_BYTES = 1024 * 1024;
/** The browser answers at once or, when the page is gone, perhaps never. */
const CONTENT_WITHIN_MS = 2000;
/** Requests under way that are kept track of, and messages of each. */
const MAX_OPEN = 20_000;
const MAX_MESSAGES = 100_000;
const MAX_MESSAGE_CHARS = 1024 * 1024;

interface OpenEntry {
  /** Who told of it last, and so has its body. */
  source: NetworkSource;
  requestId: string;
  /** Protocol times are seconds on a clock of their own: this turns them into Unix epoch ms. */
  epochOffsetMs: number;
  issuedMs: number;
  responseMs: number | null;
  timing: ResourceTiming | null;
  requestBody: string | null;
  contentSize: number;
  encodedSize: number;
  events: HarView['eventSourceMessages'];
  frames: HarView['webSocketMessages'];
  /** Room left for the texts of events and frames. */
  roomChars: number;
  reader: WorkerReader | null;
}

/** Takes the bytes of a worker's event stream as they come. */
interface WorkerReader {
  data(bytes: Buffer, epochMs: number): void;
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
      this.#begin(key, { params, source, requestId, atMs });
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
        if (source.isWorker && response.mimeType === 'text/event-stream') readInWorker(entry);
        break;
      }
      case 'Network.dataReceived':
        entry.contentSize += Number(params.dataLength) || 0;
        if (typeof params.data === 'string') entry.reader?.data(Buffer.from(params.data, 'base64'), epochMs);
        break;
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
    if (view.endedEpochMs === null) return;
    const entry = this.#open.get(view.requestId);
    this.#open.delete(view.requestId);
    if (!entry || view.kind === 'other') return;
    const pending = this.#finish(entry, view).finally(() => this.#pending.delete(pending));
    this.#pending.add(pending);
  }

  /** Resolves when every entry has been given that was to come. */
  async settled(): Promise<void> {
    await Promise.all(this.#pending);
  }

  #begin(
    key: string,
    {
      params,
      source,
      requestId,
      atMs,
    }: { params: CdpObject; source: NetworkSource; requestId: string; atMs: number },
  ): void {
    if (!this.#open.has(key) && this.#open.size >= MAX_OPEN) return;
    // A redirect begins anew under the same id: an entry is about its last hop.
    this.#open.set(key, {
      source,
      requestId,
      epochOffsetMs: Number(params.wallTime) * 1000 - atMs,
      issuedMs: atMs,
      responseMs: null,
      timing: null,
      requestBody: bodyOf(params.request),
      contentSize: 0,
      encodedSize: -1,
      events: [],
      frames: [],
      roomChars: MAX_MESSAGE_CHARS,
      reader: null,
    });
  }

  async #finish(entry: OpenEntry, view: NetworkView): Promise<void> {
    const content = await contentOf(entry, view);
    const endedEpochMs = view.endedEpochMs ?? view.startedEpochMs;
    const endedMs = endedEpochMs - entry.epochOffsetMs;
    this.#emit({
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
      phases: timingPhases({ ...entry, endedMs }),
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
    });
  }
}

async function contentOf(
  { source, requestId, contentSize, encodedSize }: OpenEntry,
  view: NetworkView,
): Promise<{ text: string; isBase64: boolean } | null> {
  // Asked for a body that never came, the browser gives the page that it showed instead.
  if (contentSize === 0 && encodedSize === 0) return null;
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

/**
 * No tap is in a worker, so the browser is asked for the bytes of its event streams as they come, as DevTools does. What
 * had come before it was asked has no time; like in DevTools it bears the request's own.
 */
function readInWorker(entry: OpenEntry): void {
  if (entry.reader) return;
  let atEpochMs = entry.issuedMs + entry.epochOffsetMs;
  const decoder = new TextDecoder();
  const parser = createParser({
    onEvent: ({ event, id, data }) =>
      addEvent(entry, { epochMs: atEpochMs, name: event ?? 'message', id: id ?? '', data }),
  });
  const feed = (bytes: Buffer) => parser.feed(decoder.decode(bytes, { stream: true }));
  let waiting: { bytes: Buffer; epochMs: number }[] | null = [];
  entry.reader = {
    data(bytes, epochMs) {
      if (waiting) {
        waiting.push({ bytes, epochMs });
        return;
      }
      atEpochMs = epochMs;
      feed(bytes);
    },
  };
  const { source, requestId, reader } = entry;
  streamContent(source.session, requestId).then((early) => {
    feed(early);
    const later = waiting ?? [];
    waiting = null;
    for (const { bytes, epochMs } of later) reader.data(bytes, epochMs);
  });
}

async function streamContent(session: CdpSession, requestId: string): Promise<Buffer> {
  const answer = await session
    .send<{ bufferedData?: string }>('Network.streamResourceContent', { requestId })
    // Before Chrome 124, or over already: the body as a whole is what is left.
    .catch(() => null);
  return Buffer.from(answer?.bufferedData ?? '', 'base64');
}

function bodyOf(request: unknown): string | null {
  const { postData } = (request ?? {}) as { postData?: unknown };
  return typeof postData === 'string' ? postData : null;
}
