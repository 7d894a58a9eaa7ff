import type { Diagnoser, Diagnosis } from '../diagnose/rule';
import { createDiagnoser as createRealDiagnoser } from '../diagnose/run';
import type { TapHello } from '../protocol/messages';
import { TraceAppender } from '../trace/append';
import { createStream, createTrace } from '../trace/create';
import type { StreamRecord, Trace, TraceLimits, TraceMeta } from '../trace/types';
import type { HarView, NetworkView } from '../trace/views';
import { deriveRecord, TAP_LAGS_MS } from './derive';
import { addHarColumns, addWholeBody } from './har-columns';
import { type DocumentHost, LiveDocument } from './live-document';
import { type Exchange, type ExchangeHost, Matcher, type Tap, type Wire } from './matching/matcher';
import { wireEnd, wireStart } from './matching/sides';
import type { Recording, RecordingState } from './types';

/** Listeners hear of changes at most this often. */
const NOTIFY_MS = 100;
/** Diagnosis runs at most this often… */
const DIAGNOSE_MS = 250;
/** …and takes at most this part of the time when it is slow. */
const DIAGNOSE_SHARE = 0.2;
/** Open streams are looked at again this often although nothing came: silence is news, too. */
const SILENCE_MS = 1000;
/** The network and the page disagree about one start by more than this only when their clocks do. */
const SKEW_MS = 50;
/** A request that began this shortly before a document belongs to it. */
const NAVIGATION_SLACK_MS = 50;

export interface LiveRecordingOptions {
  meta: Pick<TraceMeta, 'recorder'> & Partial<TraceMeta>;
  limits?: Partial<TraceLimits>;
  /** Unix epoch ms; must not run backwards. */
  clock?: () => number;
  createDiagnoser?: (trace: Trace) => Diagnoser;
  /** Calls `task` once after `delayMs`; returns the way to stop it. */
  schedule?: (task: () => void, delayMs: number) => () => void;
}

interface LiveExchange extends Exchange {
  record: StreamRecord;
  /** HAR gave it its columns: they cannot be moved to another record any more. */
  filled: boolean;
}

/**
 * The recording under way. It takes what the tap, the network and HAR report in any order, finds out which views
 * belong to one exchange, and keeps the trace, the diagnosis and everybody who listens up to date.
 */
export class LiveRecording implements Recording, DocumentHost {
  #trace!: Trace;
  #appender!: TraceAppender;
  #diagnoser!: Diagnoser;
  #diagnosis!: Diagnosis;
  #state: RecordingState = 'recording';
  #revision = 0;
  #nextStreamId = 1;
  #nextDocumentId = 1;
  readonly #documents = new Set<LiveDocument>();
  readonly #documentOf = new WeakMap<Tap, LiveDocument>();
  readonly #exchanges = new Map<string, LiveExchange>();
  readonly #matcher: Matcher;
  readonly #changed = new Set<string>();
  readonly #undiagnosed = new Set<string>();
  readonly #listeners = new Set<(changed: ReadonlySet<string>) => void>();
  readonly #options: Required<Omit<LiveRecordingOptions, 'limits'>> & { limits: Partial<TraceLimits> };
  #stopTimer: (() => void) | null = null;
  #diagnoseFromEpochMs = 0;
  #silenceFromEpochMs = 0;
  #disposed = false;

  constructor(options: LiveRecordingOptions) {
    this.#options = {
      limits: {},
      clock: () => performance.timeOrigin + performance.now(),
      createDiagnoser: createRealDiagnoser,
      schedule: (task, delayMs) => {
        const timer = setTimeout(task, delayMs);
        return () => clearTimeout(timer);
      },
      ...options,
    };
    this.#matcher = new Matcher(this.#exchangeHost());
    this.#begin(this.nowEpochMs());
  }

  get trace(): Trace {
    return this.#trace;
  }
  get diagnoser(): Diagnoser {
    return this.#diagnoser;
  }
  get diagnosis(): Diagnosis {
    return this.#diagnosis;
  }
  get state(): RecordingState {
    return this.#state;
  }
  get revision(): number {
    return this.#revision;
  }
  get originEpochMs(): number {
    return this.#trace.meta.originEpochMs;
  }
  get appender(): TraceAppender {
    return this.#appender;
  }
  get paused(): boolean {
    return this.#state === 'paused';
  }

  nowEpochMs(): number {
    return this.#options.clock();
  }

  nowMs(): number {
    return this.nowEpochMs() - this.originEpochMs;
  }

  subscribe(listener: (changed: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /**
   * A tap said hello. `frameKey` names its document (or frame) as network views do; `isTop` comes from the browser,
   * not from the page. A document that comes back (page cache) gets its old streams.
   */
  openDocument(init: { frameKey: string | null; isTop: boolean; hello: TapHello }): LiveDocument {
    for (const known of this.#documents) {
      if (known.key === init.hello.documentKey && known.frameKey === init.frameKey) return known;
    }
    const document = new LiveDocument(this, { ...init, id: `d${this.#nextDocumentId++}` });
    this.#documents.add(document);
    this.#trace.documents.push(document.record);
    if (init.isTop) this.#trace.meta.pageUrl = document.record.url;
    this.#trace.meta.browser ??= init.hello.userAgent.slice(0, 1000);
    this.#schedule();
    return document;
  }

  /** The document is gone, or nobody listens to it any more. */
  closeDocument(document: LiveDocument): void {
    document.close();
    this.#documents.delete(document);
  }

  /** A network view, new or grown. Scripts, images and the like are not exchanges and are left out. */
  network(view: NetworkView): void {
    if (view.kind === 'other') return;
    if (!this.#matcher.knows(view.requestId)) {
      if (this.paused) return;
      if (this.#isFull()) {
        if (view.endedEpochMs !== null) this.#trace.loss.droppedStreams++;
        return;
      }
    }
    this.#matcher.network(view, this.nowEpochMs());
    this.#schedule();
  }

  /** A finished HAR entry. Redirects and preflights are no exchanges of the page's. */
  har(view: HarView): void {
    if (view.kind === 'other' || view.method.toUpperCase() === 'OPTIONS') return;
    const isRedirect = [301, 302, 303, 307, 308].includes(view.status);
    if (isRedirect || this.paused) return;
    this.#matcher.har(view, this.nowEpochMs());
    this.#schedule();
  }

  /**
   * The deliveries so far of a request that is open when the recording ends, and that no tap sees. `requestId` is that
   * of its network view; unknown ones, and those that a tap sees, are left alone.
   */
  fillOpen(requestId: string, view: HarView): void {
    for (const exchange of this.#exchanges.values()) {
      if (exchange.tap || exchange.filled || exchange.wire?.network?.requestId !== requestId) continue;
      exchange.filled = true;
      addHarColumns(this.#appender, exchange.record, view, this.originEpochMs);
      this.touch(exchange.record);
    }
  }

  /** Counts a message that did not fit the protocol. */
  refuse(count = 1): void {
    this.#trace.loss.refusedMessages += count;
    this.#schedule();
  }

  /** Nothing new is recorded; what ends is still marked as ended. */
  pause(): void {
    this.#state = 'paused';
    this.#announce();
  }

  resume(): void {
    if (this.#state === 'recording') return;
    this.#state = 'recording';
    for (const document of this.#documents) document.resumed();
    this.#announce();
  }

  /** Starts an empty trace. Streams that are open go on in it, marked as begun before it. */
  clear(): void {
    this.#restart((exchange) => !isEnded(exchange), true, this.nowEpochMs());
  }

  /** Drops everything that began before `sinceEpochMs`, the start of a new page. */
  navigated(sinceEpochMs: number): void {
    const from = sinceEpochMs - NAVIGATION_SLACK_MS;
    for (const document of this.#documents) {
      if (document.startedEpochMs < from) this.closeDocument(document);
    }
    this.#restart((exchange) => startOf(exchange) >= from, false, sinceEpochMs);
  }

  /** Pairs, diagnoses and tells the listeners now instead of soon. */
  flush(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
    this.#work(true);
  }

  dispose(): void {
    this.#disposed = true;
    this.#stopTimer?.();
    this.#listeners.clear();
  }

  recordOf(exchange: Exchange): StreamRecord {
    return (exchange as LiveExchange).record;
  }

  started(tap: Tap, document: LiveDocument): void {
    if (this.#isFull()) {
      this.#trace.loss.droppedStreams++;
      return;
    }
    this.#documentOf.set(tap, document);
    this.#matcher.addTap(tap, this.nowEpochMs());
    this.#schedule();
  }

  grew(tap: Tap): void {
    this.#matcher.tapChanged(tap);
    if (tap.exchange) this.#refresh(tap.exchange as LiveExchange);
  }

  touch(record: StreamRecord): void {
    this.#changed.add(record.id);
    this.#schedule();
  }

  #exchangeHost(): ExchangeHost {
    return {
      create: (tap, wire) => this.#create(tap, wire),
      changed: (exchange) => this.#refresh(exchange as LiveExchange),
      removed: (exchange) => this.#remove(exchange as LiveExchange),
      settled: (exchange, sole) => this.#settled(exchange as LiveExchange, sole),
    };
  }

  #isFull(): boolean {
    return this.#trace.streams.length >= this.#trace.limits.maxStreams;
  }

  #create(tap: Tap | null, wire: Wire | null): LiveExchange | null {
    const document = tap ? (this.#documentOf.get(tap) ?? null) : this.#documentOfWire(wire);
    const record = createStream({
      id: `s${this.#nextStreamId++}`,
      kind: tap?.start.kind ?? wire?.network?.kind ?? wire?.har?.kind ?? 'other',
      url: '',
      startedAtMs: 0,
      documentId: document?.record.id ?? null,
      objectId: tap && document ? `${document.record.id}o${tap.start.object}` : null,
    });
    deriveRecord(record, tap, wire, this.originEpochMs, this.nowEpochMs());
    if (!this.#appender.addStream(record)) return null;
    if (!tap && document && wireStart(wire!) < document.tappedEpochMs)
      this.#appender.mark(record, 'late-start');
    const exchange: LiveExchange = { tap, wire, record, filled: false };
    this.#exchanges.set(record.id, exchange);
    this.touch(record);
    return exchange;
  }

  /** A request that no tap saw is a worker's, unless its document was tapped too late to see it. */
  #documentOfWire(wire: Wire | null): LiveDocument | null {
    const frameKey = wire?.network?.frameKey;
    if (frameKey == null) return null;
    for (const document of this.#documents) {
      if (document.frameKey !== frameKey || !document.record.joinedLate) continue;
      if (wireStart(wire!) < document.tappedEpochMs) return document;
    }
    return null;
  }

  #refresh(exchange: LiveExchange): void {
    const { tap, wire, record } = exchange;
    if (!tap && !wire) return;
    if (tap) {
      const document = this.#documentOf.get(tap);
      if (document) {
        record.documentId = document.record.id;
        record.objectId = `${document.record.id}o${tap.start.object}`;
      }
    }
    deriveRecord(record, tap, wire, this.originEpochMs, this.nowEpochMs());
    this.touch(record);
  }

  #remove(exchange: LiveExchange): void {
    const { record } = exchange;
    this.#exchanges.delete(record.id);
    const place = this.#trace.streams.indexOf(record);
    if (place >= 0) this.#trace.streams.splice(place, 1);
    this.touch(record);
  }

  #settled(exchange: LiveExchange, sole: boolean): void {
    const { tap, wire, record } = exchange;
    if (tap && wire?.network && sole && tap.start.kind === 'fetch') this.#learnSkew(tap, wire);
    this.#refresh(exchange);
    if (tap?.end) addWholeBody(this.#appender, record, tap.end, wire?.har ?? null);
    if (wire?.har && !exchange.filled) {
      exchange.filled = true;
      addHarColumns(this.#appender, record, wire.har, this.originEpochMs);
      // What was copied, or is not wanted, need not be kept twice.
      wire.har = { ...wire.har, contentText: null, eventSourceMessages: [], webSocketMessages: [] };
    }
    const isBody = record.kind !== 'websocket' && record.response !== null;
    if (!tap && isBody && record.chunks.atMs.length === 0 && record.messages.atMs.length === 0)
      this.#appender.mark(record, 'no-chunk-times');
    if (tap) {
      this.#documentOf.get(tap)?.forget(tap);
      tap.sample = [];
    }
    this.#exchanges.delete(record.id);
  }

  /** One request alone at its address cannot be confused: what its two starts differ by is the clocks' doing. */
  #learnSkew(tap: Tap, wire: Wire): void {
    const difference = wireStart(wire) - tap.startedEpochMs;
    const skewMs = Math.abs(difference) > SKEW_MS ? difference : 0;
    if (skewMs === tap.skewMs) return;
    for (const other of this.#documentOf.get(tap)?.taps.values() ?? []) other.skewMs = skewMs;
  }

  #begin(originEpochMs: number): void {
    const before = this.#trace as Trace | undefined;
    this.#trace = createTrace({ ...this.#options.meta, ...before?.meta, originEpochMs });
    Object.assign(this.#trace.limits, this.#options.limits);
    this.#appender = new TraceAppender(this.#trace);
    this.#diagnoser = this.#options.createDiagnoser(this.#trace);
    this.#diagnosis = this.#diagnoser.diagnosis;
    this.#changed.clear();
    this.#undiagnosed.clear();
  }

  /**
   * A new trace with the exchanges that `keep` names. `anew`: their deliveries so far are left behind, too.
   */
  #restart(keep: (exchange: LiveExchange) => boolean, anew: boolean, originEpochMs: number): void {
    this.#matcher.resolve(this.nowEpochMs());
    const before = this.#trace;
    const kept = [...this.#exchanges.values()].filter(keep);
    const origin = Math.min(originEpochMs, ...kept.map(startOf));
    const shiftMs = before.meta.originEpochMs - origin;
    this.#begin(origin);
    for (const document of this.#documents) {
      const { record } = document;
      if (record.tappedAtMs !== null) record.tappedAtMs += shiftMs;
      record.blocked.startMs = anew ? [] : record.blocked.startMs.map((ms) => ms + shiftMs);
      if (anew) record.blocked.durationMs = [];
      this.#trace.documents.push(record);
    }
    this.#exchanges.clear();
    for (const exchange of kept) {
      if (anew) this.#renew(exchange);
      else
        for (const columns of [exchange.record.chunks, exchange.record.messages])
          shift(columns.atMs, shiftMs);
      deriveRecord(exchange.record, exchange.tap, exchange.wire, origin, this.nowEpochMs());
      if (this.#appender.addStream(exchange.record)) this.#exchanges.set(exchange.record.id, exchange);
    }
    const alive = new Set<Exchange>(this.#exchanges.values());
    const waits = (wire: Wire) =>
      anew ? wireEnd(wire) === null : wireStart(wire) >= originEpochMs - NAVIGATION_SLACK_MS;
    this.#matcher.prune({
      tap: (tap) => tap.exchange !== null && alive.has(tap.exchange),
      wire: (wire) => (wire.exchange ? alive.has(wire.exchange) : waits(wire)),
    });
    for (const document of this.#documents) {
      for (const tap of document.taps.values()) {
        if (!tap.exchange || !alive.has(tap.exchange)) document.forget(tap);
      }
    }
    for (const stream of this.#trace.streams) this.#changed.add(stream.id);
    this.#announce();
  }

  /** A fresh record for an exchange that goes on: its past is in the trace that was cleared. */
  #renew(exchange: LiveExchange): void {
    const { record } = exchange;
    exchange.record = createStream({
      id: `s${this.#nextStreamId++}`,
      kind: record.kind,
      url: record.request.url,
      startedAtMs: 0,
      documentId: record.documentId,
      objectId: record.objectId,
    });
    exchange.record.losses = [...record.losses.filter((loss) => loss !== 'late-start'), 'late-start'];
  }

  #announce(): void {
    this.#revision++;
    this.#tell(new Set(this.#trace.streams.map((stream) => stream.id)));
    this.#schedule();
  }

  #schedule(): void {
    if (this.#stopTimer || this.#disposed) return;
    this.#stopTimer = this.#options.schedule(() => {
      this.#stopTimer = null;
      this.#work(false);
    }, NOTIFY_MS);
  }

  #work(everything: boolean): void {
    const nowEpochMs = this.nowEpochMs();
    this.#matcher.resolve(nowEpochMs);
    this.#endWithNetwork(nowEpochMs);
    const changed = new Set(this.#changed);
    this.#changed.clear();
    for (const id of changed) this.#undiagnosed.add(id);
    const isOpen = this.#lookAtSilence(nowEpochMs);
    const news = this.#diagnose(nowEpochMs, everything);
    if (changed.size > 0 || news) {
      this.#revision++;
      this.#tell(changed);
    }
    if (this.#matcher.busy || this.#undiagnosed.size > 0 || isOpen) this.#schedule();
  }

  /** Ends streams whose tap has not said so although the network was done some time ago. */
  #endWithNetwork(nowEpochMs: number): void {
    for (const exchange of this.#exchanges.values()) {
      const { tap, wire, record } = exchange;
      if (record.end || !tap || !wire) continue;
      const end = wireEnd(wire);
      if (end !== null && nowEpochMs - end >= TAP_LAGS_MS) this.#refresh(exchange);
    }
  }

  /** Names open streams for diagnosis once a second; returns whether there are any. */
  #lookAtSilence(nowEpochMs: number): boolean {
    let isOpen = false;
    const due = nowEpochMs - this.#silenceFromEpochMs >= SILENCE_MS;
    if (due) this.#silenceFromEpochMs = nowEpochMs;
    for (const { record } of this.#exchanges.values()) {
      if (record.end) continue;
      isOpen = true;
      if (due) this.#undiagnosed.add(record.id);
    }
    return isOpen;
  }

  /** Runs diagnosis when it is due; returns whether it says something else than before. */
  #diagnose(nowEpochMs: number, everything: boolean): boolean {
    if (this.#undiagnosed.size === 0 || (!everything && nowEpochMs < this.#diagnoseFromEpochMs)) return false;
    const changed = new Set(this.#undiagnosed);
    this.#undiagnosed.clear();
    const before = gist(this.#diagnosis);
    const startedEpochMs = this.nowEpochMs();
    try {
      this.#diagnosis = this.#diagnoser.update({ changed, nowMs: startedEpochMs - this.originEpochMs });
    } catch (error) {
      // A defect of diagnosis must not end the recording.
      console.error('Streamgauge could not diagnose', error);
    }
    const tookMs = this.nowEpochMs() - startedEpochMs;
    this.#diagnoseFromEpochMs = nowEpochMs + Math.max(DIAGNOSE_MS, tookMs / DIAGNOSE_SHARE);
    return gist(this.#diagnosis) !== before;
  }

  #tell(changed: ReadonlySet<string>): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(changed);
      } catch (error) {
        console.error('A listener of the recording failed', error);
      }
    }
  }
}

function startOf({ tap, wire }: Exchange): number {
  return tap ? tap.startedEpochMs : wireStart(wire!);
}

function isEnded({ record }: LiveExchange): boolean {
  return record.end !== null;
}

function shift(column: number[], byMs: number): void {
  for (let index = 0; index < column.length; index++) column[index]! += byMs;
}

function gist(diagnosis: Diagnosis): string {
  return diagnosis.findings
    .map(({ key, severity, supersededBy, summary }) => `${key} ${severity} ${supersededBy} ${summary}`)
    .join('\n');
}
