import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { StreamFacts } from '../../diagnose/facts/stream-facts';
import type { Finding } from '../../diagnose/rule';
import type { RecorderControls, Recording, RecordingState } from '../../store/types';
import type { StreamRecord, Trace } from '../../trace/types';
import { StreamSeries } from '../charts/stream-series';
import type { Features } from '../features';
import { Announcer } from './announcer';
import { ArrivalBins } from './arrival-bins';
import { matchesFilter, parseFilter } from './filter';
import { type LossItem, lossItems } from './losses';
import { RecipeShelf } from './recipe-shelf';
import { type Sort, type SortColumn, type StreamRow, sortRows, streamRow } from './stream-row';

export const TABS = ['diagnosis', 'timing', 'events', 'headers', 'session'] as const;
export type TabId = (typeof TABS)[number];

/** A passing message: what was done, or why it could not be. */
export interface Notice {
  id: number;
  tone: 'info' | 'warning' | 'error';
  text: string;
}

/** A request to bring something into view; `seq` makes each one new. */
export interface TimingFocus {
  seq: number;
  fromMs: number;
  toMs: number;
}

export interface Totals {
  streams: number;
  events: number;
  errors: number;
  warnings: number;
  consumedNatively: number;
}

/** Open streams grow older without a word from the recorder: their silence is measured anew this often. */
const AGEING_MS = 1000;

/**
 * What the views show and what the person chose, over one recording. Reads the recording only when it says that
 * something moved, and then only the streams that it names.
 */
export class PanelModel {
  readonly revision = signal(0);
  readonly state: Signal<RecordingState>;
  readonly filterText = signal('');
  readonly sort = signal<Sort>({ column: 'order', descending: false });
  readonly selectedId = signal<string | null>(null);
  readonly tab = signal<TabId>('diagnosis');
  readonly detailOpen = signal(true);
  readonly preserveLog: Signal<boolean>;
  /** Event under the cursor or chosen in the list, as an index into the decoded events. */
  readonly eventIndex = signal<number | null>(null);
  readonly timingFocus = signal<TimingFocus | null>(null);
  readonly notices = signal<Notice[]>([]);
  readonly recipes = new RecipeShelf();
  readonly announcement: ReadonlySignal<string>;
  readonly totals = signal<Totals>({ streams: 0, events: 0, errors: 0, warnings: 0, consumedNatively: 0 });
  readonly losses = signal<LossItem[]>([]);
  readonly rows = signal<readonly StreamRow[]>([]);

  readonly filter = computed(() => parseFilter(this.filterText.value));
  readonly visibleRows = computed(() => {
    const filter = this.filter.value;
    const rows = this.rows.value;
    const kept = filter.terms.length === 0 ? rows : rows.filter((row) => matchesFilter(filter, row));
    const sort = this.sort.value;
    return sort.column === 'order' && !sort.descending ? kept : sortRows(kept, sort);
  });

  #rows = new Map<string, StreamRow>();
  #streams = new Map<string, StreamRecord>();
  #bins = new Map<string, { bins: ArrivalBins; read: number }>();
  #series = new Map<string, StreamSeries>();
  #findings = new Map<string, Finding[]>();
  #trace: Trace | null = null;
  #announcer = new Announcer();
  #noticeSeq = 0;
  #stop: () => void;
  #ageing: ReturnType<typeof setInterval>;

  constructor(
    readonly recording: Recording,
    readonly controls: RecorderControls,
    readonly features: Features,
  ) {
    this.preserveLog = signal(controls.preserveLog ?? false);
    this.state = signal(recording.state);
    this.announcement = this.#announcer.text;
    this.#stop = recording.subscribe((changed) => this.#refresh(changed));
    this.#ageing = setInterval(() => this.#age(), AGEING_MS);
    this.#refresh(null);
  }

  dispose(): void {
    this.#stop();
    clearInterval(this.#ageing);
    this.#announcer.dispose();
  }

  get trace(): Trace {
    return this.recording.trace;
  }

  /** Record of the selected stream, if it is still there. */
  stream(id: string | null): StreamRecord | undefined {
    return id === null ? undefined : this.#streams.get(id);
  }

  facts(id: string): StreamFacts | undefined {
    return this.recording.diagnoser.factsOf(id);
  }

  findingsOf(id: string): readonly Finding[] {
    return this.#findings.get(id) ?? [];
  }

  row(id: string): StreamRow | undefined {
    return this.#rows.get(id);
  }

  /** Plots of a stream, read up to now. Kept for the few that were looked at last. */
  series(id: string): StreamSeries | undefined {
    const facts = this.facts(id);
    if (!facts) return undefined;
    let series = this.#series.get(id);
    // Facts begin anew when a stream was replaced under the same id (two views of it merged).
    if (!series || series.facts !== facts) series = new StreamSeries(facts);
    this.#series.delete(id);
    this.#series.set(id, series);
    const oldest = this.#series.keys().next().value;
    if (this.#series.size > 4 && oldest !== undefined) this.#series.delete(oldest);
    series.update();
    return series;
  }

  /** Arrivals of a stream in slices, read up to now. */
  arrivals(id: string): ArrivalBins | undefined {
    const stream = this.#streams.get(id);
    if (!stream) return undefined;
    const facts = this.facts(id);
    const events = facts?.decoded.events.atMs ?? [];
    const times =
      events.length > 0 ? events : stream.chunks.atMs.length > 0 ? stream.chunks.atMs : stream.messages.atMs;
    let held = this.#bins.get(id);
    if (!held || held.read > times.length) {
      held = { bins: new ArrivalBins(), read: 0 };
      this.#bins.set(id, held);
    }
    for (; held.read < times.length; held.read += 1) {
      held.bins.add((times[held.read] ?? 0) - stream.timing.startedAtMs);
    }
    return held.bins;
  }

  select(id: string | null, tab?: TabId): void {
    batch(() => {
      if (this.selectedId.value !== id) this.eventIndex.value = null;
      this.selectedId.value = id;
      if (id !== null) this.detailOpen.value = true;
      if (tab) this.tab.value = tab;
    });
  }

  /** Opens the timing of a stream on a span of trace time. */
  showInTiming(streamId: string, fromMs: number, toMs: number): void {
    const start = this.stream(streamId)?.timing.startedAtMs ?? 0;
    batch(() => {
      this.select(streamId, 'timing');
      this.timingFocus.value = {
        seq: (this.timingFocus.value?.seq ?? 0) + 1,
        fromMs: fromMs - start,
        toMs: toMs - start,
      };
    });
  }

  sortBy(column: SortColumn): void {
    const { column: now, descending } = this.sort.value;
    if (now !== column) this.sort.value = { column, descending: DESCENDING_FIRST.has(column) };
    else if (descending === DESCENDING_FIRST.has(column))
      this.sort.value = { column, descending: !descending };
    else this.sort.value = { column: 'order', descending: false };
  }

  setPreserveLog(on: boolean): void {
    this.preserveLog.value = on;
    this.controls.setPreserveLog?.(on);
  }

  notify(text: string, tone: Notice['tone'] = 'info'): void {
    this.#noticeSeq += 1;
    const notice = { id: this.#noticeSeq, tone, text };
    this.notices.value = [...this.notices.value.slice(-2), notice];
    // Good news goes by itself; bad news waits to be read.
    if (tone === 'info') setTimeout(() => this.dismiss(notice.id), 4000);
  }

  dismiss(id: number): void {
    this.notices.value = this.notices.value.filter((one) => one.id !== id);
  }

  #refresh(changed: ReadonlySet<string> | null): void {
    batch(() => {
      const { trace } = this.recording;
      if (trace !== this.#trace || trace.streams.length < this.#streams.size) {
        this.#forget();
        this.#trace = trace;
        changed = null;
      }
      this.#indexFindings();
      const rows: StreamRow[] = [];
      let events = 0;
      let native = 0;
      for (const [order, stream] of trace.streams.entries()) {
        const row = this.#freshRow(order, stream, changed);
        rows.push(row);
        events += row.events;
        if (stream.losses.includes('consumed-natively')) native += 1;
      }
      const selected = this.selectedId.value;
      if (selected !== null && !this.#streams.has(selected)) this.select(null);
      this.rows.value = rows;
      this.state.value = this.recording.state;
      this.totals.value = {
        streams: rows.length,
        events,
        consumedNatively: native,
        ...this.#countFindings(),
      };
      this.losses.value = lossItems(trace);
      this.revision.value += 1;
    });
  }

  #freshRow(order: number, stream: StreamRecord, changed: ReadonlySet<string> | null): StreamRow {
    const known = this.#rows.get(stream.id);
    const findings = this.#findings.get(stream.id) ?? [];
    const same =
      known &&
      changed !== null &&
      !changed.has(stream.id) &&
      known.order === order &&
      this.#streams.get(stream.id) === stream &&
      sameFindings(known, findings);
    if (same) return known;
    const row = streamRow(order, stream, this.facts(stream.id), findings);
    this.#rows.set(stream.id, row);
    this.#streams.set(stream.id, stream);
    return row;
  }

  #age(): void {
    if (this.recording.state !== 'recording') return;
    const open = new Set<string>();
    for (const row of this.#rows.values()) if (row.state === 'open') open.add(row.id);
    if (open.size > 0) this.#refresh(open);
  }

  #indexFindings(): void {
    this.#findings.clear();
    for (const finding of this.recording.diagnosis.findings) {
      const list = this.#findings.get(finding.stream.id);
      if (list) list.push(finding);
      else this.#findings.set(finding.stream.id, [finding]);
    }
  }

  #countFindings(): { errors: number; warnings: number } {
    let errors = 0;
    let warnings = 0;
    const causes: Finding[] = [];
    for (const finding of this.recording.diagnosis.findings) {
      if (finding.supersededBy !== null) continue;
      if (finding.severity === 'error') {
        errors += 1;
        causes.push(finding);
      } else if (finding.severity === 'warning') warnings += 1;
    }
    this.#announcer.take(causes);
    return { errors, warnings };
  }

  #forget(): void {
    this.#rows.clear();
    this.#streams.clear();
    this.#bins.clear();
    this.#series.clear();
    this.#announcer.forget();
    this.timingFocus.value = null;
  }
}

/** Columns where the largest is what somebody looks for. */
const DESCENDING_FIRST: ReadonlySet<SortColumn> = new Set(['firstByte', 'events', 'size', 'gap', 'findings']);

function sameFindings(row: StreamRow, findings: readonly Finding[]): boolean {
  return (
    row.findingIds.length === findings.length &&
    findings.every(
      (finding, index) => finding.id === row.findingIds[index] && finding.severity === row.severities[index],
    )
  );
}
