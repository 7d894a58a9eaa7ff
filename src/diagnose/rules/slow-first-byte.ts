import { formatMs } from '../../lib/format';
import { responseHeader } from '../facts/headers';
import { areRecords } from '../facts/holding';
import { declaresLines } from '../facts/nature';
import type { StreamFacts } from '../facts/stream-facts';
import type { Evidence, Judgement, StreamRule } from '../rule';

/** After two seconds without a sign of life people think that nothing happens. */
const MAX_WAIT_MS = 2000;
/** Fewer deliveries have no rhythm that could be told from a channel's. */
const MIN_ANSWER_DELIVERIES = 5;
/** GraphQL subscriptions wait for news although they are POSTed. */
const SUBSCRIPTION = /"query"\s*:\s*"(?:\\n|\s)*subscription\b/;

/**
 * A stream that made its reader wait for the first sign of life. For an answer (a question was put, the stream ends
 * when it is answered) that is the first body byte. For a channel that waits for news, silence behind early headers is
 * its normal state: there only the headers count. Heartbeats and greetings are signs of life.
 */
export const slowFirstByte: StreamRule = {
  id: 'slow-first-byte',
  title: 'The first byte of the stream came late',
  scope: 'stream',
  sources: ['003_e4d6598c67b82dc6.txt'],
  judge(facts) {
    const { stream } = facts;
    const status = stream.response?.status ?? null;
    if (!isWaitedFor(facts) || stream.response?.fromCache) return { verdict: 'inapplicable' };
    if (stream.losses.includes('late-start')) {
      return {
        verdict: 'incomplete',
        reason: 'The recording began after the stream: its first byte may be missing.',
      };
    }
    // A failure without an answer is its own story, and other rules tell it.
    const failed = stream.end?.kind === 'error' || stream.end?.kind === 'refused';
    if (status === null && failed) return { verdict: 'inapplicable' };
    const first = firstSign(facts);
    const waitMs = first.atMs - facts.requestAtMs;
    if (waitMs <= MAX_WAIT_MS) return { verdict: 'pass' };
    if (first.earliestMs - facts.requestAtMs <= MAX_WAIT_MS) {
      return {
        verdict: 'incomplete',
        reason: 'The page was busy or read late: the first byte may have come earlier.',
      };
    }
    if (first.what === 'first byte' && mayHideComments(facts)) {
      return {
        verdict: 'incomplete',
        reason: 'Comments may have come before the first event: the recording does not say.',
      };
    }
    if (stream.timing.headersAtMs === null && stream.response && !isAnswer(facts)) {
      return {
        verdict: 'incomplete',
        reason: 'When the headers came is not known, and a channel waits for its first news.',
      };
    }
    return fail(facts, first, waitMs);
  },
};

/** Where only events were timed (HAR), heartbeats before the first of them show in the body, if that is there. */
function mayHideComments({ stream, decoded }: StreamFacts): boolean {
  if (decoded.format !== 'sse' || stream.chunks.atMs.length > 0) return false;
  const text = stream.response?.body?.text ?? '';
  if (text === '') return true;
  const dataAt = text.search(/^data:/m);
  return /^:/m.test(dataAt < 0 ? text : text.slice(0, dataAt));
}

/** JSON-RPC over HTTP (Model Context Protocol): a call's one result, which may come as one event of an event stream. */
function isRemoteCall({ stream, decoded, eventCount }: StreamFacts): boolean {
  if (stream.kind !== 'fetch' || stream.end?.kind !== 'complete' || eventCount !== 1) return false;
  return decoded.events.data.some((data) => data != null && /^\s*\{[^{]*"jsonrpc"\s*:\s*"2\.0"/.test(data));
}

interface FirstSign {
  what: 'headers' | 'first byte' | 'nothing';
  atMs: number;
  earliestMs: number;
}

function isWaitedFor(facts: StreamFacts): boolean {
  const { nature, askedForStream, stream, decoded, arrivals } = facts;
  // Lines of JSON whose length is known beforehand are a file, and so are those that came in one piece under a type
  // that says nothing of lines, unless somebody asked for a stream.
  const isWhole = responseHeader(stream, 'content-length') !== null;
  const isPiece = arrivals.count <= 1 && !declaresLines(stream);
  const isFile = decoded.format !== 'sse' && !askedForStream && (isWhole || isPiece || areRecords(facts));
  if (isFile && stream.kind !== 'websocket') return false;
  if (isRemoteCall(facts)) return false;
  // Where nobody saw the handshake, an idle socket and one that never opened look the same.
  if (stream.kind === 'websocket' && stream.timing.headersAtMs === null) return false;
  const status = stream.response?.status ?? null;
  if (status === null || status < 400) return nature === 'stream';
  // A late failure of a stream that was asked for; an early one passes by its time.
  return askedForStream && (status >= 500 || status === 408);
}

function firstSign(facts: StreamFacts): FirstSign {
  const { arrivals, headersEarliestMs } = facts;
  const { headersAtMs } = facts.stream.timing;
  const headers =
    headersAtMs === null ? null : { atMs: headersAtMs, earliestMs: headersEarliestMs ?? headersAtMs };
  const isLate = headers !== null && headers.earliestMs - facts.requestAtMs > MAX_WAIT_MS;
  if (headers && (isLate || !isAnswer(facts))) return { what: 'headers', ...headers };
  if (arrivals.firstAtMs !== null) {
    const isBounded = arrivals.boundedCount > 0;
    const earliestMs = arrivals.firstEarliestMs ?? arrivals.firstAtMs;
    return { what: 'first byte', atMs: isBounded ? earliestMs : arrivals.firstAtMs, earliestMs };
  }
  // Without chunk times only the headers are known for sure; an empty stream that ended has nothing to wait for.
  if (headers && (facts.stream.end || facts.stream.response?.body)) return { what: 'headers', ...headers };
  const nowMs = facts.stream.timing.startedAtMs + facts.ageMs;
  return { what: 'nothing', atMs: nowMs, earliestMs: nowMs };
}

/**
 * An answer to a question rather than a channel for news. A method that carries a body puts a question. A GET does when
 * the server ended the stream by itself and, once it had begun, never paused as long as at the start: a channel whose
 * news come now and then would.
 */
function isAnswer(facts: StreamFacts): boolean {
  const { stream, arrivals } = facts;
  if (stream.kind === 'websocket' || stream.kind === 'eventsource') return false;
  if (stream.request.method !== 'GET') return !SUBSCRIPTION.test(stream.request.body?.text ?? '');
  if (stream.end?.kind !== 'complete' || arrivals.firstAtMs === null) return false;
  const pauseMs = Math.max(facts.gaps.longestMs, facts.tailSilenceMs);
  return arrivals.count >= MIN_ANSWER_DELIVERIES && pauseMs < (arrivals.firstAtMs - facts.requestAtMs) / 2;
}

function fail(facts: StreamFacts, first: FirstSign, waitMs: number): Judgement {
  const { stream, requestAtMs } = facts;
  const streamId = stream.id;
  const evidence: Evidence[] = [
    {
      label: first.what === 'headers' ? 'wait for the headers' : 'wait for the first byte',
      value: Math.round(waitMs),
      unit: 'ms',
      threshold: MAX_WAIT_MS,
      at: { streamId, fromMs: requestAtMs, toMs: first.atMs },
    },
  ];
  if (first.what === 'first byte' && facts.headersMs !== null) {
    evidence.push({ label: 'wait for the headers', value: Math.round(facts.headersMs), unit: 'ms' });
  }
  const queueMs = requestAtMs - stream.timing.startedAtMs;
  if (queueMs >= 1) {
    evidence.push({
      label: 'queue and connection before it, not counted',
      value: Math.round(queueMs),
      unit: 'ms',
    });
  }
  const waited = formatMs(waitMs);
  const summary =
    first.what === 'nothing'
      ? `Nothing has come ${waited} after the request was sent.`
      : first.what === 'headers'
        ? `The first byte came ${waited} after the request was sent, headers included.`
        : `The headers came early, but the first byte of the stream only ${waited} after the request was sent.`;
  return { verdict: 'fail', severity: 'warning', confidence: 'proven', summary, evidence };
}
