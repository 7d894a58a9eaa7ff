import { hostOf } from '../../diagnose/facts/endpoint';
import { formatTimeOfDay, plural } from '../format';
import { joinedLate } from '../model/losses';
import { countStreams } from '../model/table-items';
import { useModel } from './context';

/** One quiet line: since when, how much, what was lost, and whose page it is. */
export function StatusBar() {
  const model = useModel();
  // The trace is not a signal; the revision says when it moved.
  void model.revision.value;
  const { trace } = model;
  const { streams, events, consumedNatively } = model.totals.value;
  const shown = countStreams(model.items.value, model.filter.value);
  const dropped = trace.loss.droppedRecords + trace.loss.overLimitRecords;
  return (
    <footer class="status-bar">
      <span>{recordingText(trace, model.state.value, model.controls.isFile ?? false)}</span>
      <span class="number">
        {shown === streams ? plural(streams, 'stream') : `${shown} of ${plural(streams, 'stream')}`} ·{' '}
        {plural(events, 'event')}
      </span>
      <span class={`number ${dropped > 0 ? 'bad' : 'nothing'}`}>{plural(dropped, 'record')} dropped</span>
      <span class={`number${consumedNatively > 0 ? '' : ' nothing'}`}>
        {plural(consumedNatively, 'body', 'bodies')} consumed natively
      </span>
      <span class="spacer" />
      <span class="host" title={trace.meta.pageUrl ?? undefined}>
        {hostOf(trace.meta.pageUrl)}
      </span>
    </footer>
  );
}

function recordingText(trace: Parameters<typeof joinedLate>[0], state: string, isFile: boolean): string {
  if (trace.meta.recorder === 'har') return 'From a HAR file';
  if (isFile) return joinedLate(trace) ? 'From a trace file (joined late)' : 'From a trace file';
  if (state === 'paused') return 'Paused';
  if (joinedLate(trace))
    return `Recording since ${formatTimeOfDay(trace.meta.originEpochMs).slice(0, 8)} (joined late)`;
  return 'Recording since page load';
}
