import { fileURLToPath } from 'node:url';
import { bundleScript } from '../../src/build/script-plugin';
import type { LaunchedBrowser } from '../../src/cli/chromium/launch';
import type { TapConfig, TapEnd, TapHead, TapHello, TapStart } from '../../src/protocol/messages';
import { CdpPage, type EarlyScript } from './cdp-page';

export interface SeenChunk {
  atMs: number;
  waitedMs: number;
  byteLength: number;
  /** Captured bytes, one character each. */
  payload: string;
}

export interface SeenMessage {
  atMs: number;
  byteLength: number;
  sent: boolean;
  opcode: number;
  name: string | null;
  lastEventId: string | null;
  text: string | null;
  payload: string;
}

/** One stream as a collector puts it together. */
export interface SeenStream {
  start: TapStart;
  head: TapHead | null;
  chunks: SeenChunk[];
  messages: SeenMessage[];
  losses: string[];
  end: TapEnd | null;
}

/** A batch as JSON carries it. */
export interface PlainBatch {
  type: 'batch';
  seq: number;
  dropped: number;
  starts: TapStart[];
  heads: TapHead[];
  ends: TapEnd[];
  losses: { stream: number; reason: string }[];
  chunks: (SeenChunk & { stream: number })[];
  messages: (SeenMessage & { stream: number })[];
  blocked: [number, number][];
}

type Plain = TapHello | PlainBatch | { type: 'bye'; atMs: number };

/** How the collector in the page behaves. */
export interface TapBridgeOptions {
  /** Batches granted at once when the port comes; each received batch grants one more unless `refill` is false. */
  credit?: number;
  refill?: boolean;
  config?: Omit<TapConfig, 'type'>;
}

export interface TapPageOptions extends TapBridgeOptions {
  /** No collector at all. */
  unclaimed?: boolean;
  /** Scripts of "the page" that run before or after the tap. */
  before?: string;
  after?: string;
}

const WORLD = 'streamgauge-test';
const BINDING = 'streamgaugeTapped';
/** The real bridge's end of the port, with a binding that brings every message to the test. */
const bridge = bundleScript(fileURLToPath(new URL('tap-bridge.iife.ts', import.meta.url)));

/** A page with the tap in it, and what a collector has received of it so far. */
export class TapPage {
  readonly hellos: TapHello[] = [];
  readonly streams: SeenStream[] = [];
  readonly blocked: [number, number][] = [];
  readonly seqs: number[] = [];
  readonly batchSizes: number[] = [];
  dropped = 0;
  byes = 0;
  page!: CdpPage;
  #byId = new Map<number, SeenStream>();
  #waiting = new Set<() => void>();

  static async open(
    browser: LaunchedBrowser,
    url: string,
    tap: string,
    options: TapPageOptions = {},
  ): Promise<TapPage> {
    const self = new TapPage();
    const scripts: EarlyScript[] = [];
    if (options.before) scripts.push({ source: options.before });
    scripts.push({ source: tap });
    if (!options.unclaimed)
      scripts.push({
        source: `${await bridge}\nstartTapBridge(${JSON.stringify(options)})`,
        world: WORLD,
      });
    if (options.after) scripts.push({ source: options.after });
    self.page = await CdpPage.open(browser, url, scripts, [
      { name: BINDING, world: WORLD, onCall: (payload) => self.#take(JSON.parse(payload) as Plain) },
    ]);
    return self;
  }

  /** Starts a collector in a page that was opened without one. */
  async claim(options: TapPageOptions = {}): Promise<void> {
    const { frameTree } = await this.page.session.send<{ frameTree: { frame: { id: string } } }>(
      'Page.getFrameTree',
    );
    const { executionContextId } = await this.page.session.send<{ executionContextId: number }>(
      'Page.createIsolatedWorld',
      { frameId: frameTree.frame.id, worldName: WORLD },
    );
    this.page.contexts.set(WORLD, executionContextId);
    await this.page.evaluateText(`${await bridge}\nstartTapBridge(${JSON.stringify(options)})`, WORLD);
  }

  /** Sends a command as the collector would. */
  async command(command: object): Promise<void> {
    await this.page.evaluateText(`commandTap(${JSON.stringify(command)})`, WORLD);
  }

  /** Resolves when `condition` holds for what has been received. */
  async until(condition: () => boolean, what = String(condition)): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!condition()) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        reject(new Error(`Never came: ${what}; streams: ${JSON.stringify(this.streams).slice(0, 3000)}`));
      }, 20_000);
      this.#waiting.add(check);
    });
  }

  /** The newest stream whose address contains `part`. */
  find(part: string): SeenStream | undefined {
    return this.streams.findLast((one) => one.start.url.includes(part));
  }

  /** Waits for a stream whose address contains `part` to have ended. */
  async ended(part: string): Promise<SeenStream> {
    await this.until(() => Boolean(this.find(part)?.end), `end of ${part}`);
    return this.find(part)!;
  }

  close(): Promise<void> {
    return this.page.close();
  }

  #take(message: Plain): void {
    if (message.type === 'hello') this.hellos.push(message);
    else if (message.type === 'bye') this.byes++;
    else this.#takeBatch(message);
    for (const check of [...this.#waiting]) check();
  }

  #takeBatch(batch: PlainBatch): void {
    this.seqs.push(batch.seq);
    this.dropped += batch.dropped;
    this.blocked.push(...batch.blocked);
    this.batchSizes.push(batch.chunks.length + batch.messages.length);
    for (const start of batch.starts) {
      const stream: SeenStream = { start, head: null, chunks: [], messages: [], losses: [], end: null };
      this.streams.push(stream);
      this.#byId.set(start.stream, stream);
    }
    for (const head of batch.heads) this.#byId.get(head.stream)!.head = head;
    for (const { stream, ...chunk } of batch.chunks) this.#byId.get(stream)!.chunks.push(chunk);
    for (const { stream, ...message } of batch.messages) this.#byId.get(stream)!.messages.push(message);
    for (const { stream, reason } of batch.losses) this.#byId.get(stream)!.losses.push(reason);
    for (const end of batch.ends) this.#byId.get(end.stream)!.end = end;
  }
}

export const bytesOf = (stream: SeenStream) =>
  stream.chunks.reduce((total, chunk) => total + chunk.byteLength, 0);
export const payloadOf = (stream: SeenStream) => stream.chunks.map((chunk) => chunk.payload).join('');
