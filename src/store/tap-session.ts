import { CREDIT_BATCHES, PROTOCOL_VERSION, type TapCommand } from '../protocol/messages';
import { parseTapMessage } from '../protocol/schema';
import type { LiveDocument } from './live-document';
import type { LiveRecording } from './recording';

/** A page that sends this many bad messages has no say any more. */
const MOST_REFUSED = 1000;

export interface TapSessionOptions {
  /** Names the document (or frame) as network views do: the browser's document id, or the protocol's frame id. */
  frameKey: string | null;
  /** From the browser, not from the page. */
  isTop: boolean;
  /** A new document of the top frame, before any of its records: time to clear or to keep. */
  onTopDocument?: (document: LiveDocument) => void;
}

/**
 * One tap's connection, as the recorder sees it: checks every message, feeds the recording, and answers with what the
 * tap may do next. The channel (runtime port, DevTools-protocol binding) is the caller's business.
 */
export class TapSession {
  readonly #recording: LiveRecording;
  readonly #options: TapSessionOptions;
  #document: LiveDocument | null = null;
  #refused = 0;

  constructor(recording: LiveRecording, options: TapSessionOptions) {
    this.#recording = recording;
    this.#options = options;
  }

  /** What to tell a tap at first: how much to capture, and that it may send. */
  open(): TapCommand[] {
    const { limits } = this.#recording.trace;
    return [
      {
        type: 'config',
        maxChunkPayloadBytes: limits.maxChunkPayloadBytes,
        maxStreamPayloadBytes: limits.maxStreamPayloadBytes,
      },
      { type: 'credit', batches: CREDIT_BATCHES },
    ];
  }

  /** Takes one message as it came, typed arrays and all. Returns what to answer. */
  receive(value: unknown): TapCommand[] {
    if (this.#refused >= MOST_REFUSED) return [];
    const message = parseTapMessage(value);
    if ('problem' in message) return this.#refuse();
    switch (message.type) {
      case 'hello':
        if (message.protocol !== PROTOCOL_VERSION || this.#document) return this.#refuse();
        this.#document = this.#recording.openDocument({
          frameKey: this.#options.frameKey,
          isTop: this.#options.isTop,
          hello: message,
        });
        if (this.#options.isTop) this.#options.onTopDocument?.(this.#document);
        return [];
      case 'batch':
        if (!this.#document) return this.#refuse();
        this.#document.batch(message);
        return [{ type: 'credit', batches: 1 }];
      case 'bye':
        this.#document?.bye(message.atMs);
        return [];
    }
  }

  /** Messages that the bridge refused on the way. */
  refused(count: number): void {
    this.#recording.refuse(count);
  }

  /** The channel is closed: the document is gone. */
  close(): void {
    if (this.#document) this.#recording.closeDocument(this.#document);
    this.#document = null;
  }

  /** The credit is returned: a bad message must not silence a tap that goes on with good ones. */
  #refuse(): TapCommand[] {
    this.#refused++;
    this.#recording.refuse();
    return [{ type: 'credit', batches: 1 }];
  }
}
