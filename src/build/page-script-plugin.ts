import { readdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Plugin } from 'vite';
import { bundleScript } from './script-plugin.ts';

/**
 * Writes the scripts that go into pages as `bundleScript` makes them: smaller than what crxjs makes of the same entries,
 * and the very text that the command line and the tests inject. Takes out the module that crxjs leaves of each and that
 * nothing loads. `entries`: entry by the path of crxjs's file in the build.
 */
export function pageScriptPlugin(entries: Record<string, string>): Plugin {
  let folder = '';
  return {
    name: 'streamgauge:page-script',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        const assets = await readdir(join(folder, 'assets'));
        for (const [path, entry] of Object.entries(entries)) {
          for (const name of assets)
            if (name.startsWith(`${basename(entry)}-`)) await rm(join(folder, 'assets', name));
          await writeFile(join(folder, path), await bundleScript(entry));
        }
      },
    },
  };
}
