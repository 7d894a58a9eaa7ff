import type { Severity } from '../../diagnose/rule';
import type { StreamState } from '../model/stream-row';

/** Line icons on a 16-pixel grid, in the colour of the text. All are decoration: what they mean stands beside them. */
const PATHS = {
  record: 'M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z',
  clear: 'M8 2.6a5.4 5.4 0 1 1 0 10.8A5.4 5.4 0 0 1 8 2.6zM4.2 4.2l7.6 7.6',
  reload: 'M12.9 8.4A5 5 0 1 1 11.6 4.4M11.9 1.9v2.9H9',
  import: 'M8 2.5v7M5 6.7l3 3 3-3M2.8 11v2.3h10.4V11',
  export: 'M8 9.7v-7M5 5.5l3-3 3 3M2.8 11v2.3h10.4V11',
  open: 'M9 2.8h4.2V7M13.2 2.8L7.6 8.4M6.5 3.3H3v9.7h9.7V9.5',
  close: 'M4 4l8 8M12 4l-8 8',
  down: 'M4.5 6.5L8 10l3.5-3.5',
  filter: 'M2.5 3.5h11L9.3 8.4v4.1l-2.6-1.3V8.4z',
  copy: 'M5.5 5.5V2.8h7.7v7.7h-2.7M2.8 5.5h7.7v7.7H2.8z',
  plus: 'M8 3.5v9M3.5 8h9',
  minus: 'M3.5 8h9',
  left: 'M10 4L6 8l4 4',
  right: 'M6 4l4 4-4 4',
  fit: 'M6 2.8H2.8V6M10 2.8h3.2V6M13.2 10v3.2H10M6 13.2H2.8V10',
  table: 'M2.8 3.3h10.4v9.4H2.8zM2.8 6.5h10.4M2.8 9.6h10.4M6.6 6.5v6.2',
  gap: 'M2.5 8h2M11.5 8h2M5.5 4.5v7M10.5 4.5v7',
  keep: 'M5 2.8h6M6 2.8v4.4L4.2 9.4h7.6L10 7.2V2.8M8 9.4v4',
  sent: 'M8 13V3.5M4.5 7L8 3.5 11.5 7',
  received: 'M8 3v9.5M4.5 9L8 12.5 11.5 9',
  book: 'M8 4.2C6.6 3.2 4.9 2.9 2.8 3v9c2.1-.1 3.8.2 5.2 1.2 1.4-1 3.1-1.3 5.2-1.2V3c-2.1-.1-3.8.2-5.2 1.2zM8 4.2v9',
  detail: 'M2.8 3.3h10.4v9.4H2.8zM9 3.3v9.4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, filled = false }: { name: IconName; filled?: boolean }) {
  return (
    <svg class={filled ? 'icon filled' : 'icon'} viewBox="0 0 16 16" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** A square, a triangle or a circle: told apart without colour. */
export function SeverityIcon({ severity }: { severity: Severity }) {
  return (
    <svg class={`mark ${severity}`} viewBox="0 0 12 12" aria-hidden="true">
      {severity === 'error' && (
        <path d="M2 1h8a1 1 0 0 1 1 1v8a1 1 0 0 1-1 1H2a1 1 0 0 1-1-1V2a1 1 0 0 1 1-1z" />
      )}
      {severity === 'warning' && <path d="M6 .8l5.6 10.2H.4z" />}
      {severity === 'info' && <path d="M6 .8L11.2 6 6 11.2.8 6z" />}
      <path
        class="glyph"
        d={
          severity === 'error'
            ? 'M4 4l4 4M8 4L4 8'
            : severity === 'warning'
              ? 'M6 4.4v3M6 8.7v.9'
              : 'M6 3.4v.9M6 5.4v3.2'
        }
      />
    </svg>
  );
}

/** How a stream stands: its worst finding when it has one that matters, else open, done, or ended early. */
export function StateIcon({ severity, state }: { severity: Severity | null; state: StreamState }) {
  if (severity === 'error' || severity === 'warning') return <SeverityIcon severity={severity} />;
  if (state === 'open') {
    return (
      <svg class="mark open" viewBox="0 0 12 12" aria-hidden="true">
        <circle cx="6" cy="6" r="4.2" />
      </svg>
    );
  }
  if (state === 'done') {
    return (
      <svg class="mark ok" viewBox="0 0 12 12" aria-hidden="true">
        <circle cx="6" cy="6" r="4.6" />
        <path class="glyph" d="M3.9 6.1l1.5 1.6 2.8-3.2" />
      </svg>
    );
  }
  return (
    <svg class={`mark stopped ${state}`} viewBox="0 0 12 12" aria-hidden="true">
      <circle cx="6" cy="6" r="4.2" />
      <path d="M3.6 6h4.8" />
    </svg>
  );
}
