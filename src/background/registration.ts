import type { Scripting as ScriptingTypes } from 'webextension-polyfill';

/** A script of ours that runs in pages. */
export interface PageScript {
  id: string;
  /** Path in the extension. */
  file: string;
  world: 'MAIN' | 'ISOLATED';
}

/** The part of `browser.scripting` that is used here. */
export type Scripting = Pick<
  ScriptingTypes.Static,
  'getRegisteredContentScripts' | 'registerContentScripts' | 'unregisterContentScripts' | 'executeScript'
>;

/**
 * Puts tap and bridge into pages: into every new document while they are registered, and once into the frames a tab
 * has open. Asked for by several DevTools windows at a time, it does one thing after the other.
 */
export class Registration {
  readonly #scripting: Scripting;
  readonly #scripts: readonly PageScript[];
  #last: Promise<unknown> = Promise.resolve();

  constructor(scripting: Scripting, scripts: readonly PageScript[]) {
    this.#scripting = scripting;
    this.#scripts = scripts;
  }

  /** Resolves when new documents get the scripts. */
  add(): Promise<void> {
    return this.#after(async () => {
      const present = new Set((await this.#registered()).map(({ id }) => id));
      const absent = this.#scripts.filter(({ id }) => !present.has(id));
      if (absent.length === 0) return;
      await this.#scripting.registerContentScripts(
        absent.map(({ id, file, world }) => ({
          id,
          js: [file],
          world,
          matches: ['<all_urls>'],
          allFrames: true,
          matchOriginAsFallback: true,
          runAt: 'document_start' as const,
          persistAcrossSessions: false,
        })),
      );
    });
  }

  remove(): Promise<void> {
    return this.#after(async () => {
      const ids = (await this.#registered()).map(({ id }) => id);
      if (ids.length > 0) await this.#scripting.unregisterContentScripts({ ids });
    });
  }

  /** Puts the scripts into what a tab has open. Frames of other extensions or of the browser itself refuse. */
  async inject(tabId: number): Promise<void> {
    await Promise.all(
      this.#scripts.map(({ file, world }) =>
        this.#scripting
          .executeScript({
            target: { tabId, allFrames: true },
            files: [file.replace(/^\//, '')],
            world,
            injectImmediately: true,
          })
          .catch(() => undefined),
      ),
    );
  }

  #registered(): Promise<ScriptingTypes.RegisteredContentScript[]> {
    return this.#scripting.getRegisteredContentScripts({ ids: this.#scripts.map(({ id }) => id) });
  }

  #after(task: () => Promise<void>): Promise<void> {
    const next = this.#last.then(task, task);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
