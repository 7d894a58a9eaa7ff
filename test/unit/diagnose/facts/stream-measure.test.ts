import { describe, expect, it } from 'vitest';
import type { StreamFacts } from '../../../../src/diagnose/facts/stream-facts';
import { StreamMeasure } from '../../../../src/diagnose/facts/stream-measure';
import { createStream } from '../../../../src/trace/create';
import { Confidence, type DocumentRecord, type StreamRecord } from '../../../../src/trace/types';
import { drawStream, drawTrace, ORIGIN_EPOCH_MS, seeded } from '../../../support/draw';

function measure(timeline: string, document: DocumentRecord | null = null): StreamMeasure {
  const stream = drawStream(timeline);
  const one = new StreamMeasure(stream, document, ORIGIN_EPOCH_MS);
  one.read();
  return one;
}

const SSE = 'headers 200 text/event-stream';

/** Everything a rule can read, as plain values. */
function snapshot(facts: StreamFacts): unknown {
  const { nature, askedForStream, ageMs, byteLength, eventCount, heartbeatCount, gaps, bursts } = facts;
  const { serverClock, timesKnown, arrivals, data, flushes, firstByteMs, tailSilenceMs } = facts;
  return structuredClone({
    nature,
    askedForStream,
    ageMs,
    byteLength,
    eventCount,
    heartbeatCount,
    gaps,
    bursts,
    serverClock,
    timesKnown,
    arrivals,
    data,
    flushes,
    firstByteMs,
    tailSilenceMs,
  });
}

describe('what kind of exchange it is', () => {
  it.each<[string, string, StreamFacts['nature']]>([
    ['SSE', `ask POST https://a.test/ | 5 ${SSE}`, 'stream'],
    ['NDJSON', 'ask GET https://a.test/ | 5 headers 200 application/x-ndjson', 'stream'],
    ['JSON sequence', 'ask GET https://a.test/ | 5 headers 200 application/json-seq', 'stream'],
    ['EventSource', 'ask eventsource GET https://a.test/', 'stream'],
    ['WebSocket', 'ask websocket GET wss://a.test/', 'stream'],
    ['asked for, no answer yet', 'ask POST https://a.test/ / body={"stream": true}', 'stream'],
    [
      'asked for, answered by JSON',
      'ask POST https://a.test/ / accept: text/event-stream | 5 headers 200 application/json | raw {"a":1} | end',
      'call',
    ],
    [
      'SSE under a wrong name',
      'ask GET https://a.test/ | 5 headers 200 text/html | raw event: a\\ndata: 1\\n\\ndata: 2\\n\\n',
      'stream',
    ],
    ['text word by word', 'ask GET https://a.test/ | 5 headers 200 text/plain | +50x30 raw word', 'stream'],
    ['untyped text word by word', 'ask GET https://a.test/ | 5 headers 200 | +50x30 raw words and', 'stream'],
    [
      'text as a file',
      'ask GET https://a.test/ | 5 headers 200 text/plain | +5x9 raw {pad 9} | +5x9 bytes 65536',
      'call',
    ],
    [
      'JSON by chunk',
      'ask GET https://a.test/ | 5 headers 200 application/json | raw [1 | +9x50 raw ,2 | raw ] | end',
      'call',
    ],
    [
      'a download by chunk',
      'ask GET https://a.test/ | 5 headers 200 application/octet-stream | +5x50 bytes 900',
      'download',
    ],
    ['media', 'ask GET https://a.test/ | 5 headers 206 video/mp4 | +5x50 bytes 65536', 'download'],
    [
      'an attachment',
      'ask GET https://a.test/ | 5 headers 200 text/csv / content-disposition: attachment; filename=a.csv',
      'download',
    ],
    ['a page', 'ask document GET https://a.test/ | 5 headers 200 text/html', 'call'],
    ['no answer', 'ask GET https://a.test/', 'call'],
  ])('%s', (_, timeline, nature) => expect(measure(timeline).nature).toBe(nature));

  it.each<[string, boolean]>([
    ['ask POST https://a.test/ / body={"model":"x","stream":true}', true],
    ['ask POST https://a.test/ / body={"stream":false}', false],
    ['ask GET https://a.test/?stream=true', true],
    ['ask GET https://a.test/?upstream=true', false],
    ['ask GET https://a.test/ / Accept: application/x-ndjson', true],
    ['ask GET https://a.test/ / accept: */*', false],
    ['ask eventsource GET https://a.test/', true],
  ])('%s asks for a stream: %s', (timeline, expected) =>
    expect(measure(timeline).askedForStream).toBe(expected),
  );
});

describe('times', () => {
  it('measures from the request to headers, first byte, end', () => {
    expect(
      measure(`100 ask GET https://a.test/ | 150 ${SSE} | 400 data x | +100 beat | +50 data y | 900 end`),
    ).toMatchObject({
      headersMs: 50,
      firstByteMs: 300,
      ageMs: 800,
      tailSilenceMs: 350,
      eventCount: 2,
      heartbeatCount: 1,
      requestAtMs: 100,
    });
  });

  it('finds the longest gap and where it began, and the median', () => {
    expect(measure(`0 ${SSE} | 100 data x | +80x9 data x | +4000 beat | +80x4 data x`).gaps).toMatchObject({
      longestMs: 4000,
      longestStartMs: 820,
      medianMs: 80,
    });
  });

  it('counts sent frames as nothing that came', () => {
    const facts = measure(
      'ask websocket GET wss://a.test/ | 20 headers 101 | 100 data x | 200 send y | 900 data z',
    );
    expect(facts).toMatchObject({ eventCount: 2, gaps: { longestMs: 800 } });
  });

  it('leaves queue and connection out of the wait', () => {
    expect(
      measure('100 ask GET https://a.test/ | phases blocked=300 dns=20 connect=80 send=1 wait=50')
        .requestAtMs,
    ).toBe(501);
    expect(measure('100 ask GET https://a.test/ | 250 sent').requestAtMs).toBe(250);
  });

  it('knows how early a late read can have come', () => {
    const late = measure(`ask GET https://a.test/ | 100 ${SSE} | 3000 queued data x | +1 data y`);
    expect(late.data).toMatchObject({ firstAtMs: 3000, firstEarliestMs: 100 });
    expect(late.arrivals.lateCount).toBe(1);
    const between = measure(`ask GET https://a.test/ | 100 ${SSE} | 2900 beat | 3000 queued data x`);
    expect(between.data?.firstEarliestMs).toBe(2900);
  });

  it('trusts times that were waited for, not those of a slow reader', () => {
    expect(measure(`0 ${SSE} | +50x40 data x`).timesKnown).toBe(true);
    expect(measure(`0 ${SSE} | +500x40 queued data x`).timesKnown).toBe(false);
    expect(measure(`0 ${SSE} | +50x40 bounded data x`).timesKnown).toBe(false);
    // Many reads of one burst: only the first had to wait.
    expect(
      measure(`0 ${SSE} | +500 data x | +2x3 queued data x | +500 data x | +2x3 queued data x`).timesKnown,
    ).toBe(true);
  });

  it('takes back its trust when a blocked span is reported afterwards', () => {
    const trace = drawTrace(`0 ${SSE} | +1000x10 data*5 x`);
    const [stream] = trace.streams as [StreamRecord];
    const document = trace.documents[0]!;
    const facts = new StreamMeasure(stream, document, ORIGIN_EPOCH_MS);
    facts.read();
    expect([facts.timesKnown, facts.flushes.knownShare]).toEqual([true, 1]);
    for (let index = 0; index < 9; index++) {
      document.blocked.startMs.push(index * 1000 + 100);
      document.blocked.durationMs.push(890);
      stream.chunks.confidence[index] = Confidence.uncertain;
    }
    facts.read();
    expect([facts.timesKnown, facts.flushes.knownShare]).toEqual([false, 0]);
  });
});

describe('bursts', () => {
  it('groups what one flush brought', () => {
    expect(measure(`0 ${SSE} | 500 data*3 x | +4 data*9 x | 1500 data*2 x | 2500 data x`).bursts).toEqual({
      count: 3,
      largestEvents: 12,
      largestSpanMs: 4,
      spreadMs: 2000,
    });
  });

  it('knows the server clock by differences only', () => {
    expect(
      measure(`0 ${SSE} | 4000 data*5 {"at":{at 90000+100}} | 4010 data {"x":1}`).serverClock,
    ).toMatchObject({
      count: 5,
      sentSpreadMs: 400,
      arrivalSpreadMs: 0,
      isConstant: false,
    });
    expect(measure(`0 ${SSE} | 4000 data x`).serverClock).toBeNull();
  });
});

describe('growth', () => {
  const timelineOf = (seed: number) => {
    const random = seeded(seed);
    const steps = [
      `ask ${random() < 0.5 ? 'POST' : 'GET'} https://a.test/`,
      `${random() * 900} ${random() < 0.3 ? 'headers 200' : SSE}`,
    ];
    for (let step = 0; step < 40; step++) {
      const confidence = random() < 0.2 ? 'queued ' : '';
      const verb =
        random() < 0.15
          ? 'beat'
          : `data*${1 + Math.floor(random() * 6)} {"at":{at 0+50},"t":"{pad ${Math.floor(random() * 900)}}"}`;
      steps.push(`+${random() < 0.5 ? random() * 15 : random() * 1200} ${confidence}${verb}`);
    }
    return [...steps, 'end'].join('\n');
  };

  it.each([1, 2, 3, 4, 5, 6])('gives the same facts chunk by chunk as at once (seed %i)', (seed) => {
    const whole = drawStream(timelineOf(seed));
    const atOnce = new StreamMeasure(whole, null, ORIGIN_EPOCH_MS);
    atOnce.read();

    const { chunks, end, ...rest } = drawStream(timelineOf(seed));
    const growing = {
      ...rest,
      end: null,
      chunks: createStream({ id: 's1', kind: 'fetch', url: 'x', startedAtMs: 0 }).chunks,
    } as StreamRecord;
    const live = new StreamMeasure(growing, null, ORIGIN_EPOCH_MS);
    for (let index = 0; index < chunks.atMs.length; index++) {
      for (const key of ['atMs', 'byteLength', 'waitedMs', 'confidence', 'payload'] as const) {
        (growing.chunks[key] as unknown[]).push(chunks[key][index]);
      }
      live.read();
    }
    growing.end = end;
    live.read();
    expect(snapshot(live)).toEqual(snapshot(atOnce));
  });

  it('begins anew when the records are replaced', () => {
    const stream = drawStream(`0 ${SSE} | +100x9 data x`);
    const facts = new StreamMeasure(stream, null, ORIGIN_EPOCH_MS);
    facts.read();
    stream.chunks = drawStream(`0 ${SSE} | +1000x3 data x`).chunks;
    facts.read();
    expect(facts).toMatchObject({ eventCount: 3, gaps: { longestMs: 1000 }, arrivals: { count: 3 } });
  });
});
