import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { access, constants, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { redacted, redactTrace } from '../../exchange/redact';
import { tracePieces } from '../../trace/file';
import type { Header, StreamRecord, Trace } from '../../trace/types';
import { UnusableInput } from '../read-input';

/** Throws `UnusableInput` when a file of this name cannot be written: better before a recording than after it. */
export async function checkWritable(path: string): Promise<void> {
  const info = await stat(path).catch(() => null);
  if (info?.isDirectory()) throw new UnusableInput(`${path} is a folder; --out takes the name of a file.`);
  await access(info ? path : dirname(path), constants.W_OK).catch((error: unknown) => {
    throw unwritable(path, error);
  });
}

/**
 * Writes the trace without its secrets, piece by piece; a name that ends in `.gz` makes it compressed. `secretHeaders`
 * are request headers that hold secrets whatever they are called.
 */
export async function writeTrace(
  path: string,
  trace: Trace,
  secretHeaders: readonly string[],
): Promise<void> {
  // A salt of its own for each file: equal fingerprints mean equal secrets within it, and nothing beyond.
  const salt = randomBytes(16).toString('hex');
  const pieces = Readable.from(tracePieces(hideHeaders(redactTrace(trace, { salt }), secretHeaders)));
  const file = createWriteStream(path);
  try {
    if (path.endsWith('.gz')) await pipeline(pieces, createGzip(), file);
    else await pipeline(pieces, file);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Values that are redacted already stay: the redaction of a redaction would be another. */
function hideHeaders(trace: Trace, names: readonly string[]): Trace {
  if (names.length === 0) return trace;
  const secret = new Set(names.map((name) => name.toLowerCase()));
  const hide = ([name, value]: Header): Header =>
    secret.has(name.toLowerCase()) && !value.includes('‹redacted') ? [name, redacted(value)] : [name, value];
  const streams = trace.streams.map(
    (stream): StreamRecord => ({
      ...stream,
      request: { ...stream.request, headers: stream.request.headers.map(hide) },
    }),
  );
  return { ...trace, streams };
}

function unwritable(path: string, error: unknown): UnusableInput {
  const code = (error as NodeJS.ErrnoException).code;
  const known: Record<string, string> = {
    ENOENT: 'there is no such folder',
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the disk is read-only',
    ENOSPC: 'the disk is full',
  };
  const reason = known[code ?? ''] ?? (error instanceof Error ? error.message : String(error));
  return new UnusableInput(`${path} cannot be written: ${reason}.`);
}
