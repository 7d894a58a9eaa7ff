import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../../src/decode/decoder';
import { importBytes } from '../../../src/exchange/import/file';
import { Confidence, type StreamRecord, type Trace } from '../../../src/trace/types';

/**
 * Files that real tools wrote of one page against one server on the loopback: streams by fetch, XHR and EventSource with
 * six events and two comments at 120 ms each, an answer held back for 600 ms, a stream cut after one event, NDJSON, a
 * 504, a 504 behind a CORS refusal, an abort, a WebSocket, and a refused one. Only lists that are not read were taken out.
 */
function open(name: string): Trace {
  const bytes = readFileSync(join(import.meta.dirname, '../../fixtures/har', name));
  const { trace, problems } = importBytes(name, new Uint8Array(bytes));
  expect(problems).toEqual([]);
  return trace;
}

function streamAt(trace: Trace, path: string): StreamRecord {
  return trace.streams.find(({ request }) => request.url.endsWith(path))!;
}

describe('Chromium 156, saved from DevTools', () => {
  const trace = open('chromium-156-devtools.har');

  it.each(['/sse?fetch', '/sse?xhr'])(
    'has the arrivals of %s, and knows that the first stamp is none',
    (path) => {
      const stream = streamAt(trace, path);
      const { decoded } = createDecoder(stream);
      expect(decoded.events.data).toHaveLength(5);
      expect(decoded.events.data.at(-1)).toBe('[DONE]');
      expect(decoded.events.confidence).toEqual([Confidence.bounded, 0, 0, 0, 0]);
      expect(decoded.events.atMs[0]).toBe(stream.timing.firstByteAtMs);
      const gaps = decoded.events.atMs.slice(1).map((at, index) => at - decoded.events.atMs[index]!);
      for (const gap of gaps) expect(gap).toBeGreaterThan(100);
      expect(decoded.events.sentEpochMs.slice(0, 4).every(Number.isFinite)).toBe(true);
    },
  );

  it('has EventSource whole, and does not take its close() for a fault', () => {
    const stream = streamAt(trace, '/sse?es');
    expect(stream.messages.confidence).toEqual([0, 0, 0, 0, 0]);
    expect(stream.messages.name).toEqual(['tick', 'tick', 'tick', 'tick', 'message']);
    expect(stream.end).toMatchObject({ kind: 'aborted', netError: 'net::ERR_ABORTED' });
  });

  it('knows only bounds of what was held back', () => {
    const stream = streamAt(trace, '/held');
    expect(stream.timing.phases!.waitMs).toBeGreaterThan(500);
    const { decoded } = createDecoder(stream);
    expect(decoded.events.data).toEqual(['0', '1', '2', '3', '4', '5']);
    expect(new Set(decoded.events.confidence)).toEqual(new Set([Confidence.bounded]));
  });

  it('has ends, statuses, connections, and both sockets', () => {
    expect(streamAt(trace, '/cut').end).toMatchObject({
      kind: 'error',
      netError: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING',
    });
    expect(streamAt(trace, '/gateway').response!.status).toBe(504);
    expect(streamAt(trace, '/cors')).toMatchObject({
      response: { status: 504 },
      end: { kind: 'refused', netError: 'net::ERR_FAILED' },
    });
    expect(streamAt(trace, '/sse?abort').end!.kind).toBe('aborted');
    expect(streamAt(trace, '/sse?fetch').response!.connectionId).toBe('202');
    const live = streamAt(trace, '/live');
    expect(live.messages.payload).toEqual(['hé', 'echo hé', Uint8Array.of(1, 2, 255)]);
    expect(live.messages.direction).toEqual([1, 0, 0]);
    expect(live.messages.confidence).toEqual([0, 0, 0]);
    expect(live.end!.kind).toBe('complete');
    expect(streamAt(trace, '/nope').end).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('400'),
    });
  });
});

describe('Playwright 1.65, recordHar with embedded content', () => {
  const trace = open('playwright-1.65-embed.har');

  it('has every event, without arrival times', () => {
    expect(trace.meta.missing).toContain('chunk-times');
    for (const path of ['/sse?fetch', '/sse?es', '/sse?xhr']) {
      const stream = streamAt(trace, path);
      const { decoded } = createDecoder(stream);
      expect(decoded.events.data.filter((_, index) => decoded.events.name[index])).toHaveLength(5);
      expect(new Set(decoded.events.confidence)).toEqual(new Set([Confidence.bounded]));
      expect(stream.losses).toContain('no-chunk-times');
    }
    expect(createDecoder(streamAt(trace, '/ndjson')).decoded.events.data).toHaveLength(4);
  });

  it('has ends, and both sockets', () => {
    expect(streamAt(trace, '/cut').end).toMatchObject({
      kind: 'error',
      netError: 'net::ERR_INCOMPLETE_CHUNKED_ENCODING',
    });
    expect(streamAt(trace, '/cors')).toMatchObject({ response: null, end: { netError: 'net::ERR_FAILED' } });
    expect(streamAt(trace, '/live').messages.payload).toEqual(['hé', 'echo hé', Uint8Array.of(1, 2, 255)]);
    expect(streamAt(trace, '/nope').end).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('400'),
    });
  });
});
