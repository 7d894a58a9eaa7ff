import { type Filter, matchesFilter, namesKind } from './filter';
import type { GroupRow } from './groups';
import { type Sort, type StreamRow, sortRows } from './stream-row';

/** One line of the table: a stream, a group, or a stream in a group. */
export interface TableItem {
  row: StreamRow;
  /** 1, or 2 within a group. */
  level: 1 | 2;
  /** Null for what cannot be opened. */
  expanded: boolean | null;
  /** Place among its siblings, from 1, and how many there are. */
  position: number;
  siblings: number;
  /** The part of a stream in its group; null outside one. */
  part: string | null;
}

export interface TableQuery {
  rows: readonly StreamRow[];
  groups: readonly GroupRow[];
  filter: Filter;
  sort: Sort;
  /** Groups that somebody opened or closed; the others are closed unless a filter picks some of their streams. */
  opened: ReadonlyMap<string, boolean>;
}

/**
 * The lines of the table. A filter keeps a group with those of its streams that fit, or with all of them when only the
 * group itself fits (`kind:job`). Groups and lone streams are sorted together, the streams of a group within it.
 */
export function tableItems({ rows, groups, filter, sort, opened }: TableQuery): TableItem[] {
  const groupOf = new Map<StreamRow, GroupRow>();
  for (const group of groups) for (const member of group.members) groupOf.set(member, group);
  const kept = new Map<GroupRow, readonly StreamRow[]>();
  const tops: StreamRow[] = [];
  for (const group of groups) {
    const members = membersKept(group, filter);
    if (members.length === 0) continue;
    kept.set(group, members);
    tops.push(group);
  }
  for (const row of rows) if (!groupOf.has(row) && matchesFilter(filter, row)) tops.push(row);
  const items: TableItem[] = [];
  const sorted = sortRows(tops, sort);
  sorted.forEach((row, index) => {
    const group = kept.has(row as GroupRow) ? (row as GroupRow) : null;
    const members = group ? (kept.get(group) ?? []) : [];
    const expanded = group ? (opened.get(group.id) ?? members.length < group.members.length) : null;
    items.push({ row, level: 1, expanded, position: index + 1, siblings: sorted.length, part: null });
    if (!group || !expanded) return;
    sortRows(members, sort).forEach((member, at) => {
      items.push({
        row: member,
        level: 2,
        expanded: null,
        position: at + 1,
        siblings: members.length,
        part: group.group.members.find((one) => one.streamId === member.id)?.part ?? null,
      });
    });
  });
  return items;
}

/** Streams that a table of these items stands for, those in closed groups included. */
export function countStreams(items: readonly TableItem[], filter: Filter): number {
  let count = 0;
  for (const { row, level } of items) {
    if (level === 2) continue;
    count += 'members' in row ? membersKept(row as GroupRow, filter).length : 1;
  }
  return count;
}

function membersKept(group: GroupRow, filter: Filter): readonly StreamRow[] {
  if (filter.terms.length === 0) return group.members;
  // "Everything but jobs" means their polls too.
  if (filter.terms.some((term) => term.negated && namesKind(term, group))) return [];
  const fitting = group.members.filter((row) => matchesFilter(filter, row));
  if (fitting.length > 0) return fitting;
  // Something must speak for the group: that nothing is against it is not enough.
  const isNamed = filter.terms.some((term) => !term.negated);
  return isNamed && matchesFilter(filter, group) ? group.members : [];
}
