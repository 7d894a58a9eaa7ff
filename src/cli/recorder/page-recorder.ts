import { fromJson } from '../../protocol/json';
import { MAX_MESSAGE_BYTES, type TapCommand } from '../../protocol/messages';
import { CdpViews } from '../../store/cdp-views';
import { LiveRecording } from '../../store/recording';
import { TapSession } from '../../store/tap-session';
import type { Trace } from '../../trace/types';
import type { CdpObject } from '../chromium/cdp';
import type { Bridge, NetworkSource, PageListener } from '../chromium/pages';
import { HarEntries } from './har-entries';

/** Bytes are base64 on the way: longer texts cannot be messages that are accepted. */
const MAX_PAYLOAD_CHARS = 1.4 * MAX_MESSAGE_BYTES;
/** More documents than any page has under way at once. */
const MAX_DOCUMENTS = 1000;
/** Farther than the recording ever waits for better evidence. */
const LONG_AFTER_MS = 60_000;

/** How a server answered a navigation. */
export interface PageAnswer {
  status: number;
  /** `502 Bad Gateway`; HTTP/2 has no words. */
  text: string;
}

/**
 * The browser's words for an answer in whose place it shows a page of its own: one of 400 or more without a body, and
 * one that asks for a password nobody gave.
 */
const UNSHOWN_ANSWERS: unknown[] = [
  'net::ERR_HTTP_RESPONSE_CODE_FAILURE',
  'net::ERR_INVALID_AUTH_CREDENTIALS',
];

/** One page's recording: brings what its taps, its network and its workers report together. */
export class PageRecorder implements PageListener {
  readonly #recording: LiveRecording;
  readonly #views: CdpViews;
  readonly #entries: HarEntries;
  readonly #taps = new Map<Bridge, TapSession>();
  readonly #onEnd: (how: 'crashed' | 'closed') => void;
  readonly #onLoad: () => void;
  readonly #onPartCrash: () => void;
  /** Sessions in which requests for documents began, by request id. */
  readonly #documents = new Map<string, string>();
  #pageAnswer: PageAnswer | null = null;
  #pageUrl: string | null = null;
  #aheadMs = 0;
  #isOver = false;
  #movedAtMs = performance.now();

  constructor(options: {
    version: string;
    onLoad: () => void;
    onEnd: (how: 'crashed' | 'closed') => void;
    /** A frame or a window of the page crashed; the page goes on. */
    onPartCrash: () => void;
  }) {
    this.#onLoad = options.onLoad;
    this.#onEnd = options.onEnd;
    this.#onPartCrash = options.onPartCrash;
    this.#recording = new LiveRecording({
      meta: { recorder: 'cli', recorderVersion: options.version },
      clock: () => performance.timeOrigin + performance.now() + this.#aheadMs,
    });
    this.#recording.subscribe((changed) => {
      if (changed.size > 0) this.#moved();
    });
    this.#entries = new HarEntries((view) => this.#recording.har(view));
    this.#views = new CdpViews((view) => {
      this.#recording.network(view);
      this.#entries.view(view);
    });
  }

  /** How long nothing has moved: no request, no delivery, no end. */
  get quietMs(): number {
    return performance.now() - this.#movedAtMs;
  }

  /** What there is so far. Whether documents have come to their end is the page's loading to tell. */
  get counts(): { streams: number; open: number; deliveries: number } {
    const { streams } = this.#recording.trace;
    let open = 0;
    let deliveries = 0;
    for (const { kind, end, chunks, messages } of streams) {
      if (!end && kind !== 'document') open++;
      deliveries += chunks.atMs.length + messages.atMs.length;
    }
    return { streams: streams.length, open, deliveries };
  }

  /** What the recorded tab got when it asked last; null when nothing has come. */
  get pageAnswer(): PageAnswer | null {
    return this.#pageAnswer;
  }

  /** Ends the recording and returns its trace. The browser's own end, which follows, is no part of it. */
  async finish(): Promise<Trace> {
    this.#isOver = true;
    const endedAtMs = Math.round(this.#recording.nowMs());
    await this.#entries.settled();
    // The recording keeps what ended open for a while, in case a better match comes: now nothing comes any more.
    this.#aheadMs = LONG_AFTER_MS;
    // The first pairs and lists what was waiting, the second closes what the first has paired.
    this.#recording.flush();
    const endedEpochMs = this.#recording.originEpochMs + endedAtMs;
    for (const [requestId, view] of this.#entries.stillOpen(endedEpochMs)) {
      this.#recording.fillOpen(requestId, view);
    }
    this.#recording.flush();
    this.#recording.dispose();
    const { trace } = this.#recording;
    trace.meta.endedAtMs = endedAtMs;
    // What the browser shows in place of a page is none of the page's documents.
    trace.documents = trace.documents.filter(({ url }) => !isErrorPage(url));
    if (isErrorPage(trace.meta.pageUrl ?? '')) trace.meta.pageUrl = this.#pageUrl;
    return trace;
  }

  bridgeOpened(bridge: Bridge): void {
    const tap = new TapSession(this.#recording, { frameKey: bridge.frameId, isTop: bridge.isTop });
    this.#taps.set(bridge, tap);
    send(bridge, tap.open());
  }

  bridgeMessage(bridge: Bridge, json: string): void {
    const tap = this.#taps.get(bridge);
    if (!tap || this.#isOver) return;
    const message = json.length > MAX_PAYLOAD_CHARS ? null : parse(json);
    const { meta } = this.#recording.trace;
    const { pageUrl } = meta;
    send(bridge, tap.receive(message));
    // The recording is of the page, whatever that opens.
    if (bridge.isOpened) meta.pageUrl = pageUrl;
  }

  bridgeClosed(bridge: Bridge): void {
    if (this.#isOver) return;
    this.#taps.get(bridge)?.close();
    this.#taps.delete(bridge);
  }

  networkEvent(method: string, params: CdpObject, source: NetworkSource): void {
    if (this.#isOver) return;
    if (method === 'Network.loadingFailed' && UNSHOWN_ANSWERS.includes(params.errorText)) {
      // The exchange is whole: only the browser has nothing to show of it.
      const finished = { ...params, encodedDataLength: 0 };
      this.networkEvent('Network.loadingFinished', finished, source);
      return;
    }
    this.#moved();
    this.#notePage(method, params, source);
    const scope = this.#scopeOf(method, params, source);
    this.#entries.event(method, params, source, scope);
    this.#views.handle(method, params, { scope, isWorker: source.isWorker });
  }

  /** Nobody is left to tell how its requests end. */
  sourceClosed(source: NetworkSource, how: 'crashed' | 'closed'): void {
    if (this.#isOver) return;
    if (how === 'crashed') this.#onPartCrash();
    for (const { method, params, scope } of this.#entries.endsOf(source, this.#recording.nowEpochMs())) {
      this.#entries.event(method, params, source, scope);
      this.#views.handle(method, params, { scope, isWorker: source.isWorker });
    }
    this.#moved();
  }

  #notePage(method: string, params: CdpObject, { topFrameId }: NetworkSource): void {
    const { type, frameId, response, request } = params;
    if (type !== 'Document' || frameId !== topFrameId) return;
    if (method === 'Network.requestWillBeSent') {
      this.#pageAnswer = null;
      this.#pageUrl = (request as { url: string }).url;
    }
    if (method !== 'Network.responseReceived') return;
    const { status, statusText } = response as { status: number; statusText?: string };
    this.#pageAnswer = { status, text: `${status} ${statusText ?? ''}`.trim() };
  }

  /**
   * Request ids are told apart by the session that began them. The document of a frame that gets a process of its own
   * begins in its parent's session and ends in its own.
   */
  #scopeOf(method: string, { requestId, type }: CdpObject, { session }: NetworkSource): string {
    const id = String(requestId);
    if (method === 'Network.requestWillBeSent' && type === 'Document') {
      if (this.#documents.size >= MAX_DOCUMENTS) this.#documents.clear();
      if (!this.#documents.has(id)) this.#documents.set(id, session.id);
    }
    return this.#documents.get(id) ?? session.id;
  }

  loaded(): void {
    this.#moved();
    this.#onLoad();
  }

  ended(how: 'crashed' | 'closed'): void {
    this.#onEnd(how);
  }

  #moved(): void {
    this.#movedAtMs = performance.now();
  }
}

function isErrorPage(url: string): boolean {
  return url.startsWith('chrome-error:');
}

/** A message that is no JSON is refused like one that does not fit. */
function parse(json: string): unknown {
  try {
    return fromJson(JSON.parse(json));
  } catch {
    return null;
  }
}

function send(bridge: Bridge, commands: readonly TapCommand[]): void {
  for (const command of commands) bridge.send(JSON.stringify(command));
}
