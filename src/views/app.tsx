import './styles/tokens.css';
import './styles/base.css';
import './styles/layout.css';
import './styles/table.css';
import './styles/detail.css';
import './styles/recipes.css';
import './styles/session.css';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { RecorderControls, Recording } from '../store/types';
import { Boundary } from './components/boundary';
import { ModelContext, useModel } from './components/context';
import { Detail } from './components/detail';
import { openFile } from './components/files';
import { Icon } from './components/icons';
import { NoticeList } from './components/notice-list';
import { RecipeBrowser } from './components/recipe-browser';
import { Split } from './components/split';
import { StatusBar } from './components/status-bar';
import { StreamTable } from './components/stream-table';
import { Toolbar } from './components/toolbar';
import { useWidth } from './components/use-width';
import type { Features } from './features';
import { joinedLate } from './model/losses';
import { Notices } from './model/notices';
import { PanelModel } from './model/panel-model';

export interface AppProps {
  recording: Recording;
  controls: RecorderControls;
  features: Features;
  /** The filter that the list begins with. */
  filter?: string;
  /** Part of a page that has a main landmark and a title of its own. */
  embedded?: boolean;
}

/** Under this width the details lie below the list instead of beside it. */
const BESIDE_FROM_PX = 600;
/** From this width on the list can have most of its columns beside the details. */
const ROOMY_FROM_PX = 900;

/** The whole interface over one recording. Knows nothing of DevTools: a panel, a tab or a test page holds it alike. */
export function App({ recording, controls, features, filter = '', embedded = false }: AppProps) {
  const notices = useMemo(() => new Notices(), []);
  const model = useMemo(() => {
    const made = new PanelModel(recording, controls, features, notices);
    made.filterText.value = filter;
    return made;
  }, [recording, controls, features, notices]);
  useEffect(() => () => model.dispose(), [model]);
  return (
    <ModelContext.Provider value={model}>
      <Frame embedded={embedded} />
    </ModelContext.Provider>
  );
}

function Frame({ embedded }: { embedded: boolean }) {
  const model = useModel();
  const Main = embedded ? 'div' : 'main';
  const root = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(root);
  const [dropping, setDropping] = useState(false);
  const open = model.detailOpen.value;
  const browsing = model.recipes.isOpen.value;
  const mode =
    widthPx === 0 || widthPx >= ROOMY_FROM_PX ? 'beside' : widthPx >= BESIDE_FROM_PX ? 'tight' : 'stacked';
  const size = widthPx < 560 ? 'tiny' : widthPx < 1180 ? 'medium' : 'wide';
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: takes dropped files and Ctrl+F for all that is in it
    <div
      class={`app ${size}`}
      ref={root}
      role="presentation"
      onKeyDown={(event) => {
        if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'f') {
          event.preventDefault();
          const field = model.recipes.isOpen.value ? '.recipe-search input' : '#filter';
          root.current?.querySelector<HTMLInputElement>(field)?.focus();
        }
      }}
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={(event) => {
        if (!(event.relatedTarget instanceof Node)) setDropping(false);
      }}
      onDrop={(event) => {
        event.preventDefault();
        setDropping(false);
        const file = event.dataTransfer?.files[0];
        if (file) void openFile(model, file);
      }}
    >
      <header>
        {!embedded && <h1 class="sr-only">Streamgauge</h1>}
        <Toolbar />
        <Bars />
      </header>
      <Main class="main">
        {/* Kept beneath the recipes, so that scroll and selection are there again. */}
        <div class="beneath" inert={browsing}>
          <Boundary name="The panel">
            <Split mode={mode} first={<StreamTable />} second={open ? <Detail /> : null} />
          </Boundary>
        </div>
        {browsing && (
          <Boundary name="The recipe browser">
            <RecipeBrowser />
          </Boundary>
        )}
        {!open && !browsing && (
          <button
            type="button"
            class="icon-button reopen"
            aria-label="Show the details"
            title="Show the details"
            onClick={() => {
              model.detailOpen.value = true;
            }}
          >
            <Icon name="detail" />
          </button>
        )}
      </Main>
      <StatusBar />
      {dropping && <div class="drop-hint">Drop a trace or a HAR file to open it</div>}
      <div class="sr-only" aria-live="polite">
        {model.announcement.value}
      </div>
    </div>
  );
}

/** Bars above the list: that recording began late, what a file could not be opened for, what was done. */
function Bars() {
  const model = useModel();
  void model.revision.value;
  const [hidden, setHidden] = useState<unknown>(null);
  const { trace } = model;
  const late = joinedLate(trace) && hidden !== trace;
  return (
    <div class="notices">
      {late && (
        <div class="notice warning">
          <span>This page was already running when recording began: earlier streams are unknown.</span>
          {model.controls.reload && (
            <button type="button" class="link" onClick={() => model.controls.reload?.()}>
              Reload and record
            </button>
          )}
          <span class="spacer" />
          <button
            type="button"
            class="icon-button"
            aria-label="Dismiss"
            title="Dismiss"
            onClick={() => setHidden(trace)}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
      <NoticeList notices={model.notices} />
    </div>
  );
}
