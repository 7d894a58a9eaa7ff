import type { CookieRefusal, Header, Phases } from './types';

/**
 * What a network-side view (webRequest, the DevTools protocol's Network domain) knows of one request. Built up over
 * time under one `requestId`; all times are wall clock, Unix epoch ms.
 */
export interface NetworkView {
  requestId: string;
  kind: 'fetch' | 'xhr' | 'eventsource' | 'websocket' | 'document' | 'other';
  /** Frame or document key that can be held against the tap's documents; null for workers. */
  frameKey: string | null;
  method: string;
  url: string;
  startedEpochMs: number;
  requestHeaders: Header[] | null;
  sentEpochMs: number | null;
  status: number | null;
  statusText: string;
  responseHeaders: Header[] | null;
  headersEpochMs: number | null;
  protocol: string | null;
  remoteAddress: string | null;
  connectionId: string | null;
  fromCache: boolean;
  fromServiceWorker: boolean;
  redirected: boolean;
  /** Address that answered at last, and when it was asked; absent when there was no redirect. */
  finalUrl?: string;
  hopStartedEpochMs?: number;
  endedEpochMs: number | null;
  /** `net::ERR_…` */
  netError: string | null;
  withheldCookies: CookieRefusal[];
  refusedCookies: CookieRefusal[];
}

/** A request of which only its start is known. */
export function firstNetworkView(
  start: Pick<NetworkView, 'requestId' | 'kind' | 'method' | 'url' | 'startedEpochMs'> & Partial<NetworkView>,
): NetworkView {
  return {
    frameKey: null,
    requestHeaders: null,
    sentEpochMs: null,
    status: null,
    statusText: '',
    responseHeaders: null,
    headersEpochMs: null,
    protocol: null,
    remoteAddress: null,
    connectionId: null,
    fromCache: false,
    fromServiceWorker: false,
    redirected: false,
    endedEpochMs: null,
    netError: null,
    withheldCookies: [],
    refusedCookies: [],
    ...start,
  };
}

/** What a finished HAR entry adds. */
export interface HarView {
  method: string;
  url: string;
  kind: NetworkView['kind'];
  startedEpochMs: number;
  endedEpochMs: number;
  status: number;
  statusText: string;
  requestHeaders: Header[];
  responseHeaders: Header[];
  /** Bytes of status line and headers as they came, where the source notes them. */
  responseHeadersSize?: number | null;
  protocol: string | null;
  remoteAddress: string | null;
  connectionId: string | null;
  phases: Phases | null;
  netError: string | null;
  /** Why it failed, in the words of a writer that has no `net::ERR_…` names. */
  failure?: string;
  /** Encoded body size, -1 when unknown. */
  bodySize: number;
  requestBody: string | null;
  contentText: string | null;
  contentIsBase64: boolean;
  contentSize: number;
  eventSourceMessages: HarEvent[];
  webSocketMessages: { epochMs: number; sent: boolean; opcode: number; data: string; isError: boolean }[];
  fromCache?: boolean;
  fromServiceWorker?: boolean;
  /** It had not ended when the entry was written (an export in the middle of a stream). */
  isOpen?: boolean;
  /** What of the entry could not be read, one sentence each. */
  problems?: string[];
}

export interface HarEvent {
  epochMs: number;
  name: string;
  id: string;
  data: string;
  /** The source has its time and name only: `data` is empty and says nothing. */
  isWithoutData?: boolean;
}
