import { PLATFORMS } from '../../diagnose/platforms';
import type { Finding } from '../../diagnose/rule';
import { formatEvidence, formatMs } from '../../lib/format';
import type { StreamRecord, Trace, TraceMeta } from '../../trace/types';
import { Redactor, redactorFor } from '../redact';
import { curlLine } from './curl';
import type { ExportOptions } from './trace-json';

/** Columns of the arrivals plot: fits a ticket without scrolling. */
const PLOT_COLUMNS = 60;
const BARS = '▁▂▃▄▅▆▇█';

/**
 * One finding as Markdown, to paste into a ticket for the people who run the server: what is wrong, the measured
 * evidence, when the data arrived, how to see it with curl, where the fix is described, and what it was seen with.
 */
export function findingMarkdown(
  finding: Finding,
  stream: StreamRecord,
  meta: TraceMeta,
  { redact = true, ...redaction }: ExportOptions = {},
): string {
  return markdownOf(finding, stream, meta, redact ? new Redactor(redaction).learn(stream) : null);
}

function markdownOf(
  finding: Finding,
  stream: StreamRecord,
  meta: TraceMeta,
  redactor: Redactor | null,
): string {
  const hide = (text: string) => redactor?.text(text) ?? text;
  const address = redactor?.url(finding.stream.url) ?? finding.stream.url;
  const platforms = finding.platforms.map((id) => PLATFORMS[id]);
  const plot = arrivalsPlot(stream);
  const parts = [
    `### ${prose(finding.title)}`,
    prose(hide(finding.summary)),
    [
      `- **Request**: ${code(`${finding.stream.method} ${address}`)}`,
      `- **Finding**: ${code(finding.id)}, ${finding.severity}, ${finding.confidence}`,
      ...(platforms.length > 0 ? [`- **Looks like**: ${platforms.join(', ')}`] : []),
      `- **When**: ${new Date(meta.originEpochMs + stream.timing.startedAtMs).toISOString()}`,
    ].join('\n'),
    evidenceTable(finding, hide),
    ...(plot === null ? [] : ['Arrivals:', fenced('text', plot)]),
    'The same request with curl, to compare directly at the server and through each hop:',
    fenced('sh', curlLine(redactor?.stream(stream) ?? stream, { redact: false })),
    `Why it happens and how to fix it: recipe ${code(finding.recipe)} (\`streamgauge recipes ${finding.recipe}\`).`,
    `_Seen with ${prose(environment(meta))}._`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

/** Several findings of one recording, one after the other. Findings whose stream is gone are left out. */
export function findingsMarkdown(
  trace: Trace,
  findings: readonly Finding[],
  { redact = true, ...redaction }: ExportOptions = {},
): string {
  const redactor = redact ? redactorFor(trace, redaction) : null;
  const streams = new Map(trace.streams.map((stream) => [stream.id, stream]));
  return findings
    .flatMap((finding) => {
      const stream = streams.get(finding.stream.id);
      return stream ? [markdownOf(finding, stream, trace.meta, redactor)] : [];
    })
    .join('\n');
}

function evidenceTable(finding: Finding, hide: (text: string) => string): string {
  if (finding.evidence.length === 0) return '';
  const rows = finding.evidence.map((evidence) => {
    const { value, limit } = formatEvidence(evidence);
    return `| ${prose(hide(evidence.label))} | ${prose(hide(value))} | ${prose(hide(limit))} |`;
  });
  return ['| Evidence | Measured | Held against |', '|---|---|---|', ...rows].join('\n');
}

/**
 * How much arrived when, as one line of bars from the request to the end: bar height is the number of deliveries in
 * that slice of time, on a scale of its own. Null when nothing arrived, or only bounds are known.
 */
export function arrivalsPlot(stream: StreamRecord): string | null {
  const { chunks, messages, timing, end } = stream;
  const source = chunks.atMs.length > 0 ? chunks : messages;
  const times = source.atMs.filter((_, index) => source.confidence[index] !== 3);
  if (times.length === 0) return null;
  const startMs = timing.startedAtMs;
  const endMs = Math.max(end?.atMs ?? 0, times.at(-1)!, startMs + 1);
  const slices = new Array<number>(PLOT_COLUMNS).fill(0);
  for (const atMs of times) {
    const slice = Math.floor(((atMs - startMs) / (endMs - startMs)) * PLOT_COLUMNS);
    slices[Math.min(PLOT_COLUMNS - 1, Math.max(0, slice))]! += 1;
  }
  const most = Math.max(...slices);
  const bars = slices.map((count) => (count === 0 ? '·' : BARS[Math.ceil((count / most) * BARS.length) - 1]));
  const ending = end ? ` ${end.kind}` : ' still open';
  const scale = `${'0'.padEnd(PLOT_COLUMNS - 1)} ${formatMs(endMs - startMs)}`;
  return `${bars.join('')}${ending}\n${scale}\n${times.length} deliveries, at most ${most} in ${formatMs((endMs - startMs) / PLOT_COLUMNS)}`;
}

function environment(meta: TraceMeta): string {
  const recorder =
    meta.recorder === 'har' ? 'a HAR file' : `Streamgauge ${meta.recorderVersion} (${meta.recorder})`;
  const writer = meta.recorder === 'har' && meta.recorderVersion ? ` of ${meta.recorderVersion}` : '';
  return [meta.browser, `${recorder}${writer}`].filter(Boolean).join(', ');
}

/** Text from outside in running Markdown: one line, and nothing in it is markup. */
function prose(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>|#~&]/g, '\\$&');
}

/** Text from outside as code within a line: the fence is longer than any run of backticks in it. */
function code(text: string): string {
  const line = text.replace(/\s+/g, ' ');
  const fence = '`'.repeat(longestRun(line) + 1);
  const pad = line.startsWith('`') || line.endsWith('`') ? ' ' : '';
  return `${fence}${pad}${line}${pad}${fence}`;
}

function fenced(language: string, text: string): string {
  const fence = '`'.repeat(Math.max(3, longestRun(text) + 1));
  return `${fence}${language}\n${text}\n${fence}`;
}

function longestRun(text: string): number {
  return Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
}
