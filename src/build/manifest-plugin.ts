import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';

interface Manifest {
  content_security_policy?: { extension_pages: string };
  web_accessible_resources?: unknown;
  [name: string]: unknown;
}

/**
 * crxjs lets every page read the scripts that the service worker injects. Injection does not need that, and a page
 * could tell from it that the extension is there: the built manifest opens nothing to pages.
 */
export function manifestPlugin(): Plugin {
  let folder = '';
  return {
    name: 'streamgauge:manifest',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        const path = join(folder, 'manifest.json');
        const manifest = JSON.parse(await readFile(path, 'utf8')) as Manifest;
        delete manifest.web_accessible_resources;
        await writeFile(path, `${JSON.stringify(manifest, null, 2)}\n`);
      },
    },
  };
}

/**
 * The manifest for `vite` (development): pages load modules and styles from the development server and hear from it
 * over a WebSocket, which the strict policy of the built extension forbids.
 */
export function developmentManifest(manifest: object): object {
  return {
    ...manifest,
    content_security_policy: {
      extension_pages:
        "script-src 'self' http://localhost:*; object-src 'self'; connect-src 'self' http://localhost:* ws://localhost:*",
    },
  };
}
