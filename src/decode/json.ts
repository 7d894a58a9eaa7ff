/** What a JSON text can begin with: most lines that are none are told by it, and an exception for each is slow. */
const JSON_START = /^[ \t\n\r]*["{[\-\dtfn]/;

export function isJson(text: string): boolean {
  if (!JSON_START.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The parsed object, or null when the text is not a JSON object. */
export function parseObject(text: string): Record<string, unknown> | null {
  if (!/^\s*\{/.test(text)) return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return null;
  }
}
