import type { StreamFacts } from './stream-facts';

/** Is this the answer `400 {"code":1,…}` ("Session ID unknown") of an Engine.IO server to a request with a `sid`? */
export function isUnknownSession(facts: StreamFacts): boolean {
  const { request, response } = facts.stream;
  if (response?.status !== 400 || !/[?&]EIO=\d/.test(request.url) || !/[?&]sid=/.test(request.url))
    return false;
  const text = response.body?.text ?? facts.decoded.events.data[0] ?? '';
  return /"code"\s*:\s*1\b/.test(text) || /session id unknown/i.test(text);
}
