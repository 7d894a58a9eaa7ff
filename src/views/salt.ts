/**
 * A key for the fingerprints of one export, of which nobody can guess another. `crypto.randomUUID` is missing where a page
 * is served without TLS.
 */
export function newSalt(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
