import { useEffect, useRef, useState } from 'preact/hooks';
import { Tool } from '../components/zoom-tools';
import { type CurveLine, valueAt } from './curve-line';
import { CurvesPlot, type CurvesPlotOptions } from './curves-plot';
import { usePlot } from './use-plot';

export interface CurvesChartProps extends Omit<CurvesPlotOptions, 'onZoom'> {
  title: string;
  /** What it shows, in a sentence, for those who cannot see it. */
  summary: string;
  lines: readonly CurveLine[];
  /** Head of the first column of its table. */
  xTitle: string;
  note?: string | null;
  class?: string;
}

const TABLE_ROWS = 24;
const ZOOM_STEP = 1.6;

/** Curves with their title, legend, buttons, and the same as a table. */
export function CurvesChart(props: CurvesChartProps) {
  const { title, summary, lines, xTitle, note, zoomable = false, ...options } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const [asTable, setAsTable] = useState(false);
  const [isZoomed, setZoomed] = useState(false);
  const plot = usePlot(
    canvas,
    title,
    (element, palette) => new CurvesPlot(element, palette, { ...options, zoomable, onZoom: setZoomed }),
  );
  useEffect(() => {
    plot.current?.setLines(lines);
    setZoomed(false);
  }, [lines, title]);
  const isEmpty = lines.every(({ points }) => points.length === 0);
  return (
    <figure class={`plot ${props.class ?? 'small'}`}>
      <figcaption>
        <span class="legend">
          <span class="legend-title">{title}</span>
          {lines.length > 1 &&
            lines.map(({ label, look, unjoined }) => (
              <span key={label} class={`key curve-${look}${unjoined ? ' unjoined' : ''}`}>
                {label}
              </span>
            ))}
        </span>
        <span class="plot-tools" role="group" aria-label={`Tools of ${title}`}>
          {zoomable && (
            <>
              <Tool icon="plus" label="Zoom in" run={() => plot.current?.zoom(ZOOM_STEP)} />
              <Tool icon="minus" label="Zoom out" run={() => plot.current?.zoom(1 / ZOOM_STEP)} />
              <Tool
                icon="fit"
                label="Show everything"
                disabled={!isZoomed}
                run={() => plot.current?.reset()}
              />
            </>
          )}
          <Tool
            icon="table"
            label={`${title} as a table`}
            pressed={asTable}
            run={() => setAsTable(!asTable)}
          />
        </span>
      </figcaption>
      <div class="plot-area">
        <canvas ref={canvas} role="img" aria-label={summary} />
        {isEmpty && <p class="plot-empty">Nothing to show.</p>}
      </div>
      {note && <p class="plot-note">{note}</p>}
      {asTable && <CurvesTable lines={lines} xTitle={xTitle} options={options} />}
    </figure>
  );
}

function CurvesTable(props: {
  lines: readonly CurveLine[];
  xTitle: string;
  options: Pick<CurvesPlotOptions, 'formatX' | 'formatY'>;
}) {
  const { lines, xTitle, options } = props;
  const all = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
  const step = Math.max(1, Math.ceil(all.length / TABLE_ROWS));
  const rows = all.filter((_, index) => index % step === 0 || index === all.length - 1);
  return (
    <table class="plot-table">
      <thead>
        <tr>
          <th scope="col">{xTitle}</th>
          {lines.map(({ label }) => (
            <th scope="col" key={label}>
              {label}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {rows.map((x) => (
          <tr key={x}>
            <th scope="row">{options.formatX(x)}</th>
            {lines.map(({ label, points }) => {
              const y = valueAt(points, x);
              return <td key={label}>{y === null ? '–' : options.formatY(y)}</td>;
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
