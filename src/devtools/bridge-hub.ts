import type { Runtime } from 'webextension-polyfill';
import { fromJson } from '../protocol/json';
import type { TapCommand } from '../protocol/messages';
import { BRIDGE_PORT, type BridgeClaim } from '../protocol/ports';
import type { TapSession } from '../store/tap-session';

/** What the hub needs of a runtime port. */
export type HubPort = Pick<Runtime.Port, 'name' | 'sender' | 'postMessage' | 'onMessage' | 'onDisconnect'>;

/**
 * Claims the bridges of one tab and leaves the others alone. Which tab and frame a port comes from is the browser's
 * word; everything that comes through it is the page's.
 */
export class BridgeHub {
  readonly #tabId: number;
  readonly #openSession: (sender: Runtime.MessageSender) => TapSession;

  constructor(tabId: number, openSession: (sender: Runtime.MessageSender) => TapSession) {
    this.#tabId = tabId;
    this.#openSession = openSession;
  }

  accept(port: HubPort): void {
    if (port.name !== BRIDGE_PORT || !port.sender || port.sender.tab?.id !== this.#tabId) return;
    const session = this.#openSession(port.sender);
    let clone: boolean | null = null;
    const answer = (commands: (TapCommand | BridgeClaim)[]): void => {
      for (const command of commands) port.postMessage(command);
    };
    port.onMessage.addListener((message: unknown) => {
      if (clone === null) {
        clone = (message as { probe?: unknown } | null)?.probe instanceof Uint8Array;
        answer([{ type: 'claim', clone }, ...session.open()]);
        return;
      }
      const refused = refusedCount(message);
      if (refused > 0) session.refused(refused);
      else answer(session.receive(clone ? message : fromJson(message)));
    });
    port.onDisconnect.addListener(() => session.close());
  }
}

/** The bridge's own message: how many of the page's it threw away. */
function refusedCount(message: unknown): number {
  const { type, count } = (message ?? {}) as { type?: unknown; count?: unknown };
  return type === 'refused' && typeof count === 'number' && Number.isSafeInteger(count) && count > 0
    ? count
    : 0;
}
