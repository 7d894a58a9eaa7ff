import { useEffect, useRef, useState } from 'preact/hooks';
import { Tool, ZoomTools, zoomKeys } from '../components/zoom-tools';
import { formatBytes, formatCount, formatOffset } from '../format';
import { ArrivalPlot } from './arrival-plot';
import { type Span, type StreamSeries, sampleCurve } from './stream-series';
import { arrivalSummary } from './summaries';
import { usePlot } from './use-plot';

export interface ArrivalChartProps {
  series: StreamSeries;
  /** Grows when the series did. */
  revision: number;
  compact?: boolean;
  /** ms since the stream's start. */
  cursorMs?: number | null;
  /** Brings a span into view; a new object each time. */
  focus?: Span | null;
  onPick?(atMs: number): void;
}

const TABLE_ROWS = 20;

/** The arrival curve with its legend, its buttons, and its table for those who cannot see it. */
export function ArrivalChart(props: ArrivalChartProps) {
  const { series, revision, compact = false, cursorMs = null, focus = null } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [range, setRange] = useState<Span | null>(null);
  const [asTable, setAsTable] = useState(false);
  const onPick = useRef(props.onPick);
  onPick.current = props.onPick;
  const plot = usePlot(
    canvas,
    series,
    (element, palette) =>
      new ArrivalPlot(element, series, palette, {
        compact,
        onPick: (atMs) => onPick.current?.(atMs),
        onRange: setRange,
      }),
  );
  useEffect(() => plot.current?.refresh(), [revision, series]);
  useEffect(() => plot.current?.setCursor(cursorMs), [cursorMs, plot]);
  useEffect(() => {
    if (focus) plot.current?.show(focus);
  }, [focus, plot]);

  const onKeyDown = zoomKeys({
    zoom: (factor) => plot.current?.zoom(factor),
    pan: (part) => plot.current?.pan(part),
    reset: () => plot.current?.reset(),
  });
  return (
    <figure class={`plot${compact ? ' compact' : ''}`}>
      <figcaption>
        <Legend series={series} compact={compact} />
        {!compact && (
          <ZoomTools
            zoomed={range !== null}
            zoom={(factor) => plot.current?.zoom(factor)}
            pan={(part) => plot.current?.pan(part)}
            reset={() => plot.current?.reset()}
          >
            <Tool icon="table" label="Show as a table" pressed={asTable} run={() => setAsTable(!asTable)} />
          </ZoomTools>
        )}
      </figcaption>
      <div
        class="plot-area"
        tabIndex={compact ? undefined : 0}
        role="group"
        aria-label={compact ? undefined : 'Arrival plot: plus and minus zoom, arrows move, 0 resets'}
        onKeyDown={compact ? undefined : onKeyDown}
      >
        <canvas ref={canvas} role="img" aria-label={arrivalSummary(series)} />
      </div>
      {!compact && (
        <p class="plot-note">
          {range
            ? `${formatOffset(range.fromMs)} to ${formatOffset(range.toMs)}`
            : 'Drag to zoom, Ctrl and wheel to zoom, Shift and drag to move. Click to find the event.'}
        </p>
      )}
      {asTable && <ArrivalTable series={series} range={range} />}
    </figure>
  );
}

function Legend({ series, compact }: { series: StreamSeries; compact: boolean }) {
  const hasEvents = series.received.totals.length > 0;
  return (
    <span class="legend">
      <span class="legend-title">{compact ? 'Events against time' : 'Arrivals since the request'}</span>
      {hasEvents && (
        <span class="key arrived">{series.sent.totals.length > 0 ? 'received' : 'events arrived'}</span>
      )}
      {series.sent.totals.length > 0 && <span class="key sent">sent by the page</span>}
      {(!compact || !hasEvents) && series.bytes.totals.length > 0 && <span class="key bytes">bytes</span>}
      {series.serverTimes > 1 && <span class="key server">sent by the server</span>}
      {series.idleSpans().length > 0 && <span class="key idle">silence</span>}
      {!compact && series.doubtful.atMs.length > 0 && (
        <span
          class="key doubtful"
          title="◇ the page's main thread was busy; △ it lay there before the page read it; × only bounds are known"
        >
          arrived earlier than shown
        </span>
      )}
    </span>
  );
}

function ArrivalTable({ series, range }: { series: StreamSeries; range: Span | null }) {
  const from = range?.fromMs ?? 0;
  const to = range?.toMs ?? series.spanMs;
  const at = Array.from({ length: TABLE_ROWS + 1 }, (_, index) => from + ((to - from) * index) / TABLE_ROWS);
  const valueAt = (curve: StreamSeries['received'], time: number) =>
    sampleCurve(curve, time, time, 1)[0]?.y ?? 0;
  return (
    <table class="plot-table">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Events</th>
          <th scope="col">Bytes</th>
        </tr>
      </thead>
      <tbody>
        {at.map((time) => (
          <tr key={time}>
            <td>{formatOffset(time)}</td>
            <td>{formatCount(valueAt(series.received, time))}</td>
            <td>{formatBytes(valueAt(series.bytes, time))}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
