import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../certificate.ts';
import type { Spec } from '../scenarios/spec.ts';
import { freePorts, type RunningProgram, runProgram } from './program.ts';

export interface HaproxyPlan {
  /** Path of the program. */
  program: string;
  /** An empty folder of its own. */
  folder: string;
  certificate: Certificate;
  /** `127.0.0.1:port` of the page. */
  front: string;
  /** `127.0.0.1:port` of the applications. */
  origin: string;
  specs: Spec[];
  /** Further applications by scenario, `127.0.0.1:port`. */
  backends: ReadonlyMap<string, string[]>;
}

export interface Haproxy extends RunningProgram {
  port: number;
  tlsPort: number;
}

/** Starts HAProxy as the current user: a plain frontend and one over TLS, a backend for each scenario. */
export async function startHaproxy(plan: HaproxyPlan): Promise<Haproxy> {
  writeFileSync(join(plan.folder, 'site.pem'), plan.certificate.cert + plan.certificate.key, { mode: 0o600 });
  for (let attempt = 1; ; attempt++) {
    const [port = 0, tlsPort = 0] = await freePorts(2);
    const file = join(plan.folder, 'haproxy.cfg');
    writeFileSync(file, configuration(plan, { port, tlsPort }));
    try {
      const running = await runProgram(plan.program, ['-db', '-f', file], port);
      return { port, tlsPort, stop: running.stop };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

function configuration(plan: HaproxyPlan, ports: { port: number; tlsPort: number }): string {
  const rules = (site: 'haproxy' | 'haproxy-tls') =>
    plan.specs
      .filter((spec) => spec.site === site)
      .map((spec) => `  use_backend ${spec.id} if { path_beg /${spec.id}/ }`)
      .join('\n');
  const backends = plan.specs
    .map((spec) => {
      const lines = spec.haproxy?.({
        origin: plan.origin,
        backends: plan.backends.get(spec.id) ?? [],
        innerNginx: '',
      });
      return `backend ${spec.id}\n${(lines ?? `server app ${plan.origin}`).replace(/^\s*/gm, '  ')}`;
    })
    .join('\n');
  return `
global
  nbthread 1
  maxconn 500
defaults
  mode http
  timeout connect 5s
  timeout client 300s
  timeout server 300s
  timeout tunnel 300s
frontend plain
  bind 127.0.0.1:${ports.port}
${rules('haproxy')}
  default_backend page
frontend secure
  bind 127.0.0.1:${ports.tlsPort} ssl crt ${plan.folder}/site.pem alpn h2,http/1.1
${rules('haproxy-tls')}
  default_backend page
backend page
  server page ${plan.front}
${backends}
`;
}
