import { useMemo } from 'preact/hooks';
import { hostOf } from '../../../diagnose/facts/endpoint';
import type { RecorderControls } from '../../../store/types';
import { App } from '../../app';
import { EmptyState } from '../../components/empty-state';
import { panelId, TabList, tabId } from '../../components/tabs';
import { features } from '../../default-features';
import type { Features } from '../../features';
import { plural } from '../../format';
import type { Entry } from '../library/entry';
import { useDashboard } from '../model/context';
import { type DashboardModel, type Opened, recordingRoute } from '../model/dashboard-model';
import { hashOf, type Route } from '../model/route';
import { OverviewPage } from './overview-page';
import { Tags } from './tags';
import { formatDateTime } from './words';

type View = 'overview' | 'streams';

/** One recording: its figures, and the panel's own views over it. */
export function RecordingPage({ route }: { route: Extract<Route, { page: 'recording' }> }) {
  const model = useDashboard();
  const opened = model.opened.value;
  const entry = model.entry(route.id);
  return (
    <section class="page recording" aria-labelledby="recording-title">
      <header class="page-head">
        <a class="back" href={hashOf({ page: 'library' })}>
          Library
        </a>
        <span aria-hidden="true">›</span>
        <h2 id="recording-title">{entry?.name ?? 'Recording'}</h2>
        {entry && <Facts entry={entry} />}
        <span class="spacer" />
        <TabList<View>
          name="recording"
          label="Views of this recording"
          selected={route.view}
          onSelect={(view) => model.go(recordingRoute(route.id, view))}
          tabs={[
            { id: 'overview', label: 'Overview' },
            { id: 'streams', label: 'Streams' },
          ]}
        />
      </header>
      {entry?.note && <p class="recording-note">{entry.note}</p>}
      <div
        class="page-body"
        role="tabpanel"
        id={panelId('recording', route.view)}
        aria-labelledby={tabId('recording', route.view)}
      >
        <Body opened={opened} entry={entry} view={route.view} filter={route.filter} />
      </div>
    </section>
  );
}

function Facts({ entry }: { entry: Entry }) {
  const { summary, tags, problems } = entry;
  return (
    <span class="recording-facts">
      <span class="dim">
        {[hostOf(summary.pageUrl), formatDateTime(summary.recordedEpochMs)].filter(Boolean).join(' · ')}
      </span>
      <Tags tags={tags} />
      {problems.length > 0 && (
        <details class="problems">
          <summary>{plural(problems.length, 'part')} of the file could not be read</summary>
          <ul>
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
        </details>
      )}
    </span>
  );
}

function Body(props: { opened: Opened | null; entry: Entry | undefined; view: View; filter: string }) {
  const { opened, entry, view, filter } = props;
  const model = useDashboard();
  if (!opened || opened.state === 'opening') {
    return (
      <EmptyState title="Opening…">
        <p>It is read and diagnosed anew, so that it is judged by the rules of this version.</p>
      </EmptyState>
    );
  }
  if (opened.state === 'failed') {
    const place = model.places.value?.find((one) => one.id === opened.id);
    const name = entry?.name ?? (place?.state === 'damaged' ? place.name : 'It');
    return (
      <EmptyState
        title="This recording cannot be shown."
        action={
          <span class="buttons">
            <button type="button" class="pill" onClick={() => model.go({ page: 'library' })}>
              Back to the library
            </button>
            {place && (
              <button
                type="button"
                class="pill danger"
                onClick={() => void model.remove(opened.id, name).then(() => model.go({ page: 'library' }))}
              >
                Delete it
              </button>
            )}
          </span>
        }
      >
        <p>{opened.message}</p>
        <p>The other recordings are untouched.</p>
      </EmptyState>
    );
  }
  if (view === 'overview') return <OverviewPage opened={opened} />;
  return <Streams opened={opened} entry={entry} filter={filter} />;
}

/** What the views can do, with what takes long done by the dashboard's workers from what the library keeps. */
function inWorkers(model: DashboardModel, entry: Entry): Features {
  return {
    ...features,
    redactionPreview: (_, options) => model.preview(entry, options),
    exports: features.exports.map((format) => ({
      ...format,
      export: async (_trace, _diagnosis, options, watch) => [
        await model.exportFile(entry, format.id, options, watch),
      ],
    })),
  };
}

function Streams(props: {
  opened: Extract<Opened, { state: 'open' }>;
  entry: Entry | undefined;
  filter: string;
}) {
  const { opened, entry, filter } = props;
  const model = useDashboard();
  const given = useMemo<Features>(() => (entry ? inWorkers(model, entry) : features), [model, entry?.id]);
  const controls = useMemo<RecorderControls>(
    () => ({
      isFile: true,
      pause: () => undefined,
      resume: () => undefined,
      clear: () => model.go({ page: 'library' }),
      open: () => undefined,
    }),
    [model],
  );
  return (
    <App
      key={filter}
      recording={opened.recording}
      controls={controls}
      features={given}
      filter={filter}
      embedded
    />
  );
}
