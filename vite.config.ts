import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crx } from '@crxjs/vite-plugin';
import preact from '@preact/preset-vite';
import { defineConfig } from 'vitest/config';
import manifest from './manifest.json' with { type: 'json' };
import packageJson from './package.json' with { type: 'json' };
import { developmentPagesPlugin } from './src/build/development-pages-plugin.ts';
import { developmentManifest, manifestPlugin } from './src/build/manifest-plugin.ts';
import { packagePlugin } from './src/build/package-plugin.ts';
import { pageScriptPlugin } from './src/build/page-script-plugin.ts';
import { recipePlugin } from './src/build/recipe-plugin.ts';
import { scriptPlugin } from './src/build/script-plugin.ts';
import { singlePagePlugin } from './src/build/single-page-plugin.ts';
import { PLATFORMS } from './src/diagnose/platforms.ts';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Build inputs by name, of those pages that are there. */
const pages = (...paths: string[]) =>
  Object.fromEntries(
    paths.filter((path) => existsSync(at(path))).map((path) => [basename(path, '.html'), at(path)]),
  );

const recipes = () => recipePlugin(PLATFORMS);
const shared = [
  scriptPlugin(
    {
      tap: at('src/tap/tap.iife.ts'),
      'cdp-bridge': at('src/bridge/cdp-bridge.iife.ts'),
      'dashboard-worker': at('src/views/dashboard/work/worker.ts'),
    },
    [recipes()],
  ),
  recipes(),
];

type Manifest = Parameters<typeof crx>[0]['manifest'];

export default defineConfig(({ mode, command }) => {
  if (mode === 'cli') {
    return {
      plugins: shared,
      define: { __VERSION__: JSON.stringify(packageJson.version) },
      publicDir: false,
      ssr: { noExternal: true },
      build: {
        ssr: at('src/cli/main.ts'),
        outDir: 'dist/cli',
        target: 'node20',
        rolldownOptions: { output: { entryFileNames: 'streamgauge.js', banner: '#!/usr/bin/env node' } },
      },
    };
  }
  if (mode === 'dashboard') {
    // The dashboard without the extension: one file that works from any web server and from disk.
    return {
      plugins: [...shared, preact(), singlePagePlugin(at('src/views/dashboard/site/site.html'))],
      // A library build leaves it to whoever uses the library; nobody does.
      define: { 'process.env.NODE_ENV': JSON.stringify('production') },
      publicDir: false,
      build: {
        outDir: 'dist/dashboard',
        target: 'es2022',
        cssCodeSplit: false,
        lib: { entry: at('src/views/dashboard/site/site.tsx'), formats: ['iife'], name: 'streamgauge' },
      },
    };
  }
  if (mode === 'test') {
    return {
      plugins: [...shared, preact()],
      test: {
        projects: [
          {
            extends: true,
            test: { name: 'unit', include: ['test/{unit,architecture,rules,corpus}/**/*.test.{ts,tsx}'] },
          },
          {
            extends: true,
            test: {
              name: 'browser',
              include: ['test/{browser,cli,e2e,lab}/**/*.test.ts'],
              testTimeout: 120_000,
              hookTimeout: 120_000,
              // A second, as it is otherwise, is little for a browser on a busy machine.
              expect: { poll: { timeout: 20_000 } },
              pool: 'forks',
              maxWorkers: 2,
            },
          },
        ],
      },
    };
  }
  return {
    plugins: [
      ...shared,
      preact(),
      crx({ manifest: (command === 'serve' ? developmentManifest(manifest) : manifest) as Manifest }),
      developmentPagesPlugin(['src/devtools/devtools.html', 'src/views/panel/panel.html']),
      manifestPlugin(),
      pageScriptPlugin({
        'src/tap/tap.iife.js': at('src/tap/tap.iife.ts'),
        'src/bridge/bridge.iife.js': at('src/bridge/bridge.iife.ts'),
      }),
      // The picture of the README.
      packagePlugin({ leaveOut: ['panel.png'] }),
    ],
    // The dashboard's worker loads what only some exports need, recipes among it, when it is asked for one.
    worker: { format: 'es', plugins: () => [recipes()] },
    build: {
      // What `npm start` and the tests load must not depend on a server that has gone.
      outDir: command === 'serve' ? 'dist/extension-dev' : 'dist/extension',
      target: 'chrome120',
      modulePreload: false,
      // Pages that the manifest does not name.
      rolldownOptions: { input: pages('src/views/panel/panel.html', 'src/views/dashboard/dashboard.html') },
    },
  };
});
