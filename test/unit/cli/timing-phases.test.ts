import { describe, expect, it } from 'vitest';
import { type ResourceTiming, timingPhases } from '../../../src/cli/recorder/timing-phases';

const NONE = { dnsStart: -1, dnsEnd: -1, connectStart: -1, connectEnd: -1, sslStart: -1, sslEnd: -1 };
/** Asked at 1000 ms, on its way at 1010 ms. */
const timing = (own: Partial<ResourceTiming>): ResourceTiming => ({
  requestTime: 1.01,
  ...NONE,
  sendStart: 1,
  sendEnd: 2,
  receiveHeadersEnd: 500,
  ...own,
});
const request = (own: Partial<ResourceTiming> | null) => ({
  issuedMs: 1000,
  responseMs: 1520,
  endedMs: 4510,
  timing: own && timing(own),
});

describe('phases of a request', () => {
  it('on a connection that was open', () => {
    expect(timingPhases(request({}))).toEqual({
      blockedMs: expect.closeTo(11, 6),
      dnsMs: null,
      connectMs: null,
      sslMs: null,
      sendMs: 1,
      waitMs: expect.closeTo(498, 6),
      receiveMs: expect.closeTo(3000, 6),
    });
  });

  it('on a new connection', () => {
    const phases = timingPhases(
      request({
        dnsStart: 3,
        dnsEnd: 10,
        connectStart: 10,
        connectEnd: 40,
        sslStart: 20,
        sslEnd: 40,
        sendStart: 40,
        sendEnd: 41,
      }),
    );
    expect(phases).toMatchObject({ dnsMs: 7, connectMs: 30, sslMs: 20, sendMs: 1 });
    expect(phases?.blockedMs).toBeCloseTo(13);
    expect(phases?.waitMs).toBeCloseTo(459);
  });

  it('that waited for a free connection is blocked that long', () => {
    const waited = timingPhases(
      request({ requestTime: 1.01, sendStart: 2100, sendEnd: 2101, receiveHeadersEnd: 2200 }),
    );
    expect(waited?.blockedMs).toBeCloseTo(2110);
  });

  it('adds up to its age', () => {
    for (const own of [
      {},
      { dnsStart: 3, dnsEnd: 10, connectStart: 10, connectEnd: 40, sendStart: 40, sendEnd: 41 },
    ]) {
      const { sslMs: _, ...phases } = timingPhases(request(own))!;
      const sum = Object.values(phases).reduce<number>((total, ms) => total + (ms ?? 0), 0);
      expect(sum).toBeCloseTo(4510 - 1000);
    }
  });

  it('that was never answered is all blocked', () => {
    const unanswered = { issuedMs: 1000, responseMs: null, endedMs: 4000, timing: null };
    expect(timingPhases(unanswered)).toMatchObject({ blockedMs: 3000, waitMs: 0, receiveMs: 0 });
  });

  it('from a cache are not known', () => expect(timingPhases(request(null))).toBeNull());
});
