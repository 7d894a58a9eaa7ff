import { type Reply, type Results, STAGES, type Task } from './messages';
import type { Slice } from './slices';

/** Work was cancelled by the person who asked for it: not an error. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** The message is one sentence for a person. */
export class WorkFailed extends Error {
  override readonly name = 'WorkFailed';
}

export interface Progress {
  /** In a word: "Diagnosing". */
  stage: string;
  /** From 0 to 1, by stages done. */
  part: number;
}

export interface WorkOptions {
  signal: AbortSignal;
  onProgress?(progress: Progress): void;
  onSlice?(slice: Slice): void;
}

export type MakeWorker = () => Worker;

/**
 * Does heavy work in a worker of its own, so that the page stays quick and cancelling takes effect at once whatever the
 * worker is at.
 * @throws Cancelled, WorkFailed
 */
export function work<T extends Task>(
  makeWorker: MakeWorker,
  task: T,
  { signal, onProgress, onSlice }: WorkOptions,
): Promise<Results[T['type']]> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(new Cancelled());
      return;
    }
    const worker = makeWorker();
    const stages = STAGES[task.type];
    const finish = () => {
      worker.terminate();
      signal.removeEventListener('abort', cancel);
    };
    const cancel = () => {
      finish();
      reject(new Cancelled());
    };
    signal.addEventListener('abort', cancel);
    worker.onmessage = ({ data: reply }: MessageEvent<Reply>) => {
      // What was under way when it was cancelled is nobody's any more.
      if (signal.aborted) return;
      switch (reply.type) {
        case 'progress':
          onProgress?.({ stage: stages[reply.stage] ?? '', part: reply.stage / stages.length });
          break;
        case 'slice':
          onSlice?.(reply.slice);
          break;
        case 'done':
          finish();
          resolve(reply.result as Results[T['type']]);
          break;
        case 'failed':
          finish();
          reject(new WorkFailed(reply.message));
      }
    };
    worker.onerror = (event) => {
      event.preventDefault();
      finish();
      // Browsers end a worker that asks for more memory than there is.
      reject(
        new WorkFailed(
          `The work stopped: ${event.message || 'the browser ended it, most likely for want of memory'}.`,
        ),
      );
    };
    worker.postMessage(task);
  });
}
