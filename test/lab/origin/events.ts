import type { ServerResponse } from 'node:http';
import { type Exchange, pause } from './exchange.ts';

export const SSE_HEADERS = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache, no-transform' };

const WORDS =
  'the river rises slowly past the old bridge and every stone below it knows the water by its sound so we measure what we hear and write it down before the night takes it'.split(
    ' ',
  );

/** One token as chat backends send it: a data line of JSON with the time it was made. */
export function token(index: number, padding = 0): string {
  const text = `${WORDS[index % WORDS.length]} ${'.'.repeat(padding)}`;
  return `data: ${JSON.stringify({ timestamp: Date.now(), text })}\n\n`;
}

export interface TokenPlan {
  count: number;
  /** Mean distance between two tokens. */
  gapMs: number;
  /** Extra bytes in each token. */
  padding?: number;
  /** Share of `gapMs` by which a gap may differ. */
  jitter?: number;
}

/** Writes tokens at their pace, each flushed by itself; false when the reader left. */
export async function writeTokens(
  exchange: Exchange,
  plan: TokenPlan,
  to: { write(text: string): unknown } = exchange.response,
): Promise<boolean> {
  for (let index = 0; index < plan.count; index++) {
    const gapMs = exchange.vary.jitter(plan.gapMs, plan.jitter ?? 0.3);
    if (!(await pause(exchange.response, gapMs))) return false;
    to.write(token(index, plan.padding));
  }
  return true;
}

/** Headers now, so that what follows is a matter of the body alone. */
export function openStream(response: ServerResponse, headers: Record<string, string> = SSE_HEADERS): void {
  response.writeHead(200, headers);
  response.flushHeaders();
}

/** The plain case: an event stream of tokens that ends. */
export function tokenStream(
  plan: (exchange: Exchange) => TokenPlan,
  options: { headers?: Record<string, string>; end?: string } = {},
): (exchange: Exchange) => Promise<void> {
  return async (exchange) => {
    openStream(exchange.response, { ...SSE_HEADERS, ...options.headers });
    if (await writeTokens(exchange, plan(exchange))) exchange.response.end(options.end);
  };
}
