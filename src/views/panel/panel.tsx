import { signal } from '@preact/signals';
import { render } from 'preact';
import type { PanelHost, PanelPending, PanelWindow } from '../../store/types';
import { App } from '../app';
import { EmptyState } from '../components/empty-state';
import { leaveForDashboard } from '../dashboard/hand-over';
import { features } from '../default-features';
import type { Features } from '../features';
import { applyTheme, watchSystemTheme } from '../theme';

const panelFeatures: Features = { ...features, leaveForDashboard };

type Held = Omit<PanelPending, 'surroundings'>;

/** What the devtools page handed over; null before, `'gone'` after it left. */
const held = signal<Held | 'gone' | null>(null);

const host: PanelHost = {
  attach(recording, controls, surroundings) {
    held.value = { recording, controls };
    if (!surroundings) return;
    applyTheme(surroundings.theme);
    surroundings.onThemeChange?.((theme) => applyTheme(theme));
  },
  detach() {
    held.value = 'gone';
  },
  get recording() {
    const now = held.value;
    // `exactOptionalPropertyTypes`: the field is absent rather than undefined for those who only read it.
    return (now === null || now === 'gone' ? undefined : now.recording) as NonNullable<
      PanelHost['recording']
    >;
  },
};

function Panel() {
  const now = held.value;
  if (now === null) {
    return (
      <EmptyState title="Connecting to the recorder…">
        <p>If this stays, close DevTools and open it again.</p>
      </EmptyState>
    );
  }
  if (now === 'gone') {
    return (
      <EmptyState title="The recorder has gone.">
        <p>The extension was updated or reloaded. Close DevTools and open it again to go on recording.</p>
      </EmptyState>
    );
  }
  return <App recording={now.recording} controls={now.controls} features={panelFeatures} />;
}

applyTheme(undefined);
watchSystemTheme();
const shared = window as unknown as PanelWindow;
shared.streamgauge = host;
const pending = shared.streamgaugePending;
if (pending) host.attach(pending.recording, pending.controls, pending.surroundings);
render(<Panel />, document.querySelector('#app')!);
