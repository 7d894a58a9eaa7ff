import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../../src/lib/base64';
import { ByteBuffer, concatBytes } from '../../../src/lib/bytes';
import { cutUtf8, encodeUtf8, missingUtf8Bytes, utf8ByteLength } from '../../../src/lib/text';
import { seededRandom } from '../../support/chunked-stream';

describe('base64', () => {
  it('goes there and back for every length', () => {
    const random = seededRandom(1);
    for (const length of [0, 1, 2, 3, 4, 5, 63, 64, 65, 24 * 1024, 24 * 1024 + 1, 100_000]) {
      const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256));
      const text = encodeBase64(bytes);
      expect(text).toBe(Buffer.from(bytes).toString('base64'));
      expect(decodeBase64(text)).toEqual(bytes);
    }
  });

  it.each([
    ['AQID', [1, 2, 3]],
    ['AQ==', [1]],
    ['AQ', [1]],
    ['AQ\r\nID', [1, 2, 3]],
    ['-_-_', [251, 255, 191]],
    ['', []],
  ])('reads %j', (text, bytes) => {
    expect(decodeBase64(text)).toEqual(Uint8Array.from(bytes));
  });

  it.each(['A', 'AQI!', 'A=QI', 'é', 'AQIDA'])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeNull();
  });
});

describe('bytes', () => {
  it('grow piece by piece', () => {
    const buffer = new ByteBuffer();
    const pieces = Array.from({ length: 1000 }, (_, i) => Uint8Array.of(i & 255, 7));
    for (const piece of pieces) buffer.append(piece);
    expect(buffer.view()).toEqual(concatBytes(pieces));
    buffer.clear();
    expect(buffer.byteLength).toBe(0);
    buffer.append(Uint8Array.of(9));
    expect(buffer.view()).toEqual(Uint8Array.of(9));
  });
});

describe('UTF-8', () => {
  const texts = ['', 'plain', 'é', '€uro', '😀', 'a😀b€c', '\ud83d lone', 'lone \ude00'];

  it.each(texts)('measures %j as the encoder does', (text) => {
    expect(utf8ByteLength(text)).toBe(encodeUtf8(text).length);
  });

  it('cuts between characters', () => {
    const text = 'aé€😀z';
    const cuts = Array.from({ length: 13 }, (_, max) => cutUtf8(text, max));
    expect(cuts).toEqual(['', 'a', 'a', 'aé', 'aé', 'aé', 'aé€', 'aé€', 'aé€', 'aé€', 'aé€😀', text, text]);
  });

  it('knows what an unfinished character lacks', () => {
    const bytes = encodeUtf8('aé€😀');
    const missing = Array.from({ length: bytes.length + 1 }, (_, end) =>
      missingUtf8Bytes(bytes.subarray(0, end)),
    );
    expect(missing).toEqual([0, 0, 1, 0, 2, 1, 0, 3, 2, 1, 0]);
  });
});
