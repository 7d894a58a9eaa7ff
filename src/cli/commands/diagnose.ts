import type { Finding } from '../../diagnose/rule';
import { diagnose } from '../../diagnose/run';
import { type FindingsFile, findingsFile, findingsJson } from '../../exchange/findings-json';
import { importBytes, MAX_FILE_BYTES } from '../../exchange/import/file';
import { parseCommand } from '../arguments';
import { findingsText } from '../findings-text';
import { readInput } from '../read-input';
import { complain, paintFor, type Terminal } from '../terminal';
import { UnusableArguments } from '../usage';
import { exitStatus, parseFailOn, RESULT } from './outcome';

/** `streamgauge diagnose FILE…`: see USAGE. Unusable files are named on standard error; the others are still judged. */
export async function diagnoseCommand(args: string[], terminal: Terminal): Promise<number> {
  const { values, positionals } = parseCommand('diagnose', {
    args,
    allowPositionals: true,
    options: { json: { type: 'boolean' }, 'fail-on': { type: 'string' } },
  });
  const failOn = parseFailOn(values['fail-on']);
  if (positionals.length === 0) {
    throw new UnusableArguments('diagnose needs at least one HAR or trace file, or - for standard input.');
  }
  if (positionals.filter((name) => name === '-').length > 1) {
    throw new UnusableArguments('diagnose can read standard input (-) only once.');
  }
  const paint = paintFor(terminal);
  const files: FindingsFile[] = [];
  const findings: Finding[] = [];
  let unusable = 0;
  for (const name of positionals) {
    const label = name === '-' ? 'standard input' : name;
    try {
      const bytes = await readInput(name, terminal.stdin, MAX_FILE_BYTES);
      const { trace, problems } = importBytes(label, bytes);
      const diagnosis = diagnose(trace);
      findings.push(...diagnosis.findings);
      if (values.json) files.push(findingsFile(label, trace, diagnosis));
      else terminal.stdout.write(`${findingsText(label, trace, diagnosis, problems, paint)}\n`);
    } catch (error) {
      unusable++;
      complain(terminal, error instanceof Error ? error.message : String(error));
    }
  }
  if (values.json) terminal.stdout.write(`${JSON.stringify(findingsJson(files), null, 2)}\n`);
  return unusable > 0 ? RESULT.unusable : exitStatus(findings, failOn);
}
