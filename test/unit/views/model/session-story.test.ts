import { describe, expect, it } from 'vitest';
import { createDiagnoser } from '../../../../src/diagnose/run';
import { findGroups } from '../../../../src/views/model/groups';
import {
  type LaneId,
  type Step,
  type Story,
  stepAt,
  storyOf,
} from '../../../../src/views/model/session-story';
import { stepWords } from '../../../../src/views/model/step-words';
import { drawTrace } from '../../../support/draw';
import {
  handshake,
  poll,
  pollThat,
  post,
  socket,
  UNKNOWN_SESSION,
  UPGRADED,
} from '../../../support/socket-io';

function storyFrom(timelines: string[], nowMs?: number): Story {
  const diagnoser = createDiagnoser(drawTrace(timelines), []);
  diagnoser.update(nowMs === undefined ? {} : { nowMs });
  const [group] = findGroups(diagnoser.facts);
  if (!group) throw new Error('No group was found');
  return storyOf(group, diagnoser.facts.nowMs);
}

const words = (story: Story) => story.steps.map((step) => stepWords(step).what);
const lane = (story: Story, id: LaneId) => story.lanes.find((one) => one.id === id);
const stepOf = (story: Story, kind: Step['kind']) => story.steps.find((step) => step.kind === kind);

/** Handshake, connect, probe, upgrade, two heartbeats, an event with its ack, and the page leaves. */
const HEALTHY = [
  handshake(0, 'a', { pingInterval: 2000 }),
  post(40, 'a', ['40']),
  poll(45, 'a', 30, ['40{"sid":"x"}']),
  poll(80, 'a', 200, ['6']),
  socket(
    100,
    'a',
    `${UPGRADED}\n1000 send 420["save",{"n":1}]\n1040 frame text 430["ok"]\n2000 frame text 2\n+3 send 3\n4000 frame text 2\n+3 send 3\n5000 send 41\n+5 close 1005`,
  ),
];

describe('the story of a session', () => {
  it('tells everything in the order of its time', () => {
    const story = storyFrom(HEALTHY);
    expect(words(story)).toEqual([
      'handshake',
      'send',
      'connect',
      'poll',
      'connected',
      'poll',
      'WebSocket',
      'probe',
      'probe answered',
      'upgraded',
      'upgrade',
      'noop',
      'event save',
      'ack of save',
      'ping',
      'pong',
      'ping',
      'pong',
      'disconnect',
      'session ended',
    ]);
    const times = story.steps.map((step) => step.atMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(story.isOpen).toBe(false);
  });

  it('draws each kind of thing in a lane of its own', () => {
    const story = storyFrom(HEALTHY);
    expect(story.lanes.map((one) => [one.id, one.marks.length])).toEqual([
      ['session', 1],
      ['polls', 3],
      ['posts', 1],
      // Trying, then carrying.
      ['websocket', 2],
      ['heartbeat', 4],
      ['received', 4],
      ['sent', 5],
    ]);
    const [trying, carrying] = lane(story, 'websocket')!.marks;
    expect(trying?.toMs).toBe(carrying?.fromMs);
    expect([trying?.tone, carrying?.tone]).toEqual(['dim', 'socket']);
    expect(story.landmarks.map((one) => one.label)).toEqual(['upgraded', 'io client disconnect']);
  });

  it('points from every mark to the step that it is', () => {
    const story = storyFrom(HEALTHY);
    for (const { id, marks } of story.lanes) {
      for (const mark of marks) {
        const step = story.steps[mark.step];
        expect(step, id).toBeDefined();
        if (id !== 'websocket' && id !== 'session') expect(step?.atMs, id).toBe(mark.fromMs);
      }
    }
  });

  it('says that an upgrade failed, and how', () => {
    const story = storyFrom([
      handshake(0, 'a'),
      post(40, 'a', ['40']),
      socket(60, 'a', '+30 refused'),
      poll(70, 'a', 900, ['42["news",1]']),
      poll(1000, 'a', 900, ['42["news",2]']),
    ]);
    const failed = stepOf(story, 'upgrade');
    expect(failed?.tone).toBe('bad');
    expect(stepWords(failed!).detail).toContain('refused');
    expect(lane(story, 'websocket')?.marks).toMatchObject([{ tone: 'bad' }]);
  });

  it('goes on with the session that the client opens after one was lost, with the time between shaded', () => {
    const story = storyFrom([
      handshake(0, 'a'),
      poll(40, 'a', 500, ['40{"sid":"x"}']),
      pollThat(600, 'a', UNKNOWN_SESSION),
      handshake(2000, 'b'),
      poll(2040, 'b', 500, ['40{"sid":"y"}']),
    ]);
    expect(lane(story, 'session')?.marks).toHaveLength(2);
    expect(words(story).filter((word) => word === 'reconnect')).toHaveLength(1);
    expect(story.away).toHaveLength(1);
    expect(story.away[0]?.toMs).toBe(2000);
    const end = story.steps.find((step) => step.kind === 'end');
    expect(end?.tone).toBe('bad');
    expect(stepWords(end!).detail).toContain('does not know this session');
    expect(story.landmarks.map((one) => one.label)).toContain('reconnect');
  });

  it('marks the time at which a ping had to be there, only where none came', () => {
    const silent = (end: string) => [
      handshake(0, 'a', { pingInterval: 1000, pingTimeout: 500 }),
      socket(60, 'a', `${UPGRADED}\n1000 frame text 2\n+2 send 3\n${end}`),
    ];
    const missed = storyFrom(silent('2520 close 1006'));
    const overdue = stepOf(missed, 'overdue');
    expect(overdue?.atMs).toBe(2500);
    expect(stepWords(overdue!).detail).toContain('1.50 s');
    expect(missed.landmarks.map((one) => one.label)).toContain('ping overdue');
    expect(stepOf(storyFrom(silent('1800 send 41\n+5 close 1005')), 'overdue')).toBeUndefined();
    expect(stepOf(storyFrom(silent('1100 send 3'), 2000), 'overdue')).toBeUndefined();
    expect(stepOf(storyFrom(silent('1100 send 3'), 4000), 'overdue')?.atMs).toBe(2500);
  });

  it('runs up to now while something is open', () => {
    const timelines = [
      handshake(0, 'a'),
      'ask xhr GET https://api.test/socket.io/?EIO=4&transport=polling&sid=a',
    ];
    timelines[1] = `50 ${timelines[1]}`;
    const story = storyFrom(timelines, 4000);
    expect(story.isOpen).toBe(true);
    expect(story.toMs).toBe(4000);
    expect(lane(story, 'polls')?.marks.at(-1)?.toMs).toBe(4000);
  });

  it('finds what lies under the pointer: the shortest there, else the nearest', () => {
    const story = storyFrom(HEALTHY);
    const polls = lane(story, 'polls')!;
    expect(stepAt(polls, 150, 5)).toBe(polls.marks[2]?.step);
    const beats = lane(story, 'heartbeat')!;
    expect(stepAt(beats, 2030, 100)).toBe(beats.marks[1]?.step);
    expect(stepAt(beats, 3000, 100)).toBe(-1);
  });
});

describe('the story of a job', () => {
  const ask = (
    at: number,
    status: number,
    body: string,
  ) => `${at} ask fetch GET https://api.test/jobs/job-4711 / signal
    +20 headers ${status} application/json
    +1 raw ${body}
    +1 end`;
  const story = () =>
    storyFrom([
      `0 ask fetch POST https://api.test/jobs / body={} / signal
      +20 headers 202 application/json
      +1 raw {"job_id":"job-4711","status":"queued"}
      +1 end`,
      ask(500, 200, '{"job_id":"job-4711","status":"running","progress":0.25}'),
      ask(1000, 200, '{"job_id":"job-4711","status":"running","progress":0.5}'),
      ask(1500, 404, '{"detail":"Job not found"}'),
      ask(2000, 404, '{"detail":"Job not found"}'),
      ask(2500, 200, '{"job_id":"job-4711","status":"succeeded","progress":1}'),
    ]);

  it('tells of its creation and of each poll, with state and progress', () => {
    const told = story().steps.map((step) => `${stepWords(step).what}: ${stepWords(step).detail}`);
    expect(told).toEqual([
      'job created: 202, id job-4711 (from job_id)',
      'poll 1: 200, running, 25 %',
      'poll 2: 200, running, 50 %',
      'poll 3: not found (404)',
      'poll 4: not found (404)',
      'poll 5: 200, succeeded, 100 %, finished',
    ]);
  });

  it('draws its state as long as the answers say the same, and its progress', () => {
    const drawn = story();
    expect(lane(drawn, 'state')?.marks.map((mark) => [mark.label, mark.tone])).toEqual([
      ['running', 'http'],
      ['not found (404)', 'bad'],
      ['succeeded', 'good'],
    ]);
    const [running, lost] = lane(drawn, 'state')!.marks;
    expect(running?.toMs).toBe(lost?.fromMs);
    expect(lane(drawn, 'progress')?.marks.map((mark) => mark.value)).toEqual([0.25, 0.5, 1]);
    // Lost twice in a row is one landmark.
    expect(drawn.landmarks.map((one) => one.label)).toEqual(['lost', 'succeeded']);
  });
});
