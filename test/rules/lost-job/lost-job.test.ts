import { describe, expect, it } from 'vitest';
import { drawTrace } from '../../support/draw';
import { alarms, findingOf } from '../../support/found';
import { drawJob } from '../../support/jobs';

const CREATED =
  'ask fetch POST https://app.test/work | 20 headers 202 application/json | 21 raw {"job_id":"abc12345","status":"queued"} | 22 end';
const ask = (at: number, path: string, status: string, body = '{"status":"running"}', method = 'GET') =>
  `${at} ask fetch ${method} https://app.test/jobs/abc12345${path} | ${at + 20} headers ${status} application/json | raw ${body} | ${at + 22} end`;
const NOT_READY = '{"detail":"Not Found"}';
const UNKNOWN = '{"detail":"Job not found"}';

const PINNED = {
  answer: () => 'set-cookie: AWSALB=x; Path=/',
  ask: (poll: number) => `credentials=include${poll > 0 ? ' / cookie: AWSALB=x' : ''}`,
  api: 'https://app.test',
};

describe('a job that is lost', () => {
  it.each([
    ['at once and for good', ['404', '404', '404']],
    ['with the client giving up at the first answer', ['404']],
    ['known, unknown and known again', ['running', '404', 'running']],
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

  it.each([
    [['404', 'running', 'running', 'done'], /unknown at the first look and/],
    [['404', '404', '404', 'running', 'running'], /unknown at the first 3 looks and/],
    [['404', 'done'], /unknown at the first look and/],
  ])('is a warning when only the first looks came too early: %j', (polls, summary) => {
    const finding = findingOf(drawJob(polls, PINNED), 'lost-job');
    expect(finding?.severity).toBe('warning');
    expect(finding?.summary).toMatch(summary);
  });

  it('says that it was known, where it was', () => {
    expect(findingOf(drawJob(['running', 'running', '404'], PINNED), 'lost-job')?.summary).toBe(
      'The job was known to 2 answers, and then, before it was finished, 1 did not know it: whatever kept it forgot it.',
    );
  });

  it('is said by the answer for a part of it, too', () => {
    const trace = drawTrace([CREATED, ask(1000, '/result', '404', '{"detail":"Job abc12345 not found"}')]);
    expect(findingOf(trace, 'lost-job')?.severity).toBe('error');
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

  it.each<[string, string[]]>([
    [
      'a result that is not there yet',
      [
        ask(1000, '', '200'),
        ask(1100, '/result', '404', NOT_READY),
        ask(2000, '', '200'),
        ask(2100, '/result', '404', NOT_READY),
        ask(3000, '/result', '200'),
      ],
    ],
    [
      'a picture of it that there is not',
      [ask(1000, '', '200'), ask(1100, '/thumbnail.png', '404', NOT_READY), ask(2000, '', '200')],
    ],
    [
      'deleted by the page',
      [ask(1000, '', '200'), ask(1500, '', '204', '', 'DELETE'), ask(2000, '', '404', UNKNOWN)],
    ],
    [
      'cancelled by the page',
      [ask(1000, '', '200'), ask(1500, '/cancel', '200', '{}', 'POST'), ask(2000, '', '404', UNKNOWN)],
    ],
    [
      'cancelled by a call that names it in its body',
      [
        ask(1000, '', '200'),
        `1500 ask fetch POST https://app.test/jobs/cancel / body={"id":"abc12345"} | 1520 headers 200 application/json | raw {} | end`,
        ask(2000, '', '404', UNKNOWN),
      ],
    ],
    [
      'done by a redirect to the result',
      [ask(1000, '', '200'), ask(2000, '', '303', '{}'), ask(9000, '', '404', UNKNOWN)],
    ],
    [
      'done by 200 after 202, then cleaned up',
      [ask(1000, '', '202', '{}'), ask(2000, '', '200', '{"rows":[]}'), ask(9000, '', '404', UNKNOWN)],
    ],
    [
      'done by a flag, then cleaned up',
      [ask(1000, '', '200', '{"done":true}'), ask(9000, '', '404', UNKNOWN)],
    ],
  ])('%s', (_, calls) => expect(alarms(drawTrace([CREATED, ...calls]))).toEqual([]));

  it('another thing that has the same small number', () => {
    const trace = drawTrace([
      `ask fetch POST https://app.test/work | 20 headers 202 application/json | 21 raw {"task_id":7,"status":"queued"} | 22 end`,
      `500 ask fetch GET https://app.test/users/7 | 520 headers 404 application/json | 521 raw {} | 522 end`,
    ]);
    expect(alarms(trace)).toEqual([]);
  });

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
