import { arrivalCurve } from '../../../compare/arrival-curve';
import type { StreamFacts } from '../../../diagnose/facts/stream-facts';
import { PLATFORMS } from '../../../diagnose/platforms';
import type { Diagnosis, Finding } from '../../../diagnose/rule';
import { createDiagnoser } from '../../../diagnose/run';
import { formatBytes, formatCount, formatMs } from '../../../lib/format';
import type { Trace } from '../../../trace/types';
import { type Redactor, redactorFor } from '../../redact';
import { curlLine } from '../curl';
import type { ExportOptions } from '../trace-json';
import { adviceMarkup, evidenceMarkup, SIGNS, signMarkup } from './finding-markup';
import { html, type Markup } from './markup';
import { pageEnd, pageStart, secretsSentence, utcTime } from './page';
import { type PlotData, plotData, plotSvg, sparkSvg } from './plot';

/** More findings or streams than this nobody reads in one page; what is left out is said. */
const MAX_FINDINGS = 200;
const MAX_STREAMS = 1000;
const MAX_INCOMPLETE = 100;
/** Plots of streams that no finding shows. */
const MAX_OTHER_PLOTS = 12;

const COLUMNS = [
  { name: 'Request' },
  { name: 'Kind' },
  { name: 'Status' },
  { name: 'Protocol' },
  { name: 'First byte', isNumber: true },
  { name: 'Events', isNumber: true },
  { name: 'Bytes', isNumber: true },
  { name: 'Longest gap', isNumber: true },
  { name: 'End' },
  { name: 'Arrivals' },
];

/**
 * The report as one HTML file that needs nothing else: findings with their evidence, plots, commands and recipes, and the
 * table of streams. Everything that was recorded is text.
 */
export function htmlPieces(
  trace: Trace,
  diagnosis: Diagnosis,
  { redact = true, ...redaction }: ExportOptions = {},
): Iterable<string> {
  const redactor = redact ? redactorFor(trace, redaction) : null;
  const { meta } = trace;
  const page = meta.pageUrl && (redactor?.url(meta.pageUrl) ?? meta.pageUrl);
  const note = redactor?.text(meta.note) ?? meta.note;
  const header = html`<header><h1>${page || 'Recording'}</h1><p class="dim">Recorded ${utcTime(meta.originEpochMs)}${meta.browser && ` in ${meta.browser}`} by Streamgauge ${meta.recorderVersion} (${meta.recorder}). ${secretsSentence(redact)}</p>${note && html`<p>${note}</p>`}</header>`;
  const start = pageStart(`Streamgauge report${page ? ` – ${page}` : ''}`, header);
  return new Page(trace, diagnosis, redactor).pieces(start);
}

class Page {
  readonly #trace: Trace;
  readonly #diagnosis: Diagnosis;
  readonly #redactor: Redactor | null;
  readonly #facts: ReadonlyMap<string, StreamFacts>;
  /** Plots in the page's data block, and which of them is whose. */
  readonly #plots: PlotData[] = [];
  readonly #plotIndexes = new Map<string, number>();

  constructor(trace: Trace, diagnosis: Diagnosis, redactor: Redactor | null) {
    this.#trace = trace;
    this.#diagnosis = diagnosis;
    this.#redactor = redactor;
    const diagnoser = createDiagnoser(trace, []);
    diagnoser.update();
    this.#facts = diagnoser.facts.streams;
  }

  *pieces(start: Markup): Generator<string> {
    const { findings } = this.#diagnosis;
    const causes = findings.filter(({ supersededBy }) => supersededBy === null);
    yield `${start.text}\n`;
    yield `${this.#summary(causes).text}\n`;
    for (const finding of causes.slice(0, MAX_FINDINGS)) yield `${this.#finding(finding).text}\n`;
    if (causes.length > MAX_FINDINGS) {
      yield html`<p class="dim">${formatCount(causes.length - MAX_FINDINGS)} more findings are not shown.</p>`
        .text;
    }
    yield* this.#others();
    yield* this.#streams();
    yield this.#untold().text;
    yield `${pageEnd(this.#plots).text}\n`;
  }

  #hide(text: string): string {
    return this.#redactor?.text(text) ?? text;
  }

  #url(url: string): string {
    return this.#redactor?.url(url) ?? url;
  }

  #summary(causes: readonly Finding[]): Markup {
    const count = (severity: Finding['severity']) => causes.filter((one) => one.severity === severity).length;
    const [errors, warnings, infos] = [count('error'), count('warning'), count('info')];
    const streams = this.#trace.streams.length;
    const said =
      errors + warnings === 0
        ? html`<p class="ok">✓ Nothing wrong was found in ${formatCount(streams)} requests.</p>`
        : html`<p><strong>${formatCount(errors)} errors, ${formatCount(warnings)} warnings</strong> in ${formatCount(streams)} requests.</p>`;
    return html`<h2>Findings</h2>${said}${infos > 0 ? html`<p class="dim">${formatCount(infos)} more to know.</p>` : null}`;
  }

  #finding(finding: Finding): Markup {
    const stream = this.#trace.streams.find(({ id }) => id === finding.stream.id);
    const symptoms = this.#diagnosis.findings.filter(({ supersededBy }) => supersededBy === finding.key);
    const platforms = finding.platforms.map((id) => PLATFORMS[id]);
    const shown = stream && (this.#redactor?.stream(stream) ?? stream);
    return html`<article class="${finding.severity}"><h3>${signMarkup(SIGNS[finding.severity])}${this.#hide(finding.summary)}</h3><p class="dim">${finding.severity} · ${finding.confidence} · <code>${finding.id}</code> · <code>${finding.stream.method} ${this.#url(finding.stream.url)}</code>${platforms.length > 0 && ` · looks like ${platforms.join(', ')}`}</p>${evidenceMarkup(finding.evidence, (text) => this.#hide(text))}${symptoms.map(
      (one) => html`<p class="dim">It explains <code>${one.id}</code>: ${this.#hide(one.summary)}</p>`,
    )}${this.#plot(finding)}${
      shown
        ? html`<details><summary>The same request with curl</summary><pre><code>${curlLine(shown, { redact: false })}</code></pre></details>`
        : null
    }${adviceMarkup(finding)}</article>`;
  }

  #plotOf(streamId: string): PlotData | null {
    const facts = this.#facts.get(streamId);
    const curve = facts && arrivalCurve(facts);
    return curve?.timesKnown ? plotData(curve) : null;
  }

  #plot({ stream, title }: Finding): Markup | null {
    const data = this.#plotOf(stream.id);
    if (!data) return null;
    return this.#figure(stream.id, data, title);
  }

  #figure(streamId: string, data: PlotData, title: string): Markup {
    const index = this.#plotIndexes.get(streamId) ?? this.#plots.push(data) - 1;
    this.#plotIndexes.set(streamId, index);
    return html`<figure data-plot="${index}">${plotSvg(data, `${title}: what had arrived by when.`)}</figure>`;
  }

  /** What came in pieces and stands under no finding: how a healthy stream came is worth a look as well. */
  *#others(): Generator<string> {
    const others = [...this.#facts.values()]
      .filter(({ stream, timesKnown }) => timesKnown && !this.#plotIndexes.has(stream.id))
      .flatMap((facts) => {
        const data = this.#plotOf(facts.stream.id);
        return data?.curves.some(({ atMs }) => atMs.length > 1) ? [{ facts, data }] : [];
      })
      .sort((one, other) => other.facts.eventCount - one.facts.eventCount);
    if (others.length === 0) return;
    yield html`<h2>Other streams</h2>`.text;
    for (const { facts, data } of others.slice(0, MAX_OTHER_PLOTS)) {
      const { method, url } = facts.stream.request;
      const name = `${method} ${this.#url(url)}`;
      yield `${html`<h3><code>${name}</code></h3>${this.#figure(facts.stream.id, data, name)}`.text}\n`;
    }
    if (others.length > MAX_OTHER_PLOTS) {
      yield html`<p class="dim">${formatCount(others.length - MAX_OTHER_PLOTS)} more are in the table only.</p>`
        .text;
    }
  }

  *#streams(): Generator<string> {
    const { streams } = this.#trace;
    const heads = COLUMNS.map(({ name, isNumber }) =>
      isNumber ? html`<th scope="col" class="number">${name}</th>` : html`<th scope="col">${name}</th>`,
    );
    yield html`<h2>Requests</h2><div class="scroll" tabindex="0" role="region" aria-label="Requests"><table><thead><tr>${heads}</tr></thead><tbody>`
      .text;
    for (const stream of streams.slice(0, MAX_STREAMS)) {
      const facts = this.#facts.get(stream.id);
      if (!facts) continue;
      const plot = this.#plotOf(stream.id);
      const { request, response, end } = stream;
      yield `${
        html`<tr><td><code>${request.method} ${this.#url(request.url)}</code></td><td>${stream.kind}</td><td>${response?.status ?? '–'}</td><td>${response?.protocol ?? '–'}</td><td class="number">${facts.firstByteMs === null ? '–' : formatMs(facts.firstByteMs)}</td><td class="number">${formatCount(facts.eventCount)}</td><td class="number">${formatBytes(facts.byteLength)}</td><td class="number">${facts.timesKnown ? formatMs(facts.gaps.longestMs) : '–'}</td><td>${end ? (end.netError ?? end.kind) : 'still open'}</td><td>${plot && sparkSvg(plot)}</td></tr>`
          .text
      }\n`;
    }
    yield '</tbody></table></div>';
    if (streams.length > MAX_STREAMS) {
      yield html`<p class="dim">${formatCount(streams.length - MAX_STREAMS)} more requests are not shown.</p>`
        .text;
    }
  }

  /** What no rule could tell, and what the recording is missing: silence must not read as health. */
  #untold(): Markup {
    const reasons = new Map<string, Set<string>>();
    for (const { id, reason } of this.#diagnosis.incomplete) {
      reasons.set(reason, (reasons.get(reason) ?? new Set()).add(id));
    }
    const { loss, meta } = this.#trace;
    const losses = [
      ...meta.missing.map((gap) => `The source does not carry ${gap.replace('-', ' ')}.`),
      ...(loss.droppedRecords > 0 ? [`${formatCount(loss.droppedRecords)} records were dropped.`] : []),
      ...(loss.droppedStreams > 0 ? [`${formatCount(loss.droppedStreams)} requests were not kept.`] : []),
      ...(loss.overLimitRecords > 0
        ? [`${formatCount(loss.overLimitRecords)} records were over a limit.`]
        : []),
    ];
    if (reasons.size === 0 && losses.length === 0) return html``;
    const lines = [...reasons]
      .slice(0, MAX_INCOMPLETE)
      .map(
        ([reason, ids]) =>
          html`<li>${this.#hide(reason)} <span class="dim">(${[...ids].join(', ')})</span></li>`,
      );
    return html`<h2>What could not be told</h2><ul>${losses.map((line) => html`<li>${line}</li>`)}${lines}</ul>`;
  }
}
