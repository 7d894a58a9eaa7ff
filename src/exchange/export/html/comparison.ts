import type {
  Both,
  Comparison,
  CookieTraffic,
  EventAlignment,
  Figure,
  FindingChanges,
  HostPair,
  StreamPair,
} from '../../../compare/types';
import type { Finding, StreamRef } from '../../../diagnose/rule';
import { formatCount, formatMs, formatValue } from '../../../lib/format';
import type { Trace } from '../../../trace/types';
import { comparisonRedactor, hideIn } from '../../comparison-json';
import type { ExportOptions } from '../trace-json';
import { adviceMarkup, evidenceMarkup, SIGNS, signMarkup } from './finding-markup';
import { html, type Markup } from './markup';
import { pageEnd, pageStart, secretsSentence, utcTime } from './page';
import { jointPlotData, type PlotData, plotLegend, plotSvg } from './plot';

/** More than this nobody reads in one page; what is left out is said. */
const MAX_PAIRS = 20;
const MAX_FINDINGS = 100;
const MAX_HEADERS = 40;
const MAX_ADDRESSES = 200;

const VERDICTS = {
  differs: { look: 'warning', sign: '▲' },
  same: { look: 'same', sign: '✓' },
  incomparable: { look: 'error', sign: '■' },
} as const;

const SIDES = ['a', 'b'] as const;

/**
 * A comparison as one HTML file that needs nothing else: the verdict, both arrival curves on one axis, the figures side by
 * side, and the findings that appeared, stayed or went. Everything that was recorded is text.
 */
export function comparisonHtmlPieces(
  comparison: Comparison,
  traces: Both<Trace>,
  { redact = true, ...redaction }: ExportOptions = {},
): Iterable<string> {
  const redactor = redact ? comparisonRedactor(traces, redaction) : null;
  const shown = redactor ? hideIn(comparison, redactor) : comparison;
  const { names } = comparison;
  const recordings = SIDES.map((side) => {
    const { meta } = traces[side];
    const page = meta.pageUrl === null ? null : (redactor?.url(meta.pageUrl) ?? meta.pageUrl);
    return html`<li><strong>${names[side]}</strong>${side === 'a' ? ' (the reference)' : ''}: ${page && html`<code>${page}</code>, `}recorded ${utcTime(meta.originEpochMs)}${meta.browser && ` in ${meta.browser}`} by Streamgauge ${meta.recorderVersion} (${meta.recorder})</li>`;
  });
  const header = html`<header><h1>${names.b}, held against ${names.a}</h1><ul class="dim">${recordings}</ul><p class="dim">${secretsSentence(redact)}</p></header>`;
  const title = `${names.a} and ${names.b} – Streamgauge comparison`;
  return new Page(shown).pieces(pageStart(title, header));
}

class Page {
  readonly #comparison: Comparison;
  /** In the page's data block. */
  readonly #plots: PlotData[] = [];

  constructor(comparison: Comparison) {
    this.#comparison = comparison;
  }

  *pieces(start: Markup): Generator<string> {
    const { pairs, findings } = this.#comparison;
    yield `${start.text}\n`;
    yield `${this.#verdict().text}\n`;
    const differing = pairs.filter(({ sentence }) => sentence !== null);
    const alike = pairs.length - differing.length;
    // Of a pair that came alike the curves are worth a look as well; one stands for all.
    const told = differing.length > 0 ? differing : pairs.slice(0, 1);
    if (told.length > 0) yield html`<h2>Requests of both</h2>`.text;
    for (const [index, pair] of told.slice(0, MAX_PAIRS).entries()) {
      // What differs in headers and hops alone is there for who looks for it.
      const isFolded = index > 0 && pair.weight < 1;
      yield `${(isFolded ? this.#folded(pair) : this.#pair(pair)).text}\n`;
    }
    const others = [
      ...(told.length > MAX_PAIRS
        ? [`${count(told.length - MAX_PAIRS, 'more request differs', 'more requests differ')}.`]
        : []),
      ...(alike > 0 && differing.length > 0
        ? [`${count(alike, 'request', 'requests')} came alike in both.`]
        : []),
    ];
    yield html`${others.map((line) => html`<p class="dim">${line}</p>`)}`.text;
    yield* this.#findings(findings);
    yield this.#unmatched().text;
    yield `${pageEnd(this.#plots).text}\n`;
  }

  #verdict(): Markup {
    const { verdict, sentence, obstacles, hosts } = this.#comparison;
    const { look, sign } = VERDICTS[verdict];
    const taken = hosts.filter(({ how }) => how !== 'equal').map(hostSentence);
    return html`<article class="verdict ${look}"><p>${signMarkup(sign)}${sentence}</p>${[
      ...obstacles,
      ...taken,
    ].map((line) => html`<p class="dim">${line}</p>`)}</article>`;
  }

  #pair(pair: StreamPair): Markup {
    return html`<article><h3><code>${pair.endpoint}</code></h3>${pair.sentence && html`<p>${pair.sentence}</p>`}${this.#inside(pair)}</article>`;
  }

  #folded(pair: StreamPair): Markup {
    return html`<details class="pair"><summary><h3><code>${pair.endpoint}</code></h3> <span class="dim">${pair.sentence}</span></summary>${this.#inside(pair)}</details>`;
  }

  #inside(pair: StreamPair): Markup {
    const { obstacles, events, findings } = pair;
    const notes = [
      ...(pair.matchedBy === 'order'
        ? ['The two asked for different things and were paired by their order.']
        : []),
      ...obstacles,
    ];
    return html`${notes.map(
      (line) => html`<p class="dim">${line}</p>`,
    )}${this.#plot(pair)}${this.#figures(pair)}${this.#beside('Hops on the way', hopRows(pair, this.#comparison.names))}${events && html`<h4>Events against each other</h4><p>${eventsSentence(events, this.#comparison.names)}</p>`}${this.#headers(pair)}${this.#beside('Cookies', this.#cookieRows(pair))}${changeList(findings)}`;
  }

  #plot({ curves, endpoint }: StreamPair): Markup | null {
    const { names } = this.#comparison;
    // One moment in which a whole body was there says nothing about when it came.
    if (!curves.a.timesKnown && !curves.b.timesKnown) return null;
    const data = jointPlotData(SIDES.map((side) => ({ label: names[side], curve: curves[side] })));
    if (!data) return null;
    const index = this.#plots.push(data) - 1;
    const uncertain = SIDES.filter((side) => !curves[side].timesKnown).map((side) => names[side]);
    const label = `${endpoint}: what had arrived by when, in ${names.a} and in ${names.b}.`;
    return html`<figure data-plot="${index}">${plotSvg(data, label)}${plotLegend(data)}</figure>${uncertain.map(
      (name) =>
        html`<p class="dim">Of ${name} only bounds of the times are known: its curve says nothing about rhythm.</p>`,
    )}`;
  }

  #figures({ figures }: StreamPair): Markup {
    const { names } = this.#comparison;
    const rows = figures
      .filter(({ a, b }) => a !== null || b !== null)
      .map(
        (figure) =>
          html`<tr${figure.differs && html` class="differs"`}><th scope="row">${figure.label}</th><td class="number">${valueText(figure.a, figure)}</td><td class="number">${valueText(figure.b, figure)}</td><td>${figure.differs && 'differs'}</td></tr>`,
      );
    return html`<div class="scroll"><table><thead><tr><th scope="col">Figure</th><th scope="col" class="number">${names.a}</th><th scope="col" class="number">${names.b}</th><td></td></tr></thead><tbody>${rows}</tbody></table></div>`;
  }

  #headers({ headers }: StreamPair): Markup | null {
    const telling = headers.filter(({ matters }) => matters);
    if (telling.length === 0) return null;
    const { names } = this.#comparison;
    const rows = telling
      .slice(0, MAX_HEADERS)
      .map(
        ({ of, name, a, b }) =>
          html`<tr><th scope="row"><code>${name}</code> <span class="dim">of the ${of}</span></th><td><code>${a ?? '–'}</code></td><td><code>${b ?? '–'}</code></td></tr>`,
      );
    return html`<h4>Headers that differ</h4><div class="scroll"><table><thead><tr><th scope="col">Header</th><th scope="col">${names.a}</th><th scope="col">${names.b}</th></tr></thead><tbody>${rows}</tbody></table></div>`;
  }

  #cookieRows({ cookies }: StreamPair): [string, string][] {
    const { names } = this.#comparison;
    const [a, b] = [cookieSentence(cookies.a), cookieSentence(cookies.b)];
    return a === b
      ? []
      : [
          [names.a, a],
          [names.b, b],
        ];
  }

  #beside(title: string, rows: readonly [string, string][]): Markup | null {
    if (rows.length === 0) return null;
    return html`<h4>${title}</h4><table><tbody>${rows.map(
      ([name, value]) => html`<tr><th scope="row">${name}</th><td>${value}</td></tr>`,
    )}</tbody></table>`;
  }

  *#findings({ appeared, stayed, gone }: FindingChanges): Generator<string> {
    const { names } = this.#comparison;
    yield html`<h2>Findings</h2>`.text;
    if (appeared.length + stayed.length + gone.length === 0) {
      yield html`<p class="ok">✓ None in either.</p>`.text;
      return;
    }
    const keys = new Set(appeared.map(({ key }) => key));
    const isSymptom = ({ supersededBy }: Finding) => supersededBy !== null && keys.has(supersededBy);
    const causes = appeared.filter((one) => !isSymptom(one));
    if (causes.length > 0) yield html`<h3>Appeared: in ${names.b} alone</h3>`.text;
    for (const finding of causes.slice(0, MAX_FINDINGS)) {
      const symptoms = appeared.filter(({ supersededBy }) => supersededBy === finding.key);
      yield `${html`<article class="${finding.severity}"><h4>${signMarkup(SIGNS[finding.severity])}${finding.summary}</h4><p class="dim">${finding.severity} · ${finding.confidence} · <code>${finding.id}</code> · ${address(finding.stream)}</p>${evidenceMarkup(finding.evidence)}${symptoms.map((one) => html`<p class="dim">It explains <code>${one.id}</code>: ${one.summary}</p>`)}${adviceMarkup(finding)}</article>`.text}\n`;
    }
    if (causes.length > MAX_FINDINGS) yield left(causes.length - MAX_FINDINGS).text;
    yield findingList(
      `Stayed: in both`,
      stayed.map(({ b }) => b),
    ).text;
    yield findingList(`Gone: in ${names.a} alone`, gone).text;
  }

  #unmatched(): Markup {
    const { unmatched, names } = this.#comparison;
    const lists = SIDES.filter((side) => unmatched[side].length > 0).map(
      (side) =>
        html`<details><summary>${count(unmatched[side].length, 'request', 'requests')} only in ${names[side]}</summary><ul>${unmatched[
          side
        ]
          .slice(0, MAX_ADDRESSES)
          .map(
            (one) => html`<li>${address(one)}</li>`,
          )}</ul>${unmatched[side].length > MAX_ADDRESSES && html`<p class="dim">${formatCount(unmatched[side].length - MAX_ADDRESSES)} more.</p>`}</details>`,
    );
    return lists.length === 0 ? html`` : html`<h2>Requests that only one of them made</h2>${lists}`;
  }
}

function count(many: number, one: string, more: string): string {
  return `${formatCount(many)} ${many === 1 ? one : more}`;
}

function left(many: number): Markup {
  return html`<p class="dim">${count(many, 'more finding is', 'more findings are')} not shown.</p>`;
}

function address({ method, url }: StreamRef): Markup {
  return html`<code>${method} ${url}</code>`;
}

function valueText(value: Figure['a'], { unit }: Figure): string {
  return value === null ? '–' : formatValue(value, unit);
}

function hostSentence({ a, b, how }: HostPair): string {
  const by = how === 'given' ? 'as was asked' : 'since both answer the same endpoints';
  return b === '' ? `${a} was given no counterpart, as was asked.` : `${a} was taken for ${b}, ${by}.`;
}

function hopRows({ hops }: StreamPair, names: Both<string>): [string, string][] {
  const rows: [string, string[]][] = [
    ['on both ways', hops.both],
    [`only in ${names.a}`, hops.onlyA],
    [`only in ${names.b}`, hops.onlyB],
  ];
  return rows.flatMap(([title, labels]) => (labels.length > 0 ? [[title, labels.join(', ')]] : []));
}

function eventsSentence(events: EventAlignment, names: Both<string>): string {
  const signed = (ms: number | null) =>
    ms === null ? 'not known' : ms < 0 ? `${formatMs(-ms)} earlier` : `${formatMs(ms)} later`;
  const how = events.by === 'content' ? 'by their contents' : 'one by one, since their contents differ';
  const rest =
    events.unmatched.a + events.unmatched.b > 0
      ? ` ${formatCount(events.unmatched.a)} only in ${names.a}, ${formatCount(events.unmatched.b)} only in ${names.b}.`
      : '';
  const delay =
    events.medianDelayMs === null
      ? ''
      : ` In ${names.b} they came ${signed(events.medianDelayMs)} in the middle, from ${signed(events.smallestDelayMs)} to ${signed(events.largestDelayMs)}.`;
  return `${formatCount(events.matched)} matched ${how}.${delay}${rest}${events.isCut ? ' Only the first ones were held against each other.' : ''}`;
}

function cookieSentence({ sent, set, refused, withheld, affinity }: CookieTraffic): string {
  const named = (word: string, names: readonly string[]) => `${word} ${names.join(', ') || 'none'}`;
  return [
    sent === null ? 'sent: not known' : named('sent', sent),
    named('set', set),
    ...refused.map(({ name, reasons }) => `${name} refused (${reasons.join(', ')})`),
    ...withheld.map(({ name, reasons }) => `${name} withheld (${reasons.join(', ')})`),
    ...(affinity.length > 0 ? [named('affinity:', affinity)] : []),
  ].join('; ');
}

function findingLine(finding: Finding, change = ''): Markup {
  return html`<li class="${finding.severity}">${change && html`<strong>${change}</strong> `}${signMarkup(SIGNS[finding.severity])}<code>${finding.id}</code> ${finding.summary}</li>`;
}

function findingList(title: string, findings: readonly Finding[]): Markup {
  if (findings.length === 0) return html``;
  return html`<h3>${title}</h3><ul class="findings">${findings.slice(0, MAX_FINDINGS).map((one) => findingLine(one))}</ul>${findings.length > MAX_FINDINGS && left(findings.length - MAX_FINDINGS)}`;
}

/** The findings of one request in a line each; they are told in full below. */
function changeList({ appeared, stayed, gone }: FindingChanges): Markup | null {
  const lines = [
    ...appeared.map((one) => findingLine(one, 'appeared')),
    ...gone.map((one) => findingLine(one, 'gone')),
    ...stayed.map(({ b }) => findingLine(b, 'stayed')),
  ];
  if (lines.length === 0) return null;
  return html`<h4>Findings on this request</h4><ul class="findings">${lines.slice(0, MAX_FINDINGS)}</ul>`;
}
