import browser, { type Runtime } from 'webextension-polyfill';
import { DEVTOOLS_PORT, type DevtoolsReply, type DevtoolsRequest } from '../protocol/ports';

/**
 * The devtools page's port to the service worker. As long as it is open, scripts stay registered; when the worker was
 * stopped (the browser does that to idle ones) the page connects again, which starts it.
 */
export class WorkerLink {
  readonly #tabId: number;
  #port: Runtime.Port | null = null;
  #registered: Promise<DevtoolsReply> = Promise.resolve({ type: 'registered' });
  #closed = false;

  constructor(tabId: number) {
    this.#tabId = tabId;
    this.#connect();
  }

  /** Resolves when the scripts are registered and in the open frames. */
  get registered(): Promise<DevtoolsReply> {
    return this.#registered;
  }

  send(request: DevtoolsRequest): void {
    this.#port?.postMessage(request);
  }

  close(): void {
    this.#closed = true;
    this.#port?.disconnect();
  }

  #connect(): void {
    if (this.#closed) return;
    const port = browser.runtime.connect({ name: `${DEVTOOLS_PORT}${this.#tabId}` });
    this.#port = port;
    this.#registered = new Promise((resolve) => {
      port.onMessage.addListener((reply) => resolve(reply as DevtoolsReply));
      port.onDisconnect.addListener(() => {
        resolve({ type: 'failed', message: 'The extension was reloaded.' });
        this.#port = null;
        try {
          this.#connect();
        } catch {
          // The extension was removed or reloaded: this page is a leftover.
        }
      });
    });
    this.send({ type: 'inspect' });
  }
}
