import { describe, expect, it, vi } from 'vitest';
import { Recorder } from '../../../src/devtools/recorder';
import type { Recording } from '../../../src/store/types';
import { createTrace } from '../../../src/trace/create';
import { batch, EPOCH, hello, Simulation, start } from '../store/simulation';

function setUp() {
  const simulation = new Simulation();
  const live = simulation.recording();
  const shown: Recording[] = [];
  let reloads = 0;
  const recorder = new Recorder(live, {
    reload: () => reloads++,
    openDashboard: () => undefined,
    show: (recording) => shown.push(recording),
  });
  const page = (documentKey: string, atMs: number, joinedLate = false) => {
    simulation.run(atMs + 50);
    const document = live.openDocument({
      frameKey: documentKey,
      isTop: true,
      hello: hello({ documentKey, timeOriginEpochMs: EPOCH + atMs, joinedLate }),
    });
    recorder.topDocument(document);
    document.batch(batch({ starts: [start({ url: `https://app.test/${documentKey}`, atMs: 40 })] }));
    return document;
  };
  const urls = () => live.trace.streams.map(({ request }) => request.url.split('/').at(-1));
  return { simulation, live, recorder, page, urls, shown, reloads: () => reloads };
}

describe('the recorder', () => {
  it('clears when a new page comes, as DevTools does', () => {
    const { page, urls } = setUp();
    page('one', 0);
    page('two', 5000);
    expect(urls()).toEqual(['two']);
  });

  it('keeps everything when the log is preserved', () => {
    const { page, urls, recorder, live } = setUp();
    recorder.setPreserveLog(true);
    expect(recorder.preserveLog).toBe(true);
    page('one', 0);
    page('two', 5000);
    expect(urls()).toEqual(['one', 'two']);
    expect(live.trace.documents).toHaveLength(2);
  });

  it('does not take joining a page for a navigation', () => {
    const { page, urls, live } = setUp();
    page('late', 0, true);
    expect(urls()).toEqual(['late']);
    expect(live.originEpochMs).toBe(EPOCH);
  });

  it("takes DevTools' word for pages that no tap can enter", () => {
    vi.useFakeTimers();
    try {
      const { page, urls, recorder, simulation } = setUp();
      page('one', 0);
      simulation.run(10_000);
      recorder.navigated();
      simulation.run(11_000);
      vi.advanceTimersByTime(1000);
      expect(urls()).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('shows a file until it is cleared, and records nothing meanwhile', () => {
    const { recorder, shown, live } = setUp();
    const trace = createTrace({ originEpochMs: 0, recorder: 'har' });
    recorder.open(trace);
    expect(shown.at(-1)!.trace).toBe(trace);
    expect(live.state).toBe('paused');
    recorder.clear();
    expect(shown.at(-1)).toBe(live);
    expect(live.state).toBe('recording');
  });

  it('clears before it reloads', () => {
    const { recorder, page, urls, reloads } = setUp();
    page('one', 0).bye(60);
    recorder.reload();
    expect(reloads()).toBe(1);
    expect(urls()).toEqual([]);
  });
});
