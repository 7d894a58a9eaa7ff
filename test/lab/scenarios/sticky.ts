import { openStream, writeTokens } from '../origin/events.ts';
import { Jobs, jobServer } from '../origin/jobs.ts';
import type { Step } from '../scenario.ts';
import { type Spec, type StepContext, scenario } from './spec.ts';

const GROUP = 'Sticky sessions and credentials';

/** Makes a job and looks at it a few times. */
const jobSteps =
  (credentials?: RequestCredentials) =>
  ({ url, vary }: StepContext): Step[] => [
    {
      do: 'job',
      create: { url: url('jobs'), method: 'POST', body: { prompt: 'a long report' } },
      pollUrl: url('jobs/{id}'),
      everyMs: 300,
      polls: vary.count(6),
      ...(credentials ? { credentials } : {}),
    },
  ];

const twoBackends = () => [jobServer(), jobServer()];

/** Two servers and a cookie that HAProxy sets to find the same one again. */
const stickyHaproxy =
  (attributes = ''): NonNullable<Spec['haproxy']> =>
  ({ backends }) =>
    `
    balance roundrobin
    cookie SERVERID insert indirect nocache ${attributes}
    ${backends.map((address, index) => `server app${index} ${address} cookie app${index}`).join('\n')}`;

export const STICKY: Spec[] = [
  scenario({
    id: 'round-robin-jobs',
    title: 'Two servers, no affinity',
    group: GROUP,
    description:
      'nginx sends every request to the next of two servers. The job lives in the memory of one, so every other look at it is a 404.',
    expect: [{ id: 'missing-affinity', severity: 'error' }],
    allow: ['lost-job'],
    seconds: 3,
    site: 'nginx',
    ownPage: true,
    steps: jobSteps(),
    backends: twoBackends,
    nginxUpstream: ({ backends }) =>
      `upstream round-robin-jobs { ${backends.map((address) => `server ${address};`).join(' ')} }`,
    nginx: () => 'proxy_pass http://round-robin-jobs;',
  }),
  scenario({
    id: 'affinity-same-origin',
    title: 'Affinity cookie, same origin',
    group: GROUP,
    description: 'HAProxy sets a cookie, the page is of the same origin: every look finds the right server.',
    expect: [],
    seconds: 3,
    site: 'haproxy',
    ownPage: true,
    steps: jobSteps(),
    backends: twoBackends,
    haproxy: stickyHaproxy(),
  }),
  scenario({
    id: 'affinity-same-site',
    title: 'Affinity cookie, same site, credentials included',
    group: GROUP,
    description:
      'The page is on app.example.org, the API on api.example.org, over TLS; the page asks for credentials.',
    expect: [],
    seconds: 3,
    site: 'haproxy-tls',
    host: 'api.example.org',
    pageAt: { host: 'app.example.org' },
    ownPage: true,
    steps: jobSteps('include'),
    backends: twoBackends,
    haproxy: stickyHaproxy(),
  }),
  scenario({
    id: 'omitted-credentials',
    title: 'Affinity cookie, credentials forgotten',
    group: GROUP,
    description:
      'The same two hosts, but fetch is called without credentials: across origins the cookie is neither kept nor sent.',
    expect: [{ id: 'omitted-credentials', severity: 'error' }],
    allow: ['lost-job'],
    seconds: 3,
    site: 'haproxy-tls',
    host: 'api.example.org',
    pageAt: { host: 'app.example.org' },
    ownPage: true,
    steps: jobSteps(),
    backends: twoBackends,
    haproxy: stickyHaproxy(),
  }),
  scenario({
    id: 'lax-cookie',
    title: 'Affinity cookie without SameSite, another site',
    group: GROUP,
    description:
      'The page on www.example.com asks for credentials, but the cookie of api.example.org says nothing about SameSite, so the browser treats it as Lax and keeps it home.',
    expect: [{ id: 'unreturned-cookie', severity: 'error' }],
    allow: ['lost-job'],
    seconds: 3,
    site: 'haproxy-tls',
    host: 'api.example.org',
    pageAt: { host: 'www.example.com' },
    ownPage: true,
    steps: jobSteps('include'),
    backends: twoBackends,
    haproxy: stickyHaproxy(),
  }),
  scenario({
    id: 'insecure-cookie',
    title: 'Affinity cookie with SameSite=None, not Secure',
    group: GROUP,
    description:
      'SameSite=None without Secure is refused by the browser, and over plain HTTP nothing would help.',
    expect: [{ id: 'unreturned-cookie', severity: 'error' }],
    allow: ['lost-job'],
    seconds: 3,
    site: 'haproxy',
    host: 'api.example.org',
    pageAt: { host: 'www.example.com' },
    ownPage: true,
    steps: jobSteps('include'),
    backends: twoBackends,
    haproxy: stickyHaproxy('attr "SameSite=None"'),
  }),
  scenario({
    id: 'wildcard-credentials',
    title: 'CORS * with credentials',
    group: GROUP,
    description:
      'The page asks for credentials, the API allows every origin by *: the browser refuses the answer.',
    expect: [{ id: 'cors-credentials', severity: 'error' }],
    seconds: 2,
    site: 'embedded',
    host: 'api.example.org',
    pageAt: { host: 'app.example.org' },
    ownPage: true,
    ownCors: true,
    steps: ({ url }) => [{ do: 'fetch', url: url('chat'), credentials: 'include', read: 'reader' }],
    handle: async (exchange) => {
      exchange.response.setHeader('access-control-allow-origin', '*');
      exchange.response.setHeader('access-control-allow-credentials', 'true');
      openStream(exchange.response);
      if (await writeTokens(exchange, { count: 12, gapMs: 75 })) exchange.response.end();
    },
  }),
  scenario({
    id: 'expired-job',
    title: 'A job that is done and gone',
    group: GROUP,
    description: 'The job finishes and is forgotten; looking once more gives a 404. Nothing was lost.',
    expect: [],
    seconds: 3,
    site: 'embedded',
    steps: jobSteps(),
    handle: (() => {
      const jobs = new Jobs();
      return ({ request, response }) => jobs.answer(request, response, { forgetsWhenDone: true });
    })(),
  }),
];
