import type { SourceGap, StreamLoss, StreamRecord, Trace } from '../../trace/types';
import { formatBytes, plural } from '../format';

/** One thing this recording does not hold, and what to do about it. */
export interface LossItem {
  key: string;
  /** How much: "3 records". */
  what: string;
  why: string;
  remedy: string | null;
}

const SOURCE_GAPS: Record<SourceGap, string> = {
  'chunk-times': 'arrival times of single chunks',
  cookies: 'cookies',
  'secret-headers': 'Authorization and similar headers',
  bodies: 'response bodies',
  'network-errors': 'the names of network errors',
  'request-options': 'fetch options (credentials mode, abort signal)',
  frames: 'WebSocket frames',
};

const STREAM_LOSSES: Record<StreamLoss, { what: string; remedy: string | null }> = {
  'late-start': {
    what: 'Recording began after this stream had begun, so what came before is unknown.',
    remedy: 'Reload and record to see it from the start.',
  },
  'dropped-records': {
    what: 'Some records of it were dropped: the page was faster than the recorder, or a limit was reached.',
    remedy: 'Clear the recording and record this stream alone.',
  },
  'payload-capped': {
    what: 'Some contents are cut at the capture limit. Sizes and times are whole.',
    remedy: null,
  },
  'payload-evicted': {
    what: 'Older contents were given up to stay within memory. Sizes and times are whole.',
    remedy: 'Clear the recording and record a shorter span.',
  },
  'consumed-natively': {
    what: 'The page handed the body to the browser itself (a cache, a new Response, WebAssembly) or never read it, so nobody could watch the chunks.',
    remedy: null,
  },
  opaque: {
    what: 'The response is opaque (no-cors): nothing in it can be seen.',
    remedy: "Use mode 'cors' and let the server allow this origin.",
  },
  'no-chunk-times': {
    what: 'Only the end of the body is known, not when its parts came.',
    remedy: 'Record it with this panel open instead of from a HAR file.',
  },
  'no-body': { what: 'The body could not be had.', remedy: null },
};

export function streamLossText(loss: StreamLoss): { what: string; remedy: string | null } {
  return STREAM_LOSSES[loss];
}

/** Streams whose body the page handed to the browser. */
export function countConsumedNatively(streams: readonly StreamRecord[]): number {
  let count = 0;
  for (const stream of streams) if (stream.losses.includes('consumed-natively')) count += 1;
  return count;
}

/** True when the top page was already running when recording began. */
export function joinedLate(trace: Trace): boolean {
  const top = trace.documents.findLast((one) => one.isTop);
  return top?.joinedLate ?? false;
}

/** Everything the recording is missing, worst first; empty when it is whole. */
export function lossItems(trace: Trace): LossItem[] {
  const items: LossItem[] = [];
  const { loss } = trace;
  if (joinedLate(trace)) {
    items.push({
      key: 'late',
      what: 'The page was already running',
      why: 'Streams that it opened before are unknown, and those still open are seen only from now on.',
      remedy: 'Reload and record.',
    });
  }
  if (loss.droppedRecords > 0) {
    items.push({
      key: 'dropped',
      what: `${plural(loss.droppedRecords, 'record')} dropped`,
      why: 'The page streamed faster than the recorder could take it.',
      remedy: 'Record a shorter span, or fewer streams at once.',
    });
  }
  if (loss.droppedStreams > 0) {
    items.push({
      key: 'streams',
      what: `${plural(loss.droppedStreams, 'stream')} not kept`,
      why: `A recording keeps at most ${plural(trace.limits.maxStreams, 'stream')}.`,
      remedy: 'Clear and record again.',
    });
  }
  if (loss.overLimitRecords > 0) {
    items.push({
      key: 'over-limit',
      what: `${plural(loss.overLimitRecords, 'record')} over the limit`,
      why: 'The recording is full: later chunks and messages are counted, not kept.',
      remedy: 'Clear and record again.',
    });
  }
  if (loss.evictedPayloadBytes > 0) {
    items.push({
      key: 'evicted',
      what: `${formatBytes(loss.evictedPayloadBytes)} of contents given up`,
      why: `Contents are kept up to ${formatBytes(trace.limits.maxPayloadBytes)}; the oldest go first. Sizes and times are whole.`,
      remedy: null,
    });
  }
  if (loss.refusedMessages > 0) {
    items.push({
      key: 'refused',
      what: `${plural(loss.refusedMessages, 'message')} refused`,
      why: 'The page sent records that do not fit the protocol. It may be forging them.',
      remedy: null,
    });
  }
  const natively = countConsumedNatively(trace.streams);
  if (natively > 0) {
    items.push({
      key: 'native',
      what: `${plural(natively, 'body', 'bodies')} consumed natively`,
      why: 'The page handed them to the browser or never read them: their chunks cannot be watched.',
      remedy: null,
    });
  }
  if (trace.meta.missing.length > 0) {
    items.push({
      key: 'source',
      what: 'The source left things out',
      why: `This ${trace.meta.recorder === 'har' ? 'HAR' : 'recording'} does not hold ${trace.meta.missing
        .map((gap) => SOURCE_GAPS[gap])
        .join(', ')}.`,
      remedy: 'Findings that need them are listed as undecided.',
    });
  }
  return items;
}
