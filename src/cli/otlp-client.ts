import { UnusableInput } from './read-input';
import { UnusableArguments } from './usage';

const TIMEOUT_MS = 30_000;
/** Of what a collector says when it refuses. */
const MAX_ANSWER_LENGTH = 300;

/** The address of a collector's traces: its own path, or `/v1/traces` where it has none (OTLP/HTTP). */
export function readCollector(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new UnusableArguments(
      `--otlp takes the address of a collector, such as http://localhost:4318, not "${text.slice(0, 200)}".`,
    );
  }
  if (url.pathname === '/') url.pathname = '/v1/traces';
  return url;
}

/**
 * Posts requests of OTLP/JSON, one after the other, and returns how many spans were in them. Throws `UnusableInput` when the
 * collector cannot be reached or refuses.
 */
export async function postSpans(collector: URL, requests: Iterable<string>): Promise<number> {
  // Credentials in an address are refused by fetch; they go where HTTP has a place for them.
  const url = new URL(collector);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (url.username !== '' || url.password !== '') {
    const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    headers.authorization = `Basic ${Buffer.from(pair).toString('base64')}`;
    url.username = '';
    url.password = '';
  }
  let count = 0;
  for (const body of requests) {
    let response: Response;
    try {
      response = await fetch(url, {
        method: 'POST',
        headers,
        body,
        redirect: 'error',
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new UnusableInput(
        `${url.href} cannot be reached: ${cause instanceof Error ? cause.message : String(cause)}.`,
      );
    }
    const answer = (await response.text()).slice(0, MAX_ANSWER_LENGTH);
    if (!response.ok)
      throw new UnusableInput(`${url.href} refused the spans with ${response.status}: ${answer}`);
    count += spanCount(body);
  }
  return count;
}

interface TraceRequest {
  resourceSpans?: { scopeSpans?: { spans?: unknown[] }[] }[];
}

function spanCount(body: string): number {
  const { resourceSpans = [] } = JSON.parse(body) as TraceRequest;
  const scopes = resourceSpans.flatMap(({ scopeSpans = [] }) => scopeSpans);
  return scopes.reduce((sum, { spans = [] }) => sum + spans.length, 0);
}
