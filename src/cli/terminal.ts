import type { Readable, Writable } from 'node:stream';

/** Where a command reads and writes: the process's own streams, or a test's. */
export interface Terminal {
  stdin: Readable;
  stdout: Writable & { isTTY?: boolean; columns?: number };
  stderr: Writable & { isTTY?: boolean; columns?: number };
  env: NodeJS.ProcessEnv;
}

export function processTerminal(): Terminal {
  return { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: process.env };
}

/** One line on standard error that says what is wrong. */
export function complain(terminal: Terminal, message: string): void {
  terminal.stderr.write(`streamgauge: ${plain(message)}\n`);
}

export type Ink = 'red' | 'yellow' | 'blue' | 'green' | 'dim' | 'bold';

const CODES: Record<Ink, [number, number]> = {
  red: [31, 39],
  yellow: [33, 39],
  blue: [34, 39],
  green: [32, 39],
  dim: [2, 22],
  bold: [1, 22],
};

/** Colours text when standard output is a terminal and NO_COLOR (no-color.org) is not set. */
export function paintFor(terminal: Terminal): (ink: Ink, text: string) => string {
  const on = terminal.stdout.isTTY === true && !terminal.env.NO_COLOR;
  return (ink, text) => (on ? `\u001b[${CODES[ink][0]}m${text}\u001b[${CODES[ink][1]}m` : text);
}

/**
 * Text from pages and files, made safe for a terminal: control characters (C0, C1, bidirectional overrides) are
 * shown as `\u…` escapes, so that a recording cannot move the cursor or rewrite what was printed.
 */
export function plain(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}
