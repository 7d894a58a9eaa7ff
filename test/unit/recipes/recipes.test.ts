import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../../src/diagnose/catalogue.ts';
import { LIMITS } from '../../../src/diagnose/limits-table.ts';
import { PLATFORMS } from '../../../src/diagnose/platforms.ts';
import {
  type Block,
  DOCUMENTS,
  documentOf,
  type Inline,
  RECIPES,
  type Recipe,
  recipeOf,
  searchRecipes,
} from '../../../src/recipes/index.ts';
import { RULE_IDS } from '../../../src/trace/ids.ts';

const FILES = [
  '000_f43a27df2c069156.txt',
  '001_ca2a4bd3fe6f607d.txt',
  '002_1ebeed7eb15dba47.txt',
  '003_e4d6598c67b82dc6.txt',
  '004_eabe6d93a2f6ee54.txt',
];

const section = (recipe: Recipe, role: string) => recipe.sections.find((one) => one.role === role);

/** Every block below, in order, those of lists and quotes included. */
function allBlocks(blocks: Block[]): Block[] {
  return blocks.flatMap((block) => {
    if (block.type === 'list') return [block, ...block.items.flatMap(allBlocks)];
    if (block.type === 'quote') return [block, ...allBlocks(block.blocks)];
    return [block];
  });
}
const pageBlocks = (recipe: Recipe) =>
  allBlocks([
    ...recipe.lead,
    ...recipe.sections.flatMap((one) => [...one.blocks, ...one.tabs.flatMap((tab) => tab.blocks)]),
  ]);

function linksOf(blocks: Block[]): string[] {
  const inInlines = (inlines: Inline[]): string[] =>
    inlines.flatMap((inline) => {
      if (inline.type === 'link') return [inline.href];
      return inline.type === 'strong' || inline.type === 'emphasis' ? inInlines(inline.inlines) : [];
    });
  return allBlocks(blocks).flatMap((block) => {
    if (block.type === 'paragraph') return inInlines(block.inlines);
    if (block.type === 'table') return [block.header, ...block.rows].flat().flatMap(inInlines);
    return [];
  });
}

const documentsNamedBy = (recipe: Recipe) => [
  ...new Set(
    linksOf(section(recipe, 'source')?.blocks ?? []).flatMap((href) =>
      href.startsWith('document:') ? [`${href.slice('document:'.length)}.txt`] : [],
    ),
  ),
];

describe('the catalogue', () => {
  it('has one recipe for each finding, in its order', () => {
    expect(RECIPES.map((recipe) => recipe.id)).toEqual([...RULE_IDS]);
  });

  it('has every file of the folder', () => {
    const files = readdirSync(resolve(import.meta.dirname, '../../../src/recipes'));
    const recipes = files.filter((file) => file.endsWith('.md') && file !== 'README.md');
    expect(recipes).toHaveLength(RECIPES.length);
  });

  it('gives each recipe a title of its own', () => {
    expect(new Set(RECIPES.map((recipe) => recipe.title)).size).toBe(RECIPES.length);
  });
});

describe.each(RECIPES)('$id', (recipe) => {
  it('has a lead and the six sections, in order, none of them empty', () => {
    expect(recipe.lead.length).toBeGreaterThan(0);
    expect(recipe.sections.map((one) => one.role)).toEqual([
      'see',
      'why',
      'confirm',
      'fix',
      'check',
      'source',
    ]);
    for (const one of recipe.sections) expect([...one.blocks, ...one.tabs].length).toBeGreaterThan(0);
  });

  it('has tabs with something in them, for platforms that exist', () => {
    const tabs = section(recipe, 'fix')?.tabs ?? [];
    expect(tabs.length).toBeGreaterThan(0);
    for (const tab of tabs) {
      expect(PLATFORMS).toHaveProperty(tab.platform);
      expect(tab.blocks.length, tab.title).toBeGreaterThan(0);
    }
  });

  it('says how to make sure with something to run, and checks the result with curl -N', () => {
    const code = (role: string) =>
      allBlocks(section(recipe, role)?.blocks ?? []).flatMap((block) =>
        block.type === 'code' ? [block] : [],
      );
    expect(code('confirm').length).toBeGreaterThan(0);
    expect(code('check').some((block) => /curl .*-N\b/.test(block.text))).toBe(true);
  });

  it('names the documents it comes from, which name it back', () => {
    const named = documentsNamedBy(recipe);
    expect(named.length).toBeGreaterThan(0);
    for (const file of named) expect(documentOf(file)?.findings, file).toContain(recipe.id);
  });
});

it.each(RULES)('the recipe of the rule $id answers the documents that the rule names', ({ id, sources }) => {
  const recipe = recipeOf(id);
  expect(recipe && documentsNamedBy(recipe)).toEqual(expect.arrayContaining(sources));
});

describe('platforms that a finding can name have a tab', () => {
  const platformsOf = (id: string) => section(recipeOf(id)!, 'fix')?.tabs.map((tab) => tab.platform);

  it.each(LIMITS)('$name', ({ platform, kind, statuses, carries }) => {
    if (statuses.length > 0 && carries !== 'websocket')
      expect(platformsOf('gateway-timeout')).toContain(platform);
    if (kind === 'idle') expect(platformsOf('idle-cut')).toContain(platform);
    if (kind === 'total') expect(platformsOf('duration-cap')).toContain(platform);
  });
});

describe('documents', () => {
  it('are the five', () => {
    expect(DOCUMENTS.map((page) => page.file)).toEqual(FILES);
  });

  it.each(DOCUMENTS)('$file says what it reported, what answers it, what holds and what does not', (page) => {
    expect(page.sections.map((one) => one.title)).toEqual([
      'What it reported',
      'Findings that answer it',
      'What holds',
      'What does not, and why',
    ]);
    for (const one of page.sections) expect(one.blocks.length).toBeGreaterThan(0);
  });

  it.each(DOCUMENTS)('$file names findings whose recipes name it', (page) => {
    expect(page.findings.length).toBeGreaterThan(2);
    for (const id of page.findings) {
      const recipe = recipeOf(id);
      expect(recipe, id).not.toBeNull();
      expect(recipe && documentsNamedBy(recipe), id).toContain(page.file);
    }
  });

  it('are found by id and by file name', () => {
    expect(documentOf('003_e4d6598c67b82dc6')).toBe(documentOf('003_e4d6598c67b82dc6.txt'));
    expect(documentOf('006_0000000000000000.txt')).toBeNull();
  });
});

it.each([...RECIPES, ...DOCUMENTS])('links of $id lead somewhere', (page) => {
  for (const href of linksOf(pageBlocks(page))) {
    const [kind, name = ''] = href.split(':');
    if (kind === 'recipe') expect(recipeOf(name), href).not.toBeNull();
    else if (kind === 'document') expect(documentOf(name), href).not.toBeNull();
    else expect(new URL(href).protocol).toBe('https:');
  }
});

describe('recipeOf', () => {
  it.each(['', 'nothing', 'constructor', '__proto__', 'README'])('has nothing for %j', (id) => {
    expect(recipeOf(id)).toBeNull();
  });
});

describe('searchRecipes', () => {
  const ids = (query: string) => searchRecipes(query).map((recipe) => recipe.id);

  it.each(['', '   '])('finds everything for %j', (query) => {
    expect(ids(query)).toEqual([...RULE_IDS]);
  });

  it('wants every word, in any case', () => {
    expect(ids('NGINX gzip')).toContain('compressed-stream');
    expect(ids('gzip AWSALBCORS')).toEqual([]);
  });

  it('puts names first', () => {
    expect(ids('ping-timeout')[0]).toBe('ping-timeout');
    expect(ids('session id unknown')[0]).toBe('unknown-session');
    expect(ids('ERR_HTTP2_PROTOCOL_ERROR')[0]).toBe('http2-protocol-error');
  });

  it('takes what a person pastes', () => {
    expect(ids('.*[')).toEqual([]);
    expect(ids('proxy_read_timeout 60s')).toContain('websocket-first');
  });
});
