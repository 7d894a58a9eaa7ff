import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, incompleteOf } from '../../support/found';

const CHAT = 'ask fetch POST https://api.test/chat / body={"stream":true}';
const SSE = `${CHAT} | +100 headers 200 text/event-stream`;
const DELTA =
  'data {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"w{n}"},"finish_reason":null}]}';
const STOP =
  'data {"id":"c","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}';

describe('a stream that ended before its end', () => {
  it.each([
    [
      'a chat completion without [DONE]',
      `${SSE} | +50x20 ${DELTA} | +50 end`,
      /chat completion stream ends with "\[DONE\]"/,
    ],
    [
      'messages without message_stop',
      `${SSE} | +9 event message_start {"type":"message_start","message":{"id":"m"}} | +50x20 event content_block_delta {"type":"content_block_delta","delta":{"text":"w{n}"}} | +50 end`,
      /"message_stop"/,
    ],
    [
      'responses without response.completed',
      `${SSE} | +9 event response.created {"type":"response.created"} | +50x20 event response.output_text.delta {"type":"response.output_text.delta","delta":"w"} | +50 end`,
      /"response\.completed"/,
    ],
    [
      'an AI SDK stream without finish',
      `${CHAT} | +100 headers 200 text/event-stream / x-vercel-ai-ui-message-stream: v1 | +50x20 data {"type":"text-delta","delta":"w{n}"} | +50 end`,
      /"finish"/,
    ],
    [
      'Ollama without its last line',
      `${CHAT} | +100 headers 200 application/x-ndjson | +50x20 data {"model":"m","created_at":"2026-01-01T00:00:00Z","response":"w","done":false} | +50 end`,
      /"done: true"/,
    ],
    [
      'in the middle of an event',
      `${SSE} | +50x5 data {"n":{n}} | +50 raw data: {"n":6,"te | +50 end`,
      /in the middle of an event/,
    ],
    [
      'in the middle of a line of NDJSON',
      `${CHAT} | +100 headers 200 application/x-ndjson | +50x5 data {"n":{n}} | +50 raw {"n":6,"te | +50 end`,
      /in the middle of an event/,
    ],
    [
      'with what gunicorn writes over a killed worker',
      `${SSE} | +50x5 data {"n":{n}} | +50 raw HTTP/1.1 500 Internal Server Error\\r\\nConnection: close\\r\\nContent-Type: text/html\\r\\n\\r\\n<html> | +50 end`,
      /raw "HTTP\/1\.1 500 Internal Server Error"/,
    ],
  ])('%s', (_, timeline, summary) => {
    const trace = drawTrace(timeline);
    const finding = findingOf(trace, 'incomplete-stream');
    expect(finding?.summary).toMatch(summary);
    expect(alarms(trace)).toEqual(['error incomplete-stream s1']);
  });

  it.each([
    ['[DONE]', 'data [DONE]'],
    ['an event named done', 'event done {}'],
    ['a type', 'data {"type":"finish"}'],
    ['a flag', 'data {"text":"","done":true}'],
  ])('without %s, which its siblings have', (_, marker) => {
    const whole = (at: number) => `${at} ${SSE} | +50x20 data {"text":"w{n}"} | +50 ${marker} | +5 end`;
    const cut = '20000 '.concat(`${SSE} | +50x9 data {"text":"w{n}"} | +50 end`);
    const trace = drawTrace([whole(0), whole(10_000), cut, whole(30_000)]);
    expect(alarms(trace)).toEqual(['error incomplete-stream s3']);
    expect(findingOf(trace, 'incomplete-stream')).toMatchObject({ confidence: 'likely' });
    expect(findingOf(trace, 'incomplete-stream')!.summary).toMatch(/with which 3 other streams/);
  });
});

describe('no incomplete stream', () => {
  it.each([
    ['[DONE]', `${SSE} | +50x20 ${DELTA} | +50 ${STOP} | +1 data [DONE] | +1 end`],
    ['[DONE] without its empty line', `${SSE} | +50x20 ${DELTA} | +1 raw data: [DONE] | +1 end`],
    ['a finish_reason and nothing more', `${SSE} | +50x20 ${DELTA} | +50 ${STOP} | +1 end`],
    [
      'an error that was reported',
      `${SSE} | +50x9 ${DELTA} | +50 data {"error":{"message":"overloaded"}} | +1 end`,
    ],
    [
      'a usage report after the marker',
      `${SSE} | +50x9 data {"t":{n}} | +1 event done {} | +1 data {"usage":1} | +1 end`,
    ],
    ['a format without end marker', `${SSE} | +50x20 data {"n":{n}} | +50 end`],
    ['rows', `${CHAT} | +100 headers 200 application/x-ndjson | +50x20 data {"n":{n}} | +5 end`],
    [
      'rows without a last line break',
      `${CHAT} | +100 headers 200 application/x-ndjson | +50x20 data {"n":{n}} | +5 raw {"n":21} | +1 end`,
    ],
    ['the user pressed stop', `${SSE} | +50x20 ${DELTA} | +50 abort AbortError`],
    [
      'an EventSource that its page closed',
      'ask eventsource GET https://api.test/e | 50 headers 200 text/event-stream | +1s data a | +1s abort',
    ],
    [
      'a model that writes about status lines',
      `${SSE} | +50x5 data The server said: HTTP/1.1 500 Internal Server Error | +50 end`,
    ],
    [
      'an ordinary call',
      'ask fetch GET https://api.test/x | 60 headers 200 application/json | +1 raw {"done":false} | +1 end',
    ],
  ])('%s', (_, timeline) => {
    const trace = drawTrace(timeline);
    expect(findingOf(trace, 'incomplete-stream')).toBeUndefined();
    expect(alarms(trace)).toEqual([]);
  });

  it('lets an endpoint have several kinds of answers', () => {
    const plain = (at: number) => `${at} ${SSE} | +50x20 data {"n":{n}} | +50 end`;
    const marked = `90000 ${SSE} | +50x20 data {"n":{n}} | +1 event done {} | +1 end`;
    expect(alarms(drawTrace([plain(0), plain(10_000), plain(20_000), marked]))).toEqual([]);
  });

  const agent = (at: number, steps: number, last: string) =>
    `${at} ${SSE} | +50x${steps} data {"type":"token","text":"w{n}"} | +50 ${last} | +5 end`;
  const DONE = 'data {"type":"done"}';

  it.each([
    ['by its type', 'data {"type":"requires_action","tool":"search"}'],
    ['by its event name', 'event interrupt {"question":"Really?"}'],
  ])('lets answers end in two ways, told %s', (_, other) => {
    const trace = drawTrace([agent(0, 20, DONE), agent(9000, 9, other), agent(18_000, 20, DONE)]);
    expect(alarms(trace)).toEqual([]);
  });

  it('takes an event that elsewhere stands in the middle for no ending', () => {
    const tool = 'data {"type":"tool_call","name":"search"}';
    const whole = `${SSE} | +50x9 data {"type":"token","text":"w{n}"} | +50 ${tool} | +50x9 data {"type":"token","text":"w{n}"} | +50 ${DONE} | +5 end`;
    const trace = drawTrace([whole, agent(9000, 9, tool), agent(18_000, 20, DONE)]);
    expect(alarms(trace)).toEqual(['error incomplete-stream s2']);
  });

  it.each([
    ['data: {"n":1}\n\ndata: {"n":2,"te', 'in the middle of an event'],
    ['data: {"n":1}\n\nHTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\r\n', 'gunicorn'],
  ])('reads the text that a HAR brings: %j', (text, reason) => {
    const trace = drawTrace(
      `${CHAT} / seen=har | +100 headers 200 text/event-stream | 4s bounded bytes 99 | +0 loss no-chunk-times | +1 end`,
    );
    trace.streams[0]!.response!.body = { text, byteLength: text.length, truncated: false };
    expect(findingOf(trace, 'incomplete-stream')?.summary).toContain(reason);
  });

  it('is undecided when the end was not captured', () => {
    const trace = drawTrace(`${SSE} | +50x20 ${DELTA} | +50 bytes 900 | +1 loss payload-capped | +50 end`);
    expect(findingOf(trace, 'incomplete-stream')).toBeUndefined();
    expect(incompleteOf(trace, 'incomplete-stream')).toEqual(['the end of the body was not captured']);
  });
});
