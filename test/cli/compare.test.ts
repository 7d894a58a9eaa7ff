import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ComparisonJson } from '../../src/exchange/comparison-json';
import { stringifyTrace } from '../../src/trace/file';
import type { Trace } from '../../src/trace/types';
import { drawTrace } from '../support/draw';
import { streamgauge } from './support/streamgauge';

const folder = mkdtempSync(join(tmpdir(), 'streamgauge-compare-'));
const file = (name: string, trace: Trace) => {
  const path = join(folder, name);
  writeFileSync(path, stringifyTrace(trace));
  return path;
};

let local: string;
let staging: string;
let elsewhere: string;
let empty: string;

beforeAll(() => {
  local = file(
    'local.json',
    drawTrace(`ask fetch POST http://localhost:8000/api/chat / accept: text/event-stream / cookie: sid=hunter2hunter2
      120 headers 200 text/event-stream / server: uvicorn / cache-control: no-cache / protocol=http/1.1
      +75x41 data {"token":"word-{n}","at":{at 200+75}}
      +5 end`),
  );
  staging = file(
    'staging.json',
    drawTrace(`ask fetch POST https://stage.example.org/api/chat?token=hunter2hunter2 / accept: text/event-stream
      3300 headers 200 text/event-stream / server: nginx/1.22.1 / protocol=h2
      +0x41 data {"token":"word-{n}","at":{at 240+75}}
      +3 end`),
  );
  elsewhere = file(
    'elsewhere.json',
    drawTrace('ask GET https://other.test/nothing | 10 headers 200 text/plain | end'),
  );
  empty = file('empty.json', drawTrace([]));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('streamgauge compare', () => {
  it('says what differs and what it points to', async () => {
    const ran = await streamgauge(['compare', local, staging]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(
      /^▲ Staging delivers the 41 events of POST \/api\/chat in one burst 3\.\d+ s later than local: nginx\/1\.22\.1 in between holds the answer back \(buffered-stream appeared\)\.\n/,
    );
  });

  it('says so when the two have no endpoint in common', async () => {
    const ran = await streamgauge(['compare', local, elsewhere]);
    expect(ran.status).toBe(2);
    expect(ran.stdout).toMatch(
      /^■ They cannot be compared\. They have no endpoint in common: local called POST \/api\/chat, elsewhere called GET \/nothing\.\n$/,
    );
  });

  it('prints one object for scripts, without secrets', async () => {
    const ran = await streamgauge([
      'compare',
      local,
      staging,
      '--json',
      '--map',
      'localhost:8000=stage.example.org',
    ]);
    expect(ran.status).toBe(0);
    expect(ran.stdout).not.toContain('hunter2');
    const json = JSON.parse(ran.stdout) as ComparisonJson;
    expect(json).toMatchObject({
      format: 'streamgauge-comparison',
      version: 1,
      verdict: 'differs',
      hosts: [{ a: 'localhost:8000', b: 'stage.example.org', how: 'given' }],
    });
    expect(json.pairs[0]!.events).toMatchObject({ by: 'content', matched: 41 });
    expect(json.findings.appeared.map(({ id }) => id)).toContain('buffered-stream');
  });

  it('saves it as one page to show to others, and says in the terminal what it says there', async () => {
    const path = join(folder, 'comparison.html');
    const ran = await streamgauge(['compare', local, staging, '--out', path]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const sentence = /^▲ (.*)$/m.exec(ran.stdout)![1]!;
    const page = readFileSync(path, 'utf8');
    expect(page).toContain(sentence);
    expect(page).toContain('<path class="curve second"');
    expect(page).not.toContain('hunter2');
  });

  it.each([
    [
      'the file as HTML by its ending, and prints JSON',
      ['--json', '--out', 'c.html'],
      '<!doctype html>',
      '{',
    ],
    ['the file as JSON by its ending', ['--out', 'c.json'], '{', '▲'],
    ['the file in the format that is named', ['--out', 'c.txt', '--format', 'html'], '<!doctype html>', '▲'],
    ['a page to standard output', ['--format', 'html'], null, '<!doctype html>'],
    ['JSON to standard output', ['--format', 'json'], null, '{'],
  ])('writes %s', async (_, options, file, printed) => {
    const args = options.map((one) => (one.startsWith('c.') ? join(folder, one) : one));
    const ran = await streamgauge(['compare', local, staging, ...args]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout.startsWith(printed)).toBe(true);
    const out = args.find((one) => one.startsWith(folder));
    if (file !== null) expect(readFileSync(out!, 'utf8').startsWith(file)).toBe(true);
  });

  it('keeps secrets only when it is asked to', async () => {
    const json = async (...options: string[]) =>
      (await streamgauge(['compare', local, staging, '--json', ...options])).stdout;
    expect(await json()).not.toContain('hunter2');
    expect(await json('--no-redact')).toContain('hunter2');
  });

  it('fails a pipeline when it is asked to', async () => {
    expect((await streamgauge(['compare', local, staging, '--fail-on', 'error'])).status).toBe(1);
    expect((await streamgauge(['compare', staging, local, '--fail-on', 'error'])).status).toBe(0);
    const same = await streamgauge(['compare', local, local]);
    expect(same).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('✓ The one request that both made came alike'),
    });
  });

  it.each<[string, () => string[], RegExp]>([
    ['one file', () => [local], /takes two/],
    ['three files', () => [local, staging, local], /takes two/],
    ['standard input twice', () => ['-', '-'], /only once/],
    ['two things for standard output', () => [local, staging, '--json', '--format', 'html'], /use one/],
    ['a format that is none', () => [local, staging, '--format', 'pdf'], /html or json, not "pdf"/],
    ['an ending that says nothing', () => [local, staging, '--out', 'x.doc'], /\.html or \.json/],
    ['to hide and to keep', () => [local, staging, '--hide', '$.a', '--no-redact'], /use one of them/],
    [
      'a file that cannot be written',
      () => [local, staging, '--out', join(folder, 'none', 'c.html')],
      /c\.html cannot be written/,
    ],
    ['a mapping without a host', () => [local, staging, '--map', 'localhost'], /HOST=HOST/],
    [
      'a missing file',
      () => [local, join(folder, 'gone.json')],
      /gone\.json cannot be read: there is no such file/,
    ],
  ])('refuses %s in one line', async (_, args, message) => {
    const ran = await streamgauge(['compare', ...args()]);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
  });

  it('says that an empty recording holds nothing', async () => {
    const ran = await streamgauge(['compare', local, empty]);
    expect(ran).toMatchObject({ status: 2, stdout: '■ They cannot be compared. empty holds no request.\n' });
  });
});
