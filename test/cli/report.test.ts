import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { stringifyTrace } from '../../src/trace/file';
import { drawTrace } from '../support/draw';
import { startCollector } from '../support/otlp-collector';
import { streamgauge } from './support/streamgauge';

const folder = mkdtempSync(join(tmpdir(), 'streamgauge-report-'));
const at = (name: string) => join(folder, name);
const stage = at('stage.json');
writeFileSync(
  stage,
  stringifyTrace(
    drawTrace(`ask fetch POST https://stage.example.org/api/chat / accept: text/event-stream / authorization: Bearer hunter2hunter2 / body={"user":{"email":"ada@example.org"}}
      3300 headers 200 text/event-stream / server: nginx/1.22.1 / protocol=h2
      +0x41 data {"token":"word-{n}","at":{at 240+75}}
      +3 end`),
  ),
);
afterAll(() => rmSync(folder, { recursive: true }));

describe('streamgauge report', () => {
  it('is Markdown on standard output', async () => {
    const ran = await streamgauge(['report', stage]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toMatch(/^### /);
    expect(ran.stdout).toContain('curl -N -i --http2 https://stage.example.org/api/chat');
    expect(ran.stdout).not.toContain('hunter2');
  });

  it.each<[string, (bytes: Buffer) => string, RegExp]>([
    ['report.html', (bytes) => bytes.toString(), /^<!doctype html><html lang="en">.*<\/html>\n$/s],
    ['report.MD', (bytes) => bytes.toString(), /^### /],
    ['report.har', (bytes) => bytes.toString(), /^\{"log":\{.*\}\}\n$/s],
    ['report.json', (bytes) => bytes.toString(), /^\{"format":"streamgauge-trace"/],
    ['report.json.gz', (bytes) => gunzipSync(bytes).toString(), /^\{"format":"streamgauge-trace"/],
    ['report.chunks.csv', (bytes) => bytes.toString(), /^stream,kind,method,url,index,at_ms/],
    ['report.events.csv', (bytes) => bytes.toString(), /^stream,kind,method,url,index,at_ms/],
    ['report.perfetto.json', (bytes) => bytes.toString(), /^\{"displayTimeUnit":"ms"/],
    ['report.otlp.jsonl', (bytes) => bytes.toString(), /^\{"resourceSpans":/],
    ['report.sh', (bytes) => bytes.toString(), /^#!\/bin\/sh\n/],
  ])('takes the format from the name %s, and takes secrets out', async (name, read, shape) => {
    const ran = await streamgauge(['report', stage, '--out', at(name)]);
    expect(ran).toMatchObject({ status: 0, stdout: '', stderr: '' });
    const text = read(readFileSync(at(name)));
    expect(text).toMatch(shape);
    expect(text).not.toContain('hunter2');
  });

  it('takes out what is named, and keeps everything only when told to', async () => {
    const hidden = await streamgauge(['report', stage, '--format', 'trace', '--hide', '$.user.email']);
    expect(hidden.stdout).not.toMatch(/ada@example|hunter2/);
    const all = await streamgauge(['report', stage, '--format', 'trace', '--no-redact']);
    expect(all.stdout).toMatch(/ada@example.*/s);
    expect(all.stdout).toContain('hunter2');
  });

  it('sends spans to a collector that is named, and nowhere else', async () => {
    const collector = await startCollector();
    try {
      const address = collector.url.replace('//', '//user:pass%21@');
      const ran = await streamgauge(['report', stage, '--otlp', address]);
      expect(ran).toMatchObject({
        status: 0,
        stdout: '',
        stderr: expect.stringContaining('1 span was sent to 127.0.0.1:'),
      });
      expect(collector.received).toHaveLength(1);
      const [request] = collector.received;
      expect(request).toMatchObject({
        path: '/v1/traces',
        contentType: 'application/json',
        authorization: `Basic ${Buffer.from('user:pass!').toString('base64')}`,
      });
      expect(request!.spans[0]).toMatchObject({
        name: 'POST',
        attributes: { 'url.full': 'https://stage.example.org/api/chat' },
      });
    } finally {
      await collector.close();
    }
  });

  it('says when the collector refuses, or is not there', async () => {
    const collector = await startCollector(503);
    const refused = await streamgauge(['report', stage, '--otlp', collector.url]);
    expect(refused).toMatchObject({ status: 2, stderr: expect.stringMatching(/refused the spans with 503/) });
    await collector.close();
    const gone = await streamgauge(['report', stage, '--otlp', collector.url]);
    expect(gone).toMatchObject({ status: 2, stderr: expect.stringMatching(/cannot be reached: /) });
  });

  it.each<[string, string[], RegExp]>([
    ['no file', [], /takes one HAR or trace file/],
    ['an unknown format', [stage, '--format', 'pdf'], /--format takes one of trace, /],
    ['a name that says no format', [stage, '--out', at('report.docx')], /says no format: use one of/],
    ['a folder that is not there', [stage, '--out', at('no/report.md')], /cannot be written/],
    ['hiding and keeping', [stage, '--no-redact', '--hide', 'a'], /use one of them/],
    ['an address that is none', [stage, '--otlp', 'collector'], /takes the address of a collector/],
  ])('refuses %s in one line', async (_, args, message) => {
    const ran = await streamgauge(['report', ...args]);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr).toMatch(message);
    expect(ran.stderr.trim().split('\n')).toHaveLength(1);
  });
});
