import { describe, expect, it } from 'vitest';
import { healthOf, openStreams, spreadOf } from '../../../../src/diagnose/facts/health';
import { createDiagnoser } from '../../../../src/diagnose/run';
import { drawTrace } from '../../../support/draw';

const CHAT = 'https://api.test/chat';

/** A chat answer of `count` tokens that is whole. */
const whole = (
  startMs: number,
  count = 10,
) => `${startMs} ask fetch POST ${CHAT} / accept: text/event-stream / signal
  +100 headers 200 text/event-stream; charset=utf-8 / cache-control: no-cache
  +50x${count} data {"token":"w{n}"}
  +5 data [DONE]
  +2 end`;

function health(timelines: string[]) {
  const diagnoser = createDiagnoser(drawTrace(timelines));
  return healthOf(diagnoser.facts, diagnoser.update());
}

describe('the health of a recording', () => {
  it('is unknown where nothing was recorded', () => {
    const empty = health([]);
    expect(empty.completion).toEqual({ done: 0, of: 0 });
    expect(empty.duration.meanMs).toBeNull();
    expect(empty.endpoints).toEqual([]);
    expect(openStreams(empty, 10).open.every((count) => count === 0)).toBe(true);
  });

  it('counts streams that are whole against those that were cut, with the cause', () => {
    const result = health([
      whole(0),
      whole(1000),
      whole(2000),
      `3000 ask fetch POST ${CHAT} / accept: text/event-stream / signal | +100 headers 200 text/event-stream
       | +50x10 data {"token":"w{n}"} | +20 error net::ERR_HTTP2_PROTOCOL_ERROR TypeError: network error`,
    ]);
    expect(result.streams).toBe(4);
    expect(result.completion).toEqual({ done: 3, of: 4 });
    expect(result.outcomes).toEqual({ complete: 3, cut: 1 });
    expect(result.causes).toEqual([{ cause: 'http2-protocol-error', count: 1 }]);
    expect(result.firstByte.medianMs).toBe(150);
    expect(result.duration.count).toBe(4);
    expect(result.severities.error).toBe(1);
  });

  it.each([
    ['a page that stopped reading', 'abort net::ERR_ABORTED', { complete: 1, page: 1 }],
    ["the user's own network", 'error net::ERR_NETWORK_CHANGED', { complete: 1, client: 1 }],
    ['a stream that still flows', 'beat', { complete: 1, open: 1 }],
  ])('does not hold %s against the service', (_, last, outcomes) => {
    const result = health([
      whole(0),
      `2000 ask fetch POST ${CHAT} / accept: text/event-stream / signal | +100 headers 200 text/event-stream
       | +50x5 data {"token":"w{n}"} | +5 ${last}`,
    ]);
    expect(result.outcomes).toEqual(outcomes);
    expect(result.completion).toEqual({ done: 1, of: 1 });
    expect(result.causes).toEqual([]);
  });

  it('names the status where no rule names a cause, and counts 5xx answers and refused connections of calls too', () => {
    const result = health([
      `0 ask fetch POST ${CHAT} / accept: text/event-stream / signal | +80 headers 500 application/json | +1 raw {} | +1 end`,
      '10 ask fetch GET https://api.test/items / signal | +80 headers 503 application/json | +1 raw {} | +1 end',
      '20 ask fetch GET https://down.test/items / signal | +3 error net::ERR_CONNECTION_REFUSED TypeError: Failed to fetch',
    ]);
    expect(result.causes).toEqual([{ cause: 'status 500', count: 1 }]);
    expect(result.serverErrors).toBe(2);
    expect(result.rejectedConnections).toBe(1);
    expect(result.calls).toBe(2);
  });

  it('tells how many connections opened, how long that took, and how often they came back', () => {
    const socket = (startMs: number, rest: string) =>
      `${startMs} ask websocket GET wss://api.test/live | ${rest}`;
    const result = health([
      socket(0, '+40 headers 101 | +10x5 data {"n":{n}} | +100 error net::ERR_CONNECTION_RESET lost'),
      socket(500, '+60 headers 101 | +10x5 data {"n":{n}} | +100 close 1000'),
      socket(1000, '+30 refused net::ERR_ABORTED WebSocket connection failed'),
    ]);
    expect(result.connections.opened).toEqual({ done: 2, of: 3 });
    expect(result.connections.connect.meanMs).toBe(50);
    expect(result.connections.reconnects).toBe(1);
    expect(result.connections.upgraded).toEqual({ done: 0, of: 0 });
  });

  it('keeps endpoints apart, the worst first, and joins addresses that differ by an id', () => {
    const result = health([
      ...[1, 2, 3].map((id) => whole(id * 1000).replace(CHAT, `https://api.test/rooms/${id}`)),
      `9000 ask fetch POST ${CHAT} / accept: text/event-stream / signal | +100 headers 200 text/event-stream
       | +50x10 data {"token":"w{n}"} | +20 error net::ERR_CONNECTION_RESET TypeError: network error`,
    ]);
    expect(result.endpoints.map(({ endpoint, streams }) => [endpoint, streams])).toEqual([
      [`POST ${CHAT}`, 1],
      ['POST https://api.test/rooms/{id}', 3],
    ]);
    expect(result.endpoints[0]?.findings[0]?.severity).toBe('error');
    expect(result.endpoints[1]?.completion).toEqual({ done: 3, of: 3 });
  });

  it('counts first bytes and gaps in the bins of its edges', () => {
    const result = health([whole(0, 20)]);
    const total = (bins: number[]) => bins.reduce((sum, count) => sum + count, 0);
    expect(total(result.firstByteBins)).toBe(1);
    expect(total(result.gapBins)).toBe(20);
    expect(result.gapBins).toHaveLength(result.binEdgesMs.length);
    const fullest = result.gapBins.indexOf(Math.max(...result.gapBins));
    expect(result.binEdgesMs[fullest]).toBeLessThanOrEqual(50);
    expect(result.binEdgesMs[fullest + 1]).toBeGreaterThan(50);
  });
});

describe('a spread', () => {
  it.each([
    [[5], { count: 1, meanMs: 5, medianMs: 5, p95Ms: 5, longestMs: 5 }],
    [[4, 1, 3, 2], { count: 4, meanMs: 2.5, medianMs: 2, p95Ms: 4, longestMs: 4 }],
    [
      Array.from({ length: 100 }, (_, i) => i + 1),
      { count: 100, meanMs: 50.5, medianMs: 50, p95Ms: 95, longestMs: 100 },
    ],
  ])('of %j', (values, spread) => {
    expect(spreadOf(values)).toEqual(spread);
  });
});

describe('streams over time', () => {
  it('counts those that are open at once, short ones in their column, open ones to the end', () => {
    const spans = [
      { startMs: 0, endMs: 500, outcome: 'complete' as const },
      { startMs: 250, endMs: 260, outcome: 'cut' as const },
      { startMs: 700, endMs: null, outcome: 'open' as const },
    ];
    const { open, bad } = openStreams({ spans, endMs: 1000 }, 10);
    expect(open).toEqual([1, 1, 2, 1, 1, 1, 0, 1, 1, 1, 1]);
    expect(bad).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
