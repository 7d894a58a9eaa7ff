import { formatCount, plural } from '../format';
import { type GroupRow, isGroupRow } from '../model/groups';
import { TABS, type TabId } from '../model/panel-model';
import type { StreamRow } from '../model/stream-row';
import { DiagnosisTab } from '../tabs/diagnosis-tab';
import { EventsTab } from '../tabs/events-tab';
import { HeadersTab } from '../tabs/headers-tab';
import { SessionTab } from '../tabs/session-tab';
import { TimingTab } from '../tabs/timing-tab';
import { Boundary } from './boundary';
import { useModel } from './context';
import { EmptyState } from './empty-state';
import { Icon } from './icons';
import { panelId, type Tab, TabList, tabId } from './tabs';

const NAMES: Record<TabId, string> = {
  diagnosis: 'Diagnosis',
  timing: 'Timing',
  events: 'Events',
  headers: 'Headers',
  session: 'Session',
};

/** Everything about the selected stream, in tabs. */
export function Detail() {
  const model = useModel();
  const id = model.selectedId.value;
  const selected = model.tab.value;
  // Rows are no signal of their own; both lists move together.
  void model.rows.value;
  const row = id === null ? undefined : model.row(id);
  const group = model.group(id);
  const tabs = TABS.map((tab): Tab<TabId> => {
    if (tab === 'session' && row && !group && selected !== 'session') {
      return {
        id: tab,
        label: NAMES[tab],
        disabledReason: 'This stream belongs to no Socket.IO session and to no job',
      };
    }
    if (tab === 'events' && row) {
      return {
        id: tab,
        label: (
          <>Events {row.kind !== 'job' && <span class="tab-count">{formatCount(eventCount(row))}</span>}</>
        ),
      };
    }
    return { id: tab, label: NAMES[tab] };
  });
  return (
    <section class="detail" aria-label={row ? `Details of ${row.name}` : 'Details'}>
      <div class="detail-bar">
        <TabList
          name="detail"
          label="Details"
          tabs={tabs}
          selected={selected}
          onSelect={(tab) => model.select(id, tab)}
        />
        <button
          type="button"
          class="icon-button"
          aria-label="Close the details"
          title="Close the details"
          onClick={() => {
            model.detailOpen.value = false;
          }}
        >
          <Icon name="close" />
        </button>
      </div>
      <div
        class="detail-body"
        role="tabpanel"
        id={panelId('detail', selected)}
        aria-labelledby={tabId('detail', selected)}
      >
        <Boundary
          key={selected === 'session' && group ? group.id : `${selected} ${id}`}
          name={`The ${NAMES[selected]} tab`}
        >
          <Body tab={selected} id={id} />
        </Boundary>
      </div>
    </section>
  );
}

/** As many as the tab lists: packets of a Socket.IO client, events of a stream. */
function eventCount(row: StreamRow): number {
  if (!isGroupRow(row) || row.group.kind !== 'session') return row.events;
  return row.group.sessions.reduce((sum, { packets }) => sum + packets.length, 0);
}

function Body({ tab, id }: { tab: TabId; id: string | null }) {
  const model = useModel();
  if (tab === 'diagnosis') return <DiagnosisTab streamId={id} />;
  if (id === null) {
    return (
      <EmptyState title="No stream is selected.">
        <p>Select one in the list to see its {NAMES[tab].toLowerCase()}.</p>
      </EmptyState>
    );
  }
  if (tab === 'session') return <SessionTab subjectId={id} />;
  const group = model.row(id);
  if (group && isGroupRow(group) && (tab !== 'events' || group.group.kind === 'job'))
    return <WholeGroup group={group} tab={tab} />;
  if (tab === 'timing') return <TimingTab key={id} streamId={id} />;
  if (tab === 'events') return <EventsTab key={id} streamId={id} />;
  return <HeadersTab key={id} streamId={id} />;
}

/** Some things can only be said of one stream. */
function WholeGroup({ group, tab }: { group: GroupRow; tab: TabId }) {
  const model = useModel();
  const first = group.members[0];
  return (
    <EmptyState
      title={`${NAMES[tab]} are told of one stream at a time.`.replace('Timing are', 'Timing is')}
      action={
        first && (
          <button type="button" class="pill" onClick={() => model.select(first.id)}>
            Open the group, and its first stream
          </button>
        )
      }
    >
      <p>
        {group.kindLabel} {group.name} has {plural(group.members.length, 'stream')}. Session shows all of them
        on one time axis.
      </p>
    </EmptyState>
  );
}
