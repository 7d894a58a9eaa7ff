import { describe, expect, it } from 'vitest';
import { createDiagnoser, diagnose } from '../../../src/diagnose/run';
import type { Trace } from '../../../src/trace/types';
import { Confidence } from '../../../src/trace/types';
import { drawTrace } from '../../support/draw';

const SSE = 'ask fetch POST https://api.test/chat / body={"stream":true} | 50 headers 200 text/event-stream';
const stallOf = (trace: Trace, nowMs: number) =>
  diagnose(trace, nowMs).findings.find(({ id }) => id === 'stalled-stream');

describe('a stream that has gone silent', () => {
  it.each([
    ['tokens, then nothing for 12 s', `${SSE} | +80x50 ~30 data {n}`, 16_500],
    ['tokens at 1 s', `${SSE} | +1sx20 ~200 data {n}`, 34_000],
    [
      'a WebSocket ticker',
      'ask websocket GET wss://api.test/prices | 50 headers 101 | +20 send subscribe | +1sx40 ~100 data {n}',
      60_000,
    ],
    [
      'an EventSource ticker',
      'ask eventsource GET https://api.test/prices | 50 headers 200 text/event-stream | +1sx40 data {n}',
      60_000,
    ],
  ])('%s', (_, timeline, nowMs) => {
    const finding = stallOf(drawTrace(timeline), nowMs);
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'likely' });
  });

  it('clears when it moves', () => {
    const trace = drawTrace(`${SSE} | +80x50 data {n}`);
    const diagnoser = createDiagnoser(trace);
    const stalled = (nowMs: number) =>
      diagnoser.update({ nowMs }).findings.some(({ id }) => id === 'stalled-stream');
    expect(stalled(5000)).toBe(false);
    expect(stalled(20_000)).toBe(true);
    const { chunks } = trace.streams[0]!;
    chunks.atMs.push(20_100);
    chunks.byteLength.push(9);
    chunks.waitedMs.push(16_000);
    chunks.confidence.push(Confidence.arrived);
    chunks.payload.push(new TextEncoder().encode('data: x\n\n'));
    expect(stalled(20_200)).toBe(false);
    expect(stalled(60_000)).toBe(false);
    expect(stalled(120_000)).toBe(true);
  });
});

describe('no stall', () => {
  it.each([
    ['a short pause', `${SSE} | +80x50 data {n}`, 10_000],
    [
      'a stream with long pauses of its own',
      `${SSE} | +80x5 data {n} | +8s data {n} | +80x5 data {n}`,
      30_000,
    ],
    ['heartbeats in an idle channel', `${SSE} | +80x50 data {n} | +5sx30 beat`, 157_000],
    ['a snapshot, then nothing new', `${SSE} | +5x20 data {n}`, 120_000],
    ['an answer that is there, its connection open', `${SSE} | +80x50 data {n} | +1 data [DONE]`, 120_000],
    ['it has ended', `${SSE} | +80x50 data {n} | +1 end`, 120_000],
    ['too few to know', `${SSE} | +1sx4 data {n}`, 120_000],
    [
      'a chat over a WebSocket',
      'ask websocket GET wss://api.test/c | 50 headers 101 | +10 send hi | +300 data a | +4s send how | +300 data b',
      120_000,
    ],
    [
      'a WebSocket that was told to be silent',
      'ask websocket GET wss://api.test/p | 50 headers 101 | +1sx40 data {n} | +500 send unsubscribe | +200 data ok',
      120_000,
    ],
    [
      'a notification channel with events now and then',
      'ask eventsource GET https://api.test/n | 50 headers 200 text/event-stream | +1sx3 data {n} | +40sx3 data {n}',
      220_000,
    ],
  ])('%s', (_, timeline, nowMs) => {
    expect(stallOf(drawTrace(timeline), nowMs)).toBeUndefined();
  });
});
