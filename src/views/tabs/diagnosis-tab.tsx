import { useState } from 'preact/hooks';
import type { Hop, StreamFacts } from '../../diagnose/facts/stream-facts';
import type { Evidence, Finding, Incomplete } from '../../diagnose/rule';
import { formatEvidence } from '../../lib/format';
import { ArrivalChart } from '../charts/arrival-chart';
import { useModel } from '../components/context';
import { CopyButton } from '../components/copy-button';
import { EmptyState } from '../components/empty-state';
import { HopsLine } from '../components/hops-line';
import { SeverityIcon } from '../components/icons';
import { NoRecipe, RecipeView } from '../components/recipe-view';
import { formatBytes, formatCount, formatDuration, plural } from '../format';
import { type GroupRow, isGroupRow } from '../model/groups';
import { streamLossText } from '../model/losses';
import { nameOf, rootsOf, type StreamRow } from '../model/stream-row';

/** Cards drawn at once when all findings are on show. */
const MOST_CARDS = 50;

/** Findings of the selected stream, or of everything when none is selected. */
export function DiagnosisTab({ streamId }: { streamId: string | null }) {
  const model = useModel();
  if (streamId === null) return <Overview />;
  const row = model.row(streamId);
  return row && isGroupRow(row) ? (
    <GroupDiagnosis key={streamId} group={row} />
  ) : (
    <StreamDiagnosis key={streamId} streamId={streamId} />
  );
}

/** Where a stream is one of several, what it belongs to. */
function PartOfGroup({ streamId }: { streamId: string }) {
  const model = useModel();
  const group = model.group(streamId);
  if (!group || group.members.length < 2) return null;
  return (
    <p class="overview-line">
      One of {formatCount(group.members.length)} streams of the{' '}
      <button type="button" class="link" onClick={() => model.select(group.id)}>
        {group.kindLabel === 'job' ? `job ${group.name}` : `Socket.IO client ${group.name}`}
      </button>
      .
    </p>
  );
}

/** Findings of all streams of a session or a job. */
function GroupDiagnosis({ group: given }: { group: GroupRow }) {
  const model = useModel();
  void model.revision.value;
  const row = model.row(given.id);
  const group = row && isGroupRow(row) ? row : given;
  const { diagnosis } = model.recording;
  const members = new Set(group.members.map(({ id }) => id));
  const findings = model.findingsOf(group.id);
  const causes = rootsOf(findings);
  const fine = causes.every((one) => one.severity === 'info');
  return (
    <div class="diagnosis scroll">
      {fine && <HealthyGroup group={group} />}
      {causes.slice(0, MOST_CARDS).map((finding, index) => (
        <FindingWithRecipe
          key={finding.key}
          finding={finding}
          symptoms={symptomsOf(finding, diagnosis.findings)}
          open={index === 0 && finding.severity !== 'info'}
          plot={null}
          withStream
        />
      ))}
      <Undecided incomplete={diagnosis.incomplete.filter((one) => members.has(one.stream.id))} withStream />
      <Failures failures={diagnosis.failures.filter((one) => members.has(one.streamId))} />
    </div>
  );
}

function HealthyGroup({ group }: { group: GroupRow }) {
  const model = useModel();
  const isJob = group.group.kind === 'job';
  const tone = group.state === 'done' || group.state === 'open' ? 'healthy' : 'neutral';
  const subject = isJob ? 'job' : 'session';
  const endMs = group.members.reduce(
    (last, one) => Math.max(last, one.startedAtMs + (model.facts(one.id)?.ageMs ?? 0)),
    group.startedAtMs,
  );
  return (
    <article class={`card finding ${tone}`}>
      <h2>
        {tone === 'healthy'
          ? `Nothing is wrong with this ${subject}`
          : `The ${subject} ended early, and no known cause fits`}
      </h2>
      <p class="finding-summary">
        {isJob
          ? 'Every call that asked about it was answered by a server that knew it, as far as was recorded.'
          : 'No check found a fault with its requests, its upgrade or its heartbeat.'}
      </p>
      <dl class="evidence">
        <Pair label="streams" value={formatCount(group.members.length)} />
        <Pair label="events" value={formatCount(group.events)} />
        <Pair label="size" value={formatBytes(group.byteLength)} />
        <Pair
          label={group.state === 'open' ? 'open for' : 'duration'}
          value={formatDuration(endMs - group.startedAtMs)}
        />
      </dl>
      <div class="buttons">
        <button type="button" class="pill" onClick={() => model.openTab('session')}>
          Show the {subject}
        </button>
      </div>
    </article>
  );
}

function StreamDiagnosis({ streamId }: { streamId: string }) {
  const model = useModel();
  const revision = model.revision.value;
  const { diagnosis } = model.recording;
  const findings = model.findingsOf(streamId);
  const stream = model.stream(streamId);
  const series = model.series(streamId);
  const causes = rootsOf(findings);
  // Remarks do not make a stream sick.
  const fine = causes.every((one) => one.severity === 'info');
  const incomplete = diagnosis.incomplete.filter((one) => one.stream.id === streamId);
  const failures = diagnosis.failures.filter((one) => one.streamId === streamId);
  if (!stream) return null;
  const hasPlot = series !== undefined && (series.received.atMs.length > 1 || series.bytes.atMs.length > 1);
  return (
    <div class="diagnosis scroll">
      <PartOfGroup streamId={streamId} />
      {stream.losses.length > 0 && (
        <ul class="stream-losses">
          {stream.losses.map((loss) => (
            <li key={loss}>{streamLossText(loss).what}</li>
          ))}
        </ul>
      )}
      {fine && <Healthy streamId={streamId} />}
      {fine && hasPlot && series && (
        <div class="card plot-card">
          <ArrivalChart series={series} revision={revision} compact />
        </div>
      )}
      {causes.map((finding, index) => (
        <FindingWithRecipe
          key={finding.key}
          finding={finding}
          symptoms={symptomsOf(finding, diagnosis.findings)}
          open={index === 0 && finding.severity !== 'info'}
          plot={
            index === 0 && !fine && hasPlot && series ? (
              <ArrivalChart series={series} revision={revision} compact />
            ) : null
          }
        />
      ))}
      <Undecided incomplete={incomplete} />
      <Failures failures={failures} />
    </div>
  );
}

function FindingWithRecipe(props: {
  finding: Finding;
  symptoms: readonly Finding[];
  open: boolean;
  plot: preact.ComponentChildren;
  /** Names the stream, where findings of several are on show. */
  withStream?: boolean;
}) {
  const { finding, symptoms, open, plot, withStream = false } = props;
  const { features } = useModel();
  const recipe = features.recipeOf(finding.recipe);
  const [shown, setShown] = useState(open);
  return (
    <div class="finding-row">
      <div class="finding-side">
        <FindingCard
          finding={finding}
          symptoms={symptoms}
          recipeToggle={recipe && !open ? { shown, toggle: () => setShown(!shown) } : null}
          withStream={withStream}
        />
        {plot && <div class="card plot-card">{plot}</div>}
      </div>
      {recipe && shown && (
        <RecipeView recipe={recipe} platforms={finding.platforms} name={`recipe-${idSafe(finding.key)}`} />
      )}
      {!recipe && <NoRecipe id={finding.recipe} />}
    </div>
  );
}

interface FindingCardProps {
  finding: Finding;
  symptoms: readonly Finding[];
  recipeToggle: { shown: boolean; toggle(): void } | null;
  /** Names the stream, where cards of several are on show. */
  withStream?: boolean;
}

function FindingCard({ finding, symptoms, recipeToggle, withStream = false }: FindingCardProps) {
  const model = useModel();
  const facts = model.facts(finding.stream.id);
  const span = spanOf(finding, model);
  const cause = model.recording.diagnosis.findings.find((one) => one.key === finding.supersededBy);
  return (
    <article class={`card finding ${finding.severity}`} aria-labelledby={`finding-${idSafe(finding.key)}`}>
      <h2 id={`finding-${idSafe(finding.key)}`}>{finding.title}</h2>
      <p class="finding-meta">
        <code>{finding.id}</code>
        <span aria-hidden="true"> · </span>
        <span class={`severity ${finding.severity}`}>
          <SeverityIcon severity={finding.severity} />
          {finding.severity}
        </span>
        <span aria-hidden="true"> · </span>
        <span>{finding.confidence}</span>
      </p>
      {withStream && (
        <p class="finding-stream">
          <button type="button" class="link" onClick={() => model.select(finding.stream.id)}>
            {nameOf(finding.stream.url).name}
          </button>{' '}
          <span class="dim">{nameOf(finding.stream.url).host}</span>
        </p>
      )}
      <p class="finding-summary">{finding.summary}</p>
      {cause && (
        <p class="finding-cause">
          Explained by{' '}
          <button type="button" class="link" onClick={() => model.select(cause.stream.id)}>
            {cause.title}
          </button>{' '}
          on {nameOf(cause.stream.url).name}.
        </p>
      )}
      <dl class="evidence">
        {finding.evidence
          .filter((one) => !isHopSeen(one, facts?.hops ?? []))
          .map((evidence, index) => (
            <EvidenceRow key={index} evidence={evidence} />
          ))}
        {facts && facts.hops.length > 0 && (
          <div class="evidence-row">
            <dt>hops seen</dt>
            <dd class="wide">
              <HopsLine hops={facts.hops} />
            </dd>
          </div>
        )}
      </dl>
      {symptoms.length > 0 && (
        <div class="symptoms">
          <p class="symptoms-title">This also explains</p>
          <ul>
            {symptoms.map((symptom) => (
              <li key={symptom.key}>
                <span class="severity-icon">
                  <SeverityIcon severity={symptom.severity} />
                </span>
                <span>
                  {symptom.summary} <code>{symptom.id}</code>
                  {symptom.stream.id !== finding.stream.id && (
                    <>
                      {' on '}
                      <button type="button" class="link" onClick={() => model.select(symptom.stream.id)}>
                        {nameOf(symptom.stream.url).name}
                      </button>
                    </>
                  )}
                </span>
              </li>
            ))}
          </ul>
        </div>
      )}
      <div class="buttons">
        {span && (
          <button
            type="button"
            class="pill"
            onClick={() => model.showInTiming(finding.stream.id, span.fromMs, span.toMs)}
          >
            Show in timing
          </button>
        )}
        {model.group(finding.stream.id) && (
          <button type="button" class="pill" onClick={() => model.select(finding.stream.id, 'session')}>
            Show in session
          </button>
        )}
        <CopyButton
          label="Copy for the backend"
          text={() =>
            model.features.findingsMarkdown(model.trace, model.recording.diagnosis, [finding, ...symptoms])
          }
        />
        <CopyButton
          label="Copy as cURL"
          text={() => {
            const stream = model.stream(finding.stream.id);
            if (!stream) throw new Error('The stream is gone');
            return model.features.curlCommand(stream);
          }}
        />
        {recipeToggle && (
          <button type="button" class="pill" aria-expanded={recipeToggle.shown} onClick={recipeToggle.toggle}>
            {recipeToggle.shown ? 'Hide the recipe' : 'How to fix it'}
          </button>
        )}
      </div>
    </article>
  );
}

function EvidenceRow({ evidence }: { evidence: Evidence }) {
  const { value, limit: numeric } = formatEvidence(evidence);
  const limit = typeof evidence.threshold === 'string' ? `should be ${evidence.threshold}` : numeric;
  const long = typeof evidence.value === 'string' && evidence.value.length > 24;
  return (
    <div class={`evidence-row${long ? ' long' : ''}`}>
      <dt>{evidence.label}</dt>
      <dd
        class="value"
        title={typeof evidence.value === 'number' ? `${evidence.value} ${evidence.unit}` : undefined}
      >
        {value}
      </dd>
      {limit && <dd class="limit">{limit}</dd>}
    </div>
  );
}

/** Says in words what there is to say where no rule failed: mostly that all is well, with the numbers that show it. */
function Healthy({ streamId }: { streamId: string }) {
  const model = useModel();
  const facts = model.facts(streamId);
  const row = model.row(streamId);
  if (!facts || !row) return <EmptyState title="This stream has not been judged yet." />;
  const open = row.state === 'open';
  const { tone, title, text } = healthWords(row, facts);
  return (
    <article class={`card finding ${tone}`}>
      <h2>{title}</h2>
      <p class="finding-summary">{text}</p>
      <dl class="evidence">
        <Pair label="first byte after" value={formatDuration(facts.firstByteMs)} />
        {facts.eventCount > 0 && <Pair label="events" value={plural(facts.eventCount, 'event')} />}
        <Pair label="size" value={formatBytes(facts.byteLength)} />
        {facts.eventCount > 1 && <Pair label="median gap" value={formatDuration(facts.gaps.medianMs)} />}
        {facts.eventCount > 1 && <Pair label="longest gap" value={formatDuration(facts.gaps.longestMs)} />}
        <Pair label={open ? 'open for' : 'duration'} value={formatDuration(facts.ageMs)} />
        {facts.hops.length > 0 && (
          <div class="evidence-row">
            <dt>hops seen</dt>
            <dd class="wide">
              <HopsLine hops={facts.hops} />
            </dd>
          </div>
        )}
      </dl>
    </article>
  );
}

interface HealthWords {
  tone: 'healthy' | 'neutral';
  title: string;
  text: string;
}

/** Silences from here on are worth a word even when nothing came of them. */
const NOTABLE_SILENCE_MS = 5000;

/** What can be said of a stream on which no rule failed. An end that was not whole is never called healthy. */
function healthWords(row: StreamRow, facts: StreamFacts): HealthWords {
  const neutral = (title: string, text: string): HealthWords => ({ tone: 'neutral', title, text });
  switch (row.state) {
    case 'failed':
      return neutral(
        `The server answered ${row.status}`,
        'It came at once and fits no limit of a gateway: most likely it is the answer of the application itself.',
      );
    case 'cut':
      return neutral('It was cut, and no known cause fits', 'The error and its time are under Headers.');
    case 'refused':
      return neutral('It never opened, and no known cause fits', 'What the browser said is under Headers.');
    case 'aborted':
      return neutral('The page ended it', 'An abort by the page, or leaving it, is no fault by itself.');
    case 'open':
      if (facts.eventCount === 0 && facts.byteLength === 0) {
        return neutral(
          'Open, nothing has arrived yet',
          'It is judged as soon as there is something to judge.',
        );
      }
      break;
    case 'done':
      if (facts.byteLength === 0 && facts.stream.losses.length > 0) {
        return neutral(
          'It could not be watched',
          'What is missing is said above, so nothing can be said of its timing.',
        );
      }
  }
  if (facts.nature !== 'stream') {
    return {
      tone: 'healthy',
      title: 'Nothing is wrong with this request',
      text: 'An ordinary answer, not a stream: only its end and its headers were judged.',
    };
  }
  return {
    tone: 'healthy',
    title: row.state === 'open' ? 'Flowing: nothing is wrong so far' : 'Nothing is wrong with this stream',
    text: flowText(row, facts),
  };
}

function flowText(row: StreamRow, facts: StreamFacts): string {
  const spread = facts.eventCount > 1 ? ` over ${formatDuration(facts.bursts.spreadMs)}` : '';
  const parts = [
    `${plural(facts.eventCount, 'event')} arrived${spread}, with no sign of a hop that held them back.`,
  ];
  if (facts.gaps.longestMs >= NOTABLE_SILENCE_MS) {
    parts.push(`The longest silence was ${formatDuration(facts.gaps.longestMs)}.`);
  }
  if (row.state === 'open' && facts.tailSilenceMs >= NOTABLE_SILENCE_MS) {
    parts.push(`It has been silent for ${formatDuration(facts.tailSilenceMs)}.`);
  }
  return parts.join(' ');
}

function Pair({ label, value }: { label: string; value: string }) {
  return (
    <div class="evidence-row">
      <dt>{label}</dt>
      <dd class="value">{value}</dd>
    </div>
  );
}

function Overview() {
  const model = useModel();
  void model.revision.value;
  const { diagnosis } = model.recording;
  const causes = diagnosis.findings.filter((one) => one.supersededBy === null);
  const judged = model.rows.value.length;
  if (judged === 0) {
    return (
      <EmptyState title="No finding yet.">
        <p>Findings appear here as streams are recorded. Select a stream to see its own.</p>
      </EmptyState>
    );
  }
  const urgent = causes.filter((one) => one.severity !== 'info').length;
  return (
    <div class="diagnosis scroll">
      <p class="overview-line">
        {urgent === 0
          ? `Nothing is wrong with the ${plural(judged, 'stream')} recorded.`
          : `${plural(urgent, 'finding')} in ${plural(judged, 'stream')}. Select a stream for its plot and its recipe.`}
      </p>
      {causes.slice(0, MOST_CARDS).map((finding) => (
        <OverviewCard
          key={finding.key}
          finding={finding}
          symptoms={diagnosis.findings.filter((one) => one.supersededBy === finding.key)}
        />
      ))}
      {causes.length > MOST_CARDS && (
        <p class="inline-note">
          {plural(causes.length - MOST_CARDS, 'more finding')}: filter the streams to narrow it down.
        </p>
      )}
      <Undecided incomplete={diagnosis.incomplete} withStream />
      <Failures failures={diagnosis.failures} />
    </div>
  );
}

function OverviewCard({ finding, symptoms }: { finding: Finding; symptoms: readonly Finding[] }) {
  const { features } = useModel();
  const [shown, setShown] = useState(false);
  const recipe = features.recipeOf(finding.recipe);
  return (
    <div class="finding-row single">
      <FindingCard
        finding={finding}
        symptoms={symptoms}
        withStream
        recipeToggle={recipe ? { shown, toggle: () => setShown(!shown) } : null}
      />
      {recipe && shown && (
        <RecipeView recipe={recipe} platforms={finding.platforms} name={`recipe-${idSafe(finding.key)}`} />
      )}
      {!recipe && <NoRecipe id={finding.recipe} />}
    </div>
  );
}

/** Verdicts that could not be given, folded away: they accuse nobody. */
function Undecided({
  incomplete,
  withStream = false,
}: {
  incomplete: readonly Incomplete[];
  withStream?: boolean;
}) {
  if (incomplete.length === 0) return null;
  return (
    <details class="undecided">
      <summary>{plural(incomplete.length, 'check')} could not be decided</summary>
      <ul>
        {incomplete.slice(0, 200).map((one) => (
          <li key={`${one.id} ${one.stream.id}`}>
            <code>{one.id}</code> {withStream && <span class="dim">{nameOf(one.stream.url).name}: </span>}
            {one.reason}
          </li>
        ))}
      </ul>
    </details>
  );
}

function Failures({ failures }: { failures: readonly { id: string; streamId: string; message: string }[] }) {
  if (failures.length === 0) return null;
  return (
    <details class="undecided">
      <summary>{plural(failures.length, 'check')} failed: a defect of Streamgauge, not of your page</summary>
      <ul>
        {failures.slice(0, 50).map((one) => (
          <li key={`${one.id} ${one.streamId}`}>
            <code>{one.id}</code> {one.message}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Evidence that names a hop says what the line of hops says already. */
function isHopSeen(evidence: Evidence, hops: readonly Hop[]): boolean {
  return hops.some((hop) => evidence.label === `hop: ${hop.label}`);
}

function symptomsOf(finding: Finding, findings: readonly Finding[]): Finding[] {
  return findings.filter((one) => one.supersededBy === finding.key);
}

/** The time the evidence points at, or the stream's whole life when it has arrivals at all. */
function spanOf(
  finding: Finding,
  model: ReturnType<typeof useModel>,
): { fromMs: number; toMs: number } | null {
  const pointers = finding.evidence.flatMap((one) =>
    one.at?.fromMs !== undefined && one.at.streamId === finding.stream.id
      ? [{ fromMs: one.at.fromMs, toMs: one.at.toMs ?? one.at.fromMs }]
      : [],
  );
  const facts = model.facts(finding.stream.id);
  const stream = model.stream(finding.stream.id);
  if (!facts || !stream || facts.byteLength === 0) return null;
  const [first] = pointers;
  if (!first) return { fromMs: stream.timing.startedAtMs, toMs: stream.timing.startedAtMs + facts.ageMs };
  return pointers.reduce((all, one) => ({
    fromMs: Math.min(all.fromMs, one.fromMs),
    toMs: Math.max(all.toMs, one.toMs),
  }));
}

function idSafe(key: string): string {
  return key.replace(/[^\w-]/g, '-');
}
