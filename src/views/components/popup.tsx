import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';

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
