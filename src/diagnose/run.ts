import { messageOf } from '../lib/error-message';
import type { SourceGap, Trace } from '../trace/types';
import { RULES } from './catalogue';
import type { StreamMeasure } from './facts/stream-measure';
import { TraceMeasure } from './facts/trace-measure';
import {
  type Diagnoser,
  type Diagnosis,
  type Finding,
  type GroupRule,
  type Incomplete,
  type Judgement,
  type Rule,
  type StreamRule,
  streamRef,
} from './rule';
import { type Explanation, rank } from './supersede';

/** One look at a whole trace. `nowMs`: see `Diagnoser.update`. */
export function diagnose(trace: Trace, nowMs?: number, rules: readonly Rule[] = RULES): Diagnosis {
  return createDiagnoser(trace, rules).update(nowMs === undefined ? {} : { nowMs });
}

/** Nothing is measured or judged before the first `update`. */
export function createDiagnoser(trace: Trace, rules: readonly Rule[] = RULES): Diagnoser {
  return new RuleRunner(trace, rules);
}

type Failure = Diagnosis['failures'][number];

/** What the rules said about one subject, or what one group rule said about all of its subjects. */
interface Verdicts {
  findings: Finding[];
  explanations: Explanation[];
  incomplete: Incomplete[];
  failures: Failure[];
}

/** What the stream rules said about one stream, in their order. */
interface Judged {
  /** Of the stream, when it was judged. */
  revision: number;
  verdicts: (Verdicts | null)[];
  /** The rule asked for the time. */
  usesClock: boolean[];
}

class RuleRunner implements Diagnoser {
  readonly trace: Trace;
  readonly facts: TraceMeasure;
  diagnosis: Diagnosis = { findings: [], incomplete: [], failures: [] };
  readonly #streamRules: StreamRule[];
  readonly #groupRules: GroupRule[];
  #judged = new Map<StreamMeasure, Judged>();
  /** What siblings can see of a stream: when it changes they are judged again. */
  #outlines = new Map<StreamMeasure, string>();

  constructor(trace: Trace, rules: readonly Rule[]) {
    this.trace = trace;
    this.facts = new TraceMeasure(trace);
    this.#streamRules = rules.filter((rule): rule is StreamRule => rule.scope === 'stream');
    this.#groupRules = rules.filter((rule): rule is GroupRule => rule.scope !== 'stream');
  }

  factsOf(streamId: string): StreamMeasure | undefined {
    return this.facts.streams.get(streamId);
  }

  update(options: { changed?: ReadonlySet<string>; nowMs?: number } = {}): Diagnosis {
    const looked = this.facts.update(options.changed ?? null, options.nowMs ?? null);
    for (const measure of this.#withNeighbours(looked)) this.#judge(measure);
    const all: Verdicts[] = [];
    for (const measure of this.facts.streams.values()) {
      for (const verdicts of this.#judged.get(measure)?.verdicts ?? []) if (verdicts) all.push(verdicts);
    }
    if (this.#judged.size > this.facts.streams.size) this.#forgetGone();
    for (const rule of this.#groupRules) all.push(this.#judgeGroups(rule));
    this.diagnosis = {
      findings: rank(
        all.flatMap(({ findings }) => findings),
        all.flatMap(({ explanations }) => explanations),
      ),
      incomplete: all.flatMap(({ incomplete }) => incomplete),
      failures: all.flatMap(({ failures }) => failures),
    };
    return this.diagnosis;
  }

  /**
   * Verdicts may lean on siblings (same endpoint) and on streams of the same host, so these are judged again when a
   * stream came, got its answer, became a stream or ended; not for each chunk. Ordinary calls lean on nobody.
   */
  #withNeighbours(looked: readonly StreamMeasure[]): Iterable<StreamMeasure> {
    const hosts = new Set<string>();
    for (const measure of looked) {
      const { end, response } = measure.stream;
      const outline = `${measure.nature} ${response?.status ?? ''} ${end?.kind ?? ''} ${end?.netError ?? ''}`;
      if (this.#outlines.get(measure) === outline) continue;
      this.#outlines.set(measure, outline);
      if (measure.nature === 'stream') hosts.add(measure.host);
    }
    if (hosts.size === 0) return looked;
    const judged = new Set(looked);
    for (const host of hosts) {
      for (const facts of this.facts.ofHost(host)) {
        const measure = this.facts.streams.get(facts.stream.id);
        if (measure?.nature !== 'stream') continue;
        judged.add(measure);
        // What was said of it may rest on its neighbours.
        this.#judged.delete(measure);
      }
    }
    return judged;
  }

  #forgetGone(): void {
    for (const measure of this.#judged.keys()) {
      if (this.facts.streams.get(measure.stream.id) === measure) continue;
      this.#judged.delete(measure);
      this.#outlines.delete(measure);
    }
  }

  /** Of a stream that has not moved, only what depends on the time is judged again. */
  #judge(measure: StreamMeasure): void {
    const { revision } = measure;
    const before = this.#judged.get(measure);
    const kept = before?.revision === revision ? before : null;
    const judged: Judged = kept ?? { revision, verdicts: [], usesClock: [] };
    const { clock } = this.facts;
    this.#streamRules.forEach((rule, index) => {
      if (kept && !kept.usesClock[index]) return;
      const reads = clock.reads;
      const verdicts = emptyVerdicts();
      try {
        this.#note(verdicts, rule, measure.stream.id, undefined, rule.judge(measure, this.facts));
      } catch (error) {
        verdicts.failures.push({ id: rule.id, streamId: measure.stream.id, message: messageOf(error) });
      }
      judged.verdicts[index] = isEmpty(verdicts) ? null : verdicts;
      judged.usesClock[index] = clock.reads > reads;
    });
    this.#judged.set(measure, judged);
  }

  #judgeGroups(rule: GroupRule): Verdicts {
    const verdicts = emptyVerdicts();
    try {
      for (const { streamId, groupId, judgement } of rule.judge(this.facts)) {
        this.#note(verdicts, rule, streamId, groupId, judgement);
      }
    } catch (error) {
      // All or nothing: half of a group rule's findings would read as the whole.
      return { ...emptyVerdicts(), failures: [{ id: rule.id, streamId: '', message: messageOf(error) }] };
    }
    return verdicts;
  }

  #note(
    verdicts: Verdicts,
    rule: Rule,
    streamId: string,
    groupId: string | undefined,
    judgement: Judgement,
  ): void {
    if (judgement.verdict === 'inapplicable') return;
    const stream = this.facts.streams.get(streamId)?.stream;
    if (!stream) throw new Error(`It judged a stream that is not in the trace: ${streamId}`);
    const lacking = rule.needs?.filter((gap) => this.trace.meta.missing.includes(gap)) ?? [];
    if (lacking.length > 0) {
      const reason = `The recording does not carry ${lacking.map((gap) => GAP_NAMES[gap]).join(' and ')}.`;
      verdicts.incomplete.push({ id: rule.id, stream: streamRef(stream), reason });
      return;
    }
    if (judgement.verdict === 'incomplete') {
      verdicts.incomplete.push({ id: rule.id, stream: streamRef(stream), reason: judgement.reason });
      return;
    }
    if (judgement.verdict === 'pass') return;
    const subject = groupId ?? streamId;
    const key = `${rule.id}/${subject}`;
    verdicts.findings.push({
      key,
      id: rule.id,
      title: rule.title,
      verdict: 'fail',
      severity: judgement.severity,
      confidence: judgement.confidence,
      stream: streamRef(stream),
      summary: judgement.summary,
      evidence: judgement.evidence,
      platforms: judgement.platforms ?? [],
      supersededBy: null,
      recipe: rule.id,
      sources: rule.sources,
    });
    for (const id of rule.explains ?? [])
      verdicts.explanations.push({ by: key, rule: id, on: [subject, streamId] });
    for (const { rule: id, on } of judgement.supersedes ?? []) {
      verdicts.explanations.push({ by: key, rule: id, on: on === undefined ? [subject, streamId] : [on] });
    }
  }
}

const GAP_NAMES: Record<SourceGap, string> = {
  'chunk-times': 'arrival times',
  cookies: 'cookies',
  'secret-headers': 'secret headers',
  bodies: 'response bodies',
  'network-errors': 'network errors',
  'request-options': 'the options of each request',
  frames: 'WebSocket frames',
};

function emptyVerdicts(): Verdicts {
  return { findings: [], explanations: [], incomplete: [], failures: [] };
}

function isEmpty({ findings, incomplete, failures }: Verdicts): boolean {
  return findings.length === 0 && incomplete.length === 0 && failures.length === 0;
}
