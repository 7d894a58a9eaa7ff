import { createDecoder } from '../../decode/decoder';
import { EventKind } from '../../decode/types';
import { Direction, type StreamRecord, type Trace } from '../../trace/types';
import { redactTrace } from '../redact';
import type { ExportOptions } from './trace-json';

type Cell = string | number | null;

const CONFIDENCE_WORDS = ['arrived', 'uncertain', 'queued', 'bounded'] as const;
/** Spreadsheets take at most 32,767 characters in a cell. */
const MAX_CELL_LENGTH = 32_000;
/** Lines that are put together into one piece. */
const LINES_PER_PIECE = 1000;

/**
 * Every delivery of body bytes (and every message, where only these are seen) as a line of CSV (RFC 4180). Times are ms
 * since the recording began, and since the request.
 */
export function chunkCsvPieces(trace: Trace, options: ExportOptions = {}): Generator<string> {
  return csvPieces(
    [
      'stream',
      'kind',
      'method',
      'url',
      'index',
      'at_ms',
      'since_request_ms',
      'gap_ms',
      'direction',
      'bytes',
      'waited_ms',
      'time_is',
    ],
    chunkRows(shown(trace, options)),
  );
}

/** Every event as it was decoded, heartbeats and sent frames included, as a line of CSV (RFC 4180). */
export function eventCsvPieces(trace: Trace, options: ExportOptions = {}): Generator<string> {
  return csvPieces(
    [
      'stream',
      'kind',
      'method',
      'url',
      'index',
      'at_ms',
      'since_request_ms',
      'gap_ms',
      'direction',
      'event_kind',
      'name',
      'id',
      'bytes',
      'server_sent_epoch_ms',
      'time_is',
      'data',
    ],
    eventRows(shown(trace, options)),
  );
}

function shown(trace: Trace, { redact = true, ...redaction }: ExportOptions): Trace {
  return redact ? redactTrace(trace, redaction) : trace;
}

function* chunkRows({ streams }: Trace): Generator<Cell[]> {
  for (const stream of streams) {
    const { chunks, messages } = stream;
    const columns = chunks.atMs.length > 0 ? chunks : messages;
    const times = new Times(stream);
    for (const [index, atMs] of columns.atMs.entries()) {
      const direction = columns === messages ? messages.direction[index] : Direction.received;
      yield [
        ...identity(stream),
        index,
        ...times.of(atMs),
        directionWord(direction),
        columns.byteLength[index]!,
        columns === chunks ? rounded(chunks.waitedMs[index]!) : null,
        CONFIDENCE_WORDS[columns.confidence[index]!]!,
      ];
    }
  }
}

function* eventRows({ streams }: Trace): Generator<Cell[]> {
  for (const stream of streams) {
    const { events } = createDecoder(stream).decoded;
    const times = new Times(stream);
    for (const [index, atMs] of events.atMs.entries()) {
      const sentEpochMs = events.sentEpochMs[index]!;
      yield [
        ...identity(stream),
        index,
        ...times.of(atMs),
        directionWord(events.direction[index]),
        events.kind[index] === EventKind.heartbeat ? 'heartbeat' : 'data',
        events.name[index]!,
        events.id[index]!,
        events.byteLength[index]!,
        Number.isNaN(sentEpochMs) ? null : sentEpochMs,
        CONFIDENCE_WORDS[events.confidence[index]!]!,
        events.data[index]!,
      ];
    }
  }
}

function identity({ id, kind, request }: StreamRecord): Cell[] {
  return [id, kind, request.method, request.url];
}

function directionWord(direction: number | undefined): string {
  return direction === Direction.sent ? 'sent' : 'received';
}

class Times {
  #startedAtMs: number;
  #lastMs: number | null = null;

  constructor({ timing }: StreamRecord) {
    this.#startedAtMs = timing.startedAtMs;
  }

  of(atMs: number): Cell[] {
    const gapMs = this.#lastMs === null ? null : rounded(atMs - this.#lastMs);
    this.#lastMs = atMs;
    return [rounded(atMs), rounded(atMs - this.#startedAtMs), gapMs];
  }
}

function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

function* csvPieces(header: string[], rows: Iterable<Cell[]>): Generator<string> {
  let lines = [header.join(',')];
  for (const row of rows) {
    lines.push(row.map(csvCell).join(','));
    if (lines.length < LINES_PER_PIECE) continue;
    yield `${lines.join('\r\n')}\r\n`;
    lines = [];
  }
  if (lines.length > 0) yield `${lines.join('\r\n')}\r\n`;
}

/**
 * A cell by RFC 4180. Text that a spreadsheet would take for a formula gets an apostrophe in front, which shows it as text
 * (OWASP, "CSV Injection"); also where the dangerous character stands behind spaces or in a later line.
 */
export function csvCell(value: Cell): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const cut = value.length > MAX_CELL_LENGTH ? `${value.slice(0, MAX_CELL_LENGTH)}…` : value;
  const isFormula = /^[\s\u00a0]*[=+\-@|\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/.test(cut);
  const text = (isFormula ? `'${cut}` : cut).replaceAll('\0', '');
  return /[",\r\n;\t]|^ | $/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
