import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, createServer, type InlineConfig } from 'vite';
import { afterEach, expect, it } from 'vitest';
import { recipePlugin } from '../../../src/build/recipe-plugin.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function project(markdown: string) {
  const root = mkdtempSync(join(tmpdir(), 'streamgauge-plugin-'));
  folders.push(root);
  const recipes = join(root, 'src/recipes');
  mkdirSync(recipes, { recursive: true });
  writeFileSync(join(recipes, 'one.md'), markdown);
  writeFileSync(
    join(root, 'main.js'),
    "import recipe from './src/recipes/one.md';\nexport default recipe;\n",
  );
  const config: InlineConfig = {
    configFile: false,
    root,
    logLevel: 'silent',
    plugins: [recipePlugin({ nginx: 'nginx' })],
  };
  return { root, file: join(recipes, 'one.md'), config };
}

it('bundles a recipe as data, for the browser and for Node', async () => {
  const { root, config } = project('# A "title"\n\n## Fix\n\n### nginx\n\n`</script>`\n');
  const outputs = await Promise.all([
    build({
      ...config,
      build: { write: false, minify: false, lib: { entry: join(root, 'main.js'), formats: ['es'] } },
    }),
    build({ ...config, build: { write: false, minify: false, ssr: join(root, 'main.js') } }),
  ]);
  for (const output of outputs) {
    const code = JSON.stringify(output);
    expect(code).toContain('platform');
    expect(code).not.toContain('marked');
  }
});

it('fails the build on what a recipe cannot hold', async () => {
  const { root, config } = project('# A\n\n<b>bold</b>\n');
  await expect(
    build({ ...config, build: { write: false, lib: { entry: join(root, 'main.js'), formats: ['es'] } } }),
  ).rejects.toThrow(/one\.md: no html here/);
});

it('serves the edited recipe in dev', async () => {
  const { file, config } = project('# Before\n');
  const server = await createServer({ ...config, server: { middlewareMode: true, ws: false } });
  try {
    expect((await server.transformRequest('/src/recipes/one.md'))?.code).toContain('"Before"');
    const changed = new Promise<void>((resolve) => server.watcher.once('change', () => resolve()));
    writeFileSync(file, '# After\n');
    await changed;
    await expect
      .poll(async () => (await server.transformRequest('/src/recipes/one.md'))?.code)
      .toContain('"After"');
  } finally {
    await server.close();
  }
});
