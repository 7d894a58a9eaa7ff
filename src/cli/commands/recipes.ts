import { PLATFORMS } from '../../diagnose/platforms';
import { documentOf, RECIPES, type Recipe, recipeOf, searchRecipes } from '../../recipes/index';
import { recipeText } from '../../recipes/text';
import { parseCommand } from '../arguments';
import { paintFor, type Terminal } from '../terminal';
import { UnusableArguments } from '../usage';
import { RESULT } from './outcome';

const MAX_COLUMNS = 100;
/** Ids that are offered for one that does not exist. */
const MAX_OFFERED = 3;

/** `streamgauge recipes [ID] [--platform P]`: the list, or one recipe (or page on a source document) as text. */
export function recipesCommand(args: string[], terminal: Terminal): number {
  const { values, positionals } = parseCommand('recipes', {
    args,
    allowPositionals: true,
    options: { platform: { type: 'string' } },
  });
  if (positionals.length > 1) throw new UnusableArguments('recipes takes one id at a time.');
  const id = positionals[0];
  if (id === undefined) {
    if (values.platform !== undefined)
      throw new UnusableArguments('--platform needs the id of a recipe before it.');
    terminal.stdout.write(listText(terminal));
    return RESULT.fine;
  }
  const recipe = recipeOf(id) ?? documentOf(id);
  if (!recipe) throw new UnusableArguments(unknownRecipe(id));
  const platform = values.platform === undefined ? undefined : platformIn(recipe, values.platform);
  const width = Math.min(terminal.stdout.columns ?? MAX_COLUMNS, MAX_COLUMNS);
  terminal.stdout.write(recipeText(recipe, { width, platform }));
  return RESULT.fine;
}

function listText(terminal: Terminal): string {
  const paint = paintFor(terminal);
  const width = Math.max(...RECIPES.map((recipe) => recipe.id.length));
  return RECIPES.map((recipe) => `${paint('bold', recipe.id.padEnd(width))}  ${recipe.title}\n`).join('');
}

function unknownRecipe(id: string): string {
  const found = [id, ...id.toLowerCase().split(/[^a-z0-9]+/)].filter(Boolean).flatMap(searchRecipes);
  const offered = [...new Set(found.map((recipe) => recipe.id))].slice(0, MAX_OFFERED);
  const offer = offered.length > 0 ? ` Did you mean ${offered.join(' or ')}?` : '';
  return `There is no recipe "${id.slice(0, 60)}".${offer} streamgauge recipes lists all of them.`;
}

/** The platform's id, as the recipe has it; its name or id may be given, in any case. */
function platformIn(recipe: Recipe, named: string): string {
  const wanted = named.toLowerCase();
  const tabs = recipe.sections.flatMap((section) => section.tabs);
  const tab = tabs.find(({ platform, title }) => platform === wanted || title.toLowerCase() === wanted);
  if (tab) return tab.platform;
  const titles = [...new Set(tabs.map(({ title }) => title))].join(', ');
  const known = Object.entries(PLATFORMS).find(
    ([id, title]) => id === wanted || title.toLowerCase() === wanted,
  );
  throw new UnusableArguments(
    `The recipe ${recipe.id} has no part for ${known?.[1] ?? `"${named.slice(0, 60)}"`}; it has ${titles || 'none for single platforms'}.`,
  );
}
