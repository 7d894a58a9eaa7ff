import { commonLimitMs, type LimitMatch, limitsMatching } from '../limits';
import { endingOf, isOpened, netErrorOf } from './endings';
import { lastActivityOf, lifeMs } from './moments';
import type { Hop, StreamFacts } from './stream-facts';
import type { TraceFacts } from './trace-facts';
import { nearSiblings, type Truncation, truncationOf } from './truncations';

/** A stream that something other than the page and its user ended too early. */
export interface Cut {
  /**
   * `network`: the browser reported it · `truncation`: it looked like a normal end, its content says otherwise ·
   * `unnamed`: an error that may have been a normal end (an EventSource seen from the page only)
   */
  by: 'network' | 'truncation' | 'unnamed';
  netError: string | null;
  truncation: Truncation | null;
  /** From the request's leaving to the cut, ms. */
  ageMs: number;
  /** From the last sign of life to the cut, ms; null when unknown. */
  silenceMs: number | null;
  lastSign: 'delivery' | 'headers' | 'request' | null;
}

/** The limit behind a cut, by its silence (`idle`) or by its age (`total`). */
export interface CutCause {
  kind: 'idle' | 'total';
  cut: Cut;
  /** The time that the limit is held against, ms. */
  measuredMs: number;
  /** Limits it fits, best first; empty when only the repetition or a common value speaks. */
  matches: LimitMatch[];
  /** A value that gateways are often set to, ms: fits where no known platform does. */
  commonMs: number | null;
  /** Streams of the endpoint, this one included, that were cut at the same time. */
  repeats: number;
  /** Data was still coming at its usual pace. */
  isFlowing: boolean;
}

/** The browser gave up a path that was dead (sleep, Wi-Fi, a NAT that forgot): nobody's limit struck at that moment. */
const DEAD_PATH: ReadonlySet<string | null> = new Set(['ERR_HTTP2_PING_FAILED', 'ERR_TIMED_OUT']);

const UNREACHED =
  /^ERR_(CONNECTION_(REFUSED|TIMED_OUT|FAILED)|NAME_|DNS_|ADDRESS_|SSL_|CERT_|TUNNEL_|SOCKS_|PROXY_)/;

export function cutOf(facts: StreamFacts, trace: TraceFacts): Cut | null {
  const { stream } = facts;
  const ending = endingOf(stream);
  const by = byOf(facts, ending);
  if (!by) return null;
  const truncation = by === 'truncation' ? truncationOf(facts, trace) : null;
  if (by === 'truncation' && (truncation === null || truncation === 'unknown')) return null;
  const last = lastActivityOf(facts);
  return {
    by,
    netError: netErrorOf(stream),
    truncation: truncation === 'unknown' ? null : truncation,
    ageMs: lifeMs(facts) ?? 0,
    silenceMs: last && stream.end ? Math.max(0, stream.end.atMs - last.atMs) : null,
    lastSign: last?.what ?? null,
  };
}

function byOf(facts: StreamFacts, ending: ReturnType<typeof endingOf>): Cut['by'] | null {
  const { stream } = facts;
  // What never reached a server met no limit of one.
  if (!stream.response && UNREACHED.test(netErrorOf(stream) ?? '')) return null;
  if (DEAD_PATH.has(netErrorOf(stream))) return null;
  if (ending === 'framing' || ending === 'lost') return 'network';
  if (ending === 'unnamed') return stream.kind === 'eventsource' && isOpened(stream) ? 'unnamed' : null;
  return ending === 'clean' ? 'truncation' : null;
}

/** Data still flowed when the cut came if the last silence is no longer than this, or than half again the longest. */
const FLOWING_MS = 2000;
const FLOWING_SHARE = 1.5;

/** A total limit cannot strike before its time; where nothing but the number speaks, only rounding is forgiven. */
const EARLY_MS = 500;

/** Streams of one endpoint that die alike are no accident from this many on. */
const MIN_REPEATS = 3;
/** Repeated ages count from here: below, a handler that always fails at the same step looks the same. */
const MIN_REPEATED_AGE_MS = 2000;
/** Repeated silences count from here: shorter ones are ordinary pauses. */
const MIN_REPEATED_SILENCE_MS = 5000;
/** What reconnects by itself repeats any fault at a steady pace: only longer lives speak for a limit there. */
const MIN_REPEATED_RECONNECT_MS = 10_000;
/** Two times are the same within this: a timer that ticks every second (gunicorn's) moves them by half of it. */
const SAME_MS = 500;
const SAME_SHARE = 0.03;
const ONE_INCIDENT_MS = 1000;

/**
 * The time limit that explains a cut, or null. Idle and total limits share values, so the order matters: what a header
 * or host betrays comes first; a silence is blamed only when it is the longest the connection had to bear; an age only
 * when data still flowed or its platform is known. Where no known limit fits, several streams that died after the same
 * time speak for one that somebody set.
 */
export function causeOf(facts: StreamFacts, trace: TraceFacts): CutCause | null {
  const cut = cutOf(facts, trace);
  if (!cut) return null;
  const { stream, gaps } = facts;
  const hops = hopsWith(facts.hops, cut);
  const context = {
    headersComplete: stream.response?.headersComplete ?? false,
    websocket: stream.kind === 'websocket',
  };
  const { ageMs, silenceMs } = cut;
  const isSilent = cut.lastSign !== 'delivery';
  const isWorstSilence = silenceMs !== null && (isSilent || silenceMs > gaps.longestMs);
  const isFlowing =
    !isSilent && silenceMs !== null && silenceMs <= Math.max(FLOWING_MS, gaps.longestMs * FLOWING_SHARE);

  // Nothing ever came: a limit on the silence and one on the whole cannot be told apart, and both were met.
  const idleKinds = isSilent ? (['idle', 'first-byte', 'total'] as const) : (['idle'] as const);
  const incident = incidentOf(facts, trace, cut);
  const isSilenceJudged = isWorstSilence && !incident.refutesSilence;
  const idle = isSilenceJudged ? limitsMatching(idleKinds, silenceMs, hops, context) : [];
  const isAgeJudged = !isSilent && cut.by !== 'unnamed' && !incident.refutesAge;
  const total = isAgeJudged
    ? limitsMatching('total', ageMs, hops, context).filter(
        (match) => match.hop || match.offsetMs >= -EARLY_MS,
      )
    : [];

  const asIdle = (matches: LimitMatch[], repeats: number, commonMs: number | null = null): CutCause => ({
    kind: 'idle',
    cut,
    measuredMs: silenceMs ?? 0,
    matches,
    commonMs,
    repeats,
    isFlowing,
  });
  const asTotal = (matches: LimitMatch[], repeats: number, commonMs: number | null = null): CutCause => ({
    kind: 'total',
    cut,
    measuredMs: ageMs,
    matches,
    commonMs,
    repeats,
    isFlowing,
  });

  const isBetrayed = (matches: LimitMatch[]) => matches[0]?.hop != null;
  const repeats = repeatsOf(facts, trace, cut);
  if (isBetrayed(idle)) return asIdle(idle, repeats.silences);
  if (isBetrayed(total)) return asTotal(total, repeats.ages);
  if (idle.length > 0) return asIdle(idle, repeats.silences);
  if (total.length > 0 && isFlowing) return asTotal(total, repeats.ages);

  if (cut.by === 'unnamed') return null;
  const commonIdleMs = isSilenceJudged ? commonLimitMs('idle', silenceMs) : null;
  if (commonIdleMs !== null) return asIdle([], repeats.silences, commonIdleMs);
  const commonTotalMs = isFlowing && isAgeJudged ? commonLimitMs('total', ageMs) : null;
  if (commonTotalMs !== null) return asTotal([], repeats.ages, commonTotalMs);

  const reconnects = stream.kind === 'eventsource' || stream.kind === 'websocket';
  const minAgeMs = reconnects ? MIN_REPEATED_RECONNECT_MS : MIN_REPEATED_AGE_MS;
  const minSilenceMs = reconnects ? MIN_REPEATED_RECONNECT_MS : MIN_REPEATED_SILENCE_MS;
  if (
    isWorstSilence &&
    silenceMs >= minSilenceMs &&
    repeats.silences >= MIN_REPEATS &&
    repeats.silences >= repeats.ages
  ) {
    return asIdle([], repeats.silences);
  }
  if (ageMs >= minAgeMs && repeats.ages >= MIN_REPEATS) {
    return isSilent ? asIdle([], repeats.ages) : asTotal([], repeats.ages);
  }
  return null;
}

/** A raw 500 in the body is gunicorn's own hand, where no header names it. */
function hopsWith(hops: readonly Hop[], cut: Cut): readonly Hop[] {
  if (cut.truncation?.why !== 'foreign-response') return hops;
  return [...hops, { platform: 'gunicorn', label: 'gunicorn', evidence: cut.truncation.text }];
}

function repeatsOf(facts: StreamFacts, trace: TraceFacts, cut: Cut): { ages: number; silences: number } {
  let ages = 1;
  let silences = 1;
  for (const sibling of nearSiblings(facts, trace)) {
    const other = cutOf(sibling, trace);
    if (!other || other.by === 'unnamed') continue;
    // Streams that ended in one moment share an incident (a restart), not a limit.
    if (Math.abs(sibling.stream.end!.atMs - facts.stream.end!.atMs) < ONE_INCIDENT_MS) continue;
    if (isSame(other.ageMs, cut.ageMs)) ages++;
    if (other.silenceMs !== null && cut.silenceMs !== null && isSame(other.silenceMs, cut.silenceMs))
      silences++;
  }
  return { ages, silences };
}

/** Streams that one hand cut (a restart, a connection that broke) end within this. */
const ONE_HAND_MS = 300;

/**
 * Other streams of the endpoint that were cut in the very same moment, at another age or after a shorter silence: no
 * limit on that was at work, whatever number came out.
 */
function incidentOf(
  facts: StreamFacts,
  trace: TraceFacts,
  cut: Cut,
): { refutesAge: boolean; refutesSilence: boolean } {
  let refutesAge = false;
  let refutesSilence = false;
  for (const sibling of nearSiblings(facts, trace)) {
    if (Math.abs((sibling.stream.end?.atMs ?? Number.NaN) - facts.stream.end!.atMs) > ONE_HAND_MS) continue;
    const other = sibling.stream.end ? cutOf(sibling, trace) : null;
    if (!other || other.by === 'unnamed') continue;
    refutesAge ||= !isSame(other.ageMs, cut.ageMs);
    // One that had been silent for longer may share an idle connection with this one; one that had just spoken cannot.
    const isLivelier = (other.silenceMs ?? Number.POSITIVE_INFINITY) < (cut.silenceMs ?? 0);
    refutesSilence ||= isLivelier && !isSame(other.silenceMs ?? 0, cut.silenceMs ?? 0);
  }
  return { refutesAge, refutesSilence };
}

function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(SAME_MS, b * SAME_SHARE);
}
