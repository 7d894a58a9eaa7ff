import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { Diagnosis } from '../../../src/diagnose/rule';
import { diagnose } from '../../../src/diagnose/run';
import { EXPORT_FORMATS } from '../../../src/exchange/export/formats';
import { redactionPreview, redactTrace } from '../../../src/exchange/redact';
import { sipHash } from '../../../src/exchange/redaction/fingerprint';
import { decodeBase64, encodeBase64 } from '../../../src/lib/base64';
import { encodeUtf8 } from '../../../src/lib/text';
import { decodeTraceFile, encodeTrace } from '../../../src/trace/file';
import type { Trace } from '../../../src/trace/types';
import { chunkedStream } from '../../support/chunked-stream';
import { sceneTrace } from '../../support/demo-recording';
import { drawTrace } from '../../support/draw';
import { drawJob } from '../../support/jobs';
import { type Planted, plantedTrace } from '../../support/planted-secrets';

vi.setConfig({ testTimeout: 60_000 });

describe('200 planted secrets of 20 kinds', () => {
  let trace: Trace;
  let planted: Planted[];
  let diagnosis: Diagnosis;
  beforeAll(() => {
    ({ trace, planted } = plantedTrace());
    diagnosis = diagnose(trace);
  });

  /** How a secret would be found: as it is, percent-encoded, escaped, and within base64 at each alignment. */
  function formsOf(secret: string): string[] {
    const shifted = [0, 1, 2].map((shift) => {
      const text = encodeBase64(encodeUtf8(`${'x'.repeat(shift)}${secret}`)).replace(/=+$/, '');
      return text.slice(Math.ceil((shift * 8) / 6), -1);
    });
    const core = secret.includes('\n') ? secret.split('\n')[1]! : secret;
    return [core, encodeURIComponent(core), ...shifted];
  }

  it('are 200, and are there when nothing is taken out', async () => {
    expect(planted).toHaveLength(200);
    expect(new Set(planted.map(({ secret }) => secret)).size).toBe(200);
    const text = JSON.stringify(encodeTrace(trace));
    const absent = planted.filter(({ secret }) => !formsOf(secret).some((form) => text.includes(form)));
    expect(absent).toEqual([]);
  });

  it.each(EXPORT_FORMATS)('are nowhere in $id', async (format) => {
    const pieces = await format.export(trace, diagnosis, { salt: 'pepper' });
    const bytes = Buffer.concat([...pieces].map((piece) => Buffer.from(piece)));
    const file = format.extension.endsWith('.gz') ? gunzipSync(bytes) : bytes;
    const text = file.toString('utf8');
    // What is base64 in the file is looked into as well.
    const runs = [...text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)].map(([run]) => decodeBase64(run));
    const hidden = Buffer.concat(runs.flatMap((run) => (run ? [run, Buffer.from('\n')] : []))).toString(
      'latin1',
    );
    const leaks = planted.flatMap(({ kind, secret }) =>
      formsOf(secret)
        .filter((form) => text.includes(form) || hidden.includes(form))
        .map((form) => `${kind}: ${form.slice(0, 60)}`),
    );
    expect(leaks).toEqual([]);
    if (format.id.startsWith('trace')) expect(() => decodeTraceFile(JSON.parse(text))).not.toThrow();
  });

  it('are listed before they go', () => {
    const preview = redactionPreview(trace, { salt: 'pepper' });
    expect(preview.total).toBeGreaterThanOrEqual(200);
    expect(preview.more).toBe(0);
    const cookie = preview.items.find(({ place }) => place === 'response header set-cookie: AWSALB');
    expect(cookie).toMatchObject({
      kind: 'cookie',
      count: 1,
      fingerprint: expect.stringMatching(/^[0-9a-f]{8}$/),
    });
    const shown = JSON.stringify(
      redactTrace(trace, { salt: 'pepper' }).streams.map(({ response }) => response),
    );
    expect(shown).toContain(`AWSALB=‹redacted:${cookie!.fingerprint}›`);
    const leaks = planted.filter(({ secret }) => JSON.stringify(preview).includes(secret));
    expect(leaks).toEqual([]);
  });
});

describe('fingerprints', () => {
  it('are SipHash-2-4', () => {
    // The vectors of its authors: key and input are 00 01 02 …
    const key = [0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c] as const;
    const hash = (length: number) =>
      sipHash(
        key,
        Uint8Array.from({ length }, (_, index) => index),
      )
        .reverse()
        .map((word) => word.toString(16).padStart(8, '0'))
        .join('');
    expect([0, 1, 8, 15].map(hash)).toEqual([
      '726fdb47dd0e0e31',
      '74f839c593dc67fd',
      '93f5f5799a932462',
      'a129ca6149be45e5',
    ]);
  });

  it('show that the same cookie came back, in one export and in no other', () => {
    const trace = drawTrace([
      'ask GET https://a.test/x | 10 headers 200 text/html / set-cookie: AWSALB=abc123; Path=/ | end',
      '100 ask GET https://a.test/y / cookie: AWSALB=abc123 | +10 headers 200 text/html | end',
      '200 ask GET https://a.test/y / cookie: AWSALB=other9 | +10 headers 200 text/html | end',
    ]);
    const valuesWith = (salt: string) =>
      JSON.stringify(redactTrace(trace, { salt }).streams).match(/(?<=AWSALB=‹redacted:)[0-9a-f]{8}/g)!;
    const [set, back, other] = valuesWith('one');
    expect(back).toBe(set);
    expect(other).not.toBe(set);
    expect(valuesWith('two')[0]).not.toBe(set);
  });
});

describe('chosen paths', () => {
  it.each<[string, string, string, string]>([
    ['$.user.email', '{"user":{"email":"a@b.c","id":7}}', '"email":"‹redacted', '"id":7'],
    [
      'messages[*].content',
      '{"messages":[{"role":"user","content":"hi there"}]}',
      '"content":"‹redacted',
      '"role":"user"',
    ],
    ['items[1]', '{"items":["one","two"]}', '"one","‹redacted', ''],
    ['**.phone', '{"a":[{"b":{"phone":5551234}}],"n":1}', '"phone":9999999', '"n":1'],
    ['user', '{"user":{"name":"Ada","tags":["x1"]},"z":1}', '"name":"‹redacted', '"z":1'],
    ['user["full name"]', '{"user":{"full name":"Ada L"}}', '"full name":"‹redacted', ''],
  ])('%s of %s', (path, text, hidden, kept) => {
    const trace = drawTrace(['ask POST https://a.test/x | 10 headers 200 text/event-stream | data x | end']);
    trace.streams[0]!.request.body = { text, byteLength: text.length, truncated: false };
    const shown = redactTrace(trace, { paths: [path] }).streams[0]!.request.body!.text;
    expect(shown).toContain(hidden);
    expect(shown).toContain(kept);
    expect(() => JSON.parse(shown)).not.toThrow();
  });

  it('reach into the data of events, across chunks, without changing a size', () => {
    const stream = chunkedStream(['data: {"text":"Hel', 'lo","n":1}\n\ndata: {"text":"World","n":2}\n\n']);
    const trace = { ...drawTrace([]), streams: [stream] };
    const { payload, byteLength } = redactTrace(trace, { paths: ['text'] }).streams[0]!.chunks;
    const text = payload.map((one) => new TextDecoder().decode(one!)).join('');
    expect(text).toBe('data: {"text":"*****","n":1}\n\ndata: {"text":"*****","n":2}\n\n');
    expect(payload.map((one) => one!.length)).toEqual(byteLength);
  });
});

describe('what the rules find', () => {
  /** Every timeline that the tests of the rules draw, those with parts filled in later left out. */
  const RULES = join(import.meta.dirname, '../../rules');
  const timelines = readdirSync(RULES, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => {
      const source = readFileSync(join(RULES, name), 'utf8');
      const texts = [...source.matchAll(/[`'"]((?:\d[\d.]*m?s? )?ask [^`]*?)[`'"](?=[,)\]\n;])/g)].map(
        ([, text]) => text!,
      );
      return [name, texts.filter((text) => !text.includes('${') && !text.includes("'"))] as const;
    });

  function found(trace: Trace): string[] {
    const { findings, incomplete, failures } = diagnose(trace);
    expect(failures).toEqual([]);
    return [
      ...findings.map(({ key, severity, confidence, supersededBy, platforms, evidence }) =>
        JSON.stringify([
          key,
          severity,
          confidence,
          supersededBy,
          platforms,
          evidence.map(({ label }) => label),
        ]),
      ),
      ...incomplete.map(({ id, stream }) => `incomplete ${id} ${stream.id}`),
    ];
  }

  it('has timelines to look at', () => {
    expect(timelines.flatMap(([, texts]) => texts).length).toBeGreaterThan(80);
  });

  it.each(timelines)('is the same without secrets: %s', (_, texts) => {
    for (const text of texts) {
      let trace: Trace;
      try {
        trace = drawTrace(text);
      } catch {
        continue;
      }
      // Something to take out in each.
      trace.streams[0]!.request.headers.push(['x-api-key', 'k3y-of-a-test']);
      expect(found(redactTrace(trace, { salt: 's' }))).toEqual(found(trace));
    }
  });

  it.each<[string, Trace]>([
    ['a working day', sceneTrace('typical')],
    ['a hostile page', sceneTrace('hostile')],
    ['many streams', sceneTrace('thousand')],
    [
      'a cookie that never comes back',
      drawJob(['404', 'running', '404'], {
        ask: () => 'credentials=include',
        answer: () => 'set-cookie: AWSALB=Zk3a9q8w7e6r5t4y; Path=/',
      }),
    ],
    [
      'a job without credentials',
      drawJob(['404', 'running'], {
        ask: () => 'credentials=omit',
        answer: () => 'set-cookie: SERVERID=node-1-abc; Path=/',
      }),
    ],
    [
      'a cookie that comes back',
      drawJob(['running', 'done'], {
        ask: (poll) => `credentials=include${poll > 0 ? ' / cookie: SERVERID=node-1-abc12345' : ''}`,
        answer: (poll) =>
          poll === 0 ? 'set-cookie: SERVERID=node-1-abc12345; Path=/; SameSite=None; Secure' : '',
      }),
    ],
  ])('is the same without secrets: %s', (_, trace) => {
    expect(found(redactTrace(trace, { salt: 's' }))).toEqual(found(trace));
  });
});
