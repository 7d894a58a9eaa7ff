import { type FlateError, FlateErrorCode, Gunzip, Unzlib } from 'fflate';
import { concatBytes } from '../../lib/bytes';
import { type JsonBounds, jsonExcess } from '../../lib/json-bounds';
import { parseJson } from '../../lib/json-text';
import { decodeUtf8Strictly } from '../../lib/text';
import { decodeTraceFile } from '../../trace/file';
import type { Trace } from '../../trace/types';
import { looksLikeTrace, UnusableTrace } from '../../trace/version';
import { importHar } from './har';
import { UnusableFile } from './unusable-file';

export { UnusableFile };

const MEBIBYTE = 1024 * 1024;

/** Largest file that is read, and largest content that a compressed one may unfold to. */
export const MAX_FILE_BYTES = 256 * MEBIBYTE;

/** Pieces in which compressed data is unfolded, so that a small bomb is noticed before it has filled the memory. */
const GZIP_PIECE_BYTES = 16 * 1024;

/** Twice what the largest files of real recordings hold; a trace with all its columns full is within. */
const JSON_BOUNDS: JsonBounds = { depth: 500, containers: 6_000_000, commas: 48_000_000 };

export interface ImportedFile {
  trace: Trace;
  /** What could not be read, one sentence each; empty when everything was. */
  problems: string[];
}

/**
 * Opens a HAR or trace file, plain, gzip or zlib, whatever its name. `name` is only used in messages. Throws `UnusableFile`,
 * whose message says what is wrong and what to do; throws nothing else for any input.
 */
export function importBytes(
  name: string,
  bytes: Uint8Array,
  { maxBytes = MAX_FILE_BYTES }: { maxBytes?: number } = {},
): ImportedFile {
  if (bytes.length === 0) throw new UnusableFile(`${name} is empty. Export it again.`);
  if (bytes.length > maxBytes) throw tooLarge(name, `is ${mebibytes(bytes.length)}`, maxBytes);
  const text = textOf(name, unfolded(name, bytes, maxBytes));
  const excess = jsonExcess(text, JSON_BOUNDS);
  if (excess !== null) {
    throw new UnusableFile(
      excess === 'depth'
        ? `${name} is no HAR or trace file: it is nested deeper than ${JSON_BOUNDS.depth} levels.`
        : `${name} holds too many values to be opened. Record less, or export only the requests in question.`,
    );
  }
  const parsed = parseJson(text);
  if ('fault' in parsed) {
    const { line, column, isTruncated } = parsed.fault;
    throw new UnusableFile(
      isTruncated && text.trim() !== ''
        ? `${name} is cut off at line ${line}, column ${column}: the rest is missing. Export it again.`
        : `${name} is not JSON: it goes wrong at line ${line}, column ${column}. Open a HAR or trace file.`,
    );
  }
  try {
    if (looksLikeTrace(parsed.value)) return { trace: decodeTraceFile(parsed.value), problems: [] };
    return importHar(parsed.value, { name });
  } catch (error) {
    if (error instanceof UnusableTrace) throw new UnusableFile(`${name} cannot be opened. ${error.message}`);
    throw error;
  }
}

/** Opens gzip, and zlib, which mitmproxy writes under the ending `.zhar`; everything else is given back as it is. */
function unfolded(name: string, bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return unfold(name, bytes, maxBytes, 'gzip');
  // RFC 1950, 2.2: method 8 with the largest window, and a check that makes the first two bytes divisible by 31.
  const isZlib = bytes[0] === 0x78 && ((bytes[0] << 8) | (bytes[1] ?? 0)) % 31 === 0;
  return isZlib ? unfold(name, bytes, maxBytes, 'zlib') : bytes;
}

function unfold(name: string, bytes: Uint8Array, maxBytes: number, form: 'gzip' | 'zlib'): Uint8Array {
  const pieces: Uint8Array[] = [];
  let byteLength = 0;
  let isComplete = false;
  const Unfolder = form === 'gzip' ? Gunzip : Unzlib;
  const stream = new Unfolder((piece, final) => {
    byteLength += piece.length;
    if (byteLength > maxBytes) throw tooLarge(name, 'unfolds to more than that', maxBytes);
    pieces.push(piece);
    isComplete = final;
  });
  try {
    for (let start = 0; start < bytes.length; start += GZIP_PIECE_BYTES) {
      const end = start + GZIP_PIECE_BYTES;
      stream.push(bytes.subarray(start, end), end >= bytes.length);
    }
  } catch (error) {
    if (error instanceof UnusableFile) throw error;
    if ((error as Partial<FlateError>).code !== FlateErrorCode.UnexpectedEOF) {
      throw new UnusableFile(
        `${name} is damaged: its ${form} data cannot be unfolded. Export or copy it again.`,
      );
    }
    isComplete = false;
  }
  if (!isComplete || byteLength === 0) {
    throw new UnusableFile(`${name} is cut off: its ${form} data has no end. Export or copy it again.`);
  }
  return concatBytes(pieces);
}

function textOf(name: string, bytes: Uint8Array): string {
  const text = decodeText(bytes);
  if (text === null || text.includes('\0')) {
    throw new UnusableFile(`${name} is not text${kindOf(bytes)}. Open a HAR or trace file, plain or gzip.`);
  }
  return text.replace(/^\ufeff/, '');
}

function decodeText(bytes: Uint8Array): string | null {
  // Some Windows tools save text as UTF-16, with a byte-order mark.
  const mark = (bytes[0]! << 8) | (bytes[1] ?? 0);
  if (mark !== 0xfffe && mark !== 0xfeff) return decodeUtf8Strictly(bytes);
  return new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be').decode(bytes);
}

const SIGNATURES: [string, number[]][] = [
  ['a ZIP archive: unpack it first', [0x50, 0x4b, 0x03, 0x04]],
  ['a picture', [0x89, 0x50, 0x4e, 0x47]],
  ['a picture', [0xff, 0xd8, 0xff]],
  ['zstd data: unpack it first', [0x28, 0xb5, 0x2f, 0xfd]],
  ['a network capture, not a HAR', [0x0a, 0x0d, 0x0d, 0x0a]],
  ['a network capture, not a HAR', [0xd4, 0xc3, 0xb2, 0xa1]],
];

function kindOf(bytes: Uint8Array): string {
  const known = SIGNATURES.find(([, signature]) => signature.every((byte, index) => bytes[index] === byte));
  return known ? ` (it looks like ${known[0]})` : '';
}

function tooLarge(name: string, what: string, maxBytes: number): UnusableFile {
  return new UnusableFile(
    `${name} ${what}; at most ${mebibytes(maxBytes)} is read. Record less, or export only the requests in question.`,
  );
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MEBIBYTE)} MB`;
}
