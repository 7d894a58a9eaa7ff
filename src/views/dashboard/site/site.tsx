import workerScript from 'virtual:script/dashboard-worker';
import { startDashboard } from '../start';

/**
 * The dashboard as one file: opened from disk, where a browser lets a page load neither modules nor workers from beside
 * it. So the worker's script is in here, as text.
 */
const address = URL.createObjectURL(new Blob([workerScript], { type: 'text/javascript' }));
void startDashboard(() => new Worker(address));
