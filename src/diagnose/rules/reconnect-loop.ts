import { formatMs } from '../../lib/format';
import { causeOf } from '../facts/cuts';
import { endingOf, netErrorOf } from '../facts/endings';
import { type Life, type Lineage, lineagesOf } from '../facts/lives';
import type { TraceFacts } from '../facts/trace-facts';
import { limitClause, namedMatches, platformsOf } from '../limits';
import { PLATFORMS, type PlatformId } from '../platforms';
import type { GroupRule, Judgement } from '../rule';

const MIN_OPENS = 4;
/** A life is short up to this: working connections last minutes. */
const SHORT_LIFE_MS = 30_000;
/** The next attempt follows within this; back-off stays below it. */
const MAX_PAUSE_MS = 60_000;
/** A server that ends each answer and asks for a pause of at least this is polled on purpose (`retry:`). */
const POLLING_RETRY_MS = 5000;
/** Findings of this many lives are gathered under the loop. */
const MAX_GATHERED = 500;

/** The same connection is opened again and again and never lives long. */
export const reconnectLoop: GroupRule = {
  id: 'reconnect-loop',
  title: 'The connection is opened again and again',
  scope: 'trace',
  sources: ['004_eabe6d93a2f6ee54.txt', '000_f43a27df2c069156.txt'],
  judge(trace) {
    const loops = lineagesOf(trace)
      .map((lineage) => ({ lineage, loop: longestLoop(lineage.lives) }))
      .filter(({ loop }) => loop.length >= MIN_OPENS);
    const sessionHosts = new Set(
      loops.flatMap(({ lineage, loop }) =>
        lineage.what === 'Socket.IO session' ? [loop[0]!.facts.host] : [],
      ),
    );
    return loops.flatMap(({ lineage, loop }) => {
      const last = loop.filter(({ diedByItself }) => diedByItself).at(-1);
      if (!last) return [];
      const { stream, host } = last.facts;
      // The WebSockets of sessions that start over are the same loop, seen from one layer below.
      const isInner =
        lineage.what === 'WebSocket' && stream.request.url.includes('EIO=') && sessionHosts.has(host);
      return isInner ? [] : [{ streamId: stream.id, judgement: describe(lineage, loop, last, trace) }];
    });
  },
};

/** The longest row of short lives, each followed at once by the next. */
function longestLoop(lives: readonly Life[]): Life[] {
  let longest: Life[] = [];
  let row: Life[] = [];
  for (const life of lives) {
    const previous = row.at(-1);
    const follows =
      previous?.endMs != null &&
      life.startMs >= previous.endMs - 50 &&
      life.startMs - previous.endMs <= MAX_PAUSE_MS;
    if (previous && !follows) row = [];
    if (!isShort(life)) {
      row = [];
      continue;
    }
    row.push(life);
    if (row.length > longest.length) longest = [...row];
    // One that the page closed, or that still lasts, can only be the last of a row.
    if (!life.diedByItself) row = [];
  }
  return longest;
}

function isShort({ startMs, endMs, facts }: Life): boolean {
  const { retryMs } = facts.decoded;
  if (retryMs !== null && retryMs >= POLLING_RETRY_MS && endingOf(facts.stream) === 'clean') return false;
  return (endMs === null ? facts.ageMs : endMs - startMs) <= SHORT_LIFE_MS;
}

function describe(lineage: Lineage, loop: readonly Life[], last: Life, trace: TraceFacts): Judgement {
  const first = loop[0]!;
  const periodMs = median(loop.slice(1).map(({ startMs }, index) => startMs - loop[index]!.startMs));
  const livesMs = loop.flatMap(({ startMs, endMs }) => (endMs === null ? [] : [endMs - startMs]));
  const dead = loop.filter(({ diedByItself }) => diedByItself);
  const cause = lineage.what === 'Socket.IO session' ? null : causeOf(last.facts, trace);
  const { sentence, word } = reasonOf(lineage, dead);
  const lastStartMs = loop.at(-1)!.startMs;
  const article = lineage.what === 'EventSource' ? 'An' : 'A';
  return {
    verdict: 'fail',
    severity: 'error',
    confidence: 'proven',
    summary: `${article} ${lineage.what} was opened ${loop.length} times, every ${formatMs(periodMs)}, and lived ${formatMs(median(livesMs))} each time${limitClause(cause?.matches ?? []) || `: ${sentence}`}.`,
    evidence: [
      {
        label: 'times opened',
        value: loop.length,
        unit: 'count',
        threshold: MIN_OPENS,
        at: { streamId: last.facts.stream.id, fromMs: first.startMs, toMs: lastStartMs },
      },
      { label: 'period', value: Math.round(periodMs), unit: 'ms' },
      { label: 'median life', value: Math.round(median(livesMs)), unit: 'ms', threshold: SHORT_LIFE_MS },
      { label: 'how they ended', value: word, unit: 'text' },
    ],
    platforms: platformsFor(lineage, cause ? platformsOf(namedMatches(cause.matches)) : [], last),
    supersedes: dead.slice(-MAX_GATHERED).flatMap(({ facts }) =>
      (['connection-lost', 'http2-protocol-error', 'incomplete-stream'] as const).map((rule) => ({
        rule,
        on: facts.stream.id,
      })),
    ),
  };
}

function reasonOf({ what }: Lineage, dead: readonly Life[]): { sentence: string; word: string } {
  if (what === 'Socket.IO session') {
    const status = dead.map(({ facts }) => facts.stream.response?.status ?? 0).find((one) => one >= 400);
    return status
      ? { sentence: `its handshake was answered ${status}`, word: `handshake answered ${status}` }
      : { sentence: 'a request of each session failed', word: 'a request of the session failed' };
  }
  const errors = dead.map(({ facts }) => netErrorOf(facts.stream)).filter((name) => name !== null);
  if (errors.length > 0) {
    const name = commonest(errors);
    return { sentence: `it ended with ${name}`, word: name };
  }
  const codes = dead.map(({ facts }) => facts.stream.end?.closeCode ?? null).filter((code) => code !== null);
  if (codes.length > 0) {
    const code = commonest(codes);
    return { sentence: `it closed with code ${code}`, word: `close code ${code}` };
  }
  if (dead.every(({ facts }) => endingOf(facts.stream) === 'clean')) {
    return {
      sentence:
        'the server ends each answer, and an EventSource reconnects until it is closed or answered 204',
      word: 'normal end of the answer',
    };
  }
  return { sentence: 'the server or a proxy ended it', word: 'an error without a name' };
}

function platformsFor({ what }: Lineage, causes: PlatformId[], last: Life): PlatformId[] {
  const hops = last.facts.hops.flatMap(({ platform }) =>
    platform && platform in PLATFORMS ? [platform] : [],
  );
  const own: PlatformId[] = what === 'Socket.IO session' ? ['socket-io'] : [];
  return [...new Set([...causes, ...own, ...hops])];
}

function commonest<T>(items: readonly T[]): T {
  const counts = new Map<T, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].reduce((best, one) => (one[1] > best[1] ? one : best))[0];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
