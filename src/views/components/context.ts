import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { PanelModel } from '../model/panel-model';

export const ModelContext = createContext<PanelModel | null>(null);

/** The model of the recording on show. */
export function useModel(): PanelModel {
  const model = useContext(ModelContext);
  if (!model) throw new Error('A view was drawn outside the app');
  return model;
}
