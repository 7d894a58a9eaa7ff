import type { BridgeRestore } from '../protocol/ports';
import { Bridge } from './bridge';

declare global {
  /** The bridge of this document, in the world of content scripts: pages cannot reach it. */
  var streamgaugeBridge: Bridge | undefined;
}

// Registered scripts and the injection into open pages may both come: one bridge is enough, a quiet one is replaced.
if (!globalThis.streamgaugeBridge || globalThis.streamgaugeBridge.isQuiet) {
  globalThis.streamgaugeBridge?.stop();
  globalThis.streamgaugeBridge = new Bridge({
    connect: (name) => chrome.runtime.connect({ name }),
    onRestore: (listener) =>
      chrome.runtime.onMessage.addListener((message: BridgeRestore | null) => {
        if (message?.type === 'streamgauge:restore') listener();
      }),
  });
}
