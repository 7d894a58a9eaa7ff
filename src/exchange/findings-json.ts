import type { Diagnosis, Evidence, Finding, Incomplete, StreamRef } from '../diagnose/rule';
import type { RuleId } from '../trace/ids';
import type { Trace } from '../trace/types';
import { Redactor } from './redact';

export const FINDINGS_FORMAT = 'streamgauge-findings';
export const FINDINGS_VERSION = 1;

/** What `--json` prints: for scripts, so its shape only changes with its version. Secrets are redacted. */
export interface FindingsJson {
  format: typeof FINDINGS_FORMAT;
  version: typeof FINDINGS_VERSION;
  files: FindingsFile[];
}

export interface FindingsFile {
  file: string;
  /** How many streams the file has. */
  streams: number;
  /** Worst first; superseded ones behind the finding that explains them. */
  findings: FindingJson[];
  incomplete: Incomplete[];
  /** Rules that broke, a defect of Streamgauge; absent when none did. */
  failures?: Diagnosis['failures'];
}

export interface FindingJson
  extends Pick<
    Finding,
    'id' | 'verdict' | 'severity' | 'confidence' | 'stream' | 'summary' | 'recipe' | 'sources'
  > {
  evidence: Pick<Evidence, 'label' | 'value' | 'unit' | 'threshold'>[];
  /** Id of the finding that explains this one. */
  supersededBy: RuleId | null;
  /** Only when the finding that explains this one is on another stream: that stream's id. */
  supersededByStream?: string;
}

/** One file's part. `file`: its name as the person gave it. */
export function findingsFile(file: string, trace: Trace, diagnosis: Diagnosis): FindingsFile {
  const byKey = new Map(diagnosis.findings.map((finding) => [finding.key, finding]));
  // Findings quote headers and addresses, never bodies.
  const redactor = new Redactor().learnHeaders(...trace.streams);
  return {
    file,
    streams: trace.streams.length,
    findings: diagnosis.findings.map((finding) => findingJson(finding, byKey, redactor)),
    incomplete: diagnosis.incomplete.map((one) => ({ ...one, stream: redactedRef(one.stream, redactor) })),
    ...(diagnosis.failures.length > 0 && { failures: diagnosis.failures }),
  };
}

export function findingsJson(files: FindingsFile[]): FindingsJson {
  return { format: FINDINGS_FORMAT, version: FINDINGS_VERSION, files };
}

function findingJson(finding: Finding, byKey: ReadonlyMap<string, Finding>, redactor: Redactor): FindingJson {
  const cause = finding.supersededBy === null ? undefined : byKey.get(finding.supersededBy);
  const { id, verdict, severity, confidence, recipe, sources } = finding;
  return {
    id,
    verdict,
    severity,
    confidence,
    stream: redactedRef(finding.stream, redactor),
    summary: redactor.text(finding.summary),
    evidence: finding.evidence.map(({ label, value, unit, threshold }) => ({
      label,
      value: typeof value === 'string' ? redactor.text(value) : value,
      unit,
      ...(threshold !== undefined && { threshold }),
    })),
    supersededBy: cause?.id ?? null,
    ...(cause && cause.stream.id !== finding.stream.id && { supersededByStream: cause.stream.id }),
    recipe,
    sources,
  };
}

function redactedRef(stream: StreamRef, redactor: Redactor): StreamRef {
  const { id, kind, method, url } = stream;
  return { id, kind, method, url: redactor.url(url) };
}
