import { expect, it, vi } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import { importBytes } from '../../../src/exchange/import/file';
import { encodeUtf8 } from '../../../src/lib/text';
import { createTrace } from '../../../src/trace/create';
import { tracePieces } from '../../../src/trace/file';
import { addChunk, chunkedStream, endStream } from '../../support/chunked-stream';
import { type EntryOptions, harEntry, harFile } from '../../support/har';

// Large inputs on purpose: give them time beside other tests on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

/** A staging session: streams with event times, polled jobs, sockets, pictures, failures, cookies. */
function session(entryCount: number): Uint8Array {
  const entries = Array.from({ length: entryCount }, (_, n) => harEntry(ENTRIES[n % ENTRIES.length]!(n)));
  return encodeUtf8(JSON.stringify(harFile(entries)));
}

const ENTRIES: ((n: number) => EntryOptions)[] = [
  (n) => ({
    url: `https://app.example/chat/${n % 7}`,
    method: 'POST',
    startMs: n * 40,
    receive: 900,
    events: Array.from({ length: 20 }, (_, i) => [100 + i * 40, `{"n":${i},"ts":${1772359200000 + i * 40}}`]),
    requestHeaders: { Cookie: 'AWSALB=a; session=b', Origin: 'https://app.example' },
    responseHeaders: { 'Set-Cookie': 'AWSALB=c; Path=/', Server: 'nginx' },
  }),
  (n) => ({
    url: `https://app.example/jobs/${n % 50}`,
    startMs: n * 40,
    contentType: 'application/json',
    text: '{"status":"pending"}',
    ...(n % 11 === 0 && { status: 404 }),
  }),
  (n) => ({ url: `https://app.example/${n}.png`, type: 'image', contentType: 'image/png', startMs: n * 40 }),
  (n) => ({
    url: `https://app.example/socket.io/?EIO=4&transport=polling&sid=s${n % 20}`,
    type: 'xhr',
    startMs: n * 40,
    contentType: 'text/plain',
    text: '2\x1e42["a",1]',
  }),
  (n) => ({
    url: `https://api.example/slow/${n % 5}`,
    startMs: n * 40,
    wait: 30_000,
    status: n % 2 ? 504 : 200,
  }),
];

/** A recording of `chunkCount` chunks of SSE, in streams of 12,000. */
function recording(chunkCount: number): Uint8Array {
  const trace = createTrace({ originEpochMs: 1_772_359_200_000, recorder: 'extension' });
  const perStream = 12_000;
  for (let s = 0; s * perStream < chunkCount; s++) {
    const stream = chunkedStream([], { open: true });
    stream.id = `s${s}`;
    const count = Math.min(perStream, chunkCount - s * perStream);
    for (let n = 0; n < count; n++) addChunk(stream, `data: {"n":${n}}\n\n`);
    endStream(stream);
    trace.streams.push(stream);
  }
  return encodeUtf8([...tracePieces(trace)].join(''));
}

/** Processor time of the whole way from the file to the findings, ms. */
function cpuMs(bytes: Uint8Array): number {
  const before = process.cpuUsage();
  const { trace } = importBytes('large', bytes);
  expect(diagnose(trace).failures).toEqual([]);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

it.each<[string, (count: number) => Uint8Array, number]>([
  ['a HAR of 1,000 entries', session, 1000],
  ['a trace of 120,000 chunks', recording, 120_000],
])('%s: half of it takes about half as long', (_, make, count) => {
  const half = make(count / 2);
  const whole = make(count);
  cpuMs(half);
  const halfMs = Math.min(cpuMs(half), cpuMs(half));
  const wholeMs = Math.min(cpuMs(whole), cpuMs(whole));
  expect(wholeMs).toBeLessThan(halfMs * 2.6);
});
