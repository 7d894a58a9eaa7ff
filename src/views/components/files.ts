import { saveFile } from '../clipboard';
import type { ExportFormat } from '../features';
import { plural } from '../format';
import type { PanelModel } from '../model/panel-model';
import type { MenuItem } from './popup';

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

export function exportItems(model: PanelModel): MenuItem[] {
  const empty = model.rows.value.length === 0 ? 'There is nothing to export yet.' : undefined;
  return model.features.exports.map((format) => ({
    label: format.label,
    hint: format.suffix,
    ...(empty ? { disabledReason: empty } : {}),
    run: () => void save(model, format),
  }));
}

async function save(model: PanelModel, format: ExportFormat): Promise<void> {
  const { trace, recording } = model;
  try {
    const content = await format.make(trace, recording.diagnosis);
    saveFile(fileName(trace.meta.pageUrl, format.suffix), content, format.mediaType);
  } catch (error) {
    model.notify(`The export failed: ${messageOf(error)}`, 'error');
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
