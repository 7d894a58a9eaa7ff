import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { findingOf, incompleteOf } from '../../support/found';

const ask = (options = '') => `ask fetch POST https://api.test/chat / origin: https://app.test${options}`;
const FAILED = 'refused net::ERR_FAILED TypeError: Failed to fetch';

describe('a status that CORS hides', () => {
  it.each([
    [
      '500',
      `${ask()} | 90 headers 500 text/html / server: nginx | 91 ${FAILED}`,
      /answer was 500, but it carries no CORS headers/,
    ],
    ['401', `${ask()} | 90 headers 401 application/json | 91 ${FAILED}`, /answer was 401/],
    ['413 of a proxy', `${ask()} | 90 headers 413 text/html / server: nginx | 91 ${FAILED}`, /413/],
    [
      'as an error',
      `${ask()} | 90 headers 502 text/html | 91 error net::ERR_FAILED TypeError: Failed to fetch`,
      /502/,
    ],
    [
      'the network saw no error name',
      `${ask()} | 90 headers 403 text/html | 91 refused TypeError: Failed to fetch`,
      /403/,
    ],
    [
      'another origin allowed',
      `${ask()} | 90 headers 403 text/html / access-control-allow-origin: https://other.test | 91 ${FAILED}`,
      /allows only https:\/\/other\.test/,
    ],
    ['an XHR', `ask xhr GET https://api.test/x | 90 headers 503 text/html | 91 ${FAILED}`, /503/],
  ])('%s', (_, timeline, summary) => {
    const finding = findingOf(drawTrace(timeline), 'masked-status');
    expect(finding).toMatchObject({ severity: 'error' });
    expect(finding!.summary).toMatch(summary);
    expect(finding!.evidence[0]).toMatchObject({ unit: 'status' });
  });
});

describe('no masked status', () => {
  it.each([
    ['a 200 that CORS refuses', `${ask()} | 90 headers 200 application/json | 91 ${FAILED}`],
    [
      'an error the page can read',
      `${ask()} | 90 headers 500 application/json / access-control-allow-origin: https://app.test | 91 raw {} | 92 end`,
    ],
    [
      'credentials and a wildcard',
      `${ask(' / credentials=include')} | 90 headers 500 application/json / access-control-allow-origin: * | 91 ${FAILED}`,
    ],
    ['a lost connection', `${ask()} | 90 error net::ERR_CONNECTION_RESET TypeError: Failed to fetch`],
    ['the page aborted', `${ask()} | 90 headers 500 text/html | 91 abort AbortError`],
    ['an extension blocked it', `${ask()} | 90 error net::ERR_BLOCKED_BY_CLIENT TypeError: Failed to fetch`],
    [
      'an EventSource',
      'ask eventsource GET https://api.test/e | 90 headers 500 text/html | 91 refused net::ERR_FAILED',
    ],
  ])('%s', (_, timeline) => {
    expect(findingOf(drawTrace(timeline), 'masked-status')).toBeUndefined();
  });

  it('is undecided from the page alone', () => {
    const trace = drawTrace(`${ask(' / seen=tap')} | 90 error TypeError: Failed to fetch`);
    expect(incompleteOf(trace, 'masked-status')).toHaveLength(1);
  });
});
