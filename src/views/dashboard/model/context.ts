import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { DashboardModel } from './dashboard-model';

export const DashboardContext = createContext<DashboardModel | null>(null);

export function useDashboard(): DashboardModel {
  const model = useContext(DashboardContext);
  if (!model) throw new Error('A page was drawn outside the dashboard');
  return model;
}
