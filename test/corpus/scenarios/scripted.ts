import type { Spec } from '../../lab/scenarios/spec.ts';

/** What of a lab scenario a recording of its own needs; the rest has no meaning outside the lab page. */
type Given = Pick<Spec, 'id' | 'description' | 'seconds'> & Partial<Spec>;

/** Addresses of scenarios whose page runs a script of its own, by id; filled when the lab describes them. */
export const SCRIPTS = new Map<string, { script: string; address: string }>();

/** A scenario as the lab knows it, with what a recording does not need filled in. */
export function plain(given: Given): Spec {
  return { title: given.id, group: 'Healthy', expect: [], site: 'embedded', steps: () => [], ...given };
}

/**
 * A scenario whose page does more than the lab's steps can say: `script` is the body of an async function run in the
 * page; `api` in it is the scenario's address, ending in a slash.
 */
export function scripted({ script, ...given }: Given & { script: string }): Spec {
  return plain({
    ...given,
    steps: ({ url }) => {
      SCRIPTS.set(given.id, { script, address: url('') });
      return [];
    },
  });
}
