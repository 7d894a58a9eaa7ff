import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const SRC = resolve(import.meta.dirname, '../../src');

/** Who may import whom inside src; a folder may always import itself. `type` marks arrows that carry types only. */
const MAY_IMPORT: Record<string, { any: string[]; type?: string[] }> = {
  lib: { any: [] },
  trace: { any: ['lib'] },
  decode: { any: ['lib', 'trace'] },
  diagnose: { any: ['lib', 'trace', 'decode'] },
  compare: { any: ['lib', 'trace', 'decode', 'diagnose'] },
  recipes: { any: [] },
  exchange: { any: ['lib', 'trace', 'decode', 'diagnose', 'recipes', 'compare'] },
  protocol: { any: ['lib'], type: ['trace'] },
  tap: { any: ['protocol', 'lib'] },
  bridge: { any: ['protocol', 'lib'] },
  background: { any: ['protocol', 'lib', 'bridge', 'tap'] },
  store: { any: ['lib', 'trace', 'decode', 'diagnose', 'protocol', 'exchange'] },
  views: { any: ['store', 'exchange', 'recipes', 'lib', 'trace', 'decode', 'diagnose', 'compare'] },
  devtools: { any: ['lib', 'protocol', 'store', 'exchange', 'trace'] },
  // `record` is a collector of its own: it keeps the store and injects tap and bridge as text.
  cli: {
    any: ['lib', 'trace', 'decode', 'diagnose', 'recipes', 'exchange', 'compare', 'store', 'protocol'],
  },
  build: { any: ['recipes'] },
};

const CORE = ['lib', 'trace', 'decode', 'diagnose', 'compare', 'recipes', 'exchange'];

/** Packages that only some folders may know. */
const PACKAGE_HOMES: Record<string, string[]> = {
  'webextension-polyfill': ['bridge', 'background', 'devtools', 'views/panel', 'views/dashboard'],
  preact: ['views'],
  '@preact/signals': ['views'],
  idb: ['views/dashboard'],
  'chart.js': ['views/charts'],
  'chartjs-plugin-zoom': ['views/charts'],
};

interface Import {
  file: string;
  specifier: string;
  typeOnly: boolean;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    if (statSync(path).isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(name) ? [path] : [];
  });
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  const pattern =
    /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm;
  for (const match of text.matchAll(pattern)) {
    found.push({ file, specifier: match[2] ?? match[3] ?? '', typeOnly: Boolean(match[1]) });
  }
  return found;
}

const files = sourceFiles(SRC);
const imports = files.flatMap(importsOf);
const folderOf = (path: string) => relative(SRC, path).split('/')[0] ?? '';

describe('import directions', () => {
  it('sees the source', () => {
    expect(files.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(20);
  });

  it('has a row for every folder of src', () => {
    const folders = readdirSync(SRC).filter((name) => statSync(join(SRC, name)).isDirectory());
    expect(folders.filter((name) => !(name in MAY_IMPORT))).toEqual([]);
  });

  it('holds for every relative import', () => {
    const wrong = imports.flatMap(({ file, specifier, typeOnly }) => {
      if (!specifier.startsWith('.')) return [];
      const from = folderOf(file);
      const to = folderOf(resolve(dirname(file), specifier));
      const rules = MAY_IMPORT[from] ?? { any: [] };
      const fine = from === to || rules.any.includes(to) || (typeOnly && rules.type?.includes(to));
      return fine ? [] : [`${relative(SRC, file)} imports ${specifier}: ${from} may not import ${to}`];
    });
    expect(wrong).toEqual([]);
  });

  it('keeps rules from importing rules', () => {
    const wrong = imports.filter(
      ({ file, specifier }) =>
        /diagnose\/rules\//.test(file) &&
        specifier.startsWith('.') &&
        /diagnose\/rules\//.test(resolve(dirname(file), specifier)),
    );
    expect(wrong).toEqual([]);
  });

  it('keeps packages in their folders, and Node in the command line and the build', () => {
    const wrong = imports.flatMap(({ file, specifier }) => {
      const place = relative(SRC, file);
      const home = PACKAGE_HOMES[specifier];
      if (home && !home.some((one) => place.startsWith(`${one}/`))) return [`${place} imports ${specifier}`];
      if (specifier.startsWith('node:') && !/^(cli|build)\//.test(place))
        return [`${place} imports ${specifier}`];
      return [];
    });
    expect(wrong).toEqual([]);
  });

  it('keeps clocks, randomness and browser APIs out of the core', () => {
    const banned =
      /\b(Date\.now|new Date\(\)|performance\.now|Math\.random|document\.|window\.|chrome\.|browser\.|localStorage|fetch\()/;
    const wrong = files
      .filter((file) => CORE.includes(folderOf(file)))
      .flatMap((file) =>
        readFileSync(file, 'utf8')
          .split('\n')
          .flatMap((line, index) => {
            const code = line.replace(/\/\/.*$|^\s*\*.*$|\/\*.*?\*\/|'[^']*'|`[^`]*`|"[^"]*"/g, '');
            return banned.test(code) ? [`${relative(SRC, file)}:${index + 1} ${line.trim()}`] : [];
          }),
      );
    expect(wrong).toEqual([]);
  });
});
