import type { ExportOptions } from '../../exchange/export/formats';
import { messageOf } from '../../lib/error-message';
import { endedTrace } from '../../store/ended-trace';
import { saveFile } from '../clipboard';
import type { ExportChoice, ExportWatch } from '../features';
import { plural } from '../format';
import type { PanelModel } from '../model/panel-model';

/** Opens a trace or HAR in place of the recording; says why when it cannot. */
export async function openFile(model: PanelModel, file: File): Promise<void> {
  try {
    const { trace, problems } = await model.features.readFile(file);
    model.select(null);
    model.controls.open(trace);
    model.notify(`Opened ${file.name}. Clear to go back to recording.`);
    const [first] = problems;
    if (first) {
      const more = problems.length > 1 ? ` And ${plural(problems.length - 1, 'more problem')}.` : '';
      model.notify(`Not all of ${file.name} could be read. ${first}${more}`, 'warning');
    }
  } catch (error) {
    model.notify(messageOf(error), 'error');
  }
}

/** Opens the dashboard with the recording on show; without it, and saying so, when it cannot be handed over. */
export async function openInDashboard(model: PanelModel): Promise<void> {
  try {
    if (model.trace.streams.length > 0) await model.features.leaveForDashboard?.(endedTrace(model.recording));
  } catch (error) {
    model.notify(`The recording could not be handed over: ${messageOf(error)}`, 'error');
  }
  model.controls.openDashboard?.();
}

/** Saves the recording on show; says why when it cannot. True when the file was handed to the browser. */
export async function saveExport(
  model: PanelModel,
  format: ExportChoice,
  options: ExportOptions,
  watch: ExportWatch,
): Promise<boolean> {
  const { recording } = model;
  const trace = endedTrace(recording);
  try {
    const pieces = await format.export(trace, recording.diagnosis, options, watch);
    if (watch.signal.aborted) return false;
    // What holds secrets says so in its name.
    const suffix = options.redact === false ? `.secret${format.extension}` : format.extension;
    saveFile(fileName(trace.meta.pageUrl, suffix), new Blob([...pieces]), format.mediaType);
    return true;
  } catch (error) {
    if (!watch.signal.aborted) model.notify(`The export failed: ${messageOf(error)}`, 'error');
    return false;
  }
}

function fileName(pageUrl: string | null, suffix: string): string {
  let host = 'recording';
  try {
    host = new URL(pageUrl ?? '').host.replace(/[^\w.-]+/g, '-') || host;
  } catch {
    // No page, or none with an address: the general name will do.
  }
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  return `streamgauge-${host}-${stamp}${suffix}`;
}
