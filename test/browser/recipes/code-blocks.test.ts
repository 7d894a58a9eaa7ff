import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { format as gofmt } from '@wasm-fmt/gofmt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { createCertificate } from '../../lab/certificate.ts';
import { type RecipeCode, recipeCode } from './recipe-code.ts';

/*
 * Every code block of every recipe goes through the tool that would read it:
 *
 *   nginx               nginx -t, inside a minimal configuration of the block's level
 *   haproxy             haproxy -c, with a front end before it
 *   bash                bash -n (syntax; nothing is run)
 *   python              py_compile
 *   js, ts              tsc, with the real types of the browser, Node, Socket.IO and eventsource-parser. What is the
 *                       reader's own is declared in reader.d.ts. This finds misspelt options, not only bad syntax.
 *   go                  gofmt, the real one as WebAssembly: no Go compiler is needed, and types are not checked
 *   yaml, json          a parser
 *   text                nothing: output, headers, and the few formats no tool here reads
 */

const ROOT = resolve(import.meta.dirname, '../../..');
const blocks = recipeCode();
const work = mkdtempSync(join(tmpdir(), 'streamgauge-recipes-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

const certificate = createCertificate(['stage.example.com']);
writeFileSync(join(work, 'certificate.pem'), `${certificate.cert}${certificate.key}`);

const inLanguage = (...languages: string[]) => blocks.filter((block) => languages.includes(block.language));
const fileOf = (block: RecipeCode, extension: string) =>
  join(work, `${blocks.indexOf(block)}-${block.name.replace(/[^\w-]+/g, '_')}.${extension}`);

function run(command: string, args: string[]): { status: number | null; output: string } {
  // Debian keeps servers where ordinary users do not look.
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: 100_000,
    env,
  });
  return { status, output: `${stdout ?? ''}${stderr ?? ''}${error ?? ''}` };
}

const isThere = (command: string, ...args: string[]) => run(command, args).status === 0;

/** Recipes name ports and certificates as a server has them; checks must not need a free port or root. */
function onThisMachine(text: string): string {
  return text
    .replace(/\blisten \d+/g, `listen unix:${work}/nginx.sock`)
    .replace(/\bbind (?:[\d.]*:)\d+/g, `bind unix@${work}/haproxy-front.sock`)
    .replace(/\/etc\/ssl\/[\w.]+/g, join(work, 'certificate.pem'));
}

/** A suite that needs a tool: skipped by name on a machine without it, failed there when CI says all must run. */
function describeWith(tool: string, there: boolean, body: () => void): void {
  if (there) describe(tool, body);
  else if (process.env.CI === 'true') it(`${tool} is installed`, () => expect.fail(`${tool} is missing`));
  else describe.skip(`${tool} (not installed)`, body);
}

describe('languages', () => {
  const known = ['nginx', 'haproxy', 'bash', 'python', 'js', 'ts', 'go', 'yaml', 'json', 'text'];

  it('sees the recipes', () => {
    expect(blocks.length).toBeGreaterThan(100);
    expect(new Set(blocks.map((block) => block.name)).size).toBe(blocks.length);
  });

  it.each(blocks)('$name is in a language that is checked', ({ language }) => {
    expect(known).toContain(language);
  });
});

describeWith('nginx', isThere('nginx', '-v'), () => {
  const wrap: Record<string, (text: string) => string> = {
    http: (text) => text,
    server: (text) =>
      `server { ${/\blisten\b/.test(text) ? '' : `listen unix:${work}/nginx.sock;`} ${text}\n}`,
    location: (text) => `server { listen unix:${work}/nginx.sock; location /streamgauge { ${text}\n} }`,
  };

  it.each(inLanguage('nginx'))('$name', (block) => {
    const body = wrap[block.context ?? ''];
    if (!body) return expect.fail(`say where it belongs: nginx ${Object.keys(wrap).join(', nginx ')}`);
    const file = fileOf(block, 'conf');
    writeFileSync(
      file,
      `pid ${work}/nginx.pid; error_log stderr;
       events {}
       http {
         access_log off;
         ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((one) => `${one}_temp_path ${work}/${one};`).join('\n')}
         ${body(onThisMachine(block.text))}
       }\n`,
    );
    expect(run('nginx', ['-t', '-q', '-p', work, '-c', file])).toEqual({ status: 0, output: '' });
  });
});

describeWith('haproxy', isThere('haproxy', '-v'), () => {
  it.each(inLanguage('haproxy'))('$name', (block) => {
    const file = fileOf(block, 'cfg');
    const before = /^defaults/m.test(block.text)
      ? ''
      : 'defaults\n mode http\n timeout connect 5s\n timeout client 75s\n timeout server 75s\n';
    const after = `\nlisten streamgauge\n bind unix@${work}/haproxy.sock\n`;
    writeFileSync(file, `${before}${onThisMachine(block.text)}${after}`);
    const { status, output } = run('haproxy', ['-c', '-f', file]);
    expect(status, output).toBe(0);
    expect(output).not.toMatch(/WARNING|ALERT/);
  });
});

describeWith('bash', isThere('bash', '--version'), () => {
  it.each(inLanguage('bash'))('$name', (block) => {
    const file = fileOf(block, 'sh');
    writeFileSync(file, `${block.text}\n`);
    expect(run('bash', ['-n', file])).toEqual({ status: 0, output: '' });
  });
});

describeWith('python3', isThere('python3', '--version'), () => {
  const errors = new Map<string, string>();
  beforeAll(() => {
    const files = inLanguage('python').map((block) => {
      const file = fileOf(block, 'py');
      writeFileSync(file, `${block.text}\n`);
      return file;
    });
    const script = `
import json, py_compile, sys
found = {}
for path in sys.argv[1:]:
    try:
        py_compile.compile(path, doraise=True, cfile=path + "c")
    except py_compile.PyCompileError as error:
        found[path] = error.msg
print(json.dumps(found))`;
    const { status, output } = run('python3', ['-W', 'error', '-c', script, ...files]);
    expect(status, output).toBe(0);
    for (const [file, message] of Object.entries<string>(JSON.parse(output))) errors.set(file, message);
  });

  it.each(inLanguage('python'))('$name', (block) => {
    expect(errors.get(fileOf(block, 'py'))).toBeUndefined();
  });
});

describe('tsc', () => {
  const errors = new Map<string, string[]>();
  const folder = join(work, 'script');
  const scripts = inLanguage('js', 'ts');
  const nameOf = (block: RecipeCode) => `${blocks.indexOf(block)}.${block.language}`;

  beforeAll(() => {
    mkdirSync(folder);
    symlinkSync(join(ROOT, 'node_modules'), join(work, 'node_modules'));
    writeFileSync(
      join(folder, 'wrong.js'),
      "import { io } from 'socket.io-client';\nio('/', { transport: ['polling'] });\n",
    );
    for (const block of scripts) writeFileSync(join(folder, nameOf(block)), `${block.text}\n`);
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          target: 'es2023',
          lib: ['es2023', 'dom', 'dom.iterable', 'dom.asynciterable'],
          module: 'esnext',
          moduleResolution: 'bundler',
          moduleDetection: 'force',
          types: ['node'],
          allowJs: true,
          checkJs: true,
          strict: false,
          strictNullChecks: false,
          noEmit: true,
          skipLibCheck: true,
        },
        files: [join(import.meta.dirname, 'reader.d.ts'), 'wrong.js', ...scripts.map(nameOf)],
      }),
    );
    const { output } = run(process.execPath, [
      join(ROOT, 'node_modules/typescript/bin/tsc'),
      '-p',
      folder,
      '--pretty',
      'false',
    ]);
    for (const line of output.split('\n')) {
      const match = /(?:^|\/)(\w+\.[jt]s)\((\d+),\d+\): (.*)/.exec(line);
      if (match?.[1])
        errors.set(match[1], [...(errors.get(match[1]) ?? []), `line ${match[2]}: ${match[3]}`]);
      else if (/error TS/.test(line)) errors.set('', [...(errors.get('') ?? []), line]);
    }
  });

  it('reads every block, and knows a misspelt option', () => {
    expect(errors.get('')).toBeUndefined();
    expect(errors.get('wrong.js')?.join()).toContain("'transport' does not exist");
  });

  it.each(scripts)('$name', (block) => {
    expect(errors.get(nameOf(block))).toBeUndefined();
  });
});

describe('gofmt', () => {
  it('refuses what is not Go', () => {
    expect(() => gofmt('package p\nfunc {')).toThrow();
  });

  it.each(inLanguage('go'))('$name is Go as gofmt writes it', ({ text }) => {
    const source = `package recipe\n\n${text}\n`;
    expect(gofmt(source)).toBe(source);
  });
});

describe('parsers', () => {
  it.each(inLanguage('yaml'))('$name', ({ text }) => {
    const problems = parseAllDocuments(text).flatMap((document) => [
      ...document.errors,
      ...document.warnings,
    ]);
    expect(problems).toEqual([]);
  });

  it.each(inLanguage('json'))('$name', ({ text }) => {
    expect(() => JSON.parse(text)).not.toThrow();
  });
});
