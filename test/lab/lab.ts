import { mkdtempSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { type Certificate, createCertificate } from './certificate.ts';
import { startHaproxy } from './gateways/haproxy.ts';
import { startNginx } from './gateways/nginx.ts';
import { findProgram, missingSentence } from './gateways/program.ts';
import type { Handler, UpgradeHandler } from './origin/exchange.ts';
import { loadPage } from './page-build.ts';
import type { Program, Scenario } from './scenario.ts';
import { SPECS } from './scenarios/index.ts';
import type { Spec } from './scenarios/spec.ts';
import { type Listening, listen, plainServer, secureServer } from './servers.ts';
import { CERTIFIED_HOSTS, DEFAULT_HOST, SITES, type SiteName } from './sites.ts';
import { Variation } from './variation.ts';

export interface LabOptions {
  /** Draws counts and sizes around the documented ones; absent: the documented ones. */
  seed?: number;
  /**
   * `mapped`: real-looking names, for a browser started with `chromiumArgs`. `localhost`: the same names under
   * `.localhost`, which any browser resolves to this machine by itself.
   */
  hosts?: 'mapped' | 'localhost';
  /** Runs without these although they are installed. */
  without?: Program[];
  /** Other scenarios than the lab's own; absent: those. */
  specs?: readonly Spec[];
}

export interface Lab {
  /** The page that lists everything. */
  url: string;
  scenarios: Scenario[];
  /** Throws when there is no such scenario. */
  scenario(id: string): Scenario;
  /** Switches a Chromium needs to find the lab's names and accept its certificate. */
  chromiumArgs: string[];
  certificate: Certificate;
  /** Sentences on what could not be started. */
  missing: string[];
  stop(): Promise<void>;
}

/** Starts applications, gateways and the page, all on loopback. Stop it, or its gateways live until this process ends. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (const end of stops.splice(0).reverse()) await end();
  };
  try {
    return await start(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  options: LabOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Lab> {
  const specs = options.specs ?? SPECS;
  const certificate = createCertificate(CERTIFIED_HOSTS);
  const folder = mkdtempSync(join(tmpdir(), 'streamgauge-lab-'));
  stops.push(async () => rmSync(folder, { recursive: true, force: true }));
  const open = async (server: Parameters<typeof listen>[0]): Promise<Listening> => {
    const listening = await listen(server);
    stops.push(listening.stop);
    return listening;
  };

  const page = await loadPage();
  const scenarios: Scenario[] = [];
  const table = new Map(specs.map((spec) => [spec.id, spec]));
  const variations = new Map(specs.map((spec) => [spec.id, new Variation(spec.id, options.seed)]));

  const backends = new Map<string, string[]>();
  for (const spec of specs) {
    const servers = await Promise.all((spec.backends?.() ?? []).map(open));
    backends.set(
      spec.id,
      servers.map(({ port }) => `127.0.0.1:${port}`),
    );
  }

  let originUrl = '';
  const dispatch = (door: 'origin' | 'front') => (request: IncomingMessage, response: ServerResponse) => {
    // A reader that leaves in mid-answer is part of the game.
    response.on('error', () => undefined);
    const url = new URL(request.url ?? '/', 'http://lab');
    const [, id = '', ...rest] = url.pathname.split('/');
    const spec = table.get(id);
    if (!spec) return page.respond(url.pathname, scenarios, response);
    const handle = door === 'front' ? (spec.gateway ?? spec.handle) : spec.handle;
    if (!handle) return void response.writeHead(404).end();
    if (!spec.ownCors && allowOrigin(request, response)) return;
    const path = rest.join('/');
    const exchange = {
      request,
      response,
      path,
      query: url.searchParams,
      vary: variations.get(id)!,
      originUrl,
      backends: backends.get(id) ?? [],
    };
    runHandler(handle, exchange);
  };
  const upgrade = (door: 'origin' | 'front') => (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => undefined);
    const spec = table.get((request.url ?? '').split('/')[1] ?? '');
    const handle: UpgradeHandler | undefined =
      door === 'front' ? (spec?.gatewayUpgrade ?? spec?.upgrade) : spec?.upgrade;
    if (handle) handle(request, socket, head, { backends: backends.get(spec?.id ?? '') ?? [] });
    else socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n');
  };

  const origin = await open(plainServer(dispatch('origin'), upgrade('origin')));
  originUrl = `http://127.0.0.1:${origin.port}`;
  const embedded = await open(plainServer(dispatch('front'), upgrade('front')));
  const embeddedTls = await open(secureServer(certificate, dispatch('front'), upgrade('front')));
  const ports: Partial<Record<SiteName, number>> = {
    embedded: embedded.port,
    'embedded-h2': embeddedTls.port,
  };

  const missing: string[] = [];
  const programs = { nginx: startNginx, haproxy: startHaproxy };
  for (const name of ['nginx', 'haproxy'] as const) {
    const program = options.without?.includes(name) ? null : findProgram(name);
    if (!program) {
      missing.push(missingSentence(name));
      continue;
    }
    const own = specs.filter((spec) => SITES[spec.site].needs === name);
    const running = await programs[name]({
      program,
      folder,
      certificate,
      front: `127.0.0.1:${embedded.port}`,
      origin: `127.0.0.1:${origin.port}`,
      specs: own,
      backends,
    });
    stops.push(running.stop);
    if (name === 'nginx') Object.assign(ports, { nginx: running.port, 'nginx-h2': running.tlsPort });
    else Object.assign(ports, { haproxy: running.port, 'haproxy-tls': running.tlsPort });
  }

  const addresses: Addresses = {
    base: ({ site, host, scheme }) => {
      const name = options.hosts === 'localhost' ? `${host}.localhost` : host;
      const secure = SITES[site].tls ? 's' : '';
      // A site that is not running has no port; its scenarios are marked unavailable and never called.
      return `${scheme === 'ws' ? 'ws' : 'http'}${secure}://${name}:${ports[site] ?? 9}`;
    },
  };
  for (const spec of specs) {
    const needs = SITES[spec.site].needs;
    const isUp = ports[spec.site] !== undefined;
    scenarios.push(
      describe(spec, addresses, variations.get(spec.id)!, isUp ? null : missingSentence(needs!)),
    );
  }

  return {
    url: `${addresses.base({ site: 'embedded', host: DEFAULT_HOST })}/`,
    scenarios,
    scenario: (id) => {
      const found = scenarios.find((one) => one.id === id);
      if (!found) throw new Error(`The lab has no scenario "${id}"`);
      return found;
    },
    chromiumArgs: [
      '--host-resolver-rules=MAP * 127.0.0.1, EXCLUDE localhost',
      `--ignore-certificate-errors-spki-list=${certificate.spkiHash}`,
    ],
    certificate,
    missing,
    stop,
  };
}

interface Addresses {
  base(where: { site: SiteName; host: string; scheme?: 'ws' }): string;
}

function describe(spec: Spec, addresses: Addresses, vary: Variation, unavailable: string | null): Scenario {
  const host = spec.host ?? DEFAULT_HOST;
  const base: Parameters<Spec['steps']>[0]['base'] = (where) =>
    addresses.base({ site: spec.site, host, ...where });
  const needs = SITES[spec.site].needs;
  const pageBase = addresses.base({
    site: spec.pageAt?.site ?? spec.site,
    host: spec.pageAt?.host ?? host,
  });
  return {
    id: spec.id,
    title: spec.title,
    group: spec.group,
    description: spec.description,
    healthy: spec.expect.every(({ severity }) => severity === 'info'),
    expect: spec.expect,
    allow: spec.allow ?? [],
    needs: needs ? [needs] : [],
    seconds: spec.seconds,
    url: `${pageBase}/#${spec.id}`,
    ownPage: spec.ownPage ?? false,
    steps: spec.steps({ base, url: (path, where) => `${base(where)}/${spec.id}/${path}`, vary }),
    unavailable,
  };
}

/**
 * Lets pages of every origin call, so that one page can run every scenario. Scenarios about CORS itself look after it
 * themselves. True when the request was a preflight and is answered.
 */
function allowOrigin(request: IncomingMessage, response: ServerResponse): boolean {
  const { origin } = request.headers;
  if (origin) {
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('vary', 'Origin');
  }
  if (request.method !== 'OPTIONS') return false;
  response.setHeader('access-control-allow-headers', 'content-type');
  response.setHeader('access-control-allow-methods', 'GET, POST');
  response.writeHead(204).end();
  return true;
}

function runHandler(handle: Handler, exchange: Parameters<Handler>[0]): void {
  // A handler that throws has lost its reader; a defect of ours shows as a broken answer in the lab's own tests.
  Promise.resolve(handle(exchange)).catch(() => exchange.response.destroy());
}
