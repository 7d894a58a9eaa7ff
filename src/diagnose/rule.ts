import type { RuleId } from '../trace/ids';
import type { SourceGap, StreamKind, StreamRecord, Trace } from '../trace/types';
import type { StreamFacts } from './facts/stream-facts';
import type { TraceFacts } from './facts/trace-facts';
import type { PlatformId } from './platforms';

export type Severity = 'error' | 'warning' | 'info';
export type ConfidenceWord = 'proven' | 'likely';

/** One measured value that supports a finding. */
export interface Evidence {
  /** In plain words: "wait before the first byte". */
  label: string;
  value: number | string | boolean;
  /** `ms`, `bytes`, `events`, `count`, `ratio`, `status`, `header`, `text`, … */
  unit: string;
  /** The limit it was held against, in the same unit; absent when there is none. */
  threshold?: number | string;
  /** Where to look. */
  at?: EvidencePointer;
}

export interface EvidencePointer {
  streamId: string;
  /** Span on the time axis, trace ms. */
  fromMs?: number;
  toMs?: number;
  /** First and last event (or chunk) index. */
  fromEvent?: number;
  toEvent?: number;
  header?: string;
}

/** A rule's answer for one subject. */
export type Judgement =
  | { verdict: 'pass' }
  | { verdict: 'inapplicable' }
  | { verdict: 'incomplete'; reason: string }
  | {
      verdict: 'fail';
      severity: Severity;
      confidence: ConfidenceWord;
      /** One sentence in plain words, with the numbers that matter, ending in a full stop. */
      summary: string;
      evidence: Evidence[];
      /** Best first; the recipe opens on the first one's tab. Empty: unknown. */
      platforms?: PlatformId[];
      /** Findings on the same subject (or on `on`) that this one explains. */
      supersedes?: { rule: RuleId; on?: string }[];
    };

/** What a rule judges. Session and job subjects point at their streams. */
export type Scope = 'stream' | 'session' | 'job' | 'trace';

interface RuleBase {
  /** Noun policy: says what is wrong, equals the file name. */
  id: RuleId;
  /** One line for lists: "The whole stream was held back until the end". */
  title: string;
  /** Documents behind it (file names of the five source documents). */
  sources: string[];
  /** A source that lacks one of these makes the rule answer `incomplete` without being asked. */
  needs?: SourceGap[];
  /** Rules whose findings on the same subject this one explains when it fails. */
  explains?: RuleId[];
}

export interface StreamRule extends RuleBase {
  scope: 'stream';
  judge(facts: StreamFacts, trace: TraceFacts): Judgement;
}

/** A rule over a group of streams (a Socket.IO session, a polled job, a host): it names the stream it lands on. */
export interface GroupRule extends RuleBase {
  scope: 'session' | 'job' | 'trace';
  judge(trace: TraceFacts): { streamId: string; groupId?: string; judgement: Judgement }[];
}

export type Rule = StreamRule | GroupRule;

/** One `fail`, with everything a front end needs to show it. */
export interface Finding {
  /** Rule and subject: stable within a trace, `buffered-stream/s3`. */
  key: string;
  id: RuleId;
  title: string;
  verdict: 'fail';
  severity: Severity;
  confidence: ConfidenceWord;
  stream: StreamRef;
  summary: string;
  evidence: Evidence[];
  platforms: PlatformId[];
  /** `key` of the finding that explains this one. */
  supersededBy: string | null;
  recipe: RuleId;
  sources: string[];
}

export interface StreamRef {
  id: string;
  kind: StreamKind;
  method: string;
  url: string;
}

export interface Incomplete {
  id: RuleId;
  stream: StreamRef;
  reason: string;
}

export interface Diagnosis {
  /** Worst first; superseded ones behind the finding that explains them. */
  findings: Finding[];
  incomplete: Incomplete[];
  /** Rules that threw, with the message: a defect of ours, shown as such. */
  failures: { id: RuleId; streamId: string; message: string }[];
}

export function streamRef(stream: StreamRecord): StreamRef {
  return { id: stream.id, kind: stream.kind, method: stream.request.method, url: stream.request.url };
}

/**
 * Judges a trace again and again as it grows. `update` looks only at streams named in `changed` (all when
 * absent) and at what they gained.
 */
export interface Diagnoser {
  readonly trace: Trace;
  readonly diagnosis: Diagnosis;
  /** Facts of one stream, kept up to date by `update`. */
  factsOf(streamId: string): StreamFacts | undefined;
  readonly facts: TraceFacts;
  /** `nowMs`: trace time of the look; open streams are measured up to it. Defaults to the end of the recording. */
  update(options?: { changed?: ReadonlySet<string>; nowMs?: number }): Diagnosis;
}
