import { startDashboard } from './start';

/** The dashboard as a page of the extension: its worker is a file beside it, as the extension's policy asks. */
void startDashboard(() => new Worker(new URL('./work/worker.ts', import.meta.url), { type: 'module' }));
