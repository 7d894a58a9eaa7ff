import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';

const EVENT = String.raw`raw data: {"n":1}\n\n`;

describe('server-sent events under another name', () => {
  it.each(['application/json', 'text/plain; charset=utf-8', 'text/html', 'application/octet-stream'])(
    '%s, read by fetch',
    (type) => {
      const trace = drawTrace(
        `ask fetch POST https://api.test/chat | 50 headers 200 ${type} | +80x9 ${EVENT} | +1 end`,
      );
      expect(alarms(trace)).toEqual(['error wrong-content-type s1']);
      expect(findingOf(trace, 'wrong-content-type')!.summary).toContain(type.split(';')[0]);
    },
  );

  it('no type at all', () => {
    const trace = drawTrace(
      `ask fetch POST https://api.test/chat | 50 headers 200 | +80x9 ${EVENT} | +1 end`,
    );
    expect(findingOf(trace, 'wrong-content-type')!.summary).toMatch(/content type is missing/);
  });

  it.each([
    [
      'its type',
      'headers 200 application/json',
      /answered as application\/json instead of text\/event-stream/,
    ],
    ['a page instead', 'headers 200 text/html', /answered as text\/html/],
    ['its status', 'headers 500 text/event-stream', /answered 500, so it gave up/],
    ['404', 'headers 404 text/html', /answered 404/],
    ['its charset', 'headers 200 text/event-stream; charset=latin-1', /charset latin-1/],
  ])('an EventSource refuses %s', (_, headers, summary) => {
    const trace = drawTrace(`ask eventsource GET https://api.test/e | 50 ${headers} | 51 refused`);
    expect(alarms(trace)).toEqual(['error wrong-content-type s1']);
    expect(findingOf(trace, 'wrong-content-type')!.summary).toMatch(summary);
  });

  it('hands over to the gateway that gave up', () => {
    const trace = drawTrace(
      'ask eventsource GET https://api.test/e | 60s headers 504 text/html / server: awselb/2.0 | +1 refused',
    );
    expect(alarms(trace)).toEqual(['error gateway-timeout s1']);
    expect(foundLines(trace)).toContain('error wrong-content-type s1 < gateway-timeout');
  });
});

describe('no wrong content type', () => {
  it.each([
    [
      'an event stream',
      `ask fetch POST https://api.test/c | 50 headers 200 text/event-stream | +80x9 data {n} | +1 end`,
    ],
    [
      'with a charset',
      `ask eventsource GET https://api.test/c | 50 headers 200 text/event-stream; charset="UTF-8" | +80x9 data {n} | +1 abort`,
    ],
    [
      'in capitals',
      `ask eventsource GET https://api.test/c | 50 headers 200 Text/Event-Stream | +80x9 data {n} | +1 abort`,
    ],
    [
      'JSON that contains the word data',
      String.raw`ask fetch GET https://api.test/c | 50 headers 200 application/json | +1 raw {"data":[1,2],"text":"data: x\n\n"} | +1 end`,
    ],
    [
      'a text about events',
      String.raw`ask fetch GET https://api.test/c | 50 headers 200 text/plain | +1 raw How to write events:\n\ndata: x\n\n | +1 end`,
    ],
    [
      'rows',
      String.raw`ask fetch GET https://api.test/c | 50 headers 200 application/x-ndjson | +9x9 raw {"data":1}\n | +1 end`,
    ],
    [
      'an HTML page',
      'ask fetch GET https://api.test/c / accept: text/event-stream | 50 headers 200 text/html | +1 raw <p>data: x</p> | +1 end',
    ],
    [
      'an EventSource seen from the page, still without events',
      'ask eventsource GET https://api.test/c / seen=tap | 50 headers 200 / partial',
    ],
    ['an EventSource told to stop', 'ask eventsource GET https://api.test/c | 50 headers 204 | +1 refused'],
    ['a WebSocket', 'ask websocket GET wss://api.test/c | 50 headers 101 | +1 data data: x | +1 close 1000'],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'wrong-content-type')).toBeUndefined();
  });

  it('is undecided for an EventSource whose answer nobody saw', () => {
    const trace = drawTrace('ask eventsource GET https://api.test/e / seen=tap | 50 refused');
    expect(incompleteOf(trace, 'wrong-content-type')).toHaveLength(1);
  });
});
