import type { RuleId } from '../trace/ids';
import type { Finding, Severity } from './rule';

/** The finding `by` (its key) explains the findings of `rule` on any of these subjects. */
export interface Explanation {
  by: string;
  rule: RuleId;
  on: string[];
}

const SEVERITY_ORDER: Record<Severity, number> = { error: 0, warning: 1, info: 2 };

/**
 * Marks findings that others explain, and orders all: worst first, proven before likely, earlier streams first, each
 * explained one right behind the finding that explains it. A chain ends at its root, so that an explained finding
 * always points at one that stands by itself; of two that explain each other the worse (then the first) stands.
 */
export function rank(findings: readonly Finding[], explanations: readonly Explanation[]): Finding[] {
  const ordered = findings
    .map((finding, index) => ({ finding, index }))
    .sort((a, b) => compare(a.finding, b.finding) || a.index - b.index)
    .map(({ finding }) => finding);
  const byKey = new Map(ordered.map((finding) => [finding.key, finding]));
  const parents = parentsOf(ordered, byKey, explanations);
  const children = new Map<string, Finding[]>();
  const roots: Finding[] = [];
  for (const finding of ordered) {
    const root = rootOf(finding.key, parents);
    if (root === finding.key) {
      roots.push({ ...finding, supersededBy: null });
      continue;
    }
    const list = children.get(root) ?? [];
    list.push({ ...finding, supersededBy: root });
    children.set(root, list);
  }
  return roots.flatMap((finding) => [finding, ...(children.get(finding.key) ?? [])]);
}

/** For each explained finding the key of the one that explains it, without circles. */
function parentsOf(
  ordered: readonly Finding[],
  byKey: ReadonlyMap<string, Finding>,
  explanations: readonly Explanation[],
): Map<string, string> {
  const place = new Map(ordered.map((finding, index) => [finding.key, index]));
  const bySubject = new Map<string, Finding[]>();
  for (const finding of ordered) {
    for (const subject of new Set([finding.stream.id, subjectOf(finding)])) {
      const key = `${finding.id}/${subject}`;
      bySubject.set(key, [...(bySubject.get(key) ?? []), finding]);
    }
  }
  const parents = new Map<string, string>();
  const worstFirst = [...explanations].sort((a, b) => (place.get(a.by) ?? 0) - (place.get(b.by) ?? 0));
  for (const { by, rule, on } of worstFirst) {
    if (!byKey.has(by)) continue;
    for (const subject of on) {
      for (const { key } of bySubject.get(`${rule}/${subject}`) ?? []) {
        if (key !== by && !parents.has(key) && rootOf(by, parents) !== key) parents.set(key, by);
      }
    }
  }
  return parents;
}

function rootOf(key: string, parents: ReadonlyMap<string, string>): string {
  let root = key;
  for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent;
  return root;
}

function subjectOf(finding: Finding): string {
  return finding.key.slice(finding.id.length + 1);
}

function compare(a: Finding, b: Finding): number {
  return (
    SEVERITY_ORDER[a.severity] - SEVERITY_ORDER[b.severity] ||
    Number(b.confidence === 'proven') - Number(a.confidence === 'proven')
  );
}
