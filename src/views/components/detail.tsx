import { formatCount } from '../format';
import { TABS, type TabId } from '../model/panel-model';
import { DiagnosisTab } from '../tabs/diagnosis-tab';
import { EventsTab } from '../tabs/events-tab';
import { HeadersTab } from '../tabs/headers-tab';
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
  const row = model.rows.value.find((one) => one.id === id);
  const tabs = TABS.map((tab): Tab<TabId> => {
    if (tab === 'session') {
      return { id: tab, label: NAMES[tab], disabledReason: 'No Socket.IO session was seen on this stream' };
    }
    if (tab === 'events' && row) {
      return {
        id: tab,
        label: (
          <>
            Events <span class="tab-count">{formatCount(row.events)}</span>
          </>
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
        <Boundary key={`${selected} ${id}`} name={`The ${NAMES[selected]} tab`}>
          <Body tab={selected} id={id} />
        </Boundary>
      </div>
    </section>
  );
}

function Body({ tab, id }: { tab: TabId; id: string | null }) {
  if (tab === 'diagnosis') return <DiagnosisTab streamId={id} />;
  if (id === null) {
    return (
      <EmptyState title="No stream is selected.">
        <p>Select one in the list to see its {NAMES[tab].toLowerCase()}.</p>
      </EmptyState>
    );
  }
  if (tab === 'timing') return <TimingTab key={id} streamId={id} />;
  if (tab === 'events') return <EventsTab key={id} streamId={id} />;
  return <HeadersTab key={id} streamId={id} />;
}
