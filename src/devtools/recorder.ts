import type { LiveDocument } from '../store/live-document';
import { openRecording } from '../store/open-recording';
import type { LiveRecording } from '../store/recording';
import type { RecorderControls, Recording } from '../store/types';
import type { Trace } from '../trace/types';

export interface RecorderHost {
  /** Loads the inspected page anew, with everything in place to record it. */
  reload(): void;
  openDashboard(): void;
  /** Another recording is to be shown. */
  show(recording: Recording): void;
}

/** A page that no tap can enter says nothing; after this long its navigation is taken at DevTools' word. */
const TAPLESS_AFTER_MS = 700;
/** A page's main request begins at most this long before its own clock does (redirects, slow starts). */
const MAIN_REQUEST_WITHIN_MS = 60_000;

/** The toolbar's commands, and what a navigation does to a recording. */
export class Recorder implements RecorderControls {
  readonly live: LiveRecording;
  readonly #host: RecorderHost;
  #preserveLog = false;
  #mainRequestEpochMs: number | null = null;
  #lastTopDocumentEpochMs = 0;

  constructor(live: LiveRecording, host: RecorderHost) {
    this.live = live;
    this.#host = host;
  }

  get preserveLog(): boolean {
    return this.#preserveLog;
  }

  setPreserveLog(on: boolean): void {
    this.#preserveLog = on;
  }

  pause(): void {
    this.live.pause();
  }

  resume(): void {
    this.live.resume();
  }

  clear(): void {
    this.live.clear();
    this.live.resume();
    this.#host.show(this.live);
  }

  reload(): void {
    this.clear();
    this.#host.reload();
  }

  open(trace: Trace): void {
    this.live.pause();
    this.#host.show(openRecording(trace));
  }

  openDashboard(): void {
    this.#host.openDashboard();
  }

  /** The request of a top page began. */
  mainRequest(startedEpochMs: number): void {
    this.#mainRequestEpochMs = startedEpochMs;
  }

  /** A tap in a new top document said hello. */
  topDocument(document: LiveDocument): void {
    this.#lastTopDocumentEpochMs = this.live.nowEpochMs();
    // What was open before DevTools is joined, not navigated to.
    if (document.record.joinedLate) return;
    this.#navigated(document.startedEpochMs);
  }

  /** DevTools says that the tab shows another page. */
  navigated(): void {
    const saidEpochMs = this.live.nowEpochMs();
    setTimeout(() => {
      if (this.#lastTopDocumentEpochMs >= saidEpochMs - TAPLESS_AFTER_MS) return;
      this.#navigated(saidEpochMs);
    }, TAPLESS_AFTER_MS);
  }

  #navigated(startedEpochMs: number): void {
    if (this.#preserveLog) return;
    const main = this.#mainRequestEpochMs;
    const isItsOwn = main !== null && main > startedEpochMs - MAIN_REQUEST_WITHIN_MS;
    this.live.navigated(isItsOwn ? Math.min(main, startedEpochMs) : startedEpochMs);
  }
}
