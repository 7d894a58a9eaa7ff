import { describe, expect, it } from 'vitest';
import { sentEpochMsOf } from '../../../src/decode/send-time';

const MS = 1_772_359_200_123;

describe('the time at which the server says it sent an event', () => {
  it.each<[string, string, number]>([
    ['milliseconds', `{"timestamp":${MS}}`, MS],
    ['seconds', '{"ts":1772359200}', 1_772_359_200_000],
    ['seconds with a fraction', '{"ts":1772359200.25}', 1_772_359_200_250],
    ['microseconds', `{"at":${MS}456}`, MS + 0.456],
    ['nanoseconds as text', `{"time":"${MS}000000"}`, MS],
    ['ISO 8601', '{"sent_at":"2026-03-01T10:00:00.123Z"}', MS],
    ['ISO with an offset', '{"sentAt":"2026-03-01T12:00:00.123+02:00"}', MS],
    ['Python isoformat, no zone', '{"created_at":"2026-03-01T10:00:00.123456"}', MS],
    ['a space for the T', '{"createdAt":"2026-03-01 10:00:00"}', MS - 123],
    ['one level down', `{"type":"x","meta":{"timestamp":${MS}}}`, MS],
    ['in a list', `["event",{"ts":${MS}}]`, MS],
    ['in a Socket.IO event', `42/chat,17["event",{"ts":${MS}}]`, MS],
    ['the more specific name first', `{"created":1700000000,"timestamp":${MS}}`, MS],
    ['the next name when one is no date', `{"timestamp":"soon","ts":${MS}}`, MS],
    ['pretty-printed', `{\n  "ts" : ${MS}\n}`, MS],
  ])('reads %s', (_, text, epochMs) => {
    expect(sentEpochMsOf(text)).toBeCloseTo(epochMs, 2);
  });

  it.each([
    ['a counter', '{"ts":42}'],
    ['a duration', '{"time":0.25}'],
    ['a date before 2001', '{"ts":999999999}'],
    ['a date after 2100', '{"timestamp":4102444800001}'],
    ['two levels down', `{"a":{"b":{"ts":${MS}}}}`],
    ['another name', `{"updated":${MS}}`],
    ['a name in a text', `{"text":"\\"ts\\": ${MS}"}`],
    ['no JSON', `ts: ${MS}`],
    ['broken JSON', `{"ts":${MS}`],
    ['a date without a time', '{"at":"2026-03-01"}'],
    ['null', '{"ts":null}'],
    ['an object', `{"ts":{"$date":"x"}}`],
    ['nothing', ''],
    ['an inherited name', '{"__proto__":{"created":1}}'],
  ])('takes %s for none', (_, text) => {
    expect(sentEpochMsOf(text)).toBeNaN();
  });
});
