import { describe, expect, it } from 'vitest';
import { createDiagnoser } from '../../../../src/diagnose/run';
import type { Trace } from '../../../../src/trace/types';
import { parseFilter } from '../../../../src/views/model/filter';
import { findGroups, type GroupRow, groupRow } from '../../../../src/views/model/groups';
import { type Sort, type StreamRow, streamRow } from '../../../../src/views/model/stream-row';
import { countStreams, type TableItem, tableItems } from '../../../../src/views/model/table-items';
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

const ASK = (
  at: number,
  status: number,
  state: string,
) => `${at} ask fetch GET https://api.test/jobs/job-4711 / signal
  +20 headers ${status} application/json
  +1 raw {"job_id":"job-4711","status":"${state}"}
  +1 end`;
const CREATE = `0 ask fetch POST https://api.test/jobs / body={"task":"report"} / signal
  +20 headers 202 application/json
  +1 raw {"job_id":"job-4711","status":"queued"}
  +1 end`;
const LONE = `50 ask fetch GET https://api.test/plain
  +20 headers 200 application/json
  +1 raw {"ok":true}
  +1 end`;
const UNANSWERED = '3000 ask fetch GET https://api.test/jobs/job-4711 / signal';

/** A client that upgrades, loses its session, and connects again. */
const CLIENT = [
  handshake(0, 'a'),
  post(40, 'a', ['40']),
  poll(45, 'a', 30, ['40{"sid":"x"}']),
  pollThat(100, 'a', UNKNOWN_SESSION),
  handshake(1200, 'b'),
  socket(1300, 'b', UPGRADED),
];

function look(trace: Trace): { rows: StreamRow[]; groups: GroupRow[] } {
  const diagnoser = createDiagnoser(trace);
  const { findings } = diagnoser.update();
  const of = (id: string) => findings.filter((one) => one.stream.id === id);
  const rows = trace.streams.map((stream, order) =>
    streamRow(order, stream, diagnoser.factsOf(stream.id), of(stream.id)),
  );
  const groups = findGroups(diagnoser.facts).map((group) => {
    const members = group.members.map(({ streamId }) => rows.find((row) => row.id === streamId)!);
    return groupRow(
      group,
      members,
      members.flatMap((row) => of(row.id)),
    );
  });
  return { rows, groups };
}

const RECORDED: Sort = { column: 'order', descending: false };

function lines(
  trace: Trace,
  line = '',
  opened: Record<string, boolean> = {},
  sort: Sort = RECORDED,
): { items: TableItem[]; shown: string[]; streams: number } {
  const { rows, groups } = look(trace);
  const filter = parseFilter(line);
  const ids = new Map(groups.map((group) => [group.kind as string, group.id]));
  const items = tableItems({
    rows,
    groups,
    filter,
    sort,
    opened: new Map(Object.entries(opened).map(([kind, isOpen]) => [ids.get(kind)!, isOpen])),
  });
  return {
    items,
    shown: items.map(({ row, level, part }) => `${'  '.repeat(level - 1)}${part ?? row.kindLabel}`),
    streams: countStreams(items, filter),
  };
}

describe('groups of streams', () => {
  it('puts a client with all its sessions together, in their order', () => {
    const [group, ...others] = look(drawTrace([...CLIENT, LONE])).groups;
    expect(others).toEqual([]);
    expect(group?.group.members.map((one) => one.part)).toEqual([
      'connect over polling',
      'send',
      'poll',
      'poll',
      'connect over polling',
      'upgrade',
    ]);
    expect(group).toMatchObject({
      kind: 'socket.io',
      name: '/socket.io',
      host: 'api.test',
      protocol: 'websocket',
    });
  });

  it('sums up what its streams are', () => {
    const { rows, groups } = look(
      drawTrace([CREATE, ASK(500, 200, 'running'), ASK(900, 404, 'unknown'), LONE]),
    );
    const [job] = groups;
    const members = rows.filter((row) => row.url.includes('/jobs'));
    expect(job?.members).toEqual(members);
    expect(job?.byteLength).toBe(members.reduce((sum, row) => sum + row.byteLength, 0));
    expect(job?.events).toBe(members.reduce((sum, row) => sum + row.events, 0));
    expect(job).toMatchObject({ kind: 'job', name: 'jobs/job-4711', state: 'failed', stateWord: 'lost' });
    expect(job?.findingIds).toContain('lost-job');
    expect(job?.severity).toBe('error');
  });

  it.each([
    [
      'is done when an answer said so',
      [ASK(500, 200, 'running'), ASK(900, 200, 'succeeded')],
      'done',
      'done',
    ],
    ['failed when an answer said that', [ASK(500, 200, 'failed')], 'failed', 'failed'],
    ['was left when nobody asks any more', [ASK(500, 200, 'running')], 'aborted', 'left'],
    [
      'is open while a poll waits, which is part of it already',
      [ASK(500, 200, 'running'), UNANSWERED],
      'open',
      'open',
    ],
  ])('tells that a job %s', (_, polls, state, stateWord) => {
    const trace = drawTrace([CREATE, ...polls]);
    const [job] = look(trace).groups;
    expect(job).toMatchObject({ state, stateWord });
    expect(job?.members).toHaveLength(trace.streams.length);
  });

  it('has each stream in one group only', () => {
    const { groups } = look(drawTrace([...CLIENT, CREATE, ASK(500, 200, 'running'), LONE]));
    const ids = groups.flatMap((group) => group.group.members.map((one) => one.streamId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(groups.map((group) => group.kind)).toEqual(['socket.io', 'job']);
  });
});

describe('the lines of the table', () => {
  const trace = () => drawTrace([...CLIENT, CREATE, ASK(500, 200, 'running'), ASK(900, 404, 'gone'), LONE]);

  it('are closed groups and lone streams, in the order of their start', () => {
    const { shown, streams, items } = lines(trace());
    expect(shown).toEqual(['Socket.IO', 'job', 'fetch']);
    expect(streams).toBe(10);
    expect(items.map((item) => item.expanded)).toEqual([false, false, null]);
  });

  it('tell level and place of what an open group shows', () => {
    const { items, shown } = lines(trace(), '', { job: true });
    expect(shown).toEqual([
      'Socket.IO',
      'job',
      '  created',
      '  poll: running',
      '  poll: not found (404)',
      'fetch',
    ]);
    expect(items.map(({ level, position, siblings }) => [level, position, siblings])).toEqual([
      [1, 1, 3],
      [1, 2, 3],
      [2, 1, 3],
      [2, 2, 3],
      [2, 3, 3],
      [1, 3, 3],
    ]);
  });

  it('show by themselves what a filter picks out of a group, until somebody closes it', () => {
    expect(lines(trace(), 'status:404').shown).toEqual(['job', '  poll: not found (404)']);
    expect(lines(trace(), 'status:404').streams).toBe(1);
    expect(lines(trace(), 'status:404', { job: false }).shown).toEqual(['job']);
  });

  it('keep a group whole when only the group fits, and drop it whole when its kind is unwanted', () => {
    expect(lines(trace(), 'kind:job').shown).toEqual(['job']);
    expect(lines(trace(), 'kind:job').streams).toBe(3);
    expect(lines(trace(), '-kind:job').shown).toEqual(['Socket.IO', 'fetch']);
    expect(lines(trace(), '-kind:fetch').shown).toEqual(['Socket.IO']);
    expect(lines(trace(), 'kind:nothing').shown).toEqual([]);
  });

  it('sort groups with lone streams by their sums, and the streams of a group within it', () => {
    const bySize: Sort = { column: 'size', descending: true };
    const { items } = lines(trace(), '', { job: true }, bySize);
    const tops = items.filter((item) => item.level === 1).map((item) => item.row.byteLength);
    expect(tops).toEqual([...tops].sort((a, b) => b - a));
    const inner = items.filter((item) => item.level === 2).map((item) => item.row.byteLength);
    expect(inner).toEqual([...inner].sort((a, b) => b - a));
    const at = items.findIndex((item) => item.row.kind === 'job');
    expect(items.slice(at + 1, at + 4).every((item) => item.level === 2)).toBe(true);
  });
});
