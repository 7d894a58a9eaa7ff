import { describe, it } from 'vitest';
import { check } from './check';
import { HOSTS, harEntry, JSON_TYPE, SIGNED } from './entries';

type Entry = Record<string, unknown>;
type Options = Parameters<typeof harEntry>[0];

const PAGE = 'https://app.gauge.example';
const EXPIRES = 'Expires=Sun, 08 Mar 2026 10:00:00 GMT; Path=/';

/** A call of the page to its API, on another origin. */
function api(
  path: string,
  startMs: number,
  options: Options & { cookie?: string; cookies?: string[]; allow?: string; credentials?: boolean },
): Entry {
  const { cookie, cookies = [], allow = PAGE, credentials = true, ...rest } = options;
  const entry = harEntry({
    url: `${HOSTS.own}${path}`,
    startMs,
    wait: 40,
    receive: 1,
    contentType: JSON_TYPE,
    text: '{"ok":true}',
    ...rest,
    requestHeaders: {
      origin: PAGE,
      referer: `${PAGE}/`,
      ...(cookie ? { cookie } : {}),
      ...rest.requestHeaders,
    },
    responseHeaders: {
      'access-control-allow-origin': allow,
      ...(credentials ? { 'access-control-allow-credentials': 'true' } : {}),
      ...rest.responseHeaders,
    },
  });
  const response = entry.response as { headers: { name: string; value: string }[] };
  for (const value of cookies) response.headers.push({ name: 'set-cookie', value });
  return entry;
}

/** The pair that an ALB sets anew with every answer. */
const albPair = (turn: number) => [
  `AWSALB=${'abcdef'[turn % 6]}xYz${turn}; ${EXPIRES}`,
  `AWSALBCORS=${'abcdef'[turn % 6]}xYz${turn}; ${EXPIRES}; SameSite=None; Secure`,
];
const albSent = (turn: number) =>
  `AWSALB=${'abcdef'[turn % 6]}xYz${turn}; AWSALBCORS=${'abcdef'[turn % 6]}xYz${turn}`;
const created = { method: 'POST', status: 202, text: '{"job_id":"j-4711","status":"queued"}' };
const running = { text: '{"job_id":"j-4711","status":"running"}' };
const unknown = { status: 404, text: '{"detail":"Job not found"}' };

describe('jobs behind a load balancer', () => {
  it.each<[string, Entry[]]>([
    [
      'an ALB pair that changes with each answer and always comes back',
      [0, 1, 2, 3, 4].map((turn) =>
        api(turn === 0 ? '/jobs' : '/jobs/j-4711', turn * 1000, {
          ...(turn === 0 ? created : running),
          cookies: albPair(turn),
          ...(turn > 0 ? { cookie: albSent(turn - 1) } : {}),
        }),
      ),
    ],
    [
      'a cross-site page that sends AWSALBCORS alone',
      [0, 1, 2, 3].map((turn) =>
        api(turn === 0 ? '/jobs' : '/jobs/j-4711', turn * 1000, {
          ...(turn === 0 ? created : running),
          cookies: albPair(turn),
          ...(turn > 0 ? { cookie: `AWSALBCORS=x${turn}` } : {}),
        }),
      ),
    ],
    [
      'an affinity cookie that nobody needs: the calls carry no state and no credentials are asked for',
      [0, 1, 2].map((turn) => api(`/items?page=${turn}`, turn * 500, { allow: '*', credentials: false })),
    ],
    [
      'a job that is done and then forgotten',
      [
        api('/jobs', 0, created),
        api('/jobs/j-4711', 1000, running),
        api('/jobs/j-4711', 2000, { text: '{"job_id":"j-4711","status":"completed"}' }),
        api('/jobs/j-4711', 9000, unknown),
      ],
    ],
    [
      'a job whose result is asked for until it is there',
      [
        api('/jobs', 0, created),
        ...[1, 2, 3].flatMap((turn) => [
          api('/jobs/j-4711', turn * 1000, running),
          api('/jobs/j-4711/result', turn * 1000 + 60, { status: 404, text: '{"detail":"Not Found"}' }),
        ]),
        api('/jobs/j-4711/result', 5000, { text: '{"rows":3}' }),
      ],
    ],
    [
      'a job that the page cancels',
      [
        api('/jobs', 0, created),
        api('/jobs/j-4711', 1000, running),
        api('/jobs/j-4711', 1500, { method: 'DELETE', status: 204, text: '' }),
        api('/jobs/j-4711', 2000, unknown),
      ],
    ],
    [
      'an operation that ends in a redirect to what it made',
      [
        api('/exports', 0, {
          method: 'POST',
          status: 202,
          text: '',
          responseHeaders: { location: '/exports/77aa88' },
        }),
        api('/exports/77aa88', 1000, { text: '{"state":"active"}' }),
        api('/exports/77aa88', 2000, { status: 303, text: '', responseHeaders: { location: '/files/1' } }),
        api('/files/1', 2100, {}),
        api('/exports/77aa88', 9000, unknown),
      ],
    ],
    [
      'a counter of another site that pins whom it counts',
      [0, 1, 2].map((turn) =>
        api('/collect', turn * 900, { allow: '*', credentials: false, cookies: albPair(turn) }),
      ),
    ],
    [
      'a record that is made, deleted and gone',
      [
        api('/notes', 0, { method: 'POST', status: 201, text: '{"id":"n-1"}' }),
        api('/notes/n-1', 500, { text: '{"id":"n-1"}' }),
        api('/notes/n-1', 900, { method: 'DELETE', status: 204, text: '' }),
        api('/notes/n-1', 1200, unknown),
      ],
    ],
    [
      'records of which some are not there',
      [1, 2, 3, 4, 5].map((id) =>
        api(`/users/${id}/avatar`, id * 100, id % 2 ? { text: '{"url":"a.png"}' } : unknown),
      ),
    ],
  ])('healthy: %s', (_, entries) => check(entries, []));

  it('is lost when the task never existed for any answer', () =>
    check(
      [api('/jobs', 0, created), ...[1, 2, 3].map((turn) => api('/jobs/j-4711', turn * 1000, unknown))],
      [['lost-job']],
    ));

  it('misses affinity when answers alternate and no cookie was ever set', () =>
    check(
      [
        api('/session', 0, { cookie: 'theme=dark' }),
        api('/jobs', 100, { ...created, cookie: 'theme=dark' }),
        ...[1, 2, 3, 4, 5, 6].map((turn) =>
          api('/jobs/j-4711', turn * 1000, { ...(turn % 2 ? unknown : running), cookie: 'theme=dark' }),
        ),
      ],
      [['missing-affinity']],
    ));
});

describe('Socket.IO', () => {
  const url = (query: string) => `${HOSTS.own}/socket.io/?EIO=4&transport=${query}`;
  const open = (sid: string) =>
    `0{"sid":"${sid}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`;
  const poll = (query: string, startMs: number, text: string, options: Options = {}): Entry =>
    harEntry({
      url: url(`polling${query}`),
      type: 'xhr',
      startMs,
      wait: 30,
      receive: 1,
      contentType: 'text/plain; charset=UTF-8',
      text,
      requestHeaders: { accept: '*/*' },
      ...options,
    });
  const socket = (startMs: number, frames: NonNullable<Options>['frames'], options: Options = {}): Entry =>
    harEntry({
      url: url('websocket&sid=A1').replace('https', 'wss'),
      type: 'websocket',
      startMs,
      status: 101,
      wait: 20,
      receive: 60_000,
      contentType: 'x-unknown',
      ...(frames ? { frames } : {}),
      ...options,
    });
  const upgraded: Entry[] = [
    poll('', 0, open('A1')),
    poll('&sid=A1', 60, 'ok', { method: 'POST' }),
    poll('&sid=A1', 100, '40{"sid":"B2"}'),
    poll('&sid=A1', 140, '6'),
    socket(110, [
      [20, 'send', '2probe'],
      [45, 'receive', '3probe'],
      [46, 'send', '5'],
      [300, 'receive', '42["news",{"n":1}]'],
      [25_040, 'receive', '2'],
      [25_041, 'send', '3'],
      [50_060, 'receive', '2'],
      [50_061, 'send', '3'],
    ]),
  ];

  it('healthy: a session that upgrades and is pinged', () => check(upgraded, []));
  it('healthy: a session that begins with WebSocket, and works', () =>
    check(
      [
        socket(
          0,
          [
            [30, 'receive', open('A1')],
            [31, 'send', '40'],
            [60, 'receive', '40{"sid":"B2"}'],
            [25_060, 'receive', '2'],
            [25_061, 'send', '3'],
          ],
          { url: url('websocket').replace('https', 'wss') },
        ),
      ],
      [],
    ));
  it('behind App Runner: refused, and polling goes on', () =>
    check(
      [
        poll('', 0, open('A1'), {
          url: `${HOSTS.appRunner}/socket.io/?EIO=4&transport=polling`,
          responseHeaders: SIGNED.appRunner,
        }),
        ...[1, 2, 3, 4, 5].map((turn) =>
          poll('&sid=A1', turn * 3000, turn === 1 ? '40{"sid":"B2"}' : `42["news",{"n":${turn}}]`, {
            url: `${HOSTS.appRunner}/socket.io/?EIO=4&transport=polling&sid=A1`,
            wait: 2900,
            responseHeaders: SIGNED.appRunner,
          }),
        ),
        socket(200, [[30, 'error', '', -1]], {
          url: `${HOSTS.appRunner.replace('https', 'wss')}/socket.io/?EIO=4&transport=websocket&sid=A1`,
          status: 0,
          receive: 2,
        }),
      ],
      [['refused-upgrade', 'app-runner'], ['stuck-polling']],
    ));
  it('healthy: a server that restarts once', () =>
    check(
      [
        ...upgraded,
        poll('&sid=A1', 70_000, '{"code":1,"message":"Session ID unknown"}', {
          status: 400,
          contentType: JSON_TYPE,
        }),
        poll('', 71_000, open('C3')),
        poll('&sid=C3', 71_100, '40{"sid":"D4"}'),
      ].slice(0, 5),
      [],
    ));
});

describe('ordinary pages', () => {
  it.each<[string, Entry[]]>([
    [
      'analytics that a blocker refused',
      [
        harEntry({
          url: 'https://stats.example/collect',
          status: 0,
          error: 'net::ERR_BLOCKED_BY_CLIENT',
          contentType: '',
          text: '',
        }),
      ],
    ],
    [
      'calls that navigation cut off',
      [
        harEntry({
          url: `${HOSTS.own}/late`,
          status: 0,
          error: 'net::ERR_ABORTED',
          contentType: '',
          text: '',
        }),
      ],
    ],
    [
      'a CORS refusal of a 2xx without credentials',
      [api('/open', 0, { error: 'net::ERR_FAILED', allow: 'https://other.example', credentials: false })],
    ],
    ['a public API with * and no credentials', [api('/open', 0, { allow: '*', credentials: false })]],
    [
      'preflights',
      [
        harEntry({
          url: `${HOSTS.own}/items`,
          method: 'OPTIONS',
          type: 'preflight',
          status: 204,
          contentType: '',
          text: '',
          requestHeaders: { origin: PAGE, 'access-control-request-method': 'PUT' },
        }),
      ],
    ],
    [
      'gRPC-Web',
      [
        harEntry({
          url: `${HOSTS.own}/gauge.Levels/Watch`,
          method: 'POST',
          wait: 3000,
          receive: 9000,
          contentType: 'application/grpc-web+proto',
          size: 4000,
        }),
      ],
    ],
    [
      'a poll that answers 304',
      [0, 1, 2].map((turn) =>
        harEntry({ url: `${HOSTS.own}/state`, startMs: turn * 5000, status: 304, contentType: '', text: '' }),
      ),
    ],
    [
      'an event source told to stop by 204',
      [
        harEntry({
          url: `${HOSTS.own}/progress`,
          type: 'eventsource',
          status: 204,
          contentType: '',
          text: '',
          requestHeaders: { accept: 'text/event-stream', 'cache-control': 'no-cache' },
        }),
      ],
    ],
    [
      'offline',
      [
        harEntry({
          url: `${HOSTS.own}/items`,
          status: 0,
          error: 'net::ERR_INTERNET_DISCONNECTED',
          contentType: '',
          text: '',
        }),
      ],
    ],
    [
      'JSON that mentions data:',
      [
        harEntry({
          url: `${HOSTS.own}/doc`,
          contentType: JSON_TYPE,
          text: '{"text":"event: a\\ndata: 1\\n\\ndata: 2\\n\\n"}',
        }),
      ],
    ],
    [
      'a service that answers a stream request with an error, at once',
      [
        harEntry({
          url: `${HOSTS.own}/chat`,
          method: 'POST',
          status: 400,
          wait: 30,
          contentType: JSON_TYPE,
          text: '{"error":"bad"}',
          requestHeaders: { accept: 'text/event-stream' },
        }),
      ],
    ],
    [
      'a service that answers a stream request with 429',
      [
        harEntry({
          url: `${HOSTS.own}/chat`,
          method: 'POST',
          status: 429,
          wait: 30,
          contentType: JSON_TYPE,
          text: '{"error":"slow down"}',
          requestHeaders: { accept: 'text/event-stream' },
        }),
      ],
    ],
    [
      'a client that accepts both and gets JSON',
      [
        harEntry({
          url: `${HOSTS.own}/mcp`,
          method: 'POST',
          wait: 400,
          contentType: JSON_TYPE,
          text: '{"jsonrpc":"2.0","id":1,"result":{}}',
          requestHeaders: { accept: 'application/json, text/event-stream' },
        }),
      ],
    ],
    [
      'a WebSocket closed by the page before it was open',
      [
        harEntry({
          url: 'wss://api.gauge.example/live',
          type: 'websocket',
          status: 0,
          contentType: 'x-unknown',
          frames: [[700, 'error', 'WebSocket is closed before the connection is established.', -1]],
        }),
      ],
    ],
  ])('%s', (_, entries) => check(entries, []));
});
