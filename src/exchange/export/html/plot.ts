import type { ArrivalCurve } from '../../../compare/types';
import { formatBytes, formatCount, formatMs } from '../../../lib/format';
import { html, type Markup } from './markup';

/** Units of the drawing; the page scales it to its width. */
export const PLOT = { width: 720, height: 200, left: 8, right: 8, top: 10, bottom: 22 } as const;

/** Silences from here on are shaded: a second, and a tenth of the whole. */
const MIN_SHADED_MS = 1000;
const MIN_SHADED_SHARE = 0.1;
const TICKS = 5;
/** How a second curve is told from the first, beside its colour. */
const LOOKS = ['curve', 'curve second'] as const;

/** One curve of a plot: what had arrived by when. */
export interface PlotCurve extends Pick<ArrivalCurve, 'atMs' | 'bytes' | 'events'> {
  /** What it is called beside another one; empty when it is alone. */
  label: string;
  /** Up to when it is drawn. */
  endMs: number;
}

/** What the page's script needs to draw a plot again: the curves, and what is shaded. */
export interface PlotData {
  curves: PlotCurve[];
  endMs: number;
  gaps: [fromMs: number, toMs: number][];
}

/** One curve with its long silences; null when nothing arrived. */
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
  return { curves: [plotCurve(curve, '', endMs)], endMs: rounded(endMs), gaps };
}

/** Curves on one axis; null when nothing arrived in any. Silences are not shaded: whose would they be? */
export function jointPlotData(named: readonly { label: string; curve: ArrivalCurve }[]): PlotData | null {
  const curves = named.map(({ label, curve }) =>
    plotCurve(curve, label, Math.max(curve.endMs ?? 0, curve.atMs.at(-1) ?? 0)),
  );
  if (curves.every(({ atMs }) => atMs.length === 0)) return null;
  return { curves, endMs: Math.max(1, ...curves.map(({ endMs }) => endMs)), gaps: [] };
}

function plotCurve({ atMs, bytes, events }: ArrivalCurve, label: string, endMs: number): PlotCurve {
  return { label, atMs: atMs.map(rounded), bytes, events, endMs: rounded(endMs) };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

/** Events where any curve has some, else bytes: a plot has one scale. */
function unitOf(curves: readonly PlotCurve[]): 'events' | 'bytes' {
  return curves.some(({ events }) => (events.at(-1) ?? 0) > 0) ? 'events' : 'bytes';
}

function mostOf(curves: readonly PlotCurve[], unit: 'events' | 'bytes'): number {
  return Math.max(1, ...curves.map((curve) => curve[unit].at(-1) ?? 0));
}

/**
 * Arrival curves as a picture that needs no script: totals against the time since the request, long silences shaded. The
 * script draws it anew when someone zooms.
 */
export function plotSvg(data: PlotData, label: string): Markup {
  const { curves } = data;
  const unit = unitOf(curves);
  const most = mostOf(curves, unit);
  const x = (ms: number) => PLOT.left + (ms / data.endMs) * (PLOT.width - PLOT.left - PLOT.right);
  const y = (value: number) =>
    PLOT.height - PLOT.bottom - (value / most) * (PLOT.height - PLOT.top - PLOT.bottom);
  const base = PLOT.height - PLOT.bottom;
  const total =
    unit === 'events' ? `${formatCount(most)} ${most === 1 ? 'event' : 'events'}` : formatBytes(most);
  const shades = data.gaps.map(
    ([from, to]) =>
      html`<rect class="gap" x="${x(from).toFixed(1)}" y="${PLOT.top}" width="${(x(to) - x(from)).toFixed(1)}" height="${base - PLOT.top}"/>`,
  );
  const lines = curves.map(
    (curve, index) =>
      html`<path class="${LOOKS[index] ?? LOOKS[1]}" d="${steps(curve, curve[unit], x, y, base)}H${x(curve.endMs).toFixed(1)}"/>`,
  );
  const marks = Array.from({ length: TICKS + 1 }, (_, index) => {
    const ms = (data.endMs * index) / TICKS;
    const anchor = index === 0 ? 'start' : index === TICKS ? 'end' : 'middle';
    return html`<text class="tick" x="${x(ms).toFixed(1)}" y="${PLOT.height - 6}" text-anchor="${anchor}">${formatMs(ms)}</text>`;
  });
  return html`<svg viewBox="0 0 ${PLOT.width} ${PLOT.height}" role="img" aria-label="${label}"><g class="gaps">${shades}</g><line class="axis" x1="${PLOT.left}" x2="${PLOT.width - PLOT.right}" y1="${base}" y2="${base}"/>${lines}<g class="ticks">${marks}</g><text class="total" x="${PLOT.left + 4}" y="${PLOT.top + 10}">${total}</text></svg>`;
}

/** Which curve is which. */
export function plotLegend({ curves }: PlotData): Markup {
  return html`<p class="legend">${curves.map(
    ({ label }, index) =>
      html`<span><svg viewBox="0 0 24 8" aria-hidden="true"><path class="${LOOKS[index] ?? LOOKS[1]}" d="M0 4H24"/></svg> ${label}</span>`,
  )}</p>`;
}

/** A staircase: nothing is there before it arrives. */
function steps(
  { atMs }: PlotCurve,
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
export function sparkSvg({ curves, endMs }: PlotData): Markup {
  const unit = unitOf(curves);
  const most = mostOf(curves, unit);
  const lines = curves.map((curve, index) => {
    const path = steps(
      curve,
      curve[unit],
      (ms) => (ms / endMs) * 120,
      (value) => 15 - (value / most) * 14,
      15,
    );
    return html`<path class="${LOOKS[index] ?? LOOKS[1]}" d="${path}"/>`;
  });
  return html`<svg class="spark" viewBox="0 0 120 16" aria-hidden="true">${lines}</svg>`;
}
