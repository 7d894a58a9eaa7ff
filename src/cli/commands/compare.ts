import { randomBytes } from 'node:crypto';
import { basename } from 'node:path';
import { compareTraces } from '../../compare/compare';
import { comparisonJson, redactComparison } from '../../exchange/comparison-json';
import { importBytes, MAX_FILE_BYTES } from '../../exchange/import/file';
import type { Trace } from '../../trace/types';
import { parseCommand } from '../arguments';
import { comparisonText } from '../comparison-text';
import { readInput } from '../read-input';
import { paintFor, type Terminal } from '../terminal';
import { UnusableArguments } from '../usage';
import { exitStatus, parseFailOn, RESULT } from './outcome';

/** `streamgauge compare A B`: see USAGE. */
export async function compareCommand(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseCommand('compare', {
    args,
    allowPositionals: true,
    options: {
      json: { type: 'boolean', default: false },
      map: { type: 'string', multiple: true, default: [] },
      'fail-on': { type: 'string', default: 'never' },
    },
  });
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
  const full = compareTraces(a, b, { hosts, names: namesOf(first, second) });
  // What is printed may be pasted anywhere.
  const comparison = redactComparison(full, a, b, { salt: randomBytes(16).toString('hex') });
  terminal.stdout.write(
    values.json
      ? `${JSON.stringify(comparisonJson(comparison), null, 2)}\n`
      : comparisonText(comparison, paintFor(terminal)),
  );
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

/** File names without folder and ending where these are enough to tell them apart. */
function namesOf(a: string, b: string): { a: string; b: string } {
  const short = (name: string) =>
    name === '-'
      ? 'standard input'
      : basename(name).replace(/(?:\.streamgauge)?\.(?:json|har)(?:\.gz)?$/i, '');
  return short(a) === short(b) ? { a, b } : { a: short(a), b: short(b) };
}
