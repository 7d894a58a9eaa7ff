import './dashboard.css';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Boundary } from '../components/boundary';
import { NoticeList } from '../components/notice-list';
import { useWidth } from '../components/use-width';
import { plural } from '../format';
import { DashboardContext, useDashboard } from './model/context';
import type { DashboardModel } from './model/dashboard-model';
import { hashOf, type Route } from './model/route';
import { ComparePage } from './pages/compare-page';
import { LibraryPage } from './pages/library-page';
import { OpenFiles } from './pages/open-files';
import { OverTimePage } from './pages/over-time-page';
import { RecordingPage } from './pages/recording-page';

export function DashboardApp({ model }: { model: DashboardModel }) {
  return (
    <DashboardContext.Provider value={model}>
      <Frame />
    </DashboardContext.Provider>
  );
}

function Frame() {
  const model = useDashboard();
  const route = model.route.value;
  const root = useRef<HTMLDivElement>(null);
  const widthPx = useWidth(root);
  const [dropping, setDropping] = useState(false);
  useEffect(() => {
    document.title = `${titleOf(route, model)} – Streamgauge`;
  });
  return (
    <div
      class={`dashboard ${widthPx < 720 ? 'narrow' : ''}`}
      ref={root}
      role="presentation"
      // In the capture phase: the panel's views within would take a file for themselves.
      onDragOverCapture={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        event.stopPropagation();
        setDropping(true);
      }}
      onDragLeaveCapture={(event) => {
        if (!(event.relatedTarget instanceof Node)) setDropping(false);
      }}
      onDropCapture={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        event.stopPropagation();
        setDropping(false);
        void model.addFiles([...event.dataTransfer.files]);
      }}
    >
      <header class="dash-bar">
        <h1>Streamgauge</h1>
        <nav aria-label="Dashboard">
          <NavLink to={{ page: 'library' }} isHere={route.page === 'library' || route.page === 'recording'}>
            Library
          </NavLink>
          <NavLink to={{ page: 'compare', a: null, b: null }} isHere={route.page === 'compare'}>
            Compare
          </NavLink>
          <NavLink to={{ page: 'over-time', endpoint: null }} isHere={route.page === 'over-time'}>
            Over time
          </NavLink>
        </nav>
        <span class="spacer" />
        <OpenFiles />
      </header>
      <Jobs />
      <div class="notices">
        <NoticeList notices={model.notices} />
      </div>
      <main class="dash-main">
        <Boundary key={route.page} name="This page">
          <Page route={route} />
        </Boundary>
      </main>
      {dropping && <div class="drop-hint">Drop trace and HAR files to add them to the library</div>}
    </div>
  );
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'library':
      return <LibraryPage />;
    case 'recording':
      return <RecordingPage route={route} />;
    case 'compare':
      return <ComparePage a={route.a} b={route.b} />;
    case 'over-time':
      return <OverTimePage chosen={route.endpoint} />;
  }
}

function titleOf(route: Route, model: DashboardModel): string {
  if (route.page === 'recording') return model.entry(route.id)?.name ?? 'Recording';
  return { library: 'Library', compare: 'Compare', 'over-time': 'Over time' }[route.page];
}

function NavLink(props: { to: Route; isHere: boolean; children: string }) {
  return (
    <a href={hashOf(props.to)} aria-current={props.isHere ? 'page' : undefined}>
      {props.children}
    </a>
  );
}

/** Work under way: what, how far, and the way to stop it. */
function Jobs() {
  const { jobs } = useDashboard();
  const [now, ...waiting] = jobs.value;
  return (
    <div class="jobs" aria-live="polite">
      {now && (
        <div class="job">
          <span class="job-label">{now.label}</span>
          <progress
            aria-label={now.label}
            max={1}
            {...(now.progress.part > 0 ? { value: now.progress.part } : {})}
          />
          <span class="dim">
            {now.progress.stage}
            {waiting.length > 0 && `, ${plural(waiting.length, 'more')} waiting`}
          </span>
          <span class="spacer" />
          <button type="button" class="pill" onClick={() => now.cancel()}>
            Cancel
          </button>
          {waiting.length > 0 && (
            <button
              type="button"
              class="pill"
              onClick={() => {
                for (const job of jobs.value) job.cancel();
              }}
            >
              Cancel all
            </button>
          )}
        </div>
      )}
    </div>
  );
}
