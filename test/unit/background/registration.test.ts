import { describe, expect, it } from 'vitest';
import { Registration, type Scripting } from '../../../src/background/registration';

/** `chrome.scripting` as far as it matters: refuses to register an id twice, takes its time. */
function fakeScripting() {
  const registered = new Map<string, chrome.scripting.RegisteredContentScript>();
  const injected: string[] = [];
  const scripting = {
    getRegisteredContentScripts: async () => {
      await Promise.resolve();
      return [...registered.values()];
    },
    registerContentScripts: async (scripts: chrome.scripting.RegisteredContentScript[]) => {
      await Promise.resolve();
      for (const script of scripts) {
        if (registered.has(script.id)) throw new Error(`Duplicate script ID '${script.id}'`);
        registered.set(script.id, script);
      }
    },
    unregisterContentScripts: async ({ ids }: { ids: string[] }) => {
      for (const id of ids) if (!registered.delete(id)) throw new Error(`Nonexistent script ID '${id}'`);
    },
    executeScript: async ({ files, world }: { files: string[]; world: string }) => {
      if (files[0] === 'refused.js') throw new Error('Cannot access a chrome:// URL');
      injected.push(`${world} ${files[0]}`);
    },
  } as unknown as Scripting;
  return { scripting, registered, injected };
}

const SCRIPTS = [
  { id: 'tap', file: 'tap.js', world: 'MAIN' as const },
  { id: 'bridge', file: '/bridge.js', world: 'ISOLATED' as const },
];

describe('registration', () => {
  it('covers every frame of every page from its start, and ends with the session', async () => {
    const { scripting, registered } = fakeScripting();
    await new Registration(scripting, SCRIPTS).add();
    expect([...registered.values()]).toMatchObject(
      SCRIPTS.map(({ id, world }) => ({
        id,
        world,
        matches: ['<all_urls>'],
        allFrames: true,
        matchOriginAsFallback: true,
        runAt: 'document_start',
        persistAcrossSessions: false,
      })),
    );
  });

  it('stands being asked for by many windows, and by a worker that finds it there', async () => {
    const { scripting, registered } = fakeScripting();
    const registration = new Registration(scripting, SCRIPTS);
    await Promise.all([registration.add(), registration.add(), registration.add()]);
    await new Registration(scripting, SCRIPTS).add();
    expect(registered.size).toBe(2);
    await Promise.all([
      registration.remove(),
      registration.add(),
      registration.remove(),
      registration.remove(),
    ]);
    expect(registered.size).toBe(0);
  });

  it('puts both scripts into open frames, and passes over pages that refuse', async () => {
    const { scripting, injected } = fakeScripting();
    await new Registration(scripting, SCRIPTS).inject(1);
    expect(injected).toEqual(['MAIN tap.js', 'ISOLATED bridge.js']);
    const refused = [{ id: 'tap', file: 'refused.js', world: 'MAIN' as const }];
    await expect(new Registration(scripting, refused).inject(1)).resolves.toBeUndefined();
  });
});
