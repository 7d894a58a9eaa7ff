import { decodeBase64, encodeBase64 } from '../lib/base64';

/**
 * Typed arrays for channels that carry JSON only (browsers before Chrome 148, DevTools-protocol bindings): bytes and
 * number columns become `{ "$bytes": base64 }` and `{ "$floats": base64 }`, everything else stays as it is.
 */

/** A value of plain objects, arrays and typed arrays, ready for `JSON.stringify`. */
export function toJson(value: unknown): unknown {
  if (value instanceof Uint8Array) return { $bytes: encodeBase64(value) };
  if (value instanceof Float64Array) {
    return { $floats: encodeBase64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)) };
  }
  if (Array.isArray(value)) {
    // Columns of numbers and strings are the bulk: they need no walk.
    return value.length > 0 && typeof value[0] !== 'object' ? value : value.map(toJson);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, toJson(one)]));
}

/** Undoes `toJson`. Broken base64 becomes null, which the schema then refuses. */
export function fromJson(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || depth > 6) return value;
  if (value instanceof Uint8Array || value instanceof Float64Array) return value;
  if (Array.isArray(value)) {
    return value.length > 0 && typeof value[0] !== 'object'
      ? value
      : value.map((one) => fromJson(one, depth + 1));
  }
  const entries = Object.entries(value);
  if (entries.length === 1) {
    const [name, text] = entries[0]!;
    if (name === '$bytes' && typeof text === 'string') return decodeBase64(text);
    if (name === '$floats' && typeof text === 'string') return toFloats(decodeBase64(text));
  }
  return Object.fromEntries(entries.map(([name, one]) => [name, fromJson(one, depth + 1)]));
}

function toFloats(bytes: Uint8Array | null): Float64Array | null {
  if (!bytes || bytes.length % 8 !== 0) return null;
  return new Float64Array(bytes.slice().buffer);
}
