const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Int8Array(128).fill(-1);
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value;
// The URL-safe alphabet is read too; it is never written.
VALUES['-'.charCodeAt(0)] = 62;
VALUES['_'.charCodeAt(0)] = 63;

const PIECE_BYTES = 24 * 1024;

export function encodeBase64(bytes: Uint8Array): string {
  let text = '';
  // Spread arguments are limited in number, so `btoa` gets the bytes in pieces of a multiple of three.
  for (let start = 0; start < bytes.length; start += PIECE_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + PIECE_BYTES)));
  }
  return text;
}

/** Null when `text` is not base64. Padding may be missing, white space may be present. */
export function decodeBase64(text: string): Uint8Array | null {
  const out = new Uint8Array(Math.ceil(text.length / 4) * 3);
  let length = 0;
  let bits = 0;
  let bitCount = 0;
  let padded = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x20 || (code >= 0x09 && code <= 0x0d)) continue;
    if (code === 0x3d) {
      padded = true;
      continue;
    }
    const value = code < 128 ? VALUES[code]! : -1;
    if (value < 0 || padded) return null;
    bits = ((bits << 6) | value) & 0xffff;
    bitCount += 6;
    if (bitCount >= 8) {
      bitCount -= 8;
      out[length++] = (bits >> bitCount) & 0xff;
    }
  }
  // One character left over can carry no byte.
  return bitCount === 6 ? null : out.subarray(0, length);
}
