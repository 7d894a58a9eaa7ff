import type { FindingChanges } from '../../../compare/types';
import { SeverityIcon } from '../../components/icons';
import { formatCount, plural } from '../../format';

/** Findings that appeared, went and stayed. */
export function Changes({ changes }: { changes: FindingChanges }) {
  const { appeared, gone, stayed } = changes;
  const groups = [
    { title: 'Appeared', sign: '+', findings: appeared },
    { title: 'Gone', sign: '−', findings: gone },
    { title: 'Stayed', sign: '=', findings: stayed.map(({ b }) => b) },
  ].filter(({ findings }) => findings.length > 0);
  if (groups.length === 0) return <p class="dim">None in either.</p>;
  return (
    <div class="changes">
      {groups.map(({ title, sign, findings }) => (
        <div key={title} class={`change ${title.toLowerCase()}`}>
          <h4>
            <span aria-hidden="true">{sign}</span> {title}{' '}
            <span class="dim">{formatCount(findings.length)}</span>
          </h4>
          <ul>
            {findings.slice(0, 100).map((finding) => (
              <li key={finding.key}>
                <SeverityIcon severity={finding.severity} />
                <span class="sr-only">{finding.severity}</span>
                <span>
                  <code>{finding.id}</code> {finding.summary}
                </span>
              </li>
            ))}
          </ul>
          {findings.length > 100 && <p class="dim">{plural(findings.length - 100, 'more finding')}.</p>}
        </div>
      ))}
    </div>
  );
}
