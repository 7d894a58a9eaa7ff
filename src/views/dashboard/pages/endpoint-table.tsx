import type { ComponentChildren } from 'preact';
import type { FindingCount, Rate } from '../../../diagnose/facts/health';
import { SeverityIcon } from '../../components/icons';
import { formatCount, formatDuration } from '../../format';
import { recordingRoute } from '../model/dashboard-model';
import { hashOf } from '../model/route';
import { formatRate } from './words';

/** What is told of an endpoint wherever it stands; null where nothing was measured. */
export interface EndpointFigures {
  streams: number;
  completion: Rate;
  firstByteMs: number | null;
  /** 95 % within. */
  firstByteWorstMs: number | null;
  longestGapMs: number | null;
  findings: readonly FindingCount[];
}

const FIGURES = ['Streams', 'Complete', 'First byte', '95 %', 'Longest gap'];

/** A table of endpoints: its own columns come first, the figures behind them. Rows end in `FigureCells`. */
export function EndpointTable(props: {
  label: string;
  /** Heads of the columns before the figures. */
  own: readonly string[];
  children: ComponentChildren;
}) {
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label={props.label}>
      <table class="data-table">
        <thead>
          <tr>
            {props.own.map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
            {FIGURES.map((name) => (
              <th key={name} scope="col" class="numeric">
                {name}
              </th>
            ))}
            <th scope="col">Findings</th>
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}

/** The figures of one row, and its findings, each with the way to its streams in the recording `id`. */
export function FigureCells({ figures, id }: { figures: EndpointFigures; id: string }) {
  return (
    <>
      <td class="numeric">{formatCount(figures.streams)}</td>
      <td class="numeric">{formatRate(figures.completion)}</td>
      <td class="numeric">{formatDuration(figures.firstByteMs)}</td>
      <td class="numeric">{formatDuration(figures.firstByteWorstMs)}</td>
      <td class="numeric">{formatDuration(figures.longestGapMs)}</td>
      <td>
        <FindingLinks findings={figures.findings} id={id} />
      </td>
    </>
  );
}

function FindingLinks({ findings, id }: { findings: readonly FindingCount[]; id: string }) {
  if (findings.length === 0) return <span class="dim">none</span>;
  return (
    <span class="finding-links">
      {findings.map((finding) => (
        <a
          key={`${finding.id} ${finding.severity}`}
          href={hashOf(recordingRoute(id, 'streams', `finding:${finding.id}`))}
          title={finding.title}
        >
          <SeverityIcon severity={finding.severity} />
          <span class="sr-only">{finding.severity} </span> {finding.id}
          {finding.count > 1 && ` × ${finding.count}`}
        </a>
      ))}
    </span>
  );
}
