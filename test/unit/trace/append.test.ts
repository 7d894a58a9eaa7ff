import { describe, expect, it } from 'vitest';
import { TraceAppender } from '../../../src/trace/append';
import { createStream, createTrace } from '../../../src/trace/create';
import { Confidence, Direction, Opcode, type TraceLimits } from '../../../src/trace/types';

function setUp(limits: Partial<TraceLimits> = {}) {
  const trace = createTrace({ originEpochMs: 0, recorder: 'lab' });
  Object.assign(trace.limits, limits);
  const appender = new TraceAppender(trace);
  const add = (id: string, startedAtMs = 0) => {
    const stream = createStream({ id, kind: 'fetch', url: 'https://a.test/', startedAtMs });
    appender.addStream(stream);
    return stream;
  };
  const chunk = (byteLength: number, atMs = 0) => ({
    atMs,
    byteLength,
    waitedMs: 5,
    confidence: Confidence.arrived,
    payload: new Uint8Array(byteLength).fill(7),
  });
  const message = (payload: string | Uint8Array) => ({
    atMs: 0,
    byteLength: payload.length,
    confidence: Confidence.arrived,
    direction: Direction.received,
    opcode: Opcode.text,
    name: null,
    lastEventId: null,
    payload,
  });
  return { trace, appender, add, chunk, message };
}

describe('appending to a trace', () => {
  it('keeps streams in the order of their start', () => {
    const { trace, add } = setUp();
    for (const at of [5, 1, 3, 3, 9]) add(`s${at}`, at);
    expect(trace.streams.map(({ timing }) => timing.startedAtMs)).toEqual([1, 3, 3, 5, 9]);
  });

  it('gives up the oldest payloads first, keeps their sizes and times, and says so', () => {
    const { trace, appender, add, chunk, message } = setUp({ maxPayloadBytes: 100 });
    const [old, young] = [add('old'), add('young')];
    appender.appendChunk(old, chunk(40, 1));
    appender.appendMessage(young, message('x'.repeat(40)));
    appender.appendChunk(young, chunk(40, 3));
    expect(old.chunks).toMatchObject({ payload: [null], byteLength: [40], atMs: [1] });
    expect(old.losses).toEqual(['payload-evicted']);
    expect(young.losses).toEqual([]);
    appender.appendChunk(young, chunk(50, 4));
    expect(young.messages.payload).toEqual([null]);
    expect(trace.loss.evictedPayloadBytes).toBe(80);
    expect(appender.payloadBytes).toBe(90);
  });

  it('never holds more than the budget, however long it runs', () => {
    const { trace, appender, add, chunk } = setUp({ maxPayloadBytes: 1000 });
    const stream = add('s');
    trace.limits.maxStreamPayloadBytes = Number.MAX_SAFE_INTEGER;
    for (let index = 0; index < 20_000; index++) appender.appendChunk(stream, chunk(10, index));
    const held = stream.chunks.payload.reduce((sum, one) => sum + (one?.length ?? 0), 0);
    expect(held).toBe(1000);
    expect(appender.payloadBytes).toBe(1000);
    expect(stream.chunks.payload.slice(-100).every((one) => one !== null)).toBe(true);
  });

  it.each([
    ['one chunk', { maxChunkPayloadBytes: 10 }, [10, 10]],
    ['one stream', { maxStreamPayloadBytes: 50 }, [30, 20]],
  ])('cuts payloads at the limit of %s', (_, limits, kept) => {
    const { appender, add, chunk } = setUp(limits);
    const stream = add('s');
    for (let index = 0; index < kept.length; index++) appender.appendChunk(stream, chunk(30));
    expect(stream.chunks.payload.map((one) => one?.length)).toEqual(kept);
    expect(stream.chunks.byteLength).toEqual(kept.map(() => 30));
    expect(stream.losses).toEqual(['payload-capped']);
  });

  it.each([
    ['chunks', { maxChunks: 2 }],
    ['messages', { maxMessages: 2 }],
  ])('counts %s beyond the limit', (_, limits) => {
    const { trace, appender, add, chunk, message } = setUp(limits);
    const stream = add('s');
    const results = [1, 2, 3, 4].map(() =>
      'maxChunks' in limits
        ? appender.appendChunk(stream, chunk(1))
        : appender.appendMessage(stream, message('x')),
    );
    expect(results).toEqual([true, true, false, false]);
    expect(trace.loss.overLimitRecords).toBe(2);
    expect(stream.losses).toEqual(['dropped-records']);
  });

  it('counts streams beyond the limit', () => {
    const { trace, appender } = setUp({ maxStreams: 1 });
    const stream = (id: string) => createStream({ id, kind: 'fetch', url: '', startedAtMs: 0 });
    expect([appender.addStream(stream('a')), appender.addStream(stream('b'))]).toEqual([true, false]);
    expect(trace.loss.droppedStreams).toBe(1);
  });

  it('knows what a trace already holds', () => {
    const { trace, appender, add, chunk } = setUp();
    appender.appendChunk(add('a'), chunk(60));
    trace.limits.maxPayloadBytes = 50;
    const again = new TraceAppender(trace);
    expect(again.payloadBytes).toBe(0);
    expect(trace.streams[0]!.losses).toEqual(['payload-evicted']);
  });
});
