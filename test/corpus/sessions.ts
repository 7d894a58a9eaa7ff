/** What is kept of a session, and by whom it was recorded. */
export type Take =
  /** The extension's trace, exported as people get it: without secrets. */
  | 'trace'
  /** The same with everything in it. */
  | 'trace-secrets'
  /** "Save all as HAR (sanitized)" of DevTools. */
  | 'har'
  /** "Save all as HAR (with sensitive data)" of DevTools. */
  | 'har-secrets'
  /** Playwright's `recordHar`. */
  | 'playwright';

/** One visit of a page. */
export interface Session {
  /** Start of the files' names. */
  name: string;
  /** Scenarios by id, one after the other; the page is the first one's. */
  run: string[];
  /** All at the same time instead. */
  together?: boolean;
  take: Take[];
  /** Draws counts and sizes of the scenarios. */
  seed?: number;
}

const both: Take[] = ['trace', 'har'];
const secrets: Take[] = ['trace-secrets', 'har-secrets'];

export const SESSIONS: Session[] = [
  // Healthy
  { name: 'completions-fast', run: ['completions-fast'], take: ['trace', 'har', 'playwright'] },
  { name: 'messages-slow', run: ['messages-slow'], take: both },
  { name: 'thinking-model', run: ['thinking-model'], take: both },
  { name: 'cached-answer', run: ['cached-answer', 'short-answers'], take: ['trace', 'har', 'playwright'] },
  { name: 'tool-call', run: ['tool-call'], take: ['trace'] },
  { name: 'quiet-notifications', run: ['quiet-notifications'], take: both },
  { name: 'heartbeat-events', run: ['heartbeat-events'], take: ['har'] },
  { name: 'dashboard', run: ['dashboard'], take: both },
  { name: 'long-polling', run: ['long-polling'], take: both },
  { name: 'chat-socket', run: ['chat-socket'], take: ['trace', 'har', 'playwright'] },
  { name: 'quiet-socket', run: ['quiet-socket'], take: ['har'] },
  { name: 'socket-after-deploy', run: ['socket-after-deploy'], take: both },
  { name: 'reconnect-after-deploy', run: ['reconnect-after-deploy'], take: both },
  { name: 'told-to-stop', run: ['told-to-stop'], take: ['trace'] },
  { name: 'video-segments', run: ['video-segments'], take: ['har', 'playwright'] },
  { name: 'slow-start', run: ['slow-start'], take: both },
  { name: 'brotli-that-flushes', run: ['brotli-that-flushes', 'ai-data-stream'], take: both },
  { name: 'nginx-unbuffered', run: ['nginx-unbuffered'], take: both },
  { name: 'nginx-h2-chunked', run: ['nginx-h2-chunked'], take: ['har', 'playwright'] },
  { name: 'haproxy-stream', run: ['haproxy-stream'], take: ['trace'] },
  { name: 'haproxy-h2-stream', run: ['haproxy-h2-stream'], take: ['har-secrets'] },
  { name: 'finished-job', run: ['discarded-job', 'finished-job'], take: both },
  { name: 'pull-progress', run: ['pull-progress'], take: both },
  { name: 'user-stops', run: ['user-stops'], take: ['trace', 'har', 'playwright'] },
  { name: 'infinite-scroll', run: ['infinite-scroll', 'failing-calls'], take: both },
  { name: 'ordinary-site', run: ['ordinary-site'], take: ['har', 'trace', 'playwright'] },
  { name: 'cors-preflights', run: ['cors-preflights'], take: ['trace-secrets', 'har-secrets', 'har'] },
  { name: 'sticky-include', run: ['sticky-include'], take: secrets },
  { name: 'big-events', run: ['big-events'], take: ['trace'] },
  { name: 'multipart-patches', run: ['multipart-patches', 'camera'], take: both },
  { name: 'five-streams', run: ['five-streams'], take: both },
  { name: 'many-calls', run: ['many-calls'], take: ['trace', 'har-secrets'] },
  { name: 'redirected-stream', run: ['redirected-stream'], take: ['trace', 'har', 'playwright'] },
  { name: 'slow-report', run: ['slow-report'], take: both },
  { name: 'subscriptions', run: ['subscriptions', 'gzip-flush-xhr'], take: both },
  {
    name: 'lab-healthy',
    run: ['steady-tokens', 'steady-event-source', 'irregular-bursts', 'ndjson', 'xhr-stream'],
    take: both,
    seed: 23,
  },
  {
    name: 'lab-healthy-too',
    run: ['notifications', 'text-stream', 'stop-button', 'end-marker', 'download', 'slow-json'],
    take: both,
    seed: 42,
  },
  { name: 'gap-with-heartbeats', run: ['gap-with-heartbeats'], take: both, seed: 23 },
  { name: 'six-streams-http2', run: ['six-streams-http2'], take: both, seed: 23 },
  { name: 'affinity', run: ['affinity-same-site'], take: secrets, seed: 42 },
  { name: 'expired-job', run: ['expired-job'], take: both, seed: 42 },
  { name: 'socket-given-up', run: ['socket-given-up'], take: both },
  // Buffering
  { name: 'nginx-held', run: ['nginx-default-buffering', 'steady-tokens'], take: both, seed: 23 },
  { name: 'nginx-held-gzip', run: ['nginx-gzip'], take: ['trace', 'playwright'], seed: 42 },
  { name: 'nginx-two-hops', run: ['nginx-two-hops'], take: ['har-secrets'], seed: 42 },
  { name: 'drained-middleware', run: ['drained-middleware'], take: both, seed: 42 },
  { name: 'unflushed-compression', run: ['unflushed-compression'], take: both, seed: 23 },
  { name: 'api-gateway-buffered', run: ['api-gateway-buffered'], take: both },
  { name: 'held-ndjson', run: ['held-ndjson'], take: both },
  { name: 'held-event-source', run: ['held-event-source'], take: both },
  { name: 'held-completion', run: ['held-completion'], take: both },
  { name: 'held-xhr', run: ['held-xhr'], take: both },
  { name: 'brotli-unflushed', run: ['brotli-unflushed'], take: ['trace'] },
  { name: 'steps-of-4k', run: ['nginx-large-answer'], take: both, seed: 23 },
  { name: 'steps-of-8k', run: ['steps-of-8k'], take: both },
  { name: 'timer-flush', run: ['timer-flush'], take: both, seed: 42 },
  { name: 'flush-every-400ms', run: ['flush-every-400ms'], take: both },
  { name: 'flush-every-2s', run: ['flush-every-2s'], take: both },
  { name: 'slow-first-byte', run: ['slow-first-byte'], take: both, seed: 23 },
  { name: 'late-headers', run: ['late-headers'], take: both },
  { name: 'flushing-gzip', run: ['flushing-gzip', 'bare-headers', 'no-abort-signal'], take: both, seed: 23 },
  { name: 'cacheable-events', run: ['cacheable-events', 'unstoppable'], take: both },
  // Time-outs and broken streams
  { name: 'api-gateway-504', run: ['api-gateway-timeout'], take: both, seed: 23 },
  { name: 'nginx-504', run: ['nginx-timeout'], take: ['trace', 'har'], seed: 23 },
  { name: 'alb-504', run: ['alb-504'], take: both },
  { name: 'cloudfront-504', run: ['cloudfront-504'], take: ['har'] },
  { name: 'heroku-h12', run: ['heroku-h12'], take: both },
  { name: 'cloudflare-524', run: ['cloudflare-524'], take: ['har'] },
  { name: 'vercel-504', run: ['vercel-504'], take: both },
  { name: 'haproxy-idle-cut', run: ['haproxy-idle-cut'], take: both, seed: 42 },
  { name: 'idle-cut-http2', run: ['idle-cut-http2'], take: both },
  { name: 'idle-cut-event-source', run: ['idle-cut-event-source'], take: both },
  { name: 'killed-worker', run: ['killed-worker'], take: both, seed: 42 },
  { name: 'cut-at-30s', run: ['cut-at-30s'], take: both },
  { name: 'cut-at-120s', run: ['cut-at-120s'], take: both },
  { name: 'silent-gap', run: ['silent-gap'], take: both, seed: 23 },
  { name: 'gap-of-20s', run: ['gap-of-20s'], take: both },
  { name: 'stalled', run: ['stalled-stream', 'short-answer'], take: both, seed: 23 },
  { name: 'stalled-rows', run: ['stalled-rows', 'finished-job'], take: ['trace'] },
  { name: 'death-http2', run: ['upstream-death-http2'], take: ['trace', 'har', 'playwright'], seed: 23 },
  { name: 'h2-reset', run: ['h2-reset'], take: both },
  {
    name: 'death-http1',
    run: ['upstream-death-http1', 'connection-reset'],
    take: ['trace', 'har', 'playwright'],
    seed: 23,
  },
  { name: 'empty-response', run: ['empty-response'], take: both },
  { name: 'missing-end-marker', run: ['missing-end-marker'], take: both, seed: 42 },
  { name: 'unfinished-completion', run: ['unfinished-completion'], take: both },
  { name: 'unfinished-message', run: ['unfinished-message'], take: both },
  { name: 'json-type', run: ['json-type-fetch', 'json-type-event-source'], take: both, seed: 42 },
  {
    name: 'event-source-errors',
    run: ['event-source-500', 'event-source-404', 'event-source-login'],
    take: both,
    seed: 42,
  },
  { name: 'text-html-events', run: ['text-html-events'], take: both },
  { name: 'event-source-loop', run: ['event-source-loop'], take: both, seed: 42 },
  { name: 'event-source-loop-default', run: ['event-source-loop-default'], take: both },
  { name: 'socket-loop', run: ['socket-loop'], take: both },
  { name: 'masked-502', run: ['masked-502'], take: both, seed: 23 },
  { name: 'masked-504', run: ['masked-504'], take: both, seed: 23 },
  { name: 'masked-403', run: ['masked-403'], take: both },
  { name: 'split-events', run: ['split-events'], take: ['trace'], seed: 42 },
  { name: 'split-letters', run: ['split-letters'], take: ['trace'] },
  // Sticky sessions and credentials
  { name: 'round-robin-jobs', run: ['round-robin-jobs'], take: ['trace', 'har-secrets', 'har'], seed: 23 },
  { name: 'three-nodes', run: ['three-nodes'], take: ['trace', 'har'] },
  { name: 'forgotten-task', run: ['forgotten-task'], take: both },
  { name: 'never-found-task', run: ['never-found-task'], take: both },
  {
    name: 'omitted-credentials',
    run: ['omitted-credentials'],
    take: ['trace', 'trace-secrets', 'har-secrets'],
    seed: 23,
  },
  { name: 'omitted-route', run: ['omitted-route'], take: secrets },
  { name: 'lax-cookie', run: ['lax-cookie'], take: secrets, seed: 42 },
  { name: 'lax-route', run: ['lax-route'], take: secrets },
  { name: 'insecure-cookie', run: ['insecure-cookie'], take: secrets, seed: 42 },
  { name: 'wildcard-credentials', run: ['wildcard-credentials'], take: both, seed: 23 },
  { name: 'credentials-not-allowed', run: ['credentials-not-allowed'], take: both },
  // Transport downgrades
  { name: 'job-instead-of-stream', run: ['job-instead-of-stream'], take: both, seed: 23 },
  { name: 'whole-answer', run: ['whole-answer'], take: both },
  { name: 'socket-io-upgrade', run: ['socket-io-upgrade'], take: both, seed: 23 },
  { name: 'socket-io-affinity', run: ['socket-io-affinity'], take: secrets, seed: 42 },
  { name: 'socket-io-polling-only', run: ['socket-io-polling-only'], take: both, seed: 23 },
  { name: 'nginx-without-upgrade', run: ['nginx-without-upgrade'], take: both, seed: 42 },
  { name: 'socket-io-websocket-only', run: ['socket-io-websocket-only'], take: both, seed: 23 },
  { name: 'socket-io-two-nodes', run: ['socket-io-two-nodes'], take: ['trace', 'har-secrets'], seed: 42 },
  { name: 'socket-io-silence', run: ['socket-io-silence'], take: both, seed: 23 },
  { name: 'refused-web-socket', run: ['refused-web-socket'], take: both, seed: 42 },
  { name: 'socket-502', run: ['socket-502'], take: both },
  { name: 'six-connections', run: ['six-connections'], take: both, seed: 23 },
  { name: 'seven-streams', run: ['seven-streams'], take: both },
];
