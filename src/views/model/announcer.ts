import { signal } from '@preact/signals';
import type { Finding } from '../../diagnose/rule';
import { plural } from '../format';

/** Least time between two announcements, so that a screen reader is not talked over. */
const PAUSE_MS = 5000;

/** Says new error findings once, in one sentence, no more often than every few seconds. */
export class Announcer {
  readonly text = signal('');
  #known = new Set<string>();
  #waiting: Finding[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** @param errors all error findings that stand now */
  take(errors: readonly Finding[]): void {
    for (const finding of errors) {
      if (this.#known.has(finding.key)) continue;
      this.#known.add(finding.key);
      this.#waiting.push(finding);
    }
    if (this.#waiting.length > 0 && this.#timer === null) this.#say();
  }

  forget(): void {
    this.#known.clear();
    this.#waiting = [];
    this.text.value = '';
  }

  dispose(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  #say(): void {
    const [first] = this.#waiting;
    if (!first) return;
    this.text.value =
      this.#waiting.length === 1
        ? `New error: ${first.title}.`
        : `${plural(this.#waiting.length, 'new error')}. First: ${first.title}.`;
    this.#waiting = [];
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#say();
    }, PAUSE_MS);
  }
}
