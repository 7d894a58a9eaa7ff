import { render } from 'preact';
import { applyTheme, watchSystemTheme } from '../theme';
import { DashboardApp } from './dashboard-app';
import { Library } from './library/library';
import { DashboardModel } from './model/dashboard-model';
import type { MakeWorker } from './work/workshop';

/** Draws the dashboard; where its worker comes from differs between the extension and the site. */
export async function startDashboard(makeWorker: MakeWorker): Promise<void> {
  applyTheme(undefined);
  watchSystemTheme();
  const model = new DashboardModel(await Library.open(), makeWorker);
  render(<DashboardApp model={model} />, document.querySelector('#app')!);
  await model.start();
}
