import { protocolName } from '../exchange/import/protocol-name';
import type { CookieRefusal, Header } from '../trace/types';
import { firstNetworkView, type NetworkView } from '../trace/views';

/** Requests under way that are kept track of at once. */
const MAX_OPEN = 20_000;
/** Extra-info events may come before the event they belong to; so many are kept waiting. */
const MAX_WAITING = 1_000;

type Params = Record<string, unknown>;

interface OpenRequest {
  view: NetworkView;
  /** Protocol times are seconds on a clock of their own: this turns them into Unix epoch ms. */
  epochOffsetMs: number;
}

/**
 * Builds network views out of the DevTools protocol's Network events, for recorders that have no webRequest. Feed it
 * every `Network.*` event of a target (and of its workers, with `isWorker`), in the order in which they come. Nothing
 * in an event is taken for granted; an event that does not fit is left out.
 *
 * `frameKey` is the protocol's frame id, null for workers. Header values are those of the wire where
 * `…ExtraInfo` events tell them (cookies, `Set-Cookie`), else what the renderer knows.
 */
export class CdpViews {
  readonly #emit: (view: NetworkView) => void;
  readonly #open = new Map<string, OpenRequest>();
  readonly #waiting = new Map<string, { method: string; params: Params }[]>();

  /** `emit` gets a new object for each change of a view. */
  constructor(emit: (view: NetworkView) => void) {
    this.#emit = emit;
  }

  /** `scope` keeps the request ids of several targets apart. */
  handle(method: string, params: unknown, options: { scope?: string; isWorker?: boolean } = {}): void {
    if (!isObject(params)) return;
    const id = `${options.scope ?? ''}${text(params.requestId)}`;
    switch (method) {
      case 'Network.requestWillBeSent':
        this.#willBeSent(id, params, options.isWorker ?? false);
        break;
      case 'Network.webSocketCreated':
        this.#socketCreated(id, params);
        return;
      case 'Network.webSocketWillSendHandshakeRequest':
        this.#socketAsks(id, params);
        break;
      default:
        this.#later(id, method, params);
        return;
    }
    const waiting = this.#waiting.get(id) ?? [];
    this.#waiting.delete(id);
    for (const one of waiting) this.#later(id, one.method, one.params);
  }

  #willBeSent(id: string, params: Params, isWorker: boolean): void {
    const request = object(params.request);
    const wallMs = number(params.wallTime) * 1000;
    const startedMs = number(params.timestamp) * 1000;
    if (!(wallMs > 0)) return;
    const before = this.#open.get(id);
    if (before && params.redirectResponse !== undefined) {
      this.#change(id, before, {
        ...before.view,
        redirected: true,
        finalUrl: text(request.url),
        hopStartedEpochMs: wallMs,
        requestHeaders: readHeaders(request.headers),
        sentEpochMs: null,
        status: null,
        statusText: '',
        responseHeaders: null,
        headersEpochMs: null,
        withheldCookies: [],
        refusedCookies: [],
      });
      return;
    }
    if (before) return;
    const view = newView(id, kindOf(text(params.type)), request, wallMs);
    view.frameKey = isWorker ? null : text(params.frameId) || null;
    this.#keep(id, { view, epochOffsetMs: wallMs - startedMs });
  }

  /** The handshake comes later, and with it the time; the protocol names no frame for sockets. */
  #socketCreated(id: string, params: Params): void {
    if (this.#open.has(id)) return;
    this.#keep(id, { view: newView(id, 'websocket', params, Number.NaN), epochOffsetMs: Number.NaN });
  }

  #socketAsks(id: string, params: Params): void {
    const open = this.#open.get(id);
    const wallMs = number(params.wallTime) * 1000;
    if (!open || !(wallMs > 0)) return;
    const requestHeaders = readHeaders(object(params.request).headers);
    const epochOffsetMs = wallMs - number(params.timestamp) * 1000;
    const view = { ...open.view, startedEpochMs: wallMs, sentEpochMs: wallMs, requestHeaders };
    this.#keep(id, { view, epochOffsetMs });
  }

  #later(id: string, method: string, params: Params): void {
    const open = this.#open.get(id);
    if (!open) {
      this.#wait(id, method, params);
      return;
    }
    const next = this.#applied(open, method, params);
    if (next) this.#change(id, open, next);
  }

  #applied(open: OpenRequest, method: string, params: Params): NetworkView | null {
    const { view } = open;
    const atMs = number(params.timestamp) * 1000 + open.epochOffsetMs;
    switch (method) {
      case 'Network.requestWillBeSentExtraInfo':
        return {
          ...view,
          requestHeaders: readHeaders(params.headers),
          withheldCookies: cookieRefusals(params.associatedCookies, 'cookie'),
        };
      case 'Network.responseReceived':
        return withResponse(open, object(params.response), atMs);
      case 'Network.responseReceivedExtraInfo':
        return {
          ...view,
          status: view.status ?? statusOf(params.statusCode),
          responseHeaders: readHeaders(params.headers),
          refusedCookies: cookieRefusals(params.blockedCookies, 'cookie'),
        };
      case 'Network.loadingFinished':
        return { ...view, endedEpochMs: finite(atMs) ?? view.startedEpochMs };
      case 'Network.loadingFailed': {
        const netError = text(params.errorText) || 'net::ERR_FAILED';
        return { ...view, netError, endedEpochMs: finite(atMs) ?? view.startedEpochMs };
      }
      case 'Network.webSocketHandshakeResponseReceived':
        return withResponse(open, object(params.response), atMs);
      case 'Network.webSocketFrameError':
        return { ...view, netError: /net::ERR_\w+/.exec(text(params.errorMessage))?.[0] ?? view.netError };
      case 'Network.webSocketClosed':
        return { ...view, endedEpochMs: finite(atMs) ?? view.startedEpochMs };
      default:
        return null;
    }
  }

  #change(id: string, open: OpenRequest, view: NetworkView): void {
    this.#keep(id, { ...open, view });
  }

  #keep(id: string, open: OpenRequest): void {
    if (!this.#open.has(id) && this.#open.size >= MAX_OPEN) return;
    if (open.view.endedEpochMs !== null) this.#open.delete(id);
    else this.#open.set(id, open);
    // A socket that has not asked yet has no time.
    if (Number.isFinite(open.view.startedEpochMs)) this.#emit(open.view);
  }

  #wait(id: string, method: string, params: Params): void {
    if (!method.endsWith('ExtraInfo')) return;
    if (!this.#waiting.has(id) && this.#waiting.size >= MAX_WAITING) {
      const oldest = this.#waiting.keys().next().value;
      if (oldest !== undefined) this.#waiting.delete(oldest);
    }
    const list = this.#waiting.get(id) ?? [];
    if (list.length < 4) list.push({ method, params });
    this.#waiting.set(id, list);
  }
}

function newView(
  id: string,
  kind: NetworkView['kind'],
  request: Params,
  startedEpochMs: number,
): NetworkView {
  return firstNetworkView({
    requestId: id,
    kind,
    method: text(request.method) || 'GET',
    url: text(request.url),
    startedEpochMs,
    requestHeaders: readHeaders(request.headers),
  });
}

function withResponse({ view, epochOffsetMs }: OpenRequest, response: Params, atMs: number): NetworkView {
  const timing = object(response.timing);
  const requestEpochMs = number(timing.requestTime) * 1000 + epochOffsetMs;
  /** Times within a request are ms since its `requestTime`; -1 when they do not apply. */
  const moment = (offsetMs: unknown) =>
    number(offsetMs) >= 0 ? requestEpochMs + number(offsetMs) : Number.NaN;
  return {
    ...view,
    status: statusOf(response.status) ?? view.status,
    statusText: text(response.statusText),
    // Extra info has the wire's own headers; the renderer's list lacks `Set-Cookie`.
    responseHeaders: view.responseHeaders ?? readHeaders(response.headers),
    sentEpochMs: finite(moment(timing.sendEnd)) ?? view.sentEpochMs,
    headersEpochMs: finite(moment(timing.receiveHeadersEnd)) ?? finite(atMs),
    protocol: protocolName(text(response.protocol)) ?? view.protocol,
    remoteAddress: text(response.remoteIPAddress).replace(/^\[|\]$/g, '') || null,
    connectionId: number(response.connectionId) > 0 ? String(response.connectionId) : null,
    fromCache: response.fromDiskCache === true || response.fromPrefetchCache === true,
    fromServiceWorker: response.fromServiceWorker === true,
  };
}

function kindOf(type: string): NetworkView['kind'] {
  switch (type) {
    case 'Fetch':
      return 'fetch';
    case 'XHR':
      return 'xhr';
    case 'EventSource':
      return 'eventsource';
    case 'WebSocket':
      return 'websocket';
    case 'Document':
      return 'document';
    default:
      return 'other';
  }
}

function statusOf(value: unknown): number | null {
  const status = number(value);
  return Number.isInteger(status) && status >= 100 && status <= 999 ? status : null;
}

/** The protocol gives headers as an object; repeated ones share a value, one per line. */
function readHeaders(headers: unknown): Header[] {
  return Object.entries(object(headers)).flatMap(([name, value]) =>
    text(value)
      .split('\n')
      .map((line): Header => [name, line]),
  );
}

function cookieRefusals(list: unknown, field: string): CookieRefusal[] {
  if (!Array.isArray(list)) return [];
  return list.flatMap((item) => {
    const reasons = object(item).blockedReasons;
    if (!Array.isArray(reasons) || reasons.length === 0) return [];
    // A cookie that could not be parsed has no name, only its line.
    const named = text(object(object(item)[field]).name);
    const name = named || text(object(item).cookieLine).split('=')[0]!.trim();
    return [{ name, reasons: reasons.map(text) }];
  });
}

function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null;
}
function object(value: unknown): Params {
  return isObject(value) ? value : {};
}
function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
function number(value: unknown): number {
  return typeof value === 'number' ? value : Number.NaN;
}
