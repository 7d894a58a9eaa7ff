import { useRef } from 'preact/hooks';
import { Icon } from '../../components/icons';
import { useDashboard } from '../model/context';

/** The button that opens the browser's file dialog. */
export function OpenFiles({ isPill = false }: { isPill?: boolean }) {
  const model = useDashboard();
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class={isPill ? 'pill' : 'tool-button'}
        title="Open trace and HAR files (or drop them anywhere)"
        onClick={() => picker.current?.click()}
      >
        {!isPill && <Icon name="import" />}
        Open files…
      </button>
      <input
        ref={picker}
        type="file"
        multiple
        class="offscreen"
        tabIndex={-1}
        aria-hidden="true"
        accept=".json,.har,.gz,application/json"
        onChange={(event) => {
          const field = event.currentTarget;
          const files = [...(field.files ?? [])];
          // The same file may be picked again.
          field.value = '';
          if (files.length > 0) void model.addFiles(files);
        }}
      />
    </>
  );
}
