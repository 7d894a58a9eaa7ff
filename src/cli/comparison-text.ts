import type { Comparison, EventAlignment, Figure, StreamPair } from '../compare/types';
import { formatCount, formatMs, formatValue } from '../lib/format';
import { type Ink, plain } from './terminal';

/** Pairs that are shown in full; of the others the number is told. */
const MAX_PAIRS = 10;
const MAX_HEADERS = 12;
const MAX_VALUE_LENGTH = 60;

type Paint = (ink: Ink, text: string) => string;

/** A comparison as lines for a terminal. */
export function comparisonText(comparison: Comparison, paint: Paint): string {
  const { names, verdict, sentence, obstacles, hosts, pairs, unmatched } = comparison;
  const sign =
    verdict === 'same'
      ? paint('green', '✓')
      : verdict === 'differs'
        ? paint('yellow', '▲')
        : paint('red', '■');
  const lines = [`${sign} ${paint('bold', plain(sentence))}`];
  if (verdict !== 'incomparable') lines.push(...obstacles.map((one) => `  ${paint('dim', plain(one))}`));
  for (const { a, b, how } of hosts) {
    if (how === 'guessed')
      lines.push(`  ${paint('dim', `${plain(a)} was taken for ${plain(b)}; --map says otherwise.`)}`);
  }
  const differing = pairs.filter(({ sentence }) => sentence !== null);
  for (const pair of differing.slice(0, MAX_PAIRS)) lines.push('', ...pairLines(pair, comparison, paint));
  if (differing.length > MAX_PAIRS) lines.push('', `  ${differing.length - MAX_PAIRS} more requests differ.`);
  const alike = pairs.length - differing.length;
  if (alike > 0 && differing.length > 0)
    lines.push('', `  ${formatCount(alike)} ${alike === 1 ? 'request' : 'requests'} came alike in both.`);
  for (const side of ['a', 'b'] as const) {
    const count = unmatched[side].length;
    if (count > 0 && verdict !== 'incomparable')
      lines.push(`  ${paint('dim', `${formatCount(count)} only in ${plain(names[side])}`)}`);
  }
  return `${lines.join('\n')}\n`;
}

function pairLines(pair: StreamPair, { names }: Comparison, paint: Paint): string[] {
  const lines = [`  ${paint('bold', plain(pair.endpoint))}`];
  if (pair.sentence) lines.push(`    ${plain(pair.sentence)}`);
  lines.push(...pair.obstacles.map((one) => `    ${paint('dim', plain(one))}`));
  const shown = pair.figures.filter(({ a, b }) => a !== null || b !== null);
  const rows = [
    ['', plain(names.a), plain(names.b)],
    ...shown.map((figure) => [figure.label, valueText(figure.a, figure), valueText(figure.b, figure)]),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  for (const [index, [label = '', a = '', b = '']] of rows.entries()) {
    const line = `      ${label.padEnd(widths[0]!)}  ${a.padEnd(widths[1]!)}  ${b}`.trimEnd();
    const figure = shown[index - 1];
    lines.push(index === 0 || !figure?.differs ? paint('dim', line) : line);
  }
  if (pair.events) lines.push(`      ${eventsText(pair.events)}`);
  const { onlyA, onlyB } = pair.hops;
  if (onlyA.length > 0) lines.push(`      only in ${plain(names.a)}: ${plain(onlyA.join(', '))}`);
  if (onlyB.length > 0) lines.push(`      only in ${plain(names.b)}: ${plain(onlyB.join(', '))}`);
  for (const header of pair.headers.filter(({ matters }) => matters).slice(0, MAX_HEADERS)) {
    lines.push(`      ${header.of} ${plain(header.name)}: ${headerText(header.a)} → ${headerText(header.b)}`);
  }
  return lines;
}

function valueText(value: Figure['a'], { unit }: Figure): string {
  return value === null ? '–' : plain(formatValue(value, unit));
}

function eventsText({
  by,
  matched,
  unmatched,
  medianDelayMs,
  largestDelayMs,
  isCut,
}: EventAlignment): string {
  const how = by === 'content' ? 'equal events' : 'events, by their order';
  const rest = unmatched.a + unmatched.b > 0 ? `, ${unmatched.a} and ${unmatched.b} without counterpart` : '';
  const delay =
    medianDelayMs === null
      ? ''
      : `: ${signed(medianDelayMs)} in the middle, ${signed(largestDelayMs ?? 0)} at most`;
  return `${formatCount(matched)} ${how}${delay}${rest}${isCut ? ' (only the first ones)' : ''}`;
}

function signed(ms: number): string {
  return ms < 0 ? `${formatMs(-ms)} earlier` : `${formatMs(ms)} later`;
}

function headerText(value: string | null): string {
  if (value === null) return '–';
  return plain(value.length > MAX_VALUE_LENGTH ? `${value.slice(0, MAX_VALUE_LENGTH)}…` : value);
}
