import { useMemo, useRef, useState } from 'preact/hooks';
import type { EngineIoSession } from '../../diagnose/facts/sessions';
import { useModel } from '../components/context';
import { EmptyState } from '../components/empty-state';
import { LaneChart } from '../components/lane-chart';
import { StepList } from '../components/step-list';
import { formatDuration, formatOffset, plural } from '../format';
import { type GroupRow, pollWord } from '../model/groups';
import { type Step, type Story, storyOf } from '../model/session-story';
import { stepWords } from '../model/step-words';
import { nameOf } from '../model/stream-row';

/** A Socket.IO client or a job on one time axis, and as a list of steps. */
export function SessionTab({ subjectId }: { subjectId: string }) {
  const model = useModel();
  const group = model.group(subjectId);
  if (!group) {
    return (
      <EmptyState title="This stream belongs to no session.">
        <p>Socket.IO sessions and jobs that the page polls have a view of their own here.</p>
      </EmptyState>
    );
  }
  return <SessionView key={group.id} group={group} />;
}

function SessionView({ group }: { group: GroupRow }) {
  const model = useModel();
  const revision = model.revision.value;
  const story = useStory(group, group.state === 'open' ? revision : 0);
  const [picked, setPicked] = useState<Step | null>(null);
  const streamId = model.selectedId.value;
  const packet = model.packet.value;
  // Steps are made anew as the session goes on: the one chosen is known by what it is. What was selected elsewhere, a
  // packet or a stream, is shown by its own step.
  const at = story.steps.findIndex((step) => {
    if (picked?.streamId === streamId) return picked !== null && sameStep(step, picked);
    if (packet) {
      return step.kind === 'packet' && step.session.id === packet.sessionId && step.index === packet.index;
    }
    return step.streamId === streamId && WHOLE_STREAM.has(step.kind);
  });
  const selected = at < 0 ? null : at;
  const pick = (index: number | null) => {
    const step = index === null ? undefined : story.steps[index];
    setPicked(step ?? null);
    if (!step) {
      model.select(group.members.length > 1 ? group.id : streamId);
      return;
    }
    const packet = step.kind === 'packet' ? { session: step.session, index: step.index } : null;
    model.selectStep(step.streamId, packet);
  };
  const step = selected === null ? undefined : story.steps[selected];
  return (
    <div class="session">
      <dl class="numbers">
        {numbersOf(group, story).map(([label, value, title]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd title={title}>{value}</dd>
          </div>
        ))}
      </dl>
      {group.group.kind === 'session' && <Problems sessions={group.group.sessions} />}
      <LaneChart story={story} summary={summaryOf(group, story)} selected={selected} onPick={pick} />
      <StepList story={story} selected={selected} onPick={pick} />
      {step && <StepFooter step={step} story={story} />}
    </div>
  );
}

/** A story of more steps than this is told anew only now and then while the session goes on. */
const LONG_STORY = 5000;
const PAUSE_MS = 1000;

function useStory(group: GroupRow, revision: number): Story {
  const model = useModel();
  const last = useRef<{ story: Story; atMs: number } | null>(null);
  return useMemo(() => {
    const known = last.current;
    const isFresh = known !== null && performance.now() - known.atMs < PAUSE_MS;
    // The model looks again every second while something is open, so the end is never missed.
    if (known && isFresh && group.state === 'open' && known.story.steps.length > LONG_STORY)
      return known.story;
    const story = storyOf(group.group, model.recording.diagnoser.facts.nowMs);
    last.current = { story, atMs: performance.now() };
    return story;
  }, [group, revision]);
}

/** What cannot be read is said, with where. */
function Problems({ sessions }: { sessions: readonly EngineIoSession[] }) {
  const problems = sessions.flatMap((session) => session.problems);
  const isPartial = sessions.some((session) => session.partial);
  const unkept = sessions.reduce((sum, session) => sum + session.unkeptPackets, 0);
  if (problems.length === 0 && !isPartial && unkept === 0) return null;
  return (
    <div class="session-notes">
      {isPartial && (
        <p class="inline-note warn">
          Some frames or bodies are missing, so packets (pings too) may be unknown.
        </p>
      )}
      {unkept > 0 && (
        <p class="inline-note warn">{plural(unkept, 'packet')} more were read and are not kept.</p>
      )}
      {problems.length > 0 && (
        <p class="inline-note warn" title={problems.map((one) => one.message).join('\n')}>
          {problems.length === 1
            ? problems[0]?.message
            : `${plural(problems.length, 'packet')} could not be read.`}
        </p>
      )}
    </div>
  );
}

function StepFooter({ step, story }: { step: Step; story: Story }) {
  const model = useModel();
  const { what, detail } = stepWords(step);
  const { name } = nameOf(model.stream(step.streamId)?.request.url ?? '');
  return (
    <div class="step-footer">
      <p>
        <strong>{what}</strong>{' '}
        <span class="dim">
          at {formatOffset(step.atMs - story.fromMs)}
          {step.toMs !== null && `, took ${formatDuration(step.toMs - step.atMs)}`} on {name}
        </span>
      </p>
      {detail && <p class="step-detail">{detail}</p>}
      <p class="step-links">
        <button type="button" class="link" onClick={() => model.openTab('events')}>
          Show in Events
        </button>
        <button type="button" class="link" onClick={() => model.openTab('headers')}>
          Headers
        </button>
        <button type="button" class="link" onClick={() => model.openTab('diagnosis')}>
          Diagnosis
        </button>
      </p>
    </div>
  );
}

type Number = [label: string, value: string, title?: string];

function numbersOf({ group, protocol }: GroupRow, story: Story): Number[] {
  const lasts: Number = [story.isOpen ? 'Open for' : 'Duration', formatDuration(story.toMs - story.fromMs)];
  if (group.kind === 'job') {
    const { job } = group;
    const last = job.polls.at(-1);
    const lost = job.polls.filter((poll) => poll.outcome === 'lost').length;
    const progress = job.polls.findLast((poll) => poll.progress !== null)?.progress ?? null;
    return [
      ['Job', job.jobId, `From ${job.idFrom}`],
      ['State', last ? pollWord(last) : 'unknown'],
      ['Polls', lost > 0 ? `${job.polls.length}, ${lost} not found` : String(job.polls.length)],
      ...(progress === null ? [] : [['Progress', `${Math.round(progress * 100)} %`] as Number]),
      lasts,
    ];
  }
  const { sessions } = group;
  const last = sessions.at(-1)!;
  const began = sessions[0]?.handshake?.transport ?? protocol;
  const rounds = sessions
    .flatMap((session) => session.pings)
    .flatMap(({ pingAtMs, pongAtMs }) => (pongAtMs === null ? [] : [pongAtMs - pingAtMs]))
    .sort((a, b) => a - b);
  const interval = last.handshake?.values?.pingIntervalMs ?? null;
  return [
    ['Transport', began && began !== protocol ? `${began} → ${protocol}` : (protocol ?? 'unknown')],
    ...(sessions.length > 1 ? [['Sessions', String(sessions.length)] as Number] : []),
    lasts,
    [
      'Packets',
      String(sessions.reduce((sum, session) => sum + session.packets.length + session.unkeptPackets, 0)),
    ],
    [
      'Pings',
      interval === null ? String(rounds.length) : `${rounds.length}, every ${formatDuration(interval)}`,
    ],
    ...(last.end ? [['Ended', last.end.reason] as Number] : []),
  ];
}

function summaryOf(row: GroupRow, story: Story): string {
  const numbers = numbersOf(row, story).map(([label, value]) => `${label}: ${value}`);
  const lanes = story.lanes.map((lane) => `${lane.label} ${lane.marks.length}`);
  return `${row.kindLabel} ${row.name}. ${numbers.join('; ')}. Lanes: ${lanes.join(', ')}.`;
}

/** Steps that stand for a stream as a whole. */
const WHOLE_STREAM: ReadonlySet<Step['kind']> = new Set(['exchange', 'created', 'poll', 'unanswered']);

function sameStep(one: Step, other: Step): boolean {
  if (one.kind !== other.kind || one.streamId !== other.streamId || one.atMs !== other.atMs) return false;
  return one.kind !== 'packet' || other.kind !== 'packet' || one.index === other.index;
}
