import type { ComponentChildren } from 'preact';
import type { EventFilter } from '../model/event-list';
import { CopyButton } from './copy-button';

export interface EventFilterBarProps {
  /** What is listed, in the plural: `events`. */
  things: string;
  /** What the text is looked for in: `data, type or id`. */
  fields: string;
  filter: EventFilter;
  onFilter(filter: EventFilter): void;
  /** Things go both ways. */
  hasDirections: boolean;
  /** Words of the switch for heartbeats; null: there are none. */
  heartbeats: string | null;
  heartbeatsHint?: string;
  /** How many are shown, in words. */
  count: string;
  /** The things shown, as JSON lines. */
  lines(): string;
  /** Stands before the last button. */
  children: ComponentChildren;
}

/** The bar above a list of events or packets. */
export function EventFilterBar(props: EventFilterBarProps) {
  const { things, fields, filter, onFilter, hasDirections, heartbeats, heartbeatsHint, count, lines } = props;
  return (
    <div class="events-bar" role="toolbar" aria-label={`${things[0]?.toUpperCase()}${things.slice(1)}`}>
      <input
        type="text"
        class="text-field"
        placeholder={`Filter ${things}`}
        aria-label={`Filter ${things} by ${fields}`}
        spellcheck={false}
        onInput={(event) => onFilter({ ...filter, text: event.currentTarget.value.trim().toLowerCase() })}
      />
      {hasDirections && (
        <select
          aria-label="Direction"
          value={filter.direction}
          onChange={(event) =>
            onFilter({ ...filter, direction: event.currentTarget.value as EventFilter['direction'] })
          }
        >
          <option value="all">Both directions</option>
          <option value="received">Received</option>
          <option value="sent">Sent</option>
        </select>
      )}
      {heartbeats !== null && (
        <label class="check" title={heartbeatsHint}>
          <input
            type="checkbox"
            checked={!filter.hideHeartbeats}
            onChange={(event) => onFilter({ ...filter, hideHeartbeats: !event.currentTarget.checked })}
          />
          {heartbeats}
        </label>
      )}
      <span class="spacer" />
      <span class="number dim">{count}</span>
      {props.children}
      <CopyButton small label={`Copy the ${things} shown, as JSON lines`} text={lines} />
    </div>
  );
}
