import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificate } from '../certificate.ts';
import type { Spec } from '../scenarios/spec.ts';
import { freePorts, type RunningProgram, runProgram } from './program.ts';

export interface NginxPlan {
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

export interface Nginx extends RunningProgram {
  port: number;
  tlsPort: number;
}

/** Starts nginx as the current user: a plain server, one with HTTP/2 over TLS, and an inner one for second hops. */
export async function startNginx(plan: NginxPlan): Promise<Nginx> {
  for (const name of ['temp', 'logs']) mkdirSync(join(plan.folder, name), { recursive: true });
  writeFileSync(join(plan.folder, 'cert.pem'), plan.certificate.cert);
  writeFileSync(join(plan.folder, 'key.pem'), plan.certificate.key, { mode: 0o600 });
  for (let attempt = 1; ; attempt++) {
    const [port = 0, tlsPort = 0, innerPort = 0] = await freePorts(3);
    const file = join(plan.folder, 'nginx.conf');
    writeFileSync(file, configuration(plan, { port, tlsPort, innerPort }));
    try {
      const running = await runProgram(
        plan.program,
        ['-p', plan.folder, '-c', file, '-e', join(plan.folder, 'logs/error.log')],
        port,
      );
      return { port, tlsPort, stop: running.stop };
    } catch (error) {
      if (attempt === 3) throw error;
    }
  }
}

function configuration(plan: NginxPlan, ports: { port: number; tlsPort: number; innerPort: number }): string {
  const inner = `127.0.0.1:${ports.innerPort}`;
  const contextOf = (spec: Spec) => ({
    origin: plan.origin,
    backends: plan.backends.get(spec.id) ?? [],
    innerNginx: inner,
  });
  const location = (spec: Spec, directives: string) => `
    location /${spec.id}/ {
      ${directives.includes('proxy_pass ') ? '' : `proxy_pass http://${plan.origin};`}
      proxy_set_header Host $http_host;
      ${directives}
    }`;
  const locations = (site: 'nginx' | 'nginx-h2') =>
    plan.specs
      .filter((spec) => spec.site === site)
      .map((spec) => location(spec, spec.nginx?.(contextOf(spec)) ?? ''))
      .join('');
  const page = `
    location / { proxy_pass http://${plan.front}; proxy_http_version 1.1; proxy_set_header Host $http_host; }`;
  const innerLocations = plan.specs
    .filter((spec) => spec.innerNginx)
    .map((spec) => location(spec, spec.innerNginx?.(contextOf(spec)) ?? ''))
    .join('');
  // Buffers are named at their defaults for machines with pages of 4 KB, so that a Mac shows the same steps.
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid ${plan.folder}/nginx.pid;
error_log ${plan.folder}/logs/error.log;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${plan.folder}/temp/body;
  proxy_temp_path ${plan.folder}/temp/proxy;
  fastcgi_temp_path ${plan.folder}/temp/fastcgi;
  uwsgi_temp_path ${plan.folder}/temp/uwsgi;
  scgi_temp_path ${plan.folder}/temp/scgi;
  proxy_buffer_size 4k;
  proxy_buffers 8 4k;
  ${plan.specs.map((spec) => spec.nginxUpstream?.(contextOf(spec)) ?? '').join('\n  ')}
  server {
    listen 127.0.0.1:${ports.port};${locations('nginx')}${page}
  }
  server {
    listen 127.0.0.1:${ports.tlsPort} ssl http2;
    ssl_certificate ${plan.folder}/cert.pem;
    ssl_certificate_key ${plan.folder}/key.pem;${locations('nginx-h2')}${page}
  }
  server {
    listen ${inner};${innerLocations}
  }
}
`;
}
