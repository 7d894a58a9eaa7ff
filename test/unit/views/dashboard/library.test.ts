import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { healthOf } from '../../../../src/diagnose/facts/health';
import { createDiagnoser } from '../../../../src/diagnose/run';
import {
  cleanWords,
  type Entry,
  newEntry,
  summaryOf,
  tagsOf,
} from '../../../../src/views/dashboard/library/entry';
import { Library, placeOf } from '../../../../src/views/dashboard/library/library';
import { MemoryStore } from '../../../../src/views/dashboard/library/store';
import { sceneTrace } from '../../../support/demo-recording';

function entry(id: string, over: Partial<Entry> = {}): Entry {
  const trace = sceneTrace('typical');
  const diagnoser = createDiagnoser(trace);
  const summary = summaryOf(trace, healthOf(diagnoser.facts, diagnoser.update()));
  return {
    ...newEntry({
      id,
      name: `Recording ${id}`,
      addedEpochMs: 1,
      file: { name: 'stage.har', byteLength: 3 },
      keptByteLength: 3,
      problems: [],
      summary,
    }),
    ...over,
  };
}

const CONTENT = new Uint8Array([1, 2, 3]);

class FullStore extends MemoryStore {
  override async put(): Promise<void> {
    throw new DOMException('full', 'QuotaExceededError');
  }
}

describe('the library', () => {
  let library: Library;
  beforeEach(() => {
    library = new Library(new MemoryStore());
  });
  afterEach(() => vi.unstubAllGlobals());

  it('gives back what was put in, the newest first', async () => {
    await library.add(entry('a', { addedEpochMs: 1 }), CONTENT);
    await library.add(entry('b', { addedEpochMs: 2 }), CONTENT);
    expect((await library.places()).map(({ id, state }) => [id, state])).toEqual([
      ['b', 'whole'],
      ['a', 'whole'],
    ]);
    expect(await library.content('a', 'A')).toEqual(CONTENT);
  });

  it('shows a damaged record as such, beside the others, and deletes it', async () => {
    const store = new MemoryStore();
    library = new Library(store);
    await library.add(entry('a'), CONTENT);
    await store.put('broken', { name: 'Tuesday', summary: 'nonsense' }, CONTENT);
    const [whole, damaged] = await library.places();
    expect(whole?.state).toBe('whole');
    expect(damaged).toMatchObject({ state: 'damaged', id: 'broken', name: 'Tuesday' });
    await library.remove('broken', 'Tuesday');
    expect((await library.places()).map(({ id }) => id)).toEqual(['a']);
  });

  it.each([
    ['nothing', undefined, true],
    ['another record', { ...entry('a') }, true],
    ['a record without contents', { ...entry('x') }, false],
    ['a negative count', { ...entry('x'), summary: { ...entry('x').summary, streams: -1 } }, true],
    [
      'a rule that never was',
      { ...entry('x'), summary: { ...entry('x').summary, endpoints: [{ id: 'y' }] } },
      true,
    ],
    ['text for a time', { ...entry('x'), addedEpochMs: 'now' }, true],
  ])('takes %s for damaged', (_, record, hasContent) => {
    const place = placeOf('x', record, hasContent);
    expect(place.state).toBe('damaged');
    expect(place.state === 'damaged' && place.reason).toMatch(/\.$/);
  });

  it('says in one sentence that there is no room, and leaves the rest', async () => {
    vi.stubGlobal('navigator', { storage: { estimate: async () => ({ usage: 900_000, quota: 1_000_000 }) } });
    const full = new Library(new FullStore());
    await expect(full.add(entry('a', { name: 'stage.har' }), CONTENT)).rejects.toThrow(
      /^There is no room to keep stage\.har\. It takes 3 B; 98 KB are free\. Delete recordings/,
    );
    expect(await full.places()).toEqual([]);
  });

  it('says that contents are gone instead of giving something else', async () => {
    const store = new MemoryStore();
    await store.put('a', entry('a'), new Uint8Array(0));
    await expect(new Library(store).content('a', 'Tuesday')).rejects.toThrow(/Tuesday are gone/);
  });

  it('hands a recording over once', async () => {
    await library.handOver('stage', CONTENT);
    expect(await library.takeHandOver()).toEqual({ name: 'stage', content: CONTENT });
    expect(await library.takeHandOver()).toBeNull();
  });

  it('keeps what a person writes within its limits', async () => {
    const one = entry('a');
    await library.add(one, CONTENT);
    const said = await library.describe(one, {
      name: '   ',
      note: `  ${'n'.repeat(20_000)}`,
      tags: tagsOf('stage, stage ,, nginx  1.22 '),
    });
    expect(said).toMatchObject({ name: 'Without a name', tags: ['stage', 'nginx 1.22'] });
    expect(said.note).toHaveLength(10_000);
    const [place] = await library.places();
    expect(place).toMatchObject({ state: 'whole', entry: { tags: ['stage', 'nginx 1.22'] } });
    expect(cleanWords({ ...said, tags: Array.from({ length: 50 }, (_, i) => `t${i}`) }).tags).toHaveLength(
      20,
    );
  });
});
