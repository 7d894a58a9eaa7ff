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
}

export type { Diagnosis };
