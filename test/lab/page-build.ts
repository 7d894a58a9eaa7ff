import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { sendJson } from './origin/exchange.ts';
import type { Scenario } from './scenario.ts';

export interface LabPage {
  /** Answers a request for the page, its parts or its list of scenarios; 404 for anything else. */
  respond(pathname: string, scenarios: Scenario[], response: ServerResponse): void;
}

const TYPES: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

let built: Promise<Map<string, string>> | undefined;

/** Builds the page once for this process and keeps it in memory. */
export async function loadPage(): Promise<LabPage> {
  built ??= buildPage();
  const files = await built;
  return {
    respond: (pathname, scenarios, response) => {
      if (pathname === '/scenarios.json')
        return sendJson(response, 200, scenarios, { 'cache-control': 'no-store' });
      const name = pathname === '/' ? 'index.html' : pathname.slice(1);
      const text = files.get(name);
      if (text === undefined)
        return void response.writeHead(404, { 'content-type': 'text/plain' }).end('Not here');
      response.writeHead(200, {
        'content-type': TYPES[name.split('.').at(-1) ?? ''] ?? 'text/plain',
        'cache-control': 'no-store',
      });
      response.end(text);
    },
  };
}

async function buildPage(): Promise<Map<string, string>> {
  const result = await build({
    root: fileURLToPath(new URL('./page', import.meta.url)),
    configFile: false,
    logLevel: 'error',
    mode: 'production',
    build: {
      write: false,
      target: 'es2022',
      modulePreload: false,
      minify: false,
      reportCompressedSize: false,
    },
  });
  const outputs = [result].flat().flatMap((one) => ('output' in one ? one.output : []));
  const files = new Map(
    outputs.map((one) => [one.fileName, one.type === 'chunk' ? one.code : one.source.toString()]),
  );
  // The client as its server package ships it, loaded by a script element like on many real pages.
  const { resolve } = createRequire(import.meta.url);
  const current = join(dirname(resolve('socket.io/package.json')), 'client-dist/socket.io.min.js');
  const version2 = join(dirname(resolve('socket.io-client-2/package.json')), 'dist/socket.io.slim.js');
  return files
    .set('socket.io.min.js', readFileSync(current, 'utf8'))
    .set('socket.io-2.js', readFileSync(version2, 'utf8'));
}
