import { useCallback, useRef, useState } from 'preact/hooks';
import type { RedactionOptions } from '../../exchange/redact';
import { useModel } from './context';
import { saveExport } from './files';
import { Icon } from './icons';
import { SaveDialog } from './save-dialog';

/** Saves the recording on show, by a dialog. */
export function ExportButton() {
  const model = useModel();
  const [open, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isEmpty = model.rows.value.length === 0;
  return (
    <>
      <button
        type="button"
        ref={button}
        class="tool-button"
        aria-label="Export"
        aria-haspopup="dialog"
        aria-disabled={isEmpty ? true : undefined}
        title={isEmpty ? 'There is nothing to export yet' : 'Save this recording as a file'}
        onClick={() => {
          if (!isEmpty) setOpen(true);
        }}
      >
        <Icon name="export" />
        <span class="wide-only">Export</span>
      </button>
      {open && (
        <ExportDialog
          onClose={() => {
            setOpen(false);
            button.current?.focus();
          }}
        />
      )}
    </>
  );
}

function ExportDialog({ onClose }: { onClose(): void }) {
  const model = useModel();
  const preview = useCallback(
    (options: RedactionOptions) => model.features.redactionPreview(model.trace, options),
    [model],
  );
  return (
    <SaveDialog
      title="Export this recording"
      formats={model.features.exports}
      preview={preview}
      save={(format, options, watch) => saveExport(model, format, options, watch)}
      onClose={onClose}
    />
  );
}
