import type { Plugin } from 'vite';

/** Placeholder until the Markdown recipes land. */
export function recipePlugin(): Plugin {
  return { name: 'streamgauge:recipe' };
}
