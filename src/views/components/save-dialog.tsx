import '../styles/export.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ExportFormat, ExportOptions } from '../../exchange/export/formats';
import type { RedactionOptions, RedactionPreview } from '../../exchange/redact';
import type { ExportWatch } from '../features';
import { formatCount, plural } from '../format';
import { newSalt } from '../salt';

/** What each format is for; those without a word speak for themselves. */
const PURPOSES: Record<string, string> = {
  trace: 'Everything; opens here and on the command line',
  'trace.gz': 'The same, a tenth of the size',
  har: 'For other tools and the Network panel; events keep their times, single chunks do not',
  markdown: 'For a ticket: what is wrong, with the numbers',
  html: 'A page to send on, with plots; opens without Streamgauge',
  'csv-chunks': 'One line per delivery, for a spreadsheet',
  'csv-events': 'One line per event, for a spreadsheet',
  perfetto: 'For ui.perfetto.dev',
  otlp: 'OTLP JSON, for a collector or a tracing backend',
  json: 'For scripts, as the command prints it',
  curl: 'To make the requests again',
};

/** A typing pause after which paths are looked for. */
const PAUSE_MS = 250;

/** What a menu of formats shows. */
type Choice = Pick<ExportFormat, 'id' | 'label' | 'extension'>;

export interface SaveDialogProps<Format extends Choice> {
  title: string;
  formats: readonly Format[];
  /** What a file made with these options has taken out. */
  preview(options: RedactionOptions): RedactionPreview | Promise<RedactionPreview>;
  /** True when the file was handed to the browser; it says itself why it was not. */
  save(format: Format, options: ExportOptions, watch: ExportWatch): Promise<boolean>;
  onClose(): void;
}

/** Choosing a format, and seeing before anything is saved what will be taken out. */
export function SaveDialog<Format extends Choice>(props: SaveDialogProps<Format>) {
  const { title, formats, onClose } = props;
  const dialog = useRef<HTMLDialogElement>(null);
  const [formatId, setFormatId] = useState(formats[0]?.id ?? '');
  const [redact, setRedact] = useState(true);
  const [pathText, setPathText] = useState('');
  const [stage, setStage] = useState<string | null>(null);
  const saving = stage !== null;
  // Whoever closes the dialog wants no file any more.
  const [control] = useState(() => new AbortController());
  // One text for the preview and the file, so that the fingerprints agree; another one for every export.
  const [salt] = useState(newSalt);
  const preview = usePreview(props.preview, redact, salt, pathText);
  useEffect(() => {
    dialog.current?.showModal();
    return () => control.abort();
  }, [control]);
  const format = formats.find((one) => one.id === formatId);
  const save = async () => {
    if (!format || saving) return;
    setStage('');
    const options: ExportOptions = { redact, salt, paths: pathsOf(pathText) };
    const watch = { signal: control.signal, onStage: setStage };
    if (await props.save(format, options, watch)) dialog.current?.close();
    else if (!control.signal.aborted) setStage(null);
  };
  return (
    <dialog ref={dialog} class="export-dialog" aria-labelledby="export-title" onClose={onClose}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <h2 id="export-title">{title}</h2>
        <div class="export-columns">
          <Formats formats={formats} selected={formatId} onSelect={setFormatId} />
          <fieldset class="export-secrets">
            <legend>Secrets</legend>
            <label class="check">
              <input
                type="checkbox"
                checked={redact}
                onChange={(event) => setRedact(event.currentTarget.checked)}
              />
              Take secrets out
            </label>
            {redact ? (
              <>
                <Preview preview={preview} />
                <label class="export-paths">
                  Also take out these values in JSON, one path a line
                  <textarea
                    class="text-field mono"
                    rows={3}
                    spellcheck={false}
                    placeholder={'$.user.email\nmessages[*].content\n**.phone'}
                    value={pathText}
                    onInput={(event) => setPathText(event.currentTarget.value)}
                  />
                </label>
              </>
            ) : (
              <p class="export-warning" role="alert">
                Cookies, tokens, passwords and all contents go into the file as they were recorded. Do not put
                it where others can read it.
              </p>
            )}
          </fieldset>
        </div>
        <div class="export-foot">
          <span class="dim" role="status">
            {stage ? `${stage}…` : 'Nothing is sent anywhere: the file is saved by your browser.'}
          </span>
          <span class="spacer" />
          <button type="button" class="pill" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="pill primary" disabled={saving || !format}>
            {saving ? 'Saving…' : redact ? 'Save' : 'Save with secrets'}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Formats(props: { formats: readonly Choice[]; selected: string; onSelect(id: string): void }) {
  return (
    <fieldset class="export-formats">
      <legend>Format</legend>
      {props.formats.map(({ id, label, extension }) => (
        <label key={id} class="export-format">
          <input
            type="radio"
            name="format"
            value={id}
            checked={id === props.selected}
            onChange={() => props.onSelect(id)}
          />
          <span>
            <span class="export-label">
              {label} <span class="dim mono">{extension}</span>
            </span>
            {PURPOSES[id] && <span class="dim export-purpose">{PURPOSES[id]}</span>}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

type PreviewState = RedactionPreview | 'looking' | { failed: string };

function usePreview(
  preview: SaveDialogProps<Choice>['preview'],
  redact: boolean,
  salt: string,
  pathText: string,
): PreviewState {
  const [state, setState] = useState<PreviewState>('looking');
  useEffect(() => {
    if (!redact) return;
    setState('looking');
    let isWanted = true;
    const timer = setTimeout(async () => {
      let found: PreviewState;
      try {
        found = await preview({ salt, paths: pathsOf(pathText) });
      } catch (error) {
        found = { failed: error instanceof Error ? error.message : String(error) };
      }
      if (isWanted) setState(found);
    }, PAUSE_MS);
    return () => {
      isWanted = false;
      clearTimeout(timer);
    };
  }, [preview, redact, salt, pathText]);
  return state;
}

function Preview({ preview }: { preview: PreviewState }) {
  if (preview === 'looking') {
    return (
      <p class="dim" role="status">
        Looking for secrets…
      </p>
    );
  }
  if ('failed' in preview) return <p role="alert">It cannot be said what will go: {preview.failed}</p>;
  const { items, total, more } = preview;
  if (total === 0) {
    return (
      <p role="status">
        Nothing in it has the name or the shape of a secret. One that looks like any other word is not found:
        name its path below.
      </p>
    );
  }
  return (
    <>
      <p role="status">
        {plural(total, 'value')} will be replaced by fingerprints; equal values have equal ones.
      </p>
      <div class="export-preview" tabIndex={0} role="group" aria-label="What will be taken out">
        <table>
          <thead>
            <tr>
              <th scope="col">Where</th>
              <th scope="col">What</th>
              <th scope="col">Times</th>
              <th scope="col">Becomes</th>
            </tr>
          </thead>
          <tbody>
            {items.map(({ kind, place, count, fingerprint }) => (
              <tr key={`${kind} ${place} ${fingerprint}`}>
                <th scope="row">{place}</th>
                <td>{kind}</td>
                <td class="number">{formatCount(count)}</td>
                <td class="mono">{fingerprint}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {more > 0 && <p class="dim">And {plural(more, 'more place')}.</p>}
    </>
  );
}

function pathsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}
