import type { GroupRow } from '../model/groups';
import type { StreamRow } from '../model/stream-row';
import { useModel } from './context';

const STRIP_WIDTH = 150;
const HEIGHT = 12;
/** Every answer takes a moment; a wait is worth its colour from here on. */
const LONG_WAIT_MS = 400;

/** A stream's own time from left to right: the wait shaded (when `waits`), one tick where something arrived, red where it was cut. */
export function ArrivalsStrip({ row, waits }: { row: StreamRow; waits: boolean }) {
  const model = useModel();
  const bins = model.arrivals(row.id);
  const facts = model.facts(row.id);
  if (!bins || !facts) return null;
  const spanMs = Math.max(facts.ageMs, 1);
  const bad = row.state === 'failed' || row.state === 'refused';
  const waitMs = row.firstByteMs ?? (bins.total === 0 ? spanMs : 0);
  const waitPx = !waits || waitMs < LONG_WAIT_MS ? 0 : Math.min(STRIP_WIDTH, (waitMs / spanMs) * STRIP_WIDTH);
  let ticks = '';
  let blocks = '';
  for (const [from, to] of bins.runs(spanMs, STRIP_WIDTH - 2)) {
    if (to - from <= 2) ticks += `M${from + 0.5} 1h1.4v10h-1.4z`;
    else blocks += `M${from} 1H${to + 0.5}v10H${from}z`;
  }
  const cut = row.state === 'cut' || bad;
  return (
    <svg
      class={`strip${bad ? ' bad' : ''}`}
      viewBox={`0 0 ${STRIP_WIDTH} ${HEIGHT}`}
      preserveAspectRatio="none"
      aria-hidden="true"
    >
      <path class="axis" d={`M0 6H${STRIP_WIDTH}`} />
      {waitPx > 3 && <path class="wait" d={`M0 2.5H${waitPx.toFixed(1)}v7H0z`} />}
      <path class="tick" d={ticks + blocks} />
      {cut && <path class="cut" d={`M${STRIP_WIDTH - 2} 0v12`} />}
      {row.state === 'open' && <path class="now" d={`M${STRIP_WIDTH - 4} 3l3 3-3 3`} />}
    </svg>
  );
}

/** Pixels of a group's strip at which something arrived, and at which one of its streams went wrong. */
interface Marks {
  good: Uint8Array;
  bad: Uint8Array;
}

/** The streams of a group on its own time: ticks where something arrived, red ones where a stream failed. */
export function GroupStrip({ row }: { row: GroupRow }) {
  const model = useModel();
  const endMs = row.members.reduce(
    (last, one) => Math.max(last, one.startedAtMs + (model.facts(one.id)?.ageMs ?? 0)),
    row.startedAtMs,
  );
  const pxPerMs = (STRIP_WIDTH - 2) / Math.max(endMs - row.startedAtMs, 1);
  const marks: Marks = { good: new Uint8Array(STRIP_WIDTH), bad: new Uint8Array(STRIP_WIDTH) };
  for (const member of row.members) {
    const ageMs = model.facts(member.id)?.ageMs ?? 0;
    const fromPx = (member.startedAtMs - row.startedAtMs) * pxPerMs;
    const widthPx = Math.floor(ageMs * pxPerMs);
    const bins = model.arrivals(member.id);
    const isBad = member.state === 'failed' || member.state === 'refused' || member.state === 'cut';
    if (isBad) mark(marks.bad, fromPx + widthPx, 1);
    else if (widthPx < 3) mark(marks.good, fromPx + widthPx, 1);
    if (widthPx < 3 || !bins) continue;
    for (const [from, to] of bins.runs(ageMs, widthPx)) mark(marks.good, fromPx + from, to - from);
  }
  return (
    <svg class="strip" viewBox={`0 0 ${STRIP_WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
      <path class="axis" d={`M0 6H${STRIP_WIDTH}`} />
      <path class="tick" d={pathOf(marks.good)} />
      <path class="bad-tick" d={pathOf(marks.bad)} />
      {row.state === 'open' && <path class="now" d={`M${STRIP_WIDTH - 4} 3l3 3-3 3`} />}
    </svg>
  );
}

function mark(pixels: Uint8Array, fromPx: number, widthPx: number): void {
  const from = Math.max(0, Math.floor(fromPx));
  pixels.fill(1, from, Math.min(pixels.length, from + Math.max(1, Math.floor(widthPx))));
}

/** One tick or block for each run of marked pixels. */
function pathOf(pixels: Uint8Array): string {
  let path = '';
  for (let at = 0; at < pixels.length; at += 1) {
    if (!pixels[at]) continue;
    let end = at + 1;
    while (end < pixels.length && pixels[end]) end += 1;
    path += end - at <= 2 ? `M${at + 0.5} 1h1.4v10h-1.4z` : `M${at} 1H${end}v10H${at}z`;
    at = end;
  }
  return path;
}
