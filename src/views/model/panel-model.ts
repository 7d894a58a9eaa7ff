import { batch, computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import type { EngineIoSession } from '../../diagnose/facts/sessions';
import type { StreamFacts } from '../../diagnose/facts/stream-facts';
import type { Finding } from '../../diagnose/rule';
import type { RecorderControls, Recording, RecordingState } from '../../store/types';
import type { StreamRecord, Trace } from '../../trace/types';
import { StreamSeries } from '../charts/stream-series';
import type { Features } from '../features';
import { Announcer } from './announcer';
import { ArrivalBins } from './arrival-bins';
import { parseFilter } from './filter';
import { findGroups, type GroupRow, groupRow } from './groups';
import { type LossItem, lossItems } from './losses';
import { type Notice, Notices } from './notices';
import { eventIndexOf } from './packet-content';
import { RecipeShelf } from './recipe-shelf';
import { type Sort, type SortColumn, type StreamRow, streamRow } from './stream-row';
import { tableItems } from './table-items';

export const TABS = ['diagnosis', 'timing', 'events', 'headers', 'session'] as const;
export type TabId = (typeof TABS)[number];

/** A request to bring something into view; `seq` makes each one new. */
export interface TimingFocus {
  seq: number;
  fromMs: number;
  toMs: number;
}

/** A packet of a Socket.IO session: an index into its `packets`. */
export interface PacketRef {
  sessionId: string;
  index: number;
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
  /** How the events of a Socket.IO stream are shown: decoded, or as they came. */
  readonly showsPackets = signal(true);
  /** Packet chosen in a session, when the events shown are its packets. */
  readonly packet = signal<PacketRef | null>(null);
  readonly timingFocus = signal<TimingFocus | null>(null);
  readonly recipes = new RecipeShelf();
  readonly announcement: ReadonlySignal<string>;
  readonly totals = signal<Totals>({ streams: 0, events: 0, errors: 0, warnings: 0, consumedNatively: 0 });
  readonly losses = signal<LossItem[]>([]);
  readonly rows = signal<readonly StreamRow[]>([]);
  /** Socket.IO sessions and jobs, in the order of their first stream. */
  readonly groups = signal<readonly GroupRow[]>([]);
  /** Groups that somebody opened or closed in the table. */
  readonly opened = signal<ReadonlyMap<string, boolean>>(new Map());

  readonly filter = computed(() => parseFilter(this.filterText.value));
  /** The lines of the table. */
  readonly items = computed(() =>
    tableItems({
      rows: this.rows.value,
      groups: this.groups.value.filter((group) => group.members.length > 1),
      filter: this.filter.value,
      sort: this.sort.value,
      opened: this.opened.value,
    }),
  );

  #rows = new Map<string, StreamRow>();
  #groups = new Map<string, GroupRow>();
  /** Group of a stream. */
  #groupOf = new Map<string, GroupRow>();
  #streams = new Map<string, StreamRecord>();
  #bins = new Map<string, { bins: ArrivalBins; read: number }>();
  #series = new Map<string, StreamSeries>();
  #findings = new Map<string, Finding[]>();
  #trace: Trace | null = null;
  #announcer = new Announcer();
  #stop: () => void;
  #ageing: ReturnType<typeof setInterval>;

  constructor(
    readonly recording: Recording,
    readonly controls: RecorderControls,
    readonly features: Features,
    readonly notices: Notices = new Notices(),
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

  /** Findings of a stream, or of all streams of a group, worst first. */
  findingsOf(id: string): readonly Finding[] {
    const group = this.#groups.get(id);
    if (!group) return this.#findings.get(id) ?? [];
    const members = new Set(group.members.map((row) => row.id));
    return this.recording.diagnosis.findings.filter((one) => members.has(one.stream.id));
  }

  /** Row of a stream or of a group. */
  row(id: string): StreamRow | undefined {
    return this.#rows.get(id) ?? this.#groups.get(id);
  }

  /** A group by its own id, or by that of one of its streams. */
  group(id: string | null): GroupRow | undefined {
    return id === null ? undefined : (this.#groups.get(id) ?? this.#groupOf.get(id));
  }

  /** Opens or closes a group in the table. */
  setOpened(groupId: string, isOpen: boolean): void {
    if (this.opened.value.get(groupId) === isOpen) return;
    this.opened.value = new Map(this.opened.value).set(groupId, isOpen);
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
      if (this.selectedId.value !== id) {
        this.eventIndex.value = null;
        this.packet.value = null;
      }
      this.selectedId.value = id;
      if (id !== null) this.detailOpen.value = true;
      // What is selected is in sight.
      const group = id === null ? undefined : this.#groupOf.get(id);
      if (group && group.members.length > 1) this.setOpened(group.id, true);
      if (tab) this.tab.value = tab;
    });
  }

  /** Opens another tab of what is selected. */
  openTab(tab: TabId): void {
    this.tab.value = tab;
  }

  /** Chooses a packet of a session, and the frame that it came in where it came in one. */
  choosePacket(session: EngineIoSession, index: number): void {
    const packet = session.packets[index];
    if (!packet) return;
    batch(() => {
      this.packet.value = { sessionId: session.id, index };
      if (packet.streamId !== this.selectedId.value) return;
      this.eventIndex.value = eventIndexOf(
        packet,
        this.facts(packet.streamId)?.decoded.events.endChunk ?? [],
      );
    });
  }

  /** Selects the stream of a step of a session, and its packet when it is one. The view of the session stays. */
  selectStep(streamId: string, packet: { session: EngineIoSession; index: number } | null): void {
    batch(() => {
      this.select(streamId);
      this.packet.value = null;
      if (packet) this.choosePacket(packet.session, packet.index);
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
    this.notices.add(text, tone);
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
      this.rows.value = rows;
      this.groups.value = this.#freshGroups();
      const selected = this.selectedId.value;
      if (selected !== null && !this.row(selected)) this.select(null);
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

  #freshGroups(): GroupRow[] {
    const known = this.#groups;
    this.#groups = new Map();
    this.#groupOf.clear();
    for (const group of findGroups(this.recording.diagnoser.facts)) {
      const members = group.members.flatMap(({ streamId }) => this.#rows.get(streamId) ?? []);
      if (members.length === 0) continue;
      const findings = members.flatMap((row) => this.#findings.get(row.id) ?? []);
      let row = groupRow(group, members, findings);
      const before = known.get(group.id);
      if (before && sameGroup(before, row)) row = before;
      this.#groups.set(group.id, row);
      for (const member of members) this.#groupOf.set(member.id, row);
    }
    return [...this.#groups.values()];
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
    this.#groups.clear();
    this.#groupOf.clear();
    this.opened.value = new Map();
    this.#streams.clear();
    this.#bins.clear();
    this.#series.clear();
    this.#announcer.forget();
    this.timingFocus.value = null;
  }
}

/** Columns where the largest is what somebody looks for. */
const DESCENDING_FIRST: ReadonlySet<SortColumn> = new Set(['firstByte', 'events', 'size', 'gap', 'findings']);

/** True when nothing of a group has moved: its row is drawn as it was. */
function sameGroup(before: GroupRow, now: GroupRow): boolean {
  const { group, members } = now;
  return (
    before.stateWord === now.stateWord &&
    before.protocol === now.protocol &&
    before.members.length === members.length &&
    before.members.every((row, index) => row === members[index]) &&
    before.group.kind === group.kind &&
    (group.kind === 'job' ||
      before.group.kind === 'job' ||
      before.group.sessions.every((session, index) => session === group.sessions[index]))
  );
}

function sameFindings(row: StreamRow, findings: readonly Finding[]): boolean {
  return (
    row.findingIds.length === findings.length &&
    findings.every(
      (finding, index) => finding.id === row.findingIds[index] && finding.severity === row.severities[index],
    )
  );
}
