import { forward } from '../gateways/forward.ts';
import { forwardUpgrade, refuseUpgrade } from '../gateways/forward-upgrade.ts';
import { openStream, tokenStream, writeTokens } from '../origin/events.ts';
import type { Handler } from '../origin/exchange.ts';
import { sendJson } from '../origin/exchange.ts';
import { Jobs } from '../origin/jobs.ts';
import { socketServer, socketServer2 } from '../origin/socket-io.ts';
import type { Step } from '../scenario.ts';
import { type Spec, type StepContext, scenario } from './spec.ts';

const GROUP = 'Transport downgrades';

/** A Socket.IO page under the scenario's own path. */
const socketSteps =
  (id: string, rest: Partial<Extract<Step, { do: 'socket-io' }>> = {}) =>
  ({ base }: StepContext): Step[] => [
    {
      do: 'socket-io',
      url: base(),
      path: `/${id}/socket.io/`,
      messages: 8,
      everyMs: 350,
      atMostMs: 9000,
      ...rest,
    },
  ];

/** Passes ordinary requests to the scenario's backend, with what the gateway adds to every answer. */
const passOn =
  (headers: Record<string, string> = {}): Handler =>
  (exchange) => {
    for (const [name, value] of Object.entries(headers)) exchange.response.setHeader(name, value);
    forward(
      { ...exchange, originUrl: `http://${exchange.backends[0]}` },
      {
        take: (chunk) => void exchange.response.write(chunk),
        end: () => void exchange.response.end(),
      },
    );
  };

const APP_RUNNER = 'k3v9x2m7qa.us-east-1.awsapprunner.com';
const ENVOY = { server: 'envoy', 'x-envoy-upstream-service-time': '3' };

export const DOWNGRADES: Spec[] = [
  scenario({
    id: 'socket-io-upgrade',
    title: 'Socket.IO that upgrades',
    group: GROUP,
    description: 'Handshake over polling, probe, upgrade to WebSocket, as it should be.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    ownCors: true,
    steps: socketSteps('socket-io-upgrade'),
    backends: () => [socketServer('/socket-io-upgrade/socket.io/')],
    gateway: passOn(),
    gatewayUpgrade: forwardUpgrade(),
  }),
  scenario({
    id: 'socket-io-polling-only',
    title: 'Socket.IO behind App Runner',
    group: GROUP,
    description:
      'The gateway answers every WebSocket with 403. Socket.IO works on by polling, and the upgrade never comes.',
    expect: [
      { id: 'refused-upgrade', severity: 'error' },
      { id: 'stuck-polling', severity: 'warning' },
    ],
    seconds: 4,
    site: 'embedded',
    ownCors: true,
    host: APP_RUNNER,
    steps: socketSteps('socket-io-polling-only'),
    backends: () => [socketServer('/socket-io-polling-only/socket.io/')],
    gateway: passOn(ENVOY),
    gatewayUpgrade: refuseUpgrade('403 Forbidden', ENVOY),
  }),
  scenario({
    id: 'socket-io-2',
    title: 'Socket.IO 2 that upgrades',
    group: GROUP,
    description:
      'Client and server of version 2: lengths before packets, and the client is the one that pings.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    ownCors: true,
    steps: socketSteps('socket-io-2', { version: 2 }),
    backends: () => [socketServer2('/socket-io-2/socket.io/')],
    gateway: passOn(),
    gatewayUpgrade: forwardUpgrade(),
  }),
  scenario({
    id: 'socket-io-2-polling-only',
    title: 'Socket.IO 2 behind App Runner',
    group: GROUP,
    description: 'Version 2 behind the gateway that answers every WebSocket with 403: it stays with polling.',
    expect: [
      { id: 'refused-upgrade', severity: 'error' },
      { id: 'stuck-polling', severity: 'warning' },
    ],
    seconds: 4,
    site: 'embedded',
    ownCors: true,
    host: APP_RUNNER,
    steps: socketSteps('socket-io-2-polling-only', { version: 2 }),
    backends: () => [socketServer2('/socket-io-2-polling-only/socket.io/')],
    gateway: passOn(ENVOY),
    gatewayUpgrade: refuseUpgrade('403 Forbidden', ENVOY),
  }),
  scenario({
    id: 'socket-io-websocket-only',
    title: 'WebSocket only, behind App Runner',
    group: GROUP,
    description: 'The same gateway, and a client told to use nothing but WebSocket: it never connects.',
    expect: [
      { id: 'refused-upgrade', severity: 'error' },
      { id: 'websocket-first', severity: 'warning' },
    ],
    allow: ['reconnect-loop'],
    seconds: 10,
    site: 'embedded',
    ownCors: true,
    host: APP_RUNNER,
    steps: socketSteps('socket-io-websocket-only', { transports: ['websocket'] }),
    backends: () => [socketServer('/socket-io-websocket-only/socket.io/')],
    gateway: passOn(ENVOY),
    gatewayUpgrade: refuseUpgrade('403 Forbidden', ENVOY),
  }),
  scenario({
    id: 'nginx-without-upgrade',
    title: 'nginx without the Upgrade headers',
    group: GROUP,
    description:
      'nginx as installed drops Upgrade and Connection, so the server answers the WebSocket with 400.',
    expect: [
      { id: 'refused-upgrade', severity: 'error' },
      { id: 'stuck-polling', severity: 'warning' },
    ],
    seconds: 4,
    site: 'nginx',
    steps: socketSteps('nginx-without-upgrade'),
    backends: () => [socketServer('/nginx-without-upgrade/socket.io/')],
    nginx: ({ backends }) => `proxy_pass http://${backends[0]};`,
  }),
  scenario({
    id: 'socket-io-two-nodes',
    title: 'Socket.IO on two servers, no affinity',
    group: GROUP,
    description:
      'Each poll goes to the next server, and that one does not know the session: Session ID unknown.',
    expect: [{ id: 'missing-affinity', severity: 'error' }],
    allow: ['unknown-session', 'reconnect-loop', 'refused-upgrade', 'stuck-polling'],
    seconds: 10,
    site: 'nginx',
    // A host of its own: what is found of its servers is found once, and the job scenarios have two as well.
    host: 'nodes.example.org',
    ownPage: true,
    steps: socketSteps('socket-io-two-nodes'),
    backends: () => [
      socketServer('/socket-io-two-nodes/socket.io/'),
      socketServer('/socket-io-two-nodes/socket.io/'),
    ],
    nginxUpstream: ({ backends }) =>
      `upstream socket-io-two-nodes { ${backends.map((address) => `server ${address};`).join(' ')} }`,
    nginx: () => 'proxy_pass http://socket-io-two-nodes;',
  }),
  scenario({
    id: 'socket-io-affinity',
    title: 'Socket.IO on two servers, with affinity',
    group: GROUP,
    description: 'The same two servers behind HAProxy, whose cookie keeps each session on its server.',
    expect: [],
    seconds: 4,
    site: 'haproxy',
    // A host of its own: its cookie has the name that the job scenarios' cookie has.
    host: 'chat.example.org',
    ownPage: true,
    steps: socketSteps('socket-io-affinity'),
    backends: () => [
      socketServer('/socket-io-affinity/socket.io/'),
      socketServer('/socket-io-affinity/socket.io/'),
    ],
    haproxy: ({ backends }) => `
      balance roundrobin
      cookie SERVERID insert indirect nocache
      ${backends.map((address, index) => `server node${index} ${address} cookie node${index}`).join('\n')}`,
  }),
  scenario({
    id: 'socket-io-silence',
    title: 'Socket.IO over a dead path',
    group: GROUP,
    description:
      'Four seconds after the upgrade nothing gets through any more. No ping comes, and the client gives up.',
    expect: [{ id: 'ping-timeout', severity: 'error' }],
    seconds: 10,
    site: 'embedded',
    ownCors: true,
    steps: socketSteps('socket-io-silence', { messages: 100, everyMs: 500, atMostMs: 9500 }),
    backends: () => [
      socketServer('/socket-io-silence/socket.io/', { pingInterval: 1500, pingTimeout: 1500 }),
    ],
    gateway: passOn(),
    gatewayUpgrade: forwardUpgrade({ silentAfterMs: 4000 }),
  }),
  scenario({
    id: 'socket-io-no-pings',
    title: 'Socket.IO whose server stops pinging',
    group: GROUP,
    description:
      'The server answers every message and forgets its pings: after three seconds without one the client gives up.',
    expect: [{ id: 'ping-timeout', severity: 'error' }],
    seconds: 8,
    site: 'embedded',
    ownCors: true,
    steps: socketSteps('socket-io-no-pings', { messages: 100, everyMs: 500, atMostMs: 7500 }),
    backends: () => [
      socketServer(
        '/socket-io-no-pings/socket.io/',
        { pingInterval: 1500, pingTimeout: 1500 },
        { pingsForMs: 3500 },
      ),
    ],
    gateway: passOn(),
    gatewayUpgrade: forwardUpgrade(),
  }),
  scenario({
    id: 'socket-io-by-choice',
    title: 'Socket.IO that wants nothing but polling',
    group: GROUP,
    description: 'The page says transports: polling. The server would upgrade; nobody asks it to.',
    expect: [{ id: 'stuck-polling', severity: 'info' }],
    seconds: 4,
    site: 'embedded',
    ownCors: true,
    steps: socketSteps('socket-io-by-choice', { transports: ['polling'] }),
    backends: () => [socketServer('/socket-io-by-choice/socket.io/')],
    gateway: passOn(),
    gatewayUpgrade: forwardUpgrade(),
  }),
  scenario({
    id: 'socket-io-websocket',
    title: 'Socket.IO over WebSocket from the start',
    group: GROUP,
    description: 'The page says transports: websocket, and the way is free.',
    expect: [],
    seconds: 4,
    site: 'embedded',
    ownCors: true,
    steps: socketSteps('socket-io-websocket', { transports: ['websocket'] }),
    backends: () => [socketServer('/socket-io-websocket/socket.io/')],
    gateway: passOn(),
    gatewayUpgrade: forwardUpgrade(),
  }),
  scenario({
    id: 'socket-io-dismissed',
    title: 'Socket.IO sent away, and back',
    group: GROUP,
    description: 'One server sends the client away on purpose after some messages; the page connects again.',
    expect: [],
    seconds: 5,
    site: 'embedded',
    ownCors: true,
    steps: socketSteps('socket-io-dismissed', { messages: 10 }),
    backends: () => [socketServer('/socket-io-dismissed/socket.io/', {}, { dismissesAfter: 4 })],
    gateway: passOn(),
    gatewayUpgrade: forwardUpgrade(),
  }),
  scenario({
    id: 'refused-web-socket',
    title: 'WebSocket refused with 403',
    group: GROUP,
    description:
      'The page tries three times; each handshake is answered with 403, which the page cannot see.',
    expect: [{ id: 'refused-upgrade', severity: 'error' }],
    seconds: 3,
    site: 'embedded',
    steps: ({ url }) => [
      { do: 'web-socket', url: url('chat', { scheme: 'ws' }), say: ['hello'], everyMs: 700, attempts: 3 },
    ],
    upgrade: refuseUpgrade('403 Forbidden', { server: 'awselb/2.0' }),
  }),
  scenario({
    id: 'job-instead-of-stream',
    title: 'A job where a stream was asked for',
    group: GROUP,
    description: 'The page accepts an event stream and gets a job to poll.',
    expect: [{ id: 'downgraded-stream', severity: 'warning' }],
    seconds: 3,
    site: 'embedded',
    steps: ({ url }) => [
      {
        do: 'job',
        create: { url: url('chat'), method: 'POST', body: {}, accept: 'text/event-stream' },
        pollUrl: url('jobs/{id}'),
        everyMs: 500,
        polls: 10,
        untilDone: true,
      },
    ],
    handle: (() => {
      const jobs = new Jobs();
      return ({ request, response }) => jobs.answer(request, response);
    })(),
  }),
  scenario({
    id: 'six-connections',
    title: 'Six streams and a call behind them',
    group: GROUP,
    description:
      'Over HTTP/1.1 a browser opens six connections to a host. Six EventSources hold them all; the call after them waits for one to close.',
    expect: [{ id: 'connection-limit', severity: 'warning' }],
    seconds: 6,
    site: 'embedded',
    host: 'busy.example.org',
    ownPage: true,
    steps: ({ url }) => [
      {
        do: 'together',
        steps: [
          ...Array.from(
            { length: 6 },
            (_, index): Step => ({
              do: 'event-source',
              url: `${url('events')}?topic=${index}`,
              until: { afterMs: 4500 + index * 100 },
            }),
          ),
          // After the sources have their connections.
          {
            do: 'in-turn',
            steps: [
              { do: 'wait', ms: 1000 },
              { do: 'fetch', url: url('profile'), read: 'json' },
            ],
          },
        ],
      },
    ],
    handle: async (exchange) => {
      if (exchange.path === 'profile') return sendJson(exchange.response, 200, { name: 'River' });
      openStream(exchange.response);
      await writeTokens(exchange, { count: 200, gapMs: 200 });
    },
  }),
  scenario({
    id: 'six-streams-http2',
    title: 'Six streams over HTTP/2',
    group: GROUP,
    description: 'The same over HTTP/2: one connection carries them all, and the call does not wait.',
    expect: [],
    seconds: 5,
    site: 'embedded-h2',
    steps: ({ url }) => [
      {
        do: 'together',
        steps: [
          ...Array.from(
            { length: 6 },
            (_, index): Step => ({
              do: 'event-source',
              url: `${url('events')}?topic=${index}`,
              until: { count: 15 },
            }),
          ),
          { do: 'fetch', url: url('events'), read: 'reader', stopAfterEvents: 15 },
        ],
      },
    ],
    handle: tokenStream(() => ({ count: 200, gapMs: 200 })),
  }),
];
