import { UnusableFile } from '../../../exchange/import/file';
import type { Reply, Results, Task } from './messages';
import {
  compareKept,
  exportComparison,
  exportKept,
  importFile,
  measureKept,
  openKept,
  previewComparison,
  previewKept,
  type Reporter,
} from './tasks';

/** The worker's only side of the matter; the page's types do not know it. */
interface WorkerScope {
  postMessage(message: Reply, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<Task>) => void) | null;
}

const scope = globalThis as unknown as WorkerScope;

const report: Reporter = {
  stage: (stage) => scope.postMessage({ type: 'progress', stage }),
  slice: (slice) => scope.postMessage({ type: 'slice', slice }),
};

scope.onmessage = async ({ data: task }) => {
  try {
    const result = await run(task);
    scope.postMessage({ type: 'done', result }, 'content' in result ? [result.content.buffer] : []);
  } catch (error) {
    scope.postMessage({ type: 'failed', message: sentenceOf(error, task) });
  }
};

function run(task: Task): Promise<Results[Task['type']]> | Results[Task['type']] {
  switch (task.type) {
    case 'import':
      return importFile(task.file, report);
    case 'open':
      return openKept(task.kept, report);
    case 'measure':
      return measureKept(task.kept, report);
    case 'preview':
      return previewKept(task, report);
    case 'export':
      return exportKept(task, report);
    case 'compare':
      return compareKept(task.pair, report).comparison;
    case 'preview-comparison':
      return previewComparison(task, report);
    case 'export-comparison':
      return exportComparison(task, report);
  }
}

function sentenceOf(error: unknown, task: Task): string {
  if (error instanceof UnusableFile) return error.message;
  const name =
    task.type === 'import' ? task.file.name : 'pair' in task ? 'One of the two recordings' : task.kept.name;
  // Strings and arrays have a greatest length; what does not fit is too large, not wrong.
  if (error instanceof RangeError) return `${name} is too large for this browser's memory. Record less.`;
  if (error instanceof DOMException && error.name === 'NotReadableError') {
    return `${name} cannot be read: it was moved, changed or removed since it was chosen.`;
  }
  return `${name} could not be read, which is a defect of Streamgauge: ${error instanceof Error ? error.message : String(error)}`;
}
