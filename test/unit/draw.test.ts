import { describe, expect, it } from 'vitest';
import { Confidence, Direction } from '../../src/trace/types';
import { drawStream, drawTrace, ORIGIN_EPOCH_MS } from '../support/draw';

const text = (bytes: Uint8Array | null | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array());

describe('drawing traces', () => {
  it('reads times, repeats and confidence', () => {
    const { chunks, timing, end } = drawStream(
      'ask GET https://a.test/ | 20 headers 200 text/event-stream | +10x3 data {n} | 1.5s queued data*2 x | end',
    );
    expect(chunks.atMs).toEqual([30, 40, 50, 1500]);
    expect(chunks.confidence).toEqual([0, 0, 0, Confidence.queued]);
    expect(chunks.payload.map(text)).toEqual([
      'data: 1\n\n',
      'data: 2\n\n',
      'data: 3\n\n',
      'data: x\n\ndata: x\n\n',
    ]);
    expect([timing.headersAtMs, timing.firstByteAtMs, end?.atMs, end?.kind]).toEqual([
      20,
      30,
      1500,
      'complete',
    ]);
  });

  it('jitters by seed, in order, around the beat', () => {
    const times = (seed: number) =>
      drawStream('0 headers 200 text/plain | +100x50 ~30 data x', { seed }).chunks.atMs;
    expect(times(1)).toEqual(times(1));
    expect(times(1)).not.toEqual(times(2));
    const off = times(1).map((at, index) => Math.abs(at - (index + 1) * 100));
    expect(Math.max(...off)).toBeLessThanOrEqual(30);
  });

  it('fills in send times', () => {
    const { messages } = drawStream(
      'ask eventsource GET https://a.test/ | 9 data*2 {"at":{at 5+10},"s":{sec 1000},"i":"{iso 0}"}',
    );
    expect(JSON.parse(messages.payload[1] as string)).toEqual({
      at: ORIGIN_EPOCH_MS + 15,
      s: ORIGIN_EPOCH_MS / 1000 + 1,
      i: '2026-01-01T00:00:00.000Z',
    });
  });

  it('frames by type, escapes and keeps bars', () => {
    const body = (steps: string) => drawStream(steps).chunks.payload.map(text).join('');
    expect(body('0 headers 200 application/x-ndjson | data {"a":1}')).toBe('{"a":1}\n');
    expect(body('0 headers 200 text/event-stream | event tick a \\| b | beat')).toBe(
      'event: tick\ndata: a | b\n\n: ping\n\n',
    );
    expect(body('0 headers 200 text/html | raw a\\nb')).toBe('a\nb');
  });

  it('draws sockets, headers and options', () => {
    const [socket, call] = drawTrace([
      'ask websocket GET wss://a.test/ / protocol=v1 | 5 headers 101 | send hi | +5 data ho | close 1006 gone',
      'ask fetch POST https://a.test/ / cookie: a=b; c=d / credentials=include / nosignal | 5 headers 200 application/json / set-cookie: x=y; Path=/ / protocol=http/1.1',
    ]).streams;
    expect(socket?.messages.direction).toEqual([Direction.sent, Direction.received]);
    expect(socket?.end).toMatchObject({
      kind: 'error',
      closeCode: 1006,
      closeReason: 'gone',
      wasClean: false,
    });
    expect(call?.request).toMatchObject({
      credentials: 'include',
      hasAbortSignal: false,
      headers: [['cookie', 'a=b; c=d']],
    });
    expect(call?.response?.headers).toEqual([
      ['content-type', 'application/json'],
      ['set-cookie', 'x=y; Path=/'],
    ]);
    expect(call?.response?.protocol).toBe('http/1.1');
  });

  it('refuses what it does not know', () => {
    expect(() => drawStream('10 frobnicate')).toThrow(/frobnicate/);
    expect(() => drawStream('ask GET https://a.test/ / colour=red')).toThrow(/colour=red/);
  });
});
