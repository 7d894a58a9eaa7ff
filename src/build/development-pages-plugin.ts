import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, posix, resolve } from 'node:path';
import { allFilesReady } from '@crxjs/vite-plugin';
import type { Plugin, ViteDevServer } from 'vite';

/**
 * In development crxjs serves the extension's pages out of its service worker. That works for tabs, not for DevTools:
 * a frame inside DevTools belongs to another top-level site, which no service worker of the extension controls, so its
 * page waits forever. This writes `pages` (paths of HTML files in the project) as files that take their modules straight
 * from the development server; hot reload then works as on any page.
 */
export function developmentPagesPlugin(pages: string[]): Plugin {
  return {
    name: 'streamgauge:development-pages',
    apply: 'serve',
    configureServer(server) {
      server.httpServer?.once('listening', () => {
        writePages(server, pages).catch((error: unknown) => server.config.logger.error(String(error)));
      });
    },
  };
}

async function writePages(server: ViteDevServer, pages: string[]): Promise<void> {
  const { root, build } = server.config;
  // crxjs writes its own pages first.
  await allFilesReady();
  const address = server.resolvedUrls?.local[0];
  if (!address) throw new Error('The development server has no local address.');
  for (const page of pages) {
    const file = join(resolve(root, build.outDir), page);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, fromServer(await readFile(join(root, page), 'utf8'), page, address));
  }
}

/** The page with its relative scripts and style sheets taken from `address`, and Vite's client before them. */
export function fromServer(html: string, page: string, address: string): string {
  const absolute = (path: string) => new URL(posix.join(posix.dirname(page), path), address).href;
  return html
    .replace(
      /\b(src|href)="(\.{1,2}\/[^"]+)"/g,
      (_, name: string, path: string) => `${name}="${absolute(path)}"`,
    )
    .replace(
      '</head>',
      `<script type="module" src="${new URL('@vite/client', address).href}"></script></head>`,
    );
}
