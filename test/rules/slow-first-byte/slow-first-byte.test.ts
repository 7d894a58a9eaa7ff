import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import { drawTrace } from '../../support/draw';
import { judge } from '../../support/judge';

const word = (timeline: string, nowMs?: number) =>
  judge('slow-first-byte', drawTrace(timeline), 's1', nowMs).word;
const CHAT = 'ask POST https://api.test/chat / accept: text/event-stream';
const SSE = 'headers 200 text/event-stream / cache-control: no-cache';
const TOKENS = '+75x40 ~20 data {"n":{n}} | end';

describe('a slow first byte', () => {
  it.each<[string, string]>([
    ['headers late', `${CHAT} | 8000 ${SSE} | ${TOKENS}`],
    ['headers early, first token late', `${CHAT} | 60 ${SSE} | 8000 data {"n":{n}} | ${TOKENS}`],
    [
      'an answer to a GET',
      `ask GET https://api.test/chat?prompt=x | 60 ${SSE} | 8000 data {"n":{n}} | ${TOKENS}`,
    ],
    [
      'an EventSource whose headers are late',
      `ask eventsource GET https://api.test/e | 4000 ${SSE} | 9000 data x`,
    ],
    ['a WebSocket handshake', 'ask websocket GET wss://api.test/s | 3000 headers 101 | 3100 data x'],
    ['given up by the page', `${CHAT} | 6000 abort`],
    ['a late 500 where a stream was asked for', `${CHAT} | 7000 headers 500 application/json | raw {} | end`],
    ['just over the limit', `${CHAT} | 2050 ${SSE} | ${TOKENS}`],
    ['known from a HAR', `${CHAT} | 5000 ${SSE} | byte | body*9 x | phases wait=5000 receive=900 | 5900 end`],
  ])('%s', (_, timeline) => expect(word(timeline)).toBe('warning proven'));

  it('while nothing has come yet', () => {
    expect(word(CHAT, 1900)).toBe('silent');
    expect(word(CHAT, 9000)).toBe('warning proven');
    expect(word(`${CHAT} | 60 ${SSE}`, 9000)).toBe('warning proven');
  });

  it('says how long, and whether the headers were late too', () => {
    const summary = (timeline: string) => judge('slow-first-byte', drawTrace(timeline)).finding?.summary;
    expect(summary(`${CHAT} | 8000 ${SSE} | ${TOKENS}`)).toMatch(
      /8\.00 s after the request was sent, headers included\./,
    );
    expect(summary(`${CHAT} | 60 ${SSE} | 8000 data x | ${TOKENS}`)).toMatch(/headers came early.*8\.00 s/);
  });

  it('is a symptom when the whole stream was held', () => {
    const { findings } = diagnose(drawTrace(`${CHAT} | 4000 ${SSE} | data*41 {"n":{n}} | end`));
    const symptom = findings.find(({ id }) => id === 'slow-first-byte');
    expect(symptom?.supersededBy).toBe('buffered-stream/s1');
  });

  it('is a symptom when a buffer had to fill first', () => {
    const { findings } = diagnose(
      drawTrace(`${CHAT} | 2500 ${SSE} | data*30 {"n":{n}} | +2500x6 data*30 {"n":{n}} | end`),
    );
    expect(findings.find(({ id }) => id === 'slow-first-byte')?.supersededBy).toBe('batched-stream/s1');
  });
});

describe('no slow first byte', () => {
  it.each<[string, string]>([
    ['quick headers and token', `${CHAT} | 200 ${SSE} | ${TOKENS}`],
    ['under the limit', `${CHAT} | 1900 ${SSE} | ${TOKENS}`],
    [
      'a slow JSON call',
      'ask GET https://api.test/report | 6000 headers 200 application/json | raw {} | end',
    ],
    [
      'a slow download',
      'ask GET https://api.test/f | 6000 headers 200 application/zip | +9x9 bytes 60000 | end',
    ],
    [
      'an idle EventSource',
      `ask eventsource GET https://api.test/e | 60 ${SSE} | 20s data {"n":{n}} | 40s data {"n":{n}}`,
    ],
    [
      'an idle channel by fetch',
      `ask GET https://api.test/events / accept: text/event-stream | 60 ${SSE} | 20s data {"n":{n}} | 40s data {"n":{n}} | 50s abort`,
    ],
    [
      'an idle channel that the server ends',
      `ask GET https://api.test/events | 60 ${SSE} | 20s data x | +15sx6 data x | 120s end`,
    ],
    [
      'a GraphQL subscription',
      `ask POST https://api.test/graphql / body={"query":"subscription { news }"} | 60 ${SSE} | 20s data x`,
    ],
    ['an idle WebSocket', 'ask websocket GET wss://api.test/s | 60 headers 101 | 20s data {"n":{n}}'],
    ['a heartbeat first', `${CHAT} | 60 ${SSE} | 900 beat | 9000 data {"n":{n}} | ${TOKENS}`],
    ['waiting for a free connection', `${CHAT} | 5000 sent | 5200 ${SSE} | ${TOKENS}`],
    [
      'waiting for a connection, by HAR',
      `${CHAT} | 5200 ${SSE} | phases blocked=4000 dns=300 connect=700 wait=200 | ${TOKENS}`,
    ],
    ['refused', `${CHAT} | 5000 refused net::ERR_FAILED`],
    ['cut without an answer', `${CHAT} | 60s error net::ERR_EMPTY_RESPONSE`],
    [
      'an export of JSON lines',
      'ask GET https://api.test/export.ndjson | 2600 headers 200 application/x-ndjson / content-length: 180 | +1x9 data {"id":{n},"name":"x"} | end',
    ],
    [
      'rows of a log, older than the question',
      'ask GET https://api.test/export | 2800 headers 200 application/x-ndjson | data*90 {"ts":{at 0+60000},"line":"x"} | +20 end',
    ],
    [
      'a tool call of the Model Context Protocol',
      `ask POST https://api.test/mcp / accept: application/json, text/event-stream | 60 ${SSE} | 8000 data {"jsonrpc":"2.0","id":3,"result":{}} | end`,
    ],
    ['an empty stream', `${CHAT} | 60 ${SSE} | 9000 end`],
  ])('%s', (_, timeline) => expect(word(timeline)).toBe('silent'));

  it.each<[string, string]>([
    ['a page that reads late', `${CHAT} | 60 ${SSE} | 5000 queued data {"n":{n}} | ${TOKENS}`],
    [
      'a recording that began late',
      `${CHAT} | 60 ${SSE} | 5000 data {"n":{n}} | ${TOKENS} | loss late-start`,
    ],
  ])('cannot tell: %s', (_, timeline) => expect(word(timeline)).toBe('incomplete'));
});
