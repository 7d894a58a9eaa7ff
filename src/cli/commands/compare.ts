import { basename } from 'node:path';
import { compareTraces } from '../../compare/compare';
import type { Both } from '../../compare/types';
import { comparisonJson, redactComparison } from '../../exchange/comparison-json';
import {
  COMPARISON_FORMATS,
  type ComparisonFormat,
  comparisonFormat,
} from '../../exchange/export/comparison-formats';
import { importBytes, MAX_FILE_BYTES } from '../../exchange/import/file';
import { recordingName } from '../../exchange/import/recording-name';
import type { Trace } from '../../trace/types';
import { parseCommand } from '../arguments';
import { comparisonText } from '../comparison-text';
import { readInput } from '../read-input';
import { paintFor, type Terminal } from '../terminal';
import { UnusableArguments } from '../usage';
import { parseRedaction, writePieces } from './export-options';
import { exitStatus, parseFailOn, RESULT } from './outcome';

/** `streamgauge compare A B`: see USAGE. */
export async function compareCommand(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseCommand('compare', {
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      format: { type: 'string' },
      out: { type: 'string' },
      hide: { type: 'string', multiple: true, default: [] },
      'no-redact': { type: 'boolean', default: false },
      map: { type: 'string', multiple: true, default: [] },
      'fail-on': { type: 'string', default: 'never' },
    },
  });
  const redaction = parseRedaction(values);
  const format = formatFor(values);
  const failOn = parseFailOn(values['fail-on']);
  const hosts = new Map(values.map.map(parseMapping));
  const [first, second] = positionals;
  if (positionals.length !== 2 || first === undefined || second === undefined) {
    throw new UnusableArguments('compare takes two HAR or trace files: the one that works, and the other.');
  }
  if (first === '-' && second === '-') {
    throw new UnusableArguments('compare can read standard input (-) only once.');
  }
  const a = await readTrace(first, terminal);
  const b = await readTrace(second, terminal);
  const comparison = compareTraces(a, b, { hosts, names: namesOf(first, second) });
  if (format) {
    const pieces = await format.export(comparison, { a, b }, redaction);
    await writePieces(pieces, values.out, terminal);
  }
  // Standard output holds one thing: the comparison that `--format` asks for when there is no file, or what is said of it.
  if (!format || values.out !== undefined) {
    // What is printed may be pasted anywhere.
    const shown = redaction.redact === false ? comparison : redactComparison(comparison, a, b, redaction);
    terminal.stdout.write(
      values.json
        ? `${JSON.stringify(comparisonJson(shown), null, 2)}\n`
        : comparisonText(shown, paintFor(terminal)),
    );
  }
  if (comparison.verdict === 'incomparable') return RESULT.unusable;
  return exitStatus(comparison.findings.appeared, failOn);
}

async function readTrace(name: string, { stdin }: Terminal): Promise<Trace> {
  const label = name === '-' ? 'standard input' : name;
  return importBytes(label, await readInput(name, stdin, MAX_FILE_BYTES)).trace;
}

/** "localhost:8000=stage.example.org" → its two hosts. */
function parseMapping(text: string): [a: string, b: string] {
  const match = /^([^=\s/]+)=([^=\s/]+)$/.exec(text);
  if (!match) {
    throw new UnusableArguments(
      `--map takes HOST=HOST, with ports where there are any, not "${text.slice(0, 80)}".`,
    );
  }
  return [match[1]!.toLowerCase(), match[2]!.toLowerCase()];
}

/** What `--out` is written as: by `--format`, else by the file's ending. Null: no file is asked for. */
function formatFor(values: {
  json: boolean;
  format?: string | undefined;
  out?: string | undefined;
}): ComparisonFormat | null {
  const { json, format: id, out } = values;
  if (id !== undefined) {
    if (json && out === undefined) {
      throw new UnusableArguments('--json and --format both go to standard output: use one, or --out.');
    }
    const format = comparisonFormat(id);
    if (format) return format;
    const known = COMPARISON_FORMATS.map((one) => one.id).join(' or ');
    throw new UnusableArguments(`--format takes ${known}, not "${id.slice(0, 60)}".`);
  }
  if (out === undefined) return null;
  const fitting = COMPARISON_FORMATS.find(({ extension }) => out.toLowerCase().endsWith(extension));
  if (fitting) return fitting;
  const known = COMPARISON_FORMATS.map(({ extension }) => extension).join(' or ');
  throw new UnusableArguments(`The ending of ${out} says no format: use ${known}, or name it with --format.`);
}

/** File names without folder and ending where these are enough to tell them apart. */
function namesOf(a: string, b: string): Both<string> {
  const short = (name: string) => (name === '-' ? 'standard input' : recordingName(basename(name)));
  return short(a) === short(b) ? { a, b } : { a: short(a), b: short(b) };
}
