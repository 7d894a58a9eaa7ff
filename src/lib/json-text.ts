/** Where JSON text stops being JSON. */
export interface JsonFault {
  /** Index into the text, in UTF-16 units. */
  offset: number;
  /** From 1. */
  line: number;
  column: number;
  /** The text is fine as far as it goes, but it ends too early. */
  isTruncated: boolean;
}

/** Parses JSON; on failure says where, which engines tell each in their own words or not at all. */
export function parseJson(text: string): { value: unknown } | { fault: JsonFault } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return { fault: locate(text, new Scanner(text).run()) };
  }
}

function locate(text: string, offset: number): JsonFault {
  const before = text.slice(0, offset);
  const lastBreak = before.lastIndexOf('\n');
  let line = 1;
  for (let at = before.indexOf('\n'); at !== -1; at = before.indexOf('\n', at + 1)) line++;
  return { offset, line, column: offset - lastBreak, isTruncated: offset >= text.length };
}

const SPACE = /[ \t\n\r]*/y;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const SPACE_UNIT = 0x20;
const SIMPLE_ESCAPES = '"\\/bfnrt';
const ESCAPE = /\\u[0-9a-fA-F]{4}/y;
const CUT_ESCAPE = /^\\(?:u[0-9a-fA-F]{0,3})?$/;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

/** Walks JSON without building it and without recursion, and returns the offset of the first fault. */
class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  run(): number {
    const open: ('{' | '[')[] = [];
    let wantsValue = true;
    let mayClose = false;
    for (;;) {
      this.#skip(SPACE);
      const char = this.#text[this.#at];
      const container = open.at(-1);
      if (wantsValue && (char === '{' || char === '[')) {
        open.push(char);
        this.#at++;
        mayClose = char === '[';
        if (char === '[') continue;
        this.#skip(SPACE);
        if (this.#text[this.#at] === '}') wantsValue = false;
        else if (!this.#key()) return this.#at;
        continue;
      }
      if (container && char === (container === '{' ? '}' : ']') && (!wantsValue || mayClose)) {
        open.pop();
        this.#at++;
        wantsValue = false;
        mayClose = false;
        if (open.length === 0) return this.#trailing();
        continue;
      }
      if (wantsValue) {
        if (!this.#scalar()) return this.#at;
        wantsValue = false;
        mayClose = false;
        if (open.length === 0) return this.#trailing();
        continue;
      }
      if (char !== ',' || !container) return this.#at;
      this.#at++;
      wantsValue = true;
      mayClose = false;
      if (container === '{' && !this.#key()) return this.#at;
    }
  }

  /** A member's name and colon. */
  #key(): boolean {
    this.#skip(SPACE);
    if (!this.#string()) return false;
    this.#skip(SPACE);
    if (this.#text[this.#at] !== ':') return false;
    this.#at++;
    return true;
  }

  #string(): boolean {
    if (this.#text[this.#at] !== '"') return false;
    this.#at++;
    // Unit by unit: a pattern for a whole string would keep a step to go back to for every character.
    const text = this.#text;
    let at = this.#at;
    for (; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === QUOTE) {
        this.#at = at + 1;
        return true;
      }
      if (unit < SPACE_UNIT) break;
      if (unit !== BACKSLASH) continue;
      ESCAPE.lastIndex = at;
      if (SIMPLE_ESCAPES.includes(text[at + 1] ?? '-')) at++;
      else if (ESCAPE.test(text)) at += 5;
      else {
        // An escape that the end cut in two is a truncation, not a fault of its own.
        if (CUT_ESCAPE.test(text.slice(at, at + 7))) at = text.length;
        break;
      }
    }
    this.#at = at;
    return false;
  }

  #scalar(): boolean {
    if (this.#text[this.#at] === '"') return this.#string();
    const before = this.#at;
    this.#skip(SCALAR);
    if (this.#at > before) return !this.#isCutNumber();
    const rest = this.#text.slice(before, before + 5);
    const isBegun = rest === '-' || ['true', 'false', 'null'].some((word) => rest && word.startsWith(rest));
    if (isBegun) this.#at = this.#text.length;
    return false;
  }

  /** `12.` or `1e+` at the very end: more digits were to come. */
  #isCutNumber(): boolean {
    const isCut = /^(?:\.|[eE][+-]?)$/.test(this.#text.slice(this.#at, this.#at + 3));
    if (isCut) this.#at = this.#text.length;
    return isCut;
  }

  #trailing(): number {
    this.#skip(SPACE);
    return this.#at;
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
  }
}
