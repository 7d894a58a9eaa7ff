import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { judge } from '../../support/judge';

const rule = (headers: string, ask = 'ask POST https://api.test/chat') =>
  judge('missing-stream-headers', drawTrace(`${ask} | 90 headers ${headers} | +80x5 data {"n":{n}} | end`));

describe('missing headers', () => {
  it.each<[string, string, string[]]>([
    ['no Cache-Control', '200 text/event-stream', ['cache-control']],
    [
      'a Cache-Control that lets caches keep it',
      '200 text/event-stream / cache-control: max-age=60',
      ['cache-control'],
    ],
    [
      'no no-transform, behind a proxy',
      '200 text/event-stream / cache-control: no-cache / via: 1.1 varnish',
      ['cache-control'],
    ],
    ['neither, behind a proxy', '200 text/event-stream / server: nginx', ['cache-control', 'cache-control']],
    [
      'another charset',
      '200 text/event-stream; charset=iso-8859-1 / cache-control: no-store',
      ['content-type'],
    ],
  ])('%s', (_, headers, expected) => {
    const { finding, word } = rule(headers);
    expect(word).toBe('info proven');
    expect(finding?.evidence.map(({ at }) => at?.header)).toEqual(expected);
  });

  it('on an EventSource', () => {
    expect(rule('200 text/event-stream', 'ask eventsource GET https://api.test/e').word).toBe('info proven');
  });

  it('never asks for hop-by-hop headers or for X-Accel-Buffering', () => {
    const { finding } = rule('200 text/event-stream / server: nginx');
    expect(JSON.stringify(finding)).not.toMatch(/connection|transfer-encoding|x-accel/i);
  });
});

describe('nothing missing', () => {
  it.each<[string, string]>([
    ['no-cache', '200 text/event-stream / cache-control: no-cache'],
    ['no-store', '200 Text/Event-Stream; charset=UTF-8 / Cache-Control: private, No-Store'],
    [
      'no-cache and no-transform behind a proxy',
      '200 text/event-stream / cache-control: no-cache, no-transform / server: nginx',
    ],
    [
      'an application server is no proxy',
      '200 text/event-stream / cache-control: no-cache / server: uvicorn',
    ],
    ['JSON', '200 application/json'],
    ['NDJSON', '200 application/x-ndjson'],
    ['an error page', '502 text/event-stream'],
  ])('%s', (_, headers) => expect(rule(headers).word).toBe('silent'));

  it('a WebSocket', () => expect(rule('101', 'ask websocket GET wss://api.test/s').word).toBe('silent'));
});
