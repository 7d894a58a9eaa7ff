import { RECIPES, recipeOf } from '../../recipes/index';
import { recipeText } from '../../recipes/text';
import { parseCommand } from '../arguments';
import { paintFor, plain, type Terminal } from '../terminal';
import { UnusableArguments } from '../usage';
import { RESULT } from './outcome';

/** `streamgauge recipes [ID]`: the list, or one recipe as text. */
export function recipesCommand(args: string[], terminal: Terminal): number {
  const { positionals } = parseCommand('recipes', { args, allowPositionals: true, options: {} });
  if (positionals.length > 1) throw new UnusableArguments('recipes takes one id at a time.');
  const id = positionals[0];
  if (id === undefined) {
    const paint = paintFor(terminal);
    const width = Math.max(...RECIPES.map((recipe) => recipe.id.length));
    for (const recipe of RECIPES) {
      terminal.stdout.write(`${paint('bold', recipe.id.padEnd(width))}  ${recipe.title}\n`);
    }
    return RESULT.fine;
  }
  const recipe = recipeOf(id);
  if (!recipe) {
    const near = RECIPES.map((one) => one.id).filter((one) => sharesWord(one, id));
    throw new UnusableArguments(
      `There is no recipe "${plain(id.slice(0, 60))}".${near.length ? ` Did you mean ${near.join(' or ')}?` : ''} streamgauge recipes lists all of them.`,
    );
  }
  terminal.stdout.write(recipeText(recipe, { width: Math.min(terminal.stdout.columns ?? 100, 100) }));
  return RESULT.fine;
}

function sharesWord(id: string, asked: string): boolean {
  const words = asked
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 3);
  return words.some((word) => id.includes(word.slice(0, 5)));
}
