import { execFileSync } from 'node:child_process';
import * as v from 'valibot';
import { describe, expect, it, vi } from 'vitest';
import type { Diagnosis, Finding } from '../../../src/diagnose/rule';
import { diagnose } from '../../../src/diagnose/run';
import { chunkCsvPieces, csvCell, eventCsvPieces } from '../../../src/exchange/export/csv';
import { curlSetPieces } from '../../../src/exchange/export/curl';
import { EXPORT_FORMATS, exportFormat } from '../../../src/exchange/export/formats';
import { html, jsonText } from '../../../src/exchange/export/html/markup';
import { htmlPieces } from '../../../src/exchange/export/html/report';
import { otlpLines } from '../../../src/exchange/export/otlp';
import { perfettoPieces } from '../../../src/exchange/export/perfetto';
import type { Trace } from '../../../src/trace/types';
import { sceneTrace } from '../../support/demo-recording';
import { drawTrace, ORIGIN_EPOCH_MS } from '../../support/draw';
import { readOtlp } from '../../support/otlp-collector';
import { richTrace } from '../../support/rich-trace';

vi.setConfig({ testTimeout: 60_000 });

const held = () =>
  drawTrace([
    `ask fetch POST https://stage.example.org/api/chat / accept: text/event-stream / traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
     3300 headers 200 text/event-stream / server: nginx/1.22.1 / protocol=h2
     +0x41 data {"token":"word-{n}","at":{at 240+75}}
     +3 end`,
    `100 ask websocket GET wss://stage.example.org/live
     +20 headers 101 / protocol=ws
     +5 send hello
     +2000x3 data tick {n}
     +10 close 1006`,
    `200 ask GET https://stage.example.org/gone
     +30 headers 404 text/plain / protocol=http/1.1
     +1 raw no
     +1 end`,
  ]);

const many = () =>
  drawTrace(
    Array.from(
      { length: 450 },
      (_, index) =>
        `${index} ask GET https://a.test/x/${index} | +5 headers 200 text/event-stream | +1x3 data {n} | +1 end`,
    ),
  );

const NONE: Diagnosis = { findings: [], incomplete: [], failures: [] };

describe('every format', () => {
  it('has an id, an ending and a name of its own', () => {
    for (const member of ['id', 'label', 'extension'] as const) {
      expect(new Set(EXPORT_FORMATS.map((format) => format[member])).size).toBe(EXPORT_FORMATS.length);
    }
    expect(exportFormat('har')?.extension).toBe('.har');
    expect(exportFormat('none')).toBeUndefined();
  });

  it.each(EXPORT_FORMATS)(
    '$id takes what there is: nothing, every member, hostile text, hundreds of streams',
    async (format) => {
      for (const trace of [drawTrace([]), richTrace(), sceneTrace('hostile'), many()]) {
        const pieces = [...(await format.export(trace, diagnose(trace)))];
        expect(pieces.every((piece) => piece.length < 4_000_000)).toBe(true);
        if (format.extension.endsWith('json') || format.extension === '.har')
          expect(() => JSON.parse(pieces.join(''))).not.toThrow();
      }
    },
  );
});

describe('CSV', () => {
  /** A reader by the grammar of RFC 4180. */
  function parse(text: string): string[][] {
    const rows: string[][] = [[]];
    const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n|$)/gy;
    for (const match of text.matchAll(cell)) {
      if (match.index === text.length) break;
      rows.at(-1)!.push(match[1]?.replaceAll('""', '"') ?? match[2]!);
      if (match[3] === '\r\n') rows.push([]);
    }
    expect(rows.pop()).toEqual([]);
    return rows;
  }

  it('has a line for every chunk and every event', () => {
    const trace = held();
    const [header, ...chunks] = parse([...chunkCsvPieces(trace)].join(''));
    expect(header).toHaveLength(12);
    expect(chunks).toHaveLength(41 + 4 + 1);
    expect(chunks.every((row) => row.length === 12)).toBe(true);
    expect(chunks[0]!.slice(0, 8)).toEqual([
      's1',
      'fetch',
      'POST',
      'https://stage.example.org/api/chat',
      '0',
      '3300',
      '3300',
      '',
    ]);
    const [names, ...events] = parse([...eventCsvPieces(trace)].join(''));
    const column = (name: string) => names!.indexOf(name);
    expect(events[1]![column('data')]).toBe(`{"token":"word-2","at":${ORIGIN_EPOCH_MS + 315}}`);
    expect(events[1]![column('server_sent_epoch_ms')]).toBe(String(ORIGIN_EPOCH_MS + 315));
    expect(events.map((row) => row[column('direction')]).filter((word) => word === 'sent')).toHaveLength(1);
  });

  it.each([
    ['=1+1', `'=1+1`],
    ['+49', `'+49`],
    ['-2+3', `'-2+3`],
    ['@SUM(A1)', `'@SUM(A1)`],
    ['  =cmd', `'  =cmd`],
    ['\t=1', `"'\t=1"`],
    ['\r=1', `"'\r=1"`],
    ['＝1', `'＝1`],
    ['a,"b"\nc', '"a,""b""\nc"'],
    ['a;b', '"a;b"'],
    ['plain', 'plain'],
  ])('%j becomes %j', (text, cell) => {
    expect(csvCell(text)).toBe(cell);
  });

  it('leaves numbers as they are', () => {
    expect([csvCell(-1.5), csvCell(0), csvCell(null)]).toEqual(['-1.5', '0', '']);
  });
});

describe('Perfetto', () => {
  // Trace Event Format (the document of 2016): members by phase.
  const common = { pid: v.number(), tid: v.number(), name: v.pipe(v.string(), v.minLength(1)) };
  const ts = v.pipe(v.number(), v.minValue(0), v.finite());
  const args = v.optional(v.record(v.string(), v.unknown()));
  const Event = v.variant('ph', [
    v.strictObject({ ...common, ph: v.literal('M'), args: v.record(v.string(), v.unknown()) }),
    v.strictObject({ ...common, ph: v.literal('X'), ts, dur: ts, cat: v.string(), args }),
    v.strictObject({
      ...common,
      ph: v.literal('i'),
      ts,
      cat: v.string(),
      s: v.picklist(['g', 'p', 't']),
      args,
    }),
    v.strictObject({ ...common, ph: v.literal('C'), ts, args: v.record(v.string(), v.number()) }),
    v.strictObject({ ...common, ph: v.literal('b'), ts, cat: v.string(), id: v.string(), args }),
    v.strictObject({ ...common, ph: v.literal('e'), ts, cat: v.string(), id: v.string(), args }),
  ]);
  const File = v.strictObject({
    displayTimeUnit: v.picklist(['ms', 'ns']),
    otherData: v.record(v.string(), v.string()),
    traceEvents: v.array(Event),
  });
  const endOf = ({ ts, dur }: { ts: number; dur: number }) => ts + dur;
  const read = (trace: Trace) =>
    v.parse(File, JSON.parse([...perfettoPieces(trace, diagnose(trace))].join('')));

  it.each<[string, () => Trace]>([
    ['held back', held],
    ['every member', richTrace],
    ['a working day', () => sceneTrace('typical')],
    ['a hostile page', () => sceneTrace('hostile')],
    ['nothing', () => drawTrace([])],
  ])('follows the format: %s', (_, trace) => {
    const { traceEvents } = read(trace());
    // Slices of one track lie beside or within each other.
    const slices = traceEvents.flatMap((event) => (event.ph === 'X' ? [event] : []));
    slices.sort((one, other) => one.tid - other.tid || one.ts - other.ts || other.dur - one.dur);
    const open: typeof slices = [];
    for (const slice of slices) {
      while (open.length > 0 && (open.at(-1)!.tid !== slice.tid || endOf(open.at(-1)!) <= slice.ts))
        open.pop();
      if (open.length > 0) expect(endOf(slice)).toBeLessThanOrEqual(endOf(open.at(-1)!));
      open.push(slice);
    }
  });

  it('shows streams as tracks, chunks as instants, silences and findings as slices', () => {
    const { traceEvents } = read(held());
    const named = (ph: string, name: string) =>
      traceEvents.filter((one) => one.ph === ph && one.name === name);
    expect(named('M', 'thread_name').map(({ args }) => args!.name)).toEqual([
      's1 POST /api/chat',
      's2 GET /live',
      's3 GET /gone',
    ]);
    expect(named('i', 'chunk')).toHaveLength(42);
    expect(named('i', 'sent')).toHaveLength(1);
    expect(named('X', 'silence 2.00 s')).toHaveLength(3);
    expect(named('X', 'waiting for headers')[0]).toMatchObject({ ts: 0, dur: 3_300_000 });
    expect(named('b', 'buffered-stream')).toHaveLength(1);
    expect(named('e', 'buffered-stream')).toHaveLength(1);
  });
});

describe('OTLP', () => {
  const spansOf = (trace: Trace, salt = 's') =>
    [...otlpLines(trace, diagnose(trace), { salt })].flatMap(readOtlp);

  it('joins the trace of the page, and names things as the conventions do', () => {
    const [chat, socket, gone] = spansOf(held());
    expect(chat).toMatchObject({
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      parentSpanId: '00f067aa0ba902b7',
      spanId: expect.stringMatching(/^(?!0{16})[0-9a-f]{16}$/),
      name: 'POST',
      kind: 'SPAN_KIND_CLIENT',
      startMs: ORIGIN_EPOCH_MS,
      endMs: ORIGIN_EPOCH_MS + 3303,
      status: 'STATUS_CODE_UNSET',
      attributes: {
        'http.request.method': 'POST',
        'http.response.status_code': 200,
        'url.full': 'https://stage.example.org/api/chat',
        'server.address': 'stage.example.org',
        'server.port': 443,
        'network.protocol.name': 'http',
        'network.protocol.version': '2',
        'streamgauge.stream.event_count': 41,
        'streamgauge.finding.buffered-stream.severity': 'error',
      },
      resource: { 'service.name': 'streamgauge' },
    });
    expect(chat!.attributes['streamgauge.findings']).toContain('buffered-stream');
    expect(chat!.events.filter(({ name }) => name === 'http.response.body.chunk')).toHaveLength(41);
    expect(chat!.events[1]).toMatchObject({ atMs: ORIGIN_EPOCH_MS + 3300 });
    expect(socket!.parentSpanId).toBe('');
    expect(socket!.traceId).toMatch(/^(?!0{32})[0-9a-f]{32}$/);
    expect(socket!.status).toBe('STATUS_CODE_ERROR');
    expect(gone).toMatchObject({ status: 'STATUS_CODE_ERROR', attributes: { 'error.type': '404' } });
  });

  it('keeps the first and the last of very many deliveries, and says how many are missing', () => {
    const long = drawTrace(`ask GET https://a.test/x / accept: text/event-stream
      10 headers 200 text/event-stream
      +1x2000 data {n}
      +1 end`);
    const [span] = spansOf(long);
    const indexes = span!.events.slice(1).map(({ attributes }) => attributes['streamgauge.chunk.index']);
    expect(indexes).toHaveLength(256);
    expect([indexes[0], indexes[127], indexes[128], indexes.at(-1)]).toEqual([0, 127, 1872, 1999]);
    expect(span!.droppedEventsCount).toBe(1744);
  });

  it('gives the same ids for the same export, and others for another', () => {
    const ids = (salt: string) => spansOf(held(), salt).map(({ spanId }) => spanId);
    expect(ids('one')).toEqual(ids('one'));
    expect(ids('one')).not.toEqual(ids('two'));
    expect(new Set(ids('one')).size).toBe(3);
  });

  it('puts many streams into several requests', () => {
    const lines = [...otlpLines(many(), NONE)];
    expect(lines).toHaveLength(3);
    expect(lines.flatMap(readOtlp)).toHaveLength(450);
  });
});

describe('the script of curl commands', () => {
  it('asks with and without compression, over HTTP/1.1 and HTTP/2', () => {
    const trace = held();
    const script = [...curlSetPieces(trace, diagnose(trace))].join('');
    expect(script.match(/^curl .*\/api\/chat .*$/gm)).toHaveLength(4);
    expect(script).toMatch(
      /^curl -N -sS --trace-time .* --http1\.1 -H 'Accept-Encoding: identity' .*grep -a '<= Recv data'$/m,
    );
    expect(script).toMatch(/^curl .* --http2 --compressed /m);
  });

  it('is a script that a shell can read, whatever is in the recording', () => {
    const trace = held();
    const hostile = `https://stage.example.org/api/$(touch x)/\`id\`'"\n; echo owned #`;
    trace.streams[0]!.request.url = hostile;
    trace.streams[0]!.request.headers.push(['X-A', `'; echo owned; '`]);
    trace.streams[0]!.request.body = { text: `a'b\necho owned\n$(id)`, byteLength: 1, truncated: true };
    const script = [...curlSetPieces(trace, diagnose(trace))].join('');
    execFileSync('/bin/sh', ['-n'], { input: script });
    // Run with harmless commands in place of curl and grep: nothing else may happen.
    const ran = execFileSync('/bin/sh', ['-c', `curl() { :; }; grep() { :; }; ${script}`], {
      encoding: 'utf8',
    });
    expect(ran).toBe('');
  });
});

describe('HTML', () => {
  const finding = (summary: string): Finding => ({ ...diagnose(held()).findings[0]!, summary });
  const page = async (trace: Trace, diagnosis: Diagnosis) =>
    [...(await htmlPieces(trace, diagnosis))].join('');

  it('escapes whatever is put into it', () => {
    const hostile = `<script>alert(1)</script>"'&\u202e\0`;
    expect(html`<a title="${hostile}">${hostile}</a>`.text).toBe(
      `<a title="&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\u0000">&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;\\u202e\\u0000</a>`,
    );
    expect(jsonText({ a: '</script><!--\u2028' }).text).toBe('{"a":"\\u003c/script>\\u003c!--\\u2028"}');
  });

  it('has the finding, its evidence, its plot, the command and the recipe', async () => {
    const trace = held();
    const text = await page(trace, diagnose(trace));
    expect(text).toContain('<article class="error">');
    expect(text).toMatch(/<figure data-plot="0"><svg /);
    expect(text).toContain('How to fix it: ');
    expect(text).toContain('curl -N -i --http2');
    expect(text).toContain('wss://stage.example.org/live');
  });

  it('has the plot of a stream that nothing is wrong with, too', async () => {
    const trace =
      drawTrace(`ask fetch POST https://stage.example.org/api/chat / accept: text/event-stream / signal
      40 headers 200 text/event-stream / cache-control: no-cache, no-transform
      +75x41 data {"n":{n}}
      +5 end`);
    const text = await page(trace, diagnose(trace));
    expect(text).toContain('Nothing wrong was found');
    expect(text).toMatch(
      /<h2>Other streams<\/h2><h3><code>POST https:\/\/stage\.example\.org\/api\/chat<\/code><\/h3><figure data-plot="0">/,
    );
    expect(/<path class="curve" d="([^"]*)"/.exec(text)![1]!.match(/V/g)).toHaveLength(41);
  });

  it('allows its own script and style, by their hashes, and nothing else', async () => {
    const text = await page(held(), NONE);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!;
    expect(policy).toMatch(
      /^default-src &#39;none&#39;; script-src &#39;sha256-[\w+/]{43}=&#39;; style-src &#39;sha256-[\w+/]{43}=&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;$/,
    );
    expect(text.match(/<script\b/g)).toHaveLength(2);
    expect(text).not.toMatch(/\sstyle="|\son[a-z]+="|src="|@import|url\(/);
  });

  it('lets no recorded text become markup', async () => {
    const trace = held();
    const hostile = '</script></style><img src=x onerror=alert(1)>';
    trace.meta.pageUrl = `https://a.test/${hostile}`;
    trace.meta.note = hostile;
    trace.meta.browser = hostile;
    for (const stream of trace.streams) {
      stream.request.url += hostile;
      stream.request.method = hostile;
      stream.response!.protocol = hostile;
    }
    const text = await page(trace, {
      ...NONE,
      findings: [finding(hostile)],
      incomplete: [{ id: 'idle-cut', stream: finding('').stream, reason: hostile }],
    });
    expect(text).not.toContain('<img');
    expect(text.match(/<\/script>/g)).toHaveLength(2);
    expect(text.match(/<\/style>/g)).toHaveLength(1);
  });
});
