import type { TapConfig } from './messages';

/**
 * How the contexts find each other, and the few messages that are not the tap's: bridge ↔ collector over a runtime
 * port, devtools page ↔ service worker over another.
 */

/** Text of the window message with which the tap hands its port to the bridge; it carries exactly one port. */
export const PORT_MESSAGE = 'streamgauge:port:v1';
/** Event on `document` with which a bridge says that it listens: a tap that was earlier posts its port (again). */
export const READY_EVENT = 'streamgauge:ready';

/**
 * Runtime port from a bridge to whoever inspects its tab. All pages of the extension get it, and one that disconnects
 * it ends it for all (Chromium closes the whole channel): those that it does not concern just leave it alone.
 */
export const BRIDGE_PORT = 'streamgauge:bridge';
/**
 * Runtime port from a devtools page to the service worker, the inspected tab's id behind it. While one is open, scripts
 * stay registered.
 */
export const DEVTOOLS_PORT = 'streamgauge:devtools:';

/** Service worker → all bridges of a tab, when its DevTools were closed. */
export interface BridgeRestore {
  type: 'streamgauge:restore';
}

/** First message of a bridge. */
export interface BridgeOpen {
  type: 'open';
  /** Arrives as a Uint8Array where runtime messages are cloned, as a plain object where they are JSON. */
  probe: Uint8Array;
}

/** Collector → bridge: this tab is inspected, records are wanted. Taps whose bridge is not claimed restore. */
export interface BridgeClaim {
  type: 'claim';
  /** Whether typed arrays survive the runtime port; if not, the bridge turns them into base64. */
  clone: boolean;
}

/** Collector → bridge: messages the bridge had to throw away because the page sent more than it was allowed. */
export interface BridgeRefused {
  type: 'refused';
  count: number;
}

/** A bridge that nobody claims within this time restores its tap. */
export const CLAIM_TIMEOUT_MS = 1000;

/** Devtools page → service worker. */
export type DevtoolsRequest =
  /** Register the scripts and put them into the open frames of this tab. */
  | { type: 'inspect' }
  /** Open the dashboard in a tab. */
  | { type: 'dashboard' };

/** Service worker → devtools page: the answer to `inspect`. */
export type DevtoolsReply = { type: 'registered' } | { type: 'failed'; message: string };

/** What the bridge tells a tap first; the same numbers as the default limits of a trace. */
export const DEFAULT_CONFIG: TapConfig = {
  type: 'config',
  maxChunkPayloadBytes: 16 * 1024,
  maxStreamPayloadBytes: 1024 * 1024,
};
