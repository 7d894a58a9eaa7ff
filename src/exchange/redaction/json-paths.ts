import type { SecretSpan } from './find-secrets';

/** One step of a path: a member's name, an index, any one (`*`), or any number of them (`**`). */
type Step = string | number;

/**
 * Paths to values that are to go, whatever they look like: `$.user.email`, `messages[*].content`, `items[0].id`,
 * `**.phone`. `*` stands for any member or item, `**` for any number of levels.
 */
export class JsonPaths {
  readonly #paths: Step[][];

  constructor(paths: readonly string[]) {
    this.#paths = paths.map(parsePath).filter((path) => path.length > 0);
  }

  get isEmpty(): boolean {
    return this.#paths.length === 0;
  }

  /** Scalars under these paths in every JSON text of `text`: the whole, or line by line (NDJSON, `data:` of SSE). */
  find(text: string): SecretSpan[] {
    if (this.isEmpty || !/[{[]/.test(text)) return [];
    const spans: SecretSpan[] = [];
    const matches = (path: readonly Step[]) => this.#paths.some((wanted) => covers(wanted, path, 0, 0));
    const whole = /^\s*(?=[{[])/.exec(text);
    if (whole && walk(text, whole[0].length, matches, spans)) return spans;
    spans.length = 0;
    for (const line of text.matchAll(LINE_START)) {
      walk(text, line.index + line[0].length, matches, spans);
    }
    return spans;
  }
}

function parsePath(path: string): Step[] {
  const steps: Step[] = [];
  for (const match of path.replace(/^\$\.?/, '').matchAll(/\[(\d+)\]|\[\*\]|\["([^"]*)"\]|([^.[\]]+)/g)) {
    if (match[1] !== undefined) steps.push(Number(match[1]));
    else steps.push(match[2] ?? match[3] ?? '*');
  }
  return steps;
}

/** Does `wanted` name `path` or something above it? */
function covers(wanted: readonly Step[], path: readonly Step[], at: number, from: number): boolean {
  if (at === wanted.length) return true;
  const step = wanted[at]!;
  if (step === '**') {
    for (let next = from; next <= path.length; next++) if (covers(wanted, path, at + 1, next)) return true;
    return false;
  }
  if (from >= path.length) return false;
  return (step === '*' || String(step) === String(path[from])) && covers(wanted, path, at + 1, from + 1);
}

/** What may stand before JSON in a line: SSE's field name, a record separator (RFC 7464), the head of a Socket.IO packet. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: RFC 7464 frames with one
const LINE_START = /^(?:data:|\u001e|\d{1,3}(?:\/[^,]{0,64},)?\d{0,9})?[ \t]?(?=[{[])/gm;
const MAX_DEPTH = 64;
/** Written so that a long string costs no step to go back to per character. */
const STRING = /"[^"\\]*(?:\\.[^"\\]*)*"/y;
const SCALAR = /-?\d[\d.eE+-]*|true|false|null/y;
const SPACE = /[ \t\n\r]*/y;

/** Walks one JSON value from `at`; false when it is not JSON (what was found before stays found). */
function walk(
  text: string,
  at: number,
  matches: (path: readonly Step[]) => boolean,
  spans: SecretSpan[],
): boolean {
  const path: Step[] = [];
  const read = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (!found) return null;
    at += found[0].length;
    return found[0];
  };
  const value = (): boolean => {
    read(SPACE);
    const open = text[at];
    if (open === '{' || open === '[') {
      if (path.length >= MAX_DEPTH) return false;
      at++;
      return open === '{' ? members() : items();
    }
    const start = at;
    const scalar = open === '"' ? read(STRING) : read(SCALAR);
    if (scalar === null) return false;
    const isText = open === '"';
    const isWorthHiding = isText ? scalar.length > 2 : /^-?\d/.test(scalar);
    if (isWorthHiding && matches(path)) {
      const inset = isText ? 1 : 0;
      spans.push({ start: start + inset, end: at - inset, kind: 'chosen path' });
    }
    return true;
  };
  const members = (): boolean => {
    read(SPACE);
    if (text[at] === '}') return at++ >= 0;
    for (;;) {
      read(SPACE);
      const name = read(STRING);
      read(SPACE);
      if (name === null || text[at] !== ':') return false;
      at++;
      path.push(plainName(name));
      if (!value()) return false;
      path.pop();
      read(SPACE);
      const next = text[at++];
      if (next !== ',') return next === '}';
    }
  };
  const items = (): boolean => {
    read(SPACE);
    if (text[at] === ']') return at++ >= 0;
    for (let index = 0; ; index++) {
      path.push(index);
      if (!value()) return false;
      path.pop();
      read(SPACE);
      const next = text[at++];
      if (next !== ',') return next === ']';
    }
  };
  return value();
}

function plainName(quoted: string): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted.slice(1, -1);
  }
}
