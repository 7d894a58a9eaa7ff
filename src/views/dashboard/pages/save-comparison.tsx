import { useCallback, useRef, useState } from 'preact/hooks';
import { COMPARISON_FORMATS, type ComparisonFormat } from '../../../exchange/export/comparison-formats';
import type { ExportOptions } from '../../../exchange/export/formats';
import type { RedactionOptions } from '../../../exchange/redact';
import { messageOf } from '../../../lib/error-message';
import { saveFile } from '../../clipboard';
import { exportName } from '../../components/files';
import { SaveDialog } from '../../components/save-dialog';
import type { ExportWatch } from '../../features';
import { useDashboard } from '../model/context';
import type { Pairing } from '../model/dashboard-model';
import { Cancelled } from '../work/workshop';

/** Saves a comparison to show to others, by a dialog. */
export function SaveComparison({ pairing }: { pairing: Pairing }) {
  const model = useDashboard();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const preview = useCallback(
    (options: RedactionOptions) => model.previewComparison(pairing, options),
    [model, pairing],
  );
  const save = async (format: ComparisonFormat, options: ExportOptions, watch: ExportWatch) => {
    try {
      const file = await model.exportComparison(pairing, format.id, options, watch);
      const subject = `${pairing.a.name}-and-${pairing.b.name}`;
      saveFile(exportName(subject, format, options), file, format.mediaType);
      return true;
    } catch (error) {
      if (!(error instanceof Cancelled)) {
        model.notify(`The comparison could not be saved: ${messageOf(error)}`, 'error');
      }
      return false;
    }
  };
  return (
    <>
      <button type="button" ref={button} class="pill" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        Save comparison
      </button>
      {isOpen && (
        <SaveDialog
          title="Save this comparison"
          formats={COMPARISON_FORMATS}
          preview={preview}
          save={save}
          onClose={() => {
            setOpen(false);
            button.current?.focus();
          }}
        />
      )}
    </>
  );
}
