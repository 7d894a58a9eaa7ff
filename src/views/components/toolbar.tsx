import { useRef } from 'preact/hooks';
import { formatCount, plural } from '../format';
import { toggleTerm } from '../model/filter';
import { useModel } from './context';
import { ExportButton } from './export-dialog';
import { openFile, openInDashboard } from './files';
import { FilterBox } from './filter-box';
import { Icon, SeverityIcon } from './icons';
import { LossList } from './loss-list';
import { PopoverButton } from './popup';

export function Toolbar() {
  const model = useModel();
  const { controls } = model;
  return (
    <div class="toolbar" role="toolbar" aria-label="Recording">
      {!controls.isFile && <RecordButtons />}
      {controls.setPreserveLog && <PreserveLog />}
      {!controls.isFile && <span class="divider" aria-hidden="true" />}
      <FilterBox />
      <Counts />
      <span class="spacer" />
      <Missing />
      {controls.reload && (
        <button
          type="button"
          class="tool-button"
          aria-label="Reload and record"
          title="Reload the page and record it from the start"
          onClick={() => controls.reload?.()}
        >
          <Icon name="reload" />
          <span class="wide-only">Reload and record</span>
        </button>
      )}
      <span class="divider" aria-hidden="true" />
      <button
        type="button"
        class="tool-button toggle"
        aria-label="Recipes"
        aria-pressed={model.recipes.isOpen.value}
        title="All recipes: search them, by platform and by report"
        onClick={() => {
          if (model.recipes.isOpen.value) model.recipes.close();
          else model.recipes.show();
        }}
      >
        <Icon name="book" />
        <span class="wide-only">Recipes</span>
      </button>
      {!controls.isFile && <ImportButton />}
      <ExportButton />
      {controls.openDashboard && (
        <button
          type="button"
          class="tool-button"
          aria-label="Open in dashboard"
          title="Open this recording in a tab of its own"
          onClick={() => void openInDashboard(model)}
        >
          <Icon name="open" />
          <span class="wide-only">Open in dashboard</span>
        </button>
      )}
    </div>
  );
}

function RecordButtons() {
  const model = useModel();
  const { controls } = model;
  const recording = model.state.value === 'recording';
  return (
    <>
      <button
        type="button"
        class={`icon-button record${recording ? ' on' : ''}`}
        aria-pressed={recording}
        aria-label="Record"
        title={recording ? 'Pause recording' : 'Resume recording'}
        onClick={() => (recording ? controls.pause() : controls.resume())}
      >
        <Icon name="record" filled={recording} />
      </button>
      <button
        type="button"
        class="icon-button"
        aria-label="Clear"
        title="Clear the recording"
        onClick={() => controls.clear()}
      >
        <Icon name="clear" />
      </button>
    </>
  );
}

function ImportButton() {
  const model = useModel();
  const picker = useRef<HTMLInputElement>(null);
  return (
    <>
      <button
        type="button"
        class="tool-button"
        aria-label="Import"
        title="Open a trace or a HAR file (or drop one here)"
        onClick={() => picker.current?.click()}
      >
        <Icon name="import" />
        <span class="wide-only">Import</span>
      </button>
      <input
        ref={picker}
        type="file"
        class="offscreen"
        tabIndex={-1}
        aria-hidden="true"
        accept=".json,.har,.gz,application/json"
        onChange={(event) => {
          const field = event.currentTarget;
          const file = field.files?.[0];
          if (file) void openFile(model, file);
          // The same file may be picked again.
          field.value = '';
        }}
      />
    </>
  );
}

function PreserveLog() {
  const model = useModel();
  const on = model.preserveLog.value;
  return (
    <button
      type="button"
      class={`tool-button toggle${on ? ' on' : ''}`}
      aria-pressed={on}
      aria-label="Preserve log"
      title="Preserve log: keep streams when the page navigates"
      onClick={() => model.setPreserveLog(!on)}
    >
      <Icon name="keep" />
      <span class="wide-only">Preserve log</span>
    </button>
  );
}

/** Errors and warnings; each filters the table by its severity. Always there, so that nothing shifts. */
function Counts() {
  const model = useModel();
  const { errors, warnings } = model.totals.value;
  const words = model.filterText.value.split(/\s+/);
  return (
    <div class="counts" role="group" aria-label="Findings">
      {(['error', 'warning'] as const).map((severity) => {
        const count = severity === 'error' ? errors : warnings;
        const term = `severity:${severity}`;
        return (
          <button
            type="button"
            key={severity}
            class={`count ${count > 0 ? severity : 'none'}`}
            aria-pressed={words.includes(term)}
            aria-label={plural(count, severity)}
            title={`${plural(count, severity)}: show only their streams`}
            onClick={() => {
              model.filterText.value = toggleTerm(model.filterText.value, term);
            }}
          >
            <SeverityIcon severity={severity} />
            <span class="number">{formatCount(count)}</span>{' '}
            <span class="wide-only">{count === 1 ? severity : `${severity}s`}</span>
          </button>
        );
      })}
    </div>
  );
}

function Missing() {
  const losses = useModel().losses.value;
  if (losses.length === 0) return null;
  return (
    <PopoverButton
      class="tool-button missing"
      name={`Missing ${losses.length}: what this recording does not hold`}
      label={
        <>
          <Icon name="gap" />
          <span class="wide-only">Missing</span> <span class="number">{losses.length}</span>
        </>
      }
    >
      <LossList losses={losses} />
    </PopoverButton>
  );
}
