import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { zipSync } from 'fflate';
import type { Plugin } from 'vite';

/** Zip knows no dates before; a fixed one makes equal builds equal files. */
const EARLIEST = new Date(1980, 0, 1);

/**
 * Takes out of the built extension what only this repository needs (`leaveOut`: paths under `public`), and zips the rest
 * beside it, as the stores take it: `streamgauge-<version>.zip`, with the manifest at its root.
 */
export function packagePlugin({ leaveOut }: { leaveOut: string[] }): Plugin {
  let folder = '';
  return {
    name: 'streamgauge:package',
    apply: 'build',
    enforce: 'post',
    configResolved(config) {
      folder = resolve(config.root, config.build.outDir);
    },
    closeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        for (const path of leaveOut) await rm(join(folder, path), { force: true });
        const { version } = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as {
          version: string;
        };
        const entries = await readdir(folder, { recursive: true, withFileTypes: true });
        const paths = entries
          .filter((entry) => entry.isFile())
          .map((entry) => join(entry.parentPath, entry.name));
        const files: Record<string, Uint8Array> = {};
        for (const path of paths.sort()) {
          files[relative(folder, path).split(sep).join('/')] = new Uint8Array(await readFile(path));
        }
        const zip = zipSync(files, { level: 6, mtime: EARLIEST });
        await writeFile(join(folder, `../streamgauge-${version}.zip`), zip);
      },
    },
  };
}
