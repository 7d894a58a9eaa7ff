import type { Severity } from '../../src/diagnose/rule.ts';
import type { RuleId } from '../../src/trace/ids.ts';

/** Headings of the lab page, in the order shown. */
export const GROUPS = [
  'Healthy',
  'Buffering',
  'Time-outs and broken streams',
  'Sticky sessions and credentials',
  'Transport downgrades',
] as const;
export type Group = (typeof GROUPS)[number];

/** Real gateways a scenario runs on; the embedded ones are always there. */
export type Program = 'nginx' | 'haproxy';

/** A finding that a run of the scenario must give. */
export interface Expectation {
  id: RuleId;
  severity: Severity;
  /** It must be there, but shown under another finding that explains it. */
  superseded?: boolean;
}

/** When an EventSource step is over; the page closes the source then. */
export type EventSourceEnd =
  /** An event of this name arrived. */
  | { event: string }
  /** So many events arrived. */
  | { count: number }
  /** The source reported an error for the n-th time. */
  | { errors: number }
  /** So long after the source was made. */
  | { afterMs: number };

interface Call {
  url: string;
  method?: 'GET' | 'POST';
  /** Sent as JSON. */
  body?: unknown;
  accept?: string;
  credentials?: RequestCredentials;
}

export interface FetchStep extends Call {
  do: 'fetch';
  /** How the page consumes the body. */
  read: 'reader' | 'iterate' | 'lines' | 'text' | 'json';
  /** False: the page passes no AbortSignal. */
  signal?: false;
  /** The person presses stop after so many events. */
  stopAfterEvents?: number;
  /** The page gives up after so long without an end. */
  stopAfterMs?: number;
  /** The page turns to other things after so long; the stream stays open. */
  leaveAfterMs?: number;
}

export interface JobStep {
  do: 'job';
  /** The call that makes the job; its answer carries `job_id`. */
  create: Call;
  /** Address polled, `{id}` standing for the job. */
  pollUrl: string;
  credentials?: RequestCredentials;
  everyMs: number;
  polls: number;
  /** The page stops as soon as the job says that it is done. */
  untilDone?: boolean;
}

/** What the page does: the calls that real pages make, in order. */
export type Step =
  | FetchStep
  | JobStep
  | { do: 'xhr'; url: string; method?: 'GET' | 'POST'; withCredentials?: boolean }
  | {
      do: 'event-source';
      url: string;
      /** Names listened to besides `message`. */
      events?: string[];
      until: EventSourceEnd;
      withCredentials?: boolean;
    }
  /** Sends each line, waits for the answer to each, then closes. `attempts`: tries again when it cannot open. */
  | { do: 'web-socket'; url: string; say: string[]; everyMs: number; attempts?: number }
  | {
      do: 'socket-io';
      /** 2: the client of old, which speaks Engine.IO 3. */
      version?: 2;
      /** Scheme, host and port of the server. */
      url: string;
      path: string;
      transports?: ('polling' | 'websocket')[];
      withCredentials?: boolean;
      /** Messages to exchange, each acknowledged. */
      messages: number;
      everyMs: number;
      /** The page leaves after so long, whatever happened. */
      atMostMs: number;
    }
  | { do: 'wait'; ms: number }
  /** One after the other, inside `together`. */
  | { do: 'in-turn'; steps: Step[] }
  /** Side by side; over when all are. */
  | { do: 'together'; steps: Step[] };

/** One scenario as the page and the tests see it: plain data. */
export interface Scenario {
  id: string;
  title: string;
  group: Group;
  description: string;
  /** True: no error and no warning may appear (infos named in `expect` do). */
  healthy: boolean;
  expect: Expectation[];
  /** Further findings that are true here too, and may or may not appear. */
  allow: RuleId[];
  needs: Program[];
  /** How long a run takes, roughly. */
  seconds: number;
  /** The lab page under the scenario's own origin: its calls are made from there. */
  url: string;
  /** True: it means something only when run from `url` (cookies, same-origin calls). */
  ownPage: boolean;
  steps: Step[];
  /** Why it cannot run here, as a sentence; null when it can. */
  unavailable: string | null;
}
