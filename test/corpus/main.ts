import { diagnose } from '../../src/diagnose/run';
import { importBytes } from '../../src/exchange/import/file';
import { isHealthy, readLabels, readRecording } from './labels';
import { complaintsOf, ruleScores, scoreOf } from './score';

// Diagnoses every recording and holds the findings against the labels: `npm run corpus [-- part of a name…]`.

const parts = process.argv.slice(2);
const labels = readLabels().filter(
  ({ file }) => parts.length === 0 || parts.some((part) => file.includes(part)),
);
const scores = labels.map((label) => {
  const { trace } = importBytes(label.file, readRecording(label.file));
  return scoreOf(label, diagnose(trace));
});

const percent = (share: number) => (Number.isNaN(share) ? '–' : `${Math.round(share * 100)} %`);
const rows = [
  ['finding', 'labelled', 'found', 'false', 'precision', 'recall'],
  ...ruleScores(scores).map(({ id, labelled, found, falsePositives, precision, recall }) => [
    id,
    String(labelled),
    String(found),
    String(falsePositives),
    percent(precision),
    percent(recall),
  ]),
];
const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
const lines = rows.map((row) =>
  row
    .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
    .join('  '),
);
process.stdout.write(`${lines.join('\n')}\n\n`);

const wrong = scores
  .map((score) => ({ score, complaints: complaintsOf(score) }))
  .filter(({ complaints }) => complaints.length > 0);
for (const { score, complaints } of wrong) {
  process.stdout.write(`${score.label.file}\n${complaints.map((line) => `  ${line}\n`).join('')}`);
}
const healthy = labels.filter(isHealthy).length;
process.stdout.write(
  `${labels.length} recordings, ${healthy} of them healthy; ${wrong.length} not as labelled.\n`,
);
process.exitCode = wrong.length > 0 ? 1 : 0;
