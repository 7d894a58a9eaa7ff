import { signal } from '@preact/signals';

/** A passing message: what was done, or why it could not be. */
export interface Notice {
  id: number;
  tone: 'info' | 'warning' | 'error';
  text: string;
}

export interface NoticeHabits {
  /** Shown at once, at most. */
  most: number;
  /** Good news goes by itself after this; bad news waits to be read. */
  infoForMs: number;
}

const PANEL_HABITS: NoticeHabits = { most: 3, infoForMs: 4000 };

/** Messages on show. They outlive a recording: what opening a file has to say is read beside what was opened. */
export class Notices {
  readonly shown = signal<readonly Notice[]>([]);
  readonly #habits: NoticeHabits;
  #seq = 0;

  constructor(habits: NoticeHabits = PANEL_HABITS) {
    this.#habits = habits;
  }

  add(text: string, tone: Notice['tone']): void {
    this.#seq += 1;
    const notice = { id: this.#seq, tone, text };
    this.shown.value = [...this.shown.value.slice(1 - this.#habits.most), notice];
    if (tone === 'info') setTimeout(() => this.dismiss(notice.id), this.#habits.infoForMs);
  }

  dismiss(id: number): void {
    this.shown.value = this.shown.value.filter((one) => one.id !== id);
  }
}
