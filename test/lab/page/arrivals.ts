const SVG = 'http://www.w3.org/2000/svg';
/** Rows of the log; a download would bring thousands. */
const MOST_ROWS = 400;

/** What one run received and when, as a strip of ticks and a log. */
export class Arrivals {
  readonly #startMs = performance.now();
  readonly #strip: SVGSVGElement;
  readonly #summary: HTMLElement;
  readonly #log: HTMLOListElement;
  #pieces = 0;
  #bytes = 0;
  #firstMs: number | null = null;
  #lastMs = 0;

  constructor(place: HTMLElement) {
    this.#strip = document.createElementNS(SVG, 'svg');
    this.#strip.setAttribute('preserveAspectRatio', 'none');
    this.#strip.setAttribute('aria-hidden', 'true');
    const details = document.createElement('details');
    this.#summary = document.createElement('summary');
    this.#log = document.createElement('ol');
    this.#log.className = 'log';
    // It scrolls, so the keyboard must reach it.
    this.#log.tabIndex = 0;
    this.#log.setAttribute('aria-label', 'What was received, and when');
    details.append(this.#summary, this.#log);
    place.replaceChildren(this.#strip, details);
    this.#show();
  }

  /** A piece of an answer came in. */
  add(text: string, byteLength = text.length): void {
    const nowMs = performance.now() - this.#startMs;
    this.#pieces++;
    this.#bytes += byteLength;
    this.#firstMs ??= nowMs;
    this.#lastMs = nowMs;
    if (this.#pieces <= MOST_ROWS) {
      const tick = document.createElementNS(SVG, 'line');
      for (const [name, value] of Object.entries({ x1: nowMs, x2: nowMs, y1: 4, y2: 26 })) {
        tick.setAttribute(name, String(value));
      }
      this.#strip.append(tick);
    }
    this.#row(nowMs, text.length > 160 ? `${text.slice(0, 160)}…` : text.trim() || `${byteLength} bytes`);
    this.#show();
  }

  /** Something happened that is no data: a status, an error, an end. */
  note(text: string): void {
    const nowMs = performance.now() - this.#startMs;
    this.#lastMs = nowMs;
    this.#row(nowMs, `— ${text}`);
    this.#show();
  }

  #row(ms: number, text: string): void {
    if (this.#log.childElementCount >= MOST_ROWS) return;
    const row = document.createElement('li');
    const time = document.createElement('time');
    time.textContent = `${(ms / 1000).toFixed(3)} s`;
    const words = document.createElement('span');
    words.textContent = text;
    row.append(time, words);
    this.#log.append(row);
  }

  #show(): void {
    this.#strip.setAttribute('viewBox', `0 0 ${Math.max(1000, this.#lastMs * 1.02)} 26`);
    const first =
      this.#firstMs === null ? 'nothing yet' : `first after ${(this.#firstMs / 1000).toFixed(2)} s`;
    this.#summary.textContent = `${this.#pieces} pieces, ${this.#bytes} bytes, ${first}`;
  }
}
