import type { Finding, StreamRef } from '../diagnose/rule';
import type { CookieRefusal } from '../trace/types';

/** Which of the two recordings. `a` is the reference (it works there), `b` is held against it. */
export type Side = 'a' | 'b';

/** One value per recording. */
export interface Both<Value> {
  a: Value;
  b: Value;
}

export interface CompareOptions {
  /** Hosts (with port) of `a` that are another host in `b`; hosts that are not named here are guessed. */
  hosts?: ReadonlyMap<string, string> | undefined;
  /** What the sentences call them; "A" and "B" by default. */
  names?: Both<string> | undefined;
}

/** What two recordings of the same page have in common, and where they differ. Times are ms, sizes bytes. */
export interface Comparison {
  names: Both<string>;
  /**
   * `differs`: at least one pair differs by more than chance; `same`: pairs were held against each other and none does;
   * `incomparable`: nothing could be held against anything, `obstacles` says why.
   */
  verdict: 'differs' | 'same' | 'incomparable';
  /** What differs most and what it points to, or why nothing can be said; ends in a full stop. */
  sentence: string;
  /** What stands in the way of a comparison, or weakens it; a sentence each. */
  obstacles: string[];
  /** Hosts that were taken for each other. */
  hosts: HostPair[];
  /** The most different first. */
  pairs: StreamPair[];
  /** Requests that only one of them made. */
  unmatched: Both<StreamRef[]>;
  /** Findings of the whole recordings, matched by endpoint and id. */
  findings: FindingChanges;
}

export interface HostPair extends Both<string> {
  how: 'given' | 'equal' | 'guessed';
}

/** Seen from `b`: `appeared` is only there, `gone` is only in `a`. */
export interface FindingChanges {
  appeared: Finding[];
  stayed: Both<Finding>[];
  gone: Finding[];
}

/** One request of `a` and its counterpart in `b`. */
export interface StreamPair extends Both<StreamRef> {
  /** Stable within a comparison: `s1:s4`. */
  key: string;
  /** Method and path with ids replaced, without the host: `POST /api/chat`. */
  endpoint: string;
  /** Whether the pages asked for the same (query and request body), or the two were only paired by their order. */
  matchedBy: 'content' | 'order';
  /** What differs and what it points to; null when nothing does. */
  sentence: string | null;
  /**
   * How much they differ: 0 not at all; below 0.1 only in headers; up to 1 in hops, protocol or amount; 1 and more in
   * timing; 100 and more: one failed.
   */
  weight: number;
  /** What of this pair cannot be compared; a sentence each. */
  obstacles: string[];
  figures: Figure[];
  /** Silences between deliveries, in the log-spaced bins whose lower edges are `binEdgesMs`. */
  gaps: Both<number[]> & { binEdgesMs: readonly number[] };
  curves: Both<ArrivalCurve>;
  /** Null where one of them has no events, is an error page, or is of another format. */
  events: EventAlignment | null;
  headers: HeaderDifference[];
  hops: HopChanges;
  cookies: Both<CookieTraffic>;
  findings: FindingChanges;
}

export type FigureId =
  | 'status'
  | 'protocol'
  | 'encoding'
  | 'end'
  | 'headers'
  | 'first-byte'
  | 'first-event'
  | 'duration'
  | 'longest-gap'
  | 'median-gap'
  | 'events'
  | 'bytes'
  | 'deliveries'
  | 'bursts'
  | 'events-per-burst'
  | 'largest-burst';

/** One measured value on both sides; null where it is not known. */
export interface Figure extends Both<number | string | null> {
  id: FigureId;
  label: string;
  /** As in evidence: `ms`, `bytes`, `count`, `status`, `text`. */
  unit: string;
  /** They differ by more than two runs of the same thing would. */
  differs: boolean;
}

/** What had arrived by when, from the request on; thinned out to at most `MAX_CURVE_POINTS`, first and last kept. */
export interface ArrivalCurve {
  /** Ms since the request left; never decreasing. */
  atMs: number[];
  /** Totals up to that time. */
  bytes: number[];
  events: number[];
  /** Ms since the request left at which it ended; null: it was still open. */
  endMs: number | null;
  /** False: only bounds are known, so the curve says nothing about rhythm. */
  timesKnown: boolean;
}

/** Data events held against each other, in order. */
export interface EventAlignment {
  /** `content`: equal events; `order`: the contents have too little in common, so the n-th is held against the n-th. */
  by: 'content' | 'order';
  rows: AlignedEvent[];
  matched: number;
  /** Events that have no counterpart. */
  unmatched: Both<number>;
  /** How much later than in `a` an event came in `b`, both counted from their request; null when nothing matched. */
  medianDelayMs: number | null;
  largestDelayMs: number | null;
  smallestDelayMs: number | null;
  /** More events than are held against each other: only the first ones were. */
  isCut: boolean;
}

/** One line of the alignment; an index is null where the other side has no such event. */
export interface AlignedEvent {
  /** Index into the events of the decoded stream. */
  aIndex: number | null;
  bIndex: number | null;
  /** Ms since the request left; null where there is none, or where only bounds are known. */
  aMs: number | null;
  bMs: number | null;
  /** `bMs - aMs`: what the path adds (or saves) for this event. */
  delayMs: number | null;
}

export interface HeaderDifference extends Both<string | null> {
  of: 'request' | 'response';
  /** Lower case. */
  name: string;
  /** It can change how a stream is delivered, as against dates, ids and lengths. */
  matters: boolean;
}

export interface HopChanges {
  /** Labels, browser side first: "nginx/1.22.1". */
  both: string[];
  onlyA: string[];
  onlyB: string[];
}

/** Names of cookies, never their values. Null: not known. */
export interface CookieTraffic {
  sent: string[] | null;
  set: string[];
  refused: CookieRefusal[];
  withheld: CookieRefusal[];
  /** Cookies that pin to a backend, of those that were set or sent. */
  affinity: string[];
}
