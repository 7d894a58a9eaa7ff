import { ArrivalChart } from '../charts/arrival-chart';
import { HistogramChart } from '../charts/histogram-chart';
import { BUFFER_QUANTA, upperBound } from '../charts/stream-series';
import { quantumNote } from '../charts/summaries';
import { useModel } from '../components/context';
import { EmptyState } from '../components/empty-state';
import { formatBytes, formatDuration } from '../format';
import { streamLossText } from '../model/losses';
import { longestSilenceMs } from '../model/stream-row';

/** Chunks looked at for the note on buffer sizes: the first of them are enough to tell. */
const SIZE_SAMPLE = 2000;
const SIZE_MARKS = BUFFER_QUANTA.map((value) => ({ value, label: `${value / 1024} KB` }));

export function TimingTab({ streamId }: { streamId: string }) {
  const model = useModel();
  const revision = model.revision.value;
  const series = model.series(streamId);
  const stream = model.stream(streamId);
  if (!series || !stream) return <EmptyState title="This stream has not been measured yet." />;
  const { facts } = series;
  const hasTimes = series.bytes.atMs.length > 0 || series.received.atMs.length > 0;
  const loss = stream.losses.find(
    (one) => one === 'no-chunk-times' || one === 'consumed-natively' || one === 'opaque',
  );
  if (!hasTimes) {
    const text = loss && streamLossText(loss);
    return (
      <EmptyState title={stream.end ? 'No arrival was recorded.' : 'Nothing has arrived yet.'}>
        <p>
          {text?.what ??
            (stream.end ? 'The stream ended without a body.' : 'The plot begins with the first byte.')}
        </p>
        {text?.remedy && <p>{text.remedy}</p>}
      </EmptyState>
    );
  }
  const { events } = facts.decoded;
  const index = model.eventIndex.value;
  const at = index === null ? undefined : events.atMs[index];
  const sizes = (stream.chunks.atMs.length > 0 ? stream.chunks : stream.messages).byteLength.slice(
    0,
    SIZE_SAMPLE,
  );
  return (
    <div class="timing scroll" key={streamId}>
      <dl class="numbers">
        <Measure label="First byte" value={formatDuration(facts.firstByteMs)} />
        <Measure label={stream.end ? 'Duration' : 'Open for'} value={formatDuration(facts.ageMs)} />
        <Measure label="Median gap" value={series.gapTotal > 0 ? formatDuration(facts.gaps.medianMs) : '–'} />
        <Measure label="Longest gap" value={formatDuration(longestSilenceMs(stream, facts))} />
        <Measure
          label={stream.end ? 'Silence before the end' : 'Silent for'}
          value={formatDuration(facts.tailSilenceMs)}
        />
        {facts.serverClock && (
          <Measure label="Server's own spread" value={formatDuration(facts.serverClock.sentSpreadMs)} />
        )}
      </dl>
      {loss && <p class="inline-note">{streamLossText(loss).what}</p>}
      <ArrivalChart
        series={series}
        revision={revision}
        cursorMs={at === undefined ? null : at - series.startedAtMs}
        focus={model.timingFocus.value}
        onPick={(atMs) => {
          if (events.atMs.length === 0) return;
          const after = upperBound(events.atMs, atMs + series.startedAtMs);
          const before = Math.max(0, after - 1);
          const nearer =
            Math.abs((events.atMs[after] ?? Number.POSITIVE_INFINITY) - series.startedAtMs - atMs) <
            Math.abs((events.atMs[before] ?? 0) - series.startedAtMs - atMs)
              ? after
              : before;
          model.eventIndex.value = nearer;
        }}
      />
      {index !== null && at !== undefined && (
        <p class="inline-note cursor-note">
          Cursor on event #{index + 1} at {formatDuration(at - series.startedAtMs)}.{' '}
          <button type="button" class="link" onClick={() => model.select(streamId, 'events')}>
            Show it in Events
          </button>
        </p>
      )}
      <div class="plot-pair">
        <HistogramChart
          title="Gaps between deliveries"
          bins={series.gapHistogram()}
          revision={revision}
          colour="arrived"
          formatEdge={formatEdgeMs}
          empty={stream.end ? 'Everything came in one delivery: there is no gap to count.' : undefined}
        />
        <HistogramChart
          title="Chunk sizes"
          bins={series.sizeHistogram()}
          revision={revision}
          colour="bytes"
          formatEdge={(value) => formatBytes(value)}
          marks={SIZE_MARKS}
          note={quantumNote(sizes)}
        />
      </div>
    </div>
  );
}

function Measure({ label, value }: { label: string; value: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Edges of log bins, short: "0.1 ms", "18 ms", "3.2 s". */
function formatEdgeMs(ms: number): string {
  if (ms < 1000) return `${Number(ms.toPrecision(2))} ms`;
  return ms < 60_000 ? `${Number((ms / 1000).toPrecision(2))} s` : formatDuration(ms);
}
