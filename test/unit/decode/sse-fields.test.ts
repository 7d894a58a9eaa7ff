import { createParser } from 'eventsource-parser';
import { describe, expect, it } from 'vitest';
import { createDecoder } from '../../../src/decode/decoder';
import { Confidence } from '../../../src/trace/types';
import { drawTrace, seeded } from '../../support/draw';

const LINES = [
  'data: one',
  'data:two',
  'data:  three',
  'data:',
  'data',
  'dataset: no',
  'event: tick',
  'event:',
  'id: 7',
  'retry: 900',
  'nonsense',
  'data: {"a":1}',
  '',
];

/** Events as the parser alone reads them. */
function parsed(body: string) {
  const events: { name: string; id: string | null; data: string }[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => events.push({ name: event ?? 'message', id: id ?? null, data }),
  });
  parser.feed(body);
  return events;
}

/** Events as the decoder reads them, cut into chunks anywhere. */
function decoded(body: string, cut: number) {
  const [stream] = drawTrace('ask fetch GET https://api.test/s | 9 headers 200 text/event-stream').streams;
  const { chunks } = stream!;
  const bytes = new TextEncoder().encode(body);
  for (let at = 0; at < bytes.length; at += cut) {
    const payload = bytes.subarray(at, at + cut);
    chunks.atMs.push(10 + at);
    chunks.byteLength.push(payload.length);
    chunks.waitedMs.push(1);
    chunks.confidence.push(Confidence.arrived);
    chunks.payload.push(payload);
  }
  const decoder = createDecoder(stream!);
  decoder.update();
  const { name, id, data } = decoder.decoded.events;
  // Blocks without data come out as heartbeats, with none.
  return data.flatMap((text, index) =>
    text === null ? [] : [{ name: name[index], id: id[index], data: text }],
  );
}

describe('the fields of server-sent events', () => {
  it('are read as the parser reads them, whatever lines an event has and wherever the chunks are cut', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seeded(seed);
      const lines = Array.from({ length: 12 }, () => LINES[Math.floor(random() * LINES.length)]!);
      const body = `${lines.join('\n')}\n\n`;
      expect(decoded(body, 1 + Math.floor(random() * 40)), body).toEqual(parsed(body));
    }
  });
});
