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
    const name = exportName(hostName(trace.meta.pageUrl), format, options);
    saveFile(name, new Blob([...pieces]), format.mediaType);
    return true;
  } catch (error) {
    if (!watch.signal.aborted) model.notify(`The export failed: ${messageOf(error)}`, 'error');
    return false;
  }
}

/** `streamgauge-stage.example.org-2026-11-21T14-03-12.html`; what holds secrets says so. */
export function exportName(
  subject: string,
  { extension }: Pick<ExportChoice, 'extension'>,
  { redact }: ExportOptions,
): string {
  const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-');
  const safe = subject.replace(/[^\p{L}\p{N}_.-]+/gu, '-').slice(0, 100);
  return `streamgauge-${safe}-${stamp}${redact === false ? '.secret' : ''}${extension}`;
}

function hostName(pageUrl: string | null): string {
  try {
    return new URL(pageUrl ?? '').host || 'recording';
  } catch {
    // No page, or none with an address: the general name will do.
    return 'recording';
  }
}
