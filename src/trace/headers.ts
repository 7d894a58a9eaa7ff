import type { Header } from './types';

/** Value of the first header of that name (given in lower case); null when there is none. */
export function headerValue(headers: readonly Header[], name: string): string | null {
  for (const [one, value] of headers)
    if (one.length === name.length && one.toLowerCase() === name) return value;
  return null;
}
