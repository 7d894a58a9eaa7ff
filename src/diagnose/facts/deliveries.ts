import {
  type ChunkColumns,
  Confidence,
  Direction,
  type DocumentRecord,
  type MessageColumns,
} from '../../trace/types';
import { LogHistogram } from './log-histogram';

/** Deliveries closer together than this belong to one burst. One flush crosses a network within a few ms, in several
 * reads; a tick of the event loop or of the Wi-Fi adds some more. */
export const BURST_GAP_MS = 20;

/** A delivery that may have come this much earlier than it was read is late. Below it nobody could tell. */
export const LATE_MS = 50;

/** Buffer sizes of proxies, runtimes and compressors: one memory page (nginx), 8 KB (nginx, Python, Java), 16 KB
 * (Node, zlib, nginx), 32 KB (zlib window, Go). */
export const QUANTA = [4096, 8192, 16384, 32768] as const;

/** A buffer that is flushed before it overflows is short by part of an event; a chunk header adds a few bytes. */
const SIZE_TOLERANCE = 0.03;
/** The first block is short by the headers that lay in the same buffer (3949 of 4096 seen behind nginx). */
const FIRST_BLOCK_TOLERANCE = 0.2;
/** The event that a block's border cuts in two is counted with one of both blocks; larger ones say nothing. */
const UNIT_TOLERANCE = 0.06;
/** `data: ` before an event's text, a line end and a blank line after it. */
const SSE_FRAMING_BYTES = 8;

const LATE = 1;
const BURST_START = 2;

/** What a stream brought, as deliveries in time: silences, bursts, and how well the times are known. */
export class DeliveryMeter {
  readonly gaps = new LogHistogram();
  count = 0;
  lateCount = 0;
  boundedCount = 0;
  byteLength = 0;
  firstAtMs: number | null = null;
  lastAtMs: number | null = null;
  longestGapMs = 0;
  longestGapStartMs = 0;

  /** Complete bursts. */
  bursts = 0;
  knownBursts = 0;
  idleMs = 0;
  burstBytes = 0;
  readonly quantumCounts: number[] = QUANTA.map(() => 0);
  burstStartMs = 0;
  #burstBytes = 0;
  /** Where only whole events are seen, not the bytes: the largest, by which a burst may differ from its buffer. */
  #largestUnit = 0;
  #burstIsKnown = true;
  #firstBurstMs = 0;

  /** The last moment at which the pipe was seen empty: nothing that is read later can have come before it. */
  #emptyAtMs: number;
  #next = 0;
  /** For each delivery: 1 late, 2 began a burst. */
  #marks: number[] = [];
  #blocksSeen = 0;

  constructor(startMs: number) {
    this.#emptyAtMs = startMs;
  }

  /** Time from the first complete burst's start to the current burst's start. */
  get burstSpanMs(): number {
    return this.burstStartMs - this.#firstBurstMs;
  }

  read(
    columns: ChunkColumns | MessageColumns,
    headersAtMs: number | null,
    document: DocumentRecord | null,
  ): void {
    const direction = 'direction' in columns ? columns.direction : null;
    const { atMs, byteLength, confidence } = columns;
    if (this.count === 0 && headersAtMs !== null) this.#emptyAtMs = Math.max(this.#emptyAtMs, headersAtMs);
    if (document) this.#doubt(columns, document);
    for (; this.#next < atMs.length; this.#next++) {
      const index = this.#next;
      this.#marks.push(0);
      if (direction && direction[index] !== Direction.received) continue;
      const at = atMs[index]!;
      const isLate = this.#lateness(at, confidence[index]!, document) > LATE_MS;
      if (confidence[index] === Confidence.bounded) this.boundedCount++;
      else if (isLate) this.lateCount++;
      const burstsBefore = this.count === 0 ? -1 : this.bursts;
      const size = direction ? wireSize(columns as MessageColumns, index) : byteLength[index]!;
      this.#add(at, byteLength[index]!, size, !isLate);
      this.#marks[index] = (isLate ? LATE : 0) + (this.bursts !== burstsBefore ? BURST_START : 0);
    }
  }

  /**
   * A blocked span is reported when it is over, after the deliveries that waited for it: what was taken for an arrival
   * then is not one any more. Only deliveries within spans that are new are looked at again.
   */
  #doubt({ atMs, confidence }: ChunkColumns | MessageColumns, { blocked }: DocumentRecord): void {
    for (; this.#blocksSeen < blocked.startMs.length; this.#blocksSeen++) {
      const startMs = blocked.startMs[this.#blocksSeen]!;
      for (let index = this.#next - 1; index >= 0 && atMs[index]! >= startMs; index--) {
        const mark = this.#marks[index]!;
        const isDoubted = confidence[index] === Confidence.uncertain && atMs[index]! - startMs > LATE_MS;
        if (!isDoubted || mark & LATE) continue;
        this.#marks[index] = mark | LATE;
        this.lateCount++;
        if (!(mark & BURST_START)) continue;
        if (atMs[index] === this.burstStartMs) this.#burstIsKnown = false;
        else this.knownBursts--;
      }
    }
  }

  #lateness(atMs: number, confidence: number, document: DocumentRecord | null): number {
    if (confidence === Confidence.bounded) return 0;
    if (confidence === Confidence.arrived) {
      this.#emptyAtMs = atMs;
      return 0;
    }
    const blockStartMs = confidence === Confidence.uncertain ? blockStartOf(document, atMs) : null;
    return atMs - Math.max(this.#emptyAtMs, blockStartMs ?? this.#emptyAtMs);
  }

  #add(atMs: number, byteLength: number, wireBytes: number, isKnown: boolean): void {
    this.byteLength += byteLength;
    if (this.lastAtMs === null) {
      this.firstAtMs = atMs;
      this.#begin(atMs, isKnown);
      this.#firstBurstMs = atMs;
    } else {
      const gapMs = Math.max(0, atMs - this.lastAtMs);
      this.gaps.add(gapMs);
      if (gapMs > this.longestGapMs) {
        this.longestGapMs = gapMs;
        this.longestGapStartMs = this.lastAtMs;
      }
      if (gapMs > BURST_GAP_MS) {
        this.#close();
        this.idleMs += gapMs;
        this.#begin(atMs, isKnown);
      }
    }
    this.#burstBytes += wireBytes;
    if (wireBytes !== byteLength) this.#largestUnit = Math.max(this.#largestUnit, wireBytes);
    this.lastAtMs = Math.max(atMs, this.lastAtMs ?? atMs);
    this.count++;
  }

  #begin(atMs: number, isKnown: boolean): void {
    this.burstStartMs = atMs;
    this.#burstBytes = 0;
    this.#burstIsKnown = isKnown;
  }

  #close(): void {
    this.bursts++;
    if (this.#burstIsKnown) this.knownBursts++;
    this.burstBytes += this.#burstBytes;
    for (let index = 0; index < QUANTA.length; index++) {
      const quantum = QUANTA[index]!;
      const slack = Math.max(quantum * SIZE_TOLERANCE, Math.min(this.#largestUnit, quantum * UNIT_TOLERANCE));
      const missing = this.bursts === 1 ? quantum * FIRST_BLOCK_TOLERANCE : slack;
      const difference = this.#burstBytes - quantum;
      if (difference <= slack && -difference <= missing) this.quantumCounts[index]! += 1;
    }
  }
}

/** What an EventSource event took on the wire, framing included; WebSocket frames are taken as they are. */
function wireSize({ byteLength, name, lastEventId }: MessageColumns, index: number): number {
  const eventName = name[index];
  if (eventName === null || eventName === undefined) return byteLength[index]!;
  const nameBytes = eventName === '' || eventName === 'message' ? 0 : 'event: \n'.length + eventName.length;
  const id = lastEventId[index];
  const idBytes = id && id !== lastEventId[index - 1] ? 'id: \n'.length + id.length : 0;
  return byteLength[index]! + SSE_FRAMING_BYTES + nameBytes + idBytes;
}

/** Start of the block of the main thread within which `atMs` lies (or just after), null when none is known. */
export function blockStartOf(page: DocumentRecord | null, atMs: number): number | null {
  if (!page) return null;
  const { startMs, durationMs } = page.blocked;
  let low = 0;
  let high = startMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (startMs[middle]! <= atMs) low = middle + 1;
    else high = middle;
  }
  const index = low - 1;
  if (index < 0) return null;
  // What waited for the block to end is delivered right behind it.
  return atMs <= startMs[index]! + durationMs[index]! + BURST_GAP_MS ? startMs[index]! : null;
}
