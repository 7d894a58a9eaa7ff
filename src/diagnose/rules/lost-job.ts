import { formatCount } from '../../lib/format';
import { alternates, appearsLate, findJobs, type Job, lostPolls } from '../facts/jobs';
import type { GroupRule, Judgement } from '../rule';

/** A job that one call created is unknown to the calls that ask about it. */
export const lostJob: GroupRule = {
  id: 'lost-job',
  scope: 'job',
  title: 'A job was created, and then the server did not know it',
  sources: ['001_ca2a4bd3fe6f607d.txt'],
  judge: (facts) =>
    facts.derived(findJobs).map((job) => ({
      streamId: (lostPolls(job)[0]?.stream ?? job.created.stream).id,
      groupId: job.jobId,
      judgement: judgeJob(job),
    })),
};

function judgeJob(job: Job): Judgement {
  const lost = lostPolls(job);
  if (lost.length === 0) return { verdict: 'pass' };
  const found = job.polls.filter((poll) => poll.outcome === 'found').length;
  const byTurns = alternates(job);
  // The job was asked about before it was stored, or before a worker took it.
  const wasEarly = appearsLate(job);
  const asked = `${formatCount(job.polls.length)} ${job.polls.length === 1 ? 'time' : 'times'}`;
  return {
    verdict: 'fail',
    severity: wasEarly ? 'warning' : 'error',
    confidence: byTurns ? 'proven' : 'likely',
    summary: wasEarly
      ? `The job was unknown at the first ${lost.length === 1 ? 'look' : `${formatCount(lost.length)} looks`} and known from then on: it was asked about before every server could see it.`
      : byTurns
        ? `The job was asked about ${asked}: ${formatCount(lost.length)} ${lost.length === 1 ? 'answer' : 'answers'} did not know it, ${formatCount(found)} did, so more than one server answers and they share no job store.`
        : found > 0
          ? `The job was known to ${formatCount(found)} ${found === 1 ? 'answer' : 'answers'}, and then, before it was finished, ${formatCount(lost.length)} did not know it: whatever kept it forgot it.`
          : `The job that was just created was unknown to ${lost.length === job.polls.length ? 'all' : formatCount(lost.length)} of ${formatCount(job.polls.length)} ${job.polls.length === 1 ? 'answer' : 'answers'}.`,
    evidence: [
      {
        label: `job created (${job.idFrom})`,
        value: job.jobId,
        unit: 'text',
        at: { streamId: job.created.stream.id },
      },
      {
        label: 'answers that did not know it',
        value: lost.length,
        unit: 'count',
        ...(lost[0] ? { at: { streamId: lost[0].stream.id } } : {}),
      },
      { label: 'answers that knew it', value: found, unit: 'count' },
      {
        label: 'in order',
        value: job.polls
          .map((poll) => poll.status)
          .slice(0, 20)
          .join(' '),
        unit: 'status',
      },
    ],
    platforms: job.created.hops.flatMap((hop) => hop.platform ?? []),
  };
}
