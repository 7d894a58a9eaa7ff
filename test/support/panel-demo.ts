import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import preact from '@preact/preset-vite';
import { build } from 'vite';
import manifest from '../../manifest.json' with { type: 'json' };
import { recipePlugin } from '../../src/build/recipe-plugin';
import { PLATFORMS } from '../../src/diagnose/platforms';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The content security policy of the extension's pages, which the demo is served under. */
const POLICY = manifest.content_security_policy.extension_pages;

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
};

export interface PanelDemo {
  /** Address of the demo page, without a query. */
  url: string;
  close(): Promise<void>;
}

/** Builds the demo page as the extension's pages are built, and serves it on the loopback under their policy. */
export async function startPanelDemo(outDir: string, port = 0): Promise<PanelDemo> {
  await build({
    root,
    configFile: false,
    logLevel: 'warn',
    publicDir: false,
    base: './',
    plugins: [recipePlugin(PLATFORMS), preact()],
    build: {
      outDir,
      emptyOutDir: true,
      target: 'chrome120',
      modulePreload: false,
      rolldownOptions: { input: join(root, 'test/e2e/fixtures/panel-demo.html') },
    },
  });
  const server = createServer((request, response) => {
    const path = normalize(new URL(request.url ?? '/', 'http://localhost').pathname);
    readFile(join(outDir, path)).then(
      (content) => {
        response.writeHead(200, {
          'content-type': TYPES[extname(path)] ?? 'application/octet-stream',
          'content-security-policy': POLICY,
        });
        response.end(content);
      },
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}/test/e2e/fixtures/panel-demo.html`,
    close: () => closeServer(server),
  };
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

// `npx tsx test/support/panel-demo.ts`: look at it in a browser of your own.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const demo = await startPanelDemo(join(root, 'node_modules/.cache/panel-demo'));
  console.log(`${demo.url}?scene=live&live=10`);
}
