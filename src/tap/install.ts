import {
  PROTOCOL_VERSION,
  type TapBatch,
  type TapBye,
  type TapCommand,
  type TapHello,
} from '../protocol/messages';
import { patchEventSource } from './event-source';
import { patchFetch } from './fetch';
import { createPatches } from './patches';
import { addListener, now, ownValue, removeListener } from './primordials';
import { createRecorder } from './recorder';
import { createTimings } from './timings';
import { patchWebSocket } from './web-socket';
import { patchXhr } from './xhr';

export interface Tap {
  hello: TapHello;
  /** Obeys a collector; anything that is not a command is ignored. */
  command(command: unknown): void;
}

/** Sends a message to the collector; `transfer` lists the buffers that go with it. */
export type Send = (message: TapBatch | TapBye, transfer: ArrayBuffer[]) => void;

/** Patches this realm. `onRestored` runs when a collector has ordered everything to be put back. */
export function installTap(send: Send, onRestored: () => void): Tap {
  const patches = createPatches();
  const recorder = createRecorder(send, onFirstStream);
  const timings = createTimings(() => recorder);
  patchFetch(patches, recorder, timings);
  patchXhr(patches, recorder);
  patchWebSocket(patches, recorder);
  const sources = patchEventSource(patches, recorder);
  let restored = false;

  function onFirstStream(): void {
    timings.begin();
    addListener(page, 'visibilitychange', recorder.flush, true);
    addListener(globalThis, 'pagehide', onPageHide, true);
  }

  function onPageHide(): void {
    recorder.flush();
    send({ type: 'bye', atMs: now() }, []);
  }

  function restore(): void {
    if (restored) return;
    restored = true;
    patches.restore();
    sources.stop();
    timings.stop();
    recorder.stop();
    removeListener(page, 'visibilitychange', recorder.flush, true);
    removeListener(globalThis, 'pagehide', onPageHide, true);
    onRestored();
  }

  return {
    hello: {
      type: 'hello',
      protocol: PROTOCOL_VERSION,
      documentKey: randomKey(),
      url: location.href,
      isTop: globalThis.top === globalThis.self,
      timeOriginEpochMs: performance.timeOrigin,
      tappedAtMs: now(),
      joinedLate: pageHasRun(),
      userAgent: navigator.userAgent,
    },
    command(command) {
      const type = ownValue(command, 'type');
      if (type === 'credit') recorder.credit(ownValue(command, 'batches'));
      else if (type === 'config')
        recorder.configure(
          ownValue(command, 'maxChunkPayloadBytes'),
          ownValue(command, 'maxStreamPayloadBytes'),
        );
      else if (type === 'restore') restore();
    },
  };
}

const page = document;

function randomKey(): string {
  const words = crypto.getRandomValues(new Uint32Array(4));
  return Array.from(words, (word) => word.toString(36)).join('-');
}

/**
 * Whether scripts of the page may have run before. At document_start no script element exists yet and the document is
 * loading, except for the first about:blank of a frame, which is complete and empty from the beginning.
 */
function pageHasRun(): boolean {
  const { body } = page;
  return (
    page.scripts.length > 0 || (page.readyState !== 'loading' && body !== null && body.childNodes.length > 0)
  );
}

export type { TapCommand };
