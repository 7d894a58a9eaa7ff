import { fromJson } from '../../protocol/json';
import { MAX_MESSAGE_BYTES, type TapCommand } from '../../protocol/messages';
import { CdpViews } from '../../store/cdp-views';
import { LiveRecording } from '../../store/recording';
import { TapSession } from '../../store/tap-session';
import type { Trace } from '../../trace/types';
import type { CdpObject } from '../chromium/cdp';
import type { Bridge, NetworkSource, PageListener } from '../chromium/pages';
import { HarEntries } from './har-entries';

/** Bytes are base64 on the way: longer texts cannot be messages that are accepted. */
const MAX_PAYLOAD_CHARS = 1.4 * MAX_MESSAGE_BYTES;
/** Farther than the recording ever waits for better evidence. */
const LONG_AFTER_MS = 60_000;

/** One page's recording: brings what its taps, its network and its workers report together. */
export class PageRecorder implements PageListener {
  readonly #recording: LiveRecording;
  readonly #views: CdpViews;
  readonly #entries: HarEntries;
  readonly #taps = new Map<Bridge, TapSession>();
  readonly #onEnd: (how: 'crashed' | 'closed') => void;
  readonly #onLoad: () => void;
  #aheadMs = 0;
  #movedAtMs = performance.now();

  constructor(options: {
    version: string;
    onLoad: () => void;
    onEnd: (how: 'crashed' | 'closed') => void;
  }) {
    this.#onLoad = options.onLoad;
    this.#onEnd = options.onEnd;
    this.#recording = new LiveRecording({
      meta: { recorder: 'cli', recorderVersion: options.version },
      clock: () => performance.timeOrigin + performance.now() + this.#aheadMs,
    });
    this.#recording.subscribe((changed) => {
      if (changed.size > 0) this.#moved();
    });
    this.#entries = new HarEntries((view) => this.#recording.har(view));
    this.#views = new CdpViews((view) => {
      this.#recording.network(view);
      this.#entries.view(view);
    });
  }

  /** How long nothing has moved: no request, no delivery, no end. */
  get quietMs(): number {
    return performance.now() - this.#movedAtMs;
  }

  /** What there is so far. */
  get counts(): { streams: number; open: number; deliveries: number } {
    const { streams } = this.#recording.trace;
    let open = 0;
    let deliveries = 0;
    for (const { end, chunks, messages } of streams) {
      if (!end) open++;
      deliveries += chunks.atMs.length + messages.atMs.length;
    }
    return { streams: streams.length, open, deliveries };
  }

  /** Ends the recording and returns its trace. */
  async finish(): Promise<Trace> {
    const endedAtMs = Math.round(this.#recording.nowMs());
    await this.#entries.settled();
    // The recording keeps what ended open for a while, in case a better match comes: now nothing comes any more.
    this.#aheadMs = LONG_AFTER_MS;
    // The first pairs and lists what was waiting, the second closes what the first has paired.
    this.#recording.flush();
    this.#recording.flush();
    this.#recording.dispose();
    const { trace } = this.#recording;
    trace.meta.endedAtMs = endedAtMs;
    return trace;
  }

  bridgeOpened(bridge: Bridge): void {
    const tap = new TapSession(this.#recording, { frameKey: bridge.frameId, isTop: bridge.isTop });
    this.#taps.set(bridge, tap);
    send(bridge, tap.open());
  }

  bridgeMessage(bridge: Bridge, json: string): void {
    const tap = this.#taps.get(bridge);
    if (!tap) return;
    const message = json.length > MAX_PAYLOAD_CHARS ? null : parse(json);
    send(bridge, tap.receive(message));
  }

  bridgeClosed(bridge: Bridge): void {
    this.#taps.get(bridge)?.close();
    this.#taps.delete(bridge);
  }

  networkEvent(method: string, params: CdpObject, source: NetworkSource): void {
    this.#moved();
    this.#entries.event(method, params, source);
    this.#views.handle(method, params, { scope: source.session.id, isWorker: source.isWorker });
  }

  loaded(): void {
    this.#moved();
    this.#onLoad();
  }

  ended(how: 'crashed' | 'closed'): void {
    this.#onEnd(how);
  }

  #moved(): void {
    this.#movedAtMs = performance.now();
  }
}

/** A message that is no JSON is refused like one that does not fit. */
function parse(json: string): unknown {
  try {
    return fromJson(JSON.parse(json));
  } catch {
    return null;
  }
}

function send(bridge: Bridge, commands: readonly TapCommand[]): void {
  for (const command of commands) bridge.send(JSON.stringify(command));
}
