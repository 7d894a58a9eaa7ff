import { formatCount } from '../format';
import { axisLook, baseOptions, Chart } from './chart-setup';
import type { Palette } from './palette';
import type { HistogramBin } from './stream-series';

export interface HistogramPlotOptions {
  colour: 'arrived' | 'bytes';
  formatEdge(value: number): string;
  /** Values marked by a line with a label. */
  marks?: readonly { value: number; label: string }[];
}

/** Counts in bins whose edges grow by a constant factor, so that they are evenly wide on the page. */
export class HistogramPlot {
  #chart: Chart<'bar', (number | null)[]>;
  #bins: HistogramBin[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private palette: Palette,
    private readonly options: HistogramPlotOptions,
  ) {
    this.#chart = this.#create();
  }

  setBins(bins: HistogramBin[]): void {
    this.#bins = bins;
    this.#chart.data.labels = bins.map((bin) => this.options.formatEdge(bin.from));
    const data = this.#chart.data.datasets[0];
    // An empty bin has no bar, not one of the least height.
    if (data) data.data = bins.map((bin) => (bin.count === 0 ? null : bin.count));
    this.#chart.update('none');
  }

  setPalette(palette: Palette): void {
    this.palette = palette;
    this.#chart.destroy();
    this.#chart = this.#create();
    this.setBins(this.#bins);
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #create(): Chart<'bar', (number | null)[]> {
    const look = axisLook(this.palette);
    return new Chart<'bar', (number | null)[]>(this.canvas, {
      type: 'bar',
      data: {
        labels: [],
        datasets: [
          {
            data: [],
            backgroundColor: this.palette[this.options.colour],
            barPercentage: 1,
            categoryPercentage: 0.92,
            minBarLength: 2,
          },
        ],
      },
      options: {
        ...(baseOptions(this.palette) as object),
        events: [],
        layout: { padding: { top: this.options.marks ? 16 : 4 } },
        scales: {
          x: { ...look, grid: { display: false }, ticks: { ...look.ticks, maxTicksLimit: 7 } },
          y: {
            ...look,
            min: 0,
            ticks: { ...look.ticks, precision: 0, maxTicksLimit: 4, callback: (v) => formatCount(Number(v)) },
          },
        },
      },
      plugins: [
        {
          id: 'marks',
          afterDatasetsDraw: (chart) => this.#drawMarks(chart),
        },
      ],
    });
  }

  #drawMarks(chart: Chart): void {
    const { ctx, chartArea } = chart;
    const first = this.#bins[0];
    const last = this.#bins.at(-1);
    if (!first || !last || !this.options.marks) return;
    ctx.save();
    ctx.font = `10px ${this.palette.font}`;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'bottom';
    let freeFrom = 0;
    for (const { value, label } of this.options.marks) {
      if (value < first.from || value > last.to) continue;
      const part = Math.log(value / first.from) / Math.log(last.to / first.from);
      const x = Math.round(chartArea.left + part * chartArea.width) + 0.5;
      ctx.strokeStyle = this.palette.server;
      ctx.setLineDash([3, 3]);
      ctx.beginPath();
      ctx.moveTo(x, chartArea.top);
      ctx.lineTo(x, chartArea.bottom);
      ctx.stroke();
      const width = ctx.measureText(label).width;
      const middle = Math.min(x, chart.width - width / 2 - 1);
      if (middle - width / 2 < freeFrom) continue;
      ctx.fillStyle = this.palette.server;
      ctx.fillText(label, middle, chartArea.top - 3);
      freeFrom = middle + width / 2 + 4;
    }
    ctx.restore();
  }
}
