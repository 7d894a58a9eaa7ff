import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const ROOT = resolve(import.meta.dirname, '../..');
const readJson = <Content>(path: string) => JSON.parse(readFileSync(join(ROOT, path), 'utf8')) as Content;

interface Package {
  scripts: Record<string, string>;
  dependencies?: Record<string, string>;
  devDependencies: Record<string, string>;
}
interface Lock {
  packages: Record<
    string,
    { optionalDependencies?: Record<string, string>; peerDependencies?: Record<string, string> }
  >;
}

const own = readJson<Package>('package.json');
const lock = readJson<Lock>('package-lock.json');

/** Everything that can import a package or run its program. */
function codeFiles(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return codeFiles(path);
    return /\.(tsx?|mjs)$/.test(entry.name) ? [path] : [];
  });
}

const code = [...['src', 'test', '.ci'].flatMap(codeFiles), 'vite.config.ts']
  // This file names packages without using them; so do tests that forbid imports.
  .filter((path) => !path.startsWith(join('test', 'architecture')))
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n');
const scripts = Object.values(own.scripts).join('\n');
const names = Object.keys({ ...own.dependencies, ...own.devDependencies });

const escaped = (name: string) => name.replace(/[/.*+?^${}()|[\]\\]/g, '\\$&');

/** Imported, resolved for its files (`axe-core/axe.min.js`), or run by its path under node_modules. */
function isInCode(name: string): boolean {
  const spec = `${escaped(name)}(?:/[^'"]*)?['"]`;
  return new RegExp(`(?:from\\s+|import\\s+|import\\(\\s*|resolve\\(\\s*|script:\\s*)['"]${spec}`).test(code);
}

/** A program that a script of package.json calls; packages name theirs after themselves. */
function isInScripts(name: string): boolean {
  return new RegExp(`(?:^|\\s)${escaped(name.split('/').pop() ?? name)}(?:\\s|$)`, 'm').test(scripts);
}

/** Asked for by a package of ours that does not bring it along itself. */
function isPeer(name: string): boolean {
  return names.some(
    (other) => isInCode(other) && name in (lock.packages[`node_modules/${other}`]?.peerDependencies ?? {}),
  );
}

function isUsed(name: string): boolean {
  if (!name.startsWith('@types/')) return isInCode(name) || isInScripts(name) || isPeer(name);
  const described = name.slice('@types/'.length);
  const { types } = readJson<{ compilerOptions: { types: string[] } }>('tsconfig.json').compilerOptions;
  return types.includes(described) || isInCode(described);
}

describe('package.json', () => {
  it.each(names)('needs %s', (name) => {
    expect(isUsed(name)).toBe(true);
  });

  it('can tell that a package is not used', () => {
    expect(['left-pad', '@types/left-pad', 'pre', 'socket'].filter(isUsed)).toEqual([]);
  });

  it('has a lock file for every system that Biome is built for', () => {
    // npm leaves out the builds of other systems when it writes a lock file over an existing node_modules.
    const biome = lock.packages['node_modules/@biomejs/biome'];
    const builds = Object.keys(biome?.optionalDependencies ?? {});
    expect(builds.length).toBeGreaterThan(1);
    expect(builds.filter((name) => !lock.packages[`node_modules/${name}`])).toEqual([]);
  });
});

describe('the pages for people', () => {
  it.each(['README.md', 'CONTRIBUTING.md'])('%s links only to files that are there', (page) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    const links = [...text.matchAll(/\]\(([^)\s#]+)[^)]*\)/g)].map((match) => match[1] ?? '');
    const local = links.filter((link) => !/^[a-z]+:/.test(link));
    expect(local.filter((link) => !existsSync(join(ROOT, dirname(page), link)))).toEqual([]);
    const named = [...text.matchAll(/`((?:src|test|\.ci)\/[\w./-]+)`/g)].map((match) => match[1] ?? '');
    expect(named.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('README.md has a picture of the panel that loads quickly', () => {
    expect(statSync(join(ROOT, 'public/panel.png')).size).toBeLessThan(200 * 1024);
  });

  it('README.md names scripts that are there', () => {
    const text =
      readFileSync(join(ROOT, 'README.md'), 'utf8') + readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8');
    const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '');
    expect(named.filter((name) => !(name in own.scripts))).toEqual([]);
  });
});
