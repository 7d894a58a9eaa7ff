import { describe, expect, it } from 'vitest';
import type { Finding } from '../../../../src/diagnose/rule';
import { createDiagnoser } from '../../../../src/diagnose/run';
import { nameOf, sortRows, streamRow } from '../../../../src/views/model/stream-row';
import { drawTrace } from '../../../support/draw';
import { makeRow } from './rows';

function rowOf(timeline: string, findings: Finding[] = []) {
  const trace = drawTrace(timeline);
  const diagnoser = createDiagnoser(trace, []);
  diagnoser.update();
  const [stream] = trace.streams;
  if (!stream) throw new Error('Nothing was drawn');
  return streamRow(0, stream, diagnoser.factsOf(stream.id), findings);
}

function finding(changes: Partial<Finding>): Finding {
  return {
    key: 'buffered-stream/s1',
    id: 'buffered-stream',
    title: 'Held back',
    verdict: 'fail',
    severity: 'error',
    confidence: 'likely',
    stream: { id: 's1', kind: 'fetch', method: 'GET', url: 'https://api.test/' },
    summary: 'It was held back.',
    evidence: [],
    platforms: [],
    supersededBy: null,
    recipe: 'buffered-stream',
    sources: [],
    ...changes,
  };
}

describe('names', () => {
  it.each([
    ['https://a.test/api/chat', 'chat', 'a.test'],
    ['https://a.test/api/chat?x=1', 'chat?x=1', 'a.test'],
    ['https://a.test/', '/', 'a.test'],
    ['https://a.test/jobs/abc123', 'jobs/abc123', 'a.test'],
    ['https://a.test/v1', 'v1', 'a.test'],
    ['https://a.test/%E4%BD%A0', '你', 'a.test'],
    ['https://a.test/%E4%', '%E4%', 'a.test'],
    ['ws://localhost:8000/socket', 'socket', 'localhost:8000'],
    ['data:text/plain,hello', 'data:text/plain,hello', ''],
    ['not an address', 'not an address', ''],
    ['', '(no address)', ''],
  ])('%s is %s at %s', (url, name, host) => {
    expect(nameOf(url)).toEqual({ name, host });
  });
});

describe('a row', () => {
  it.each([
    ['ask fetch GET https://a.test/x', 'open', 'open'],
    ['ask fetch GET https://a.test/x\n10 headers 200\n20 end', 'done', 'done'],
    ['ask fetch GET https://a.test/x\n10 headers 503\n20 end', 'failed', '503'],
    ['ask fetch GET https://a.test/x\n10 headers 200\n20 error net::ERR_FAILED', 'cut', 'cut'],
    ['ask fetch GET https://a.test/x\n10 headers 200\n20 abort', 'aborted', 'aborted'],
    ['ask websocket GET wss://a.test/x\n20 refused', 'refused', 'refused'],
    ['ask websocket GET wss://a.test/x\n10 headers 101\n20 close 1006', 'cut', 'cut'],
  ])('of %j stands as %s, in words %s', (timeline, state, word) => {
    expect(rowOf(timeline)).toMatchObject({ state, stateWord: word });
  });

  it('counts the wait for the first byte as a silence', () => {
    const row = rowOf(
      'ask fetch GET https://a.test/x\n3000 headers 200 text/event-stream\n+0x5 data {"n":{n}}\n+3 end',
    );
    expect(row.longestGapMs).toBeGreaterThanOrEqual(3000);
  });

  it('counts causes, and neither symptoms nor remarks', () => {
    const row = rowOf('ask fetch GET https://a.test/x', [
      finding({}),
      finding({ key: 'b', id: 'slow-first-byte', severity: 'warning', supersededBy: 'buffered-stream/s1' }),
      finding({ key: 'c', id: 'missing-abort', severity: 'info' }),
    ]);
    expect(row).toMatchObject({ findingCount: 1, severity: 'error' });
    expect(row.findingIds).toHaveLength(3);
  });

  it('knows nothing measured before the first look', () => {
    const [stream] = drawTrace('ask fetch GET https://a.test/x').streams;
    const row = streamRow(0, stream!, undefined, []);
    expect(row).toMatchObject({ firstByteMs: null, longestGapMs: null, format: null });
  });
});

describe('sorting', () => {
  const rows = [
    makeRow({ id: 'a', order: 0, firstByteMs: 30, protocol: null }),
    makeRow({ id: 'b', order: 1, firstByteMs: null, protocol: 'h2' }),
    makeRow({ id: 'c', order: 2, firstByteMs: 10, severity: 'error', findingCount: 1 }),
    makeRow({ id: 'd', order: 3, firstByteMs: 30, severity: 'warning', findingCount: 5 }),
  ];
  it.each([
    ['order', false, 'abcd'],
    ['order', true, 'dcba'],
    ['firstByte', false, 'cadb'],
    ['firstByte', true, 'adcb'],
    ['protocol', false, 'bcda'],
    ['findings', true, 'cdab'],
  ] as const)('by %s (descending: %s) gives %s', (column, descending, ids) => {
    expect(
      sortRows(rows, { column, descending })
        .map((row) => row.id)
        .join(''),
    ).toBe(ids);
  });

  it('leaves its input alone', () => {
    const before = rows.map((row) => row.id);
    sortRows(rows, { column: 'firstByte', descending: true });
    expect(rows.map((row) => row.id)).toEqual(before);
  });
});
