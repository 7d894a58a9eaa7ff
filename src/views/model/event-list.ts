import { type EventColumns, EventKind } from '../../decode/types';
import { Direction } from '../../trace/types';

export interface EventFilter {
  /** Lower case; looked for in name, id and data. */
  text: string;
  hideHeartbeats: boolean;
  direction: 'all' | 'received' | 'sent';
}

export const ALL_EVENTS: EventFilter = { text: '', hideHeartbeats: false, direction: 'all' };

/**
 * The events that pass a filter, as indices. Grows with the stream: only what came since the last look is tested.
 * Without a filter nothing is stored at all.
 */
export class EventList {
  #matches: number[] = [];
  #tested = 0;

  constructor(
    readonly events: EventColumns,
    readonly filter: EventFilter,
  ) {}

  get #everything(): boolean {
    const { text, hideHeartbeats, direction } = this.filter;
    return text === '' && !hideHeartbeats && direction === 'all';
  }

  /** Tests what came since the last call and returns how many events pass. */
  update(): number {
    const length = this.events.atMs.length;
    if (this.#everything) return length;
    for (; this.#tested < length; this.#tested += 1) {
      if (passes(this.events, this.#tested, this.filter)) this.#matches.push(this.#tested);
    }
    return this.#matches.length;
  }

  /** Index into the events of the row at `position`. */
  at(position: number): number {
    return this.#everything ? position : (this.#matches[position] ?? -1);
  }

  /** Row of an event, or of the nearest one before it; -1 when there is none. */
  positionOf(index: number): number {
    if (this.#everything) return index < this.events.atMs.length ? index : -1;
    let low = 0;
    let high = this.#matches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#matches[middle] ?? 0) <= index) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function passes(events: EventColumns, index: number, filter: EventFilter): boolean {
  if (filter.hideHeartbeats && events.kind[index] === EventKind.heartbeat) return false;
  const sent = events.direction[index] === Direction.sent;
  if (filter.direction !== 'all' && sent !== (filter.direction === 'sent')) return false;
  if (filter.text === '') return true;
  return (
    includes(events.data[index], filter.text) ||
    includes(events.name[index], filter.text) ||
    includes(events.id[index], filter.text)
  );
}

function includes(text: string | null | undefined, part: string): boolean {
  return text?.toLowerCase().includes(part) ?? false;
}
