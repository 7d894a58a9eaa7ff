import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ensureCommandBuilt } from '../e2e/support/built';
import { harEntry, harFile } from '../support/har';
import { type Ran, streamgauge } from './support/streamgauge';

const FIXTURES = resolve(import.meta.dirname, '../fixtures');

/** 41 events that were sent over four seconds and came together, as DevTools writes it: no event times, all in `wait`. */
const held = harEntry({
  url: 'https://stage.example.org/chat?access_token=swordfish42',
  method: 'POST',
  contentType: 'text/event-stream',
  wait: 4200,
  receive: 2,
  text: Array.from({ length: 41 }, (_, n) => `data: {"n":${n},"ts":${1_772_359_200_000 + n * 100}}\n\n`).join(
    '',
  ),
  responseHeaders: { server: 'nginx/1.22.1', 'cache-control': 'no-cache, no-transform' },
});
const slow = harEntry({
  url: 'https://stage.example.org/slow',
  contentType: 'text/event-stream',
  wait: 8000,
  receive: 3000,
  events: Array.from({ length: 30 }, (_, n) => [8000 + n * 100, `{"n":${n}}`]),
  responseHeaders: { 'cache-control': 'no-cache, no-transform' },
});
const fine = harEntry({
  url: 'https://stage.example.org/api/me',
  contentType: 'application/json',
  text: '{}',
});

let folder: string;
const at = (name: string) => join(folder, name);
const har = (...entries: unknown[]) => JSON.stringify(harFile(entries));

beforeAll(async () => {
  await ensureCommandBuilt();
  folder = mkdtempSync(join(tmpdir(), 'streamgauge-diagnose-'));
  writeFileSync(at('held.har'), har(fine, held));
  writeFileSync(at('held.har.gz'), gzipSync(har(fine, held)));
  writeFileSync(at('slow.har'), har(slow));
  writeFileSync(at('fine.har'), har(fine));
  writeFileSync(at('cut.har'), har(fine, held).slice(0, 1000));
  writeFileSync(at('cut.har.gz'), gzipSync(har(fine, held)).subarray(0, 300));
  writeFileSync(
    at('binary'),
    Uint8Array.from({ length: 4096 }, (_, index) => (index * 197) % 256),
  );
  writeFileSync(at('empty'), '');
  writeFileSync(at('page.html'), '<!doctype html><title>Sign in</title>');
  writeFileSync(at('future.json'), '{"format":"streamgauge-trace","version":7}');
  writeFileSync(at('huge.har'), '');
  truncateSync(at('huge.har'), 500 * 1024 * 1024);
  mkdirSync(at('folder'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Report {
  format: string;
  version: number;
  files: {
    file: string;
    streams: number;
    findings: Record<string, unknown>[];
    incomplete: Record<string, unknown>[];
  }[];
}
const reportOf = ({ stdout }: Ran) => JSON.parse(stdout) as Report;
const idsOf = (ran: Ran) => reportOf(ran).files.map(({ findings }) => findings.map(({ id }) => id));

describe('diagnose --json', () => {
  it('prints the object that scripts rely on', async () => {
    const ran = await streamgauge(['diagnose', '--json', at('held.har')]);
    expect(ran).toMatchObject({ status: 1, stderr: '' });
    const report = reportOf(ran);
    expect(Object.keys(report)).toEqual(['format', 'version', 'files']);
    expect(report).toMatchObject({ format: 'streamgauge-findings', version: 1 });
    expect(report.files).toHaveLength(1);
    const [file] = report.files;
    expect(Object.keys(file!)).toEqual(['file', 'streams', 'findings', 'incomplete']);
    expect(file).toMatchObject({ file: at('held.har'), streams: 2 });
    const finding = file!.findings[0]!;
    expect(Object.keys(finding).sort()).toEqual(
      [
        'confidence',
        'evidence',
        'id',
        'recipe',
        'severity',
        'sources',
        'stream',
        'summary',
        'supersededBy',
        'verdict',
      ].sort(),
    );
    expect(finding).toMatchObject({
      id: 'buffered-stream',
      verdict: 'fail',
      severity: 'error',
      stream: {
        id: expect.any(String),
        kind: 'fetch',
        method: 'POST',
        url: expect.stringContaining('/chat'),
      },
      summary: expect.stringContaining('41 events'),
      supersededBy: null,
      recipe: 'buffered-stream',
      sources: ['002_1ebeed7eb15dba47.txt'],
    });
    for (const one of finding.evidence as Record<string, unknown>[]) {
      expect(one).toMatchObject({ label: expect.any(String), unit: expect.any(String) });
      expect(['number', 'string', 'boolean']).toContain(typeof one.value);
    }
    for (const one of file!.incomplete) expect(Object.keys(one).sort()).toEqual(['id', 'reason', 'stream']);
  });

  it('says the same of a file, its compressed form and standard input', async () => {
    const plain = await streamgauge(['diagnose', '--json', at('held.har')]);
    const packed = await streamgauge(['diagnose', '--json', at('held.har.gz')]);
    const piped = await streamgauge(['diagnose', '--json', '-'], { stdin: gzipSync(har(fine, held)) });
    const [{ file: _, ...expected }] = reportOf(plain).files as [Report['files'][number]];
    expect(reportOf(packed).files[0]).toEqual({ ...expected, file: at('held.har.gz') });
    expect(reportOf(piped).files[0]).toEqual({ ...expected, file: 'standard input' });
  });

  it('keeps the order of the files and leaves out those it could not read', async () => {
    const ran = await streamgauge(['diagnose', '--json', at('fine.har'), at('empty'), at('held.har')]);
    expect(ran.status).toBe(2);
    expect(reportOf(ran).files.map(({ file }) => file)).toEqual([at('fine.har'), at('held.har')]);
    expect(ran.stderr).toBe(`streamgauge: ${at('empty')} is empty. Export it again.\n`);
  });

  it('keeps secrets to itself', async () => {
    const json = await streamgauge(['diagnose', '--json', at('held.har')]);
    const text = await streamgauge(['diagnose', at('held.har')]);
    expect(json.stdout + text.stdout).toContain('/chat');
    expect(json.stdout + text.stdout).not.toContain('swordfish42');
  });
});

describe('the exit status', () => {
  it.each([
    ['held.har', [], 1],
    ['held.har', ['--fail-on', 'never'], 0],
    ['slow.har', ['--fail-on', 'error'], 0],
    ['slow.har', ['--fail-on=warning'], 1],
    ['fine.har', ['--fail-on', 'warning'], 0],
  ])('of %s with %j is %d', async (file, options, status) => {
    const ran = await streamgauge(['diagnose', ...options, at(file)]);
    expect(ran).toMatchObject({ status, stderr: '' });
  });
});

describe('diagnose as text', () => {
  it('says what is wrong, how it is known, and where the fix is', async () => {
    const { stdout } = await streamgauge(['diagnose', at('held.har')]);
    expect(stdout).toMatch(/held\.har {2}2 requests\n/);
    expect(stdout).toMatch(/■ 41 events arrived/);
    expect(stdout).toMatch(/error · buffered-stream · \w+ · POST https:\/\/stage\.example\.org\/chat/);
    expect(stdout).toContain('how to fix it: streamgauge recipes buffered-stream');
    expect(stdout).not.toContain('\u001b');
  });

  it('calls a healthy recording healthy', async () => {
    const { stdout } = await streamgauge(['diagnose', at('fine.har')]);
    expect(stdout).toContain('✓ nothing wrong was found');
  });

  it('shows control characters of a recording as what they are', async () => {
    const hostile = har({ ...held, request: { ...(held.request as object), method: '\u001b[2J\u202ePOST' } });
    const ran = await streamgauge(['diagnose', '-'], { stdin: hostile });
    expect(ran.stdout).toContain('\\u001b[2J');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they must not be there
    expect(ran.stdout + ran.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
  });

  it('ends quietly when its reader has seen enough', async () => {
    const command = await ensureCommandBuilt();
    const files = Array.from({ length: 200 }, () => at('held.har'));
    const child = spawn(process.execPath, [command, 'diagnose', ...files]);
    let complaint = '';
    child.stderr.on('data', (data: Buffer) => {
      complaint += data.toString();
    });
    child.stdout.once('data', () => child.stdout.destroy());
    await new Promise((done) => child.once('close', done));
    expect(complaint).toBe('');
  });
});

describe('what cannot be used', () => {
  it('is refused in one sentence for each file, and the others are still judged', async () => {
    const expected: [string, RegExp][] = [
      ['cut.har', /is cut off at line \d+, column \d+: the rest is missing\. Export it again\.$/],
      ['cut.har.gz', /is cut off/],
      ['binary', /is not text\. Open a HAR or trace file, plain or gzip\.$/],
      ['empty', /is empty\. Export it again\.$/],
      ['page.html', /is not JSON: it goes wrong at line 1, column 1\. Open a HAR or trace file\.$/],
      [
        'future.json',
        /cannot be opened\. This trace is version 7; this Streamgauge reads up to version \d+\. /,
      ],
      [
        'huge.har',
        /is 500 MB; at most 256 MB is read\. Record less, or export only the requests in question\.$/,
      ],
      ['folder', /is a folder; name a HAR or trace file in it\.$/],
      ['missing.har', /cannot be read: there is no such file\.$/],
    ];
    const ran = await streamgauge(['diagnose', ...expected.map(([name]) => at(name)), at('held.har')]);
    expect(ran.status).toBe(2);
    const lines = ran.stderr.trimEnd().split('\n');
    expect(lines).toHaveLength(expected.length);
    for (const [index, [name, sentence]] of expected.entries()) {
      expect(lines[index]).toMatch(sentence);
      expect(lines[index]).toContain(`streamgauge: ${at(name)} `);
    }
    expect(ran.stdout).toContain('buffered-stream');
  });

  it.each([
    [[], 'diagnose needs at least one HAR or trace file'],
    [['-', '-'], 'can read standard input (-) only once'],
    [['--fail-on', 'info', 'x.har'], '--fail-on takes error, warning or never, not "info"'],
    [['--frobnicate', 'x.har'], "Unknown option '--frobnicate'"],
  ])('diagnose %j', async (args, sentence) => {
    const ran = await streamgauge(['diagnose', ...args]);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toContain(sentence);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
  });
});

describe('recordings of real browsers and proxies', () => {
  const files = readdirSync(join(FIXTURES, 'har')).filter((name) => name.endsWith('.har'));

  it('all open, and are told apart by what is in them', async () => {
    expect(files.length).toBeGreaterThan(1);
    const ran = await streamgauge([
      'diagnose',
      '--json',
      ...files.map((name) => join(FIXTURES, 'har', name)),
    ]);
    expect(ran.stderr).toBe('');
    const report = reportOf(ran);
    for (const [index, { file, streams, findings }] of report.files.entries()) {
      expect(file).toBe(join(FIXTURES, 'har', files[index]!));
      const entries = (JSON.parse(readFileSync(file, 'utf8')) as { log: { entries: unknown[] } }).log.entries;
      expect(streams).toBeGreaterThan(0);
      expect(streams).toBeLessThanOrEqual(entries.length);
      for (const finding of findings) expect(finding.verdict).toBe('fail');
    }
    expect(ran.status).toBe(idsOf(ran).flat().length > 0 ? 1 : 0);
  });
});
