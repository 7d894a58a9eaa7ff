import { createHash, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createCertificate } from '../../lab/certificate.ts';

describe('createCertificate', () => {
  const made = createCertificate(['localhost', '*.example.org']);
  const parsed = new X509Certificate(made.cert);

  it('is well-formed, signed by itself and valid now', () => {
    expect(parsed.verify(parsed.publicKey)).toBe(true);
    expect(parsed.checkIssued(parsed)).toBe(true);
    expect(parsed.ca).toBe(true);
    expect(Date.parse(parsed.validFrom)).toBeLessThan(Date.now());
    expect(Date.parse(parsed.validTo)).toBeGreaterThan(Date.now());
  });

  it.each([
    ['localhost', true],
    ['stage.example.org', true],
    ['a.stage.example.org', false],
    ['example.com', false],
  ])('covers %s: %s', (host, covered) => {
    expect(parsed.checkHost(host) !== undefined).toBe(covered);
  });

  it('names its public key by the hash that Chromium is told', () => {
    const spki = parsed.publicKey.export({ type: 'spki', format: 'der' });
    expect(made.spkiHash).toBe(createHash('sha256').update(spki).digest('base64'));
  });

  it('has a key of its own each time', () => {
    expect(createCertificate(['localhost']).spkiHash).not.toBe(made.spkiHash);
  });

  it('takes a list of names that needs long lengths', () => {
    const hosts = Array.from({ length: 40 }, (_, index) => `host-${index}.example.org`);
    const many = new X509Certificate(createCertificate(hosts).cert);
    expect(many.checkHost('host-39.example.org')).toBe('host-39.example.org');
  });
});
