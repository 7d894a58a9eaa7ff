import type { ChartDataset } from 'chart.js';
import { axisLook, baseOptions, Chart, zoomPlugin } from './chart-setup';
import type { CurveLine } from './curve-line';
import type { Palette } from './palette';
import type { Point } from './stream-series';

export interface CurvesPlotOptions {
  formatX(value: number): string;
  formatY(value: number): string;
  /** Least value at the top of the axis, so that small numbers do not shout. */
  leastTop?: number;
  /** Distance of the ticks, where round numbers are not the ones that people look for. */
  stepY?: number;
  /** Counts have no ticks between whole numbers. */
  wholeY?: boolean;
  /** Ticks on whole numbers only, for points that stand for things in a row. */
  wholeX?: boolean;
  /** Drag and Ctrl with the wheel zoom in time. */
  zoomable?: boolean;
  onZoom?(isZoomed: boolean): void;
}

type Lines = Chart<'line', Point[]>;

/** A few curves over one axis. */
export class CurvesPlot {
  #chart: Lines;
  #lines: readonly CurveLine[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private palette: Palette,
    private readonly options: CurvesPlotOptions,
  ) {
    this.#chart = this.#create();
  }

  setLines(lines: readonly CurveLine[]): void {
    this.#lines = lines;
    this.#chart.data.datasets = lines.map((line) => this.#dataset(line));
    const { x } = this.#chart.options.scales ?? {};
    const all = lines.flatMap(({ points }) => points);
    const end = all.reduce((most, point) => Math.max(most, point.x), 0);
    if (x) {
      x.min = this.options.wholeX ? -0.3 : 0;
      x.max = this.options.wholeX ? end + 0.3 : Math.max(end, 1);
      const limits = this.#chart.options.plugins?.zoom?.limits?.x;
      if (limits) limits.max = x.max;
    }
    this.#chart.update('none');
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
    this.#chart.destroy();
    this.#chart = this.#create();
    this.setLines(this.#lines);
  }

  zoom(factor: number): void {
    this.#chart.zoom({ x: factor }, 'none');
    this.options.onZoom?.(true);
  }

  reset(): void {
    this.#chart.resetZoom('none');
    this.options.onZoom?.(false);
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #dataset({ points, look, stepped, marked, unjoined }: CurveLine): ChartDataset<'line', Point[]> {
    const colour = { first: this.palette.arrived, second: this.palette.server, bad: this.palette.error }[
      look
    ];
    return {
      data: [...points],
      borderColor: colour,
      backgroundColor: this.palette.surface,
      borderWidth: 1.75,
      borderDash: { first: [], second: [5, 3], bad: [1, 2] }[look],
      pointStyle: { first: 'circle', second: 'rectRot', bad: 'crossRot' }[look],
      pointRadius: marked ? 4 : 0,
      pointHitRadius: 0,
      pointBorderColor: colour,
      pointBackgroundColor: this.palette.surface,
      pointBorderWidth: 1.5,
      stepped: stepped ? 'before' : false,
      showLine: !unjoined,
      parsing: false,
      // Marks on the border of the area are drawn whole.
      ...(marked ? { clip: 8 } : {}),
    } as ChartDataset<'line', Point[]>;
  }

  #create(): Lines {
    const look = axisLook(this.palette);
    const { options } = this;
    return new Chart<'line', Point[]>(this.canvas, {
      type: 'line',
      data: { datasets: [] },
      options: {
        ...baseOptions(this.palette),
        events: options.zoomable ? ['mousemove', 'mouseout', 'touchstart', 'touchmove'] : [],
        layout: { padding: { top: 6, right: 10 } },
        scales: {
          x: {
            type: 'linear',
            min: 0,
            ...look,
            ticks: {
              ...look.ticks,
              maxTicksLimit: 9,
              includeBounds: false,
              ...(options.wholeX ? { stepSize: 1 } : {}),
              callback: (value) =>
                options.wholeX && !Number.isInteger(value) ? null : options.formatX(Number(value)),
            },
          },
          y: {
            type: 'linear',
            min: 0,
            ...(options.leastTop === undefined ? {} : { suggestedMax: options.leastTop }),
            ...look,
            ticks: {
              ...look.ticks,
              maxTicksLimit: 6,
              ...(options.stepY === undefined ? {} : { stepSize: options.stepY }),
              ...(options.wholeY ? { precision: 0 } : {}),
              callback: (value) => options.formatY(Number(value)),
            },
          },
        },
        plugins: options.zoomable
          ? {
              zoom: {
                limits: { x: { min: 0, max: 1, minRange: 0.5 } },
                pan: { enabled: true, mode: 'x', modifierKey: 'shift' },
                zoom: {
                  mode: 'x',
                  wheel: { enabled: true, modifierKey: 'ctrl' },
                  pinch: { enabled: true },
                  drag: {
                    enabled: true,
                    threshold: 6,
                    backgroundColor: this.palette.grid,
                    borderColor: this.palette.arrived,
                    borderWidth: 1,
                  },
                  onZoom: () => options.onZoom?.(true),
                },
              },
            }
          : {},
      },
      plugins: options.zoomable ? [zoomPlugin] : [],
    });
  }
}
