import { formatBytes, formatDuration, plural } from '../format';
import { BUFFER_QUANTA, type HistogramBin, type StreamSeries } from './stream-series';

/** The arrival plot in words. */
export function arrivalSummary(series: StreamSeries): string {
  const { facts } = series;
  const parts = [
    `${plural(series.received.totals.length, 'event')} and ${formatBytes(series.bytes.totals.at(-1) ?? 0)} over ${formatDuration(series.spanMs)}`,
  ];
  if (facts.firstByteMs !== null) parts.push(`first byte after ${formatDuration(facts.firstByteMs)}`);
  const [longest] = series.longest;
  if (longest)
    parts.push(
      `longest gap ${formatDuration(longest.toMs - longest.fromMs)} at ${formatDuration(longest.fromMs)}`,
    );
  const clock = facts.serverClock;
  if (clock) {
    parts.push(
      `the server spread ${plural(clock.count, 'event')} over ${formatDuration(clock.sentSpreadMs)}, they arrived within ${formatDuration(clock.arrivalSpreadMs)}`,
    );
  }
  if (series.doubtful.atMs.length > 0) {
    parts.push(`${plural(series.doubtful.atMs.length, 'arrival')} earlier than shown by an unknown amount`);
  }
  return `Arrival curve: ${parts.join('; ')}.`;
}

/** A histogram in words: its fullest bin, and how many there are. */
export function histogramSummary(
  name: string,
  bins: readonly HistogramBin[],
  format: (value: number) => string,
): string {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const [fullest] = [...bins].sort((a, b) => b.count - a.count);
  if (!fullest || total === 0) return `${name}: nothing to count yet.`;
  return `${name}: ${plural(total, 'value')}; most (${Math.round((fullest.count / total) * 100)} %) between ${format(fullest.from)} and ${format(fullest.to)}.`;
}

/** Share of chunks whose size lies within 3 % of a buffer quantum; null when none does. */
export function quantumNote(sizes: readonly number[]): string | null {
  for (const quantum of BUFFER_QUANTA) {
    const near = sizes.filter((size) => Math.abs(size - quantum) <= quantum * 0.03).length;
    if (sizes.length >= 4 && near / sizes.length > 0.3) {
      return `${Math.round((near / sizes.length) * 100)} % of the chunks are about ${formatBytes(quantum)}, a usual buffer size.`;
    }
  }
  return null;
}
