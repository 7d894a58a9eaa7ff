import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

export interface MenuItem {
  label: string;
  hint?: string;
  disabledReason?: string;
  run(): void;
}

/** Closes on Escape (giving focus back), on a click elsewhere, and when focus leaves. */
function usePopup() {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const onPointer = (event: PointerEvent) => {
      if (event.target instanceof Node && !root.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('pointerdown', onPointer, true);
    return () => document.removeEventListener('pointerdown', onPointer, true);
  }, [open]);
  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onFocusOut = (event: FocusEvent) => {
    if (event.relatedTarget instanceof Node && !root.current?.contains(event.relatedTarget)) setOpen(false);
  };
  return { open, setOpen, close, root, button, onFocusOut };
}

/** A button that opens a list of actions. */
export function MenuButton(props: {
  label: ComponentChildren;
  name: string;
  class?: string;
  items: readonly MenuItem[];
}) {
  const { open, setOpen, close, root, button, onFocusOut } = usePopup();
  const menu = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (open) menu.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus();
  }, [open]);
  const onKeyDown = (event: KeyboardEvent) => {
    const items = [...(menu.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
    const now = items.indexOf(document.activeElement as HTMLElement);
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowDown') items[(now + 1) % items.length]?.focus();
    else if (event.key === 'ArrowUp') items[(now - 1 + items.length) % items.length]?.focus();
    else if (event.key === 'Home') items[0]?.focus();
    else if (event.key === 'End') items.at(-1)?.focus();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div class="popup-root" ref={root} onFocusOut={onFocusOut}>
      <button
        type="button"
        ref={button}
        class={props.class ?? 'tool-button'}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-label={props.name}
        title={props.name}
        onClick={() => setOpen(!open)}
      >
        {props.label}
      </button>
      {open && (
        <div class="popup menu right" role="menu" aria-label={props.name} ref={menu} onKeyDown={onKeyDown}>
          {props.items.map((item) => (
            <button
              type="button"
              role="menuitem"
              key={item.label}
              tabIndex={-1}
              aria-disabled={item.disabledReason ? true : undefined}
              title={item.disabledReason}
              onClick={() => {
                if (item.disabledReason) return;
                close();
                item.run();
              }}
            >
              <span>{item.label}</span>
              {item.hint && <span class="option-hint">{item.hint}</span>}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}

/** A button that opens a box to read. */
export function PopoverButton(props: {
  label: ComponentChildren;
  name: string;
  class?: string;
  up?: boolean;
  children: ComponentChildren;
}) {
  const { open, setOpen, close, root, button, onFocusOut } = usePopup();
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: only listens for Escape from what is inside it
    <div
      class="popup-root"
      role="presentation"
      ref={root}
      onFocusOut={onFocusOut}
      onKeyDown={(event) => {
        if (event.key !== 'Escape' || !open) return;
        event.stopPropagation();
        close();
      }}
    >
      <button
        type="button"
        ref={button}
        class={props.class ?? 'tool-button'}
        aria-expanded={open}
        aria-haspopup="dialog"
        aria-label={props.name}
        title={props.name}
        onClick={() => setOpen(!open)}
      >
        {props.label}
      </button>
      {open && (
        <div class={`popup sheet${props.up ? ' up' : ''}`} role="dialog" aria-label={props.name}>
          {props.children}
        </div>
      )}
    </div>
  );
}
