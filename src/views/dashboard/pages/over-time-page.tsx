import { useEffect, useMemo } from 'preact/hooks';
import { hostOf } from '../../../diagnose/facts/endpoint';
import { CurvesChart } from '../../charts/curves-chart';
import { EmptyState } from '../../components/empty-state';
import { formatCount, formatDuration, plural } from '../../format';
import { SUMMARY_VERSION } from '../library/entry';
import { useDashboard } from '../model/context';
import { recordingRoute } from '../model/dashboard-model';
import { endpointHistories, type Moment, momentsOf } from '../model/over-time';
import { hashOf } from '../model/route';
import { EndpointTable, FigureCells } from './endpoint-table';
import { OpenFiles } from './open-files';
import { formatDateTime } from './words';

/** One endpoint over all recordings that saw it. */
export function OverTimePage({ chosen }: { chosen: string | null }) {
  const model = useDashboard();
  const entries = model.entries.value;
  const histories = useMemo(() => endpointHistories(entries), [entries]);
  const hasStale = entries.some(({ summary }) => summary.version !== SUMMARY_VERSION);
  useEffect(() => {
    if (hasStale) void model.measureStale();
  }, [hasStale, model]);
  const history = histories.find((one) => one.name === chosen) ?? histories[0];
  const moments = useMemo(() => (history ? momentsOf(history) : []), [history]);
  if (!history) {
    return (
      <EmptyState title="Nothing to follow yet." action={<OpenFiles isPill />}>
        <p>
          Add recordings of the same page, made at different times or places: here you see how its endpoints
          fared from one to the next.
        </p>
      </EmptyState>
    );
  }
  return (
    <section class="page over-time" aria-labelledby="over-time-title">
      <header class="page-head">
        <h2 id="over-time-title">Over time</h2>
        <label class="choice">
          Endpoint
          <select
            value={history.name}
            onChange={(event) => model.go({ page: 'over-time', endpoint: event.currentTarget.value })}
          >
            {histories.map((one) => (
              <option key={one.name} value={one.name}>
                {one.name} ({plural(one.sightings.length, 'recording')})
              </option>
            ))}
          </select>
        </label>
        <span class="dim">The same method and path, whatever the host.</span>
      </header>
      <div class="page-scroll" tabIndex={0} role="group" aria-label="Endpoint over time">
        {moments.length === 1 && (
          <p class="hint">
            Only one recording saw this endpoint. Add another of the same page, and a line appears.
          </p>
        )}
        <Plots name={history.name} moments={moments} />
        <MomentTable moments={moments} />
      </div>
    </section>
  );
}

function Plots({ name, moments }: { name: string; moments: readonly Moment[] }) {
  const lines = useMemo(() => {
    const along = (of: (moment: Moment) => number | null) =>
      moments.flatMap((moment, x) => {
        const y = of(moment);
        return y === null ? [] : [{ x, y }];
      });
    return {
      firstByte: [
        { label: 'median', look: 'first' as const, marked: true, points: along((one) => one.firstByteMs) },
        {
          label: '95 % within',
          look: 'second' as const,
          marked: true,
          points: along((one) => one.firstByteWorstMs),
        },
      ],
      gap: [
        { label: 'longest', look: 'first' as const, marked: true, points: along((one) => one.longestGapMs) },
      ],
      findings: [
        { label: 'errors', look: 'bad' as const, marked: true, points: along((one) => one.errors) },
        { label: 'warnings', look: 'second' as const, marked: true, points: along((one) => one.warnings) },
      ],
      completion: [
        {
          label: 'complete',
          look: 'first' as const,
          marked: true,
          points: along(({ completion }) =>
            completion.of === 0 ? null : (completion.done / completion.of) * 100,
          ),
        },
      ],
    };
  }, [moments]);
  const nth = (value: number) => shortName(moments[Math.round(value)]);
  const common = { xTitle: 'Recording', formatX: nth, wholeX: true };
  const over = `over ${plural(moments.length, 'recording')}`;
  return (
    <div class="plot-pair">
      <CurvesChart
        {...common}
        title="First byte"
        summary={`Time to first byte of ${name} ${over}; the table below holds the numbers.`}
        lines={lines.firstByte}
        formatY={formatDuration}
      />
      <CurvesChart
        {...common}
        title="Longest gap"
        summary={`Longest silence of ${name} ${over}; the table below holds the numbers.`}
        lines={lines.gap}
        formatY={formatDuration}
      />
      <CurvesChart
        {...common}
        title="Findings"
        summary={`Errors and warnings of ${name} ${over}; the table below holds the numbers.`}
        lines={lines.findings}
        formatY={formatCount}
        leastTop={3}
        wholeY
      />
      <CurvesChart
        {...common}
        title="Streams that completed"
        summary={`Share of whole streams of ${name} ${over}; the table below holds the numbers.`}
        lines={lines.completion}
        formatY={(value) => `${Math.round(value)} %`}
        leastTop={100}
        stepY={50}
      />
    </div>
  );
}

/** What fits under an axis. */
function shortName(moment: Moment | undefined): string {
  const name = moment?.entry.name ?? '';
  return name.length > 16 ? `${name.slice(0, 15)}…` : name;
}

function MomentTable({ moments }: { moments: readonly Moment[] }) {
  return (
    <EndpointTable label="Recordings of this endpoint" own={['Recording', 'Page', 'Recorded']}>
      {moments.map((moment) => (
        <tr key={moment.entry.id}>
          <th scope="row" class="name-cell">
            <a href={hashOf(recordingRoute(moment.entry.id))}>{moment.entry.name}</a>
          </th>
          <td class="dim cut">{hostOf(moment.entry.summary.pageUrl) || '–'}</td>
          <td class="number">{formatDateTime(moment.entry.summary.recordedEpochMs)}</td>
          <FigureCells figures={moment} id={moment.entry.id} />
        </tr>
      ))}
    </EndpointTable>
  );
}
