import { describe, expect, it } from 'vitest';
import { endpointOf, hostOf } from '../../../../src/diagnose/facts/endpoint';

describe('endpoints', () => {
  it.each([
    ['https://api.test/jobs/42', 'https://api.test/jobs/{id}'],
    [
      'https://api.test/jobs/0b1c2d3e-4f50-4a61-8b72-c3d4e5f60718/events',
      'https://api.test/jobs/{id}/events',
    ],
    ['https://api.test/u/507f1f77bcf86cd799439011', 'https://api.test/u/{id}'],
    ['https://api.test/jobs/job_8fK2mQ91xZ7b', 'https://api.test/jobs/job_{id}'],
    ['https://api.test/runs/run-42', 'https://api.test/runs/run_{id}'],
    ['https://api.test/x/01HZX3K9Q2W4E6R8T0Y1U2I3O4', 'https://api.test/x/{id}'],
    ['https://api.test/poll?id=7&page=2&id=8', 'https://api.test/poll?id&page'],
    ['https://api.test/poll?page=2&id=7', 'https://api.test/poll?id&page'],
    ['https://api.test:8443/', 'https://api.test:8443/'],
    // Words stay words.
    ['https://api.test/v1/chat/completions', 'https://api.test/v1/chat/completions'],
    ['https://api.test/models/gpt-4o', 'https://api.test/models/gpt-4o'],
    ['https://api.test/facade/decade', 'https://api.test/facade/decade'],
    ['https://api.test/oauth2/callback', 'https://api.test/oauth2/callback'],
    ['https://api.test/2024-annual-report', 'https://api.test/2024-annual-report'],
    ['https://api.test/event-stream', 'https://api.test/event-stream'],
  ])('%s', (url, expected) => expect(endpointOf('GET', url)).toBe(`GET ${expected}`));

  it('keeps methods apart', () => {
    expect(endpointOf('POST', 'https://a.test/x')).not.toBe(endpointOf('GET', 'https://a.test/x'));
  });

  it('survives what is no address', () => {
    expect(endpointOf('GET', 'not an address?x#y')).toBe('GET not an address');
    expect(hostOf('::')).toBe('');
  });
});
