import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Direction, type Trace } from '../../src/trace/types';
import { FIVE, type RecordBench, startRecordBench, streamOf, textOf } from './support/record-bench';
import { type Ran, streamgauge } from './support/streamgauge';

let bench: RecordBench;
let { site, at, record, script, open } = {} as RecordBench;

beforeAll(async () => {
  bench = await startRecordBench();
  ({ site, at, record, script, open } = bench);
});
afterAll(() => bench?.stop());

describe('a page that is healthy', () => {
  let ran: Ran;
  let trace: Trace;

  beforeAll(async () => {
    const run = script('done.js', 'window.done');
    const options = ['--run', run, '--for', '60s', '--out', at('sample.json.gz'), '--json'];
    const header = ['--header', 'X-Team: swordfish-42', '--header', 'authorization: Bearer swordfish-43'];
    ran = await record([`${site.origin}/`, ...options, ...header, '--fail-on', 'warning']);
    trace = open('sample.json.gz');
  });

  it('gives exit status 0, and ends as soon as all is over', () => {
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(trace.meta.endedAtMs).toBeLessThan(60_000);
    expect(trace.streams.filter(({ end }) => end === null)).toEqual([]);
  });

  it('says who recorded it, where, and until when', () => {
    expect(trace.meta).toMatchObject({ recorder: 'cli', pageUrl: `${site.origin}/`, missing: [] });
    expect(trace.meta.browser).toContain('Chrom');
    const last = Math.max(...trace.streams.map(({ end }) => end?.atMs ?? 0));
    expect(trace.meta.endedAtMs).toBeGreaterThan(last);
    expect(trace.loss).toEqual({
      droppedRecords: 0,
      droppedStreams: 0,
      overLimitRecords: 0,
      evictedPayloadBytes: 0,
      refusedMessages: 0,
    });
    expect(trace.documents.map(({ url, joinedLate }) => [url, joinedLate])).toEqual([
      [`${site.origin}/`, false],
      [`${site.otherOrigin}/frame`, false],
    ]);
  });

  it.each(['/events/page', '/events/frame'])('has every chunk of %s, by tap and network', (path) => {
    const stream = streamOf(trace, path);
    expect(stream).toMatchObject({
      kind: 'fetch',
      seenBy: { tap: true, network: true, har: true },
      request: { headersComplete: true, hasAbortSignal: true },
      response: { status: 200, headersComplete: true, protocol: 'http/1.1' },
      end: { kind: 'complete', netError: null },
      losses: [],
    });
    expect(textOf(stream)).toBe(FIVE);
    expect(stream.chunks.atMs.length).toBeGreaterThan(2);
  });

  it('has the document of a frame in another process whole', () => {
    const stream = streamOf(trace, '/frame');
    expect(stream).toMatchObject({ kind: 'document', end: { kind: 'complete' } });
    expect(stream.response?.body?.text).toContain('/events/frame');
  });

  it('has the events of an EventSource', () => {
    const stream = streamOf(trace, '/events/source');
    expect(stream).toMatchObject({ kind: 'eventsource', end: { kind: 'aborted' } });
    expect(stream.messages.payload).toEqual(['0', '1', '2', '3', '4']);
  });

  it('has the events of a worker, which no tap can see', () => {
    const stream = streamOf(trace, '/events/worker');
    expect(stream).toMatchObject({
      kind: 'fetch',
      documentId: null,
      seenBy: { tap: false, network: true, har: true },
      end: { kind: 'complete' },
    });
    expect(stream.messages.payload).toEqual(['0', '1', '2', '3', '4']);
    // They came one after the other, and are noted so.
    expect(new Set(stream.messages.atMs).size).toBeGreaterThan(2);
  });

  it('has both directions of a WebSocket', () => {
    const { kind, messages, end, response } = streamOf(trace, '/socket');
    expect({ kind, status: response?.status }).toEqual({ kind: 'websocket', status: 101 });
    const said = messages.payload.map((payload, index) => [
      messages.direction[index] === Direction.sent,
      typeof payload === 'string' ? payload : [...(payload ?? [])],
    ]);
    expect(said).toEqual([
      [true, 'hello'],
      [false, 'hello'],
      [true, [1, 2, 3]],
      [false, [1, 2, 3]],
    ]);
    expect(end).toMatchObject({ kind: 'aborted', closeCode: 1000, wasClean: true });
  });

  it('has the body of an ordinary call', () => {
    expect(streamOf(trace, '/api/me').response?.body?.text).toBe('{"name":"River","job_id":"j1"}');
  });

  it('sends the headers asked for, and keeps their values out of the file', () => {
    for (const path of ['/', '/events/page', '/events/worker', '/events/frame']) {
      const headers = site.requests.get(path);
      expect([path, headers?.['x-team']]).toEqual([path, 'swordfish-42']);
      expect([path, headers?.authorization]).toEqual([path, 'Bearer swordfish-43']);
    }
    const text = JSON.stringify(trace);
    expect(text).toMatch(/x-team/i);
    expect(text).not.toContain('swordfish');
  });

  it('is diagnosed from its file as it was on the spot', async () => {
    const again = await streamgauge(['diagnose', '--json', at('sample.json.gz')]);
    expect(JSON.parse(again.stdout)).toEqual(JSON.parse(ran.stdout));
  });
});

describe('a recording that is ended early', () => {
  it('by time keeps what is still open', async () => {
    const ran = await record([`${site.origin}/endless`, '--for', '2500ms', '--out', at('time.json')]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toContain(`saved in ${at('time.json')}`);
    const stream = streamOf(open('time.json'), '/endless/events');
    expect(stream.end).toBeNull();
    expect(stream.chunks.atMs.length).toBeGreaterThan(2);
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s still gives its results', async (signal) => {
    const out = at(`${signal}.json`);
    const ran = await record([`${site.origin}/endless`, '--for', '60s', '--out', out], {
      isGroup: true,
      started: (child) =>
        void site
          .asked('/endless/events')
          .then(() => delay(500))
          // Ctrl-C reaches the whole group: the browser must not end by it.
          .then(() => process.kill(-child.pid!, signal)),
    });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(ran.stdout).toContain('✓ nothing wrong');
    const stream = streamOf(open(`${signal}.json`), '/endless/events');
    expect(stream.end).toBeNull();
    expect(stream.chunks.atMs.length).toBeGreaterThan(2);
  });

  it('by a second Ctrl-C at once, without results', async () => {
    const ran = await record([`${site.origin}/never`, '--for', '60s', '--out', at('twice.json')], {
      started: (child) =>
        void site.asked('/never').then(() => {
          child.kill('SIGINT');
          child.kill('SIGTERM');
        }),
    });
    expect(ran).toMatchObject({ status: 2, stdout: '' });
  });

  it('by a browser that dies is kept, and said', async () => {
    const ran = await record([`${site.origin}/endless`, '--for', '60s', '--out', at('died.json')], {
      env: bench.wrapper('browser.sh', { before: `echo $$ > '${at('pid')}'` }),
      started: () =>
        void site
          .asked('/endless/events')
          .then(() => delay(500))
          .then(() => process.kill(Number(readFileSync(at('pid'), 'utf8')), 'SIGKILL')),
    });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toBe('streamgauge: The browser crashed; what was recorded until then is kept.\n');
    expect(streamOf(open('died.json'), '/endless/events').chunks.atMs.length).toBeGreaterThan(0);
  });
});

describe('--run', () => {
  it.each([
    ['throws', 'await 1;\nthrow new RangeError("nope")', 'The script failed: RangeError: nope (line 2).'],
    [
      'is left',
      'setTimeout(() => { location.href = "/empty?again"; }, 50); await new Promise(() => undefined);',
      'The page went elsewhere before the script had ended.',
    ],
    ['does not compile', 'const = 1', /The script failed: SyntaxError: .* \(line 1\)\.$/],
  ])('that %s is said, and is no success', async (_, text, sentence) => {
    const ran = await record([`${site.origin}/empty`, '--for', '20s', '--run', script('bad.js', text)]);
    expect(ran.status).toBe(2);
    const [line, ...others] = ran.stderr.trimEnd().split('\n');
    expect(others).toEqual([]);
    if (typeof sentence === 'string') expect(line).toBe(`streamgauge: ${sentence}`);
    else expect(line).toMatch(sentence);
    expect(ran.stdout).toContain('✓ nothing wrong');
  });
});

describe('what cannot be recorded', () => {
  it('is a host that has no address', async () => {
    const browser = bench.wrapper('resolver.sh', {
      args: '--host-resolver-rules="MAP nowhere.example ^NOTFOUND"',
    });
    const ran = await record(['http://nowhere.example/', '--for', '20s'], { env: browser });
    expect(ran).toMatchObject({
      status: 2,
      stdout: '',
      stderr:
        'streamgauge: http://nowhere.example/ cannot be opened: the host name could not be resolved (net::ERR_NAME_NOT_RESOLVED).\n',
    });
  });

  it('is an address where nobody answers', async () => {
    const port = await freePort();
    const ran = await record([`http://127.0.0.1:${port}/`, '--for', '20s']);
    expect(ran).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `streamgauge: http://127.0.0.1:${port}/ cannot be opened: nothing accepts connections there (net::ERR_CONNECTION_REFUSED).\n`,
    });
  });

  it('is a page that does not come', async () => {
    const ran = await record([`${site.origin}/never`, '--for', '1500ms']);
    expect(ran).toMatchObject({
      status: 2,
      stderr: `streamgauge: ${site.origin}/never did not answer within 1.5 s.\n`,
    });
    expect(ran.stdout).toContain('1 request');
  });

  it('is a stream without a page', async () => {
    const ran = await record([`${site.origin}/events/bare`, '--for', '20s']);
    expect(ran.status).toBe(2);
    expect(ran.stderr).toMatch(/\/events\/bare is a bare stream, which no page reads and nobody judges/);
  });

  it.each<[string, string[], RegExp]>([
    ['no address', [], /record takes one URL\.$/],
    ['two addresses', ['http://a/', 'http://b/'], /record takes one URL\.$/],
    [
      'no scheme',
      ['stage.example.org/chat'],
      /begins with http.*Did you mean https:\/\/stage\.example\.org\/chat\?$/,
    ],
    ['no scheme, at home', ['localhost:3000/chat'], /Did you mean http:\/\/localhost:3000\/chat\?$/],
    [
      'another scheme',
      ['javascript:alert(1)'],
      /begins with http:\/\/ or https:\/\/, not "javascript:alert\(1\)"\.$/,
    ],
    [
      'no time',
      ['http://a/', '--for', 'soon'],
      /--for takes a time such as 30s, 1500ms or 2m, not "soon"\.$/,
    ],
    ['no header', ['http://a/', '--header', 'nonsense'], /--header takes 'Name: value', not "nonsense"\.$/],
    [
      'no script',
      ['http://a/', '--run', '/nowhere.js'],
      /\/nowhere\.js cannot be read: there is no such file\.$/,
    ],
    [
      'no folder',
      ['http://a/', '--out', '/nowhere/a.json'],
      /\/nowhere\/a\.json cannot be written: there is no such folder\.$/,
    ],
    ['no file', ['http://a/', '--out', ''], /--out takes the name of a file\.$/],
    ['a folder', ['http://a/', '--out', '/tmp'], /\/tmp is a folder; --out takes the name of a file\.$/],
    [
      'no such option',
      ['http://a/', '--fast'],
      /Unknown option '--fast'\. streamgauge --help lists the options\.$/,
    ],
  ])('%s', async (_, args, sentence) => {
    const ran = await record(args);
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr.trimEnd()).toMatch(sentence);
    expect(ran.stderr.trimEnd().split('\n')).toHaveLength(1);
  });

  it.each([
    [
      '/nowhere/chromium',
      /STREAMGAUGE_BROWSER names \/nowhere\/chromium, which is no program that can be started\.$/,
    ],
    ['/bin/false', /\/bin\/false ended while starting: it said nothing\.$/],
  ])('with %s for a browser', async (browser, sentence) => {
    const ran = await record([`${site.origin}/empty`], { env: { STREAMGAUGE_BROWSER: browser } });
    expect(ran).toMatchObject({ status: 2, stdout: '' });
    expect(ran.stderr.trimEnd()).toMatch(sentence);
  });

  it('where there is no browser', async () => {
    const ran = await record([`${site.origin}/empty`], {
      env: { STREAMGAUGE_BROWSER: '', PATH: '/nowhere' },
    });
    expect(ran.status).toBe(2);
    expect(ran.stderr).toBe(
      'streamgauge: No Chromium, Chrome or Edge was found. Install one, or name it in STREAMGAUGE_BROWSER.\n',
    );
  });
});

// After all the others: whatever they came to, they cleaned up.
it('leaves no profile behind', () => {
  expect(bench.profilesLeft()).toEqual([]);
});

/** A port of this machine on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
