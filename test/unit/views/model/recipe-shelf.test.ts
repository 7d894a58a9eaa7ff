import { describe, expect, it } from 'vitest';
import { DOCUMENTS, documentOf, RECIPES, recipeOf, searchRecipes } from '../../../../src/recipes';
import { RecipeShelf, shelfEntries, shelfPlatforms } from '../../../../src/views/model/recipe-shelf';

const library = { recipes: RECIPES, documents: DOCUMENTS, recipeOf, documentOf, search: searchRecipes };
const found = (query: string, platform: string | null = null) =>
  shelfEntries(library, query, platform).map((one) => `${one.kind} ${one.id}`);

describe('the list of recipes', () => {
  it('holds every recipe and every document when nothing is asked', () => {
    expect(found('')).toHaveLength(RECIPES.length + DOCUMENTS.length);
    expect(found('  ')).toEqual(found(''));
  });

  it('finds by words in any order, recipes by name first, documents by file name too', () => {
    expect(found('unknown session')[0]).toBe('recipe unknown-session');
    expect(found('004_eabe6d93a2f6ee54.txt')).toContain('document 004_eabe6d93a2f6ee54');
    expect(found('awsapprunner roadmap').filter((one) => one.startsWith('document'))).toEqual([
      'document 004_eabe6d93a2f6ee54',
    ]);
    expect(found('nobody ever wrote this word zzz')).toEqual([]);
  });

  it('narrows down to what has a fix for a platform, documents included', () => {
    const { id, count } = shelfPlatforms(library).find((one) => one.id === 'app-runner')!;
    const recipes = found('', id).filter((one) => one.startsWith('recipe'));
    expect(recipes).toHaveLength(count);
    expect(recipes).toContain('recipe refused-upgrade');
    expect(found('', id)).toContain('document 004_eabe6d93a2f6ee54');
    expect(found('', 'no-such-platform')).toEqual([]);
  });

  it('names each platform once, most recipes first', () => {
    const platforms = shelfPlatforms(library);
    expect(new Set(platforms.map((one) => one.id)).size).toBe(platforms.length);
    const counts = platforms.map((one) => one.count);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });
});

describe('the way through the pages', () => {
  const recipe = (id: string) => ({ kind: 'recipe' as const, id });

  it('goes back through the links followed, and no further than the page chosen', () => {
    const shelf = new RecipeShelf();
    shelf.choose(recipe('a'));
    shelf.follow(recipe('b'));
    shelf.follow(recipe('c'));
    shelf.back();
    expect(shelf.place.value).toEqual(recipe('b'));
    shelf.back();
    shelf.back();
    expect(shelf.place.value).toEqual(recipe('a'));
    shelf.follow(recipe('b'));
    shelf.choose(recipe('d'));
    expect(shelf.trail.value).toEqual([]);
  });

  it('opens where it was left, and shows a page that was asked for also when a search would hide it', () => {
    const shelf = new RecipeShelf();
    shelf.show(recipe('a'));
    shelf.query.value = 'nginx';
    shelf.close();
    shelf.show();
    expect([shelf.isOpen.value, shelf.place.value, shelf.query.value]).toEqual([true, recipe('a'), 'nginx']);
    shelf.show(recipe('b'));
    expect([shelf.place.value, shelf.query.value]).toEqual([recipe('b'), '']);
  });
});
