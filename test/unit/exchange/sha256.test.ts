import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/exchange/export/html/sha256';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('SHA-256', () => {
  it('gives the example of FIPS 180-4', () => {
    expect(hex(sha256(new TextEncoder().encode('abc')))).toBe(
      'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
    );
  });

  it('is what Node makes of it, at every length around the blocks', () => {
    for (const length of [...Array(200).keys(), 1000, 65_537, 3_000_001]) {
      const bytes = Uint8Array.from({ length }, (_, index) => (index * 167 + length) & 255);
      expect(hex(sha256(bytes)), `${length} bytes`).toBe(createHash('sha256').update(bytes).digest('hex'));
    }
  });
});
