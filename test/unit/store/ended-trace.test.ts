import { describe, expect, it } from 'vitest';
import { diagnose } from '../../../src/diagnose/run';
import { endedTrace } from '../../../src/store/ended-trace';
import { drawTrace } from '../../support/draw';

const SILENT = `ask fetch POST https://api.test/chat / accept: text/event-stream
  100 headers 200 text/event-stream
  +100x30 data {"n":{n}}`;

const stalled = (trace: ReturnType<typeof drawTrace>) =>
  diagnose(trace).findings.some(({ id }) => id === 'stalled-stream');

describe('a trace that is kept while it is recorded', () => {
  it('is as silent as it was at that moment', () => {
    const trace = drawTrace(SILENT);
    expect(stalled(trace)).toBe(false);
    const kept = endedTrace({ trace, state: 'recording', nowMs: () => 60_000.4 });
    expect(kept.meta.endedAtMs).toBe(60_000);
    expect(stalled(kept)).toBe(true);
    expect(trace.meta.endedAtMs).toBeUndefined();
  });

  it('of a file stays what it was', () => {
    const trace = drawTrace(SILENT);
    expect(endedTrace({ trace, state: 'paused', nowMs: () => 60_000 })).toBe(trace);
  });
});
