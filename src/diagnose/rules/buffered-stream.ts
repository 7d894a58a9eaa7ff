import { formatMs } from '../../lib/format';
import { responseHeader } from '../facts/headers';
import { possibleHolders } from '../facts/holders';
import { type HeldFacts, holdingOf, MIN_EVENTS, MIN_WAIT_MS } from '../facts/holding';
import type { StreamFacts } from '../facts/stream-facts';
import type { TraceFacts } from '../facts/trace-facts';
import type { Evidence, StreamRule } from '../rule';

/** The `Date` header counts seconds; two more than on other answers of the host is no rounding. */
const MIN_DATE_LAG_MS = 2000;

/**
 * A stream whose events all came in one burst at its end. Measured in facts/holding.ts, which compressed-stream shares:
 * what counts as one burst, and when the server's own clock or the page's lateness says otherwise, is written there.
 */
export const bufferedStream: StreamRule = {
  id: 'buffered-stream',
  title: 'The whole stream was held back until its end',
  scope: 'stream',
  sources: ['002_1ebeed7eb15dba47.txt'],
  explains: ['slow-first-byte', 'batched-stream'],
  judge(facts, trace) {
    const holding = holdingOf(facts, trace);
    if (holding.state === 'inapplicable') return { verdict: 'inapplicable' };
    if (holding.state === 'flowing') return { verdict: 'pass' };
    if (holding.state === 'unsure') return { verdict: 'incomplete', reason: holding.reason };
    return {
      verdict: 'fail',
      severity: 'error',
      confidence: holding.proof === null ? 'likely' : 'proven',
      summary: summaryOf(holding),
      evidence: evidenceOf(facts, trace, holding),
      platforms: possibleHolders(facts),
    };
  },
};

function summaryOf({ eventCount, spanMs, waitMs, proof, sentSpreadMs, headersWereEarly }: HeldFacts): string {
  const span = spanMs < 1 ? 'at once' : `within ${formatMs(spanMs)}`;
  const head = `${eventCount} events arrived ${span}, after ${formatMs(waitMs)} of silence`;
  const early = headersWereEarly ? ' behind early headers' : '';
  if (proof === 'clock')
    return `${head}${early}, although the server sent them over ${formatMs(sentSpreadMs ?? 0)}.`;
  if (proof === 'canary')
    return `${head}${early}; the send times of another stream show that this host holds streams back.`;
  return `${head}${early}: something on the way held them back, unless the server made them all at once.`;
}

function evidenceOf(facts: StreamFacts, trace: TraceFacts, holding: HeldFacts): Evidence[] {
  const streamId = facts.stream.id;
  const evidence: Evidence[] = [
    {
      label: 'wait before the first event',
      value: round(holding.waitMs),
      unit: 'ms',
      threshold: MIN_WAIT_MS,
      at: { streamId, fromMs: facts.requestAtMs, toMs: holding.fromMs },
    },
    {
      label: 'from the first event to the last',
      value: round(holding.spanMs),
      unit: 'ms',
      threshold: round(holding.spanLimitMs),
      at: { streamId, fromMs: holding.fromMs, toMs: holding.toMs },
    },
    {
      label: 'events in that burst',
      value: holding.eventCount,
      unit: 'events',
      threshold: MIN_EVENTS,
      at: { streamId, fromEvent: 0, toEvent: facts.decoded.events.atMs.length - 1 },
    },
  ];
  if (holding.sentSpreadMs !== null) {
    evidence.push({
      label: 'from the first send time to the last',
      value: round(holding.sentSpreadMs),
      unit: 'ms',
    });
  }
  if (holding.canaryId !== null) {
    evidence.push({
      label: 'stream of the same host whose send times prove holding',
      value: holding.canaryId,
      unit: 'text',
      at: { streamId: holding.canaryId },
    });
  }
  if (facts.headersMs !== null) {
    evidence.push({ label: 'wait for the headers', value: round(facts.headersMs), unit: 'ms' });
  }
  evidence.push(...headerEvidence(facts), ...dateEvidence(facts, trace));
  for (const hop of facts.hops)
    evidence.push({ label: `hop: ${hop.label}`, value: hop.evidence, unit: 'header' });
  if (facts.stream.response?.fromServiceWorker) {
    evidence.push({ label: 'a service worker answered', value: true, unit: 'text' });
  }
  if (holding.proof === null) {
    evidence.push({
      label: 'the other explanation',
      value:
        'The server made all events at once. To tell: run curl -N against each hop, the application first; the first hop where lines no longer come one by one holds them. Send times in the events show it in every recording.',
      unit: 'text',
    });
  }
  return evidence;
}

/** What each of these headers says when it stands on a stream. */
const TELLING_HEADERS: readonly [name: string, label: string][] = [
  ['content-length', 'Content-Length: somebody read the whole body before passing it on'],
  ['content-encoding', 'Content-Encoding: a compressor that is not flushed holds everything'],
  ['x-accel-buffering', 'X-Accel-Buffering is visible: an nginx next to the browser would have consumed it'],
];

function headerEvidence({ stream, contentEncoding }: StreamFacts): Evidence[] {
  return TELLING_HEADERS.flatMap(([name, label]) => {
    const value = name === 'content-encoding' ? contentEncoding : responseHeader(stream, name);
    if (value === null) return [];
    return [{ label, value: value.slice(0, 200), unit: 'header', at: { streamId: stream.id, header: name } }];
  });
}

/** Headers that were made long before they came, by the host's own clock: its offset is taken from other answers. */
function dateEvidence(facts: StreamFacts, trace: TraceFacts): Evidence[] {
  const lagMs = dateLagMs(facts);
  if (lagMs === null) return [];
  const others = trace
    .ofHost(facts.host)
    .slice(-50)
    .flatMap((other) => (other === facts ? [] : (dateLagMs(other) ?? [])));
  if (others.length === 0) return [];
  const heldMs = lagMs - Math.min(...others);
  if (heldMs < MIN_DATE_LAG_MS) return [];
  const label = 'headers arrived so long after their Date, compared with other answers of this host';
  return [{ label, value: round(heldMs), unit: 'ms', threshold: MIN_DATE_LAG_MS }];
}

function dateLagMs({ stream, originEpochMs }: StreamFacts): number | null {
  const dateMs = Date.parse(responseHeader(stream, 'date') ?? '');
  const { headersAtMs } = stream.timing;
  return Number.isNaN(dateMs) || headersAtMs === null ? null : originEpochMs + headersAtMs - dateMs;
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
