/**
 * Method and address of a call with everything that differs from call to call taken out, so that calls of one endpoint
 * get equal names: `GET https://api.test/jobs/{id}?page`. Query keys stay (sorted, without values): they often choose
 * the operation.
 */
export function endpointOf(method: string, url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    return `${method} ${url.split(/[?#]/)[0]}`;
  }
  const path = parsed.pathname.split('/').map(placeholderFor).join('/');
  const keys = [...new Set([...parsed.searchParams.keys()])].sort();
  const query = keys.length > 0 ? `?${keys.join('&')}` : '';
  return `${method} ${parsed.protocol}//${parsed.host}${path}${query}`;
}

/** Host with port; empty when there is no address, or none that can be read. */
export function hostOf(url: string | null): string {
  try {
    return new URL(url ?? '').host;
  } catch {
    return '';
  }
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i;
/** A prefix that names the kind of thing, then its id: `job_8fK2…`, `run-42`, `thread_abc123`. */
const PREFIXED = /^([a-z]{2,12})[-_:.]([\w-]+)$/;

function placeholderFor(segment: string): string {
  if (isPlainId(segment)) return '{id}';
  const prefixed = PREFIXED.exec(segment);
  if (prefixed && (isPlainId(prefixed[2]!) || isToken(prefixed[2]!))) return `${prefixed[1]}_{id}`;
  return isToken(segment) ? '{id}' : segment;
}

function isPlainId(text: string): boolean {
  if (/^\d+$/.test(text) || UUID.test(text)) return true;
  // Hashes and object ids: hexadecimal with at least one digit, long enough not to be a word ("decade", "facade").
  return text.length >= 8 && /^[0-9a-f]+$/i.test(text) && /\d/.test(text);
}

/** Random tokens (nanoid, ULID, base64url): letters and digits mixed. `v1`, `gpt4` and `oauth2` are words. */
function isToken(text: string): boolean {
  const digits = text.replace(/\D/g, '').length;
  return text.length >= 10 && /^[\w-]+$/.test(text) && /[a-z]/i.test(text) && digits >= 2 && isMixed(text);
}

/** Digits stand among the letters rather than only at the end (`report2024` is a name). */
function isMixed(text: string): boolean {
  return (
    /\d[a-z_-]*[a-z]/i.test(text) && !/^[a-z]+(?:[-_][a-z]+)*[-_]?v?\d{1,4}$/i.test(text) && !isWords(text)
  );
}

/** Words and short numbers joined by hyphens: `sse-1000-events`, `2024-annual-report`. */
function isWords(text: string): boolean {
  const parts = text.split(/[-_]/);
  return parts.length > 1 && parts.every((part) => /^(?:[a-z]+|\d{1,4}|v\d{1,2})$/i.test(part));
}
