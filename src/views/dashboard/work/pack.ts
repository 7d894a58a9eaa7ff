import { UnusableFile } from '../../../exchange/import/file';
import { tracePieces } from '../../../trace/file';
import type { Trace } from '../../../trace/types';

/** Text of a kept trace: what was imported within the limit unfolds to no more than this. */
export const MAX_KEPT_BYTES = 448 * 1024 * 1024;

/** What the library keeps: the trace as a file of ours, compressed. @throws UnusableFile when that is too large */
export async function pack(trace: Trace, name: string): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: string[] = [];
  let length = 0;
  for (const piece of tracePieces(trace)) {
    length += piece.length;
    if (length > MAX_KEPT_BYTES) {
      throw new UnusableFile(`${name} holds more than the library can keep of one recording. Record less.`);
    }
    pieces.push(piece);
  }
  const packed = new Blob(pieces).stream().pipeThrough(new CompressionStream('gzip'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}
