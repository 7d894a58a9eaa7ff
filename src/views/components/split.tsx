import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';

const LEAST_PART = 0.15;
const MOST_PART = 0.85;
const STEP = 0.02;
const STORED = 'streamgauge.split';

export type SplitMode = 'beside' | 'tight' | 'stacked';

/** Share of the first pane: the details need room more than the list where there is little. */
const DEFAULT_PARTS: Readonly<Parts> = { beside: 0.57, tight: 0.4, stacked: 0.4 };

/** Two panes with a movable border: beside each other, or one above the other where it is narrow. */
export function Split(props: {
  mode: SplitMode;
  first: ComponentChildren;
  second: ComponentChildren | null;
}) {
  const { mode } = props;
  const stacked = mode === 'stacked';
  const root = useRef<HTMLDivElement>(null);
  const [parts, setParts] = useState(readParts);
  const part = parts[mode];
  const setPart = (value: number) => {
    const next = { ...parts, [mode]: clamp(value) };
    setParts(next);
    writeParts(next);
  };
  useLayoutEffect(() => {
    root.current?.style.setProperty('--part', `${(part * 100).toFixed(2)}%`);
  }, [part]);
  const onPointerMove = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const box = root.current?.getBoundingClientRect();
    if (!box) return;
    setPart(stacked ? (event.clientY - box.top) / box.height : (event.clientX - box.left) / box.width);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const less = stacked ? 'ArrowUp' : 'ArrowLeft';
    const more = stacked ? 'ArrowDown' : 'ArrowRight';
    if (event.key === less) setPart(part - STEP);
    else if (event.key === more) setPart(part + STEP);
    else if (event.key === 'Home') setPart(LEAST_PART);
    else if (event.key === 'End') setPart(MOST_PART);
    else return;
    event.preventDefault();
  };
  return (
    <div class={`split${stacked ? ' stacked' : ''}${props.second ? '' : ' single'}`} ref={root}>
      <div class="pane first">{props.first}</div>
      {props.second && (
        <>
          <div
            class="splitter"
            role="separator"
            tabIndex={0}
            aria-label="Width of the stream list"
            aria-orientation={stacked ? 'horizontal' : 'vertical'}
            aria-valuenow={Math.round(part * 100)}
            aria-valuemin={LEAST_PART * 100}
            aria-valuemax={MOST_PART * 100}
            onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
            onPointerMove={onPointerMove}
            onKeyDown={onKeyDown}
          />
          <div class="pane second">{props.second}</div>
        </>
      )}
    </div>
  );
}

function clamp(part: number): number {
  return Math.min(MOST_PART, Math.max(LEAST_PART, part));
}

type Parts = Record<SplitMode, number>;

function readParts(): Parts {
  const parts = { ...DEFAULT_PARTS };
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(STORED) ?? 'null');
    for (const mode of Object.keys(parts) as SplitMode[]) {
      const part = (stored as Partial<Record<SplitMode, unknown>> | null)?.[mode];
      if (typeof part === 'number' && Number.isFinite(part)) parts[mode] = clamp(part);
    }
  } catch {
    // Storage is denied or holds something else: the defaults will do.
  }
  return parts;
}

function writeParts(parts: Parts): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(parts));
  } catch {
    // Storage is denied or full: the split is simply not remembered.
  }
}
