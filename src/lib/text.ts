// A byte-order mark is data here: whoever wants it gone removes it, once, at the start of the stream.
const lenient = new TextDecoder('utf-8', { ignoreBOM: true });
const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

export function encodeUtf8(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Invalid bytes become U+FFFD. */
export function decodeUtf8(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** Null when the bytes are not valid UTF-8. */
export function decodeUtf8Strictly(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Length in bytes of `text` as UTF-8, without encoding it. Lone surrogates count as U+FFFD (3 bytes). */
export function utf8ByteLength(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (unit >= 0xd800 && unit <= 0xdbff && isLowSurrogate(text.charCodeAt(index + 1))) {
      bytes += 2;
      index++;
    } else bytes += 2;
  }
  return bytes;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

/** How many bytes an unfinished multi-byte character at the end of `bytes` still lacks; 0 when it ends whole. */
export function missingUtf8Bytes(bytes: Uint8Array): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) {
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      return Math.max(0, size - back);
    }
  }
  return 0;
}

/** The first `maxBytes` bytes of `text` as UTF-8, never cutting a character in two. */
export function cutUtf8(text: string, maxBytes: number): string {
  // A UTF-16 unit is at most three bytes, so short texts need no measuring.
  if (text.length * 3 <= maxBytes) return text;
  const room = new Uint8Array(maxBytes);
  return text.slice(0, encoder.encodeInto(text, room).read);
}
