import { useState } from 'preact/hooks';
import { formatCount, plural } from '../format';

/** Children drawn at once; more on request, so that a huge array cannot hold up the page. */
const PAGE = 100;
/** Open to this depth at first. */
const OPEN_DEPTH = 2;
const LONG_TEXT = 2000;

type Entry = [key: string, value: unknown];

/** A JSON value as a tree to open and close. Everything in it is text. */
export function JsonTree({ value, label }: { value: unknown; label: string }) {
  return (
    <ul class="json" role="tree" aria-label={label} onKeyDown={onTreeKey}>
      <Node name={null} value={value} depth={0} first />
    </ul>
  );
}

function Node({
  name,
  value,
  depth,
  first,
}: {
  name: string | null;
  value: unknown;
  depth: number;
  first?: boolean;
}) {
  const entries = childrenOf(value);
  const [open, setOpen] = useState(depth < OPEN_DEPTH && (entries?.length ?? 0) <= PAGE);
  const [shown, setShown] = useState(PAGE);
  const isArray = Array.isArray(value);
  if (!entries) {
    return (
      <li role="treeitem" tabIndex={first ? 0 : -1} class="json-line">
        <Key name={name} />
        <Scalar value={value} />
      </li>
    );
  }
  const toggle = () => setOpen(!open);
  return (
    <li role="treeitem" aria-expanded={open} tabIndex={first ? 0 : -1} class="json-branch">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the tree item takes the keys, this line only the mouse */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: see above */}
      <div class="json-line" data-toggle onClick={toggle}>
        <svg class={`twisty${open ? ' open' : ''}`} viewBox="0 0 8 8" aria-hidden="true">
          <path d="M2 1l4 3-4 3z" />
        </svg>
        <Key name={name} />
        <span class="json-brief">{isArray ? `[${formatCount(entries.length)}]` : briefOf(entries)}</span>
      </div>
      {open && (
        <ul role="group">
          {entries.slice(0, shown).map(([key, child]) => (
            <Node key={key} name={key} value={child} depth={depth + 1} />
          ))}
          {entries.length > shown && (
            <li role="treeitem" tabIndex={-1} class="json-line">
              <button type="button" class="link" onClick={() => setShown(shown + PAGE * 10)}>
                {formatCount(entries.length - shown)} more
              </button>
            </li>
          )}
        </ul>
      )}
    </li>
  );
}

function Key({ name }: { name: string | null }) {
  return name === null ? null : (
    <>
      <span class="json-key">{name}</span>
      <span class="json-colon">: </span>
    </>
  );
}

function Scalar({ value }: { value: unknown }) {
  if (typeof value === 'string') {
    const cut = value.length > LONG_TEXT ? `${value.slice(0, LONG_TEXT)}…` : value;
    return <span class="json-string">{JSON.stringify(cut)}</span>;
  }
  if (value instanceof Uint8Array) return <span class="json-word">{bytesText(value)}</span>;
  if (typeof value === 'number') return <span class="json-number">{String(value)}</span>;
  return <span class="json-word">{String(value)}</span>;
}

/** Binary attachments: how long, and how they begin. */
function bytesText(bytes: Uint8Array): string {
  const start = [...bytes.subarray(0, 16)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
  return `${plural(bytes.length, 'byte')}: ${start}${bytes.length > 16 ? ' …' : ''}`;
}

function childrenOf(value: unknown): Entry[] | null {
  if (value instanceof Uint8Array) return null;
  if (Array.isArray(value)) return value.map((child, index) => [String(index), child]);
  if (typeof value === 'object' && value !== null) return Object.entries(value);
  return null;
}

function briefOf(entries: Entry[]): string {
  const keys = entries.slice(0, 4).map(([key]) => (key.length > 24 ? `${key.slice(0, 24)}…` : key));
  return `{${keys.join(', ')}${entries.length > 4 ? ', …' : ''}}`;
}

/** Arrow keys of a tree: up and down the visible lines, left closes or goes to the parent, right opens. */
function onTreeKey(event: KeyboardEvent & { currentTarget: HTMLElement }): void {
  const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[role=treeitem]')];
  const now = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  if (now?.getAttribute('role') !== 'treeitem') return;
  const at = items.indexOf(now);
  const expanded = now.getAttribute('aria-expanded');
  const toggle = () => now.querySelector<HTMLElement>('[data-toggle]')?.click();
  if (event.key === 'ArrowDown') focusItem(items, items[at + 1]);
  else if (event.key === 'ArrowUp') focusItem(items, items[at - 1]);
  else if (event.key === 'ArrowRight') expanded === 'false' ? toggle() : focusItem(items, items[at + 1]);
  else if (event.key === 'ArrowLeft') {
    if (expanded === 'true') toggle();
    else focusItem(items, now.parentElement?.closest<HTMLElement>('[role=treeitem]') ?? undefined);
  } else if (event.key === 'Enter' || event.key === ' ') toggle();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function focusItem(items: HTMLElement[], item: HTMLElement | undefined): void {
  if (!item) return;
  for (const one of items) one.tabIndex = one === item ? 0 : -1;
  item.focus();
}
