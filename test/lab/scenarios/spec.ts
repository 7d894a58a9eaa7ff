import type { Server } from 'node:http';
import type { Handler, UpgradeHandler } from '../origin/exchange.ts';
import type { Scenario, Step } from '../scenario.ts';
import type { SiteName } from '../sites.ts';
import type { Variation } from '../variation.ts';

/** What a scenario's configuration of a real gateway may refer to. */
export interface GatewayContext {
  /** `127.0.0.1:port` of the application. */
  origin: string;
  /** `127.0.0.1:port` of further applications, as `backends` made them. */
  backends: string[];
  /** `127.0.0.1:port` of nginx's second, inner server. */
  innerNginx: string;
}

export interface StepContext {
  /** Address under the scenario's own path: `url('chat')`; `host` and `site` default to the scenario's. */
  url(path: string, where?: { host?: string; site?: SiteName; scheme?: 'ws' }): string;
  /** Scheme, host and port. */
  base(where?: { host?: string; site?: SiteName; scheme?: 'ws' }): string;
  vary: Variation;
}

/** A scenario as its author writes it. */
export interface Spec
  extends Omit<Scenario, 'url' | 'unavailable' | 'steps' | 'allow' | 'healthy' | 'ownPage' | 'needs'> {
  allow?: Scenario['allow'];
  ownPage?: boolean;
  /** Where its calls go. */
  site: SiteName;
  /** Host name of its calls; `stage.example.org` when absent. */
  host?: string;
  /** Where its page is, when that differs from where its calls go. */
  pageAt?: { host?: string; site?: SiteName };
  steps(context: StepContext): Step[];
  /** The application. Absent when `backends` answer everything. */
  handle?: Handler;
  upgrade?: UpgradeHandler;
  /** The scenario is about CORS: it sends those headers itself, or does not. */
  ownCors?: boolean;
  /** An embedded gateway in front of the application, in its stead when absent. */
  gateway?: Handler;
  gatewayUpgrade?: UpgradeHandler;
  /** Further applications, each a server of its own (the lab listens and closes). */
  backends?: () => Server[];
  /** Directives inside nginx's `location` for this scenario, besides `proxy_pass` unless it names one. */
  nginx?: (context: GatewayContext) => string;
  /** Top-level `upstream` blocks that `nginx` refers to. */
  nginxUpstream?: (context: GatewayContext) => string;
  /** The same for nginx's inner server (two hops). */
  innerNginx?: (context: GatewayContext) => string;
  /** Lines of a HAProxy backend for this scenario. */
  haproxy?: (context: GatewayContext) => string;
}

/** Keeps literal types while checking the shape. */
export const scenario = (spec: Spec): Spec => spec;
