import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf } from '../../support/found';
import { drawJob } from '../../support/jobs';

const PINNED = {
  answer: () => 'set-cookie: AWSALB=x; Path=/',
  ask: (poll: number) => `credentials=include${poll > 0 ? ' / cookie: AWSALB=x' : ''}`,
  api: 'https://app.test',
};

describe('a job that is lost', () => {
  it.each([
    ['at once and for good', ['404', '404', '404']],
    ['with the client giving up at the first answer', ['404']],
    ['by turns', ['404', 'running', '404', 'running', 'succeeded']],
    ['gone while it runs', ['running', 'running', '404', '404']],
    ['gone with 410', ['running', '410']],
    ['said by a state', ['running', '200 not_found', 'running', '200 not_found']],
  ])('%s', (_, polls) => {
    const finding = findingOf(drawJob(polls, PINNED), 'lost-job');
    expect(finding?.severity).toBe('error');
    expect(finding?.evidence.find((one) => one.label.startsWith('job created'))?.value).toBe('abc12345');
  });

  it('is proven when it is known and unknown by turns', () => {
    expect(findingOf(drawJob(['404', 'running', '404'], PINNED), 'lost-job')?.confidence).toBe('proven');
    expect(findingOf(drawJob(['404', '404'], PINNED), 'lost-job')?.confidence).toBe('likely');
  });

  it('is a warning when only the first look came too early', () => {
    expect(findingOf(drawJob(['404', 'running', 'running', 'done'], PINNED), 'lost-job')?.severity).toBe(
      'warning',
    );
  });

  it.each([
    ['Location', '{}', '202 application/json / location: /operations/77'],
    ['Operation-Location', '{}', '202 application/json / operation-location: https://app.test/operations/77'],
    ['id with a state', '{"id":"77","status":"pending"}', '201 application/json'],
    ['nested', '{"data":{"task_id":"77"}}', '200 application/json'],
    ['a number', '{"task_id":77}', '200 application/json'],
  ])('is recognised by %s', (_, body, headers) => {
    const trace = drawTrace([
      `ask fetch POST https://app.test/work | 20 headers ${headers} | 21 raw ${body} | 22 end`,
      `1000 ask fetch GET https://app.test/operations/77 | 1020 headers 404 application/json | 1021 raw {} | 1022 end`,
    ]);
    expect(findingOf(trace, 'lost-job')?.stream.id).toBe('s2');
  });
});

describe('no lost job', () => {
  it.each([
    ['a job that runs and ends', ['queued', 'running', 'running', 'succeeded']],
    ['a job that ended and then expired', ['running', 'succeeded', '404', '410']],
    ['a job that failed', ['running', 'failed']],
    ['a server that was busy', ['running', '503', 'running', '429', 'done']],
  ])('%s', (_, polls) => expect(alarms(drawJob(polls, PINNED))).toEqual([]));

  it('a 404 on an unrelated address', () => {
    const trace = drawTrace([
      `ask fetch POST https://app.test/work | 20 headers 200 application/json | 21 raw {"job_id":"abc12345","status":"queued"} | 22 end`,
      `500 ask fetch GET https://app.test/favicon-12 | 520 headers 404 text/html | 521 raw no | 522 end`,
      `1000 ask fetch GET https://app.test/jobs/abc12345 | 1020 headers 200 application/json | 1021 raw {"status":"done"} | 1022 end`,
    ]);
    expect(alarms(trace)).toEqual([]);
  });

  it('an id that is no job: a record that was created and then deleted', () => {
    const trace = drawTrace([
      `ask fetch POST https://app.test/notes | 20 headers 201 application/json | 21 raw {"id":"n-551","title":"x"} | 22 end`,
      `500 ask fetch GET https://app.test/notes/n-551 | 520 headers 404 application/json | 521 raw {} | 522 end`,
    ]);
    expect(findingOf(trace, 'lost-job')).toBeUndefined();
  });
});
