import type { SourceGap } from '../../trace/types';
import type { HarView } from '../../trace/views';

/** What a HAR's writer tells when there is something to tell. */
interface HarWriter {
  /** Arrival times of events. */
  eventTimes: boolean;
  /** Why a request failed: without it an end that looks clean may be a cut, or the page's own abort. */
  errors: boolean;
  /** WebSocket frames. */
  frames: boolean;
  /** All headers, cookies too, without being told to. */
  cookies: boolean;
}

/** By `creator.name`, as the tools write it. Who is not here is believed only what the file shows. */
const WRITERS: readonly [RegExp, HarWriter][] = [
  // Chrome, Edge and other Chromiums. They leave cookies out ("sanitized") unless told otherwise, and do not say so.
  [/^WebInspector$/, { eventTimes: true, errors: true, frames: true, cookies: false }],
  [/^Playwright$/, { eventTimes: false, errors: true, frames: true, cookies: true }],
  [/^WebKit Web Inspector$/, { eventTimes: false, errors: true, frames: false, cookies: true }],
  [
    /^(?:Firefox|mitmproxy\b.*|HTTP Toolkit|Charles Proxy)$/,
    { eventTimes: false, errors: false, frames: false, cookies: true },
  ],
];

const UNKNOWN_WRITER: HarWriter = { eventTimes: false, errors: false, frames: false, cookies: false };

const COOKIE_HEADERS = ['cookie', 'set-cookie'];
const SECRET_HEADERS = ['authorization', 'proxy-authorization'];

/** What this writer never tells, or left out of this file. `declared`: the gaps, where the file itself names them. */
export function missingOf(
  creator: string,
  views: readonly HarView[],
  declared: readonly SourceGap[] | null,
): SourceGap[] {
  if (declared) return [...new Set<SourceGap>(declared).add('request-options')];
  const writer = WRITERS.find(([name]) => name.test(creator))?.[1] ?? UNKNOWN_WRITER;
  const missing = new Set<SourceGap>(['request-options']);
  const hasHeader = (names: readonly string[]) =>
    views.some(({ requestHeaders, responseHeaders }) =>
      [...requestHeaders, ...responseHeaders].some(([name]) => names.includes(name.toLowerCase())),
    );
  // Without a single cookie it may be a sanitized export, or a page that uses none.
  if (!hasHeader(COOKIE_HEADERS) && !writer.cookies && !views.every(hasAllLines)) missing.add('cookies');
  if (!hasHeader(SECRET_HEADERS)) missing.add('secret-headers');
  const hasEventTimes = views.some(({ eventSourceMessages }) => eventSourceMessages.length > 0);
  if (!writer.eventTimes && !hasEventTimes) missing.add('chunk-times');
  const withContent = views.filter(({ contentSize, kind }) => contentSize > 0 && kind !== 'other');
  if (withContent.length > 0 && withContent.every(({ contentText }) => contentText === null)) {
    missing.add('bodies');
  }
  if (!writer.errors && !views.some(({ netError, failure }) => netError || failure)) {
    missing.add('network-errors');
  }
  const sockets = views.filter(({ kind }) => kind === 'websocket');
  const hasFrames = sockets.some(({ webSocketMessages }) => webSocketMessages.length > 0);
  if (!writer.frames && sockets.length > 0 && !hasFrames) missing.add('frames');
  return [...missing];
}

/**
 * Whether the response's header lines add up to the size that was noted. HTTP/1.x only, where lines are what is sent:
 * status line, `name: value` and CR LF for each, one empty line (RFC 9112, 2.1).
 */
function hasAllLines(view: HarView): boolean {
  const { responseHeaders, responseHeadersSize, protocol, status, statusText } = view;
  if (status === 0) return true;
  if (responseHeadersSize == null || protocol !== 'http/1.1') return false;
  const lines = [
    `HTTP/1.1 ${status} ${statusText}`,
    ...responseHeaders.map(([name, value]) => `${name}: ${value}`),
    '',
  ];
  return lines.reduce((size, line) => size + line.length + 2, 0) === responseHeadersSize;
}
