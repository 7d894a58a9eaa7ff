import type { Header } from '../trace/types';
import { firstNetworkView, type NetworkView } from '../trace/views';

type Details = chrome.webRequest.WebRequestDetails;

/** What the listeners are called with; the fields of each event are optional here. */
export interface RequestDetails {
  requestId: string;
  url: string;
  method: string;
  type: string;
  timeStamp: number;
  documentId?: string;
  requestHeaders?: chrome.webRequest.HttpHeader[];
  responseHeaders?: chrome.webRequest.HttpHeader[];
  statusCode?: number;
  statusLine?: string;
  redirectUrl?: string;
  fromCache?: boolean;
  ip?: string;
  error?: string;
}

export type RequestEvent =
  | 'onBeforeRequest'
  | 'onSendHeaders'
  | 'onHeadersReceived'
  | 'onBeforeRedirect'
  | 'onResponseStarted'
  | 'onCompleted'
  | 'onErrorOccurred';

export const RESOURCE_TYPES = ['main_frame', 'sub_frame', 'xmlhttprequest', 'websocket'] as const;

/** Requests under way that are kept track of at once. */
const MAX_OPEN = 20_000;

/**
 * Builds one view per request out of webRequest's events. All hops of a redirected request share its id: the view
 * keeps the first address and the last answer. Each change is emitted as a new object.
 */
export class WebRequestViews {
  readonly #emit: (view: NetworkView) => void;
  readonly #onMainRequest: (startedEpochMs: number) => void;
  readonly #open = new Map<string, NetworkView>();

  /** `onMainRequest` hears of each request for a top page. */
  constructor(
    emit: (view: NetworkView) => void,
    onMainRequest: (startedEpochMs: number) => void = () => undefined,
  ) {
    this.#emit = emit;
    this.#onMainRequest = onMainRequest;
  }

  handle(event: RequestEvent, details: RequestDetails): void {
    const before = this.#open.get(details.requestId);
    if (event === 'onBeforeRequest' && !before && details.type === 'main_frame')
      this.#onMainRequest(details.timeStamp);
    if (event === 'onBeforeRequest') this.#keep(before ? nextHop(before, details) : firstView(details));
    // A request that began before we listened stays unknown: its start and headers cannot be had any more.
    else if (before) this.#keep(withEvent(before, event, details));
  }

  #keep(view: NetworkView): void {
    if (view.endedEpochMs !== null || (view.kind === 'websocket' && view.status === 101)) {
      this.#open.delete(view.requestId);
    } else if (this.#open.size < MAX_OPEN || this.#open.has(view.requestId)) {
      this.#open.set(view.requestId, view);
    } else return;
    this.#emit(view);
  }
}

function firstView(details: RequestDetails): NetworkView {
  return firstNetworkView({
    requestId: details.requestId,
    kind: kindOf(details.type),
    frameKey: details.documentId ?? null,
    method: details.method,
    url: details.url,
    startedEpochMs: details.timeStamp,
  });
}

function nextHop(view: NetworkView, details: RequestDetails): NetworkView {
  return {
    ...view,
    redirected: true,
    finalUrl: details.url,
    hopStartedEpochMs: details.timeStamp,
    requestHeaders: null,
    sentEpochMs: null,
    status: null,
    statusText: '',
    responseHeaders: null,
    headersEpochMs: null,
  };
}

function withEvent(view: NetworkView, event: RequestEvent, details: RequestDetails): NetworkView {
  switch (event) {
    case 'onSendHeaders': {
      const requestHeaders = readHeaders(details.requestHeaders);
      const asksForEvents = requestHeaders.some(
        ([name, value]) => name.toLowerCase() === 'accept' && value === 'text/event-stream',
      );
      return {
        ...view,
        // webRequest has one name for fetch, XHR and EventSource; this is what an EventSource asks with.
        kind: asksForEvents && view.kind === 'fetch' ? 'eventsource' : view.kind,
        requestHeaders,
        sentEpochMs: details.timeStamp,
      };
    }
    case 'onHeadersReceived':
      return { ...withAnswer(view, details), headersEpochMs: details.timeStamp };
    case 'onResponseStarted':
      return withAnswer(view, details);
    case 'onCompleted':
      // For a WebSocket this is the end of its handshake.
      return view.kind === 'websocket'
        ? withAnswer(view, details)
        : { ...withAnswer(view, details), endedEpochMs: details.timeStamp };
    case 'onErrorOccurred':
      return { ...view, netError: details.error ?? null, endedEpochMs: details.timeStamp };
    default:
      return { ...view, redirected: true };
  }
}

function withAnswer(view: NetworkView, details: RequestDetails): NetworkView {
  const next = { ...view };
  if (details.statusCode !== undefined) next.status = details.statusCode;
  if (details.statusLine) next.statusText = /^\S+ \d+ (.*)$/.exec(details.statusLine)?.[1] ?? '';
  if (details.responseHeaders) next.responseHeaders = readHeaders(details.responseHeaders);
  if (details.ip) next.remoteAddress = details.ip;
  if (details.fromCache) next.fromCache = true;
  return next;
}

function kindOf(type: string): NetworkView['kind'] {
  switch (type) {
    case 'main_frame':
    case 'sub_frame':
      return 'document';
    case 'xmlhttprequest':
      return 'fetch';
    case 'websocket':
      return 'websocket';
    default:
      return 'other';
  }
}

function readHeaders(headers: chrome.webRequest.HttpHeader[] = []): Header[] {
  return headers.map(({ name, value, binaryValue }) => {
    // Values that are not UTF-8 come as byte numbers.
    const text = value ?? (binaryValue ? String.fromCharCode(...new Uint8Array(binaryValue)) : '');
    return [name, text] as const;
  });
}

/** Listens to everything that requests of this tab do; returns the way to stop. */
export function listenToRequests(tabId: number, views: WebRequestViews): () => void {
  const filter: chrome.webRequest.RequestFilter = {
    urls: ['<all_urls>', 'ws://*/*', 'wss://*/*'],
    tabId,
    types: [...RESOURCE_TYPES] as chrome.webRequest.ResourceType[],
  };
  const sent = ['requestHeaders', 'extraHeaders'];
  const received = ['responseHeaders', 'extraHeaders'];
  const extras: [RequestEvent, string[] | null][] = [
    ['onBeforeRequest', null],
    ['onSendHeaders', sent],
    ['onHeadersReceived', received],
    ['onBeforeRedirect', received],
    ['onResponseStarted', received],
    ['onCompleted', received],
    ['onErrorOccurred', null],
  ];
  const stops = extras.map(([event, extra]) => {
    const listener = (details: Details): undefined => {
      views.handle(event, details as RequestDetails);
    };
    // The typings give each event its own option names.
    const target = chrome.webRequest[event] as unknown as {
      addListener(listener: (details: Details) => void, filter: unknown, extra?: string[]): void;
      removeListener(listener: (details: Details) => void): void;
    };
    if (extra) target.addListener(listener, filter, extra);
    else target.addListener(listener, filter);
    return () => target.removeListener(listener);
  });
  return () => {
    for (const stop of stops) stop();
  };
}
