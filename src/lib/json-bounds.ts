/** How much a JSON text may hold. */
export interface JsonBounds {
  /** Objects and arrays within each other. */
  depth: number;
  /** Objects and arrays in all. */
  containers: number;
  /** Commas: members and items in all, less one for each container. */
  commas: number;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Which bound a JSON text exceeds, or null. To be asked before text from outside is parsed: a few hundred megabytes of
 * brackets are many gigabytes once they are objects, and no engine gives up in time. The text need not be valid.
 */
export function jsonExcess(text: string, bounds: JsonBounds): keyof JsonBounds | null {
  let depth = 0;
  let containers = 0;
  let commas = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at);
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        if (++depth > bounds.depth) return 'depth';
        if (++containers > bounds.containers) return 'containers';
        break;
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth--;
        break;
      case COMMA:
        if (++commas > bounds.commas) return 'commas';
        break;
    }
  }
  return null;
}

/** Index of the quote that ends the string which the one at `start` begins; the text's length when none does. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return text.length;
}
