import { headerValue } from '../../trace/headers';
import type { Header, StreamRecord } from '../../trace/types';

/**
 * Whether the browser kept this answer from the page for want of CORS headers. Only for sources that name no errors:
 * the others say so themselves. Needs the headers of both sides as the network saw them, and claims nothing that they
 * do not force: a request with an `Origin` other than its own, answered without permission for it.
 */
export function isRefusedByCors({ kind, request, response }: StreamRecord): boolean {
  if (kind !== 'fetch' && kind !== 'xhr') return false;
  if (!response || response.fromServiceWorker) return false;
  const isRedirect = response.status >= 300 && response.status < 400;
  if (isRedirect || request.method.toUpperCase() === 'OPTIONS') return false;
  const origin = headerOf(request.headers, 'origin');
  if (origin === null || origin === originOf(request.url)) return false;
  const mode = headerOf(request.headers, 'sec-fetch-mode');
  if (mode !== null && mode !== 'cors') return false;
  const allowed = headerOf(response.headers, 'access-control-allow-origin');
  return allowed !== '*' && allowed !== origin;
}

function headerOf(headers: readonly Header[], wanted: string): string | null {
  return headerValue(headers, wanted)?.trim() ?? null;
}

function originOf(url: string): string | null {
  try {
    return new URL(url).origin;
  } catch {
    return null;
  }
}
