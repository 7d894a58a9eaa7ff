import { splitCookiesString } from 'set-cookie-parser';
import * as v from 'valibot';
import { headerValue } from '../../trace/headers';
import type { Header, Phases } from '../../trace/types';
import type { HarEvent, HarView } from '../../trace/views';
import { eventDataFromBody } from './event-data';
import {
  type Entry,
  EntrySchema,
  EventSourceMessageSchema,
  fitting,
  HeaderSchema,
  WebSocketMessageSchema,
} from './har-schema';
import { protocolName } from './protocol-name';

/** Why an entry cannot be used. */
export interface HarProblem {
  problem: string;
}

const MAX_HEADERS = 1000;
const MAX_URL_LENGTH = 64 * 1024;
const MAX_FAILURE_LENGTH = 1000;
const NET_ERROR = /^net::[A-Z0-9_]+$/;
/** No exchange lasts longer than a year; greater numbers are mistakes. */
const MAX_DURATION_MS = 366 * 24 * 3600 * 1000;
/** 1990 to 2100. */
const EARLIEST_EPOCH_MS = 631_152_000_000;
const LATEST_EPOCH_MS = 4_102_444_800_000;
/** A message this long after the noted end shows that the end was not the end. */
const OPEN_SLACK_MS = 1000;

/**
 * Reads one HAR entry: a file's, or one that `chrome.devtools.network` hands over. Never throws. Understands HAR 1.2
 * and the extensions of Chrome and Edge (`_eventSourceMessages`, `_webSocketMessages`, `_error`, `_resourceType`,
 * `_connectionId`), Playwright (`_failureText`, times in ms), Safari (`_fetchType`, `_error` in words) and mitmproxy.
 */
export function parseHarEntry(entry: unknown): HarView | HarProblem {
  const parsed = v.safeParse(EntrySchema, entry);
  if (!parsed.success) return { problem: `${placeOf(parsed.issues[0])} is missing or has the wrong type.` };
  const har = parsed.output;
  const startedEpochMs = Date.parse(har.startedDateTime);
  if (!(startedEpochMs >= EARLIEST_EPOCH_MS && startedEpochMs <= LATEST_EPOCH_MS)) {
    return { problem: 'startedDateTime is not a date.' };
  }
  const url = withoutFragment(har.request.url);
  if (url === null) return { problem: 'request.url is not an absolute address.' };

  const problems: string[] = [];
  const requestHeaders = readHeaders(har.request.headers, 'request', problems);
  const responseHeaders = readHeaders(har.response.headers, 'response', problems);
  const eventSourceMessages = readEvents(har, startedEpochMs, problems);
  const webSocketMessages = readFrames(har, startedEpochMs, problems);
  const kind = kindOf(har, url, requestHeaders);
  const failure = failureOf(har);
  if (kind === 'websocket' && failure) {
    // Playwright tells a failed WebSocket in words; Chrome as a message of type `error`.
    const epochMs = webSocketMessages.at(-1)?.epochMs ?? startedEpochMs;
    webSocketMessages.push({ epochMs, sent: false, opcode: -1, data: failure, isError: true });
  }
  const status = har.response.status >= 100 && har.response.status <= 999 ? har.response.status : 0;
  const phases = phasesOf(har);
  const netError = netErrorOf(har);
  const durationMs = duration(har.time) ?? sumOf(phases);
  const lastMessageMs = Math.max(
    ...[eventSourceMessages.at(-1), webSocketMessages.at(-1)].map((message) => message?.epochMs ?? 0),
  );
  const notedEndMs = startedEpochMs + durationMs;
  const view: HarView = {
    method: har.request.method || 'GET',
    url,
    kind,
    startedEpochMs,
    endedEpochMs: Math.max(notedEndMs, lastMessageMs),
    status,
    statusText: har.response.statusText,
    requestHeaders,
    responseHeaders,
    responseHeadersSize: har.response.headersSize > 0 ? har.response.headersSize : null,
    protocol: protocolName(har.response.httpVersion) ?? protocolName(har.request.httpVersion),
    remoteAddress: har.serverIPAddress.replace(/^\[|\]$/g, '') || null,
    connectionId: connectionIdOf(har, url),
    phases,
    netError,
    bodySize: har.response.bodySize,
    requestBody: har.request.postData?.text || null,
    contentText: har.response.content.text,
    contentIsBase64: har.response.content.encoding.toLowerCase() === 'base64',
    contentSize: har.response.content.size,
    eventSourceMessages,
    webSocketMessages,
    fromCache:
      typeof har._fromCache === 'string' || har._fromCache === true || / Cache$/.test(har._fetchType),
    fromServiceWorker: har.response._fetchedViaServiceWorker || har._fetchType === 'Service Worker',
  };
  if (failure) view.failure = failure;
  if (isOpen(view, har, notedEndMs, lastMessageMs)) view.isOpen = true;
  if (problems.length > 0) view.problems = problems;
  return view;
}

function placeOf(issue: v.BaseIssue<unknown>): string {
  return v.getDotPath(issue) ?? 'The entry';
}

function withoutFragment(address: string): string | null {
  if (
    address.length > MAX_URL_LENGTH ||
    !/^(?:https?|wss?|data|blob|[a-z-]+-extension|file|about):/i.test(address)
  ) {
    return null;
  }
  return address.split('#', 1)[0]!;
}

function readHeaders(items: readonly unknown[], side: string, problems: string[]): Header[] {
  const { fit, unfit } = fitting(HeaderSchema, items.slice(0, MAX_HEADERS));
  const lost = unfit + Math.max(0, items.length - MAX_HEADERS);
  if (lost > 0) problems.push(`${lost} ${side} headers could not be read.`);
  // `:authority` and its like are HTTP/2 framing, not headers.
  return fit
    .filter(({ name }) => !name.startsWith(':'))
    .flatMap(({ name, value }): Header[] => {
      if (name.toLowerCase() !== 'set-cookie') return [[name, value]];
      // Safari and HTTP Toolkit fold several into one line, older Chromes by line breaks.
      return value.split('\n').flatMap((line) => splitCookiesString(line).map((one): Header => [name, one]));
    });
}

function readEvents(har: Entry, startedEpochMs: number, problems: string[]): HarView['eventSourceMessages'] {
  const { fit, unfit } = fitting(EventSourceMessageSchema, har._eventSourceMessages);
  if (unfit > 0) problems.push(`${unfit} event stream messages could not be read.`);
  const { text, encoding } = har.response.content;
  const isWithoutData = fit.length > 0 && fit.every(({ data }) => data === null);
  const names = fit.map(({ eventName }) => eventName || 'message');
  const known = isWithoutData && text && !encoding ? eventDataFromBody(names, text) : [];
  return fit.map(({ time, eventId, data }, index): HarEvent => {
    const found = data ?? known[index] ?? null;
    return {
      epochMs: messageEpochMs(time, startedEpochMs),
      name: names[index]!,
      id: eventId,
      data: found ?? '',
      ...(found === null && isWithoutData && { isWithoutData }),
    };
  });
}

function readFrames(har: Entry, startedEpochMs: number, problems: string[]): HarView['webSocketMessages'] {
  const { fit, unfit } = fitting(WebSocketMessageSchema, har._webSocketMessages);
  if (unfit > 0) problems.push(`${unfit} WebSocket messages could not be read.`);
  return fit.map(({ type, time, opcode, data }) => ({
    epochMs: messageEpochMs(time, startedEpochMs),
    sent: type === 'send' || type === 'sent' || type === 'request',
    opcode,
    data,
    isError: type === 'error',
  }));
}

/** Chrome writes seconds, Playwright milliseconds. What cannot be gets the request's start, which says "unknown". */
function messageEpochMs(time: number, startedEpochMs: number): number {
  const epochMs = time < 1e11 ? time * 1000 : time;
  return epochMs >= startedEpochMs && epochMs <= startedEpochMs + MAX_DURATION_MS ? epochMs : startedEpochMs;
}

const RESOURCE_KINDS: Record<string, HarView['kind']> = {
  fetch: 'fetch',
  xhr: 'xhr',
  xmlhttprequest: 'xhr',
  eventsource: 'eventsource',
  websocket: 'websocket',
  document: 'document',
};

const ASSET = /^(?:image|font|audio|video)\/|(?:java|ecma)script|\/css|wasm|^application\/(?:x-)?font/i;

function kindOf(har: Entry, url: string, headers: readonly Header[]): HarView['kind'] {
  if (/^wss?:/i.test(url) || har._webSocketMessages.length > 0) return 'websocket';
  const header = (wanted: string) => headerValue(headers, wanted)?.trim().toLowerCase() ?? '';
  if (header('upgrade') === 'websocket') return 'websocket';
  const known = RESOURCE_KINDS[har._resourceType.toLowerCase()];
  if (known) return known;
  const isGet = har.request.method.toUpperCase() === 'GET';
  const asksForEvents = header('accept') === 'text/event-stream';
  const looksLikeEventSource = isGet && asksForEvents && header('cache-control') === 'no-cache';
  // Chrome forgets what was redirected once: the answer at the end of the way is the EventSource's.
  const isFinal = har.response.status < 300 || har.response.status >= 400;
  if (har._resourceType === 'other' && looksLikeEventSource && isFinal) return 'eventsource';
  if (har._resourceType) return 'other';
  // Other writers do not say; the browser's own headers and the type of the answer do.
  const destination = header('sec-fetch-dest');
  if (['document', 'iframe', 'frame'].includes(destination)) return 'document';
  if (destination && destination !== 'empty') return 'other';
  if (header('x-requested-with') === 'xmlhttprequest') return 'xhr';
  if (looksLikeEventSource) return 'eventsource';
  const type = har.response.content.mimeType;
  if (ASSET.test(type)) return 'other';
  return isGet && /html/i.test(type) && destination === '' ? 'document' : 'fetch';
}

function phasesOf(har: Entry): Phases | null {
  if (!har.timings) return null;
  const { blocked, dns, connect, ssl, send, wait, receive } = har.timings;
  const phases: Phases = {
    blockedMs: duration(blocked),
    dnsMs: duration(dns),
    connectMs: duration(connect),
    sslMs: duration(ssl),
    sendMs: duration(send),
    waitMs: duration(wait),
    receiveMs: duration(receive),
  };
  // HAR says that `connect` includes `ssl`; Firefox and Playwright count them apart. The total tells which it is.
  if (phases.sslMs && har.time > 0) {
    const together = sumOf(phases);
    const apart = together + phases.sslMs;
    if (Math.abs(apart - har.time) < Math.abs(together - har.time)) {
      phases.connectMs = (phases.connectMs ?? 0) + phases.sslMs;
    }
  }
  return phases;
}

function duration(ms: number): number | null {
  return ms >= 0 && ms <= MAX_DURATION_MS ? ms : null;
}

function sumOf(phases: Phases | null): number {
  if (!phases) return 0;
  const { blockedMs, dnsMs, connectMs, sendMs, waitMs, receiveMs } = phases;
  return [blockedMs, dnsMs, connectMs, sendMs, waitMs, receiveMs].reduce<number>(
    (sum, ms) => sum + (ms ?? 0),
    0,
  );
}

function netErrorOf(har: Entry): string | null {
  const named = [har.response._error, har.response._failureText].find((one) => NET_ERROR.test(one));
  return named ?? null;
}

function failureOf(har: Entry): string | null {
  const text = har.response._failureText || har.response._error;
  return text && !NET_ERROR.test(text) ? text.slice(0, MAX_FAILURE_LENGTH) : null;
}

/** Chrome: `_connectionId` is the connection and `connection` its port; older ones: `connection` is the connection. */
function connectionIdOf(har: Entry, url: string): string | null {
  if (har._connectionId && har._connectionId !== '0') return har._connectionId;
  const isPort = har.connection === portOf(url) || har.connection === '0';
  return har.connection && !isPort ? har.connection : null;
}

function portOf(url: string): string {
  try {
    const { port, protocol } = new URL(url);
    return port || (protocol === 'https:' || protocol === 'wss:' ? '443' : '80');
  } catch {
    return '';
  }
}

/** Chrome exports streams that are still open: they have no receive time, or messages after their end. */
function isOpen(view: HarView, har: Entry, notedEndMs: number, lastMessageMs: number): boolean {
  if (view.netError || view.failure || view.webSocketMessages.some(({ isError }) => isError)) return false;
  if (lastMessageMs > notedEndMs + OPEN_SLACK_MS) return true;
  return view.kind === 'websocket' && view.status === 101 && har.timings?.receive === 0;
}
