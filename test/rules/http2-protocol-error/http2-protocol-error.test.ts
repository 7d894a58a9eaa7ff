import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf, foundLines, incompleteOf } from '../../support/found';

const CHAT = 'ask fetch POST https://api.test/chat / body={"stream":true}';

describe('a stream that was reset', () => {
  it.each([
    [
      'mid-body',
      `${CHAT} | 100 headers 200 text/event-stream / server: nginx | +80x40 data {n} | +300 error net::ERR_HTTP2_PROTOCOL_ERROR TypeError: network error`,
      /^ERR_HTTP2_PROTOCOL_ERROR after \d+ B and 3\.60 s: most likely the server behind the gateway closed the connection in the middle/,
    ],
    [
      'its HTTP/3 twin',
      `${CHAT} | 100 headers 200 text/event-stream / protocol=h3 | +80x40 data {n} | +300 error net::ERR_QUIC_PROTOCOL_ERROR TypeError: network error`,
      /^ERR_QUIC_PROTOCOL_ERROR after/,
    ],
    [
      'at once, before the headers',
      `${CHAT} | 60 error net::ERR_HTTP2_PROTOCOL_ERROR TypeError: Failed to fetch`,
      /before the headers, so most likely the headers broke the framing/,
    ],
    [
      'late, before the headers',
      `${CHAT} | 9s error net::ERR_HTTP2_PROTOCOL_ERROR TypeError: Failed to fetch`,
      /no headers had come/,
    ],
    [
      'an ordinary call',
      'ask fetch GET https://api.test/report | 100 headers 200 application/json | 3s refused net::ERR_HTTP2_PROTOCOL_ERROR',
      /in the middle of the body/,
    ],
  ])('%s', (_, timeline, summary) => {
    const trace = drawTrace(timeline);
    expect(alarms(trace)).toEqual(['error http2-protocol-error s1']);
    const finding = findingOf(trace, 'http2-protocol-error')!;
    expect(finding.summary).toMatch(summary);
    const labels = finding.evidence.map(({ label }) => label);
    expect(labels).toEqual(
      expect.arrayContaining(['age at the reset', 'received until then', 'likeliest cause']),
    );
  });

  it('says how long ago the last byte was', () => {
    const trace = drawTrace(
      `${CHAT} | 100 headers 200 text/event-stream | +80x4 data {n} | +7s error net::ERR_HTTP2_PROTOCOL_ERROR`,
    );
    expect(findingOf(trace, 'http2-protocol-error')!.evidence).toContainEqual(
      expect.objectContaining({ label: 'time since the last byte', value: 7000, unit: 'ms' }),
    );
  });
});

describe('no reset', () => {
  it.each([
    [
      'another error',
      `${CHAT} | 100 headers 200 text/event-stream | +80x4 data {n} | +300 error net::ERR_CONNECTION_CLOSED`,
    ],
    [
      'the page aborted',
      `${CHAT} | 100 headers 200 text/event-stream | +80x4 data {n} | +300 abort net::ERR_HTTP2_PROTOCOL_ERROR`,
    ],
    [
      'the page had read to the end',
      `${CHAT} | 100 headers 200 text/event-stream | +80x4 data {n} | +300 end`,
    ],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'http2-protocol-error')).toBeUndefined();
  });

  it('is undecided where the source has no error names', () => {
    const trace = drawTrace(`${CHAT} | 100 headers 200 text/event-stream | +80x4 data {n} | +300 error`, {
      missing: ['network-errors'],
    });
    expect(incompleteOf(trace, 'http2-protocol-error')).toHaveLength(1);
    expect(foundLines(trace)).toContain('error connection-lost s1');
  });
});
