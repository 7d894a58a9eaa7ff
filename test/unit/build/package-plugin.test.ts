import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import { afterEach, expect, it } from 'vitest';
import { packagePlugin } from '../../../src/build/package-plugin';

const root = mkdtempSync(join(tmpdir(), 'streamgauge-package-'));
afterEach(() => rmSync(root, { recursive: true, force: true }));

/** The two hooks, called as Vite calls them. */
interface Hooks {
  configResolved(config: { root: string; build: { outDir: string } }): void;
  closeBundle: { handler(): Promise<void> };
}

it('zips the extension as the stores take it, and the same way each time', async () => {
  const built = join(root, 'dist/extension');
  mkdirSync(join(built, 'src/views'), { recursive: true });
  writeFileSync(join(built, 'manifest.json'), '{"version":"1.2.3"}');
  writeFileSync(join(built, 'src/views/panel.html'), '<!doctype html>');
  writeFileSync(join(built, 'panel.png'), 'a picture');
  const plugin = packagePlugin({ leaveOut: ['panel.png', 'never-there.png'] }) as unknown as Hooks;
  plugin.configResolved({ root, build: { outDir: 'dist/extension' } });

  await plugin.closeBundle.handler();
  const zip = readFileSync(join(root, 'dist/streamgauge-1.2.3.zip'));
  const files = unzipSync(zip);
  expect(Object.keys(files)).toEqual(['manifest.json', 'src/views/panel.html']);
  expect(strFromU8(files['manifest.json']!)).toBe('{"version":"1.2.3"}');
  expect(existsSync(join(built, 'panel.png'))).toBe(false);

  await plugin.closeBundle.handler();
  expect(readFileSync(join(root, 'dist/streamgauge-1.2.3.zip'))).toEqual(zip);
});
