import { signal } from '@preact/signals';
import type { SourceDocument } from '../../recipes';
import { recipeText } from '../../recipes/text';
import type { Recipe } from '../../recipes/types';

/** The recipes and documents that the views can look up. */
export interface RecipeLibrary {
  recipes: readonly Recipe[];
  documents: readonly SourceDocument[];
  recipeOf(id: string): Recipe | null;
  documentOf(idOrFile: string): SourceDocument | null;
  search(query: string): Recipe[];
}

/** One page: `id` as somebody asked for it, which need not exist. */
export interface Place {
  kind: 'recipe' | 'document';
  id: string;
}

export interface ShelfEntry extends Place {
  title: string;
}

export interface ShelfPlatform {
  id: string;
  title: string;
  /** Recipes that have a fix for it. */
  count: number;
}

/** What the recipe browser shows and was asked. Outlives its closing, so that it opens where it was left. */
export class RecipeShelf {
  readonly isOpen = signal(false);
  readonly query = signal('');
  /** Only recipes with a fix for this platform. */
  readonly platform = signal<string | null>(null);
  readonly place = signal<Place | null>(null);
  /** Pages behind the one on show, oldest first: what "Back" goes through. */
  readonly trail = signal<readonly Place[]>([]);

  /** Opens the browser: at a page, or where it was left. */
  show(place?: Place): void {
    if (place) {
      this.trail.value = [];
      this.place.value = place;
      // A page that somebody asked for must be in the list beside it.
      this.query.value = '';
      this.platform.value = null;
    }
    this.isOpen.value = true;
  }

  close(): void {
    this.isOpen.value = false;
  }

  /** Chosen in the list: no way back is kept. */
  choose(place: Place | null): void {
    this.trail.value = [];
    this.place.value = place;
  }

  /** Followed a link of the page on show. */
  follow(place: Place): void {
    const now = this.place.value;
    if (now) this.trail.value = [...this.trail.value, now];
    this.place.value = place;
  }

  back(): void {
    const last = this.trail.value.at(-1);
    if (!last) return;
    this.trail.value = this.trail.value.slice(0, -1);
    this.place.value = last;
  }
}

/**
 * What the list holds: the recipes that fit the query and have a fix for the platform, in the order of the search, then
 * the documents that contain the words and are answered by such a recipe.
 */
export function shelfEntries(library: RecipeLibrary, query: string, platform: string | null): ShelfEntry[] {
  const recipes = library.search(query).filter((recipe) => platform === null || hasFix(recipe, platform));
  const documents = library.documents.filter(
    (page) =>
      containsWords(page, query) &&
      (platform === null ||
        page.findings.some((id) => {
          const recipe = library.recipeOf(id);
          return recipe !== null && hasFix(recipe, platform);
        })),
  );
  return [
    ...recipes.map(({ id, title }): ShelfEntry => ({ kind: 'recipe', id, title })),
    ...documents.map(({ id, title }): ShelfEntry => ({ kind: 'document', id, title })),
  ];
}

/** Platforms that recipes have a fix for, those with most of them first. */
export function shelfPlatforms(library: RecipeLibrary): ShelfPlatform[] {
  const platforms = new Map<string, ShelfPlatform>();
  for (const recipe of library.recipes) {
    for (const tab of recipe.sections.flatMap((section) => section.tabs)) {
      const known = platforms.get(tab.platform);
      if (known) known.count += 1;
      else platforms.set(tab.platform, { id: tab.platform, title: tab.title, count: 1 });
    }
  }
  return [...platforms.values()].sort((a, b) => b.count - a.count || a.title.localeCompare(b.title));
}

function hasFix(recipe: Recipe, platform: string): boolean {
  return recipe.sections.some((section) => section.tabs.some((tab) => tab.platform === platform));
}

const texts = new WeakMap<Recipe, string>();

function containsWords(page: SourceDocument, query: string): boolean {
  let text = texts.get(page);
  if (text === undefined) {
    text = `${page.file} ${recipeText(page, { width: Number.POSITIVE_INFINITY })}`.toLowerCase();
    texts.set(page, text);
  }
  return query
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}
