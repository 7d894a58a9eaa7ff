import * as v from 'valibot';
import { formatBytes } from '../../format';
import { cleanWords, type Entry, EntrySchema, type EntryWords, type Summary } from './entry';
import { isQuotaError, type LibraryStore, MemoryStore, openIndexedDb } from './store';

/** One place in the library: a recording, or what is left of one. */
export type Place =
  | { state: 'whole'; id: string; entry: Entry }
  | { state: 'damaged'; id: string; name: string; reason: string };

/** How much there is, and how much there may be; null where the browser does not say. */
export interface Room {
  usedBytes: number | null;
  quotaBytes: number | null;
  /** The browser promised not to clear it when the disk is short. */
  isPersistent: boolean;
}

/** Cannot be done; the message is one sentence for a person. */
export class LibraryError extends Error {
  override readonly name = 'LibraryError';
}

const CHANNEL = 'streamgauge-library';
const HAND_OVER = 'open-next';

/** Recordings that were opened once, kept in the browser. Tabs tell each other of changes. */
export class Library {
  readonly isLasting: boolean;
  readonly #store: LibraryStore;
  readonly #channel: BroadcastChannel | null;

  constructor(store: LibraryStore, channel: BroadcastChannel | null = null) {
    this.#store = store;
    this.#channel = channel;
    this.isLasting = store.isLasting;
  }

  /** Never rejects: without a database the library lives as long as the page. */
  static async open(): Promise<Library> {
    const store = await openIndexedDb().catch(() => new MemoryStore());
    return new Library(store, typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel(CHANNEL));
  }

  /** Called when another tab changed something. Returns the way to stop. */
  onChange(listener: () => void): () => void {
    this.#channel?.addEventListener('message', listener);
    return () => this.#channel?.removeEventListener('message', listener);
  }

  close(): void {
    this.#channel?.close();
  }

  /** The newest first; damaged places last. */
  async places(): Promise<Place[]> {
    const all = await this.#store.all();
    const places = all.map(({ id, entry, hasContent }) => placeOf(id, entry, hasContent));
    const age = (place: Place) =>
      place.state === 'whole' ? place.entry.addedEpochMs : Number.NEGATIVE_INFINITY;
    return places.sort((a, b) => age(b) - age(a));
  }

  /** @throws LibraryError when there is no room; everything else stays as it was */
  async add(entry: Entry, content: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#store.put(entry.id, entry, content);
    } catch (error) {
      throw await this.#refusal(error, entry.name, content.length);
    }
    this.#changed();
  }

  /** Changes what a person wrote. @throws LibraryError */
  async describe(entry: Entry, words: EntryWords): Promise<Entry> {
    return this.#replace({ ...entry, ...cleanWords(words) });
  }

  /** Figures that were measured anew. @throws LibraryError */
  async remeasured(entry: Entry, summary: Summary): Promise<Entry> {
    return this.#replace({ ...entry, summary });
  }

  /** @throws LibraryError when nothing usable lies there */
  async content(id: string, name: string): Promise<Uint8Array<ArrayBuffer>> {
    const content = await this.#store.content(id).catch(() => undefined);
    if (!(content instanceof Uint8Array) || content.length === 0) {
      throw new LibraryError(`The contents of ${name} are gone from the browser's database. Delete it.`);
    }
    return content as Uint8Array<ArrayBuffer>;
  }

  /** @throws LibraryError */
  async remove(id: string, name: string): Promise<void> {
    try {
      await this.#store.remove(id);
    } catch (error) {
      throw new LibraryError(`${name} could not be deleted: ${messageOf(error)}.`);
    }
    this.#changed();
  }

  /**
   * Leaves a packed recording for the dashboard that opens next, which reads it like any file.
   * @throws LibraryError
   */
  async handOver(name: string, content: Uint8Array<ArrayBuffer>): Promise<void> {
    try {
      await this.#store.leave(HAND_OVER, { name, content });
    } catch (error) {
      throw await this.#refusal(error, name, content.length);
    }
  }

  /** What was left, once; null when there is nothing that can be used. */
  async takeHandOver(): Promise<{ name: string; content: Uint8Array<ArrayBuffer> } | null> {
    const left = await this.#store.take(HAND_OVER).catch(() => undefined);
    const { name, content } = (left ?? {}) as { name?: unknown; content?: unknown };
    if (typeof name !== 'string' || !(content instanceof Uint8Array)) return null;
    return { name, content: content as Uint8Array<ArrayBuffer> };
  }

  async room(): Promise<Room> {
    const { usage, quota } = await storageEstimate();
    return {
      usedBytes: usage ?? null,
      quotaBytes: quota ?? null,
      isPersistent: (await navigator.storage?.persisted?.().catch(() => false)) ?? false,
    };
  }

  async #replace(entry: Entry): Promise<Entry> {
    try {
      await this.#store.putEntry(entry.id, entry);
    } catch (error) {
      throw await this.#refusal(error, entry.name, 0);
    }
    this.#changed();
    return entry;
  }

  async #refusal(error: unknown, name: string, neededBytes: number): Promise<LibraryError> {
    if (!isQuotaError(error)) return new LibraryError(`${name} could not be kept: ${messageOf(error)}.`);
    const { usage, quota } = await storageEstimate();
    const free =
      usage === undefined || quota === undefined
        ? ''
        : ` It takes ${formatBytes(neededBytes)}; ${formatBytes(Math.max(0, quota - usage))} are free.`;
    return new LibraryError(
      `There is no room to keep ${name}.${free} Delete recordings that you no longer need; the others are untouched.`,
    );
  }

  #changed(): void {
    this.#channel?.postMessage('changed');
  }
}

export function placeOf(id: string, record: unknown, hasContent: boolean): Place {
  const result = v.safeParse(EntrySchema, record);
  if (!result.success) {
    return {
      state: 'damaged',
      id,
      name: nameOf(record),
      reason: `Its record is damaged (${v.getDotPath(result.issues[0]) ?? 'nothing of it is left'}).`,
    };
  }
  const entry = result.output;
  if (entry.id !== id)
    return { state: 'damaged', id, name: entry.name, reason: 'Its record is another one.' };
  if (!hasContent) return { state: 'damaged', id, name: entry.name, reason: 'Its contents are gone.' };
  return { state: 'whole', id, entry };
}

/** A damaged record may still tell what it was called. */
function nameOf(record: unknown): string {
  const name = (record as { name?: unknown } | null | undefined)?.name;
  return typeof name === 'string' && name !== '' ? name.slice(0, 200) : 'A recording';
}

async function storageEstimate(): Promise<StorageEstimate> {
  return (await navigator.storage?.estimate?.().catch(() => ({}))) ?? {};
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/\.$/, '') || 'the browser refused it';
}
