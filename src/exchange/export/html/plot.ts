import type { ArrivalCurve } from '../../../compare/types';
import { formatBytes, formatCount, formatMs } from '../../../lib/format';
import { html, type Markup } from './markup';

/** Units of the drawing; the page scales it to its width. */
export const PLOT = { width: 720, height: 200, left: 8, right: 8, top: 10, bottom: 22 } as const;

/** Silences from here on are shaded: a second, and a tenth of the whole. */
const MIN_SHADED_MS = 1000;
const MIN_SHADED_SHARE = 0.1;
const TICKS = 5;

/** What the page's script needs to draw a plot again: the curve, and what is shaded. */
export interface PlotData extends Pick<ArrivalCurve, 'atMs' | 'bytes' | 'events'> {
  endMs: number;
  gaps: [fromMs: number, toMs: number][];
}

export function plotData(curve: ArrivalCurve): PlotData | null {
  const lastMs = curve.atMs.at(-1);
  if (lastMs === undefined) return null;
  const endMs = Math.max(curve.endMs ?? 0, lastMs, 1);
  const gaps: PlotData['gaps'] = [];
  let fromMs = 0;
  for (const atMs of [...curve.atMs, endMs]) {
    if (atMs - fromMs >= Math.max(MIN_SHADED_MS, endMs * MIN_SHADED_SHARE)) gaps.push([fromMs, atMs]);
    fromMs = Math.max(fromMs, atMs);
  }
  return {
    atMs: curve.atMs.map(rounded),
    bytes: curve.bytes,
    events: curve.events,
    endMs: rounded(endMs),
    gaps,
  };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/**
 * The arrival curve as a picture that needs no script: totals against the time since the request, long silences shaded. The
 * script draws it anew when someone zooms.
 */
export function plotSvg(data: PlotData, label: string): Markup {
  const isByEvent = (data.events.at(-1) ?? 0) > 0;
  const values = isByEvent ? data.events : data.bytes;
  const most = Math.max(1, values.at(-1) ?? 1);
  const x = (ms: number) => PLOT.left + (ms / data.endMs) * (PLOT.width - PLOT.left - PLOT.right);
  const y = (value: number) =>
    PLOT.height - PLOT.bottom - (value / most) * (PLOT.height - PLOT.top - PLOT.bottom);
  const base = PLOT.height - PLOT.bottom;
  const line = steps(data.atMs, values, x, y, base);
  const total = isByEvent ? `${formatCount(most)} events` : formatBytes(most);
  const shades = data.gaps.map(
    ([from, to]) =>
      html`<rect class="gap" x="${x(from).toFixed(1)}" y="${PLOT.top}" width="${(x(to) - x(from)).toFixed(1)}" height="${base - PLOT.top}"/>`,
  );
  const marks = Array.from({ length: TICKS + 1 }, (_, index) => {
    const ms = (data.endMs * index) / TICKS;
    const anchor = index === 0 ? 'start' : index === TICKS ? 'end' : 'middle';
    return html`<text class="tick" x="${x(ms).toFixed(1)}" y="${PLOT.height - 6}" text-anchor="${anchor}">${formatMs(ms)}</text>`;
  });
  return html`<svg viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" aria-label="${label}"><g class="gaps">${shades}</g><line class="axis" x1="${PLOT.left}" x2="${PLOT.width - PLOT.right}" y1="${base}" y2="${base}"/><path class="curve" d="${line}"/><g class="ticks">${marks}</g><text class="total" x="${PLOT.left + 4}" y="${PLOT.top + 10}">${total}</text></svg>`;
}

/** A staircase: nothing is there before it arrives. */
function steps(
  atMs: readonly number[],
  values: readonly number[],
  x: (ms: number) => number,
  y: (value: number) => number,
  base: number,
): string {
  let path = `M${x(0).toFixed(1)} ${base}`;
  for (const [index, ms] of atMs.entries()) path += `H${x(ms).toFixed(1)}V${y(values[index]!).toFixed(1)}`;
  return path;
}

/** The same in the height of a line, for tables. */
export function sparkSvg(data: PlotData): Markup {
  const values = (data.events.at(-1) ?? 0) > 0 ? data.events : data.bytes;
  const most = Math.max(1, values.at(-1) ?? 1);
  const line = steps(
    data.atMs,
    values,
    (ms) => (ms / data.endMs) * 120,
    (value) => 15 - (value / most) * 14,
    15,
  );
  return html`<svg class="spark" viewBox="0 0 120 16" aria-hidden="true"><path class="curve" d="${line}"/></svg>`;
}
