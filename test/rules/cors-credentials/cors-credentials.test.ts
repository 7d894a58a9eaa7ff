import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf } from '../../support/found';

const call = (ask: string, headers: string, end = 'refused net::ERR_FAILED TypeError: Failed to fetch') =>
  drawTrace(`ask ${ask} | 30 headers ${headers} | 31 ${end}`);
const API = 'https://api.example.org/chat';

describe('credentials that the answer forbids', () => {
  it.each([
    [
      'fetch, any origin',
      `fetch POST ${API} / credentials=include`,
      '200 application/json / access-control-allow-origin: * / access-control-allow-credentials: true',
    ],
    [
      'fetch, no allow-credentials',
      `fetch POST ${API} / credentials=include`,
      '200 application/json / access-control-allow-origin: https://app.test',
    ],
    ['XHR', `xhr GET ${API} / credentials=include`, '200 application/json / access-control-allow-origin: *'],
    [
      'EventSource',
      `eventsource GET ${API} / credentials=include`,
      '200 text/event-stream / access-control-allow-origin: *',
    ],
  ])('%s', (_, ask, headers) => {
    expect(alarms(call(ask, headers))).toEqual(['error cors-credentials s1']);
  });
});

describe('silent', () => {
  it.each([
    [
      'without credentials',
      `fetch GET ${API}`,
      '200 application/json / access-control-allow-origin: *',
      'end',
    ],
    [
      'allowed properly',
      `fetch GET ${API} / credentials=include`,
      '200 application/json / access-control-allow-origin: https://app.test / access-control-allow-credentials: true',
      'end',
    ],
    ['same origin', 'fetch GET https://app.test/chat / credentials=include', '200 application/json', 'end'],
    [
      'WebSocket',
      'websocket GET wss://api.example.org/socket',
      '101 / access-control-allow-origin: *',
      'close 1000',
    ],
    [
      'plain CORS: no allowed origin at all',
      `fetch GET ${API} / credentials=include`,
      '200 application/json',
      'refused net::ERR_FAILED TypeError: Failed to fetch',
    ],
  ])('%s', (_, ask, headers, end) => {
    expect(findingOf(call(ask, headers, end), 'cors-credentials')).toBeUndefined();
  });
});
