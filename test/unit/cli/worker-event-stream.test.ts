import { describe, expect, it } from 'vitest';
import { WorkerEventStream } from '../../../src/cli/recorder/worker-event-stream';

const STARTED = 1000;
const bytesOf = (text: string) => new TextEncoder().encode(text);
const joined = (...texts: string[]) => bytesOf(texts.join(''));

function read() {
  const events: [data: string, epochMs: number][] = [];
  const stream = new WorkerEventStream(STARTED, ({ data, epochMs }) => events.push([data, epochMs]));
  return { stream, events };
}

describe('the events of a worker', () => {
  it('bear the times of their pieces, those from before it was asked included', () => {
    const { stream, events } = read();
    const early = ['data: a\n\n', 'data: bb\n\ndata: c\n\n'];
    stream.piece(early[0]!.length, null, 1100);
    stream.piece(early[1]!.length, null, 1200);
    stream.buffered(joined(...early));
    stream.piece(9, bytesOf('data: d\n\n'), 1300);
    expect(events).toEqual([
      ['a', 1100],
      ['bb', 1200],
      ['c', 1200],
      ['d', 1300],
    ]);
  });

  it('are in order when pieces with bytes come before the answer', () => {
    const { stream, events } = read();
    stream.piece(9, null, 1100);
    stream.piece(9, bytesOf('data: b\n\n'), 1200);
    expect(events).toEqual([]);
    stream.buffered(bytesOf('data: a\n\n'));
    expect(events).toEqual([
      ['a', 1100],
      ['b', 1200],
    ]);
  });

  it('bear the time of the piece that completed them, also when a character lies across two', () => {
    const { stream, events } = read();
    const bytes = bytesOf('data: é\n\ndata: ü\n\n');
    for (const [length, epochMs] of [
      [7, 1100],
      [6, 1200],
      [bytes.length - 13, 1300],
    ] as const)
      stream.piece(length, null, epochMs);
    stream.buffered(bytes);
    expect(events).toEqual([
      ['é', 1200],
      ['ü', 1300],
    ]);
  });

  it.each([
    ['none', [], [STARTED, STARTED]],
    ['one of two', [9], [1100, STARTED]],
  ])('bear the time of the request where the browser told of %s of their pieces', (_, lengths, times) => {
    const { stream, events } = read();
    for (const length of lengths) stream.piece(length, null, 1100);
    stream.buffered(bytesOf('data: a\n\ndata: b\n\n'));
    expect(events.map(([, epochMs]) => epochMs)).toEqual(times);
  });

  it('are read as far as they are there, when the browser has lost what it told of', () => {
    const { stream, events } = read();
    stream.piece(9, null, 1100);
    stream.piece(1_000_000, null, 1200);
    stream.buffered(bytesOf('data: a\n\n'));
    stream.piece(9, bytesOf('data: c\n\n'), 1300);
    expect(events).toEqual([
      ['a', 1100],
      ['c', 1300],
    ]);
  });
});
