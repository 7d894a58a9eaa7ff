import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/trace/types';
import { drawTrace, seeded } from '../../support/draw';
import { alarms, findingOf } from '../../support/found';

const SSE = 'ask fetch POST https://api.test/chat / body={"stream":true} | 50 headers 200 text/event-stream';

/** The body of `count` events, cut into chunks of random sizes. */
function cutAtRandom(seed: number): Trace {
  const trace = drawTrace(`${SSE} | +10 data x | +900 end`);
  const random = seeded(seed);
  const bytes = new TextEncoder().encode(
    Array.from({ length: 20 }, (_, n) => `data: {"n":${n},"text":"größer"}\n\n`).join(''),
  );
  const { chunks } = trace.streams[0]!;
  for (const column of Object.values(chunks)) column.length = 0;
  for (let from = 0; from < bytes.length; ) {
    const piece = bytes.slice(from, from + 7 + Math.floor(random() * 60));
    chunks.atMs.push(60 + from);
    chunks.byteLength.push(piece.length);
    chunks.waitedMs.push(5);
    chunks.confidence.push(0);
    chunks.payload.push(piece);
    from += piece.length;
  }
  return trace;
}

describe('events across chunks', () => {
  it('are counted', () => {
    const trace = drawTrace(
      `${SSE} | +10 data {"n":{n}} | +10 raw data: {"n" | +10 raw :2}\\n\\ndata: {"n":3}\\n | +10 raw \\n | +10 end`,
    );
    const finding = findingOf(trace, 'split-event')!;
    expect(finding).toMatchObject({ severity: 'info', confidence: 'proven', platforms: ['browser'] });
    expect(finding.summary).toMatch(/^2 events lie across chunk borders/);
    expect(finding.evidence[0]).toMatchObject({ value: 2, at: { fromEvent: 1 } });
    expect(alarms(trace)).toEqual([]);
  });

  it('are found wherever the borders fall', () => {
    for (let seed = 1; seed <= 20; seed++) {
      expect(findingOf(cutAtRandom(seed), 'split-event')).toMatchObject({ severity: 'info' });
    }
  });
});

describe('no split event', () => {
  it.each([
    ['one event for each chunk', `${SSE} | +10x20 data {"n":{n}} | +10 end`],
    ['several for each chunk', `${SSE} | +10x20 data*3 {"n":{n}} | +10 end`],
    [
      'an EventSource',
      'ask eventsource GET https://api.test/e | 50 headers 200 text/event-stream | +10x20 data x | +10 abort',
    ],
    [
      'a HAR, which knows no chunks',
      `${SSE.replace('chat', 'chat / seen=har')} | +10 raw data: {"n" | +10 raw :2}\\n\\n | +10 end`,
    ],
    [
      'a file read by chunk',
      'ask fetch GET https://api.test/f.zip | 50 headers 200 application/zip | +10x20 bytes 65536 | +10 end',
    ],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'split-event')).toBeUndefined();
  });
});
