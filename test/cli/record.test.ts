import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createTlsServer, type Server } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findChromium } from '../../src/cli/chromium/find';
import { createEngineIoDecoder } from '../../src/decode/engine-io';
import { SocketIoDecoder } from '../../src/decode/socket-io';
import { importBytes } from '../../src/exchange/import/file';
import { Confidence, Direction, type StreamRecord, type Trace } from '../../src/trace/types';
import { ensureCommandBuilt } from '../e2e/support/built';
import { createCertificate } from '../lab/certificate';
import { type SampleSite, startSampleSite } from './support/sample-site';
import { startSocketIo2Site } from './support/socket-io-2-site';
import { type Ran, type RunOptions, streamgauge } from './support/streamgauge';

let site: SampleSite;
let folder: string;
/** The command's own temporary folder: whatever it leaves behind is seen. */
let temporary: string;
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  if (!findChromium()) throw new Error('These tests need an installed Chromium, Chrome or Edge');
  await ensureCommandBuilt();
  folder = mkdtempSync(join(tmpdir(), 'streamgauge-record-'));
  temporary = at('tmp');
  mkdirSync(temporary);
  site = await startSampleSite();
});
afterAll(async () => {
  await site?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function record(args: string[], options: RunOptions = {}): Promise<Ran> {
  return streamgauge(['record', ...args], { ...options, env: { TMPDIR: temporary, ...options.env } });
}

function script(name: string, text: string): string {
  writeFileSync(at(name), text);
  return at(name);
}

/** The environment in which the browser is started by a script of ours, which does something `before`. */
function wrapper(name: string, { before = '', args = '' }: { before?: string; args?: string }) {
  const path = script(name, `#!/bin/sh\n${before}\nexec '${findChromium()}' ${args} "$@"\n`);
  chmodSync(path, 0o755);
  return { STREAMGAUGE_BROWSER: path };
}

const open = (name: string): Trace => importBytes(name, new Uint8Array(readFileSync(at(name)))).trace;

function streamOf(trace: Trace, path: string): StreamRecord {
  const found = trace.streams.filter(({ request }) => new URL(request.url).pathname === path);
  expect(found.map(({ request }) => request.url)).toHaveLength(1);
  return found[0]!;
}

const decoder = new TextDecoder();
const textOf = ({ chunks }: StreamRecord) =>
  chunks.payload.map((bytes) => (bytes ? decoder.decode(bytes) : '')).join('');
const FIVE = [0, 1, 2, 3, 4].map((n) => `data: ${n}\n\n`).join('');

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

describe('streams of workers, which no tap can see', () => {
  const kinds = ['dedicated', 'shared', 'service'];

  it('have the time of each event, however late the recorder asks for them', async () => {
    const out = at('late.json');
    const asked = Promise.all(kinds.map((kind) => site.asked(`/events/late/${kind}`)));
    const written = Promise.all(kinds.map((kind) => site.written(`/events/late/${kind}`)));
    const options = ['--for', '60s', '--out', out];
    const ran = await record([`${site.origin}/workers?read=/events/late`, ...options], {
      // The recorder stands still while the events come, and asks for them only afterwards.
      started: (child) =>
        void asked
          .then(() => child.kill('SIGSTOP'))
          .then(() => written)
          .then(() => child.kill('SIGCONT')),
    });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    for (const kind of kinds) {
      const stream = streamOf(open('late.json'), `/events/late/${kind}`);
      expect(stream).toMatchObject({ seenBy: { tap: false, network: true, har: true }, losses: [] });
      expect(stream.messages.payload).toEqual(['0', '1', '2', '3', '4']);
      const moments = stream.messages.atMs;
      const gaps = moments.slice(1).map((ms, index) => ms - moments[index]!);
      expect(Math.min(...gaps), `${kind}: ${gaps}`).toBeGreaterThan(Math.max(...gaps) / 4);
      expect(stream.messages.confidence).toEqual(Array(5).fill(Confidence.arrived));
    }
  });

  it('are kept as far as they came when the recording ends before them', async () => {
    const options = ['--for', '3s', '--out', at('open-workers.json')];
    const ran = await record([`${site.origin}/workers?read=/endless`, ...options]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    for (const kind of kinds) {
      const stream = streamOf(open('open-workers.json'), `/endless/${kind}`);
      expect(stream.end, kind).toBeNull();
      expect(new Set(stream.messages.payload), kind).toEqual(new Set(['tick']));
      expect(new Set(stream.messages.atMs).size, kind).toBeGreaterThan(2);
    }
  });
});

describe('windows that the page opens', () => {
  it('are recorded from their first script on', async () => {
    const out = at('windows.json');
    const run = script('open.js', 'openWindows()');
    const options = ['--for', '60s', '--out', out, '--header', 'X-Team: swordfish-44', '--run', run];
    // A script that runs like a person's click may open one window, and these are three.
    const browser = wrapper('popups.sh', { args: '--disable-popup-blocking' });
    const ran = await record([`${site.origin}/opener`, ...options], { env: browser });
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const trace = open('windows.json');
    expect(trace.meta.pageUrl).toBe(`${site.origin}/opener`);
    for (const name of ['popup', 'other', 'link']) {
      expect(streamOf(trace, `/window/${name}`)).toMatchObject({
        kind: 'document',
        end: { kind: 'complete' },
      });
      const stream = streamOf(trace, `/events/${name}`);
      expect(stream, name).toMatchObject({ response: { status: 200 }, end: { kind: 'complete' } });
      expect(textOf(stream) || stream.response?.body?.text, name).toBe(FIVE);
      expect(site.requests.get(`/events/${name}`)?.['x-team'], name).toBe('swordfish-44');
    }
    for (const name of ['other', 'link']) {
      const stream = streamOf(trace, `/events/${name}`);
      expect(stream, name).toMatchObject({ seenBy: { tap: true, network: true, har: true }, losses: [] });
      expect(trace.documents.find(({ id }) => id === stream.documentId)).toMatchObject({
        isTop: true,
        joinedLate: false,
      });
    }
  });
});

describe('bytes that a page posts', () => {
  it('are kept, and read as the packets of Socket.IO 2 that they are', async () => {
    const { origin, stop } = await startSocketIo2Site();
    const run = script('done.js', 'window.done');
    const ran = await record([`${origin}/`, '--for', '60s', '--run', run, '--out', at('socket-io-2.json')]);
    await stop();
    expect(ran.stderr).toBe('');
    const { streams } = open('socket-io-2.json');
    const decoders = streams.flatMap((stream) => createEngineIoDecoder(stream) ?? []);
    expect(decoders.flatMap(({ problems }) => problems)).toEqual([]);
    const socketIo = new SocketIoDecoder();
    const sent = decoders
      .flatMap(({ packets }) => packets)
      .filter(({ direction }) => direction === Direction.sent)
      .sort((a, b) => a.atMs - b.atMs)
      .flatMap((packet) => socketIo.feed(packet).packet ?? []);
    expect(sent).toMatchObject([
      { event: 'draw', args: ['Grüße', new Uint8Array([0, 1, 127, 128, 255])] },
      { type: 'disconnect' },
    ]);
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
      env: wrapper('browser.sh', { before: `echo $$ > '${at('pid')}'` }),
      started: () =>
        void site
          .asked('/endless/events')
          .then(() => delay(500))
          .then(() => process.kill(Number(readFileSync(at('pid'), 'utf8')), 'SIGKILL')),
    });
    expect(ran.status).not.toBe(0);
    expect(ran.stderr).toBe('streamgauge: The browser crashed; what it had recorded until then is kept.\n');
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

describe('a page that is an error itself', () => {
  it('is recorded although it is empty, and said', async () => {
    const out = at('empty-502.json');
    const address = `${site.origin}/status/502`;
    const ran = await record([address, '--for', '20s', '--out', out, '--run', script('any.js', 'fail()')]);
    expect(ran).toMatchObject({
      status: 2,
      stderr:
        'streamgauge: The page itself answered 502 Bad Gateway, and nothing that the browser could show. The script was not run.\n',
    });
    const trace = open('empty-502.json');
    expect(trace.meta.pageUrl).toBe(address);
    expect(trace.documents).toEqual([]);
    expect(streamOf(trace, '/status/502')).toMatchObject({
      kind: 'document',
      response: { status: 502, headersComplete: true, body: null },
      end: { kind: 'complete', netError: null },
    });
  });

  it('is diagnosed like any other answer', async () => {
    const ran = await record([`${site.origin}/status/504?after=5100`, '--for', '20s', '--json']);
    expect(ran.status).toBe(1);
    expect(ran.stderr).toContain('The page itself answered 504 Gateway Timeout,');
    const [file] = JSON.parse(ran.stdout).files;
    expect(file.findings.map(({ id }: { id: string }) => id)).toEqual(['gateway-timeout']);
  });

  it('and asks for a password is recorded, with a word on how to give one', async () => {
    const ran = await record([`${site.origin}/status/401`, '--for', '20s', '--out', at('401.json')]);
    expect(ran).toMatchObject({
      status: 2,
      stderr:
        "streamgauge: The page itself answered 401 Unauthorized, and nothing that the browser could show. --header 'Authorization: …' signs in.\n",
    });
    expect(streamOf(open('401.json'), '/status/401')).toMatchObject({
      response: { status: 401, body: null },
      end: { kind: 'complete', netError: null },
    });
  });

  it('is said, too, when it has something to show', async () => {
    const ran = await record([`${site.origin}/not-here`, '--for', '20s']);
    expect(ran).toMatchObject({
      status: 2,
      stderr: 'streamgauge: The page itself answered 404 Not Found.\n',
    });
  });
});

describe('a page that does not stay as it is', () => {
  it('and goes elsewhere ends its streams and those of its worker', async () => {
    const out = at('left.json');
    const ran = await record([`${site.origin}/leaver`, '--for', '60s', '--out', out]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    const trace = open('left.json');
    expect(trace.meta).toMatchObject({ pageUrl: `${site.origin}/empty?left` });
    for (const path of ['/endless/left', '/endless/left-worker']) {
      const stream = streamOf(trace, path);
      expect(stream.end, path).toMatchObject({ kind: 'aborted' });
      expect(stream.chunks.atMs.length + stream.messages.atMs.length, path).toBeGreaterThan(2);
    }
  });

  it('and asks a person who is not there goes on, and nothing is agreed to', async () => {
    const ran = await record([`${site.origin}/asker`, '--for', '60s']);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect([...site.requests.keys()]).toContain('/empty?confirmed=false&said=null');
  });

  it('and crashes is kept, and said', async () => {
    const ran = await record([`${site.origin}/endless`, '--for', '60s', '--out', at('crashed.json')], {
      started: () =>
        void site
          .asked('/endless/events')
          .then(() => delay(500))
          .then(killRenderers),
    });
    expect(ran).toMatchObject({
      status: 2,
      stderr: 'streamgauge: The page crashed; what was recorded until then is kept.\n',
    });
    expect(streamOf(open('crashed.json'), '/endless/events').chunks.atMs.length).toBeGreaterThan(0);
  });
});

describe('a certificate that nobody trusts', () => {
  let server: Server;
  let origin: string;

  beforeAll(async () => {
    server = createTlsServer(createCertificate(['localhost']), (_, response) =>
      response.setHeader('content-type', 'text/html').end('<title>Stage</title>'),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `https://localhost:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  it('is a reason not to open the page', async () => {
    const ran = await record([`${origin}/`, '--for', '20s']);
    expect(ran).toMatchObject({
      status: 2,
      stdout: '',
      stderr: `streamgauge: ${origin}/ cannot be opened: its certificate is not trusted (net::ERR_CERT_AUTHORITY_INVALID). --insecure opens it all the same.\n`,
    });
  });

  it('is none with --insecure', async () => {
    const ran = await record([`${origin}/`, '--for', '20s', '--insecure', '--out', at('insecure.json')]);
    expect(ran).toMatchObject({ status: 0, stderr: '' });
    expect(streamOf(open('insecure.json'), '/')).toMatchObject({ response: { status: 200 } });
  });
});

describe('what cannot be recorded', () => {
  it('is a host that has no address', async () => {
    const browser = wrapper('resolver.sh', { args: '--host-resolver-rules="MAP nowhere.example ^NOTFOUND"' });
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
  expect(readdirSync(temporary).filter((name) => name.startsWith('streamgauge-'))).toEqual([]);
});

/** Ends the processes of the pages of the browser that uses our temporary folder, as a defect in them would. */
function killRenderers(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes('--type=renderer') && command.includes(`--user-data-dir=${temporary}/`)) {
        process.kill(Number(pid), 'SIGSEGV');
      }
    } catch {
      // It was gone before it could be looked at.
    }
  }
}

/** A port of this machine on which nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
