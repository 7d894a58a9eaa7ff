import type { ComponentChildren } from 'preact';
import { Icon, type IconName } from './icons';

const ZOOM_STEP = 1.5;
const PAN_STEP = 0.25;

/** What every plot over time can do. */
export interface Zoomable {
  /** @param factor over 1 comes nearer */
  zoom(factor: number): void;
  /** @param part of the visible span, negative to the left */
  pan(part: number): void;
  reset(): void;
}

/** The buttons of a plot over time; `children` stand behind them. */
export function ZoomTools(props: Zoomable & { zoomed: boolean; children?: ComponentChildren }) {
  const { zoomed, zoom, pan, reset, children } = props;
  return (
    <span class="plot-tools" role="group" aria-label="Zoom">
      <Tool icon="plus" label="Zoom in" run={() => zoom(ZOOM_STEP)} />
      <Tool icon="minus" label="Zoom out" run={() => zoom(1 / ZOOM_STEP)} />
      <Tool icon="left" label="Move left" disabled={!zoomed} run={() => pan(-PAN_STEP)} />
      <Tool icon="right" label="Move right" disabled={!zoomed} run={() => pan(PAN_STEP)} />
      <Tool icon="fit" label="Show everything" disabled={!zoomed} run={reset} />
      {children}
    </span>
  );
}

/** Plus and minus zoom, arrows move, 0 resets: the same keys in every plot. */
export function zoomKeys({ zoom, pan, reset }: Zoomable): (event: KeyboardEvent) => void {
  return (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === '+' || event.key === '=') zoom(ZOOM_STEP);
    else if (event.key === '-') zoom(1 / ZOOM_STEP);
    else if (event.key === 'ArrowLeft') pan(-PAN_STEP);
    else if (event.key === 'ArrowRight') pan(PAN_STEP);
    else if (event.key === '0') reset();
    else return;
    event.preventDefault();
  };
}

interface ToolProps {
  icon: IconName;
  label: string;
  disabled?: boolean;
  pressed?: boolean;
  run(): void;
}

export function Tool({ icon, label, disabled = false, pressed, run }: ToolProps) {
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      disabled={disabled}
      onClick={run}
    >
      <Icon name={icon} />
    </button>
  );
}
