import type { Program } from './scenario.ts';

/**
 * The doors of the lab: each is one listening port with its own make and protocol. Every door also serves the lab page,
 * so a scenario's page and its calls share an origin.
 */
export const SITES = {
  /** Node, HTTP/1.1. */
  embedded: { tls: false, needs: null },
  /** Node, HTTP/2 over TLS (HTTP/1.1 for WebSocket). */
  'embedded-h2': { tls: true, needs: null },
  /** nginx, HTTP/1.1. */
  nginx: { tls: false, needs: 'nginx' },
  /** nginx, HTTP/2 over TLS. */
  'nginx-h2': { tls: true, needs: 'nginx' },
  /** HAProxy, HTTP/1.1. */
  haproxy: { tls: false, needs: 'haproxy' },
  /** HAProxy over TLS, HTTP/2 and HTTP/1.1. */
  'haproxy-tls': { tls: true, needs: 'haproxy' },
} as const satisfies Record<string, { tls: boolean; needs: Program | null }>;
export type SiteName = keyof typeof SITES;

export const DEFAULT_HOST = 'stage.example.org';

/** Every host name that a certificate of the lab must cover. */
export const CERTIFIED_HOSTS = [
  'localhost',
  '*.localhost',
  '*.example.org',
  '*.example.com',
  '*.execute-api.us-east-1.amazonaws.com',
  '*.us-east-1.elb.amazonaws.com',
  '*.us-east-1.awsapprunner.com',
];
