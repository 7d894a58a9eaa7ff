import type { Diagnoser, Diagnosis } from '../diagnose/rule';
import type { Trace } from '../trace/types';

export type RecordingState = 'recording' | 'paused';

/**
 * One recording under way (or a file opened): the trace, what diagnosis says of it, and word when they change. The
 * panel and the dashboard see nothing else.
 */
export interface Recording {
  readonly trace: Trace;
  readonly diagnoser: Diagnoser;
  readonly diagnosis: Diagnosis;
  readonly state: RecordingState;
  /** Grows with every change; compare to know whether anything moved. */
  readonly revision: number;
  /** Called at most about ten times a second; `changed` names the streams that moved. Returns the way to stop. */
  subscribe(listener: (changed: ReadonlySet<string>) => void): () => void;
  /** Trace time now. */
  nowMs(): number;
}

/** What the toolbar can do; a file that was opened has no `reload`. */
export interface RecorderControls {
  pause(): void;
  resume(): void;
  clear(): void;
  /** Reloads the inspected page, recording from the start. */
  reload?(): void;
  /** Takes the place of the live recording until `clear`. */
  open(trace: Trace): void;
  openDashboard?(): void;
  /**
   * Keeps streams when the page navigates; absent where nothing navigates. Like DevTools, the recorder otherwise
   * drops what began before the new page.
   */
  setPreserveLog?(on: boolean): void;
  /** How that stands; absent means off. */
  readonly preserveLog?: boolean;
  /** A recording out of a file: there is nothing to record, to clear or to put in its place. */
  readonly isFile?: boolean;
}

export type Theme = 'light' | 'dark';

/** What surrounds the panel: DevTools, as the devtools page sees it. */
export interface PanelSurroundings {
  readonly theme: Theme;
  /** Absent where the browser does not tell of changes; the panel then keeps the theme it was opened with. */
  onThemeChange?(listener: (theme: Theme) => void): void;
}

/**
 * How the panel and the devtools page meet: both are pages of one extension in one process, so the recording is handed
 * over as it is. The panel sets `window.streamgauge`; a devtools page that is earlier leaves what it has in
 * `window.streamgaugePending`, where the panel picks it up.
 */
export interface PanelHost {
  /** Shows this recording; called again when another takes its place (a file was opened, or closed again). */
  attach(recording: Recording, controls: RecorderControls, surroundings?: PanelSurroundings): void;
  /** The devtools page goes away. */
  detach(): void;
  /** What is shown now; the extension's tests read it. */
  readonly recording?: Recording;
}

export interface PanelPending {
  recording: Recording;
  controls: RecorderControls;
  surroundings?: PanelSurroundings;
}

export interface PanelWindow {
  streamgauge?: PanelHost;
  streamgaugePending?: PanelPending;
}

export type { Diagnosis };
