import { describe, expect, it } from 'vitest';
import { compareTraces } from '../../../src/compare/compare';
import type { Comparison } from '../../../src/compare/types';
import { comparisonPreview } from '../../../src/exchange/comparison-json';
import { COMPARISON_FORMATS, comparisonFormat } from '../../../src/exchange/export/comparison-formats';
import type { ExportOptions } from '../../../src/exchange/export/formats';
import { jointPlotData, plotSvg } from '../../../src/exchange/export/html/plot';
import { recordingName } from '../../../src/exchange/import/recording-name';
import type { Trace } from '../../../src/trace/types';
import { drawTrace } from '../../support/draw';
import { plantedTrace } from '../../support/planted-secrets';
import { richTrace } from '../../support/rich-trace';

const LOCAL = `ask fetch POST http://localhost:8000/api/chat / accept: text/event-stream / cookie: sid=hunter2hunter2 / signal
  120 headers 200 text/event-stream / server: uvicorn / cache-control: no-cache / protocol=http/1.1
  +75x41 data {"token":"word-{n}","at":{at 200+75}}
  +5 end`;
const STAGING = `ask fetch POST https://stage.example.org/api/chat / accept: text/event-stream / cookie: sid=hunter2hunter2 / signal
  3300 headers 200 text/event-stream / server: nginx/1.22.1 / cache-control: no-cache / protocol=h2
  +0x41 data {"token":"word-{n}","at":{at 240+75}}
  +3 end`;

interface Case {
  a: Trace;
  b: Trace;
  comparison: Comparison;
}

function compared(a: string | string[], b: string | string[], names = { a: 'local', b: 'staging' }): Case {
  const traces = { a: drawTrace(a), b: drawTrace(b) };
  return { ...traces, comparison: compareTraces(traces.a, traces.b, { names }) };
}

async function saved(id: string, { comparison, a, b }: Case, options?: ExportOptions): Promise<string> {
  return [...(await comparisonFormat(id)!.export(comparison, { a, b }, options))].join('');
}

describe('a comparison as HTML', () => {
  it('has the verdict, both curves on one axis, the figures of both, and what appeared', async () => {
    const one = compared(LOCAL, STAGING);
    const text = await saved('html', one);
    expect(text).toContain('<article class="verdict warning">');
    expect(text).toMatch(/Staging delivers the 41 events of POST \/api\/chat in one burst 3\.\d+ s later/);
    expect(text).toMatch(
      /<figure data-plot="0"><svg [^>]*>.*<path class="curve" .*<path class="curve second" /s,
    );
    expect(text).toMatch(/<p class="legend">.* local<.* staging</);
    expect(text).toMatch(
      /<tr class="differs"><th scope="row">bursts<\/th><td class="number">41<\/td><td class="number">1<\/td><td>differs<\/td>/,
    );
    expect(text).toMatch(/Appeared: in staging alone.*<code>buffered-stream<\/code>.*How to fix it: /s);
    expect(text).toContain('only in staging');
  });

  it('says what went and what stayed, seen from the second', async () => {
    const quiet = `ask fetch POST http://localhost:8000/api/chat / accept: text/event-stream / nosignal
      50 headers 200 text/event-stream / cache-control: no-cache, no-transform
      +75x20 data {"n":{n}}
      +5 end`;
    const text = await saved('html', compared([STAGING, quiet], [quiet], { a: 'before', b: 'after' }));
    expect(text).toMatch(
      /Gone: in before alone<\/h3><ul class="findings"><li class="error">.*buffered-stream/,
    );
    expect(text).toMatch(/Stayed: in both<\/h3><ul class="findings"><li class="info">.*missing-abort/);
    expect(text).not.toContain('Appeared: ');
  });

  it.each([
    ['the same', LOCAL, LOCAL, 'verdict same', '✓'],
    [
      'nothing in common',
      LOCAL,
      'ask GET https://other.test/x | 10 headers 200 text/plain | end',
      'verdict error',
      '■',
    ],
    ['one that is empty', LOCAL, [], 'verdict error', '■'],
  ])('tells of %s', async (_, a, b, look, sign) => {
    const one = compared(a, b);
    const text = await saved('html', one);
    expect(text).toContain(
      `<article class="${look}"><p><span class="sign" aria-hidden="true">${sign}</span>`,
    );
    expect(text.match(/<figure /g)?.length ?? 0).toBe(one.comparison.pairs.length);
    expect(text).toMatch(/<\/html>\n$/);
  });

  it('allows its own script and style, by their hashes, and nothing else', async () => {
    const text = await saved('html', compared(LOCAL, STAGING));
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!;
    expect(policy).toMatch(
      /^default-src &#39;none&#39;; script-src &#39;sha256-[\w+/]{43}=&#39;; style-src &#39;sha256-[\w+/]{43}=&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;$/,
    );
    expect(text.match(/<script\b/g)).toHaveLength(2);
    expect(text).not.toMatch(/\sstyle="|\son[a-z]+="|src="|@import|url\(/);
  });

  it('lets no recorded text and no name of a file become markup', async () => {
    const hostile = '</script></style><img src=x onerror=alert(1)>';
    const one = compared(LOCAL, STAGING, { a: hostile, b: `${hostile}.har` });
    for (const trace of [one.a, one.b]) {
      trace.meta.browser = hostile;
      trace.meta.pageUrl = `https://a.test/${hostile}`;
    }
    for (const pair of one.comparison.pairs) {
      pair.endpoint += hostile;
      pair.a.url += hostile;
      pair.headers.push({ of: 'response', name: hostile, a: hostile, b: null, matters: true });
      pair.hops.onlyB.push(hostile);
      pair.cookies.b.set.push(hostile);
      pair.figures.push({ id: 'end', label: hostile, unit: 'text', a: hostile, b: null, differs: true });
    }
    for (const finding of one.comparison.findings.appeared) finding.summary += hostile;
    one.comparison.unmatched.a.push({ ...one.comparison.pairs[0]!.a });
    const text = await saved('html', one);
    expect(text).not.toContain('<img');
    expect(text.match(/<\/script>/g)).toHaveLength(2);
    expect(text.match(/<\/style>/g)).toHaveLength(1);
  });

  it('stays a page that can be read when everything differs', async () => {
    const many = (base: string, gap: number) =>
      Array.from(
        { length: 300 },
        (
          _,
          index,
        ) => `${index} ask fetch GET ${base}/stream-${String.fromCharCode(97 + (index % 26))}${index} / accept: text/event-stream
          ${index + 20} headers 200 text/event-stream
          +${gap}x12 data {"n":{n}}
          +1 end`,
      );
    const one = compared(many('http://localhost:1', 5), many('https://stage.test', 300));
    const text = await saved('html', one);
    expect(text.match(/<figure /g)!.length).toBeLessThanOrEqual(20);
    expect(text).toMatch(/more requests differ\./);
    expect(text.length).toBeLessThan(2_000_000);
  });
});

describe('secrets of a comparison', () => {
  const { trace: a, planted } = plantedTrace();
  const b = richTrace();
  const one: Case = { a, b, comparison: compareTraces(a, b) };
  const found = (text: string) => planted.filter(({ secret }) => text.includes(secret));

  it.each(COMPARISON_FORMATS)('are nowhere in $id, and are there when that is asked for', async ({ id }) => {
    expect(found(await saved(id, one, { salt: 'pepper' }))).toEqual([]);
    expect(found(await saved(id, one, { redact: false })).length).toBeGreaterThan(10);
  });

  it('are listed before they go, with the fingerprints of the file', async () => {
    const preview = comparisonPreview(one.comparison, { a, b }, { salt: 'pepper' });
    expect(preview.total).toBeGreaterThan(10);
    const text = await saved('json', one, { salt: 'pepper' });
    const shown = preview.items.filter(({ kind }) => kind !== 'secret by its name');
    expect(shown.filter(({ fingerprint }) => !text.includes(fingerprint))).toEqual([]);
  });
});

describe('curves on one axis', () => {
  const curve = (atMs: number[], endMs: number | null) => ({
    atMs,
    bytes: atMs.map((_, index) => index + 1),
    events: atMs.map(() => 0),
    endMs,
    timesKnown: true,
  });

  it('share its scales, and each ends where its request did', () => {
    const data = jointPlotData([
      { label: 'a', curve: curve([10, 20], 50) },
      { label: 'b', curve: curve([100], null) },
    ])!;
    expect(data.endMs).toBe(100);
    expect(data.curves.map(({ endMs }) => endMs)).toEqual([50, 100]);
    const ends = [...plotSvg(data, '').text.matchAll(/ d="[^"]*H([\d.]+)"/g)].map(([, x]) => Number(x));
    expect(ends).toEqual([360, 712]);
  });

  it('are none when nothing came', () => {
    expect(jointPlotData([{ label: 'a', curve: curve([], 50) }])).toBeNull();
  });
});

describe('the name of a recording', () => {
  it.each([
    ['stage.har', 'stage'],
    ['stage.trace.json.gz', 'stage'],
    ['stage.streamgauge.json', 'stage'],
    ['1.2.3.har', '1.2.3'],
    ['.json', '.json'],
  ])('%s is %s', (file, name) => expect(recordingName(file)).toBe(name));
});
