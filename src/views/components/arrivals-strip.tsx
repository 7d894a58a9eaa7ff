import type { StreamRow } from '../model/stream-row';
import { useModel } from './context';

const STRIP_WIDTH = 150;
const HEIGHT = 12;
/** Every answer takes a moment; a wait is worth its colour from here on. */
const LONG_WAIT_MS = 400;

/** A stream's own time from left to right: the wait shaded, one tick where something arrived, red where it was cut. */
export function ArrivalsStrip({ row }: { row: StreamRow }) {
  const model = useModel();
  const bins = model.arrivals(row.id);
  const facts = model.facts(row.id);
  if (!bins || !facts) return null;
  const spanMs = Math.max(facts.ageMs, 1);
  const bad = row.state === 'failed' || row.state === 'refused';
  const waitMs = row.firstByteMs ?? (bins.total === 0 ? spanMs : 0);
  const waitPx = waitMs < LONG_WAIT_MS ? 0 : Math.min(STRIP_WIDTH, (waitMs / spanMs) * STRIP_WIDTH);
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
