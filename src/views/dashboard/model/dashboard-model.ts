import { batch, computed, signal } from '@preact/signals';
import type { Comparison } from '../../../compare/types';
import type { TraceHealth } from '../../../diagnose/facts/health';
import type { ExportOptions } from '../../../exchange/export/formats';
import { recordingName } from '../../../exchange/import/recording-name';
import type { RedactionOptions, RedactionPreview } from '../../../exchange/redact';
import { messageOf } from '../../../lib/error-message';
import type { Recording } from '../../../store/types';
import type { ExportWatch } from '../../features';
import { formatBytes, plural } from '../../format';
import { type Notice, Notices } from '../../model/notices';
import { type Entry, type EntryWords, newEntry, SUMMARY_VERSION } from '../library/entry';
import type { Library, Place, Room } from '../library/library';
import { GatheredRecording } from '../work/gathered-recording';
import type { Kept, KeptPair, Results, Task } from '../work/messages';
import { Cancelled, type MakeWorker, type Progress, work } from '../work/workshop';
import { hashOf, parseRoute, type Route } from './route';

/** Something that takes a while, and can be cancelled. */
export interface Job {
  id: number;
  /** "Opening stage.har" */
  label: string;
  progress: Progress;
  cancel(): void;
}

/** The recording that is looked at. */
export type Opened =
  | { state: 'opening'; id: string }
  | { state: 'failed'; id: string; message: string }
  | { state: 'open'; id: string; recording: Recording; health: TraceHealth };

export interface Compared {
  /** What was compared: both ids and the hosts that were given. */
  key: string;
  state: 'comparing' | 'failed' | 'done';
  message?: string;
  comparison?: Comparison;
}

/** Which two recordings are held against each other. */
export interface Pairing {
  a: Entry;
  b: Entry;
  hosts: KeptPair['hosts'];
}

type Run = (signal: AbortSignal, onProgress: (progress: Progress) => void) => Promise<void>;

const NOT_STARTED: Progress = { stage: 'Waiting', part: 0 };
/** A page of its own has room for one more, and is looked at from farther away. */
const NOTICE_HABITS = { most: 4, infoForMs: 6000 };

/** What the dashboard shows and does: the library, the work under way, and the recording that is open. */
export class DashboardModel {
  readonly route = signal<Route>({ page: 'library' });
  readonly places = signal<Place[] | null>(null);
  readonly room = signal<Room | null>(null);
  readonly jobs = signal<Job[]>([]);
  readonly notices = new Notices(NOTICE_HABITS);
  readonly opened = signal<Opened | null>(null);
  readonly compared = signal<Compared | null>(null);
  /** Chosen for a comparison, in the order in which they were chosen. */
  readonly chosen = signal<readonly string[]>([]);
  readonly entries = computed(() =>
    (this.places.value ?? []).flatMap((place) => (place.state === 'whole' ? [place.entry] : [])),
  );

  #queue: Promise<unknown> = Promise.resolve();
  #seq = 0;
  #stopOpening: (() => void) | null = null;
  #stopComparing: (() => void) | null = null;
  #stopPreview: (() => void) | null = null;

  constructor(
    readonly library: Library,
    private readonly makeWorker: MakeWorker,
  ) {}

  /** Reads the library and follows the address. */
  async start(): Promise<void> {
    addEventListener('hashchange', () => this.#follow());
    this.library.onChange(() => void this.refresh());
    await this.refresh();
    if (!this.library.isLasting) {
      this.notify(
        'This browser grants no database here: what you open is gone when this tab is closed.',
        'warning',
      );
    }
    this.#follow();
    const handed = await this.library.takeHandOver();
    if (handed) await this.addFiles([new File([handed.content], handed.name)]);
  }

  go(route: Route): void {
    const hash = hashOf(route);
    if (location.hash === hash) this.#follow();
    else location.hash = hash;
  }

  entry(id: string | null): Entry | undefined {
    return this.entries.value.find((one) => one.id === id);
  }

  async refresh(): Promise<void> {
    try {
      const [places, room] = await Promise.all([this.library.places(), this.library.room()]);
      const ids = new Set(places.map(({ id }) => id));
      batch(() => {
        this.places.value = places;
        this.room.value = room;
        this.chosen.value = this.chosen.value.filter((id) => ids.has(id));
      });
    } catch (error) {
      this.places.value ??= [];
      this.notify(`The library could not be read: ${messageOf(error)}`, 'error');
    }
  }

  /** Takes files in, one after the other; shows the recording when there was only one. */
  async addFiles(files: readonly File[]): Promise<void> {
    const added: Entry[] = [];
    await Promise.all(
      files.map((file) =>
        this.#asJob(`Opening ${file.name}`, async (signal, onProgress) => {
          const entry = await this.#import(file, signal, onProgress);
          added.push(entry);
          const [first] = entry.problems;
          if (first) {
            const more =
              entry.problems.length > 1 ? ` And ${plural(entry.problems.length - 1, 'more problem')}.` : '';
            this.notify(`Not all of ${file.name} could be read. ${first}${more}`, 'warning');
          }
        }),
      ),
    );
    const [only] = added;
    if (files.length === 1 && only) this.go(recordingRoute(only.id));
    else if (added.length > 1) this.notify(`${plural(added.length, 'recording')} added.`);
  }

  async describe(entry: Entry, words: EntryWords): Promise<void> {
    try {
      await this.library.describe(entry, words);
    } catch (error) {
      this.notify(messageOf(error), 'error');
    }
    await this.refresh();
  }

  async remove(id: string, name: string): Promise<void> {
    try {
      await this.library.remove(id, name);
      if (this.opened.value?.id === id) this.#close();
      this.notify(`${name} deleted.`);
    } catch (error) {
      this.notify(messageOf(error), 'error');
    }
    await this.refresh();
  }

  choose(id: string, isChosen: boolean): void {
    const others = this.chosen.value.filter((one) => one !== id);
    // A comparison is of two: a third takes the place of the first.
    this.chosen.value = isChosen ? [...others, id].slice(-2) : others;
  }

  /** Asks the browser not to clear the library when the disk is short. */
  async persist(): Promise<void> {
    const granted = await navigator.storage?.persist?.().catch(() => false);
    if (!granted) {
      this.notify('The browser did not promise it. It asks for a bookmark, or for more visits, first.');
    }
    await this.refresh();
  }

  /** Measures those anew whose figures were measured by an older version. */
  async measureStale(): Promise<void> {
    const stale = this.entries.value.filter(({ summary }) => summary.version !== SUMMARY_VERSION);
    for (const entry of stale) {
      await this.#asJob(`Measuring ${entry.name} anew`, async (signal, onProgress) => {
        const task = { type: 'measure' as const, kept: await this.#kept(entry) };
        await this.library.remeasured(entry, await work(this.makeWorker, task, { signal, onProgress }));
      });
    }
    if (stale.length > 0) await this.refresh();
  }

  compare(a: Entry, b: Entry, hosts: [string, string][]): void {
    const key = JSON.stringify([a.id, b.id, hosts]);
    if (this.compared.value?.key === key) return;
    this.#stopComparing?.();
    const previous = this.compared.value?.comparison;
    const isSamePair =
      this.compared.value?.key.startsWith(JSON.stringify([a.id, b.id]).slice(0, -1)) ?? false;
    // While other hosts are tried, what was there stays on show.
    this.compared.value = {
      key,
      state: 'comparing',
      ...(isSamePair && previous ? { comparison: previous } : {}),
    };
    const control = new AbortController();
    this.#stopComparing = () => control.abort();
    void this.#asJob(
      `Comparing ${a.name} with ${b.name}`,
      async (signal, onProgress) => {
        try {
          const task = { type: 'compare' as const, pair: await this.#keptPair(a, b, hosts) };
          const comparison = await work(this.makeWorker, task, { signal, onProgress });
          this.compared.value = { key, state: 'done', comparison };
        } catch (error) {
          if (this.compared.value?.key === key) {
            const message = error instanceof Cancelled ? 'The comparison was cancelled.' : messageOf(error);
            this.compared.value = { key, state: 'failed', message };
          }
          throw error;
        }
      },
      { control, isQuiet: true },
    );
  }

  /** What an export would take out of a recording. Looked for beside other work: somebody waits for it. */
  async preview(entry: Entry, options: RedactionOptions): Promise<RedactionPreview> {
    const signal = this.#previewSignal();
    return work(this.makeWorker, { type: 'preview', kept: await this.#kept(entry), options }, { signal });
  }

  /** What a file of a comparison would have taken out. */
  async previewComparison({ a, b, hosts }: Pairing, options: RedactionOptions): Promise<RedactionPreview> {
    const signal = this.#previewSignal();
    const pair = await this.#keptPair(a, b, hosts);
    return work(this.makeWorker, { type: 'preview-comparison', pair, options }, { signal });
  }

  /** Of one preview at a time: the next one takes its place. */
  #previewSignal(): AbortSignal {
    this.#stopPreview?.();
    const control = new AbortController();
    this.#stopPreview = () => control.abort();
    return control.signal;
  }

  /** A recording as a file, made in its turn. @throws Cancelled, WorkFailed, LibraryError */
  exportFile(entry: Entry, format: string, options: ExportOptions, watch: ExportWatch): Promise<Blob> {
    return this.#awaited(`Saving ${entry.name}`, watch, async () => ({
      type: 'export' as const,
      kept: await this.#kept(entry),
      format,
      options,
    }));
  }

  /** A comparison as a file. @throws Cancelled, WorkFailed, LibraryError */
  exportComparison(
    { a, b, hosts }: Pairing,
    format: string,
    options: ExportOptions,
    watch: ExportWatch,
  ): Promise<Blob> {
    return this.#awaited(`Saving the comparison of ${a.name} with ${b.name}`, watch, async () => ({
      type: 'export-comparison' as const,
      pair: await this.#keptPair(a, b, hosts),
      format,
      options,
    }));
  }

  async #kept({ id, name }: Entry): Promise<Kept> {
    return { name, content: await this.library.content(id, name) };
  }

  async #keptPair(a: Entry, b: Entry, hosts: KeptPair['hosts']): Promise<KeptPair> {
    const [keptA, keptB] = await Promise.all([this.#kept(a), this.#kept(b)]);
    const [nameA, nameB] = distinctNames(a.name, b.name);
    return { a: { ...keptA, name: nameA }, b: { ...keptB, name: nameB }, hosts };
  }

  /** Forgets the comparison on show, so that the same one can be made again. */
  forgetComparison(): void {
    this.#stopComparing?.();
    this.compared.value = null;
  }

  notify(text: string, tone: Notice['tone'] = 'info'): void {
    this.notices.add(text, tone);
  }

  #follow(): void {
    const route = parseRoute(location.hash);
    batch(() => {
      this.route.value = route;
      if (route.page === 'recording' && this.opened.value?.id !== route.id) void this.#open(route.id);
    });
  }

  async #open(id: string): Promise<void> {
    this.#close();
    const control = new AbortController();
    this.#stopOpening = () => control.abort();
    this.opened.value = { state: 'opening', id };
    const place = this.places.value?.find((one) => one.id === id);
    if (place?.state !== 'whole') {
      const message = place ? `${place.name} cannot be opened. ${place.reason}` : 'It is not in the library.';
      this.opened.value = { state: 'failed', id, message };
      return;
    }
    const { name } = place.entry;
    await this.#asJob(
      `Opening ${name}`,
      async (signal, onProgress) => {
        try {
          const content = await this.library.content(id, name);
          const gathered = new GatheredRecording();
          const task = { type: 'open' as const, kept: { name, content } };
          const { diagnosis, health } = await work(this.makeWorker, task, {
            signal,
            onProgress,
            onSlice: (slice) => gathered.take(slice),
          });
          if (!signal.aborted) {
            this.opened.value = { state: 'open', id, recording: gathered.finish(diagnosis), health };
          }
        } catch (error) {
          if (this.opened.value?.id === id) {
            const message = error instanceof Cancelled ? 'Opening it was cancelled.' : messageOf(error);
            this.opened.value = { state: 'failed', id, message };
          }
          throw error;
        }
      },
      { control, isQuiet: true },
    );
  }

  #close(): void {
    this.#stopOpening?.();
    this.#stopOpening = null;
    this.opened.value = null;
  }

  async #import(file: File, signal: AbortSignal, onProgress: (progress: Progress) => void): Promise<Entry> {
    const { content, summary, note, problems } = await work(
      this.makeWorker,
      { type: 'import', file },
      { signal, onProgress },
    );
    const entry = newEntry({
      id: newId(),
      name: recordingName(file.name),
      note,
      addedEpochMs: Date.now(),
      file: { name: file.name.slice(0, 300), byteLength: file.size },
      keptByteLength: content.length,
      problems,
      summary,
    });
    await this.library.add(entry, content);
    await this.refresh();
    return entry;
  }

  /** Has one task done in its turn for somebody who waits for what comes of it, and may give it up. */
  #awaited<T extends Task>(
    label: string,
    { signal, onStage }: ExportWatch,
    prepare: () => Promise<T>,
  ): Promise<Results[T['type']]> {
    return new Promise((resolve, reject) => {
      const control = new AbortController();
      const cancel = () => {
        control.abort();
        reject(new Cancelled());
      };
      if (signal.aborted) return cancel();
      signal.addEventListener('abort', cancel, { once: true });
      onStage(NOT_STARTED.stage);
      const run: Run = async (jobSignal, onProgress) => {
        try {
          const both = (progress: Progress) => {
            onProgress(progress);
            onStage(progress.stage);
          };
          resolve(await work(this.makeWorker, await prepare(), { signal: jobSignal, onProgress: both }));
        } catch (error) {
          reject(error);
          throw error;
        }
      };
      void this.#asJob(label, run, { control, isQuiet: true }).then(() => {
        signal.removeEventListener('abort', cancel);
        // Cancelled before its turn came, it never ran.
        reject(new Cancelled());
      });
    });
  }

  /**
   * Runs work in sequence: two large files at once would need twice the memory. What fails is told unless it is told
   * elsewhere (`isQuiet`); what is cancelled is not a failure.
   */
  #asJob(label: string, run: Run, { control = new AbortController(), isQuiet = false } = {}): Promise<void> {
    this.#seq += 1;
    const id = this.#seq;
    const job: Job = { id, label, progress: NOT_STARTED, cancel: () => control.abort() };
    this.jobs.value = [...this.jobs.value, job];
    const onProgress = (progress: Progress) => {
      this.jobs.value = this.jobs.value.map((one) => (one.id === id ? { ...one, progress } : one));
    };
    const done = this.#queue.then(async () => {
      try {
        if (!control.signal.aborted) await run(control.signal, onProgress);
      } catch (error) {
        if (!isQuiet && !(error instanceof Cancelled)) this.notify(messageOf(error), 'error');
      } finally {
        this.jobs.value = this.jobs.value.filter((one) => one.id !== id);
      }
    });
    this.#queue = done;
    return done;
  }
}

export function recordingRoute(id: string, view: 'overview' | 'streams' = 'overview', filter = ''): Route {
  return { page: 'recording', id, view, filter };
}

/** Two recordings of one name would make a sentence that says nothing. */
export function distinctNames(a: string, b: string): [string, string] {
  return a === b ? [`${a} (first)`, `${b} (second)`] : [a, b];
}

/** "12 MB of 2.0 GB" */
export function roomText({ usedBytes, quotaBytes }: Room): string {
  if (usedBytes === null) return 'The browser does not say how much room there is.';
  return quotaBytes === null
    ? `${formatBytes(usedBytes)} used`
    : `${formatBytes(usedBytes)} of ${formatBytes(quotaBytes)} used`;
}

/** `crypto.randomUUID` is missing where a page is served without TLS. */
export function newId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
