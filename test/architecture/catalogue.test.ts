import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { RULES } from '../../src/diagnose/catalogue';
import { RULE_IDS } from '../../src/trace/ids';

const ROOT = resolve(import.meta.dirname, '../..');
const FILES = readdirSync(join(ROOT, 'src/diagnose/rules'))
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.slice(0, -'.ts'.length));
const SOURCES = [
  '000_f43a27df2c069156.txt',
  '001_ca2a4bd3fe6f607d.txt',
  '002_1ebeed7eb15dba47.txt',
  '003_e4d6598c67b82dc6.txt',
  '004_eabe6d93a2f6ee54.txt',
];

const filesUnder = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.test.ts')) : [];

describe('the catalogue', () => {
  it('has a rule for every id, in the order of the ids', () => {
    expect(RULES.map(({ id }) => id)).toEqual([...RULE_IDS]);
  });

  it('registers every rule file, under its own name', () => {
    expect(RULES.map(({ id }) => id).sort()).toEqual([...FILES].sort());
    const wrong = FILES.filter((name) => {
      const text = readFileSync(join(ROOT, `src/diagnose/rules/${name}.ts`), 'utf8');
      return !text.includes(`id: '${name}'`);
    });
    expect(wrong).toEqual([]);
  });

  it.each(RULES.map((rule) => [rule.id, rule] as const))(
    '%s is described, tested and has a recipe',
    (id, rule) => {
      expect(rule.title).toMatch(/^[A-Z].*[^.]$/);
      expect(rule.sources.length).toBeGreaterThan(0);
      for (const source of rule.sources) expect(SOURCES).toContain(source);
      for (const explained of rule.explains ?? []) expect(RULE_IDS).toContain(explained);

      const folder = join(ROOT, `test/rules/${id}`);
      const tests = filesUnder(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
      expect(tests.length, `test/rules/${id} has no test`).toBeGreaterThan(0);
      // A positive case expects a finding's severity or fields; a negative one expects silence in one of these ways.
      const text = tests.join('\n');
      expect(text, `${id}: no positive case`).toMatch(
        /'?(?:error|warning|info)(?: |'| proven| likely)|\.finding\b|findingOf|severity/,
      );
      expect(text, `${id}: no negative case`).toMatch(
        /'silent'|'pass'|'inapplicable'|toBeUndefined\(\)|toBeNull\(\)|toEqual\(\[\]\)|toBe\(null\)|toHaveLength\(0\)/,
      );
      if (
        existsSync(join(ROOT, 'src/recipes')) &&
        readdirSync(join(ROOT, 'src/recipes')).some((f) => f.endsWith('.md'))
      ) {
        expect(existsSync(join(ROOT, `src/recipes/${id}.md`)), `src/recipes/${id}.md`).toBe(true);
      }
    },
  );
});
