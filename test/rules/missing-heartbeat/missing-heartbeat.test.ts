import { describe, expect, it } from 'vitest';
import { drawTrace, seeded } from '../../support/draw';
import { findingOf, incompleteOf } from '../../support/found';

const SSE =
  'ask fetch GET https://api.test/agent / accept: text/event-stream | 50 headers 200 text/event-stream';

describe('a long silence without a heartbeat', () => {
  it.each([
    ['20 s between two events', `${SSE} | +100x5 data {n} | +20s data {n} | +100x5 data {n} | +10 end`],
    ['17 s, still open', `${SSE} | +100x5 data {n} | +17s data {n}`],
    [
      '40 s after a greeting comment',
      `${SSE} | +10 beat connected | +100x5 data {n} | +40s data {n} | +10 end`,
    ],
    ['58 s where heartbeats stopped', `${SSE} | +15sx3 beat | +58s data {n} | +1 data [DONE] | +1 end`],
    [
      'NDJSON',
      'ask fetch POST https://api.test/q | 50 headers 200 application/x-ndjson | +100x5 data {"n":{n}} | +20s data {"n":{n}} | +1 end',
    ],
    [
      'an EventSource whose body is known to hold no comment',
      'ask eventsource GET https://api.test/e | 50 headers 200 text/event-stream | body*2 x | +1s data x | +20s data x | +1 abort',
    ],
  ])('%s', (_, timeline) => {
    const finding = findingOf(drawTrace(timeline), 'missing-heartbeat');
    expect(finding).toMatchObject({ severity: 'warning' });
    expect(finding!.evidence[0]).toMatchObject({ unit: 'ms' });
    expect(finding!.evidence[0]!.value).toBeGreaterThan(15_000);
  });

  it('is found wherever the gap lies', () => {
    const random = seeded(2);
    for (let round = 0; round < 20; round++) {
      const before = 1 + Math.floor(random() * 30);
      const gap = 16 + random() * 30;
      const trace = drawTrace(
        `${SSE} | +100x${before} ~40 data {n} | +${gap}s data {n} | +100x9 data {n} | +1 end`,
      );
      expect(findingOf(trace, 'missing-heartbeat')).toBeDefined();
    }
  });
});

describe('no missing heartbeat', () => {
  it.each([
    ['comments every 15 s', `${SSE} | +100x5 data {n} | +15sx4 ~200 beat | +3s data {n} | +10 end`],
    ['comments every 30 s', `${SSE} | +100x5 data {n} | +30sx4 beat | +3s data {n} | +10 end`],
    ['ping events', `${SSE} | +100x5 data {n} | +20sx3 event ping {} | +3s data {n} | +10 end`],
    ['data every 15 s', `${SSE} | +15sx6 ~150 data {n} | +1 end`],
    ['a silence before the end', `${SSE} | +100x5 data {n} | +20s end`],
    ['a silence before the first event', `${SSE} | +20s data {n} | +100x5 data {n} | +1 end`],
    [
      'an ordinary call',
      'ask fetch GET https://api.test/x | 30s headers 200 application/json | +1 raw {} | +1 end',
    ],
    [
      'a WebSocket',
      'ask websocket GET wss://api.test/x | 50 headers 101 | +1s data a | +40s data b | +1s close 1000',
    ],
    [
      'long polling',
      'ask fetch GET https://api.test/poll | 25s headers 200 application/json | +1 raw [] | +1 end',
    ],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'missing-heartbeat')).toBeUndefined();
  });

  it.each([
    ['a page that read late', `${SSE} | +100x5 data {n} | +20s queued data {n} | +100x5 data {n} | +1 end`],
    [
      'an EventSource, whose comments nobody sees',
      'ask eventsource GET https://api.test/e | 50 headers 200 text/event-stream | +1sx3 data {n} | +20s data {n} | +1 abort',
    ],
  ])('is undecided for %s', (_, timeline) => {
    const trace = drawTrace(timeline);
    expect(findingOf(trace, 'missing-heartbeat')).toBeUndefined();
    expect(incompleteOf(trace, 'missing-heartbeat')).toHaveLength(1);
  });
});
