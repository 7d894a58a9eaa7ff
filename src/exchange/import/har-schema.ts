import * as v from 'valibot';
import type { SourceGap } from '../../trace/types';

/**
 * The parts of a HAR 1.2 entry that are used here, and the `_` members of Chrome, Edge, Playwright and mitmproxy.
 * Lenient member by member: writers differ, and one odd member must not cost the whole entry. Only what an entry
 * cannot do without (start, address) makes it unreadable.
 */

const text = v.fallback(v.string(), '');
const number = v.fallback(v.pipe(v.number(), v.finite()), -1);
const flag = v.fallback(v.boolean(), false);
const list = v.fallback(v.array(v.unknown()), []);

const maybeText = v.fallback(v.nullable(v.string()), null);

const content = v.object({ size: number, mimeType: text, text: maybeText, encoding: text });
const response = v.object({
  status: number,
  statusText: text,
  httpVersion: text,
  headers: list,
  headersSize: number,
  bodySize: number,
  content: v.fallback(content, { size: -1, mimeType: '', text: null, encoding: '' }),
  /** Chrome: `net::ERR_…`. Safari and mitmproxy: words. */
  _error: text,
  /** Playwright: `net::ERR_…`, Firefox's `NS_ERROR_…` or WebKit's words. */
  _failureText: text,
  _fetchedViaServiceWorker: flag,
});

export const TimingsSchema = v.object({
  blocked: number,
  dns: number,
  connect: number,
  ssl: number,
  send: number,
  wait: number,
  receive: number,
});

export const EntrySchema = v.object({
  startedDateTime: v.string(),
  time: number,
  request: v.object({
    method: text,
    url: v.string(),
    httpVersion: text,
    headers: list,
    postData: v.fallback(v.nullable(v.object({ text })), null),
  }),
  // An aborted request may have no response at all.
  response: v.fallback(response, () => v.parse(response, {})),
  timings: v.fallback(v.nullable(TimingsSchema), null),
  serverIPAddress: text,
  connection: v.fallback(v.union([v.string(), v.pipe(v.number(), v.transform(String))]), ''),
  _connectionId: v.fallback(v.union([v.string(), v.pipe(v.number(), v.transform(String))]), ''),
  _resourceType: text,
  /** Safari: "Network Load", "Memory Cache", "Disk Cache", "Service Worker". */
  _fetchType: text,
  _fromCache: v.fallback(v.nullable(v.unknown()), null),
  _eventSourceMessages: list,
  _webSocketMessages: list,
});
export type Entry = v.InferOutput<typeof EntrySchema>;

export const HeaderSchema = v.object({ name: v.string(), value: text });
export const EventSourceMessageSchema = v.object({
  time: number,
  eventName: text,
  eventId: text,
  /** Left out by Chrome's sanitized export. */
  data: maybeText,
});
export const WebSocketMessageSchema = v.object({ type: text, time: number, opcode: number, data: text });

const SOURCE_GAPS: readonly SourceGap[] = [
  'chunk-times',
  'cookies',
  'secret-headers',
  'bodies',
  'network-errors',
  'request-options',
  'frames',
];

export const LogSchema = v.object({
  log: v.object({
    creator: v.fallback(v.object({ name: text, version: text, comment: text }), {
      name: '',
      version: '',
      comment: '',
    }),
    browser: v.fallback(v.nullable(v.object({ name: text, version: text })), null),
    pages: list,
    comment: text,
    /** Streamgauge: what the recording itself was missing. */
    _missing: v.fallback(
      v.nullable(v.pipe(v.array(v.picklist(SOURCE_GAPS)), v.maxLength(SOURCE_GAPS.length))),
      null,
    ),
    entries: v.array(v.unknown()),
  }),
});

/** The members of `items` that fit, and how many did not. */
export function fitting<T extends v.GenericSchema>(
  schema: T,
  items: readonly unknown[],
): { fit: v.InferOutput<T>[]; unfit: number } {
  const fit: v.InferOutput<T>[] = [];
  for (const item of items) {
    const result = v.safeParse(schema, item);
    if (result.success) fit.push(result.output);
  }
  return { fit, unfit: items.length - fit.length };
}
