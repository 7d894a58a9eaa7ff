import { describe, expect, it } from 'vitest';
import type { TraceLoss } from '../../../../src/trace/types';
import { lossItems, streamLossText } from '../../../../src/views/model/losses';
import { drawTrace } from '../../../support/draw';

const STREAM = 'ask fetch GET https://a.test/x\n10 headers 200\n20 end';

describe('what a recording is missing', () => {
  it('is nothing when it is whole', () => {
    expect(lossItems(drawTrace(STREAM))).toEqual([]);
  });

  it.each<[Partial<TraceLoss>, string]>([
    [{ droppedRecords: 1204 }, '1\u202f204 records dropped'],
    [{ droppedStreams: 1 }, '1 stream not kept'],
    [{ overLimitRecords: 2 }, '2 records over the limit'],
    [{ evictedPayloadBytes: 2048 }, '2.0 KB of contents given up'],
    [{ refusedMessages: 3 }, '3 messages refused'],
  ])('names %j as %j', (loss, what) => {
    expect(lossItems(drawTrace(STREAM, { loss })).map((item) => item.what)).toEqual([what]);
  });

  it('says that recording began late, first of all, and what to do', () => {
    const items = lossItems(drawTrace(STREAM, { joinedLate: true, loss: { droppedRecords: 1 } }));
    expect(items[0]).toMatchObject({ key: 'late', remedy: 'Reload and record.' });
  });

  it('counts bodies that the browser took, and names what a file cannot hold', () => {
    const trace = drawTrace(`${STREAM}\nloss consumed-natively`, { missing: ['cookies', 'frames'] });
    expect(lossItems(trace).map((item) => item.key)).toEqual(['native', 'source']);
    expect(lossItems(trace)[1]?.why).toContain('cookies, WebSocket frames');
  });

  it('has words for every loss of a stream', () => {
    for (const loss of ['late-start', 'opaque', 'no-body', 'payload-capped'] as const) {
      expect(streamLossText(loss).what).toMatch(/\.$/);
    }
  });
});
