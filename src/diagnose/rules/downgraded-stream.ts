import { formatCount } from '../../lib/format';
import { responseHeader } from '../facts/headers';
import { findJobs } from '../facts/jobs';
import type { StreamFacts } from '../facts/stream-facts';
import type { Evidence, GroupRule } from '../rule';

/** A stream was asked for; a job, or one whole answer, came back, and the page went on by polling. */
export const downgradedStream: GroupRule = {
  id: 'downgraded-stream',
  scope: 'job',
  title: 'A stream was asked for, and the server answered with a job to poll',
  sources: ['001_ca2a4bd3fe6f607d.txt'],
  judge(facts) {
    return facts.derived(findJobs).flatMap((job) => {
      const { created } = job;
      const streamed = facts.siblings(created).filter((one) => one !== created && isStream(one));
      if (!created.askedForStream && streamed.length === 0) return [];
      if (isStream(created)) return [];
      const evidence: Evidence[] = [
        {
          label: 'asked for',
          value: created.askedForStream
            ? 'a stream'
            : `the endpoint streamed ${formatCount(streamed.length)} times before`,
          unit: 'text',
          at: { streamId: created.stream.id, header: 'accept' },
        },
        {
          label: 'came back',
          value: responseHeader(created.stream, 'content-type') ?? 'no content type',
          unit: 'header',
          at: { streamId: created.stream.id, header: 'content-type' },
        },
        { label: `job (${job.idFrom})`, value: job.jobId, unit: 'text' },
        {
          label: 'polls that followed',
          value: job.polls.length,
          unit: 'count',
          ...(job.polls[0] ? { at: { streamId: job.polls[0].stream.id } } : {}),
        },
      ];
      return [
        {
          streamId: created.stream.id,
          groupId: job.jobId,
          judgement: {
            verdict: 'fail' as const,
            severity: 'warning' as const,
            confidence: created.askedForStream ? ('proven' as const) : ('likely' as const),
            summary: `The page asked for a stream and got a job; it then polled ${formatCount(job.polls.length)} ${job.polls.length === 1 ? 'time' : 'times'}.`,
            evidence,
            platforms: created.hops.flatMap((hop) => hop.platform ?? []),
          },
        },
      ];
    });
  },
};

function isStream(facts: StreamFacts): boolean {
  return facts.nature === 'stream' && facts.decoded.format !== 'json';
}
