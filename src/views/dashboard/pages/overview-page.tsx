import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import {
  type EndpointHealth,
  type Outcome,
  openStreams,
  type Spread,
  type TraceHealth,
} from '../../../diagnose/facts/health';
import { CurvesChart } from '../../charts/curves-chart';
import { HistogramChart } from '../../charts/histogram-chart';
import { EmptyState } from '../../components/empty-state';
import { SeverityIcon } from '../../components/icons';
import { formatCount, formatDuration, plural } from '../../format';
import { useDashboard } from '../model/context';
import { type Opened, recordingRoute } from '../model/dashboard-model';
import { histogramOf } from '../model/log-bins';
import { hashOf } from '../model/route';
import { type EndpointFigures, EndpointTable, FigureCells } from './endpoint-table';
import { formatRate } from './words';

const COLUMNS = 240;

const OUTCOME_WORDS: Record<Outcome, string> = {
  complete: 'complete',
  cut: 'cut',
  failed: 'failed',
  refused: 'refused',
  unanswered: 'ended without a word',
  page: 'ended by the page',
  client: 'lost with the own network',
  open: 'still open',
};

/** The figures by which a service is watched, over one recording. */
export function OverviewPage({ opened }: { opened: Extract<Opened, { state: 'open' }> }) {
  const { health, id } = opened;
  const model = useDashboard();
  if (health.streams === 0 && health.endpoints.length === 0) {
    return (
      <EmptyState
        title="No stream in this recording."
        action={
          <button type="button" class="pill" onClick={() => model.go(recordingRoute(id, 'streams'))}>
            Show its {plural(health.calls, 'request')}
          </button>
        }
      >
        <p>
          It holds {plural(health.calls, 'ordinary request')}. Record while the page streams: reload it with
          the panel open, then use what streams.
        </p>
      </EmptyState>
    );
  }
  return (
    <div class="page-scroll overview" tabIndex={0} role="group" aria-label="Overview">
      <Figures health={health} />
      <div class="overview-columns">
        <Findings health={health} id={id} />
        <Causes health={health} />
      </div>
      <Endpoints health={health} id={id} />
      <Plots health={health} />
    </div>
  );
}

function Figures({ health }: { health: TraceHealth }) {
  const { outcomes, connections, completion } = health;
  const bad = (outcomes.cut ?? 0) + (outcomes.failed ?? 0) + (outcomes.refused ?? 0);
  const others = (['open', 'page', 'client', 'unanswered'] as const).filter((one) => outcomes[one]);
  return (
    <dl class="tiles">
      <Tile
        label="Streams that completed"
        value={formatRate(completion)}
        tone={completion.of > 0 && completion.done < completion.of ? 'bad' : undefined}
      >
        {completion.done} of {formatCount(completion.of)}
        {others.length > 0 &&
          `; not counted: ${others.map((one) => `${outcomes[one]} ${OUTCOME_WORDS[one]}`).join(', ')}`}
      </Tile>
      <Tile
        label="Cut, failed or refused"
        value={formatRate({ done: bad, of: completion.of })}
        tone={bad > 0 ? 'bad' : undefined}
      >
        {outcomes.cut ?? 0} cut, {outcomes.failed ?? 0} failed, {outcomes.refused ?? 0} refused
      </Tile>
      <SpreadTile label="Duration" spread={health.duration} mean />
      <SpreadTile label="First byte" spread={health.firstByte} />
      <SpreadTile label="Time to answer" spread={health.answer} />
      <Tile
        label="Server errors (5xx)"
        value={formatCount(health.serverErrors)}
        tone={toneOf(health.serverErrors)}
      >
        {formatCount(health.rejectedConnections)} rejected{' '}
        {health.rejectedConnections === 1 ? 'connection' : 'connections'}
      </Tile>
      <Tile
        label="Connections opened"
        value={formatRate(connections.opened)}
        tone={connections.opened.done < connections.opened.of ? 'bad' : undefined}
      >
        {connections.opened.of === 0
          ? 'no WebSocket, EventSource or Socket.IO'
          : `${connections.opened.done} of ${connections.opened.of}`}
      </Tile>
      <SpreadTile label="Time to connect" spread={connections.connect} mean />
      <Tile
        label="Upgrades to WebSocket"
        value={formatRate(connections.upgraded)}
        tone={connections.upgraded.done < connections.upgraded.of ? 'bad' : undefined}
      >
        {connections.upgraded.of === 0
          ? 'no Socket.IO session tried'
          : `${connections.upgraded.done} of ${connections.upgraded.of}${
              connections.upgrade.medianMs === null
                ? ''
                : `, median ${formatDuration(connections.upgrade.medianMs)}`
            }`}
      </Tile>
      <Tile
        label="Reconnects"
        value={formatCount(connections.reconnects)}
        tone={toneOf(connections.reconnects)}
      >
        after a connection that ended by itself
      </Tile>
    </dl>
  );
}

function toneOf(count: number): 'bad' | undefined {
  return count > 0 ? 'bad' : undefined;
}

function Tile(props: {
  label: string;
  value: string;
  tone?: 'bad' | undefined;
  children?: ComponentChildren;
}) {
  return (
    <div class={`tile ${props.tone ?? ''}`}>
      <dt>{props.label}</dt>
      <dd class="tile-value">{props.value}</dd>
      <dd class="tile-note">{props.children}</dd>
    </div>
  );
}

/** The median, or the mean where the documents ask for an average; the rest beneath. */
function SpreadTile({ label, spread, mean = false }: { label: string; spread: Spread; mean?: boolean }) {
  return (
    <Tile
      label={`${label}, ${mean ? 'mean' : 'median'}`}
      value={formatDuration(mean ? spread.meanMs : spread.medianMs)}
    >
      {spread.count === 0
        ? 'nothing was measured'
        : `${mean ? `median ${formatDuration(spread.medianMs)}, ` : ''}95 % within ${formatDuration(spread.p95Ms)}, longest ${formatDuration(spread.longestMs)}`}
    </Tile>
  );
}

function Findings({ health, id }: { health: TraceHealth; id: string }) {
  const { error, warning, info } = health.severities;
  return (
    <section class="block" aria-labelledby="overview-findings">
      <h3 id="overview-findings">
        Findings{' '}
        <span class="dim">{`${plural(error, 'error')}, ${plural(warning, 'warning')}, ${info} to know`}</span>
      </h3>
      {health.findings.length === 0 ? (
        <p class="dim">Nothing is wrong with what was recorded.</p>
      ) : (
        <table class="data-table">
          <thead>
            <tr>
              <th scope="col">Finding</th>
              <th scope="col">Severity</th>
              <th scope="col" class="numeric">
                Streams
              </th>
            </tr>
          </thead>
          <tbody>
            {health.findings.map((finding) => (
              <tr key={`${finding.id} ${finding.severity}`}>
                <th scope="row">
                  <a href={hashOf(recordingRoute(id, 'streams', `finding:${finding.id}`))}>{finding.title}</a>
                </th>
                <td>
                  <span class={`severity ${finding.severity}`}>
                    <SeverityIcon severity={finding.severity} /> {finding.severity}
                  </span>
                </td>
                <td class="numeric">{formatCount(finding.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Causes({ health }: { health: TraceHealth }) {
  const { causes, completion } = health;
  return (
    <section class="block" aria-labelledby="overview-causes">
      <h3 id="overview-causes">Why streams did not complete</h3>
      {causes.length === 0 ? (
        <p class="dim">
          {completion.of === 0 ? 'No stream has ended yet.' : 'All that ended on their own were whole.'}
        </p>
      ) : (
        <table class="data-table">
          <thead>
            <tr>
              <th scope="col">Cause</th>
              <th scope="col" class="numeric">
                Streams
              </th>
              <th scope="col" class="numeric">
                Share
              </th>
              <td />
            </tr>
          </thead>
          <tbody>
            {causes.map(({ cause, count }) => (
              <tr key={cause}>
                <th scope="row">
                  <code>{cause}</code>
                </th>
                <td class="numeric">{formatCount(count)}</td>
                <td class="numeric">{formatRate({ done: count, of: completion.of })}</td>
                <td class="bar-cell" aria-hidden="true">
                  <meter min={0} max={Math.max(1, completion.of)} value={count} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Endpoints({ health, id }: { health: TraceHealth; id: string }) {
  return (
    <section class="block" aria-labelledby="overview-endpoints">
      <h3 id="overview-endpoints">By endpoint</h3>
      <EndpointTable label="Endpoints" own={['Endpoint']}>
        {health.endpoints.map((endpoint) => (
          <tr key={endpoint.endpoint}>
            <th scope="row" class="endpoint-cell" title={endpoint.endpoint}>
              {endpoint.endpoint}
            </th>
            <FigureCells figures={figuresOf(endpoint)} id={id} />
          </tr>
        ))}
      </EndpointTable>
      {health.endpointsLeftOut > 0 && (
        <p class="dim">{plural(health.endpointsLeftOut, 'more endpoint')} without anything urgent.</p>
      )}
    </section>
  );
}

function figuresOf({
  streams,
  completion,
  firstByte,
  longestGap,
  findings,
}: EndpointHealth): EndpointFigures {
  return {
    streams,
    completion,
    firstByteMs: firstByte.medianMs,
    firstByteWorstMs: firstByte.p95Ms,
    longestGapMs: longestGap.longestMs,
    findings,
  };
}

function Plots({ health }: { health: TraceHealth }) {
  const load = useMemo(() => {
    const { atMs, open, bad } = openStreams(health, COLUMNS);
    const peak = Math.max(0, ...open);
    return {
      peak,
      lines: [
        {
          label: 'open',
          look: 'first' as const,
          stepped: true,
          points: atMs.map((x, index) => ({ x, y: open[index]! })),
        },
        {
          label: 'cut, failed or refused there',
          look: 'bad' as const,
          marked: true,
          unjoined: true,
          points: atMs.flatMap((x, index) => (bad[index]! > 0 ? [{ x, y: bad[index]! }] : [])),
        },
      ],
    };
  }, [health]);
  const firstByte = useMemo(() => histogramOf(health.firstByteBins, health.binEdgesMs), [health]);
  const gaps = useMemo(() => histogramOf(health.gapBins, health.binEdgesMs), [health]);
  return (
    <section class="block" aria-labelledby="overview-plots">
      <h3 id="overview-plots">Over the recording</h3>
      <CurvesChart
        title="Streams over time"
        summary={`Streams open at once: at most ${load.peak}, over ${formatDuration(health.endMs)}.`}
        xTitle="Time"
        lines={load.lines}
        formatX={formatDuration}
        formatY={formatCount}
        leastTop={4}
        wholeY
        note={health.spansLeftOut > 0 ? `${plural(health.spansLeftOut, 'later stream')} not drawn.` : null}
      />
      <div class="plot-pair">
        <HistogramChart
          title="Time to first byte"
          bins={firstByte}
          revision={1}
          colour="arrived"
          formatEdge={formatDuration}
          note="One value per stream."
        />
        <HistogramChart
          title="Silences between deliveries"
          bins={gaps}
          revision={1}
          colour="bytes"
          formatEdge={formatDuration}
          note="All streams together. Time grows by doubling to the right, as beside it."
        />
      </div>
    </section>
  );
}
