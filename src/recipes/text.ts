import type { Block, Inline, Recipe, RecipeTab } from './types';

export interface RecipeTextOptions {
  /** Show only this platform's fix; all of them when it is absent or the recipe has no tab for it. */
  platform?: string | undefined;
  /** Longest line in characters. Code, and a word longer than that, is never broken. */
  width: number;
}

const NARROWEST = 20;
const CODE_INDENT = '    ';

/** A recipe as plain text for a terminal: wrapped paragraphs, indented code, no escape sequences, one final newline. */
export function recipeText(recipe: Recipe, { platform, width }: RecipeTextOptions): string {
  const room = Math.max(NARROWEST, width);
  const lines: string[] = [...wrap(recipe.title, room), '='.repeat(Math.min(recipe.title.length, room))];
  lines.push(...blockLines(recipe.lead, room));
  for (const section of recipe.sections) {
    lines.push('', section.title, '-'.repeat(Math.min(section.title.length, room)));
    lines.push(...blockLines(section.blocks, room));
    for (const tab of tabsFor(section.tabs, platform)) {
      lines.push('', `## ${tab.title}`, ...blockLines(tab.blocks, room));
    }
  }
  return `${lines.join('\n')}\n`;
}

/** The text of inline content, as one line: code in backticks, web addresses in brackets after their text. */
export function inlineText(inlines: readonly Inline[]): string {
  return inlines.map(oneInline).join('');
}

function oneInline(inline: Inline): string {
  switch (inline.type) {
    case 'text':
      return inline.text;
    case 'code':
      return `\`${inline.text}\``;
    case 'strong':
    case 'emphasis':
      return inlineText(inline.inlines);
    case 'link': {
      const text = inlineText(inline.inlines);
      const [kind, name = ''] = inline.href.split(':');
      // The text of a link to a document is its file name, which says everything.
      if (kind === 'document' || inline.href === text) return text;
      if (kind === 'recipe') return text.includes(name) ? text : `${text} (recipe ${name})`;
      return `${text} (${inline.href})`;
    }
  }
}

function tabsFor(tabs: RecipeTab[], platform: string | undefined): RecipeTab[] {
  const chosen = tabs.filter((tab) => tab.platform === platform);
  return chosen.length > 0 ? chosen : tabs;
}

/** Blocks with an empty line before each. */
function blockLines(blocks: readonly Block[], width: number): string[] {
  return blocks.flatMap((block) => ['', ...oneBlock(block, width)]);
}

function oneBlock(block: Block, width: number): string[] {
  switch (block.type) {
    case 'paragraph':
      return wrap(inlineText(block.inlines), width);
    case 'code': {
      const lines = block.text.split('\n').map((line) => (line ? CODE_INDENT + line : ''));
      return block.context ? [`(${block.language}, in ${block.context})`, '', ...lines] : lines;
    }
    case 'quote':
      return blockLines(block.blocks, width - 2)
        .slice(1)
        .map((line) => `> ${line}`.trimEnd());
    case 'list':
      return block.items.flatMap((item, index) => {
        const mark = block.ordered ? `${index + 1}. ` : '- ';
        const indent = ' '.repeat(mark.length);
        const [first = '', ...rest] = itemLines(item, width - mark.length);
        return [mark + first, ...rest.map((line) => (line ? indent + line : ''))];
      });
    case 'table':
      return tableLines(block, width);
  }
}

/** Items stay tight: only code keeps its empty lines around it. */
function itemLines(blocks: readonly Block[], width: number): string[] {
  return blocks.flatMap((block, index) => {
    const lines = oneBlock(block, Math.max(NARROWEST, width));
    return block.type === 'code' ? [...(index > 0 ? [''] : []), ...lines, ''] : lines;
  });
}

function tableLines(table: Extract<Block, { type: 'table' }>, width: number): string[] {
  const rows = [table.header, ...table.rows].map((row) => row.map(inlineText));
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const gap = 2;
  const full = widths.reduce((sum, one) => sum + one + gap, -gap);
  if (full <= width) {
    return rows.map((row) =>
      row
        .map((cell, column) => cell.padEnd((widths[column] ?? 0) + gap))
        .join('')
        .trimEnd(),
    );
  }
  // Too wide for columns: each row becomes a list item that names its cells.
  const [header = [], ...body] = rows;
  return body.flatMap((row) => {
    const [first = '', ...rest] = wrap(
      row.map((cell, column) => (column === 0 ? cell : `${header[column]}: ${cell}`)).join('; '),
      width - 2,
    );
    return [`- ${first}`, ...rest.map((line) => `  ${line}`)];
  });
}

function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter(Boolean)) {
    if (line && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line ? `${line} ${word}` : word;
    }
  }
  if (line) lines.push(line);
  return lines;
}
