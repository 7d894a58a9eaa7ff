import { formatBytes, formatMs } from '../../lib/format';
import { endingOf, isOpened, netErrorOf } from '../facts/endings';
import { intermediariesOf } from '../facts/hops';
import { lastActivityOf, lifeMs } from '../facts/moments';
import type { StreamFacts } from '../facts/stream-facts';
import type { TraceFacts } from '../facts/trace-facts';
import { nearSiblings } from '../facts/truncations';
import type { Evidence, StreamRule } from '../rule';

/** Broken framing shows at the headers, at once and every time; a lost upstream takes its time. */
const AT_ONCE_MS = 1000;

/**
 * The stream was reset, or its frames could not be read. Chromium gives this name to nearly every RST_STREAM, and the
 * commonest sender is a gateway that lost its upstream in the middle of the body.
 */
export const http2ProtocolError: StreamRule = {
  id: 'http2-protocol-error',
  title: 'The stream was reset with a protocol error',
  scope: 'stream',
  sources: ['000_f43a27df2c069156.txt'],
  needs: ['network-errors'],
  judge(facts, trace) {
    const { stream } = facts;
    const ending = endingOf(stream);
    if (ending === 'open') return { verdict: 'inapplicable' };
    if (ending !== 'framing') return { verdict: 'pass' };
    const ageMs = lifeMs(facts) ?? 0;
    const last = lastActivityOf(facts);
    const endMs = stream.end!.atMs;
    const cause = likeliestCause(facts, trace, ageMs);
    const how = facts.byteLength > 0 ? `${formatBytes(facts.byteLength)} and ` : '';
    const evidence: Evidence[] = [
      { label: 'network error', value: netErrorOf(stream) ?? '', unit: 'text' },
      {
        label: 'age at the reset',
        value: Math.round(ageMs),
        unit: 'ms',
        at: { streamId: stream.id, fromMs: facts.requestAtMs, toMs: endMs },
      },
      { label: 'received until then', value: facts.byteLength, unit: 'bytes' },
      { label: 'events until then', value: facts.eventCount, unit: 'events' },
    ];
    if (last) {
      evidence.push({
        label: `time since ${last.what === 'delivery' ? 'the last byte' : `the ${last.what}`}`,
        value: Math.round(endMs - last.atMs),
        unit: 'ms',
        at: { streamId: stream.id, fromMs: last.atMs, toMs: endMs },
      });
    }
    evidence.push({ label: 'likeliest cause', value: cause.evidence, unit: 'text' });
    return {
      verdict: 'fail',
      severity: 'error',
      confidence: 'likely',
      summary: `${netErrorOf(stream)} after ${how}${formatMs(ageMs)}: ${cause.sentence}.`,
      evidence,
      platforms: intermediariesOf(facts.hops),
    };
  },
};

const QUIC_ERROR = 'ERR_QUIC_PROTOCOL_ERROR';

function likeliestCause(
  facts: StreamFacts,
  trace: TraceFacts,
  ageMs: number,
): { sentence: string; evidence: string } {
  if (netErrorOf(facts.stream) === QUIC_ERROR) {
    return {
      sentence:
        'the HTTP/3 connection failed; whether the network (UDP) or the server ended it shows when HTTP/3 is turned off',
      evidence: 'the HTTP/3 connection failed',
    };
  }
  if (isOpened(facts.stream)) {
    return {
      sentence: 'most likely the server behind the gateway closed the connection in the middle of the body',
      evidence: 'upstream closed in the middle of the body',
    };
  }
  const siblings = nearSiblings(facts, trace).filter(({ stream }) => stream.end !== null);
  const opened = siblings.some(({ stream }) => stream.response !== null);
  if (ageMs <= AT_ONCE_MS && !opened) {
    return {
      sentence:
        'it came at once and before the headers, so most likely the headers broke the framing (Transfer-Encoding or upper-case names)',
      evidence: 'framing broken by the headers',
    };
  }
  return {
    sentence:
      'no headers had come, so most likely the server behind the gateway closed the connection or was given up',
    evidence: 'upstream closed before the headers',
  };
}
