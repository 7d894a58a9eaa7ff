import { describe, expect, it } from 'vitest';
import { createDiagnoser } from '../../../../src/diagnose/run';
import { ALL_EVENTS, type EventFilter, EventList } from '../../../../src/views/model/event-list';
import { drawTrace } from '../../../support/draw';

function eventsOf(timeline: string) {
  const trace = drawTrace(timeline);
  const diagnoser = createDiagnoser(trace, []);
  diagnoser.update();
  const events = diagnoser.factsOf('s1')?.decoded.events;
  if (!events) throw new Error('Nothing was decoded');
  return events;
}

const SSE = eventsOf(`ask eventsource GET https://a.test/x
  10 headers 200 text/event-stream
  +10 event tick {"n":1}
  +10 event tock {"n":2}
  +10 event tick {"word":"Needle"}`);
const SOCKET = eventsOf(`ask websocket GET wss://a.test/x
  10 headers 101
  +10 send {"ask":1}
  +10 data {"answer":1}
  +10 beat
  +10 data {"answer":2}`);

const listed = (events: typeof SSE, filter: Partial<EventFilter>) => {
  const list = new EventList(events, { ...ALL_EVENTS, ...filter });
  return Array.from({ length: list.update() }, (_, position) => list.at(position));
};

describe('the list of events', () => {
  it.each<[string, typeof SSE, Partial<EventFilter>, number[]]>([
    ['everything', SSE, {}, [0, 1, 2]],
    ['a name', SSE, { text: 'tock' }, [1]],
    ['data in any case', SSE, { text: 'needle' }, [2]],
    ['nothing', SSE, { text: 'absent' }, []],
    ['what the page sent', SOCKET, { direction: 'sent' }, [0]],
    ['no heartbeats', SOCKET, { hideHeartbeats: true }, [0, 1, 3]],
    ['received data', SOCKET, { hideHeartbeats: true, direction: 'received' }, [1, 3]],
  ])('shows %s', (_, events, filter, indices) => {
    expect(listed(events, filter)).toEqual(indices);
  });

  it('tests each event once however often it is asked', () => {
    const events = eventsOf(
      'ask eventsource GET https://a.test/x\n10 headers 200 text/event-stream\n+1x200 data {"n":{n}}',
    );
    let reads = 0;
    const watched = new Proxy(events, {
      get(target, key) {
        if (key === 'data') reads += 1;
        return Reflect.get(target, key) as unknown;
      },
    });
    const list = new EventList(watched, { ...ALL_EVENTS, text: '"n":1' });
    list.update();
    const first = reads;
    list.update();
    expect(first).toBe(200);
    expect(reads).toBe(first);
  });

  it('finds the row of an event, or the nearest before it', () => {
    const list = new EventList(SOCKET, { ...ALL_EVENTS, hideHeartbeats: true });
    list.update();
    expect([0, 1, 2, 3].map((index) => list.positionOf(index))).toEqual([0, 1, 1, 2]);
    expect(new EventList(SSE, ALL_EVENTS).positionOf(99)).toBe(-1);
  });
});
