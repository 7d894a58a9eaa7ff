import { endingOf } from '../facts/endings';
import { mediaType, responseHeader } from '../facts/headers';
import type { StreamFacts } from '../facts/stream-facts';
import type { Evidence, Judgement, StreamRule } from '../rule';

const EVENT_STREAM = 'text/event-stream';

/** Server-sent events under another name, or an EventSource that was refused for what the answer said it was. */
export const wrongContentType: StreamRule = {
  id: 'wrong-content-type',
  title: 'Server-sent events are served as something else',
  scope: 'stream',
  sources: ['003_e4d6598c67b82dc6.txt'],
  judge(facts) {
    const { stream } = facts;
    if (stream.kind === 'eventsource') return judgeEventSource(facts);
    if ((stream.kind !== 'fetch' && stream.kind !== 'xhr') || !stream.response) {
      return { verdict: 'inapplicable' };
    }
    const type = mediaType(stream);
    if (facts.decoded.format !== 'sse') {
      // The body of an error is not the stream that was asked for.
      const isAnswer = stream.response.status < 400;
      const wasBlind =
        isAnswer && facts.askedForStream && stream.losses.includes('no-body') && type !== EVENT_STREAM;
      return wasBlind
        ? { verdict: 'incomplete', reason: 'the body was not captured' }
        : { verdict: 'inapplicable' };
    }
    if (type === EVENT_STREAM) return { verdict: 'pass' };
    if (type === '' && !stream.response.headersComplete) {
      return { verdict: 'incomplete', reason: 'the headers of the answer were not recorded' };
    }
    return fail(
      facts,
      `The body is server-sent events, but its content type is ${shown(type)}: EventSource refuses it, and DevTools shows no events.`,
      [],
    );
  },
};

function judgeEventSource(facts: StreamFacts): Judgement {
  const { stream } = facts;
  const { response } = stream;
  if (!response) {
    return endingOf(stream) === 'refused' && stream.end?.netError == null
      ? { verdict: 'incomplete', reason: 'the EventSource gave up, and its answer was not seen' }
      : { verdict: 'inapplicable' };
  }
  // 204 tells an EventSource to stop (WHATWG HTML, 9.2); redirects are followed; 0 is an answer that CORS hid.
  const { status } = response;
  if (status === 204 || status < 200 || (status >= 300 && status < 400)) return { verdict: 'pass' };
  if (status !== 200) {
    return fail(facts, `The EventSource was answered ${status}, so it gave up and will not try again.`, [
      { label: 'status', value: status, unit: 'status', threshold: 200 },
    ]);
  }
  // The page is shown no headers of an EventSource, and the browser opens none whose type is wrong.
  const wasOpened = facts.eventCount > 0 || (!response.headersComplete && stream.end?.kind !== 'refused');
  if (wasOpened) return { verdict: 'pass' };
  const header = responseHeader(stream, 'content-type');
  if (header === null && !response.headersComplete) {
    return { verdict: 'incomplete', reason: 'the headers of the answer were not recorded' };
  }
  const type = mediaType(stream);
  const charset = /charset\s*=\s*"?([\w-]{1,40})/i.exec(header ?? '')?.[1];
  if (type === EVENT_STREAM && (!charset || /^utf-?8$/i.test(charset))) return { verdict: 'pass' };
  return fail(
    facts,
    type === EVENT_STREAM
      ? `The EventSource refuses the charset ${charset}: only UTF-8 is allowed.`
      : `The EventSource was answered as ${shown(type)} instead of ${EVENT_STREAM}, so it gave up and will not try again.`,
    [],
  );
}

function fail({ stream }: StreamFacts, summary: string, evidence: Evidence[]): Judgement {
  return {
    verdict: 'fail',
    severity: 'error',
    confidence: 'proven',
    summary,
    evidence: [
      ...evidence,
      {
        label: 'content type',
        value: (responseHeader(stream, 'content-type') ?? 'none').slice(0, 120),
        unit: 'header',
        threshold: EVENT_STREAM,
        at: { streamId: stream.id, header: 'content-type' },
      },
    ],
  };
}

function shown(type: string): string {
  return type === '' ? 'missing' : type.slice(0, 80);
}
