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
