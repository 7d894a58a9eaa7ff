import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { Plugin } from 'vite';
import { parseRecipe } from './recipe-markdown.ts';

/**
 * Makes `import recipe from './idle-cut.md'` give a `Recipe`, for every Markdown file under `src/recipes`. Runs at
 * build time, so no front end carries a Markdown parser; a file that a recipe cannot hold fails the build. In dev, an
 * edited file is an edited module, and Vite updates its importers.
 *
 * `platforms` maps platform ids to titles (`diagnose/platforms.ts`, which this folder does not import).
 */
export function recipePlugin(platforms: Readonly<Record<string, string>>): Plugin {
  return {
    name: 'streamgauge:recipe',
    load: {
      filter: { id: /[\\/]src[\\/]recipes[\\/].*\.md$/ },
      async handler(id) {
        const recipe = parseRecipe(await readFile(id, 'utf8'), basename(id, '.md'), platforms);
        return { code: `export default ${JSON.stringify(recipe)};`, map: null, moduleType: 'js' };
      },
    },
  };
}
