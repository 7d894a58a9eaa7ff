import { describe, expect, it } from 'vitest';
import { endMarkerOf } from '../../../src/decode/end-marker';
import { isHeartbeat } from '../../../src/decode/heartbeat';

describe('end markers', () => {
  it.each<[string | null, string | null, string]>([
    ['[DONE]', 'message', '[DONE]'],
    [' [done]\n', null, '[DONE]'],
    ['{}', 'done', 'done'],
    [null, 'End', 'end'],
    ['{"type":"message_stop"}', 'message_stop', 'message_stop'],
    ['{"type":"message_stop"}', 'message', 'message_stop'],
    ['{"type":"response.completed","response":{}}', null, 'response.completed'],
    ['{"type":"finish"}', null, 'finish'],
    ['{"event":"end"}', null, 'end'],
    ['{"model":"m","done":true}', null, 'done: true'],
    ['done', 'message', 'done'],
  ])('%j with the name %j is %j', (data, name, marker) => {
    expect(endMarkerOf(data, name)).toBe(marker);
  });

  it.each<[string | null, string | null]>([
    ['{"choices":[{"finish_reason":"stop"}]}', null],
    ['{"done":false}', null],
    ['{"done":"true"}', null],
    ['we are done', 'message'],
    ['{"type":"error"}', 'error'],
    ['{"type":"content_block_stop"}', 'content_block_stop'],
    ['{"text":"[DONE]"}', null],
    ['[{"type":"done"}]', null],
    ['{"type":"done"', null],
    ['', null],
    [null, null],
  ])('%j with the name %j is none', (data, name) => {
    expect(endMarkerOf(data, name)).toBeNull();
  });
});

describe('heartbeats', () => {
  it.each<[string | null, string | null, boolean]>([
    ['', 'message', false],
    ['  \n', null, false],
    ['ping', null, false],
    ['[PING]', null, false],
    ['[Keep-Alive]', null, false],
    [null, 'ping', false],
    ['{"anything":1}', 'heartbeat', false],
    ['{"type":"ping"}', null, false],
    ['{"type":"ka"}', null, false],
    ['{"event":"HEARTBEAT","n":4}', null, false],
    ['{"ping":1772359200}', null, false],
    ['2', null, true],
    ['3', null, true],
  ])('%j with the name %j is one', (data, name, speaksEngineIo) => {
    expect(isHeartbeat(data, name, speaksEngineIo)).toBe(true);
  });

  it.each<[string | null, string | null]>([
    ['2', null],
    ['shipping', null],
    ['{"type":"token","text":"ping"}', null],
    ['{"ping":1,"data":{"a":1}}', null],
    ['ping pong is a game', null],
    [`{"type":"ping","padding":"${'x'.repeat(300)}"}`, null],
    [null, null],
    [null, 'message'],
  ])('%j with the name %j is none', (data, name) => {
    expect(isHeartbeat(data, name, false)).toBe(false);
  });
});
