import type { FindingCount, Rate } from '../../../diagnose/facts/health';
import type { EndpointSummary, Entry } from '../library/entry';

/** One endpoint in one recording. */
export interface Sighting {
  entry: Entry;
  /** Of each address that goes by this name; one, unless hosts are left out. */
  summaries: EndpointSummary[];
}

/** An endpoint that recordings share. */
export interface EndpointHistory {
  /** As it is chosen: method and path, without scheme and host, so that stage and production are one. */
  name: string;
  /** By the time of the recording, the oldest first. */
  sightings: Sighting[];
}

/** The endpoints of all recordings: those seen most often first, of equals those with the most to look at. */
export function endpointHistories(entries: readonly Entry[]): EndpointHistory[] {
  const histories = new Map<string, EndpointHistory>();
  const ordered = [...entries].sort((a, b) => a.summary.recordedEpochMs - b.summary.recordedEpochMs);
  for (const entry of ordered) {
    for (const summary of entry.summary.endpoints) {
      const name = nameOfEndpoint(summary.endpoint);
      let history = histories.get(name);
      if (!history) {
        history = { name, sightings: [] };
        histories.set(name, history);
      }
      const last = history.sightings.at(-1);
      if (last?.entry === entry) last.summaries.push(summary);
      else history.sightings.push({ entry, summaries: [summary] });
    }
  }
  const trouble = new Map([...histories.values()].map((one) => [one, troubleOf(one)]));
  return [...histories.values()].sort(
    (a, b) =>
      b.sightings.length - a.sightings.length ||
      trouble.get(b)! - trouble.get(a)! ||
      a.name.localeCompare(b.name),
  );
}

/** Errors and warnings; an error counts for many warnings. */
function troubleOf({ sightings }: EndpointHistory): number {
  const weights = { error: 1000, warning: 1, info: 0 };
  return sightings
    .flatMap(({ summaries }) => summaries.flatMap(({ findings }) => findings))
    .reduce((sum, { severity, count }) => sum + weights[severity] * count, 0);
}

/** `POST https://stage.test/chat` → `POST /chat`. */
export function nameOfEndpoint(endpoint: string): string {
  return endpoint.replace(/^(\S+) [a-z][a-z0-9+.-]*:\/\/[^/?]*/i, '$1 ');
}

/** One figure of an endpoint over its sightings; null where it was not measured. */
export interface Moment {
  entry: Entry;
  streams: number;
  /** Of several addresses the median of the largest share, and the worst of the rest. */
  firstByteMs: number | null;
  firstByteWorstMs: number | null;
  longestGapMs: number | null;
  completion: Rate;
  errors: number;
  warnings: number;
  /** Errors and warnings, those of several addresses counted together. */
  findings: FindingCount[];
}

export function momentsOf({ sightings }: EndpointHistory): Moment[] {
  return sightings.map(({ entry, summaries }) => {
    const main = summaries.reduce((most, one) => (one.streams > most.streams ? one : most));
    const findings = counted(summaries.flatMap((one) => one.findings));
    const count = (severity: string) =>
      findings.filter((one) => one.severity === severity).reduce((sum, one) => sum + one.count, 0);
    return {
      entry,
      streams: summaries.reduce((sum, one) => sum + one.streams, 0),
      firstByteMs: main.firstByte.medianMs,
      firstByteWorstMs: greatest(summaries.map((one) => one.firstByte.p95Ms)),
      longestGapMs: greatest(summaries.map((one) => one.longestGap.longestMs)),
      completion: {
        done: summaries.reduce((sum, one) => sum + one.completion.done, 0),
        of: summaries.reduce((sum, one) => sum + one.completion.of, 0),
      },
      errors: count('error'),
      warnings: count('warning'),
      findings: findings.filter(({ severity }) => severity !== 'info'),
    };
  });
}

function counted(findings: readonly FindingCount[]): FindingCount[] {
  const sums = new Map<string, FindingCount>();
  for (const one of findings) {
    const key = `${one.id} ${one.severity}`;
    sums.set(key, { ...one, count: one.count + (sums.get(key)?.count ?? 0) });
  }
  return [...sums.values()];
}

function greatest(values: readonly (number | null)[]): number | null {
  return values.reduce<number | null>(
    (most, value) => (value !== null && (most === null || value > most) ? value : most),
    null,
  );
}
