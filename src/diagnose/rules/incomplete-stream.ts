import { endingOf } from '../facts/endings';
import { markersOf } from '../facts/markers';
import { type Truncation, truncationOf } from '../facts/truncations';
import type { PlatformId } from '../platforms';
import type { ConfidenceWord, Evidence, StreamRule } from '../rule';

/** The stream ended as if it were whole, and is not. */
export const incompleteStream: StreamRule = {
  id: 'incomplete-stream',
  title: 'The stream ended before its end',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt'],
  judge(facts, trace) {
    const { stream } = facts;
    if (facts.nature !== 'stream' || stream.kind === 'websocket') return { verdict: 'inapplicable' };
    // A broken connection is another rule's, and a page that stopped reading has all it wanted.
    if (endingOf(stream) !== 'clean') return { verdict: 'inapplicable' };
    const truncation = truncationOf(facts, trace);
    if (truncation === 'unknown') {
      return { verdict: 'incomplete', reason: 'the end of the body was not captured' };
    }
    if (!truncation) return { verdict: markersOf(facts).seen ? 'pass' : 'inapplicable' };
    // Where no errors are named a stream that the page stopped looks as clean as any; a foreign answer in it is proof.
    if (truncation.why !== 'foreign-response' && trace.trace.meta.missing.includes('network-errors')) {
      return {
        verdict: 'incomplete',
        reason: 'the recording does not say whether the page stopped the stream or something cut it',
      };
    }
    const { sentence, evidence, confidence, platforms } = describe(truncation);
    const endMs = stream.end!.atMs;
    return {
      verdict: 'fail',
      severity: 'error',
      confidence,
      summary: `The stream ended cleanly after ${facts.eventCount} events, ${sentence}.`,
      evidence: [
        { ...evidence, at: { streamId: stream.id, fromMs: endMs - facts.tailSilenceMs, toMs: endMs } },
        { label: 'events received', value: facts.eventCount, unit: 'events' },
      ],
      platforms,
    };
  },
};

function describe(truncation: Truncation): {
  sentence: string;
  evidence: Evidence;
  confidence: ConfidenceWord;
  platforms: PlatformId[];
} {
  switch (truncation.why) {
    case 'foreign-response':
      return {
        sentence: `but its tail holds a raw "${truncation.text}", which gunicorn writes when it kills a worker`,
        evidence: { label: 'in the tail of the body', value: truncation.text, unit: 'text' },
        confidence: 'proven',
        platforms: ['gunicorn'],
      };
    case 'unfinished-event':
      return {
        sentence: 'in the middle of an event',
        evidence: { label: 'unfinished at the end', value: truncation.byteLength, unit: 'bytes' },
        confidence: 'proven',
        platforms: [],
      };
    case 'protocol':
      return {
        sentence: `but a ${truncation.protocol} ends with "${truncation.marker}", and that never came`,
        evidence: { label: 'missing end marker', value: truncation.marker, unit: 'text' },
        confidence: 'likely',
        platforms: [],
      };
    case 'siblings':
      return {
        sentence: `but without "${truncation.marker}", with which ${truncation.withMarker} other ${truncation.withMarker === 1 ? 'stream' : 'streams'} of this endpoint ended`,
        evidence: { label: 'missing end marker', value: truncation.marker, unit: 'text' },
        confidence: 'likely',
        platforms: [],
      };
  }
}
