import { SPECS } from '../lab/scenarios/index.ts';
import type { Spec } from '../lab/scenarios/spec.ts';
import { FAULTY } from './scenarios/faulty.ts';
import { HEALTHY } from './scenarios/healthy.ts';

/**
 * The lab's scenarios, each under host names of its own: recordings run side by side in one browser, where cookies and
 * connections belong to a host.
 */
function apart(spec: Spec): Spec {
  const own = (host: string) => host.replace(/^(\w+)\.(example\.(?:org|com))$/, `$1.${spec.id}.$2`);
  return {
    ...spec,
    host: own(spec.host ?? 'stage.example.org'),
    ...(spec.pageAt
      ? { pageAt: { ...spec.pageAt, ...(spec.pageAt.host ? { host: own(spec.pageAt.host) } : {}) } }
      : {}),
  };
}

/** Everything that can be recorded. */
export const CORPUS_SPECS: Spec[] = [...SPECS.map(apart), ...HEALTHY, ...FAULTY];
