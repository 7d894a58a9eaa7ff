import type { Spec } from '../../lab/scenarios/spec.ts';

/** HAProxy in front of a scenario's backends, with a cookie that keeps a browser on one of them. */
export const stickyHaproxy =
  (attributes = '', name = 'SERVERID'): NonNullable<Spec['haproxy']> =>
  ({ backends }) =>
    `
    balance roundrobin
    cookie ${name} insert indirect nocache ${attributes}
    ${backends.map((address, index) => `server app${index} ${address} cookie app${index}`).join('\n')}`;
