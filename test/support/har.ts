/** HAR as Chrome writes it, short to write in a test. Times of messages are Unix epoch seconds, as in the files. */
export const HAR_START = '2026-03-01T10:00:00.000Z';
export const HAR_START_MS = Date.parse(HAR_START);

export interface EntryOptions {
  url?: string;
  method?: string;
  type?: string;
  status?: number;
  contentType?: string;
  /** wait and receive, ms. */
  wait?: number;
  receive?: number;
  startMs?: number;
  text?: string;
  size?: number;
  requestHeaders?: Record<string, string>;
  responseHeaders?: Record<string, string>;
  /** Milliseconds after the request's start, and data. */
  events?: [afterMs: number, data: string, name?: string, id?: string][];
  frames?: [afterMs: number, type: 'send' | 'receive' | 'error', data: string, opcode?: number][];
  error?: string;
  more?: Record<string, unknown>;
}

const pairs = (headers: Record<string, string>) =>
  Object.entries(headers).map(([name, value]) => ({ name, value }));

export function harEntry(options: EntryOptions = {}): Record<string, unknown> {
  const { wait = 100, receive = 50, startMs = 0, status = 200 } = options;
  const seconds = (afterMs: number) => (HAR_START_MS + startMs + afterMs) / 1000;
  return {
    _initiator: { type: 'script' },
    _priority: 'High',
    _resourceType: options.type ?? 'fetch',
    _connectionId: '41',
    cache: {},
    connection: '443',
    pageref: 'page_1',
    request: {
      method: options.method ?? 'GET',
      url: options.url ?? 'https://app.example/chat',
      httpVersion: 'http/2.0',
      headers: pairs({ ':authority': 'app.example', accept: '*/*', ...options.requestHeaders }),
      queryString: [],
      cookies: [],
      headersSize: -1,
      bodySize: 0,
    },
    response: {
      status,
      statusText: '',
      httpVersion: 'http/2.0',
      headers: pairs({
        'content-type': options.contentType ?? 'text/event-stream',
        ...options.responseHeaders,
      }),
      cookies: [],
      content: {
        size: options.size ?? options.text?.length ?? 0,
        mimeType: options.contentType ?? 'text/event-stream',
        ...(options.text === undefined ? {} : { text: options.text }),
      },
      redirectURL: '',
      headersSize: -1,
      bodySize: -1,
      _transferSize: 500,
      _error: options.error ?? null,
    },
    serverIPAddress: '203.0.113.7',
    startedDateTime: new Date(HAR_START_MS + startMs).toISOString(),
    time: wait + receive + 3,
    timings: { blocked: 1, dns: -1, ssl: -1, connect: -1, send: 2, wait, receive, _blocked_queueing: 0.5 },
    ...(options.events && {
      _eventSourceMessages: options.events.map(([afterMs, data, name = 'message', id = '']) => ({
        time: seconds(afterMs),
        eventName: name,
        eventId: id,
        data,
      })),
    }),
    ...(options.frames && {
      _webSocketMessages: options.frames.map(([afterMs, type, data, opcode = 1]) => ({
        type,
        time: seconds(afterMs),
        opcode,
        data,
      })),
    }),
    ...options.more,
  };
}

export function harFile(entries: unknown[], log: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    log: {
      version: '1.2',
      creator: { name: 'WebInspector', version: '537.36' },
      pages: [
        {
          startedDateTime: HAR_START,
          id: 'page_1',
          title: 'https://app.example/',
          pageTimings: { onLoad: 5 },
        },
      ],
      entries,
      ...log,
    },
  };
}
