import { open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';

/** Input that cannot be used, with the one sentence to show; the name of the file is in it. */
export class UnusableInput extends Error {
  override name = 'UnusableInput';
}

/**
 * Reads a file whole, or standard input for `-`, but never more than `maxBytes`: the size is looked at before
 * anything is read, and a pipe is given up as soon as it has brought too much.
 */
export async function readInput(name: string, stdin: Readable, maxBytes: number): Promise<Uint8Array> {
  if (name === '-') return readStream(stdin, maxBytes);
  let size: number;
  try {
    const info = await stat(name);
    if (info.isDirectory()) throw new UnusableInput(`${name} is a folder; name a HAR or trace file in it.`);
    size = info.size;
  } catch (error) {
    if (error instanceof UnusableInput) throw error;
    throw new UnusableInput(`${name} cannot be read: ${reason(error)}.`);
  }
  if (size > maxBytes) throw tooLarge(name, size, maxBytes);
  const file = await open(name, 'r').catch((error: unknown) => {
    throw new UnusableInput(`${name} cannot be read: ${reason(error)}.`);
  });
  try {
    // Named pipes and /proc files say size 0: those are read as streams.
    if (size === 0) return await readStream(file.createReadStream({ autoClose: false }), maxBytes, name);
    return new Uint8Array(await file.readFile());
  } catch (error) {
    if (error instanceof UnusableInput) throw error;
    throw new UnusableInput(`${name} cannot be read: ${reason(error)}.`);
  } finally {
    await file.close();
  }
}

async function readStream(stream: Readable, maxBytes: number, name = 'Standard input'): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of stream) {
    const bytes = Buffer.isBuffer(part) ? part : Buffer.from(String(part));
    size += bytes.length;
    if (size > maxBytes) {
      stream.destroy();
      throw new UnusableInput(
        `${name} brought more than ${megabytes(maxBytes)}, the most that is read. Record less, or export only the requests in question.`,
      );
    }
    parts.push(bytes);
  }
  return new Uint8Array(Buffer.concat(parts));
}

function tooLarge(name: string, size: number, maxBytes: number): UnusableInput {
  return new UnusableInput(
    `${name} is ${megabytes(size)}; at most ${megabytes(maxBytes)} is read. Record less, or export only the requests in question.`,
  );
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / (1024 * 1024))} MB`;
}

function reason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ENOENT') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'permission denied';
  return error instanceof Error ? error.message : String(error);
}
