import { batchingOf } from '../facts/batching';
import { possibleHolders } from '../facts/holders';
import { holdingOf } from '../facts/holding';
import type { StreamRule } from '../rule';

/**
 * A stream with a Content-Encoding. A compressor holds bytes until it is flushed; one that is flushed after each event
 * does no harm, so by itself this is only worth knowing. With a stream that was held or batched, it is a suspect.
 */
export const compressedStream: StreamRule = {
  id: 'compressed-stream',
  title: 'The stream is compressed',
  scope: 'stream',
  sources: ['002_1ebeed7eb15dba47.txt', '000_f43a27df2c069156.txt'],
  judge(facts, trace) {
    const { stream, contentEncoding } = facts;
    // A WebSocket compresses single messages, by an extension of its own: nothing is held.
    if (facts.nature !== 'stream' || stream.kind === 'websocket' || !stream.response) {
      return { verdict: 'inapplicable' };
    }
    if (contentEncoding === null) {
      if (stream.response.headersComplete) return { verdict: 'pass' };
      return {
        verdict: 'incomplete',
        reason: 'Not all response headers are known, Content-Encoding among them.',
      };
    }
    const isHeld = holdingOf(facts, trace).state === 'held';
    const isBatched = !isHeld && batchingOf(facts).state === 'batched';
    const name = contentEncoding.slice(0, 40);
    const fate = isHeld
      ? 'was held back until its end: a compressor that is not flushed does that'
      : isBatched
        ? 'comes in batches: a compressor that is not flushed does that'
        : 'is compressed; its compressor has to be flushed after every event';
    return {
      verdict: 'fail',
      severity: isHeld || isBatched ? 'warning' : 'info',
      confidence: 'proven',
      summary:
        isHeld || isBatched
          ? `The stream is compressed (${name}) and ${fate}.`
          : `The stream ${fate} (${name}).`,
      evidence: [
        {
          label: 'Content-Encoding',
          value: name,
          unit: 'header',
          at: { streamId: stream.id, header: 'content-encoding' },
        },
      ],
      platforms: possibleHolders(facts),
    };
  },
};
