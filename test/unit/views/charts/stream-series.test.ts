import { describe, expect, it } from 'vitest';
import { createDiagnoser } from '../../../../src/diagnose/run';
import {
  type Curve,
  StreamSeries,
  sampleCurve,
  upperBound,
} from '../../../../src/views/charts/stream-series';
import { arrivalSummary, histogramSummary, quantumNote } from '../../../../src/views/charts/summaries';
import { drawTrace } from '../../../support/draw';

function seriesOf(timeline: string): StreamSeries {
  const diagnoser = createDiagnoser(drawTrace(timeline), []);
  diagnoser.update();
  const facts = diagnoser.factsOf('s1');
  if (!facts) throw new Error('Nothing was measured');
  const series = new StreamSeries(facts);
  series.update();
  return series;
}

const HELD = `100 ask fetch POST https://a.test/chat
  3400 headers 200 text/event-stream
  +0x41 data {"n":{n},"timestamp":{at 400+70}}
  +3 end`;
const FLOWING = `ask fetch POST https://a.test/chat
  50 headers 200 text/event-stream
  +100x20 data {"n":{n},"timestamp":{at 140+100}}
  +3 end`;

describe('the series of a stream', () => {
  it('counts events and bytes from the request on', () => {
    const series = seriesOf(HELD);
    expect(series.received.totals.at(-1)).toBe(41);
    expect(series.received.atMs[0]).toBe(3300);
    expect(series.bytes.totals.at(-1)).toBe(series.facts.byteLength);
  });

  it('takes only what is new', () => {
    const series = seriesOf(FLOWING);
    expect(series.update()).toBe(false);
    expect(series.received.totals).toHaveLength(20);
  });

  it('shows how long a held stream was held by the server clock', () => {
    const curve = seriesOf(HELD).serverCurve(0, 3303, 900);
    // The last was sent no later than it arrived; the first 40 × 70 ms before that.
    expect(curve.at(-1)?.x).toBeCloseTo(3300, 3);
    expect(curve[0]?.x).toBeCloseTo(3300 - 40 * 70, 3);
  });

  it('lays the server clock on the arrivals where nothing was held', () => {
    const series = seriesOf(FLOWING);
    const curve = series.serverCurve(0, series.spanMs, 900);
    const arrivals = sampleCurve(series.received, 0, series.spanMs, 900).slice(1);
    expect(curve.map((point) => Math.round(point.x))).toEqual(arrivals.map((point) => Math.round(point.x)));
  });

  it('has no server clock where events carry no times', () => {
    expect(
      seriesOf(
        'ask fetch GET https://a.test/x\n10 headers 200 text/event-stream\n+5x5 data {"a":1}',
      ).serverCurve(0, 99, 9),
    ).toEqual([]);
  });

  it('shades the wait and a long silence, and not an even rhythm', () => {
    expect(seriesOf(HELD).idleSpans()).toEqual([{ fromMs: 0, toMs: 3300 }]);
    expect(seriesOf(FLOWING).idleSpans()).toEqual([]);
    const paused = seriesOf(`ask fetch GET https://a.test/x
      10 headers 200 text/event-stream
      +20x20 data {"a":{n}}
      +9s data {"a":21}
      +20x20 data {"a":22}
      +1 end`);
    expect(paused.idleSpans()).toHaveLength(1);
    expect(paused.idleSpans()[0]).toMatchObject({ fromMs: 410, toMs: 9410 });
  });

  it('keeps what the page sent out of the arrivals', () => {
    const series = seriesOf(
      'ask websocket GET wss://a.test/x\n10 headers 101\n+10x3 send {"a":1}\n+10x2 data {"b":1}',
    );
    expect(series.received.totals).toEqual([1, 2]);
    expect(series.sent.totals).toEqual([1, 2, 3]);
    expect(series.gapTotal).toBe(1);
  });

  it('marks arrivals that were earlier than they look', () => {
    const series = seriesOf(
      'ask fetch GET https://a.test/x\n10 headers 200 text/event-stream\n+9 data {"a":1}\n+9 queued data {"a":2}\n+9 uncertain data {"a":3}',
    );
    expect(series.doubtful.totals).toEqual([2, 3]);
  });

  it('bins every gap and every chunk, with edges that meet', () => {
    const series = seriesOf(FLOWING);
    for (const bins of [series.gapHistogram(), series.sizeHistogram()]) {
      for (const [index, bin] of bins.slice(1).entries())
        expect(bin.from).toBeCloseTo(bins[index]?.to ?? 0, 6);
    }
    const gaps = series.gapHistogram().reduce((sum, bin) => sum + bin.count, 0);
    expect(gaps).toBe(19);
    const full = series.gapHistogram().filter((bin) => bin.count > 0);
    expect(full.every((bin) => bin.from <= 100.001 && bin.to >= 99)).toBe(true);
  });
});

describe('sampling a curve', () => {
  const curve: Curve = { atMs: [], totals: [] };
  for (let index = 0; index < 100_000; index += 1) {
    curve.atMs.push(index < 50_000 ? index : index + 30_000);
    curve.totals.push(index + 1);
  }

  it('gives no more points than twice its columns, and the exact ends', () => {
    const points = sampleCurve(curve, 0, 130_000, 500);
    expect(points.length).toBeLessThanOrEqual(1001);
    expect(points.at(-1)).toEqual({ x: 129_999, y: 100_000 });
  });

  it('keeps a jump after a silence where it was', () => {
    const points = sampleCurve(curve, 0, 130_000, 500);
    expect(points).toContainEqual({ x: 80_000, y: 50_001 });
    expect(points).toContainEqual({ x: 49_999, y: 50_000 });
  });

  it('gives every point of a small span, beginning with the value before it', () => {
    expect(sampleCurve(curve, 9.5, 12, 500)).toEqual([
      { x: 9.5, y: 10 },
      { x: 10, y: 11 },
      { x: 11, y: 12 },
      { x: 12, y: 13 },
    ]);
  });

  it('reads a number of records that does not grow with the length', () => {
    const readsFor = (length: number) => {
      let reads = 0;
      const atMs = new Proxy(
        Array.from({ length }, (_, index) => index),
        {
          get(target, key) {
            if (typeof key === 'string' && /^\d+$/.test(key)) reads += 1;
            return Reflect.get(target, key) as unknown;
          },
        },
      );
      sampleCurve({ atMs, totals: Array.from({ length }, (_, index) => index) }, 0, length, 100);
      return reads;
    };
    expect(readsFor(200_000)).toBeLessThan(readsFor(2000) * 3);
  });

  it.each([
    [[], 5, 0],
    [[1, 2, 3], 0, 0],
    [[1, 2, 2, 3], 2, 3],
    [[1, 2, 3], 9, 3],
  ])('finds the first of %j beyond %d at %d', (list, x, index) => {
    expect(upperBound(list, x)).toBe(index);
  });
});

describe('plots in words', () => {
  it('says what the curve shows', () => {
    const text = arrivalSummary(seriesOf(HELD));
    expect(text).toContain('41 events');
    expect(text).toContain('first byte after 3.30 s');
    expect(text).toContain('the server spread 41 events over 2.80 s');
  });

  it('names the fullest bin', () => {
    const bins = [
      { from: 1, to: 2, count: 1 },
      { from: 2, to: 4, count: 3 },
    ];
    expect(histogramSummary('Gaps', bins, (value) => `${value} ms`)).toBe(
      'Gaps: 4 values; most (75 %) between 2 ms and 4 ms.',
    );
    expect(histogramSummary('Gaps', [], String)).toContain('nothing to count');
  });

  it.each<[number[], string | null]>([
    [[4096, 4090, 4100, 900], '75 % of the chunks are about 4.0 KB, a usual buffer size.'],
    [[4096, 100, 200, 300], null],
    [[4096], null],
    [[], null],
  ])('recognises buffer sizes in %j', (sizes, note) => {
    expect(quantumNote(sizes)).toBe(note);
  });
});
