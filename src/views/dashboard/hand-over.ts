import type { Trace } from '../../trace/types';
import { Library } from './library/library';
import { pack } from './work/pack';

/** Leaves a recording for the dashboard that opens next: both are pages of one extension, with one database. */
export async function leaveForDashboard(trace: Trace): Promise<void> {
  const library = await Library.open();
  try {
    await library.handOver(nameOf(trace), await pack(trace, 'This recording'));
  } finally {
    library.close();
  }
}

/** "stage.example.org, 14:03" */
function nameOf({ meta }: Trace): string {
  const time = new Date(meta.originEpochMs).toLocaleTimeString(undefined, { timeStyle: 'short' });
  try {
    return `${new URL(meta.pageUrl ?? '').host || 'page'}, ${time}`;
  } catch {
    return `Recording, ${time}`;
  }
}
