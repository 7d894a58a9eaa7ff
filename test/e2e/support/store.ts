import type { Frame } from 'playwright-core';
import type { Recording } from '../../../src/store/types';
import type { StreamRecord, Trace } from '../../../src/trace/types';
import { eventually } from './devtools';

/** A stream as the tests see it: columns without payload bytes, received texts decoded. */
export type SeenStream = Pick<
  StreamRecord,
  'id' | 'kind' | 'documentId' | 'objectId' | 'seenBy' | 'request' | 'response' | 'timing' | 'end' | 'losses'
> & {
  chunkCount: number;
  byteLength: number;
  atMs: number[];
  text: string;
  messages: { atMs: number; direction: number; payload: string | null }[];
};

/** Everything the panel's recording holds now. */
export function readStreams(panel: Frame): Promise<SeenStream[]> {
  return panel.evaluate(() => {
    const { streamgauge } = window as unknown as { streamgauge: { recording: Recording } };
    const decoder = new TextDecoder();
    return streamgauge.recording.trace.streams.map((stream) => ({
      id: stream.id,
      kind: stream.kind,
      documentId: stream.documentId,
      objectId: stream.objectId,
      seenBy: stream.seenBy,
      request: stream.request,
      response: stream.response,
      timing: stream.timing,
      end: stream.end,
      losses: stream.losses,
      chunkCount: stream.chunks.atMs.length,
      byteLength: stream.chunks.byteLength.reduce((sum, one) => sum + one, 0),
      atMs: [...stream.chunks.atMs, ...stream.messages.atMs],
      text: stream.chunks.payload.map((bytes) => (bytes ? decoder.decode(bytes) : '')).join(''),
      messages: stream.messages.atMs.map((atMs, index) => {
        const payload = stream.messages.payload[index]!;
        return {
          atMs,
          direction: stream.messages.direction[index]!,
          payload: typeof payload === 'string' ? payload : null,
        };
      }),
    }));
  });
}

/** The trace but its streams. */
export function readTrace(panel: Frame): Promise<Omit<Trace, 'streams'>> {
  return panel.evaluate(() => {
    const { streamgauge } = window as unknown as { streamgauge: { recording: Recording } };
    const { streams: _, ...trace } = streamgauge.recording.trace;
    return trace;
  });
}

/** Waits for streams whose address contains `part` until `ready` likes them. */
export function streamsOf(
  panel: Frame,
  part: string,
  ready: (streams: SeenStream[]) => boolean = (streams) => streams.length > 0,
): Promise<SeenStream[]> {
  let last: SeenStream[] = [];
  return eventually(`streams of ${part}`, async () => {
    last = (await readStreams(panel)).filter((stream) => stream.request.url.includes(part));
    return ready(last) ? last : null;
  }).catch((error: Error) => {
    throw new Error(
      `${error.message} Last seen: ${JSON.stringify(last.map(({ request: _, response: __, ...one }) => one)).slice(0, 3000)}`,
    );
  });
}
