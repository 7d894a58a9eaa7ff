import { type DBSchema, type IDBPDatabase, openDB } from 'idb';

/** Where the library keeps its records; what lies in it is not trusted until it was looked at. */
export interface LibraryStore {
  /** False: nothing outlives the page. */
  readonly isLasting: boolean;
  /** Every key, with its record or the reason why that cannot be read. */
  all(): Promise<{ id: string; entry: unknown; hasContent: boolean }[]>;
  content(id: string): Promise<unknown>;
  /** Both or nothing. */
  put(id: string, entry: object, content: Uint8Array<ArrayBuffer>): Promise<void>;
  putEntry(id: string, entry: object): Promise<void>;
  remove(id: string): Promise<void>;
  /** A word from one page of ours to another, taken once. */
  leave(key: string, value: object): Promise<void>;
  take(key: string): Promise<unknown>;
}

interface Schema extends DBSchema {
  entries: { key: string; value: unknown };
  contents: { key: string; value: unknown };
  words: { key: string; value: unknown };
}

const NAME = 'streamgauge-library';
const VERSION = 1;

/** The disk is full, or what the browser grants is used up. */
export function isQuotaError(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'QuotaExceededError';
}

/** The browser's database; rejects where the browser grants none. */
export async function openIndexedDb(name = NAME): Promise<LibraryStore> {
  const database = await openDB<Schema>(name, VERSION, {
    upgrade(db) {
      db.createObjectStore('entries');
      db.createObjectStore('contents');
      db.createObjectStore('words');
    },
    // A newer version of the dashboard wants to open it: it may.
    blocking: (_current, _blocked, event) => (event.target as IDBDatabase).close(),
  });
  return new IndexedDbStore(database);
}

class IndexedDbStore implements LibraryStore {
  readonly isLasting = true;

  constructor(private readonly database: IDBPDatabase<Schema>) {}

  async all() {
    const transaction = this.database.transaction(['entries', 'contents']);
    const entries = transaction.objectStore('entries');
    const [keys, contentKeys] = await Promise.all([
      entries.getAllKeys(),
      transaction.objectStore('contents').getAllKeys(),
    ]);
    const withContent = new Set(contentKeys);
    const withEntry = new Set(keys);
    // Content without an entry takes room as well: it must be seen to be deleted.
    const ids = [...keys, ...contentKeys.filter((key) => !withEntry.has(key))];
    return Promise.all(
      ids.map(async (id) => ({
        id: String(id),
        // One record that the disk lost must not hide the others.
        entry: withEntry.has(id) ? await this.database.get('entries', id).catch(() => undefined) : undefined,
        hasContent: withContent.has(id),
      })),
    );
  }

  content(id: string) {
    return this.database.get('contents', id);
  }

  async put(id: string, entry: object, content: Uint8Array<ArrayBuffer>) {
    const transaction = this.database.transaction(['entries', 'contents'], 'readwrite');
    try {
      await Promise.all([
        transaction.objectStore('contents').put(content, id),
        transaction.objectStore('entries').put(entry, id),
        transaction.done,
      ]);
    } catch (error) {
      try {
        transaction.abort();
      } catch {
        // It is over already.
      }
      // A request that fails with its transaction says no more than that; the transaction knows why.
      const reason: unknown = await transaction.done.then(
        () => null,
        (cause: unknown) => cause,
      );
      throw isQuotaError(reason) ? reason : error;
    }
  }

  async putEntry(id: string, entry: object) {
    await this.database.put('entries', entry, id);
  }

  async remove(id: string) {
    const transaction = this.database.transaction(['entries', 'contents'], 'readwrite');
    await Promise.all([
      transaction.objectStore('entries').delete(id),
      transaction.objectStore('contents').delete(id),
      transaction.done,
    ]);
  }

  async leave(key: string, value: object) {
    await this.database.put('words', value, key);
  }

  async take(key: string) {
    const transaction = this.database.transaction('words', 'readwrite');
    const word = await transaction.store.get(key);
    await transaction.store.delete(key);
    await transaction.done;
    return word;
  }
}

/** For browsers that grant no database: the library lives as long as the page. */
export class MemoryStore implements LibraryStore {
  readonly isLasting = false;
  #entries = new Map<string, object>();
  #contents = new Map<string, Uint8Array<ArrayBuffer>>();
  #words = new Map<string, object>();

  async all() {
    return [...this.#entries].map(([id, entry]) => ({ id, entry, hasContent: this.#contents.has(id) }));
  }

  async content(id: string) {
    return this.#contents.get(id);
  }

  async put(id: string, entry: object, content: Uint8Array<ArrayBuffer>) {
    this.#entries.set(id, entry);
    this.#contents.set(id, content);
  }

  async putEntry(id: string, entry: object) {
    this.#entries.set(id, entry);
  }

  async remove(id: string) {
    this.#entries.delete(id);
    this.#contents.delete(id);
  }

  async leave(key: string, value: object) {
    this.#words.set(key, value);
  }

  async take(key: string) {
    const word = this.#words.get(key);
    this.#words.delete(key);
    return word;
  }
}
