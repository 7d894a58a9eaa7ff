import { BIN_EDGES_MS } from '../diagnose/facts/log-histogram';
import type { StreamFacts } from '../diagnose/facts/stream-facts';
import { type Diagnoser, type Diagnosis, type Finding, streamRef } from '../diagnose/rule';
import { createDiagnoser } from '../diagnose/run';
import { formatCount } from '../lib/format';
import type { StreamRecord, Trace } from '../trace/types';
import { arrivalCurve } from './arrival-curve';
import { cookieTraffic, figuresOf, headerDifferences, hopChanges } from './differences';
import { alignEvents } from './event-alignment';
import { judgePair } from './sentence';
import { endpointPath, type MatchedStreams, matchHosts, matchStreams, pathEndpoint } from './stream-matching';
import type { Both, CompareOptions, Comparison, FindingChanges, Side, StreamPair } from './types';

/**
 * Holds recording `b` against recording `a`: which requests both made, what came when, and what the differences point
 * to. Neither trace is changed.
 */
export function compareTraces(a: Trace, b: Trace, options: CompareOptions = {}): Comparison {
  const names = options.names ?? { a: 'A', b: 'B' };
  const hosts = matchHosts(a.streams, b.streams, options.hosts ?? new Map());
  const matched = matchStreams(a.streams, b.streams, hosts);
  const sides = { a: diagnosed(a), b: diagnosed(b) };
  const pairs = matched
    .map((match) => pairOf(match, sides, names))
    .sort((one, other) => other.weight - one.weight);
  const obstacles = obstaclesOf({ a, b }, pairs, names);
  const unmatched = {
    a: withoutPair(a, new Set(matched.map((one) => one.a))),
    b: withoutPair(b, new Set(matched.map((one) => one.b))),
  };
  const findings = findingChanges(sides.a, sides.b, (finding, trace) => {
    const stream = trace.streams.find(({ id }) => id === finding.stream.id);
    return `${finding.id} ${stream ? pathEndpoint(stream) : ''}`;
  });
  const comparison: Omit<Comparison, 'sentence'> = {
    names,
    verdict:
      pairs.length === 0
        ? 'incomparable'
        : pairs.some(({ sentence }) => sentence !== null) || faultOfOne({ findings, unmatched })
          ? 'differs'
          : 'same',
    obstacles,
    hosts,
    pairs,
    unmatched,
    findings,
  };
  return { ...comparison, sentence: sentenceOf(comparison) };
}

function diagnosed(trace: Trace): Diagnoser {
  const diagnoser = createDiagnoser(trace);
  diagnoser.update();
  return diagnoser;
}

function pairOf(match: MatchedStreams, sides: Both<Diagnoser>, names: Both<string>): StreamPair {
  const { endpoint, matchedBy } = match;
  // Every stream of a trace has its facts after `update`.
  const facts = { a: sides.a.factsOf(match.a.id)!, b: sides.b.factsOf(match.b.id)! };
  const figures = figuresOf(facts.a, facts.b);
  const events = alignEvents(facts.a, facts.b);
  const headers = headerDifferences(match.a, match.b);
  const hops = hopChanges(facts.a, facts.b);
  const findings = findingChanges(
    { trace: sides.a.trace, diagnosis: ofStream(sides.a.diagnosis, match.a) },
    { trace: sides.b.trace, diagnosis: ofStream(sides.b.diagnosis, match.b) },
    ({ id }) => id,
  );
  const verdict = judgePair({
    names,
    endpoint,
    facts,
    figures,
    events,
    hops,
    findings,
    headersThatMatter: headers.filter(({ matters }) => matters).length,
  });
  return {
    key: `${match.a.id}:${match.b.id}`,
    a: streamRef(match.a),
    b: streamRef(match.b),
    endpoint,
    matchedBy,
    ...verdict,
    obstacles: pairObstacles(facts, names),
    figures,
    gaps: { a: facts.a.gaps.histogram, b: facts.b.gaps.histogram, binEdgesMs: BIN_EDGES_MS },
    curves: { a: arrivalCurve(facts.a), b: arrivalCurve(facts.b) },
    events,
    headers,
    hops,
    cookies: { a: cookieTraffic(match.a, sides.a.trace), b: cookieTraffic(match.b, sides.b.trace) },
    findings,
  };
}

function ofStream({ findings, incomplete, failures }: Diagnosis, stream: StreamRecord): Diagnosis {
  return { findings: findings.filter((one) => one.stream.id === stream.id), incomplete, failures };
}

type Judged = Pick<Diagnoser, 'trace' | 'diagnosis'>;

/** Findings with equal keys are one finding that stayed. */
function findingChanges(
  a: Judged,
  b: Judged,
  keyOf: (finding: Finding, trace: Trace) => string,
): FindingChanges {
  const inA = new Map(a.diagnosis.findings.map((one) => [keyOf(one, a.trace), one]));
  const inB = new Map(b.diagnosis.findings.map((one) => [keyOf(one, b.trace), one]));
  return {
    appeared: [...inB].flatMap(([key, finding]) => (inA.has(key) ? [] : [finding])),
    stayed: [...inB].flatMap(([key, finding]) => {
      const before = inA.get(key);
      return before ? [{ a: before, b: finding }] : [];
    }),
    gone: [...inA].flatMap(([key, finding]) => (inB.has(key) ? [] : [finding])),
  };
}

function withoutPair(trace: Trace, paired: ReadonlySet<StreamRecord>) {
  return trace.streams.filter((stream) => !paired.has(stream)).map(streamRef);
}

function pairObstacles(facts: Both<StreamFacts>, names: Both<string>): string[] {
  const said: string[] = [];
  for (const side of ['a', 'b'] as const) {
    const { stream, timesKnown, eventCount, decoded } = facts[side];
    const name = names[side];
    if (!stream.response && stream.end?.kind !== 'refused' && stream.kind !== 'websocket')
      said.push(`${name} has no answer to it.`);
    else if (!timesKnown && (eventCount > 0 || facts[side].byteLength > 0))
      said.push(`${name} carries no arrival times of its parts, so its rhythm cannot be compared.`);
    if (stream.losses.includes('late-start')) said.push(`${name} saw it only from some point on.`);
    if (stream.losses.includes('dropped-records') || decoded.partial)
      said.push(`${name} is missing parts of it, so not all events can be held against each other.`);
    if (stream.end === null) said.push(`It was still open when ${name} was saved.`);
  }
  return said;
}

function obstaclesOf(traces: Both<Trace>, pairs: readonly StreamPair[], names: Both<string>): string[] {
  const empty = (['a', 'b'] as const).filter((side) => traces[side].streams.length === 0);
  if (empty.length > 0) return empty.map((side) => `${names[side]} holds no request.`);
  if (pairs.length === 0) {
    return [
      `They have no endpoint in common: ${names.a} called ${examples(traces.a)}, ${names.b} called ${examples(traces.b)}.`,
    ];
  }
  const said: string[] = [];
  for (const side of ['a', 'b'] as const) {
    const { meta, documents, loss } = traces[side];
    if (meta.missing.includes('chunk-times') && pairs.every(({ curves }) => !curves[side].timesKnown))
      said.push(`${names[side]} carries no arrival times: only answers, first bytes and ends are compared.`);
    if (documents.some(({ joinedLate }) => joinedLate))
      said.push(`${names[side]} was recorded from some point on, so earlier requests are missing.`);
    if (loss.droppedRecords + loss.droppedStreams + loss.overLimitRecords > 0)
      said.push(`${names[side]} lost a part of what happened.`);
  }
  return said;
}

/** Up to three endpoints of a recording, for a sentence. */
function examples({ streams }: Trace): string {
  const endpoints = [...new Set(streams.map(pathEndpoint))];
  const more = endpoints.length > 3 ? ` and ${formatCount(endpoints.length - 3)} more` : '';
  return `${endpoints.slice(0, 3).join(', ')}${more}`;
}

/** A fault in a request that only one of them made, the other recording's first. */
function faultOfOne({
  findings,
  unmatched,
}: Pick<Comparison, 'findings' | 'unmatched'>): { side: Side; finding: Finding } | null {
  for (const side of ['b', 'a'] as const) {
    const alone = new Set(unmatched[side].map(({ id }) => id));
    const finding = (side === 'b' ? findings.appeared : findings.gone).find(
      ({ severity, supersededBy, stream }) =>
        severity !== 'info' && supersededBy === null && alone.has(stream.id),
    );
    if (finding) return { side, finding };
  }
  return null;
}

function sentenceOf(comparison: Omit<Comparison, 'sentence'>): string {
  const { verdict, obstacles, pairs, names } = comparison;
  if (verdict === 'incomparable') return `They cannot be compared. ${obstacles.join(' ')}`;
  const differing = pairs.filter(({ sentence }) => sentence !== null);
  const [first] = differing;
  if (!first?.sentence) {
    const count = pairs.length === 1 ? 'The one request' : `All ${formatCount(pairs.length)} requests`;
    const alike = `${count} that both made came alike in ${names.a} and in ${names.b}.`;
    const fault = faultOfOne(comparison);
    if (!fault) return alike;
    const { side, finding } = fault;
    return `${alike} But ${endpointPath(finding.stream)}, which only ${names[side]} asked for, shows ${finding.id}: ${finding.summary}`;
  }
  // Small differences beside a large one are not worth a word in the headline.
  const others = differing.filter(({ weight }) => weight >= 1).length - 1;
  if (others < 1) return first.sentence;
  return `${first.sentence} ${formatCount(others)} more ${others === 1 ? 'request differs' : 'requests differ'}.`;
}
