import { type MarkedToken, marked, type Token, type Tokens } from 'marked';
import type { Block, Inline, Recipe, RecipeSection, RecipeTab, SectionRole } from '../recipes/types.ts';

/** The section headings that have a meaning of their own. Any other heading makes a section without a role. */
const ROLES: Record<string, SectionRole> = {
  'What you see': 'see',
  Why: 'why',
  'Make sure': 'confirm',
  Fix: 'fix',
  'Check that it worked': 'check',
  'Where this comes from': 'source',
};

/** Thrown for Markdown that a `Recipe` cannot hold; the message says where and what to write instead. */
export class RecipeError extends Error {
  override readonly name = 'RecipeError';
}

/**
 * Converts one Markdown file to a `Recipe`.
 *
 * `id` becomes the recipe's id; `platforms` maps platform ids to the titles that `###` headings under `## Fix` use.
 * Throws `RecipeError` for anything a block tree cannot hold: raw HTML, images, hard breaks, entities, links that are
 * neither https nor to another file of the recipes, code without a language, and tabs of unknown platforms.
 */
export function parseRecipe(
  markdown: string,
  id: string,
  platforms: Readonly<Record<string, string>>,
): Recipe {
  const platformOf = new Map(Object.entries(platforms).map(([key, title]) => [title, key]));
  const recipe: Recipe = { id, title: '', lead: [], sections: [] };
  let section: RecipeSection | null = null;
  let tab: RecipeTab | null = null;

  for (const token of marked.lexer(markdown) as MarkedToken[]) {
    if (token.type === 'heading') {
      const title = plainHeading(token, id);
      if (token.depth === 1) {
        if (recipe.title !== '' || section) fail(id, `only one title, at the top; "${title}" is another one`);
        recipe.title = title;
      } else if (recipe.title === '') {
        fail(id, 'the file must start with a title (# …)');
      } else if (token.depth === 2) {
        if (recipe.sections.some((one) => one.title === title)) fail(id, `section "${title}" appears twice`);
        section = { title, role: ROLES[title] ?? null, blocks: [], tabs: [] };
        tab = null;
        recipe.sections.push(section);
      } else if (token.depth === 3 && section?.role === 'fix') {
        const platform = platformOf.get(title);
        if (platform === undefined) fail(id, `"${title}" is not the title of a platform`);
        if (section.tabs.some((one) => one.platform === platform)) fail(id, `tab "${title}" appears twice`);
        tab = { platform, title, blocks: [] };
        section.tabs.push(tab);
      } else {
        fail(id, `heading "${title}": ### is for platforms under ## Fix, and there is nothing deeper`);
      }
      continue;
    }
    const block = toBlock(token, id);
    if (!block) continue;
    if (recipe.title === '') fail(id, 'the file must start with a title (# …)');
    (tab ?? section ?? { blocks: recipe.lead }).blocks.push(block);
  }
  if (recipe.title === '') fail(id, 'the file must start with a title (# …)');
  return recipe;
}

function fail(id: string, message: string): never {
  throw new RecipeError(`${id}.md: ${message}`);
}

/** Headings are used as names (of tabs, of sections), so they are plain text. */
function plainHeading(token: Tokens.Heading, id: string): string {
  const inlines = toInlines(token.tokens, id);
  const [only] = inlines;
  if (inlines.length !== 1 || only?.type !== 'text') fail(id, `heading "${token.text}" must be plain text`);
  return only.text;
}

function toBlocks(tokens: Token[], id: string): Block[] {
  return (tokens as MarkedToken[]).flatMap((token) => toBlock(token, id) ?? []);
}

/** Null for what carries nothing: blank lines and link definitions, which marked has resolved already. */
function toBlock(token: MarkedToken, id: string): Block | null {
  switch (token.type) {
    case 'space':
    case 'def':
      return null;
    case 'paragraph':
      return { type: 'paragraph', inlines: toInlines(token.tokens, id) };
    case 'text':
      // The body of an item in a list without blank lines.
      return { type: 'paragraph', inlines: toInlines(token.tokens ?? [token], id) };
    case 'list':
      if (token.ordered && token.start !== 1) fail(id, 'a numbered list starts at 1');
      return {
        type: 'list',
        ordered: token.ordered,
        items: token.items.map((item) => toBlocks(item.tokens, id)),
      };
    case 'code':
      return toCode(token, id);
    case 'blockquote':
      return { type: 'quote', blocks: toBlocks(token.tokens, id) };
    case 'table':
      if (token.align.some((align) => align !== null)) fail(id, 'tables have no column alignment');
      return {
        type: 'table',
        header: token.header.map((cell) => toInlines(cell.tokens, id)),
        rows: token.rows.map((row) => row.map((cell) => toInlines(cell.tokens, id))),
      };
    default:
      return fail(id, `no ${token.type} here: ${excerpt(token.raw)}`);
  }
}

function toCode(token: Tokens.Code, id: string): Block {
  const [language, ...rest] = (token.lang ?? '').split(/\s+/);
  if (!language) fail(id, `code without a language: ${excerpt(token.text)}`);
  const context = rest.join(' ');
  return { type: 'code', language, text: token.text, ...(context ? { context } : {}) };
}

function toInlines(tokens: Token[], id: string): Inline[] {
  const inlines: Inline[] = [];
  for (const token of tokens as MarkedToken[]) {
    const inline = toInline(token, id);
    const last = inlines.at(-1);
    // An escaped character is a token of its own; to a reader it is one run of text.
    if (inline.type === 'text' && last?.type === 'text') last.text += inline.text;
    else inlines.push(inline);
  }
  return inlines;
}

function toInline(token: MarkedToken, id: string): Inline {
  switch (token.type) {
    case 'text':
      if (/&(#\w+|\w+);/.test(token.raw))
        fail(id, `write the character, not an entity: ${excerpt(token.raw)}`);
      return { type: 'text', text: token.text.replace(/\s*\n\s*/g, ' ') };
    case 'escape':
      return { type: 'text', text: token.text };
    case 'codespan':
      return { type: 'code', text: token.text };
    case 'strong':
      return { type: 'strong', inlines: toInlines(token.tokens, id) };
    case 'em':
      return { type: 'emphasis', inlines: toInlines(token.tokens, id) };
    case 'link':
      if (token.title) fail(id, `a link has no title: ${excerpt(token.raw)}`);
      return { type: 'link', href: toHref(token.href, id), inlines: toInlines(token.tokens, id) };
    default:
      return fail(id, `no ${token.type} here: ${excerpt(token.raw)}`);
  }
}

/**
 * Links between the files work in any Markdown viewer (`idle-cut.md`, `documents/002_….md`); front ends get
 * `recipe:<id>` and `document:<id>` instead, because there are no files beside them. Everything else is https.
 */
function toHref(href: string, id: string): string {
  if (/^https:\/\/[^\s]+$/.test(href)) return href;
  const match = /^(?:\.\.\/)?(documents\/)?([\w-]+)\.md$/.exec(href);
  if (!match) fail(id, `a link is https or to another recipe: ${excerpt(href)}`);
  const kind = match[1] || /^\d{3}_/.test(match[2] ?? '') ? 'document' : 'recipe';
  return `${kind}:${match[2]}`;
}

function excerpt(text: string): string {
  const line = text.trim().split('\n')[0] ?? '';
  return line.length > 60 ? `${line.slice(0, 60)}…` : line;
}
