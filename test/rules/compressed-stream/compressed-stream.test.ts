import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { judge } from '../../support/judge';

const word = (timeline: string) => judge('compressed-stream', drawTrace(timeline)).word;
const CHAT = 'ask POST https://api.test/chat';
const SSE = 'headers 200 text/event-stream / cache-control: no-cache';

describe('a compressed stream', () => {
  it.each<[string, string, string]>([
    [
      'that flows',
      `${CHAT} | 90 ${SSE} / content-encoding: gzip | +80x40 data {"n":{n}} | end`,
      'info proven',
    ],
    ['that has only begun', `${CHAT} | 90 ${SSE} / content-encoding: br`, 'info proven'],
    [
      'that was held',
      `${CHAT} | 90 ${SSE} / content-encoding: gzip | 4000 data*40 {"n":{n}} | end`,
      'warning proven',
    ],
    [
      'that was held with its headers',
      `${CHAT} | 4000 ${SSE} / content-encoding: br | data*40 {"n":{n}} | end`,
      'warning proven',
    ],
    [
      'that comes in batches',
      `${CHAT} | 90 ${SSE} / content-encoding: zstd | +1000x8 data*14 {"n":{n}} | end`,
      'warning proven',
    ],
    [
      'of lines',
      `ask GET https://api.test/r | 90 headers 200 application/x-ndjson / content-encoding: gzip | +80x9 data {"n":{n}} | end`,
      'info proven',
    ],
  ])('%s', (_, timeline, expected) => expect(word(timeline)).toBe(expected));

  it('names the coding', () => {
    const { finding } = judge(
      'compressed-stream',
      drawTrace(`${CHAT} | 90 ${SSE} / Content-Encoding: GZIP | +80x9 data x | end`),
    );
    expect(finding?.summary).toContain('gzip');
    expect(finding?.evidence[0]).toMatchObject({ value: 'gzip', at: { header: 'content-encoding' } });
  });
});

describe('no compressed stream', () => {
  it.each<[string, string]>([
    ['a plain stream', `${CHAT} | 90 ${SSE} | +80x40 data {"n":{n}} | end`],
    ['identity', `${CHAT} | 90 ${SSE} / content-encoding: identity | +80x40 data {"n":{n}} | end`],
    [
      'a compressed JSON answer',
      'ask GET https://api.test/j | 90 headers 200 application/json / content-encoding: gzip | raw {"a":1} | end',
    ],
    [
      'a compressed download',
      'ask GET https://api.test/f | 90 headers 200 application/octet-stream / content-encoding: gzip | +5x9 bytes 60000 | end',
    ],
    [
      'a WebSocket',
      'ask websocket GET wss://api.test/s | 20 headers 101 / sec-websocket-extensions: permessage-deflate | +50x9 data x | end',
    ],
    ['no answer', `${CHAT} / accept: text/event-stream | 50 error net::ERR_CONNECTION_REFUSED`],
  ])('%s', (_, timeline) => expect(word(timeline)).toBe('silent'));

  it('cannot tell when CORS hides the header', () => {
    expect(word(`${CHAT} | 90 ${SSE} / partial | +80x40 data {"n":{n}} | end`)).toBe('incomplete');
  });
});
