import type { ComponentChildren } from 'preact';
import { useRef } from 'preact/hooks';

export interface Tab<Id extends string> {
  id: Id;
  label: ComponentChildren;
  /** Why it cannot be opened; shown as its tooltip. */
  disabledReason?: string;
}

export interface TabListProps<Id extends string> {
  /** Names the list, and prefixes the ids of its tabs and panels. */
  name: string;
  label: string;
  tabs: readonly Tab<Id>[];
  selected: Id;
  onSelect(id: Id): void;
  class?: string;
}

/** Tabs as the ARIA practices describe them: one tab stop, arrows move and select, Home and End jump. */
export function TabList<Id extends string>(props: TabListProps<Id>) {
  const list = useRef<HTMLDivElement>(null);
  const enabled = props.tabs.filter((tab) => !tab.disabledReason);
  const move = (to: number) => {
    const tab = enabled[(to + enabled.length) % enabled.length];
    if (!tab) return;
    props.onSelect(tab.id);
    list.current?.querySelector<HTMLElement>(`#${tabId(props.name, tab.id)}`)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const now = enabled.findIndex((tab) => tab.id === props.selected);
    if (event.key === 'ArrowRight') move(now + 1);
    else if (event.key === 'ArrowLeft') move(now - 1);
    else if (event.key === 'Home') move(0);
    else if (event.key === 'End') move(enabled.length - 1);
    else return;
    event.preventDefault();
  };
  return (
    <div
      class={`tabs ${props.class ?? ''}`}
      role="tablist"
      aria-label={props.label}
      ref={list}
      onKeyDown={onKeyDown}
    >
      {props.tabs.map((tab) => (
        <button
          type="button"
          role="tab"
          key={tab.id}
          id={tabId(props.name, tab.id)}
          aria-selected={tab.id === props.selected}
          aria-controls={tab.id === props.selected ? panelId(props.name, tab.id) : undefined}
          aria-disabled={tab.disabledReason ? true : undefined}
          title={tab.disabledReason}
          tabIndex={tab.id === props.selected ? 0 : -1}
          onClick={() => {
            if (!tab.disabledReason) props.onSelect(tab.id);
          }}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

export function tabId(name: string, id: string): string {
  return `tab-${name}-${id}`;
}

export function panelId(name: string, id: string): string {
  return `panel-${name}-${id}`;
}
