import { type EventColumns, EventKind } from '../../decode/types';
import { Confidence, Direction } from '../../trace/types';
import { BURST_GAP_MS } from './deliveries';
import { LogHistogram } from './log-histogram';

/** Events this close together came at one moment: one read, or two in a row. */
const MOMENT_GAP_MS = 1;

/** Data events in time: how many, in which bursts, and when the server says it sent them. */
export class DataMeter {
  count = 0;
  heartbeats = 0;
  byteLength = 0;
  boundedCount = 0;
  /** Index of the first data event; -1 until there is one. */
  firstIndex = -1;
  lastAtMs = 0;

  /** Moments at which data came. */
  moments = 0;
  /** Complete bursts of data events. */
  bursts = 0;
  largestEvents = 0;
  largestSpanMs = 0;
  readonly intervals = new LogHistogram();
  /** Data events per burst. */
  readonly sizes = new LogHistogram();
  #burstStartMs = 0;
  #burstEvents = 0;

  clockCount = 0;
  sentMinMs = Number.POSITIVE_INFINITY;
  sentMaxMs = Number.NEGATIVE_INFINITY;
  clockFirstSentMs = 0;
  clockFirstAtMs = 0;
  clockLastAtMs = 0;
  isCoarse = true;
  #burstSentMinMs = Number.POSITIVE_INFINITY;
  #burstSentMaxMs = Number.NEGATIVE_INFINITY;
  /** Over complete bursts with send times: how long the server took to send each, and the time until the next. */
  sentInBurstsMs = 0;
  sentIntervalsMs = 0;

  #next = 0;

  read(events: EventColumns): void {
    for (; this.#next < events.atMs.length; this.#next++) {
      const index = this.#next;
      if (events.direction[index] !== Direction.received) continue;
      if (events.kind[index] === EventKind.heartbeat) this.heartbeats++;
      else this.#add(events, index);
    }
  }

  #add(events: EventColumns, index: number): void {
    const atMs = events.atMs[index]!;
    if (this.firstIndex < 0) {
      this.firstIndex = index;
      this.#burstStartMs = atMs;
      this.moments = 1;
    } else if (atMs - this.lastAtMs > BURST_GAP_MS) {
      this.#close(atMs);
    }
    if (this.count > 0 && atMs - this.lastAtMs > MOMENT_GAP_MS) this.moments++;
    this.count++;
    this.#burstEvents++;
    this.byteLength += events.byteLength[index]!;
    if (events.confidence[index] === Confidence.bounded) this.boundedCount++;
    this.lastAtMs = Math.max(atMs, this.lastAtMs);
    if (this.#burstEvents > this.largestEvents) {
      this.largestEvents = this.#burstEvents;
      this.largestSpanMs = this.lastAtMs - this.#burstStartMs;
    }
    this.#readClock(events.sentEpochMs[index]!, atMs);
  }

  #close(nextMs: number): void {
    const intervalMs = nextMs - this.#burstStartMs;
    this.bursts++;
    this.intervals.add(intervalMs);
    this.sizes.add(this.#burstEvents);
    if (this.#burstSentMaxMs >= this.#burstSentMinMs && this.#burstEvents > 1) {
      this.sentInBurstsMs += this.#burstSentMaxMs - this.#burstSentMinMs;
      this.sentIntervalsMs += intervalMs;
    }
    this.#burstStartMs = nextMs;
    this.#burstEvents = 0;
    this.#burstSentMinMs = Number.POSITIVE_INFINITY;
    this.#burstSentMaxMs = Number.NEGATIVE_INFINITY;
  }

  #readClock(sentMs: number, atMs: number): void {
    if (!(sentMs > 0)) return;
    if (this.clockCount++ === 0) {
      this.clockFirstSentMs = sentMs;
      this.clockFirstAtMs = atMs;
    }
    this.clockLastAtMs = atMs;
    this.sentMinMs = Math.min(this.sentMinMs, sentMs);
    this.sentMaxMs = Math.max(this.sentMaxMs, sentMs);
    this.#burstSentMinMs = Math.min(this.#burstSentMinMs, sentMs);
    this.#burstSentMaxMs = Math.max(this.#burstSentMaxMs, sentMs);
    if (sentMs % 1000 !== 0) this.isCoarse = false;
  }
}
