import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deliveries } from '../../../src/bridge/deliveries';
import type { TapBatch, TapEnd, TapHead, TapStart } from '../../../src/protocol/messages';
import type { TapDelivered } from '../../../src/protocol/wire';

const batch = (part: object): TapBatch =>
  ({ starts: [], heads: [], ends: [], chunks: null, ...part }) as unknown as TapBatch;
const start = (stream: number, url: string, atMs: number, kind = 'fetch') =>
  ({ stream, url, atMs, kind }) as TapStart;
const head = (stream: number, atMs: number, type = 'image/png') =>
  ({ stream, atMs, headers: [['content-type', type]] }) as unknown as TapHead;
const entry = (
  name: string,
  startTime: number,
  responseEnd: number,
  decodedBodySize = 0,
  initiatorType = 'fetch',
) => ({ name, startTime, responseEnd, decodedBodySize, initiatorType }) as PerformanceResourceTiming;

let told: TapDelivered[];
let deliveries: Deliveries;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  told = [];
  deliveries = new Deliveries((command) => told.push(command));
});
afterEach(() => {
  deliveries.stop();
  vi.useRealTimers();
});

describe('the end of bodies that nobody is seen to read', () => {
  it('is told by resource timing, whether its entry comes after the batch or before', () => {
    deliveries.resource(entry('http://a/early', 10, 25, 7));
    deliveries.batch(batch({ starts: [start(1, 'http://a/early#part', 9), start(2, 'http://a/late', 12)] }));
    deliveries.batch(batch({ heads: [head(1, 20), head(2, 21)] }));
    deliveries.resource(entry('http://a/late', 13, 30));
    vi.advanceTimersByTime(1000);
    expect(told.map(({ stream, atMs, byteLength, unread }) => [stream, atMs, byteLength, unread])).toEqual([
      [2, 30, -1, false],
      [1, 25, 7, false],
      [2, 30, -1, false],
    ]);
  });

  it('goes to the stream that began nearest before, each once', () => {
    deliveries.batch(
      batch({
        starts: [start(1, 'http://a/x', 100), start(2, 'http://a/x', 110), start(3, 'http://a/x', 180)],
        heads: [head(1, 120), head(2, 120), head(3, 200)],
      }),
    );
    deliveries.resource(entry('http://a/x', 112, 130));
    deliveries.resource(entry('http://a/x', 112, 131));
    deliveries.resource(entry('http://a/x', 112, 132));
    expect(told.map(({ stream, atMs }) => [stream, atMs])).toEqual([
      [2, 130],
      [1, 131],
    ]);
  });

  it('is not asked about bodies in sight, ended streams and other kinds', () => {
    deliveries.batch(
      batch({
        starts: [start(1, 'http://a/1', 0), start(2, 'http://a/2', 0), start(3, 'http://a/3', 0, 'xhr')],
        heads: [head(1, 1), head(2, 1), head(3, 1)],
        chunks: { stream: [1] },
        ends: [{ stream: 2 } as TapEnd],
      }),
    );
    for (const name of ['http://a/1', 'http://a/2', 'http://a/3']) deliveries.resource(entry(name, 1, 2));
    deliveries.resource(entry('http://a/1', 1, 2, 0, 'img'));
    vi.advanceTimersByTime(20_000);
    expect(told).toEqual([]);
  });

  it('a body left alone for five seconds is unread, unless its type is a stream', () => {
    const heads = [head(1, 0), head(2, 0, 'text/event-stream; charset=utf-8')];
    deliveries.batch(batch({ starts: [start(1, 'http://a/1', 0), start(2, 'http://a/2', 0)], heads }));
    vi.advanceTimersByTime(6000);
    expect(told.some(({ stream, unread }) => stream === 1 && unread)).toBe(true);
    expect(told.some(({ stream, unread }) => stream === 2 && unread)).toBe(false);
    expect(told.filter(({ unread }) => !unread).every(({ atMs }) => atMs === -1)).toBe(true);
  });

  it('the clock stands still when there is nothing to ask, and after the stop', () => {
    expect(vi.getTimerCount()).toBe(0);
    deliveries.batch(batch({ starts: [start(1, 'http://a/1', 0)], heads: [head(1, 1)] }));
    expect(vi.getTimerCount()).toBe(1);
    deliveries.batch(batch({ ends: [{ stream: 1 } as TapEnd] }));
    vi.advanceTimersByTime(1000);
    expect(vi.getTimerCount()).toBe(0);
    deliveries.batch(batch({ starts: [start(2, 'http://a/1', 0)], heads: [head(2, 1)] }));
    deliveries.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keeps a bounded number of streams and entries', () => {
    const many = Array.from({ length: 2000 }, (_, i) => i);
    for (const i of many) deliveries.resource(entry(`http://a/${i}`, i * 100, i * 100 + 5));
    deliveries.batch(
      batch({
        starts: many.map((i) => start(i, `http://a/${i}`, i * 100)),
        heads: many.map((i) => head(i, i * 100 + 1)),
      }),
    );
    expect(told.map(({ stream }) => stream)).toEqual(many.slice(-256));
  });
});
