import type { Unit } from './event-log';

/** What a framer reports to. */
export interface UnitSink {
  emit(unit: Unit): void;
  extendLast(): void;
  problem(chunk: number, message: string): void;
  retry(retryMs: number): void;
}

/** Finds the units of one body format in bytes that come in pieces. Never throws on what the bytes say. */
export interface Framer {
  feed(bytes: Uint8Array, chunk: number): void;
  /** Bytes are missing between what was fed and what will be. */
  gap(): void;
  /** The body has ended; `chunk` is the last one. */
  finish(chunk: number): void;
  /** Bytes after the last complete unit. */
  readonly tailByteLength: number;
}

/** Longest unit that is put together. A line that never ends must not fill the memory. */
export const MAX_UNIT_BYTES = 4 * 1024 * 1024;

export const OVERSIZED = `A unit of more than ${MAX_UNIT_BYTES / 1024 / 1024} MiB was not put together.`;
export const NOT_UTF8 = 'The text is not valid UTF-8; the invalid bytes are shown as U+FFFD.';
