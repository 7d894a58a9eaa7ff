import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, incompleteOf } from '../../support/found';

const stream = (option: string, url = 'https://api.test/chat') =>
  `ask fetch POST ${url}${option} | 50 headers 200 text/event-stream | +80x20 data {n} | +1 end`;

describe('a stream that cannot be aborted', () => {
  it('is worth knowing, and no more', () => {
    const trace = drawTrace(stream(' / nosignal'));
    expect(findingOf(trace, 'missing-abort')).toMatchObject({ severity: 'info', confidence: 'proven' });
    expect(alarms(trace)).toEqual([]);
  });

  it.each([
    ['a signal', stream(' / signal')],
    [
      'an ordinary call',
      'ask fetch GET https://api.test/x / nosignal | 50 headers 200 application/json | 51 raw {} | 52 end',
    ],
    [
      'an EventSource',
      'ask eventsource GET https://api.test/e | 50 headers 200 text/event-stream | +1s data x',
    ],
    ['a WebSocket', 'ask websocket GET wss://api.test/e | 50 headers 101 | +1s data x'],
  ])('stays silent for %s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'missing-abort')).toBeUndefined();
  });

  it('is undecided where the options were not seen', () => {
    const trace = drawTrace(stream(' / nosignal'));
    trace.streams[0]!.request.hasAbortSignal = null;
    expect(incompleteOf(trace, 'missing-abort')).toHaveLength(1);
    const har = drawTrace(stream(' / nosignal'), { missing: ['request-options'] });
    expect(findingOf(har, 'missing-abort')).toBeUndefined();
    expect(incompleteOf(har, 'missing-abort')).toHaveLength(1);
  });
});
