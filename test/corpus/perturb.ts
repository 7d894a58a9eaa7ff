import { importBytes } from '../../src/exchange/import/file';
import { importHar } from '../../src/exchange/import/har';
import { parseTraceText, stringifyTrace } from '../../src/trace/file';
import type { Trace } from '../../src/trace/types';
import { Variation } from '../lab/variation.ts';

type Har = { log: { entries: Record<string, unknown>[]; pages?: Record<string, unknown>[] } };

/** An hour and a half: no cookie of the corpus expires by it. */
const SHIFT_MS = 5_400_000;

/** What must not change a diagnosis, by name; each takes a recording's text and gives a trace, or null where it has no meaning. */
export const PERTURBATIONS: Record<string, (text: string, isHar: boolean) => Trace | null> = {
  'entries in another order': (text, isHar) => {
    if (!isHar) return null;
    const har = JSON.parse(text) as Har;
    shuffle(har.log.entries);
    return importHar(har).trace;
  },
  'another time of day': (text, isHar) => {
    if (isHar) return importHar(shifted(JSON.parse(text) as Har)).trace;
    const { trace } = open(text);
    trace.meta.originEpochMs += SHIFT_MS;
    return trace;
  },
  // Of the same length: the importer holds header lines against the size that was noted.
  'other host names': (text) => open(text.replace(/example\.(net|org|com)/g, 'isarpeg.$1')).trace,
  'saved and opened again': (text) => parseTraceText(stringifyTrace(open(text).trace)),
};

function open(text: string): { trace: Trace } {
  return importBytes('recording', new TextEncoder().encode(text));
}

function shuffle(items: unknown[]): void {
  const random = new Variation('shuffle', 7);
  for (let at = items.length - 1; at > 0; at--) {
    const other = Math.floor(random.between(0, at + 1));
    [items[at], items[other]] = [items[other], items[at]];
  }
}

function shifted(har: Har): Har {
  const date = (value: unknown) => new Date(Date.parse(String(value)) + SHIFT_MS).toISOString();
  for (const page of har.log.pages ?? []) page.startedDateTime = date(page.startedDateTime);
  for (const entry of har.log.entries) {
    entry.startedDateTime = date(entry.startedDateTime);
    for (const name of ['_eventSourceMessages', '_webSocketMessages']) {
      for (const message of (entry[name] ?? []) as { time: number }[]) {
        // Chrome writes seconds, Playwright milliseconds.
        message.time += message.time < 1e11 ? SHIFT_MS / 1000 : SHIFT_MS;
      }
    }
  }
  return har;
}
