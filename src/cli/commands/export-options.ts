import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ExportOptions, ExportPiece } from '../../exchange/export/formats';
import { UnusableInput } from '../read-input';
import type { Terminal } from '../terminal';
import { UnusableArguments } from '../usage';

/** What `--hide` and `--no-redact` ask for. */
export function parseRedaction(values: { hide: string[]; 'no-redact': boolean }): ExportOptions {
  if (!values['no-redact']) return { salt: randomBytes(16).toString('hex'), paths: values.hide };
  if (values.hide.length === 0) return { redact: false };
  throw new UnusableArguments(
    '--hide takes something out and --no-redact keeps everything: use one of them.',
  );
}

/** Writes a file, or to standard output without `out`. @throws UnusableInput when the file cannot be written */
export async function writePieces(
  pieces: Iterable<ExportPiece>,
  out: string | undefined,
  { stdout }: Terminal,
): Promise<void> {
  const readable = Readable.from(pieces);
  if (out === undefined) {
    // Standard output stays open for whoever writes next.
    await pipeline(readable, stdout as Writable, { end: false });
    return;
  }
  try {
    await pipeline(readable, createWriteStream(out));
  } catch (error) {
    throw new UnusableInput(
      `${out} cannot be written: ${error instanceof Error ? error.message : String(error)}.`,
    );
  }
}
