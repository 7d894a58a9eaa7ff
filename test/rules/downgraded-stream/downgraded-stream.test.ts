import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { findingOf } from '../../support/found';
import { drawJob } from '../../support/jobs';

const SAME = { api: 'https://app.test' };

describe('a stream that became a job', () => {
  it('asked for by Accept', () => {
    const finding = findingOf(
      drawJob(['running', 'done'], { ...SAME, accept: 'text/event-stream' }),
      'downgraded-stream',
    );
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'proven', stream: { id: 's1' } });
  });

  it('asked for in the body', () => {
    const trace = drawJob(['running', 'done'], {
      ...SAME,
      ask: (n) => (n === 0 ? 'body={"stream":true}' : ''),
    });
    expect(findingOf(trace, 'downgraded-stream')).toBeDefined();
  });

  it('on an endpoint that streamed before', () => {
    const trace = drawTrace([
      `ask fetch POST https://app.test/chat | 20 headers 200 text/event-stream | 30 data {"n":{n}} | +80x8 data {"n":{n}} | +10 end`,
      `5000 ask fetch POST https://app.test/chat | 5020 headers 200 application/json | 5021 raw {"job_id":"j-1234567","status":"queued"} | 5022 end`,
      `6000 ask fetch GET https://app.test/jobs/j-1234567 | 6020 headers 200 application/json | 6021 raw {"status":"done"} | 6022 end`,
    ]);
    expect(findingOf(trace, 'downgraded-stream')?.stream.id).toBe('s2');
  });
});

describe('silent', () => {
  it.each([
    ['a job that was asked for as a job', drawJob(['running', 'done'], SAME)],
    [
      'a stream that came',
      drawTrace(
        `ask fetch POST https://app.test/chat / accept: text/event-stream | 20 headers 200 text/event-stream | 30 data {"n":{n}} | +80x8 data {"n":{n}} | +10 end`,
      ),
    ],
  ])('%s', (_, trace) => expect(findingOf(trace, 'downgraded-stream')).toBeUndefined());
});
