import type { Both, Comparison, FindingChanges, StreamPair } from '../compare/types';
import type { Finding, StreamRef } from '../diagnose/rule';
import type { Trace } from '../trace/types';
import { previewOf, type RedactionOptions, type RedactionPreview, Redactor } from './redact';

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
  return hideIn(comparison, comparisonRedactor({ a, b }, options));
}

/** A redactor that knows the secrets of both. */
export function comparisonRedactor({ a, b }: Both<Trace>, options: RedactionOptions = {}): Redactor {
  return new Redactor(options).learn(...a.streams, ...b.streams);
}

/** What a file of this comparison with these options will have taken out, to show before it is made. */
export function comparisonPreview(
  comparison: Comparison,
  traces: Both<Trace>,
  options: RedactionOptions = {},
): RedactionPreview {
  const redactor = comparisonRedactor(traces, options);
  return previewOf(redactor, () => {
    hideIn(comparison, redactor);
  });
}

export function hideIn(comparison: Comparison, redactor: Redactor): Comparison {
  const text = (one: string, place: string) => redactor.text(one, place);
  const value = <Value>(one: Value, place: string) => (typeof one === 'string' ? text(one, place) : one);
  const ref = (one: StreamRef): StreamRef => ({ ...one, url: redactor.url(one.url) });
  const finding = (one: Finding): Finding => ({
    ...one,
    stream: ref(one.stream),
    summary: text(one.summary, 'finding'),
    evidence: one.evidence.map((evidence) => ({
      ...evidence,
      label: text(evidence.label, 'evidence'),
      value: typeof evidence.value === 'string' ? text(evidence.value, 'evidence') : evidence.value,
    })),
  });
  const changes = ({ appeared, stayed, gone }: FindingChanges): FindingChanges => ({
    appeared: appeared.map(finding),
    stayed: stayed.map((both) => ({ a: finding(both.a), b: finding(both.b) })),
    gone: gone.map(finding),
  });
  const hops = (labels: string[]) => labels.map((one) => text(one, 'hop'));
  const pair = (one: StreamPair): StreamPair => ({
    ...one,
    a: ref(one.a),
    b: ref(one.b),
    endpoint: text(one.endpoint, 'endpoint'),
    sentence: one.sentence && text(one.sentence, 'sentence'),
    figures: one.figures.map((figure) => ({
      ...figure,
      a: value(figure.a, figure.label),
      b: value(figure.b, figure.label),
    })),
    hops: { both: hops(one.hops.both), onlyA: hops(one.hops.onlyA), onlyB: hops(one.hops.onlyB) },
    headers: one.headers.map((header) => ({
      ...header,
      a: header.a && redactor.header([header.name, header.a], header.of)[1],
      b: header.b && redactor.header([header.name, header.b], header.of)[1],
    })),
    findings: changes(one.findings),
  });
  return {
    ...comparison,
    sentence: text(comparison.sentence, 'sentence'),
    obstacles: comparison.obstacles.map((one) => text(one, 'sentence')),
    pairs: comparison.pairs.map(pair),
    unmatched: { a: comparison.unmatched.a.map(ref), b: comparison.unmatched.b.map(ref) },
    findings: changes(comparison.findings),
  };
}
