import type { ChartDataset, Plugin } from 'chart.js';
import { Confidence } from '../../trace/types';
import { formatBytes, formatCount, formatDuration } from '../format';
import { axisLook, baseOptions, Chart, zoomPlugin } from './chart-setup';
import type { Palette } from './palette';
import { type Point, type Span, type StreamSeries, sampleCurve, upperBound } from './stream-series';

export interface ArrivalPlotOptions {
  /** Small and still: no byte curve, no zoom, no cursor. */
  compact: boolean;
  /** The event nearest to where somebody clicked, as an index into the received events. */
  onPick?(atMs: number): void;
  /** Zoomed in or back out. */
  onRange?(range: Span | null): void;
}

/** Wide enough for every screen; more points than pixels show nothing. */
const COLUMNS = 900;
const CONFIDENCE_MARKS = 300;

type ArrivalChart = Chart<'line', Point[]>;

/**
 * Events and bytes against time since the request, silences shaded, the server's own clock dashed. Holds a Chart.js
 * chart and feeds it only what its width can show.
 */
export class ArrivalPlot {
  #chart: ArrivalChart;
  #palette: Palette;
  #cursorMs: number | null = null;
  #idle: Span[] = [];
  #zoomed = false;

  constructor(
    canvas: HTMLCanvasElement,
    private series: StreamSeries,
    palette: Palette,
    private readonly options: ArrivalPlotOptions,
  ) {
    this.#palette = palette;
    this.#chart = this.#create(canvas);
    this.refresh();
  }

  /** Draws what the series holds now. */
  refresh(): void {
    this.#idle = this.series.idleSpans();
    const x = this.#chart.options.scales?.x;
    const zoom = this.#chart.options.plugins?.zoom;
    const spanMs = this.series.spanMs;
    if (x && !this.#zoomed) {
      x.min = 0;
      x.max = spanMs;
    }
    if (zoom?.limits?.x) zoom.limits.x = { min: 0, max: spanMs, minRange: 0.5 };
    const bytes = this.#chart.options.scales?.bytes;
    if (bytes) {
      bytes.display = !this.options.compact && this.series.bytes.totals.length > 0;
      const step = byteStep(this.series.bytes.totals.at(-1) ?? 0);
      bytes.max = Math.ceil(Math.max(1, this.series.bytes.totals.at(-1) ?? 0) / step) * step;
      (bytes.ticks as { stepSize?: number }).stepSize = step;
    }
    const events = this.#chart.options.scales?.events;
    if (events) events.display = this.series.received.totals.length > 0 || this.series.sent.totals.length > 0;
    this.#sample();
    this.#chart.update('none');
  }

  setPalette(palette: Palette): void {
    this.#palette = palette;
    const canvas = this.#chart.canvas;
    const range = this.range;
    this.#chart.destroy();
    this.#chart = this.#create(canvas);
    this.#zoomed = false;
    this.refresh();
    if (range) this.show(range);
  }

  /** A line at a time (ms since the start), or none. */
  setCursor(atMs: number | null): void {
    if (this.#cursorMs === atMs) return;
    this.#cursorMs = atMs;
    this.#chart.draw();
  }

  /** The span in view when zoomed. */
  get range(): Span | null {
    const x = this.#chart.scales.x;
    return this.#zoomed && x ? { fromMs: x.min, toMs: x.max } : null;
  }

  zoom(factor: number): void {
    this.#chart.zoom({ x: factor }, 'none');
  }

  /** @param part of the visible span, negative to the left */
  pan(part: number): void {
    const area = this.#chart.chartArea;
    this.#chart.pan({ x: -(area.right - area.left) * part }, undefined, 'none');
  }

  show(span: Span): void {
    const room = Math.max((span.toMs - span.fromMs) * 0.1, 1);
    this.#chart.zoomScale(
      'x',
      { min: Math.max(0, span.fromMs - room), max: Math.min(this.series.spanMs, span.toMs + room) },
      'none',
    );
    this.#rangeChanged();
  }

  reset(): void {
    this.#zoomed = false;
    this.options.onRange?.(null);
    this.refresh();
  }

  destroy(): void {
    this.#chart.destroy();
  }

  #rangeChanged(): void {
    const x = this.#chart.scales.x;
    if (!x) return;
    this.#zoomed = x.min > 0.001 || x.max < this.series.spanMs - 0.001;
    this.#sample();
    this.#chart.update('none');
    this.options.onRange?.(this.range);
  }

  #sample(): void {
    const scale = this.#chart.scales.x;
    const from = this.#zoomed && scale ? scale.min : 0;
    const to = this.#zoomed && scale ? scale.max : this.series.spanMs;
    const { received, sent, bytes } = this.series;
    const [arrived, sentLine, byteLine, clock, doubtful] = this.#chart.data.datasets;
    if (arrived) arrived.data = closed(sampleCurve(received, from, to, COLUMNS), to);
    if (sentLine) sentLine.data = closed(sampleCurve(sent, from, to, COLUMNS), to);
    if (byteLine)
      byteLine.data = this.options.compact ? [] : closed(sampleCurve(bytes, from, to, COLUMNS), to);
    if (clock) clock.data = this.series.serverCurve(from, to, COLUMNS);
    if (doubtful) {
      const marks = this.#doubtfulPoints(from, to);
      doubtful.data = marks.map(({ x, y }) => ({ x, y }));
      const styled = doubtful as ChartDataset<'line', Point[]>;
      styled.pointStyle = marks.map((mark) =>
        mark.confidence === Confidence.uncertain
          ? 'rectRot'
          : mark.confidence === Confidence.queued
            ? 'triangle'
            : 'crossRot',
      );
    }
  }

  #doubtfulPoints(from: number, to: number) {
    const { doubtful } = this.series;
    const first = upperBound(doubtful.atMs, from - 1e-6);
    const last = upperBound(doubtful.atMs, to);
    const step = Math.max(1, Math.ceil((last - first) / CONFIDENCE_MARKS));
    const marks = [];
    for (let index = first; index < last; index += step) {
      marks.push({
        x: doubtful.atMs[index] ?? 0,
        y: doubtful.totals[index] ?? 0,
        confidence: doubtful.confidence[index] ?? Confidence.arrived,
      });
    }
    return marks;
  }

  #create(canvas: HTMLCanvasElement): ArrivalChart {
    const palette = this.#palette;
    const look = axisLook(palette);
    const line = (colour: string, width: number): ChartDataset<'line', Point[]> => ({
      data: [],
      borderColor: colour,
      borderWidth: width,
      pointRadius: 0,
      pointHitRadius: 0,
      stepped: 'before',
      parsing: false,
      yAxisID: 'events',
    });
    const compact = this.options.compact;
    return new Chart<'line', Point[]>(canvas, {
      type: 'line',
      data: {
        datasets: [
          line(palette.arrived, 1.75),
          { ...line(palette.arrived, 1), borderDash: [1, 2] },
          { ...line(palette.bytes, 1), yAxisID: 'bytes' },
          { ...line(palette.server, 1.5), stepped: false, borderDash: [3, 3] },
          {
            ...line(palette.warning, 1),
            showLine: false,
            pointRadius: 3.5,
            pointBorderColor: palette.warning,
            pointBackgroundColor: palette.surface,
          },
        ],
      },
      options: {
        ...baseOptions(palette),
        events: compact ? [] : ['click', 'mousemove', 'mouseout', 'touchstart', 'touchmove'],
        layout: { padding: { top: 4, right: compact ? 8 : 0 } },
        onClick: (event) => {
          const x = this.#chart.scales.x;
          const at = event.x === null || !x ? undefined : x.getValueForPixel(event.x);
          if (at !== undefined) this.options.onPick?.(at);
        },
        scales: {
          x: {
            type: 'linear',
            min: 0,
            ...look,
            ticks: {
              ...look.ticks,
              maxTicksLimit: compact ? 5 : 9,
              includeBounds: false,
              callback: (value) => formatAxisTime(Number(value), this.#chart?.scales.x?.max ?? 0),
            },
          },
          events: {
            type: 'linear',
            position: 'left',
            min: 0,
            ...look,
            ticks: {
              ...look.ticks,
              precision: 0,
              maxTicksLimit: compact ? 3 : 6,
              callback: (v) => formatCount(Number(v)),
            },
          },
          bytes: {
            type: 'linear',
            position: 'right',
            display: false,
            min: 0,
            ...look,
            grid: { ...look.grid, drawOnChartArea: false },
            ticks: { ...look.ticks, maxTicksLimit: 6, callback: (v) => formatBytes(Number(v)) },
          },
        },
        plugins: compact
          ? {}
          : {
              zoom: {
                limits: { x: { min: 0, max: 1, minRange: 0.5 } },
                pan: { enabled: true, mode: 'x', modifierKey: 'shift', onPan: () => this.#rangeChanged() },
                zoom: {
                  mode: 'x',
                  wheel: { enabled: true, modifierKey: 'ctrl' },
                  pinch: { enabled: true },
                  drag: {
                    enabled: true,
                    threshold: 6,
                    backgroundColor: withAlpha(palette.arrived, 0.15),
                    borderColor: palette.arrived,
                    borderWidth: 1,
                  },
                  onZoom: () => this.#rangeChanged(),
                },
              },
            },
      },
      plugins: compact ? [this.#overlay()] : [this.#overlay(), zoomPlugin],
    });
  }

  /** Silences beneath the curves; the cut, and the cursor, above. */
  #overlay(): Plugin<'line'> {
    return {
      id: 'overlay',
      beforeDatasetsDraw: (chart) => {
        const { ctx, chartArea, scales } = chart;
        const x = scales.x;
        if (!x) return;
        ctx.save();
        ctx.beginPath();
        ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
        ctx.clip();
        ctx.font = `11px ${this.#palette.font}`;
        ctx.textBaseline = 'top';
        for (const span of this.#idle) {
          const left = x.getPixelForValue(span.fromMs);
          const right = x.getPixelForValue(span.toMs);
          ctx.fillStyle = this.#palette.idle;
          ctx.fillRect(left, chartArea.top, right - left, chartArea.height);
          const label = `${formatDuration(span.toMs - span.fromMs)} silent`;
          const visibleLeft = Math.max(left, chartArea.left);
          if (Math.min(right, chartArea.right) - visibleLeft > ctx.measureText(label).width + 12) {
            ctx.fillStyle = this.#palette.idleInk;
            ctx.fillText(label, visibleLeft + 6, chartArea.top + 4);
          }
        }
        ctx.restore();
      },
      afterDatasetsDraw: (chart) => {
        const x = chart.scales.x;
        if (!x) return;
        const end = this.series.facts.stream.end;
        if (end && (end.kind === 'error' || end.kind === 'refused')) {
          drawLine(
            chart,
            x.getPixelForValue(end.atMs - this.series.startedAtMs),
            this.#palette.error,
            [4, 2],
          );
        }
        if (this.#cursorMs !== null) {
          drawLine(chart, x.getPixelForValue(this.#cursorMs), this.#palette.cursor, []);
        }
      },
    };
  }
}

function drawLine(chart: Chart, x: number, colour: string, dash: number[]): void {
  const { ctx, chartArea } = chart;
  if (x < chartArea.left - 1 || x > chartArea.right + 1) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.5;
  ctx.setLineDash(dash);
  ctx.beginPath();
  const at = Math.min(Math.round(x) + 0.5, chartArea.right - 0.5);
  ctx.moveTo(at, chartArea.top);
  ctx.lineTo(at, chartArea.bottom);
  ctx.stroke();
  ctx.restore();
}

/** Lets the last value run on to the end of the axis. */
function closed(points: Point[], to: number): Point[] {
  const last = points.at(-1);
  return last && last.x < to ? [...points, { x: to, y: last.y }] : points;
}

/** Distance of the byte ticks: a power of two, so that they read as whole KB. */
function byteStep(most: number): number {
  return 2 ** Math.max(0, Math.ceil(Math.log2(Math.max(1, most) / 4)));
}

function formatAxisTime(ms: number, maxMs: number): string {
  if (maxMs < 1000) return `${Number(ms.toPrecision(4))} ms`;
  if (maxMs < 120_000) return `${Number((ms / 1000).toPrecision(5))} s`;
  return `${Number((ms / 60_000).toPrecision(4))} min`;
}

function withAlpha(colour: string, alpha: number): string {
  const match = /^#([0-9a-f]{6})$/i.exec(colour);
  return match
    ? `${colour}${Math.round(alpha * 255)
        .toString(16)
        .padStart(2, '0')}`
    : 'transparent';
}
