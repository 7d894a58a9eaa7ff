import { readdirSync, readFileSync } from 'node:fs';
import { createServer as createTlsServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEngineIoDecoder } from '../../src/decode/engine-io';
import { SocketIoDecoder } from '../../src/decode/socket-io';
import { Confidence, Direction } from '../../src/trace/types';
import { createCertificate } from '../lab/certificate';
import { FIVE, type RecordBench, startRecordBench, streamOf, textOf } from './support/record-bench';
import { startSocketIo2Site } from './support/socket-io-2-site';

// Pages of all kinds, as `record` meets them; what it does with them otherwise is in record.test.ts.

let bench: RecordBench;
let { site, at, record, script, open } = {} as RecordBench;

beforeAll(async () => {
  bench = await startRecordBench();
  ({ site, at, record, script, open } = bench);
});
afterAll(() => bench?.stop());

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
      // Apart like the server sent them, as far as a busy machine lets them be; at one time if nobody knew better.
      const moments = stream.messages.atMs;
      const gaps = moments.slice(1).map((ms, index) => ms - moments[index]!);
      const spanMs = moments.at(-1)! - moments[0]!;
      expect(gaps.filter((gapMs) => gapMs > spanMs / 10).length, `${kind}: ${gaps}`).toBeGreaterThan(1);
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
    const browser = bench.wrapper('popups.sh', { args: '--disable-popup-blocking' });
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
    for (const name of ['popup', 'other', 'link']) {
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

// After all the others: whatever they came to, they cleaned up.
it('leaves no profile behind', () => {
  expect(bench.profilesLeft()).toEqual([]);
});

/** Ends the processes of the pages of the browser that uses our temporary folder, as a defect in them would. */
function killRenderers(): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      if (command.includes('--type=renderer') && command.includes(`--user-data-dir=${bench.temporary}/`)) {
        process.kill(Number(pid), 'SIGSEGV');
      }
    } catch {
      // It was gone before it could be looked at.
    }
  }
}
