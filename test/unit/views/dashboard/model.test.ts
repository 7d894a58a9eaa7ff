import { describe, expect, it } from 'vitest';
import { BIN_EDGES_MS, LogHistogram } from '../../../../src/diagnose/facts/log-histogram';
import { valueAt } from '../../../../src/views/charts/curve-line';
import type { EndpointSummary, Entry } from '../../../../src/views/dashboard/library/entry';
import { histogramOf, usedRange } from '../../../../src/views/dashboard/model/log-bins';
import {
  endpointHistories,
  momentsOf,
  nameOfEndpoint,
} from '../../../../src/views/dashboard/model/over-time';
import { hashOf, parseRoute, type Route } from '../../../../src/views/dashboard/model/route';

describe('an address', () => {
  it.each<Route>([
    { page: 'library' },
    { page: 'recording', id: 'a-1', view: 'overview', filter: '' },
    { page: 'recording', id: 'a-1', view: 'streams', filter: 'finding:buffered-stream host:a&b#c' },
    { page: 'compare', a: null, b: null },
    { page: 'compare', a: 'x', b: 'y' },
    { page: 'over-time', endpoint: null },
    { page: 'over-time', endpoint: 'POST /chat/{id}?q&r' },
  ])('says what is shown and is read back: %j', (route) => {
    expect(parseRoute(hashOf(route))).toEqual(route);
  });

  it.each([
    '',
    '#',
    '#/nonsense',
    '#/recording',
    '#/recording/<script>',
    `#/recording/${'x'.repeat(99)}`,
    '#/%E0%A4%A',
  ])('that says nothing is the library: %s', (hash) => expect(parseRoute(hash)).toEqual({ page: 'library' }));

  it('does not take markup for the id of a recording to compare', () => {
    expect(parseRoute('#/compare?a=%3Cimg%3E&b=ok')).toEqual({ page: 'compare', a: null, b: 'ok' });
  });
});

describe('bins of a plot', () => {
  it('lose no value, and keep each within its edges', () => {
    const values = new LogHistogram();
    const many = [0, 0.1, 3, 40, 41, 42, 900, 31_000];
    for (const value of many) values.add(value);
    const bins = histogramOf(values.bins, BIN_EDGES_MS);
    expect(bins.reduce((sum, bin) => sum + bin.count, 0)).toBe(many.length);
    for (const bin of bins) {
      expect(bin.to).toBeGreaterThan(bin.from);
      expect(many.filter((value) => value >= bin.from && value < bin.to)).toHaveLength(bin.count);
    }
  });

  it('are none where there is nothing, and equally wide for two that are held against each other', () => {
    expect(histogramOf(new LogHistogram().bins, BIN_EDGES_MS)).toEqual([]);
    const [a, b] = [new LogHistogram(), new LogHistogram()];
    a.add(20);
    b.add(3000);
    const range = usedRange(a.bins, b.bins);
    const edges = (bins: number[]) => histogramOf(bins, BIN_EDGES_MS, range).map(({ from }) => from);
    expect(edges(a.bins)).toEqual(edges(b.bins));
  });
});

describe('a curve as a table', () => {
  const points = [
    { x: 10, y: 1 },
    { x: 20, y: 5 },
  ];
  it.each([
    [5, null],
    [10, 1],
    [19, 1],
    [20, 5],
    [99, 5],
  ])('at %d has the value %s', (x, y) => expect(valueAt(points, x)).toBe(y));
});

describe('an endpoint over recordings', () => {
  const spread = (ms: number | null) => ({
    count: ms === null ? 0 : 1,
    meanMs: ms,
    medianMs: ms,
    p95Ms: ms,
    longestMs: ms,
  });
  const summary = (endpoint: string, firstByteMs: number | null, over: Partial<EndpointSummary> = {}) => ({
    endpoint,
    streams: 1,
    completion: { done: 1, of: 1 },
    firstByte: spread(firstByteMs),
    longestGap: spread(firstByteMs),
    medianGap: spread(null),
    findings: [],
    ...over,
  });
  const entry = (name: string, recordedEpochMs: number, endpoints: EndpointSummary[]) =>
    ({ id: name, name, summary: { recordedEpochMs, endpoints } }) as unknown as Entry;

  it.each([
    ['POST https://stage.test:8443/chat/{id}?x', 'POST /chat/{id}?x'],
    ['GET wss://stage.test/live', 'GET /live'],
    ['GET not an address', 'GET not an address'],
  ])('%s is called %s', (endpoint, name) => expect(nameOfEndpoint(endpoint)).toBe(name));

  it('is followed by the time of the recordings, over hosts, however they were added', () => {
    const histories = endpointHistories([
      entry('late', 300, [summary('POST https://prod.test/chat', 90)]),
      entry('early', 100, [
        summary('POST http://localhost:3000/chat', 20),
        summary('GET http://localhost:3000/x', 1),
      ]),
      entry('middle', 200, [summary('POST https://stage.test/chat', 3000)]),
    ]);
    expect(histories.map(({ name }) => name)).toEqual(['POST /chat', 'GET /x']);
    const moments = momentsOf(histories[0]!);
    expect(moments.map((one) => [one.entry.name, one.firstByteMs])).toEqual([
      ['early', 20],
      ['middle', 3000],
      ['late', 90],
    ]);
  });

  it('is shown first when it was seen as often as others and has more wrong with it', () => {
    const wrong = (severity: 'error' | 'warning') => ({
      findings: [{ id: 'buffered-stream' as const, title: '', severity, count: 1 }],
    });
    const histories = endpointHistories([
      entry('one', 1, [
        summary('GET https://a.test/calm', 1),
        summary('GET https://a.test/late', 1, wrong('warning')),
        summary('GET https://a.test/stuck', 1, wrong('error')),
      ]),
    ]);
    expect(histories.map(({ name }) => name)).toEqual(['GET /stuck', 'GET /late', 'GET /calm']);
  });

  it('joins the hosts of one recording: the greatest share speaks for it, the worst is not hidden', () => {
    const [history] = endpointHistories([
      entry('both', 1, [
        summary('GET https://a.test/s', 10, { streams: 5, completion: { done: 4, of: 5 } }),
        summary('GET https://b.test/s', 900, {
          findings: [
            { id: 'buffered-stream', title: '', severity: 'error', count: 2 },
            { id: 'compressed-stream', title: '', severity: 'info', count: 1 },
          ],
        }),
      ]),
    ]);
    expect(momentsOf(history!)).toMatchObject([
      {
        streams: 6,
        firstByteMs: 10,
        firstByteWorstMs: 900,
        completion: { done: 5, of: 6 },
        errors: 2,
        warnings: 0,
        findings: [{ id: 'buffered-stream', severity: 'error', count: 2 }],
      },
    ]);
  });

  it('says nothing where nothing was measured', () => {
    const [history] = endpointHistories([entry('one', 1, [summary('GET https://a.test/s', null)])]);
    expect(momentsOf(history!)[0]).toMatchObject({ firstByteMs: null, longestGapMs: null });
  });
});
