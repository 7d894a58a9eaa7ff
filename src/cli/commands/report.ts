import { diagnose } from '../../diagnose/run';
import { EXPORT_FORMATS, type ExportFormat, exportFormat } from '../../exchange/export/formats';
import { importBytes, MAX_FILE_BYTES } from '../../exchange/import/file';
import { parseCommand } from '../arguments';
import { postSpans, readCollector } from '../otlp-client';
import { readInput } from '../read-input';
import { complain, plain, type Terminal } from '../terminal';
import { UnusableArguments } from '../usage';
import { parseRedaction, writePieces } from './export-options';
import { RESULT } from './outcome';

/** `streamgauge report FILE`: see USAGE. */
export async function reportCommand(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseCommand('report', {
    args,
    allowPositionals: true,
    options: {
      out: { type: 'string' },
      format: { type: 'string' },
      hide: { type: 'string', multiple: true, default: [] },
      'no-redact': { type: 'boolean', default: false },
      otlp: { type: 'string' },
    },
  });
  const [name] = positionals;
  if (positionals.length !== 1 || name === undefined) {
    throw new UnusableArguments('report takes one HAR or trace file, or - for standard input.');
  }
  const options = parseRedaction(values);
  const collector = values.otlp === undefined ? null : readCollector(values.otlp);
  const format = formatFor(values.format, values.out);
  const label = name === '-' ? 'standard input' : name;
  const { trace, problems } = importBytes(label, await readInput(name, terminal.stdin, MAX_FILE_BYTES));
  for (const problem of problems) complain(terminal, problem);
  const diagnosis = diagnose(trace);
  if (collector !== null) {
    const { otlpLines } = await import('../../exchange/export/otlp');
    const count = await postSpans(collector, otlpLines(trace, diagnosis, options));
    const said = count === 1 ? '1 span was sent' : `${count} spans were sent`;
    terminal.stderr.write(`${said} to ${plain(collector.host)}.\n`);
    if (values.out === undefined && values.format === undefined) return RESULT.fine;
  }
  await writePieces(await format.export(trace, diagnosis, options), values.out, terminal);
  return RESULT.fine;
}

/** By `--format`, else by the longest ending that the file's name has, else Markdown. */
function formatFor(id: string | undefined, out: string | undefined): ExportFormat {
  const known = () => EXPORT_FORMATS.map((one) => one.id).join(', ');
  if (id !== undefined) {
    const format = exportFormat(id);
    if (format) return format;
    throw new UnusableArguments(`--format takes one of ${known()}, not "${id.slice(0, 60)}".`);
  }
  if (out === undefined) return exportFormat('markdown')!;
  const lower = out.toLowerCase();
  const fitting = EXPORT_FORMATS.filter(({ extension }) => lower.endsWith(extension)).sort(
    (one, other) => other.extension.length - one.extension.length,
  );
  if (fitting[0]) return fitting[0];
  throw new UnusableArguments(
    `The ending of ${out} says no format: use one of ${EXPORT_FORMATS.map(({ extension }) => extension).join(' ')}, or name it with --format.`,
  );
}
