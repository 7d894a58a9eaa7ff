import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { parseRecipe } from '../../../src/build/recipe-markdown.ts';
import { PLATFORMS } from '../../../src/diagnose/platforms.ts';
import type { Block } from '../../../src/recipes/types.ts';

const RECIPES = resolve(import.meta.dirname, '../../../src/recipes');

/** One code block of a recipe or document page. */
export interface RecipeCode {
  /** Where it stands, such as `idle-cut › Fix › nginx #1`; unique. */
  name: string;
  language: string;
  context: string | undefined;
  text: string;
}

/** Every code block under `src/recipes`, the folder's README excepted. */
export function recipeCode(): RecipeCode[] {
  return [RECIPES, join(RECIPES, 'documents')].flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.md') && file !== 'README.md')
      .flatMap((file) => {
        const recipe = parseRecipe(
          readFileSync(join(folder, file), 'utf8'),
          basename(file, '.md'),
          PLATFORMS,
        );
        return [
          ...named(recipe.lead, recipe.id),
          ...recipe.sections.flatMap((section) => [
            ...named(section.blocks, `${recipe.id} › ${section.title}`),
            ...section.tabs.flatMap((tab) =>
              named(tab.blocks, `${recipe.id} › ${section.title} › ${tab.title}`),
            ),
          ]),
        ];
      }),
  );
}

function named(blocks: Block[], place: string): RecipeCode[] {
  return codeIn(blocks).map((block, index) => ({
    name: `${place} #${index + 1}`,
    language: block.language,
    context: block.context,
    text: block.text,
  }));
}

function codeIn(blocks: Block[]): Extract<Block, { type: 'code' }>[] {
  return blocks.flatMap((block) => {
    if (block.type === 'code') return [block];
    if (block.type === 'quote') return codeIn(block.blocks);
    if (block.type === 'list') return block.items.flatMap(codeIn);
    return [];
  });
}
