import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  type ChartOptions,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
} from 'chart.js';
import zoomPlugin from 'chartjs-plugin-zoom';
import type { Palette } from './palette';

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  ScatterController,
);

export { Chart, zoomPlugin };

/** What all plots share: no animation (data streams in, and some people ask for none), thin grid, our type. */
export function baseOptions(
  palette: Palette,
): Pick<
  ChartOptions<'line'>,
  'animation' | 'responsive' | 'maintainAspectRatio' | 'normalized' | 'font' | 'events' | 'color'
> {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    normalized: true,
    color: palette.dim,
    font: { family: palette.font, size: 11 },
  };
}

export function axisLook(palette: Palette) {
  return {
    grid: { color: palette.grid, tickLength: 4 },
    border: { color: palette.grid },
    ticks: {
      color: palette.dim,
      font: { family: palette.font, size: 11 },
      maxRotation: 0,
      autoSkipPadding: 16,
    },
  };
}

/** Tick distance that gives about `wanted` round ticks over `span`. */
export function roundStep(span: number, wanted: number): number {
  const rough = span / Math.max(1, wanted);
  const power = 10 ** Math.floor(Math.log10(rough));
  const scaled = rough / power;
  return power * (scaled <= 1 ? 1 : scaled <= 2 ? 2 : scaled <= 5 ? 5 : 10);
}
