import { signal } from '@preact/signals';

/** A passing message: what was done, or why it could not be. */
export interface Notice {
  id: number;
  tone: 'info' | 'warning' | 'error';
  text: string;
}

/** Shown at once, at most. */
const MOST = 3;
/** Good news goes by itself after this; bad news waits to be read. */
const INFO_FOR_MS = 4000;

/** Messages on show. They outlive a recording: what opening a file has to say is read beside what was opened. */
export class Notices {
  readonly shown = signal<readonly Notice[]>([]);
  #seq = 0;

  add(text: string, tone: Notice['tone']): void {
    this.#seq += 1;
    const notice = { id: this.#seq, tone, text };
    this.shown.value = [...this.shown.value.slice(1 - MOST), notice];
    if (tone === 'info') setTimeout(() => this.dismiss(notice.id), INFO_FOR_MS);
  }

  dismiss(id: number): void {
    this.shown.value = this.shown.value.filter((one) => one.id !== id);
  }
}
