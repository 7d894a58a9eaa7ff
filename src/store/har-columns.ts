import { harViewToStream } from '../exchange/import/har-stream';
import type { TapEnd } from '../protocol/messages';
import type { TraceAppender } from '../trace/append';
import { Confidence, type StreamRecord } from '../trace/types';
import type { HarView } from '../trace/views';

/**
 * Gives a stream the deliveries and the body that HAR has, where no tap recorded them (a worker's stream, one that
 * began early, a body that the page took whole). What the tap recorded is better than HAR's stamps and stays alone.
 */
export function addHarColumns(
  appender: TraceAppender,
  stream: StreamRecord,
  har: HarView,
  originEpochMs: number,
): void {
  const source = harViewToStream(har, originEpochMs, stream.id);
  if (!hasDeliveries(stream)) copyDeliveries(appender, stream, source);
  const body = source.response?.body;
  const hasPayload = stream.messages.atMs.length > 0 || stream.chunks.payload.some((one) => one !== null);
  if (body && !hasPayload) appender.setBody(stream, body.text, body.byteLength);
}

/**
 * A body that the page took whole, as the one delivery at its end that is known of it. Leaves streams alone whose
 * deliveries are known, or whose events HAR has.
 */
export function addWholeBody(
  appender: TraceAppender,
  stream: StreamRecord,
  end: TapEnd,
  har: HarView | null,
): void {
  if (!end.byteLength || !stream.end || hasDeliveries(stream)) return;
  if (har && har.eventSourceMessages.length > 0) return;
  appender.appendChunk(stream, {
    atMs: stream.end.atMs,
    byteLength: end.byteLength,
    waitedMs: 0,
    confidence: Confidence.bounded,
    payload: null,
  });
  appender.mark(stream, 'no-chunk-times');
}

function hasDeliveries(stream: StreamRecord): boolean {
  return stream.chunks.atMs.length > 0 || stream.messages.atMs.length > 0;
}

function copyDeliveries(appender: TraceAppender, stream: StreamRecord, source: StreamRecord): void {
  const { chunks, messages } = source;
  chunks.atMs.forEach((atMs, index) => {
    appender.appendChunk(stream, {
      atMs,
      byteLength: chunks.byteLength[index]!,
      waitedMs: 0,
      confidence: chunks.confidence[index]!,
      payload: chunks.payload[index]!,
    });
  });
  messages.atMs.forEach((atMs, index) => {
    appender.appendMessage(stream, {
      atMs,
      byteLength: messages.byteLength[index]!,
      confidence: messages.confidence[index]!,
      direction: messages.direction[index]!,
      opcode: messages.opcode[index]!,
      name: messages.name[index]!,
      lastEventId: messages.lastEventId[index]!,
      payload: messages.payload[index]!,
    });
  });
  for (const loss of source.losses) appender.mark(stream, loss);
}
