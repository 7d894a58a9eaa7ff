import { describe, expect, it } from 'vitest';
import type { GroupRule, Judgement, Rule, StreamRule } from '../../../src/diagnose/rule';
import { createDiagnoser, diagnose } from '../../../src/diagnose/run';
import type { RuleId } from '../../../src/trace/ids';
import { drawStream, drawTrace } from '../../support/draw';
import { drawMixedPage, growTrace, traceUntil } from '../../support/mixed-page';

const fail = (
  severity: 'error' | 'warning' | 'info',
  more: Partial<Judgement & { verdict: 'fail' }> = {},
): Judgement => ({
  verdict: 'fail',
  severity,
  confidence: 'likely',
  summary: 'It is wrong.',
  evidence: [],
  ...more,
});

function rule(id: RuleId, judge: StreamRule['judge'], more: Partial<StreamRule> = {}): StreamRule {
  return { id, title: id, scope: 'stream', sources: [], judge, ...more };
}

function group(id: RuleId, judge: GroupRule['judge']): GroupRule {
  return { id, title: id, scope: 'trace', sources: [], judge };
}

const TWO = [
  'ask GET https://api.test/a | 10 headers 200 text/event-stream | 20 data x',
  'ask GET https://api.test/b',
];
const lines = (rules: Rule[], trace = drawTrace(TWO)) =>
  diagnose(trace, undefined, rules).findings.map(({ key, supersededBy }) =>
    supersededBy ? `${key} < ${supersededBy}` : key,
  );

describe('the runner', () => {
  it('judges every stream with every rule and keeps what failed', () => {
    const { findings } = diagnose(drawTrace(TWO), undefined, [
      rule('idle-cut', ({ stream }) => (stream.id === 's1' ? fail('error') : { verdict: 'pass' })),
    ]);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      key: 'idle-cut/s1',
      verdict: 'fail',
      recipe: 'idle-cut',
      supersededBy: null,
      stream: { id: 's1', kind: 'fetch', method: 'GET', url: 'https://api.test/a' },
    });
  });

  it('orders findings: worst first, proven first, then by start', () => {
    expect(
      lines([
        rule('missing-abort', () => fail('info')),
        rule('slow-first-byte', () => fail('warning')),
        rule('idle-cut', ({ stream }) =>
          fail('error', { confidence: stream.id === 's2' ? 'proven' : 'likely' }),
        ),
      ]),
    ).toEqual([
      'idle-cut/s2',
      'idle-cut/s1',
      'slow-first-byte/s1',
      'slow-first-byte/s2',
      'missing-abort/s1',
      'missing-abort/s2',
    ]);
  });

  it('lets a rule that throws cost its own verdict only', () => {
    const { findings, failures } = diagnose(drawTrace(TWO), undefined, [
      rule('idle-cut', ({ stream }) => {
        if (stream.id === 's1') throw new Error('boom');
        return fail('error');
      }),
      rule('slow-first-byte', () => fail('warning')),
      group('connection-limit', () => {
        throw 'not even an Error';
      }),
    ]);
    expect(findings.map(({ key }) => key)).toEqual([
      'idle-cut/s2',
      'slow-first-byte/s1',
      'slow-first-byte/s2',
    ]);
    expect(failures).toEqual([
      { id: 'idle-cut', streamId: 's1', message: 'boom' },
      { id: 'connection-limit', streamId: '', message: 'not even an Error' },
    ]);
  });

  it('refuses a group rule that names a stream which is not there', () => {
    const { findings, failures } = diagnose(drawTrace(TWO), undefined, [
      group('connection-limit', () => [{ streamId: 's9', judgement: fail('error') }]),
    ]);
    expect(findings).toEqual([]);
    expect(failures[0]?.message).toContain('s9');
  });

  it('names a group finding by its group', () => {
    expect(
      lines([group('lost-job', () => [{ streamId: 's2', groupId: 'job-7', judgement: fail('error') }])]),
    ).toEqual(['lost-job/job-7']);
  });

  it('turns a verdict into `incomplete` when the source lacks what the rule needs, except where nothing is to judge', () => {
    const trace = drawTrace(TWO, { missing: ['cookies'] });
    const { findings, incomplete } = diagnose(trace, undefined, [
      rule(
        'unreturned-cookie',
        ({ stream }) => (stream.id === 's1' ? fail('error') : { verdict: 'inapplicable' }),
        {
          needs: ['cookies'],
        },
      ),
    ]);
    expect(findings).toEqual([]);
    expect(incomplete).toEqual([
      {
        id: 'unreturned-cookie',
        stream: expect.objectContaining({ id: 's1' }),
        reason: 'The recording does not carry cookies.',
      },
    ]);
  });
});

describe('supersession', () => {
  const cut = rule('idle-cut', () => fail('error'), { explains: ['connection-lost'] });
  const lost = rule('connection-lost', () => fail('error'));

  it('puts a symptom behind the finding that explains it', () => {
    expect(lines([lost, cut])).toEqual([
      'idle-cut/s1',
      'connection-lost/s1 < idle-cut/s1',
      'idle-cut/s2',
      'connection-lost/s2 < idle-cut/s2',
    ]);
  });

  it('reaches another stream when the judgement says so', () => {
    const affinity = rule('missing-affinity', ({ stream }) =>
      stream.id === 's1'
        ? fail('error', { supersedes: [{ rule: 'lost-job', on: 's2' }] })
        : { verdict: 'pass' },
    );
    const job = rule('lost-job', () => fail('error'));
    expect(lines([job, affinity])).toEqual([
      'lost-job/s1',
      'missing-affinity/s1',
      'lost-job/s2 < missing-affinity/s1',
    ]);
  });

  it('reaches a finding of a group by its stream', () => {
    const credentials = rule('omitted-credentials', ({ stream }) =>
      stream.id === 's2' ? fail('error', { supersedes: [{ rule: 'lost-job' }] }) : { verdict: 'pass' },
    );
    const job = group('lost-job', () => [{ streamId: 's2', groupId: 'job-7', judgement: fail('error') }]);
    expect(lines([job, credentials])).toEqual([
      'omitted-credentials/s2',
      'lost-job/job-7 < omitted-credentials/s2',
    ]);
  });

  it('ends a chain at its root', () => {
    const timeout = rule('gateway-timeout', () => fail('error'), { explains: ['idle-cut'] });
    expect(lines([lost, cut, timeout], drawTrace(TWO[0]!))).toEqual([
      'gateway-timeout/s1',
      'connection-lost/s1 < gateway-timeout/s1',
      'idle-cut/s1 < gateway-timeout/s1',
    ]);
  });

  it('breaks a circle: the worse one stands', () => {
    const a = rule('missing-affinity', () => fail('error'), { explains: ['unknown-session'] });
    const b = rule('unknown-session', () => fail('warning'), { explains: ['missing-affinity'] });
    expect(lines([b, a], drawTrace(TWO[0]!))).toEqual([
      'missing-affinity/s1',
      'unknown-session/s1 < missing-affinity/s1',
    ]);
  });

  it('does nothing when the explanation itself did not fail', () => {
    const passing = rule('idle-cut', () => ({ verdict: 'pass' }), { explains: ['connection-lost'] });
    expect(lines([lost, passing])).toEqual(['connection-lost/s1', 'connection-lost/s2']);
  });
});

describe('a growing trace', () => {
  const counting = () => {
    const judged: string[] = [];
    const one = rule('idle-cut', ({ stream, eventCount }) => {
      judged.push(stream.id);
      return eventCount > 2 ? fail('error') : { verdict: 'pass' };
    });
    return { judged, one };
  };

  it('looks again at open streams for rules that ask for the time, and at no others', () => {
    const { judged, one } = counting();
    const timed: string[] = [];
    const clocked: StreamRule = {
      ...one,
      id: 'stalled-stream',
      judge: (facts) => {
        timed.push(facts.stream.id);
        return facts.ageMs > 500 ? fail('warning') : { verdict: 'pass' };
      },
    };
    const trace = drawTrace([
      'ask GET https://one.test/a | 10 headers 200 text/event-stream | 20 data x',
      'ask GET https://two.test/b | 10 headers 200 text/event-stream | 20 data x | 30 end',
    ]);
    const diagnoser = createDiagnoser(trace, [one, clocked]);
    expect(diagnoser.update({ nowMs: 400 }).findings).toEqual([]);
    for (const list of [judged, timed]) expect(list.splice(0)).toEqual(['s1', 's2']);
    expect(diagnoser.update({ changed: new Set(), nowMs: 600 }).findings).toMatchObject([
      { stream: { id: 's1' } },
    ]);
    expect([judged.splice(0), timed.splice(0)]).toEqual([[], ['s1']]);
  });

  it('looks again at an open stream whose parts were replaced, named or not', () => {
    const { judged, one } = counting();
    const trace = drawTrace('ask GET https://one.test/a | 10 headers 200 text/event-stream | 20 data x');
    const diagnoser = createDiagnoser(trace, [one]);
    diagnoser.update();
    trace.streams[0]!.response = { ...trace.streams[0]!.response! };
    diagnoser.update({ changed: new Set() });
    diagnoser.update({ changed: new Set() });
    expect(judged).toEqual(['s1', 's1']);
  });

  it('looks again only at streams that changed', () => {
    const { judged, one } = counting();
    const trace = drawTrace([
      'ask GET https://one.test/a | 10 headers 200 text/event-stream | 20 data x | 30 end',
      'ask GET https://two.test/b | 10 headers 200 text/event-stream | 20 data x',
      'ask GET https://three.test/c | 10 headers 200 text/event-stream | 20 data x | 30 end',
    ]);
    const diagnoser = createDiagnoser(trace, [one]);
    expect(diagnoser.diagnosis.findings).toEqual([]);
    diagnoser.update();
    expect(judged.splice(0)).toEqual(['s1', 's2', 's3']);
    diagnoser.update({ changed: new Set(['s3']) });
    expect(judged.splice(0)).toEqual(['s3']);
    const grown = trace.streams[2]!;
    const more = drawStream('30 data x | 40 data y', { id: 'x' });
    for (const key of ['atMs', 'byteLength', 'waitedMs', 'confidence', 'payload'] as const) {
      (grown.chunks[key] as unknown[]).push(...more.chunks[key]);
    }
    grown.chunks.payload.splice(
      1,
      2,
      ...['y', 'z'].map((text) => new TextEncoder().encode(`data: ${text}\n\n`)),
    );
    grown.chunks.byteLength.splice(1, 2, 9, 9);
    expect(diagnoser.update({ changed: new Set(['s3']) }).findings.map(({ key }) => key)).toEqual([
      'idle-cut/s3',
    ]);
    expect(diagnoser.factsOf('s3')?.eventCount).toBe(3);
  });

  it('takes in new streams, judges siblings again and forgets what is gone', () => {
    const { judged, one } = counting();
    const trace = drawTrace(
      'ask GET https://api.test/a | 10 headers 200 text/event-stream | 20 data x | 30 end',
    );
    const diagnoser = createDiagnoser(trace, [one]);
    diagnoser.update();
    judged.length = 0;
    trace.streams.push(
      drawStream('ask GET https://api.test/a | 10 headers 200 text/event-stream | 20 data*9 x | end', {
        id: 's2',
      }),
    );
    const { findings } = diagnoser.update({ changed: new Set() });
    expect(findings.map(({ key }) => key)).toEqual(['idle-cut/s2']);
    expect(judged.sort()).toEqual(['s1', 's2']);
    expect(diagnoser.facts.siblings(diagnoser.factsOf('s1')!).map(({ stream }) => stream.id)).toEqual([
      's1',
      's2',
    ]);
    trace.streams.pop();
    expect(diagnoser.update({ changed: new Set() }).findings).toEqual([]);
    expect(diagnoser.factsOf('s2')).toBeUndefined();
  });

  it('measures open streams up to now, or to the last thing recorded', () => {
    const trace = drawTrace([
      'ask GET https://api.test/a | 10 headers 200 text/event-stream | 20 data x',
      '700 ask GET https://api.test/b',
    ]);
    const diagnoser = createDiagnoser(trace, []);
    diagnoser.update();
    expect(diagnoser.facts.nowMs).toBe(700);
    expect(diagnoser.factsOf('s1')?.tailSilenceMs).toBe(680);
    diagnoser.update({ nowMs: 5020, changed: new Set() });
    expect(diagnoser.factsOf('s1')).toMatchObject({ tailSilenceMs: 5000, ageMs: 5020 });
  });

  it('gives in the end what one look at the whole gives, with all rules', { timeout: 30_000 }, () => {
    const whole = drawMixedPage(40);
    const endMs = 10_000;
    const trace = traceUntil(whole, 0);
    const diagnoser = createDiagnoser(trace);
    for (let atMs = 0; atMs <= endMs; atMs += 250) {
      diagnoser.update({ changed: growTrace(trace, traceUntil(whole, atMs)), nowMs: atMs });
    }
    const atOnce = diagnose(traceUntil(whole, endMs), endMs);
    expect(atOnce.findings.length).toBeGreaterThan(5);
    expect(diagnoser.diagnosis).toEqual(atOnce);
  });
});
