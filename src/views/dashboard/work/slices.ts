import { createChunks, createMessages } from '../../../trace/create';
import type { ChunkColumns, MessageColumns, StreamRecord, Trace } from '../../../trace/types';

/**
 * A part of a trace on its way from the worker to the page. Each is small enough to be taken in between two frames, so
 * that a page never stands still for a large recording.
 */
export type Slice =
  /** The trace without its streams. */
  | { kind: 'head'; trace: Trace }
  /** Streams in order; a long one comes empty and open, and is then filled and ended. */
  | { kind: 'streams'; streams: StreamRecord[] }
  | { kind: 'records'; id: string; chunks: ChunkColumns | null; messages: MessageColumns | null }
  | { kind: 'end'; id: string; end: StreamRecord['end'] };

/** Records and payload bytes of one slice: a few milliseconds of a slow machine. */
export const SLICE_RECORDS = 2000;
const SLICE_BYTES = 2 * 1024 * 1024;
const SLICE_STREAMS = 250;

export function* slicesOf(trace: Trace, maxRecords = SLICE_RECORDS): Generator<Slice> {
  yield { kind: 'head', trace: { ...trace, streams: [] } };
  let batch: StreamRecord[] = [];
  let records = 0;
  let bytes = 0;
  for (const stream of trace.streams) {
    const isLong = recordsOf(stream) > maxRecords;
    records += recordsOf(stream);
    bytes += bytesOf(stream);
    const isFull = records > maxRecords || bytes > SLICE_BYTES || batch.length >= SLICE_STREAMS;
    if (batch.length > 0 && isFull) {
      yield { kind: 'streams', streams: batch };
      batch = [];
      records = recordsOf(stream);
      bytes = bytesOf(stream);
    }
    if (isLong) {
      yield* longStream(stream, maxRecords);
      records = 0;
      bytes = 0;
    } else batch.push(stream);
  }
  if (batch.length > 0) yield { kind: 'streams', streams: batch };
}

function* longStream(stream: StreamRecord, maxRecords: number): Generator<Slice> {
  const { id, chunks, messages, end } = stream;
  yield {
    kind: 'streams',
    streams: [{ ...stream, end: null, chunks: createChunks(), messages: createMessages() }],
  };
  for (let from = 0; from < chunks.atMs.length; from += maxRecords) {
    const part = partOf(chunks, from, from + maxRecords);
    // The views of one body share its whole buffer, which would be copied with every slice.
    yield { kind: 'records', id, chunks: { ...part, payload: rebased(part.payload) }, messages: null };
  }
  for (let from = 0; from < messages.atMs.length; from += maxRecords) {
    yield { kind: 'records', id, chunks: null, messages: partOf(messages, from, from + maxRecords) };
  }
  yield { kind: 'end', id, end };
}

function partOf<Columns extends object>(columns: Columns, from: number, to: number): Columns {
  return Object.fromEntries(
    Object.entries(columns).map(([name, column]) => [name, (column as unknown[]).slice(from, to)]),
  ) as Columns;
}

function rebased(payload: ChunkColumns['payload']): ChunkColumns['payload'] {
  const total = payload.reduce((sum, piece) => sum + (piece?.length ?? 0), 0);
  const bytes = new Uint8Array(total);
  let offset = 0;
  return payload.map((piece) => {
    if (piece === null) return null;
    bytes.set(piece, offset);
    offset += piece.length;
    return bytes.subarray(offset - piece.length, offset);
  });
}

function recordsOf({ chunks, messages }: StreamRecord): number {
  return chunks.atMs.length + messages.atMs.length;
}

function bytesOf({ chunks, messages, request, response }: StreamRecord): number {
  let bytes = (request.body?.text.length ?? 0) + (response?.body?.text.length ?? 0);
  for (const piece of chunks.payload) bytes += piece?.length ?? 0;
  for (const piece of messages.payload) bytes += piece?.length ?? 0;
  return bytes;
}

/** Puts slices together again; the trace grows in place, as a live one does. */
export class Gatherer {
  trace: Trace | null = null;
  #streams = new Map<string, StreamRecord>();

  /** Takes one slice in; returns the streams that moved. */
  take(slice: Slice): ReadonlySet<string> {
    switch (slice.kind) {
      case 'head':
        this.trace = slice.trace;
        return new Set();
      case 'streams':
        for (const stream of slice.streams) {
          this.#streams.set(stream.id, stream);
          this.trace?.streams.push(stream);
        }
        return new Set(slice.streams.map(({ id }) => id));
      case 'records': {
        const stream = this.#streams.get(slice.id);
        if (stream && slice.chunks) append(stream.chunks, slice.chunks);
        if (stream && slice.messages) append(stream.messages, slice.messages);
        return new Set([slice.id]);
      }
      case 'end': {
        const stream = this.#streams.get(slice.id);
        if (stream) stream.end = slice.end;
        return new Set([slice.id]);
      }
    }
  }
}

function append<Columns extends object>(columns: Columns, more: Columns): void {
  for (const [name, column] of Object.entries(columns)) {
    const added = (more as Record<string, unknown[]>)[name] ?? [];
    for (const value of added) (column as unknown[]).push(value);
  }
}
