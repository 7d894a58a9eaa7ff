import { describe, expect, it } from 'vitest';
import type { Trace } from '../../../src/trace/types';
import { drawTrace, seeded } from '../../support/draw';
import { judge } from '../../support/judge';

const rule = (trace: Trace) => judge('batched-stream', trace);
const CHAT = 'ask POST https://api.test/chat';
const SSE = '200 text/event-stream / cache-control: no-cache';

/** An SSE body of `count` events a steady `gapMs` apart, let go in blocks of `blockBytes`, as a proxy's buffer does. */
function throughBuffer(options: {
  blockBytes: number;
  firstBytes?: number;
  count: number;
  gapMs: number;
  pad: number;
  stamped: boolean;
}): string[] {
  const { blockBytes, firstBytes = blockBytes, count, gapMs, pad, stamped } = options;
  const steps = [CHAT, `30 headers ${SSE}`];
  let held = '';
  let limit = firstBytes;
  for (let n = 0; n < count; n++) {
    const stamp = stamped ? `"at":${1_767_225_600_000 + Math.round(n * gapMs)},` : '';
    held += `data: {${stamp}"text":"${'x'.repeat(pad)}"}\\n\\n`;
    for (let size = byteLength(held); size >= limit; size = byteLength(held)) {
      const cut = cutAt(held, limit);
      steps.push(`${50 + n * gapMs} raw ${held.slice(0, cut)}`);
      held = held.slice(cut);
      limit = blockBytes;
    }
  }
  return [...steps, `${50 + count * gapMs} raw ${held}`, 'end'];
}
const byteLength = (escaped: string) => escaped.replaceAll('\\n', '\n').length;
/** Index into the escaped text after which `bytes` bytes are out. */
function cutAt(escaped: string, bytes: number): number {
  let index = 0;
  for (let out = 0; out < bytes; out++) index += escaped.startsWith('\\n', index) ? 2 : 1;
  return index;
}

describe('a stream that comes in batches', () => {
  it.each([
    [4096, 3949, 23, 90],
    [8192, 8045, 20, 160],
    [16384, 16384, 30, 200],
    [32768, 32768, 30, 500],
  ])('of %i bytes', (blockBytes, firstBytes, gapMs, pad) => {
    for (const stamped of [true, false]) {
      const steps = throughBuffer({ blockBytes, firstBytes, count: 420, gapMs, pad, stamped });
      const { finding, word } = rule(drawTrace([steps]));
      expect(word).toBe(stamped ? 'warning proven' : 'warning likely');
      expect(finding?.evidence.find(({ unit }) => unit === 'bytes')?.value).toBe(blockBytes);
      expect(finding?.summary).toMatch(new RegExp(`${blockBytes / 1024}(\\.0)? KB`));
    }
  });

  it('of a buffer that flushes whole events just before it would overflow', () => {
    const trace = drawTrace(`${CHAT} | 30 headers ${SSE} | +1000x8 data*31 {"t":"{pad 114}"} | end`);
    expect(rule(trace).finding?.summary).toMatch(/4\.0 KB/);
  });

  it.each<[string, string, string]>([
    ['once a second', '+1000x8 data*13 {"n":{n}}', 'warning likely'],
    ['once a second, with jitter', '+1000x12 ~40 data*13 {"n":{n}}', 'warning likely'],
    [
      'once a second, events spaced by their stamps',
      '+1000x8 data*13 {"n":{n},"at":{at 0+75}}',
      'warning proven',
    ],
    ['four times a second', '+250x20 data*6 {"n":{n}}', 'warning likely'],
    ['every five seconds', '+5sx6 data*50 {"n":{n}}', 'warning likely'],
  ])('%s', (_, steps, word) => {
    const { finding, word: found } = rule(drawTrace(`${CHAT} | 30 headers ${SSE} | ${steps} | end`));
    expect(found).toBe(word);
    expect(finding?.evidence[0]?.label).toBe('flush period');
  });

  it('names the period', () => {
    const { finding } = rule(drawTrace(`${CHAT} | 30 headers ${SSE} | +750x9 ~20 data*9 {"n":{n}} | end`));
    expect(finding?.evidence[0]?.value as number).toBeGreaterThan(700);
    expect(finding?.evidence[0]?.value as number).toBeLessThan(800);
  });

  it('on an EventSource when the send times show it', () => {
    const ask = `ask eventsource GET https://api.test/e | 30 headers ${SSE}`;
    expect(rule(drawTrace(`${ask} | +1000x8 data*10 {"at":{at 0+100}}`)).word).toBe('warning proven');
    expect(rule(drawTrace(`${ask} | +1000x8 data*10 {"cpu":{n}}`)).word).toBe('silent');
  });

  it('of 4 KB, where only whole events are seen (EventSource, HAR)', () => {
    // 4096 bytes of events of 134 bytes with their framing: 30 or 31 a block.
    const blocks = Array.from(
      { length: 9 },
      (_, n) => `+${500 + ((n * 377) % 900)} data*${30 + (n % 2)} {"at":{at 100+20},"t":"{pad 93}"}`,
    );
    const { finding } = rule(
      drawTrace([[`ask eventsource GET https://api.test/e`, `30 headers ${SSE}`, ...blocks]]),
    );
    expect(finding?.evidence[0]).toMatchObject({ value: 4096, unit: 'bytes' });
  });

  it('while it is still open', () => {
    expect(rule(drawTrace(`${CHAT} | 30 headers ${SSE} | +1000x8 data*13 {"n":{n}}`)).word).toBe(
      'warning likely',
    );
  });
});

describe('no batches', () => {
  const irregular = Array.from({ length: 20 }, (_, index) => {
    const random = seeded(index + 7);
    return `+${60 + random() * 900} data*${1 + Math.floor(random() * 12)} {"n":{n}}`;
  }).join(' | ');
  const steps = Array.from({ length: 12 }, (_, index) => {
    return `+${1700 + seeded(index + 3)() * 600} data*5 {"n":{n}}`;
  }).join(' | ');
  const news = Array.from({ length: 24 }, (_, index) => {
    return `+1000 data*${[1, 7, 4, 12, 2, 9][index % 6]} {"n":{n}}`;
  }).join(' | ');
  it.each<[string, string]>([
    ['one event per chunk', '+80x100 data {"n":{n}}'],
    ['one event a second', '+1000x30 data {"n":{n}}'],
    ['bursts of a model, irregular', irregular],
    ['large events that fill a buffer each', '+500x20 data {"text":"{pad 4070}"}'],
    ['two large events a block', '+500x20 data*2 {"text":"{pad 2030}"}'],
    ['pairs once a second', '+1000x20 data*2 {"n":{n}}'],
    ['ten flushes a second', '+100x60 data*5 {"n":{n}}'],
    ['news looked for once a second, now few and now many', news],
    ['steps of the work, each two seconds or so', steps],
    ['two bursts', '1000 data*20 {"n":{n}} | 3000 data*20 {"n":{n}}'],
    ['bulk in TLS records', '+4x200 raw {"pad":"{pad 10}"}'],
  ])('%s', (_, steps) => {
    expect(rule(drawTrace(`${CHAT} | 30 headers ${SSE} | ${steps} | end`)).word).toBe('silent');
  });

  it('a server that batches by its own clock, second after second', () => {
    const steps = Array.from(
      { length: 10 },
      (_, s) => `${(s + 1) * 1000} data*12 {"at":${1_767_225_600_000 + s * 1000}}`,
    );
    expect(rule(drawTrace([[CHAT, `30 headers ${SSE}`, ...steps, 'end']])).word).toBe('silent');
  });

  it('bulk data on a slow link, one TLS record after the other', () => {
    const record = `data*90 {"row":"{pad 166}"}`;
    const at = (kilobytesPerSecond: number) => `+${Math.round(16_384 / kilobytesPerSecond)}x40 ${record}`;
    const trace = (kilobytesPerSecond: number) =>
      drawTrace(`${CHAT} | 30 headers 200 application/x-ndjson | ${at(kilobytesPerSecond)} | end`);
    expect([45, 100, 300].map((rate) => rule(trace(rate)).word)).toEqual(['silent', 'silent', 'silent']);
  });

  it.each(['websocket GET wss://api.test/s', 'GET https://api.test/file'])('%s', (request) => {
    const type = request.startsWith('w') ? '101' : '200 application/octet-stream';
    const verb = request.startsWith('w') ? 'data*10 {"n":{n}}' : 'bytes 4096';
    expect(rule(drawTrace(`ask ${request} | 30 headers ${type} | +1000x10 ${verb} | end`)).word).toBe(
      'silent',
    );
  });

  it('readings on an EventSource that happen to be 4 KB a time', () => {
    const ask = `ask eventsource GET https://api.test/e | 30 headers ${SSE}`;
    expect(rule(drawTrace(`${ask} | +900x9 ~300 data*10 {"cpu":"{pad 390}"}`)).word).toBe('silent');
  });
});

describe('it cannot tell', () => {
  it('when the page reads in a rhythm of its own', () => {
    const trace = drawTrace(`${CHAT} | 30 headers ${SSE} | +1000x10 queued data*13 {"n":{n}} | end`);
    expect(rule(trace).incomplete?.reason).toMatch(/rhythm may be its own/);
  });

  it('when the main thread is blocked again and again', () => {
    const blocked = Array.from({ length: 10 }, (_, s): [number, number] => [s * 1000 + 60, s * 1000 + 1029]);
    const trace = drawTrace(`${CHAT} | 30 headers ${SSE} | +1000x10 uncertain data*13 {"n":{n}} | end`, {
      blocked,
    });
    expect(rule(trace).word).toBe('incomplete');
  });
});

describe('whatever the pace', () => {
  const seeds = Array.from({ length: 60 }, (_, index) => index + 1);

  it('finds buffers', () => {
    const missed = seeds.filter((seed) => {
      const random = seeded(seed);
      const blockBytes = [4096, 8192, 16384][Math.floor(random() * 3)]!;
      const pad = 20 + Math.floor(random() * 150);
      const perBlock = blockBytes / (pad + 40);
      const gapMs = Math.max(8, (400 + random() * 2000) / perBlock);
      const count = Math.ceil(perBlock * (5 + random() * 4));
      return (
        rule(drawTrace([throughBuffer({ blockBytes, count, gapMs, pad, stamped: random() < 0.5 })]))
          .finding === null
      );
    });
    expect(missed).toEqual([]);
  });

  it('never accuses irregular bursts or single events', () => {
    const accused = seeds.filter((seed) => {
      const random = seeded(seed);
      const steps = [CHAT, `30 headers ${SSE}`];
      const isSingle = random() < 0.5;
      for (let burst = 0; burst < 15 + random() * 30; burst++) {
        const gapMs = 60 + random() ** 2 * 2000;
        steps.push(
          `+${gapMs} data*${isSingle ? 1 : 1 + Math.floor(random() ** 2 * 30)} {"t":"{pad ${Math.floor(random() * 100)}}"}`,
        );
      }
      return rule(drawTrace([[...steps, 'end']])).finding !== null;
    });
    expect(accused).toEqual([]);
  });
});
