import type { Comparison, FindingChanges, StreamPair } from '../compare/types';
import type { Finding, StreamRef } from '../diagnose/rule';
import type { Trace } from '../trace/types';
import { type RedactionOptions, Redactor } from './redact';

export const COMPARISON_FORMAT = 'streamgauge-comparison';
export const COMPARISON_VERSION = 1;

/** Aligned events of one pair that are written out; the totals beside them count all. */
const MAX_ROWS = 2000;

/** What `compare --json` prints: the comparison as `compare/types.ts` describes it, without secrets. */
export interface ComparisonJson extends Comparison {
  format: typeof COMPARISON_FORMAT;
  version: typeof COMPARISON_VERSION;
}

export function comparisonJson(comparison: Comparison): ComparisonJson {
  const pairs = comparison.pairs.map((pair) => ({
    ...pair,
    events: pair.events && {
      ...pair.events,
      rows: pair.events.rows.slice(0, MAX_ROWS),
      isCut: pair.events.isCut || pair.events.rows.length > MAX_ROWS,
    },
  }));
  return { format: COMPARISON_FORMAT, version: COMPARISON_VERSION, ...comparison, pairs };
}

/** A copy of the comparison of `a` and `b` without their secrets; equal values of both have equal fingerprints. */
export function redactComparison(
  comparison: Comparison,
  a: Trace,
  b: Trace,
  options: RedactionOptions = {},
): Comparison {
  const redactor = new Redactor(options).learn(...a.streams, ...b.streams);
  const text = (one: string) => redactor.text(one);
  const ref = (one: StreamRef): StreamRef => ({ ...one, url: redactor.url(one.url) });
  const finding = (one: Finding): Finding => ({
    ...one,
    stream: ref(one.stream),
    summary: text(one.summary),
    evidence: one.evidence.map((evidence) => ({
      ...evidence,
      label: text(evidence.label),
      value: typeof evidence.value === 'string' ? text(evidence.value) : evidence.value,
    })),
  });
  const changes = ({ appeared, stayed, gone }: FindingChanges): FindingChanges => ({
    appeared: appeared.map(finding),
    stayed: stayed.map((both) => ({ a: finding(both.a), b: finding(both.b) })),
    gone: gone.map(finding),
  });
  const pair = (one: StreamPair): StreamPair => ({
    ...one,
    a: ref(one.a),
    b: ref(one.b),
    endpoint: text(one.endpoint),
    sentence: one.sentence && text(one.sentence),
    headers: one.headers.map((header) => ({
      ...header,
      a: header.a && redactor.header([header.name, header.a])[1],
      b: header.b && redactor.header([header.name, header.b])[1],
    })),
    findings: changes(one.findings),
  });
  return {
    ...comparison,
    sentence: text(comparison.sentence),
    obstacles: comparison.obstacles.map(text),
    pairs: comparison.pairs.map(pair),
    unmatched: { a: comparison.unmatched.a.map(ref), b: comparison.unmatched.b.map(ref) },
    findings: changes(comparison.findings),
  };
}
