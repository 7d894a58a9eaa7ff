import { useEffect, useRef, useState } from 'preact/hooks';
import { Icon } from '../components/icons';
import { formatCount } from '../format';
import { HistogramPlot, type HistogramPlotOptions } from './histogram-plot';
import type { HistogramBin } from './stream-series';
import { histogramSummary } from './summaries';
import { usePlot } from './use-plot';

export interface HistogramChartProps extends HistogramPlotOptions {
  title: string;
  bins: HistogramBin[];
  /** Grows when the bins did. */
  revision: number;
  note?: string | null;
  /** Said where there are no bins. */
  empty?: string | undefined;
}

/** A histogram with its title, its sense in words, and its table. */
export function HistogramChart(props: HistogramChartProps) {
  const { title, bins, revision, note, empty = 'Nothing to count yet.', ...options } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [asTable, setAsTable] = useState(false);
  const plot = usePlot(canvas, title, (element, palette) => new HistogramPlot(element, palette, options));
  useEffect(() => plot.current?.setBins(bins), [revision, bins.length]);
  return (
    <figure class="plot small">
      <figcaption>
        <span class="legend">
          <span class="legend-title">{title}</span>
        </span>
        <button
          type="button"
          class="icon-button"
          aria-label={`${title} as a table`}
          title="Show as a table"
          aria-pressed={asTable}
          onClick={() => setAsTable(!asTable)}
        >
          <Icon name="table" />
        </button>
      </figcaption>
      <div class="plot-area">
        <canvas ref={canvas} role="img" aria-label={histogramSummary(title, bins, options.formatEdge)} />
        {bins.length === 0 && <p class="plot-empty">{empty}</p>}
      </div>
      {note && <p class="plot-note">{note}</p>}
      {asTable && (
        <table class="plot-table">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Count</th>
            </tr>
          </thead>
          <tbody>
            {bins
              .filter((bin) => bin.count > 0)
              .map((bin) => (
                <tr key={bin.from}>
                  <td>{options.formatEdge(bin.from)}</td>
                  <td>{options.formatEdge(bin.to)}</td>
                  <td>{formatCount(bin.count)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      )}
    </figure>
  );
}
