import { describe, expect, it } from 'vitest';
import { createDiagnoser } from '../../../src/diagnose/run';
import type { StreamRecord, Trace } from '../../../src/trace/types';
import { drawTrace } from '../../support/draw';
import { drawMixedPage } from '../../support/mixed-page';

const RECORDS_PER_SECOND = 300_000;
const payload = new TextEncoder().encode('data: {"delta":"word"}\n\n');

function grow(stream: StreamRecord, count: number): void {
  const { chunks } = stream;
  let at = chunks.atMs.at(-1) ?? 100;
  for (let index = 0; index < count; index++) {
    at += index % 50 === 0 ? 90 : 3;
    chunks.atMs.push(at);
    chunks.byteLength.push(payload.length);
    chunks.waitedMs.push(3);
    chunks.confidence.push(0);
    chunks.payload.push(payload);
  }
}

const open = (): Trace =>
  drawTrace('ask POST https://api.test/chat | 90 headers 200 text/event-stream / server: nginx');
/** Seconds of work: processor time where others hold the processor, else the clock. */
const cost = (work: () => void): number => {
  const before = process.cpuUsage();
  const start = performance.now();
  work();
  const clock = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return Math.min(clock, (user + system) / 1e6);
};

describe('speed', () => {
  it('reads and judges records at 300 000 a second or more', { timeout: 60_000 }, () => {
    const trace = open();
    const count = 150_000;
    grow(trace.streams[0]!, count);
    const took = Math.min(...Array.from({ length: 3 }, () => cost(() => createDiagnoser(trace).update())));
    expect(count / took).toBeGreaterThan(RECORDS_PER_SECOND);
  });

  it('takes a million records in', { timeout: 60_000 }, () => {
    const trace = open();
    grow(trace.streams[0]!, 1_000_000);
    const diagnoser = createDiagnoser(trace);
    diagnoser.update();
    expect(diagnoser.factsOf('s1')?.arrivals.count).toBe(1_000_000);
  });

  it('costs the same for each new chunk, however long the stream is', { timeout: 60_000 }, () => {
    const costOf = (length: number) => {
      const trace = open();
      const stream = trace.streams[0]!;
      grow(stream, length);
      const diagnoser = createDiagnoser(trace);
      diagnoser.update();
      const changed = new Set(['s1']);
      const rounds = Array.from({ length: 9 }, () =>
        cost(() => {
          for (let round = 0; round < 20; round++) {
            grow(stream, 10);
            diagnoser.update({ changed });
          }
        }),
      );
      return Math.min(...rounds);
    };
    costOf(1000);
    // A hundred times the length; re-reading would cost a hundred times as much.
    expect(costOf(200_000) / costOf(2_000)).toBeLessThan(8);
  });

  it('costs a fraction of the first look to look at one of a thousand streams again', {
    timeout: 60_000,
  }, () => {
    const trace = drawMixedPage(1000);
    const first = Math.min(...Array.from({ length: 3 }, () => cost(() => createDiagnoser(trace).update())));
    const diagnoser = createDiagnoser(trace);
    diagnoser.update();
    const changed = new Set([trace.streams[500]!.id]);
    const again = Math.min(...Array.from({ length: 9 }, () => cost(() => diagnoser.update({ changed }))));
    expect(again / first).toBeLessThan(0.25);
  });

  it('grows with the number of streams, not with its square', { timeout: 60_000 }, () => {
    const costOf = (count: number) => {
      const trace = drawMixedPage(count);
      return Math.min(...Array.from({ length: 4 }, () => cost(() => createDiagnoser(trace).update())));
    };
    costOf(150);
    // Ten times the streams.
    expect(costOf(1500) / costOf(150)).toBeLessThan(30);
  });
});
