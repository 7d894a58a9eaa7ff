import { describe, expect, it } from 'vitest';
import { createDiagnoser, diagnose } from '../../../../src/diagnose/run';
import { stringifyTrace } from '../../../../src/trace/file';
import type { Trace } from '../../../../src/trace/types';
import { GatheredRecording } from '../../../../src/views/dashboard/work/gathered-recording';
import { type Slice, slicesOf } from '../../../../src/views/dashboard/work/slices';
import { sceneTrace } from '../../../support/demo-recording';

const SCENES = ['typical', 'hostile', 'lossy', 'empty', 'short'] as const;

/** Over the fence and back, as messages between a page and its worker are. */
function sent(trace: Trace, maxRecords: number): Slice[] {
  return [...slicesOf(trace, maxRecords)].map((slice) => structuredClone(slice));
}

function gathered(trace: Trace, maxRecords: number) {
  const recording = new GatheredRecording();
  for (const slice of sent(trace, maxRecords)) recording.take(slice);
  return recording.finish(diagnose(trace));
}

describe.each(SCENES)('the scene %s in slices', (scene) => {
  it.each([1, 7, 4000])('of at most %d records is the same trace again', (maxRecords) => {
    const trace = sceneTrace(scene);
    const before = stringifyTrace(trace);
    const recording = gathered(trace, maxRecords);
    expect(stringifyTrace(recording.trace)).toBe(before);
    expect(stringifyTrace(trace), 'the original').toBe(before);
  });

  it('measures what a look at the whole measures, and so judges alike', () => {
    const trace = sceneTrace(scene);
    const whole = createDiagnoser(trace);
    whole.update();
    const recording = gathered(trace, 5);
    for (const stream of trace.streams) {
      const here = recording.diagnoser.factsOf(stream.id);
      const there = whole.factsOf(stream.id);
      for (const name of [
        'eventCount',
        'byteLength',
        'firstByteMs',
        'ageMs',
        'nature',
        'gaps',
        'bursts',
      ] as const)
        expect(here?.[name], `${name} of ${stream.id}`).toEqual(there?.[name]);
    }
    expect(diagnose(recording.trace)).toEqual(whole.diagnosis);
  });
});

describe('a slice', () => {
  it('holds no more records than asked for, and no bytes of others', () => {
    const trace = sceneTrace('short');
    for (const slice of slicesOf(trace, 20)) {
      if (slice.kind !== 'records') continue;
      expect(slice.messages?.atMs.length ?? slice.chunks?.atMs.length).toBeLessThanOrEqual(20);
    }
    const chunked = sceneTrace('typical');
    for (const slice of slicesOf(chunked, 10)) {
      if (slice.kind !== 'records' || !slice.chunks) continue;
      const own = slice.chunks.payload.reduce((sum, piece) => sum + (piece?.length ?? 0), 0);
      const shared = slice.chunks.payload.find((piece) => piece !== null)?.buffer.byteLength ?? 0;
      expect(shared).toBe(own);
    }
  });

  it('cannot be finished without its head', () => {
    expect(() => new GatheredRecording().finish({ findings: [], incomplete: [], failures: [] })).toThrow();
  });
});
