import { toJson } from '../protocol/json';
import type { TapCommand } from '../protocol/messages';
import {
  BRIDGE_PORT,
  type BridgeClaim,
  type BridgeOpen,
  type BridgeRefused,
  CLAIM_TIMEOUT_MS,
  DEFAULT_CONFIG,
} from '../protocol/ports';
import { receivePort } from './hand-over';
import { TapLink } from './tap-link';

/** The part of a runtime port that the bridge uses; tests give it a double. */
export interface RuntimePort {
  postMessage(message: unknown): void;
  disconnect(): void;
  onMessage: { addListener(listener: (message: unknown) => void): void };
  onDisconnect: { addListener(listener: () => void): void };
}

/** What the bridge needs of `chrome.runtime`. */
export interface Runtime {
  connect(name: string): RuntimePort;
  /** Calls `listener` when the service worker says that DevTools were closed. */
  onRestore(listener: () => void): void;
}

/**
 * A pipe from the tap's port to the extension. It looks into messages only as far as flow control needs: a page can
 * forge whatever the tap sends, so the bridge lets through what was granted and no more, and the collector checks it.
 *
 * While the document sleeps in the page cache the browser cuts the runtime port: that is no reason to restore, and the
 * bridge connects anew when the page is shown again.
 */
export class Bridge {
  readonly #extension: Runtime;
  #runtime: RuntimePort | null = null;
  #tap: TapLink | null = null;
  #hello: unknown = null;
  #config: TapCommand = DEFAULT_CONFIG;
  #claimed = false;
  #clone = true;
  #credit = 0;
  #refused = 0;
  #asleep = false;
  #quiet = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #stopReceiving: () => void;

  constructor(extension: Runtime) {
    this.#extension = extension;
    this.#stopReceiving = receivePort((port) => this.#takeTap(port));
    window.addEventListener('pagehide', this.#onHide, true);
    window.addEventListener('pageshow', this.#onShow, true);
    this.#extension.onRestore(() => this.#goQuiet());
    this.#open();
  }

  /** Nobody listens any more, and the tap was told to restore. */
  get isQuiet(): boolean {
    return this.#quiet;
  }

  /** Leaves the page to a newer bridge. */
  stop(): void {
    this.#goQuiet();
    this.#stopReceiving();
  }

  #open(): void {
    try {
      const runtime = this.#extension.connect(BRIDGE_PORT);
      this.#runtime = runtime;
      runtime.onMessage.addListener((message) => {
        if (runtime === this.#runtime) this.#take(message);
      });
      runtime.onDisconnect.addListener(() => {
        if (runtime !== this.#runtime) return;
        this.#runtime = null;
        this.#claimed = false;
        if (!this.#asleep) this.#goQuiet();
      });
      runtime.postMessage({ type: 'open', probe: new Uint8Array([1, 2, 3]) } satisfies BridgeOpen);
      this.#timer = setTimeout(() => {
        if (!this.#claimed) this.#goQuiet();
      }, CLAIM_TIMEOUT_MS);
    } catch {
      // The extension was reloaded or removed under us.
      this.#goQuiet();
    }
  }

  #takeTap(port: MessagePort): void {
    this.#tap = new TapLink(port, (message) => this.#forward(message));
    if (this.#quiet) {
      this.#command({ type: 'restore' });
      return;
    }
    this.#command(this.#config);
    if (this.#credit > 0) this.#command({ type: 'credit', batches: this.#credit });
  }

  #forward(message: unknown): void {
    const type = typeOf(message);
    if (type === 'hello') {
      if (this.#hello === null) {
        this.#hello = message;
        this.#send(message);
      } else this.#refuse();
    } else if (type === 'bye') {
      // The last word of a document needs no credit; nothing but the time is passed on.
      this.#send({ type: 'bye', atMs: (message as { atMs: unknown }).atMs });
    } else if (this.#credit > 0) {
      this.#credit--;
      this.#send(message);
    } else this.#refuse();
  }

  #take(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    const command = message as BridgeClaim | TapCommand;
    switch (command.type) {
      case 'claim':
        clearTimeout(this.#timer);
        this.#claimed = true;
        this.#clone = command.clone;
        this.#credit = 0;
        if (this.#hello !== null) this.#send(this.#hello);
        break;
      case 'config':
        this.#config = command;
        this.#command(command);
        break;
      case 'credit':
        this.#credit += command.batches;
        this.#command(command);
        this.#reportRefused();
        break;
      case 'restore':
        this.#goQuiet();
    }
  }

  #command(command: TapCommand): void {
    this.#tap?.command(command);
  }

  #send(message: unknown): void {
    if (!this.#claimed || !this.#runtime) return;
    try {
      this.#runtime.postMessage(this.#clone ? message : toJson(message));
    } catch {
      // Too large, or nothing that can be cloned into another process: no tap sends such a thing.
      this.#refuse();
    }
  }

  #refuse(): void {
    this.#refused++;
  }

  /** Counted until there is a quiet moment: a flood must not become another flood. */
  #reportRefused(): void {
    if (this.#refused === 0) return;
    const count = this.#refused;
    this.#refused = 0;
    this.#send({ type: 'refused', count } satisfies BridgeRefused);
  }

  #goQuiet(): void {
    if (this.#quiet) return;
    this.#quiet = true;
    this.#claimed = false;
    clearTimeout(this.#timer);
    window.removeEventListener('pagehide', this.#onHide, true);
    window.removeEventListener('pageshow', this.#onShow, true);
    this.#command({ type: 'restore' });
    try {
      this.#runtime?.disconnect();
    } catch {
      // It is gone already.
    }
    this.#runtime = null;
    this.#hello = null;
  }

  #onHide = (event: PageTransitionEvent): void => {
    this.#asleep = event.persisted;
  };

  #onShow = (event: PageTransitionEvent): void => {
    if (!event.persisted || this.#quiet) return;
    this.#asleep = false;
    this.#runtime?.disconnect();
    this.#runtime = null;
    this.#open();
  };
}

function typeOf(message: unknown): unknown {
  return typeof message === 'object' && message !== null ? (message as { type?: unknown }).type : undefined;
}
